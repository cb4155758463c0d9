#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "compat.h"
#include "error.h"
#include "json.h"
#include "mask.h"
#include "text.h"

/* assumed: a rate limit asks for at most this delay; a longer delay means that a mailbox's weekly quota is used up */
enum { MAX_RATE_DELAY_SECONDS = 3600 };

/* If the text is a JSON object, pushes the object and returns true. Otherwise pushes nothing and returns false. */
static bool push_object(lua_State *L, const char *text, size_t length)
{
    const char *start = text ? text + json_mark_length(text) : "";

    if (start[strspn(start, " \t\r\n")] != '{')
        return false;
    if (json_decode(L, text, length, false))
        return true;
    lua_pop(L, 1);
    return false;
}

/* Pushes err.body with the key masked: a table if the body is a JSON object, otherwise a string. */
static void push_error_body(lua_State *L, const struct call *call)
{
    const struct buffer *body = &call->answer.body;

    push_masked(L, body->data ? body->data : "", body->length, call->target->key);
    if (push_object(L, lua_tostring(L, -1), lua_rawlen(L, -1)))
        lua_replace(L, -2);
}

/* Returns the body's member `status` if it is a number from 400 to 599; otherwise the given HTTP status. */
static long effective_status(lua_State *L, int body, long status)
{
    double reported = 0;

    lua_getfield(L, body, "status");
    if (lua_type(L, -1) == LUA_TNUMBER)
        reported = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return reported >= 400 && reported <= 599 ? (long)reported : status;
}

/*
 * Pushes the message of the value at index `body`. The message of a string is the whole string. The message of an
 * object is its member `message`, or "" if this member is no string. May leave other values on the stack below the
 * message.
 */
static const char *push_body_message(lua_State *L, int body)
{
    lua_pushvalue(L, body);
    if (lua_istable(L, body))
        lua_getfield(L, body, "message");
    if (lua_type(L, -1) != LUA_TSTRING)
        lua_pushliteral(L, "");
    return lua_tostring(L, -1);
}

/* Pushes the message for a status, such as "HTTP 404: User not found". */
static void push_status_message(lua_State *L, int body, long status)
{
    (void)push_body_message(L, body);
    quote_printable(L, QUOTE_ANSWER);
    lua_pushfstring(L, lua_rawlen(L, -1) ? "HTTP %d: %s" : "HTTP %d", (int)status, lua_tostring(L, -1));
}

/*
 * Returns whether the answer says that the quota is used up. Such answers are undocumented: we assume that they mention
 * the week or ask for a long delay.
 */
static bool is_quota_response(lua_State *L, int body, const struct call *call)
{
    const bool weekly = lua_istable(L, body) && strcasestr(push_body_message(L, body), "week");

    if (!call->operation || !(call->operation->flags & QUOTA))
        return false;
    return weekly || call->answer.retry_after > MAX_RATE_DELAY_SECONDS;
}

static int push_refused(lua_State *L, const struct call *call, int body, long status)
{
    struct error_info info = error_of_status(status);

    info.retry_after = call->answer.retry_after;
    if (status == 429 && is_quota_response(L, body, call))
        info.kind = "quota_exceeded";
    push_status_message(L, body, status);
    return error_return(L, call->name, info, body);
}

/*
 * Pushes the error for an answer that has a status of success but no envelope, such as a proxy's page or a truncated
 * body. The API may have carried out the request.
 */
static int push_bad_response(lua_State *L, const struct call *call, int body)
{
    const struct error_info info = {.kind = "bad_response", .outcome = "unknown", .status = call->answer.status};

    if (call->answer.body.length == 0) {
        lua_pushfstring(L, "HTTP %d without a body", (int)call->answer.status);
    } else {
        lua_pushvalue(L, body);
        quote_printable(L, QUOTE_ANSWER);
        lua_pushfstring(L, "HTTP %d, but not a JSON object: %s", (int)call->answer.status, lua_tostring(L, -1));
    }
    return error_return(L, call->name, info, body);
}

/* Returns whether the object has success = false. */
static bool denies_success(lua_State *L, int object)
{
    bool denied;

    if (!lua_istable(L, object))
        return false;
    lua_getfield(L, object, "success");
    denied = lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    return denied;
}

/*
 * Looks for an object with success = false: first the answer's data, next the answer itself. Pushes the object and
 * returns true. If there is no such object, pushes nothing and returns false.
 */
static bool push_denial(lua_State *L, const struct call *call, int answer)
{
    lua_getfield(L, answer, "data");
    /* in the data of a read, the field `success` describes an item and not the call */
    if (!attempt_is_repeatable(call) && denies_success(L, lua_gettop(L)))
        return true;
    lua_pop(L, 1);
    if (!denies_success(L, answer))
        return false;
    lua_pushvalue(L, answer);
    return true;
}

/* Pushes the error for success = false. Such an answer is undocumented, so the outcome is unknown. */
static int push_denied(lua_State *L, const struct call *call, int answer)
{
    const struct error_info info = {.kind = "operation_failed", .outcome = "unknown", .status = call->answer.status};
    const int denial = lua_gettop(L);

    push_error_body(L, call);
    if (!*push_body_message(L, denial))
        (void)push_body_message(L, answer);
    quote_printable(L, QUOTE_ANSWER);
    lua_pushfstring(L, lua_rawlen(L, -1) ? "HTTP %d, but success is false: %s" : "HTTP %d, but success is false",
                    (int)call->answer.status, lua_tostring(L, -1));
    return error_return(L, call->name, info, denial + 1);
}

static int push_answered(lua_State *L, const struct call *call)
{
    const struct buffer *bytes = &call->answer.body;
    const int body = lua_gettop(L) + 1;
    long status = call->answer.status;

    if (status == 204 && bytes->length == 0) {
        lua_newtable(L);
        return 1;
    }
    if (status >= 200 && status <= 299 && push_object(L, bytes->data, bytes->length)) {
        status = effective_status(L, body, status);
        if (status == call->answer.status)
            return push_denial(L, call, body) ? push_denied(L, call, body) : 1;
        lua_pop(L, 1);
    }
    push_error_body(L, call);
    if (status < 200 || status > 299)
        return push_refused(L, call, body, status);
    return push_bad_response(L, call, body);
}

static int push_cancelled(lua_State *L, const struct call *call)
{
    const bool forked = call->answer.ending == FORKED;
    const struct error_info info = {.kind = "cancelled",
                                    .outcome = forked || call->answer.sends ? "unknown" : "not_sent"};

    lua_pushstring(L, forked ? "the process forked while the call was in flight: its parent has it" : "cancelled");
    return error_return(L, call->name, info, 0);
}

/* Returns whether a header line was too long. libcurl reports that as out of memory. */
static bool is_long_header(const struct answer *answer)
{
    return answer->ending == ENDED && answer->code == CURLE_OUT_OF_MEMORY && answer->sends > 0 &&
           !answer->headers_complete;
}

/* Returns whether the call's time ended while the call waited for a connection. */
static bool has_waited(const struct call *call)
{
    return call->answer.code == CURLE_OPERATION_TIMEDOUT && !call->answer.sends && call->deadline == call->queue_limit;
}

static void push_curl_message(lua_State *L, const struct call *call)
{
    const struct answer *answer = &call->answer;
    /*
     * A message with an @ may quote a proxy's password. A message of the maximum length may end with half of the API
     * key, and half a key is not masked.
     */
    const size_t length = strlen(answer->message);
    const bool is_safe = length > 0 && length < CURL_ERROR_SIZE - 1 && !strchr(answer->message, '@');
    const char *message = is_safe ? answer->message : curl_easy_strerror(answer->code);

    if (call->form.failed)
        lua_pushfstring(L, "the file '%s' changed before it was sent, or can no longer be read",
                        call->form.failed->value.data);
    else if (form_broken(&call->form))
        lua_pushfstring(L, "the file '%s' became shorter while it was sent, or could not be read",
                        form_broken(&call->form)->value.data);
    else if (has_waited(call) && target_is_http1(call->target))
        lua_pushfstring(L, "all %d connections were busy (max_connections)", call->target->max_connections);
    else if (has_waited(call))
        lua_pushliteral(L, "no connection was free in time");
    else if (answer->code == CURLE_ABORTED_BY_CALLBACK && answer->sends == 0)
        lua_pushliteral(L, "the idle connection was closed, or sent bytes unasked; nothing was sent");
    else if (answer->code == CURLE_ABORTED_BY_CALLBACK)
        lua_pushliteral(L, "the connection closed without an answer; not sent again, because it may have been done");
    else if (answer->ending == ABANDONED)
        lua_pushliteral(L, "no memory is left, or the system refused to watch another connection");
    else if (answer->ending == LOST)
        lua_pushliteral(L, "the program has closed the descriptors of its connections");
    else if (is_long_header(answer))
        lua_pushliteral(L, "a line of the answer's headers is too long, or there is no memory left");
    else if (answer->body.overflow)
        lua_pushfstring(L, "the answer is larger than max_response (%d bytes)", (int)answer->body.maximum);
    else if (answer->headers.overflow)
        lua_pushfstring(L, "the answer's headers are larger than %d bytes", (int)answer->headers.maximum);
    else if (answer->code == CURLE_WRITE_ERROR)
        lua_pushliteral(L, "no memory left for the answer");
    else if (answer->code == CURLE_PEER_FAILED_VERIFICATION || answer->code == CURLE_SSL_CACERT_BADFILE)
        lua_pushfstring(L, "%s (ca_file names the certificates to trust)", message);
    else
        lua_pushstring(L, message);
    push_masked(L, lua_tostring(L, -1), lua_rawlen(L, -1), call->target->key);
    quote_printable(L, QUOTE_ANSWER);
}

static int push_failed(lua_State *L, const struct call *call)
{
    struct error_info info = error_of_curl(call->answer.code, call->answer.sends > 0);

    if (is_long_header(&call->answer))
        info.kind = "bad_response";
    push_curl_message(L, call);
    return error_return(L, call->name, info, 0);
}

/*
 * Called after a transfer failed, for example because libcurl rejected a trailer. If the answer is complete
 * nevertheless, pushes the answer's object and returns true. Otherwise returns false.
 */
static bool is_whole(lua_State *L, const struct answer *answer)
{
    return answer->headers_complete && push_object(L, answer->body.data, answer->body.length);
}

int response_push(lua_State *L, const struct call *call)
{
    if (call->answer.ending == CANCELLED || call->answer.ending == FORKED)
        return push_cancelled(L, call);
    return call->answer.code == CURLE_OK || is_whole(L, &call->answer) ? push_answered(L, call) : push_failed(L, call);
}

static void push_lower(lua_State *L, const char *name, size_t length)
{
    luaL_Buffer lower;

    luaL_buffinit(L, &lower);
    for (size_t i = 0; i < length; i++)
        luaL_addchar(&lower, (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 32 : name[i]));
    luaL_pushresult(&lower);
}

/* Adds the header line to the table on top. */
static void add_header(lua_State *L, const struct call *call, const char *line, const char *end)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    const char *value;

    if (!colon || strncmp(line, "HTTP/", 5) == 0) /* skips an empty line and a status line */
        return;
    value = colon + 1 + strspn(colon + 1, " \t");
    while (end > value && strchr(" \t\r\n", end[-1]))
        end--;
    push_lower(L, line, (size_t)(colon - line));
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    push_masked(L, value, (size_t)(end - value), call->target->key);
    if (lua_istable(L, -2)) {
        lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
        lua_pop(L, 2);
        return;
    }
    if (!lua_isnil(L, -2)) {
        lua_newtable(L);
        lua_insert(L, -3);
        lua_rawseti(L, -3, 2);
        lua_rawseti(L, -2, 1);
    } else {
        lua_replace(L, -2);
    }
    lua_rawset(L, -3);
}

/*
 * Joins the values of each header that came several times. Runs once, after all lines were read, because a server may
 * send a header ten thousand times.
 */
static void join_headers(lua_State *L)
{
    const int headers = lua_gettop(L);

    lua_pushnil(L);
    while (lua_next(L, headers)) {
        luaL_Buffer joined;

        if (lua_istable(L, -1)) {
            luaL_buffinit(L, &joined);
            for (int i = 1; i <= (int)lua_rawlen(L, headers + 2); i++) {
                luaL_addstring(&joined, i > 1 ? ", " : "");
                lua_rawgeti(L, headers + 2, i);
                luaL_addvalue(&joined);
            }
            luaL_pushresult(&joined);
            lua_pushvalue(L, headers + 1);
            lua_insert(L, -2);
            lua_rawset(L, headers);
        }
        lua_pop(L, 1);
    }
}

void response_push_headers(lua_State *L, const struct call *call)
{
    const char *line = call->answer.headers.data ? call->answer.headers.data : "";

    lua_newtable(L);
    for (const char *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        add_header(L, call, line, end);
    }
    join_headers(L);
}
