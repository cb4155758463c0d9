#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "compat.h"
#include "text.h"

enum { MAX_DEPTH = 100, MAX_NUMBER_BYTES = 64 };

#define MIN_INEXACT 9007199254740992.0 /* 2^53: from here on, whole numbers share a double */

#define ARRAY_TYPE "cmr.array"
#define TEXT_TYPE "cmr.json.text"
#define DECODE "cmr.json.decode" /* registry: decode of our instance of lua-cjson */

static int text_gc(lua_State *L)
{
    buffer_free(luaL_checkudata(L, 1, TEXT_TYPE));
    return 0;
}

void json_open(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", text_gc}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{NULL, NULL}};

    luaL_newmetatable(L, ARRAY_TYPE);
    cmr_set_string(L, "__name", ARRAY_TYPE);
    cmr_newtype(L, TEXT_TYPE, meta, methods);

    if (luaL_loadstring(L, "local decoder = require('cjson').new()\n"
                           "decoder.decode_invalid_numbers(false)\n"
                           "decoder.decode_max_depth(...)\n"
                           "return decoder.decode") != 0)
        (void)lua_error(L); /* out of memory */
    lua_pushinteger(L, MAX_DEPTH);
    lua_call(L, 1, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, DECODE);
    lua_pop(L, 1);
}

void json_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL); /* the same value as cjson.null */
}

bool json_is_null(lua_State *L, int index)
{
    return lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL;
}

int json_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, !lua_getmetatable(L, 1) || json_is_marked(L, 1), 1, "the table has a metatable already");
    lua_settop(L, 1);
    cmr_setmetatable(L, ARRAY_TYPE);
    return 1;
}

bool json_is_marked(lua_State *L, int index)
{
    return cmr_has_metatable(L, index, ARRAY_TYPE);
}

void json_push_empty_array(lua_State *L)
{
    lua_newtable(L);
    cmr_setmetatable(L, ARRAY_TYPE);
}

bool json_check_array(lua_State *L, int index, struct refusal *refusal)
{
    size_t keys = 0;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        keys++;
    return keys == lua_rawlen(L, index) || refuse(refusal, BAD_VALUE, "an array cannot have holes or names");
}

static bool check_finite(double value, struct refusal *refusal)
{
    return isfinite(value) || refuse(refusal, BAD_VALUE, "JSON has no such number");
}

bool json_check_number(lua_State *L, int index, struct refusal *refusal)
{
    const double value = lua_tonumber(L, index);

#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index))
        return true;
#endif
    return check_finite(value, refusal) &&
           (fabs(value) < MIN_INEXACT ||
            refuse(refusal, BAD_VALUE, "a number this large may have lost digits: send it as a string"));
}

/* Writes a float: in full when it is whole and has at most 21 digits, else with the fewest digits that read back. */
static void write_float(char text[MAX_NUMBER_BYTES], double value)
{
    const bool whole = floor(value) == value && fabs(value) < 1e21;
    char *end = text;

    if (whole)
        (void)snprintf(text, MAX_NUMBER_BYTES, "%.0f", value);
    else
        for (int digits = 15; digits <= 17; digits++) {
            (void)snprintf(text, MAX_NUMBER_BYTES, "%.*g", digits, value);
            if (strtod(text, NULL) == value)
                break;
        }
    for (const char *at = text; *at; at++) { /* the decimal point of the locale, of one byte or more */
        if (strchr("0123456789+-e", *at))
            *end++ = *at;
        else if (end[-1] != '.')
            *end++ = '.';
    }
    *end = '\0';
}

const char *json_push_number(lua_State *L, int index)
{
    char text[MAX_NUMBER_BYTES];

#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index))
        return lua_pushfstring(L, "%I", (LUAI_UACINT)lua_tointeger(L, index));
#endif
    write_float(text, lua_tonumber(L, index));
    lua_pushstring(L, text);
    return lua_tostring(L, -1);
}

/* One pass over a value checks it and appends its text. json_encode removes the values that are pushed meanwhile. */
struct encoder {
    lua_State *L;
    struct buffer *text;
    bool is_request; /* refuse text that is not UTF-8, and floats that may have lost digits */
    struct refusal *refusal;
};

static void append(struct encoder *encoder, const char *bytes, size_t length)
{
    if (!buffer_append(encoder->text, bytes, length))
        luaL_error(encoder->L, "not enough memory");
}

static void append_text(struct encoder *encoder, const char *text)
{
    append(encoder, text, strlen(text));
}

static void append_escape(struct encoder *encoder, char character)
{
    static const char special[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = strchr(special, character);
    char escape[8];

    (void)snprintf(escape, sizeof escape, found ? "\\%c" : "\\u%04x", found ? letters[found - special] : character);
    append_text(encoder, escape);
}

/* Appends the string at index, quoted. The subject begins the reason of a refusal. */
static bool append_string(struct encoder *encoder, int index, const char *subject)
{
    lua_State *L = encoder->L;
    const char *text = text_without_nul(L, index);
    const char *start = text; /* of what is not appended yet */

    if (!text || (encoder->is_request && !text_is_utf8(text, lua_rawlen(L, index))))
        return refuse_data(encoder->refusal, BAD_VALUE,
                           lua_pushfstring(L, text ? "%s is not UTF-8" : "%s holds a NUL byte", subject));
    append_text(encoder, "\"");
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == '"' || *text == '\\' || *text == 0x7F) {
            append(encoder, start, (size_t)(text - start));
            append_escape(encoder, *text);
            start = text + 1;
        }
    append(encoder, start, (size_t)(text - start));
    append_text(encoder, "\"");
    return true;
}

static bool append_value(struct encoder *encoder, int index, int depth);

static bool append_array(struct encoder *encoder, int index, int depth)
{
    lua_State *L = encoder->L;
    const size_t length = lua_rawlen(L, index);

    if (!json_check_array(L, index, encoder->refusal))
        return false;
    append_text(encoder, "[");
    for (size_t i = 1; i <= length; i++) {
        if (i > 1)
            append_text(encoder, ",");
        lua_rawgeti(L, index, (int)i);
        if (!append_value(encoder, lua_gettop(L), depth))
            return refuse_in(encoder->refusal, "[%zu]", i);
        lua_pop(L, 1);
    }
    append_text(encoder, "]");
    return true;
}

static bool append_object(struct encoder *encoder, int index, int depth)
{
    lua_State *L = encoder->L;
    const int key = lua_gettop(L) + 1;
    const char *before = "{";

    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, key), before = ",") {
        if (!text_without_nul(L, key))
            return refuse(encoder->refusal, BAD_VALUE,
                          lua_type(L, key) == LUA_TSTRING ? "it has a name with a NUL byte"
                                                          : "a table needs either names or the numbers 1 to n");
        append_text(encoder, before);
        if (!append_string(encoder, key, "it has a name that"))
            return false;
        append_text(encoder, ":");
        if (!append_value(encoder, key + 1, depth))
            return refuse_in(encoder->refusal, ".%s", lua_tostring(L, key));
    }
    append_text(encoder, *before == '{' ? "{}" : "}");
    return true;
}

static bool append_number(struct encoder *encoder, int index)
{
    if (!(encoder->is_request ? json_check_number(encoder->L, index, encoder->refusal)
                              : check_finite(lua_tonumber(encoder->L, index), encoder->refusal)))
        return false;
    append_text(encoder, json_push_number(encoder->L, index));
    lua_pop(encoder->L, 1);
    return true;
}

static bool append_value(struct encoder *encoder, int index, int depth)
{
    lua_State *L = encoder->L;

    luaL_checkstack(L, 8, "nested too deep");
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        append_text(encoder, lua_toboolean(L, index) ? "true" : "false");
        return true;
    case LUA_TNUMBER:
        return append_number(encoder, index);
    case LUA_TSTRING:
        return append_string(encoder, index, "it");
    case LUA_TTABLE:
        if (depth >= MAX_DEPTH)
            return refuse(encoder->refusal, BAD_VALUE, "nested too deep");
        return json_is_marked(L, index) || lua_rawlen(L, index) > 0 ? append_array(encoder, index, depth + 1)
                                                                    : append_object(encoder, index, depth + 1);
    default:
        if (!json_is_null(L, index))
            return refuse(encoder->refusal, BAD_VALUE,
                          lua_pushfstring(L, "a %s cannot be sent as JSON", luaL_typename(L, index)));
        append_text(encoder, "null");
        return true;
    }
}

bool json_encode(lua_State *L, int index, bool is_request, struct buffer *text, struct refusal *refusal)
{
    struct encoder encoder = {.L = L, .is_request = is_request, .text = text, .refusal = refusal};
    const int top = lua_gettop(L);
    const bool encoded = append_value(&encoder, index, 0);

    lua_settop(L, top);
    return encoded;
}

/* Makes a whole number on top an integer, whatever this lua-cjson did. False when it is out of Lua's range. */
static bool tidy_number(lua_State *L)
{
    const double value = lua_tonumber(L, -1);

    if (isinf(value))
        return false;
    if (floor(value) == value && fabs(value) < 9007199254740992.0) { /* 2^53: 2^53 + 1 would arrive as it */
#if LUA_VERSION_NUM == 501
        lua_pushnumber(L, value + 0.0); /* -0 becomes 0 */
#else
        lua_pushinteger(L, (lua_Integer)value);
#endif
        lua_replace(L, -2);
    }
    return true;
}

/* Drops null members and makes whole numbers integers in the value on top. False for a number out of Lua's range. */
static bool tidy(lua_State *L)
{
    const int key = lua_gettop(L) + 1;

    if (!lua_istable(L, -1))
        return lua_type(L, -1) != LUA_TNUMBER || tidy_number(L);
    luaL_checkstack(L, 5, "nested too deep");
    for (lua_pushnil(L); lua_next(L, key - 1); lua_settop(L, key)) {
        if (lua_type(L, -1) == LUA_TSTRING)
            continue;
        lua_pushvalue(L, key);
        lua_insert(L, -2);
        if (json_is_null(L, -1) && lua_type(L, key) == LUA_TSTRING) {
            lua_pop(L, 1);
            lua_pushnil(L);
        } else if (!tidy(L)) {
            return false;
        }
        lua_rawset(L, key - 1);
    }
    return true;
}

bool json_decode(lua_State *L, const char *text, size_t length)
{
    const int top = lua_gettop(L);
    int status;

    if (memchr(text, '\0', length)) {
        lua_pushliteral(L, "a NUL byte");
        return false;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, DECODE);
    lua_pushlstring(L, text, length);
    status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM)
        lua_error(L);
    if (status != 0)
        return false;
    if (tidy(L))
        return true;
    lua_settop(L, top); /* tidy stopped in the middle */
    lua_pushliteral(L, "a number out of range");
    return false;
}

int json_encode_value(lua_State *L)
{
    struct refusal refusal = {0};
    struct buffer *text; /* a userdata: when an error ends this function, the collector frees it */

    luaL_checkany(L, 1);
    text = cmr_newuserdata(L, sizeof *text);
    buffer_init(text, SIZE_MAX / 4);
    cmr_setmetatable(L, TEXT_TYPE);
    if (json_encode(L, 1, false, text, &refusal)) {
        lua_pushlstring(L, text->data, text->length);
        buffer_free(text);
        return 1;
    }
    (void)refuse_in(&refusal, ".value");
    refusal_push_message(L, &refusal, NULL);
    return lua_error(L);
}

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
