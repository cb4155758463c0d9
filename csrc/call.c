#include "call.h"

#include <string.h>
#include <strings.h>

#include "compat.h"
#include "engine.h"
#include "error.h"
#include "info.h"
#include "pollset.h"
#include "preview.h"
#include "response.h"

enum {
    MAX_URL = 8000,           /* what every server accepts (RFC 9112, 3) */
    MAX_HEADERS = 256 * 1024, /* bytes of response headers */
    READ_SIZE = 4096,         /* bytes; libcurl reads a hundred times in a row, and no step may take long */
    IDLE_SECONDS = 5,         /* no older connection is reused for what must not be repeated */
};

struct call *call_new(lua_State *L, int target)
{
    struct target *where = target_check(L, target);
    struct call *call = cmr_newuserdata(L, sizeof *call);

    memset(call, 0, sizeof *call);
    call->target = where;
    buffer_init(&call->url, MAX_URL);
    buffer_init(&call->headers, MAX_HEADERS);
    buffer_init(&call->body, where->max_response);
    cmr_setmetatable(L, CALL_TYPE);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, target);
    lua_setfield(L, -2, "target");
    cmr_set_keep(L, -2);
    return call;
}

void call_keep(lua_State *L, int index, const char *name)
{
    index = lua_absindex(L, index);
    cmr_get_keep(L, index);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static struct call *check(lua_State *L)
{
    return luaL_checkudata(L, 1, CALL_TYPE);
}

/* A GET, unless the user's paths made one of an operation that acts. */
static bool is_repeatable(const struct call *call)
{
    return strcmp(call->method, "GET") == 0 &&
           !(call->operation && call->operation->flags & (ASYNC | CHARGES | DANGER | QUOTA));
}

/* libcurl's callbacks; none of them touches Lua */

static size_t on_body(char *bytes, size_t size, size_t count, void *userdata)
{
    struct call *call = userdata;
    return buffer_append(&call->body, bytes, size * count) ? size * count : 0;
}

/* Called with one whole line. A status line begins a new answer: the one before was a 100. */
static size_t on_header(char *bytes, size_t size, size_t count, void *userdata)
{
    struct call *call = userdata;
    const size_t length = size * count;

    call->header_bytes += length;
    if (call->header_bytes > MAX_HEADERS) {
        call->headers.overflow = true;
        return 0;
    }
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        buffer_free(&call->headers);
        call->answered = false;
        (void)curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 0L);
    } else if (length > 0 && (bytes[0] == '\r' || bytes[0] == '\n')) {
        call->answered = true;
    }
    return buffer_append(&call->headers, bytes, length) ? length : 0;
}

/*
 * The connection is ready and the request is about to leave. libcurl sends a request again by itself when a reused
 * connection closes unanswered; for what must not be repeated that is refused here.
 */
static int on_start(void *userdata, char *ip, char *local_ip, int port, int local_port)
{
    struct call *call = userdata;

    (void)ip, (void)local_ip, (void)port;
    if (call->starts == 0 && pollset_is_stale(engine_pollset(call->engine), local_port))
        return CURL_PREREQFUNC_ABORT;
    call->starts++;
    return call->starts > (is_repeatable(call) ? 2 : 1) ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

#define SET(option, value)                                                                                             \
    do {                                                                                                               \
        if (code == CURLE_OK)                                                                                          \
            code = curl_easy_setopt(call->easy, (option), (value));                                                    \
    } while (0)

static CURLcode configure_target(struct call *call)
{
    const struct target *target = call->target;
    CURLcode code = CURLE_OK;

#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, target->plain ? "http" : "https");
#else
    SET(CURLOPT_PROTOCOLS, target->plain ? (long)CURLPROTO_HTTP : (long)CURLPROTO_HTTPS);
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* the key would travel */
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (target->ca_file)
        SET(CURLOPT_CAINFO, target->ca_file);
    if (target->resolve)
        SET(CURLOPT_RESOLVE, target->resolve);
    if (target->loopback)
        SET(CURLOPT_PROXY, ""); /* http_proxy would catch it */
    else if (target->proxy)
        SET(CURLOPT_PROXY, target->proxy);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's answer is not the server's */
    SET(CURLOPT_HTTP_VERSION, target->plain ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L); /* till it has answered */
    SET(CURLOPT_FRESH_CONNECT, call->timed_out ? 1L : 0L);
    SET(CURLOPT_BUFFERSIZE, (long)READ_SIZE);
    SET(CURLOPT_CONNECTTIMEOUT_MS, target->connect_timeout);
    return code;
}

static CURLcode configure_request(struct call *call)
{
    const struct target *target = call->target;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_URL, call->url.data);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl can */
    SET(CURLOPT_HTTPHEADER, call->request_body ? target->headers_body : target->headers);
    if (!is_repeatable(call))
        SET(CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
    if (call->request_body || strcmp(call->method, "POST") == 0) {
        SET(CURLOPT_POSTFIELDS, call->request_body ? call->request_body : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request_body_length);
    }
    SET(CURLOPT_CUSTOMREQUEST, call->method);
    return code;
}

static CURLcode configure(struct call *call, long timeout)
{
    CURLcode code = configure_target(call);

    if (code == CURLE_OK)
        code = configure_request(call);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, timeout);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    SET(CURLOPT_PREREQFUNCTION, on_start);
    SET(CURLOPT_PREREQDATA, call);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_ERRORBUFFER, call->message);
    SET(CURLOPT_PRIVATE, call);
    if (code == CURLE_OK && call->trace.on)
        code = trace_begin(&call->trace, call->easy);
    return code;
}

static void clear_answer(struct call *call)
{
    buffer_free(&call->headers);
    buffer_free(&call->body);
    call->code = CURLE_OK;
    call->status = call->http_version = call->connects = 0;
    call->elapsed = call->retry_after = 0;
    call->starts = 0;
    call->header_bytes = 0;
    call->answered = call->cancelled = call->forked = false;
    call->message[0] = '\0';
}

/* Where the answer's bytes go away: not under somebody who makes Lua values of them. */
static void expect_unread(lua_State *L, const struct call *call)
{
    luaL_argcheck(L, !call->reading, 1, "the call's answer is being read");
}

/* call:start(engine, timeout) -> true: one attempt of timeout seconds. A finished call may be started again. */
static int call_start(lua_State *L)
{
    struct call *call = check(L);
    struct engine *engine = engine_check(L, 2);
    const double timeout = luaL_checknumber(L, 3);

    luaL_argcheck(L, call->state == CALL_READY || call->state == CALL_DONE, 1, "the call is not ready to start");
    expect_unread(L, call);
    luaL_argcheck(L, timeout > 0 && timeout < 1e6, 3, "out of range");
    lua_pushvalue(L, 2);
    call_keep(L, 1, "engine");
    engine_expect(L, 2, 1); /* the last that can raise */
    engine_remove(call);    /* finished, but not handed over yet */
    clear_answer(call);
    call->easy = engine_new_easy(engine);
    if (!call->easy || configure(call, timeout < 0.001 ? 1 : (long)(timeout * 1000)) != CURLE_OK ||
        !engine_add(engine, call, timeout)) {
        curl_easy_cleanup(call->easy); /* also NULL */
        call->easy = NULL;
        call->code = CURLE_OUT_OF_MEMORY;
        call->state = CALL_DONE;
    } else {
        call->state = CALL_RUNNING;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* libcurl takes a Retry-After of more digits than it can hold for none. */
static bool asks_for_ever(const struct call *call)
{
    static const char name[] = "\nretry-after:";
    const char *at = call->headers.data ? strcasestr(call->headers.data, name) : NULL;

    if (!at)
        return false;
    at += sizeof name - 1;
    at += strspn(at, " \t");
    return strspn(at, "0123456789") > 18;
}

void call_finish(struct call *call, CURLcode code)
{
    curl_off_t elapsed = 0;
    curl_off_t retry_after = 0;
    long local_port = 0;

    call->state = CALL_DONE;
    call->code = code;
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->status);
    (void)curl_easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &call->http_version);
    (void)curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &call->connects);
    (void)curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &elapsed);
    (void)curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after);
    call->elapsed = (double)elapsed / 1e6;
    if (call->trace.on)
        trace_end(&call->trace, call->easy);
    call->retry_after = retry_after == 0 && asks_for_ever(call) ? 1e18 : (double)retry_after;
    call->timed_out = code == CURLE_OPERATION_TIMEDOUT;
    if (code == CURLE_OK && call->http_version <= CURL_HTTP_VERSION_1_1 &&
        curl_easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &local_port) == CURLE_OK)
        pollset_mark(engine_pollset(call->engine), (int)local_port);
    if (code == CURLE_OK && !call->answered) { /* libcurl is content with half the headers */
        call->code = CURLE_PARTIAL_FILE;
        strcpy(call->message, "the connection closed within the answer's headers");
    }
}

void call_orphan(struct call *call, bool forked)
{
    call->state = CALL_DONE;
    call->cancelled = true;
    call->forked = forked;
    call->engine = NULL;
    call->easy = NULL;
    call->previous = call->next = NULL;
}

/* call:cancel(): ends a call in flight; nothing otherwise. */
static int call_cancel(lua_State *L)
{
    struct call *call = check(L);

    if (call->state == CALL_RUNNING) {
        engine_remove(call);
        call->state = CALL_DONE;
        call->cancelled = true;
    }
    return 0;
}

/* call:done() -> whether it has finished or was cancelled */
static int call_done(lua_State *L)
{
    lua_pushboolean(L, check(L)->state == CALL_DONE);
    return 1;
}

/* call:result() -> the envelope, or nil, message, err; of the last attempt */
static int call_result(lua_State *L)
{
    struct call *call = check(L);
    int results;

    luaL_argcheck(L, call->state == CALL_DONE, 1, "the call has not finished");
    call->reading++; /* stays when Lua runs out of memory: such a call can be read again, and not started */
    results = response_push(L, call);
    call->reading--;
    return results;
}

/* call:release(): gives the answer's bytes back; result() is not to be asked any more, info() may */
static int call_release(lua_State *L)
{
    struct call *call = check(L);

    luaL_argcheck(L, call->state == CALL_DONE, 1, "the call has not finished");
    expect_unread(L, call);
    buffer_free(&call->body);
    return 0;
}

/* call:trace(): attempts from now on note more for info(): tls, of a new connection; timing, in seconds */
static int call_trace(lua_State *L)
{
    check(L)->trace.on = true;
    return 0;
}

/* call:method() -> "GET", ... */
static int call_method(lua_State *L)
{
    lua_pushstring(L, check(L)->method);
    return 1;
}

/* call:body() -> the JSON that it sends, or nil */
static int call_body(lua_State *L)
{
    const struct call *call = check(L);

    if (!call->request_body)
        return 0;
    lua_pushlstring(L, call->request_body, call->request_body_length);
    return 1;
}

/* call:operation() -> the operation's name, or nil for a raw request */
static int call_operation(lua_State *L)
{
    const struct call *call = check(L);

    lua_pushstring(L, call->operation ? call->operation->name : NULL);
    return 1;
}

/* call:arguments() -> the checked arguments by name, or nil for a raw request. Not to be changed. */
static int call_arguments(lua_State *L)
{
    (void)check(L);
    cmr_get_keep(L, 1);
    lua_getfield(L, -1, "arguments");
    return 1;
}

/* call:repeatable() -> whether doing it twice does no harm: what the retry policy asks */
static int call_repeatable(lua_State *L)
{
    const struct call *call = check(L);

    lua_pushboolean(L, call->method && is_repeatable(call));
    return 1;
}

/* A call may be collected at any moment, in flight too. */
static int call_gc(lua_State *L)
{
    struct call *call = check(L);

    engine_remove(call);
    call->state = CALL_CLOSED;
    buffer_free(&call->url);
    buffer_free(&call->headers);
    buffer_free(&call->body);
    return 0;
}

static int call_tostring(lua_State *L)
{
    static const char *const states[] = {"closed", "ready", "running", "done"};
    const struct call *call = check(L);

    lua_pushfstring(L, "%s: %s (%s)", CALL_TYPE, call->name ? call->name : "?", states[call->state]);
    return 1;
}

void call_open(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__gc", call_gc}, {"__close", call_cancel}, {"__tostring", call_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"start", call_start},
                                       {"cancel", call_cancel},
                                       {"done", call_done},
                                       {"body", call_body},
                                       {"result", call_result},
                                       {"release", call_release},
                                       {"info", info_of_call},
                                       {"method", call_method},
                                       {"repeatable", call_repeatable},
                                       {"trace", call_trace},
                                       {"request", preview_request},
                                       {"operation", call_operation},
                                       {"arguments", call_arguments},
                                       {NULL, NULL}};

    cmr_newtype(L, CALL_TYPE, meta, methods);
}
