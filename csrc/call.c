#include "call.h"

#include <stdint.h>

#include "attempt.h"
#include "compat.h"
#include "engine.h"
#include "headers.h"
#include "multi.h"

enum {
    MAX_URL_BYTES = 8000, /* RFC 9112, section 3, recommends that servers accept request lines of this length */
    MAX_TIMEOUT_SECONDS = 1000000,
};

static void clear_answer(struct call *call)
{
    buffer_free(&call->answer.headers);
    buffer_free(&call->answer.body);
    call->answer = (struct answer){.headers.maximum = MAX_HEADER_BYTES, .body.maximum = call->target->max_response};
}

struct call *call_new(lua_State *L, int target)
{
    struct target *checked = target_check(L, target);
    struct call *call = cmr_newuserdata(L, sizeof *call);

    *call = (struct call){.target = checked, .url.maximum = MAX_URL_BYTES, .body.maximum = SIZE_MAX / 4};
    clear_answer(call);
    cmr_setmetatable(L, CALL_TYPE);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, target);
    lua_setfield(L, -2, "target");
    cmr_set_keep(L, -2);
    return call;
}

void call_keep(lua_State *L, int index, const char *name)
{
    cmr_get_keep(L, index);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* Call this before freeing the answer's bytes. Raises if a function is still reading them. */
static void check_not_read(lua_State *L, const struct call *call)
{
    luaL_argcheck(L, !call->reads, 1, "the call's answer is being read");
}

static void check_done(lua_State *L, const struct call *call)
{
    luaL_argcheck(L, call->state == CALL_DONE, 1, "the call has not finished");
}

/*
 * Raises if the call is running or closed. The headers of a running call cannot change. A closed call may have lost its
 * target.
 */
static void check_not_running(lua_State *L, const struct call *call)
{
    luaL_argcheck(L, call->state == CALL_READY || call->state == CALL_DONE, 1, "the call is running or closed");
}

/*
 * call:start(engine, timeout, limit?) -> true: starts one attempt, which takes at most `timeout` seconds. The attempt
 * begins when the target has room for it. The wait for room and the attempt together take at most `limit` seconds. The
 * default of `limit` is `timeout`. A `limit` below `timeout` counts as `timeout`. A finished call may be started again.
 */
static int lua_call_start(lua_State *L)
{
    struct call *call = to_call(L);
    struct multi *multi = engine_check(L, 2);
    const double timeout = luaL_checknumber(L, 3);
    const double limit = luaL_optnumber(L, 4, timeout);

    luaL_argcheck(L, call->state == CALL_READY || call->state == CALL_DONE, 1, "the call is not ready to start");
    check_not_read(L, call);
    luaL_argcheck(L, timeout > 0 && timeout < MAX_TIMEOUT_SECONDS, 3, "out of range");
    luaL_argcheck(L, limit > 0 && limit < MAX_TIMEOUT_SECONDS, 4, "out of range");
    lua_pushvalue(L, 2);
    call_keep(L, 1, "engine"); /* the code after this line cannot raise */
    multi_remove(call);
    clear_answer(call);
    multi_add(multi, call, timeout, limit);
    lua_pushboolean(L, 1);
    return 1;
}

/* call:cancel(): ends the call if it runs; does nothing otherwise */
static int lua_call_cancel(lua_State *L)
{
    struct call *call = to_call(L);

    if (call->state == CALL_RUNNING)
        multi_remove(call);
    return 0;
}

/* call:done() -> whether the call has finished or was cancelled */
static int lua_call_done(lua_State *L)
{
    lua_pushboolean(L, to_call(L)->state == CALL_DONE);
    return 1;
}

/*
 * call:id() -> the light userdata that engine:finished() returns for this call. No other call has this id while this
 * call is alive.
 */
static int lua_call_id(lua_State *L)
{
    lua_pushlightuserdata(L, to_call(L));
    return 1;
}

/* call:result() -> the envelope of the last attempt, or nil, message, err */
static int lua_call_result(lua_State *L)
{
    struct call *call = to_call(L);
    int results;

    check_done(L, call);
    /* if an error skips the decrement below, call:result still works, but call:start and call:release raise */
    call->reads++;
    results = response_push(L, call);
    call->reads--;
    return results;
}

/* call:release(): frees the body of the response. Afterwards call:info() still works, but call:result() fails. */
static int lua_call_release(lua_State *L)
{
    struct call *call = to_call(L);

    check_done(L, call);
    check_not_read(L, call);
    buffer_free(&call->answer.body);
    return 0;
}

/*
 * call:trace(): from now on, attempts also record `timing` (in seconds) and, if they open a connection, `tls`.
 * call:info() returns these fields.
 */
static int lua_call_trace(lua_State *L)
{
    to_call(L)->traced = true;
    return 0;
}

/*
 * call:add_header(name, value) -> true; or nil and the reason why not. From now on, attempts send this header in
 * addition to the target's headers, or in place of the target's header with the same name. Headers that the option
 * `headers` refuses are refused here too.
 */
static int lua_call_add_header(lua_State *L)
{
    struct call *call = to_call(L);
    struct refusal refusal = {0};
    bool added;

    check_not_running(L, call);
    lua_settop(L, 3);
    if (!headers_push_line(L, call->target->key_header, &refusal)) {
        lua_pushnil(L);
        lua_pushstring(L, *refusal.reason ? refusal.reason : "a name and a text expected");
        return 2;
    }
    added = !headers_contain(call->added_headers, lua_tostring(L, -1));
    if (added && !headers_append(&call->added_headers, lua_tostring(L, -1)))
        return luaL_error(L, "out of memory");
    if (added) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushliteral(L, "it is there twice");
    return 2;
}

/* call:clear_headers(): from now on, attempts send none of the added headers */
static int lua_call_clear_headers(lua_State *L)
{
    struct call *call = to_call(L);

    check_not_running(L, call);
    curl_slist_free_all(call->added_headers);
    call->added_headers = NULL;
    return 0;
}

/* call:operation() -> the operation's name, or nil for a raw request */
static int lua_call_operation(lua_State *L)
{
    const struct call *call = to_call(L);

    lua_pushstring(L, call->operation ? call->operation->name : NULL);
    return 1;
}

/* call:arguments() -> the checked arguments by name, or nil for a raw request. The caller must not change them. */
static int lua_call_arguments(lua_State *L)
{
    (void)to_call(L);
    cmr_get_keep(L, 1);
    lua_getfield(L, -1, "arguments");
    return 1;
}

/* call:repeatable() -> whether the call can be sent twice without harm; for the retry policy */
static int lua_call_repeatable(lua_State *L)
{
    const struct call *call = to_call(L);

    lua_pushboolean(L, attempt_is_repeatable(call));
    return 1;
}

/* Frees the call. Lua may collect it at any moment, even while it runs. */
static int lua_call_gc(lua_State *L)
{
    struct call *call = to_call(L);

    multi_remove(call);
    call->state = CALL_CLOSED;
    attempt_free_headers(call);
    curl_slist_free_all(call->added_headers);
    call->added_headers = NULL;
    buffer_free(&call->url);
    buffer_free(&call->body);
    form_free(&call->form);
    buffer_free(&call->answer.headers);
    buffer_free(&call->answer.body);
    return 0;
}

static int lua_call_tostring(lua_State *L)
{
    static const char *const states[] = {"closed", "ready", "running", "done"};
    const struct call *call = to_call(L);

    lua_pushfstring(L, "%s: %s (%s)", CALL_TYPE, call->name ? call->name : "?", states[call->state]);
    return 1;
}

void call_open(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__gc", lua_call_gc}, {"__close", lua_call_cancel}, {"__tostring", lua_call_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"start", lua_call_start},
                                       {"cancel", lua_call_cancel},
                                       {"done", lua_call_done},
                                       {"id", lua_call_id},
                                       {"result", lua_call_result},
                                       {"release", lua_call_release},
                                       {"trace", lua_call_trace},
                                       {"add_header", lua_call_add_header},
                                       {"clear_headers", lua_call_clear_headers},
                                       {"operation", lua_call_operation},
                                       {"arguments", lua_call_arguments},
                                       {"repeatable", lua_call_repeatable},
                                       {"info", lua_call_info},
                                       {"request", lua_call_request},
                                       {NULL, NULL}};

    cmr_newtype(L, CALL_TYPE, meta, methods);
}
