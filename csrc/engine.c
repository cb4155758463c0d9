#include "engine.h"

#include <limits.h>
#include <math.h>

#include "compat.h"

#define ENGINE_TYPE "cmr.engine"
#define ENGINE_KEY "cmr.engine.current" /* registry key of this Lua state's engine */

static struct multi *to_engine(lua_State *L, int index)
{
    return luaL_checkudata(L, index, ENGINE_TYPE);
}

struct multi *engine_check(lua_State *L, int index)
{
    struct multi *multi = to_engine(L, index);

    luaL_argcheck(L, multi_is_usable(multi), index, "the engine is closed, or belongs to the parent process");
    return multi;
}

/* Pushes this Lua state's engine, or nil. Returns the engine's multi if the multi is usable, else NULL. */
static struct multi *push_current(lua_State *L)
{
    struct multi *multi;

    lua_getfield(L, LUA_REGISTRYINDEX, ENGINE_KEY);
    multi = lua_touserdata(L, -1);
    return multi && multi_is_usable(multi) ? multi : NULL;
}

int engine_get(lua_State *L)
{
    struct multi *multi;
    struct multi *closed;

    if (push_current(L))
        return 1;
    multi = cmr_newuserdata(L, sizeof *multi);
    multi_init(multi);
    cmr_setmetatable(L, ENGINE_TYPE);
    if (push_current(L))
        return 1; /* cmr_newuserdata has run a finalizer, and the finalizer has made an engine */
    closed = lua_touserdata(L, -1);
    if (!multi_open(multi))
        return luaL_error(L, "no memory or file descriptors left for an engine");
    lua_pushvalue(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, ENGINE_KEY);
    if (closed)
        multi_adopt_finished(multi, closed);
    lua_pop(L, 1);
    return 1;
}

int engine_get_idle(lua_State *L)
{
    const struct multi *multi = push_current(L);

    if (!multi || multi->count > 0)
        lua_pushnil(L);
    return 1;
}

static int lua_engine_wait(lua_State *L)
{
    struct multi *multi = engine_check(L, 1);
    const double timeout_ms = luaL_checknumber(L, 2);

    luaL_argcheck(L, timeout_ms >= 0 && timeout_ms <= INT_MAX, 2, "out of range");
    lua_pushboolean(L, multi_run(multi, (int)ceil(timeout_ms)));
    return 1;
}

static int lua_engine_wait_for(lua_State *L)
{
    struct multi *multi = engine_check(L, 1);
    struct call *call = luaL_checkudata(L, 2, CALL_TYPE);
    const double timeout_ms = luaL_checknumber(L, 3);
    bool alone;

    luaL_argcheck(L, timeout_ms >= 0 && timeout_ms <= INT_MAX, 3, "out of range");
    if (call->state == CALL_RUNNING && call->multi == multi && !multi->finished)
        (void)multi_run(multi, (int)ceil(timeout_ms));
    alone = multi->finished == call && !call->next;
    if (alone)
        multi_remove(call);
    lua_pushboolean(L, alone);
    return 1;
}

static int lua_engine_finished(lua_State *L)
{
    struct call *call = multi_take_finished(to_engine(L, 1));

    if (!call)
        return 0;
    lua_pushlightuserdata(L, call);
    return 1;
}

static int lua_engine_fd(lua_State *L)
{
    const int fd = pollset_descriptor(&engine_check(L, 1)->pollset);

    if (fd < 0)
        lua_pushnil(L);
    else
        lua_pushinteger(L, fd);
    return 1;
}

static int lua_engine_count(lua_State *L)
{
    lua_pushinteger(L, to_engine(L, 1)->count);
    return 1;
}

static int lua_engine_close(lua_State *L)
{
    multi_close(to_engine(L, 1));
    return 0;
}

static int lua_engine_gc(lua_State *L)
{
    struct multi *multi = to_engine(L, 1);

    multi_close(multi);
    while (multi_take_finished(multi)) /* clears call->multi, because a call may outlive its engine */
        ;
    return 0;
}

static int lua_engine_tostring(lua_State *L)
{
    const struct multi *multi = to_engine(L, 1);

    lua_pushfstring(L, multi->curl ? "%s: %d in flight" : "%s: closed", ENGINE_TYPE, multi->count);
    return 1;
}

void engine_open(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", lua_engine_gc}, {"__tostring", lua_engine_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"fd", lua_engine_fd},
                                       {"wait", lua_engine_wait},
                                       {"wait_for", lua_engine_wait_for},
                                       {"finished", lua_engine_finished},
                                       {"count", lua_engine_count},
                                       {"close", lua_engine_close},
                                       {NULL, NULL}};

    cmr_newtype(L, ENGINE_TYPE, meta, methods);
}
