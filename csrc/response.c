#include "response.h"

#include <string.h>
#include <strings.h>

#include "call.h"
#include "compat.h"
#include "error.h"
#include "json.h"
#include "text.h"

enum { LONG_RETRY_AFTER = 60 }; /* seconds; a rate limit of a few requests per second asks for less */

/* Pushes the decoded object and returns true, or pushes nothing. */
static bool push_object(lua_State *L, const char *text, size_t length)
{
    if (!text || text[strspn(text, " \t\r\n")] != '{')
        return false;
    if (json_decode(L, text, length))
        return true;
    lua_pop(L, 1);
    return false;
}

/* Pushes the body for err.body: decoded where it is a JSON object, else text; the key never. */
static void push_error_body(lua_State *L, const struct call *call)
{
    push_masked(L, call->body.data ? call->body.data : "", call->body.length, call->target->key);
    if (push_object(L, lua_tostring(L, -1), lua_rawlen(L, -1)))
        lua_replace(L, -2);
}

/* The status in the body of a success where it says that the call failed, else the one of HTTP. */
static long effective_status(lua_State *L, int body, long status)
{
    double said = 0;

    lua_getfield(L, body, "status");
    if (lua_type(L, -1) == LUA_TNUMBER)
        said = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return said >= 400 && said <= 599 ? (long)said : status;
}

/* Pushes "HTTP 404: User not found". */
static void push_status_message(lua_State *L, int body, long status)
{
    if (lua_istable(L, body))
        lua_getfield(L, body, "message");
    else
        lua_pushvalue(L, body);
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushliteral(L, "");
    }
    quote_printable(L, QUOTE_ANSWER);
    lua_pushfstring(L, lua_rawlen(L, -1) ? "HTTP %d: %s" : "HTTP %d", (int)status, lua_tostring(L, -1));
    lua_replace(L, -2);
}

/*
 * The status of a used-up re-export quota is not documented (assumed): a 429 that speaks of the week, or asks to wait
 * longer than any rate limit would.
 */
static bool is_quota(lua_State *L, int body, const struct call *call)
{
    bool weekly = false;

    if (!call->operation || !(call->operation->flags & QUOTA))
        return false;
    if (lua_istable(L, body)) {
        lua_getfield(L, body, "message");
        weekly = lua_type(L, -1) == LUA_TSTRING && strcasestr(lua_tostring(L, -1), "week");
        lua_pop(L, 1);
    }
    return weekly || call->retry_after > LONG_RETRY_AFTER;
}

static int refused(lua_State *L, const struct call *call, int body, long status)
{
    struct fault fault = fault_of_status(status);

    fault.retry_after = call->retry_after;
    if (fault.kind == KIND_RATE_LIMITED && is_quota(L, body, call))
        fault.kind = KIND_QUOTA_EXCEEDED;
    push_status_message(L, body, status);
    return error_return(L, call->name, fault, body);
}

/* A success that is none of the API's: a proxy's page, a cut answer. Whether the call was done is not known. */
static int not_an_envelope(lua_State *L, const struct call *call, int body)
{
    const struct fault fault = {.kind = KIND_BAD_RESPONSE, .outcome = UNKNOWN, .status = call->status};

    if (call->body.length == 0) {
        lua_pushfstring(L, "HTTP %d without a body", (int)call->status);
    } else {
        lua_pushvalue(L, body);
        quote_printable(L, QUOTE_ANSWER);
        lua_pushfstring(L, "HTTP %d, but not a JSON object: %s", (int)call->status, lua_tostring(L, -1));
        lua_replace(L, -2);
    }
    return error_return(L, call->name, fault, body);
}

static int answered(lua_State *L, const struct call *call)
{
    const int body = lua_gettop(L) + 1;
    long status = call->status;

    if (status == 204 && call->body.length == 0) {
        lua_newtable(L);
        return 1;
    }
    if (status >= 200 && status <= 299 && push_object(L, call->body.data, call->body.length)) {
        status = effective_status(L, body, status);
        if (status == call->status)
            return 1;
        lua_pop(L, 1);
    }
    push_error_body(L, call);
    if (status < 200 || status > 299)
        return refused(L, call, body, status);
    return not_an_envelope(L, call, body);
}

static int cancelled(lua_State *L, const struct call *call)
{
    const struct fault fault = {.kind = KIND_CANCELLED, .outcome = call->starts || call->forked ? UNKNOWN : NOT_SENT};

    lua_pushstring(L,
                   call->forked ? "the process forked while the call was in flight: its parent has it" : "cancelled");
    return error_return(L, call->name, fault, 0);
}

/* libcurl says that it is out of memory when a line of the headers is over its limit. */
static bool is_long_header(const struct call *call)
{
    return call->code == CURLE_OUT_OF_MEMORY && call->starts > 0 && !call->answered;
}

static void push_curl_message(lua_State *L, const struct call *call)
{
    /* libcurl quotes a proxy's address that it does not understand, password and all */
    const bool telling = *call->message && !strchr(call->message, '@');
    const char *said = telling ? call->message : curl_easy_strerror(call->code);

    if (call->code == CURLE_ABORTED_BY_CALLBACK && call->starts == 0)
        lua_pushliteral(L, "the kept connection was closed, or spoke unasked; nothing was sent");
    else if (call->code == CURLE_ABORTED_BY_CALLBACK)
        lua_pushliteral(L, "the connection closed without an answer; not sent again, because it may have been done");
    else if (is_long_header(call))
        lua_pushliteral(L, "a line of the answer's headers is too long, or there is no memory left");
    else if (call->body.overflow)
        lua_pushfstring(L, "the answer is larger than max_response (%d bytes)", (int)call->body.maximum);
    else if (call->headers.overflow)
        lua_pushfstring(L, "the answer's headers are larger than %d bytes", (int)call->headers.maximum);
    else if (call->code == CURLE_WRITE_ERROR)
        lua_pushliteral(L, "no memory left for the answer");
    else if (call->code == CURLE_PEER_FAILED_VERIFICATION || call->code == CURLE_SSL_CACERT_BADFILE)
        lua_pushfstring(L, "%s (ca_file names the certificates to trust)", said);
    else
        lua_pushstring(L, said);
    quote_printable(L, QUOTE_ANSWER);
}

static int gave_up(lua_State *L, const struct call *call)
{
    struct fault fault = fault_of_curl(call->code, call->starts > 0);

    if (is_long_header(call))
        fault.kind = KIND_BAD_RESPONSE;
    push_curl_message(L, call);
    return error_return(L, call->name, fault, 0);
}

int response_push(lua_State *L, const struct call *call)
{
    if (call->cancelled)
        return cancelled(L, call);
    return call->code == CURLE_OK ? answered(L, call) : gave_up(L, call);
}

/* Pushes the name in lower case. */
static void push_lower(lua_State *L, const char *name, size_t length)
{
    luaL_Buffer lower;

    luaL_buffinit(L, &lower);
    for (size_t i = 0; i < length; i++)
        luaL_addchar(&lower, (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 32 : name[i]));
    luaL_pushresult(&lower);
}

static void add_header(lua_State *L, const struct call *call, const char *line, size_t length)
{
    const char *newline = memchr(line, '\n', length);
    const char *colon = memchr(line, ':', newline ? (size_t)(newline - line) : length);
    const char *value;
    const char *end = line + length;

    if (!colon || (length >= 5 && memcmp(line, "HTTP/", 5) == 0)) /* the empty line at the end; the status line */
        return;
    for (value = colon + 1; value < end && (*value == ' ' || *value == '\t');)
        value++;
    while (end > value && strchr(" \t\r\n", end[-1]))
        end--;
    push_lower(L, line, (size_t)(colon - line));
    push_masked(L, value, (size_t)(end - value), call->target->key);
    if (memchr(value, '\n', (size_t)(end - value))) {
        luaL_gsub(L, lua_tostring(L, -1), "\r\n", "");
        luaL_gsub(L, lua_tostring(L, -1), "\n", "");
        lua_replace(L, -3);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, -2);
    lua_rawget(L, -4);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
    } else {
        lua_pushliteral(L, ", ");
        lua_pushvalue(L, -3);
        lua_concat(L, 3);
        lua_replace(L, -2);
    }
    lua_rawset(L, -3);
}

/* Where the header that begins at line ends: after all lines that are folded into it. */
static const char *header_end(const char *line, const char *end)
{
    const char *newline = line;
    const bool empty = *line == '\r' || *line == '\n'; /* the end of the headers; trailers follow */

    do {
        newline = memchr(newline, '\n', (size_t)(end - newline));
        newline = newline ? newline + 1 : end;
    } while (!empty && newline < end && (*newline == ' ' || *newline == '\t'));
    return newline;
}

void response_push_headers(lua_State *L, const struct call *call)
{
    const char *line = call->headers.data ? call->headers.data : "";
    const char *end = line + call->headers.length;

    lua_newtable(L);
    while (line < end) {
        const char *next = header_end(line, end);
        add_header(L, call, line, (size_t)(next - line));
        line = next;
    }
}
