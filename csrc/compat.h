/* The differences between the supported versions of Lua, and helpers for userdata and fields. */
#pragma once

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <math.h>
#include <stdbool.h>

/* Marks the functions luaopen_*. They are the only symbols that the module exports. */
#define CMR_EXPORT __attribute__((visibility("default")))

#if LUA_VERSION_NUM == 501

#define lua_rawlen(L, i) lua_objlen((L), (i))
#define luaL_setfuncs cmr_setfuncs

static inline void cmr_setfuncs(lua_State *L, const luaL_Reg *list, int upvalues)
{
    (void)upvalues; /* always 0 here */
    for (; list->name; list++) {
        lua_pushcfunction(L, list->func);
        lua_setfield(L, -2, list->name);
    }
}

#endif

/* Each userdata has one table. The table keeps alive the values that the userdata needs. */
#if LUA_VERSION_NUM >= 504
#define cmr_newuserdata(L, size) lua_newuserdatauv((L), (size), 1)
#define cmr_set_keep(L, index) lua_setiuservalue((L), (index), 1)
#define cmr_get_keep(L, index) ((void)lua_getiuservalue((L), (index), 1))
#elif LUA_VERSION_NUM == 503
#define cmr_newuserdata(L, size) lua_newuserdata((L), (size))
#define cmr_set_keep(L, index) lua_setuservalue((L), (index))
#define cmr_get_keep(L, index) ((void)lua_getuservalue((L), (index)))
#else
#define cmr_newuserdata(L, size) lua_newuserdata((L), (size))
#define cmr_set_keep(L, index) lua_setfenv((L), (index))
#define cmr_get_keep(L, index) lua_getfenv((L), (index))
#endif

/*
 * Sets the metatable of this type on the value at the top of the stack. The metatable was made when the module was
 * opened, so this function cannot raise.
 */
static inline void cmr_setmetatable(lua_State *L, const char *type)
{
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
}

/* Returns whether the value has the metatable of this type. */
static inline bool cmr_has_metatable(lua_State *L, int index, const char *type)
{
    bool equal;

    if (!lua_getmetatable(L, index))
        return false;
    luaL_getmetatable(L, type);
    equal = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return equal;
}

/* The next four functions set a field of the table on top. For a NULL string or a false boolean they set no field. */
static inline void cmr_set_string(lua_State *L, const char *field, const char *value)
{
    if (value) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, field);
    }
}

static inline void cmr_set_true(lua_State *L, const char *field, bool value)
{
    if (value) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, field);
    }
}

static inline void cmr_set_integer(lua_State *L, const char *field, long value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, field);
}

static inline void cmr_set_number(lua_State *L, const char *field, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, field);
}

/* Makes a type's metatable, with the methods under __index and a name for error messages and tostring. */
static inline void cmr_newtype(lua_State *L, const char *type, const luaL_Reg *meta, const luaL_Reg *methods)
{
    luaL_newmetatable(L, type);
    cmr_set_string(L, "__name", type);
    luaL_setfuncs(L, meta, 0);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0); /* Lua code can neither read nor replace the metatable */
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

/* Returns whether the value is a number without a fraction, however large. */
static inline bool cmr_is_integer(lua_State *L, int index)
{
    const double value = lua_tonumber(L, index);
    return lua_type(L, index) == LUA_TNUMBER && isfinite(value) && floor(value) == value;
}
