#include "json.h"

#include <string.h>

#include "compat.h"

enum { MAX_DEPTH = 100 };

#define ARRAY_TYPE "cmr.array"
#define CJSON "cmr.cjson" /* registry: the table {encode, decode} of our instance */

/* A string with a NUL is refused everywhere, so nothing a user sends can be this token. */
static const char EMPTY_ARRAY[] = "\0[]";
static const char EMPTY_ARRAY_JSON[] = "\"\\u0000[]\"";

static void configure(lua_State *L, const char *option, double value)
{
    lua_getfield(L, -1, option);
    lua_pushnumber(L, value);
    lua_call(L, 1, 0);
}

static void refuse_invalid_numbers(lua_State *L, const char *option)
{
    lua_getfield(L, -1, option);
    lua_pushboolean(L, 0);
    lua_call(L, 1, 0);
}

void json_open(lua_State *L)
{
    luaL_newmetatable(L, ARRAY_TYPE);
    lua_pushstring(L, ARRAY_TYPE);
    lua_setfield(L, -2, "__name");
    lua_pop(L, 1);

    lua_getglobal(L, "require");
    lua_pushstring(L, "cjson");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "new");
    lua_call(L, 0, 1);
    refuse_invalid_numbers(L, "decode_invalid_numbers");
    refuse_invalid_numbers(L, "encode_invalid_numbers");
    configure(L, "decode_max_depth", MAX_DEPTH);
    configure(L, "encode_max_depth", MAX_DEPTH);
    configure(L, "encode_number_precision", 14); /* the most that 2.1.0 can */

    lua_createtable(L, 2, 0);
    lua_getfield(L, -2, "encode");
    lua_rawseti(L, -2, 1);
    lua_getfield(L, -2, "decode");
    lua_rawseti(L, -2, 2);
    lua_setfield(L, LUA_REGISTRYINDEX, CJSON);
    lua_pop(L, 2);
}

void json_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL); /* the same value as cjson.null */
}

bool json_is_null(lua_State *L, int index)
{
    return lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL;
}

/* cmr.array(t): t itself, marked. A table that has a metatable of its own is refused. */
int json_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_getmetatable(L, ARRAY_TYPE);
    if (lua_getmetatable(L, 1)) {
        luaL_argcheck(L, lua_rawequal(L, -1, -2), 1, "the table has a metatable already");
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

bool json_is_marked(lua_State *L, int index)
{
    bool marked;

    if (!lua_getmetatable(L, index))
        return false;
    luaL_getmetatable(L, ARRAY_TYPE);
    marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return marked;
}

static bool is_array(lua_State *L, int index)
{
    if (!lua_istable(L, index))
        return false;
    return json_is_marked(L, index) || lua_rawlen(L, index) > 0;
}

void json_push_empty_array(lua_State *L)
{
    lua_pushlstring(L, EMPTY_ARRAY, sizeof EMPTY_ARRAY - 1);
}

static bool refuse(lua_State *L, const char *path, const char *why)
{
    lua_pushfstring(L, "bad field '%s' (%s)", path, why);
    return false;
}

static bool clean_value(lua_State *L, int index, const char *path, int depth, bool *mistake);

static bool clean_array(lua_State *L, int index, const char *path, int depth, bool *mistake)
{
    const size_t length = lua_rawlen(L, index);
    size_t keys = 0;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        keys++;
    if (keys != length)
        return refuse(L, path, "an array cannot have holes or names");
    if (length == 0) {
        json_push_empty_array(L);
        return true;
    }
    lua_createtable(L, (int)length, 0);
    for (size_t i = 1; i <= length; i++) {
        lua_pushfstring(L, "%s[%d]", path, (int)i);
        lua_rawgeti(L, index, (int)i);
        if (!clean_value(L, lua_gettop(L), lua_tostring(L, -2), depth, mistake))
            return false;
        lua_rawseti(L, -4, (int)i);
        lua_pop(L, 2);
    }
    return true;
}

static bool clean_object(lua_State *L, int index, const char *path, int depth, bool *mistake)
{
    const int copy = lua_gettop(L) + 1;

    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, copy + 1)) {
        if (lua_type(L, copy + 1) != LUA_TSTRING)
            return refuse(L, path, "a table needs either names or the numbers 1 to n");
        if (strlen(lua_tostring(L, copy + 1)) != lua_rawlen(L, copy + 1))
            return refuse(L, path, "a name with a NUL byte");
        lua_pushfstring(L, "%s.%s", path, lua_tostring(L, copy + 1));
        if (!clean_value(L, copy + 2, lua_tostring(L, copy + 3), depth, mistake))
            return false;
        lua_pushvalue(L, copy + 1);
        lua_insert(L, -2);
        lua_rawset(L, copy);
    }
    return true;
}

static bool clean_number(lua_State *L, int index, const char *path)
{
    const double value = lua_tonumber(L, index);

    if (value != value || value - value != 0)
        return refuse(L, path, "JSON has no such number");
    if (fabs(value) >= 1e14)
        return refuse(L, path, "a number this large would lose digits: send it as a string");
    lua_pushvalue(L, index);
    return true;
}

static bool clean_value(lua_State *L, int index, const char *path, int depth, bool *mistake)
{
    luaL_checkstack(L, 8, "nested too deep");
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        lua_pushvalue(L, index);
        return true;
    case LUA_TNUMBER:
        return clean_number(L, index, path);
    case LUA_TSTRING:
        if (memchr(lua_tostring(L, index), '\0', lua_rawlen(L, index))) {
            *mistake = false;
            return refuse(L, path, "a NUL byte");
        }
        lua_pushvalue(L, index);
        return true;
    case LUA_TTABLE:
        if (depth >= MAX_DEPTH)
            return refuse(L, path, "nested too deep");
        return is_array(L, index) ? clean_array(L, index, path, depth + 1, mistake)
                                  : clean_object(L, index, path, depth + 1, mistake);
    default:
        if (json_is_null(L, index)) {
            json_push_null(L);
            return true;
        }
        lua_pushfstring(L, "bad field '%s' (a %s cannot be sent as JSON)", path, luaL_typename(L, index));
        return false;
    }
}

bool json_clean(lua_State *L, int index, const char *path, bool *mistake)
{
    *mistake = true;
    return clean_value(L, lua_absindex(L, index), path, 0, mistake);
}

/* False with a message when lua-cjson refuses; out of memory is no refusal and raises. */
static bool call_cjson(lua_State *L, int function)
{
    int status;

    lua_getfield(L, LUA_REGISTRYINDEX, CJSON);
    lua_rawgeti(L, -1, function);
    lua_replace(L, -2);
    lua_insert(L, -2);
    status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM)
        lua_error(L);
    return status == 0;
}

bool json_encode(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    if (!call_cjson(L, 1))
        return false;
    if (strstr(lua_tostring(L, -1), EMPTY_ARRAY_JSON)) {
        luaL_gsub(L, lua_tostring(L, -1), EMPTY_ARRAY_JSON, "[]");
        lua_replace(L, -2);
    }
    return true;
}

/* Which numbers are integers differs between versions of lua-cjson; here they do not. */
static void push_number(lua_State *L, double value)
{
    if (cmr_is_whole(value))
        cmr_push_whole(L, value);
    else
        lua_pushnumber(L, value);
}

/* Makes the decoded value at index ours, in place; false when it holds a number that JSON has and Lua has not. */
static bool tidy(lua_State *L, int index)
{
    luaL_checkstack(L, 4, "nested too deep");
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const int key = lua_gettop(L) - 1;
        if (lua_istable(L, -1)) {
            if (!tidy(L, key + 1))
                return false;
        } else if (json_is_null(L, -1) && lua_type(L, key) == LUA_TSTRING) {
            lua_pushvalue(L, key);
            lua_pushnil(L);
            lua_rawset(L, index);
        } else if (lua_type(L, -1) == LUA_TNUMBER) {
            if (isinf(lua_tonumber(L, -1)))
                return false;
            lua_pushvalue(L, key);
            push_number(L, lua_tonumber(L, key + 1));
            lua_rawset(L, index);
        }
    }
    return true;
}

bool json_decode(lua_State *L, const char *text, size_t length)
{
    const int top = lua_gettop(L);

    if (memchr(text, '\0', length)) {
        lua_pushliteral(L, "a NUL byte");
        return false;
    }
    lua_pushlstring(L, text, length);
    if (!call_cjson(L, 2))
        return false;
    if (lua_istable(L, -1) ? !tidy(L, lua_gettop(L)) : lua_type(L, -1) == LUA_TNUMBER && isinf(lua_tonumber(L, -1))) {
        lua_settop(L, top); /* tidy stopped in the middle */
        lua_pushliteral(L, "a number out of range");
        return false;
    }
    if (lua_type(L, -1) == LUA_TNUMBER)
        push_number(L, lua_tonumber(L, -1));
    return true;
}

/* core.json_encode(value) -> string; raises on what JSON cannot say. */
int json_encode_value(lua_State *L)
{
    bool mistake;

    luaL_checkany(L, 1);
    if (!json_clean(L, 1, "value", &mistake) || !json_encode(L, -1))
        return lua_error(L);
    return 1;
}

/* core.json_decode(text) -> value | nil, message */
int json_decode_value(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);

    if (json_decode(L, text, length))
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}
