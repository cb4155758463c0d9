#include "target.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"
#include "headers.h"
#include "operations.h"
#include "text.h"
#include "url.h"
#include "version.h"

/* The given options or their defaults. Each take_ function below may leave values on the stack. */
struct options {
    lua_State *L;
    int table;
    struct target *target;
    struct refusal *refusal;
    const char *api_key, *key_header, *base_url, *ca_file, *proxy, *user_agent;
    bool allow_http;
    double max_response, connect_timeout, max_connections;
};

static const struct option {
    const char *name;
    int type;
    const char *expected; /* describes the expected value; NULL for a number, which take_number describes */
    size_t offset;        /* position in struct options; 0 for a table, which is read later */
    double least, most;
} rows[] = {
    {"api_key", LUA_TSTRING, "a string", offsetof(struct options, api_key), 0, 0},
    {"key_header", LUA_TSTRING, "a string", offsetof(struct options, key_header), 0, 0},
    {"base_url", LUA_TSTRING, "a string", offsetof(struct options, base_url), 0, 0},
    {"ca_file", LUA_TSTRING, "a string", offsetof(struct options, ca_file), 0, 0},
    {"proxy", LUA_TSTRING, "a string", offsetof(struct options, proxy), 0, 0},
    {"headers", LUA_TTABLE, "a table of names and values", 0, 0, 0},
    {"user_agent", LUA_TSTRING, "a string", offsetof(struct options, user_agent), 0, 0},
    {"allow_http", LUA_TBOOLEAN, "a boolean", offsetof(struct options, allow_http), 0, 0},
    {"max_response", LUA_TNUMBER, NULL, offsetof(struct options, max_response), 1, 1e9},
    {"connect_timeout", LUA_TNUMBER, NULL, offsetof(struct options, connect_timeout), 0.001, 1e6},
    {"max_connections", LUA_TNUMBER, NULL, offsetof(struct options, max_connections), 1, 10000},
    {"endpoints", LUA_TTABLE, "a table of operations and 'METHOD /path'", 0, 0, 0},
};

const char *target_option_name(size_t index)
{
    return index < sizeof rows / sizeof rows[0] ? rows[index].name : NULL;
}

static bool bad_option(const struct options *options, const char *name, const char *reason)
{
    return refuse(options->refusal, BAD_OPTION, reason) || refuse_in(options->refusal, ".%s", name);
}

static bool bad_type(const struct options *options, const char *name, const char *got, const char *expected)
{
    return refuse_unexpected(options->refusal, BAD_OPTION, got, expected) || refuse_in(options->refusal, ".%s", name);
}

static bool out_of_memory(const struct options *options, const char *name)
{
    return refuse_data(options->refusal, BAD_OPTION, "out of memory") || refuse_in(options->refusal, ".%s", name);
}

static bool take_number(const struct options *options, const struct option *row, double *value)
{
    lua_State *L = options->L;
    const bool is_number = lua_type(L, -1) == LUA_TNUMBER;
    char expected[64];
    char got[32];

    *value = lua_tonumber(L, -1);
    if (is_number && *value >= row->least && *value <= row->most)
        return true;
    (void)snprintf(expected, sizeof expected, "a number from %.14g to %.14g", row->least, row->most);
    /* fabs, because the sign of a NaN would be printed too */
    (void)snprintf(got, sizeof got, "%.14g", isnan(*value) ? fabs(*value) : *value);
    return bad_type(options, row->name, is_number ? got : luaL_typename(L, -1), expected);
}

/*
 * Checks the value on top, and stores it in `options`. Strings are not copied: the table of options keeps them alive.
 */
static bool take(struct options *options, const struct option *row)
{
    lua_State *L = options->L;
    void *value = (char *)options + row->offset;

    if (row->type == LUA_TNUMBER)
        return take_number(options, row, value);
    if (lua_type(L, -1) != row->type)
        return bad_type(options, row->name, luaL_typename(L, -1), row->expected);
    if (row->type == LUA_TBOOLEAN)
        *(bool *)value = lua_toboolean(L, -1);
    if (row->type == LUA_TSTRING) {
        *(const char **)value = text_without_nul(L, -1);
        return *(const char **)value || bad_option(options, row->name, "it holds a NUL byte");
    }
    return true;
}

static bool take_plain(struct options *options)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lua_getfield(options->L, options->table, rows[i].name);
        if (!lua_isnil(options->L, -1) && !take(options, &rows[i]))
            return false;
        lua_pop(options->L, 1);
    }
    return true;
}

static bool take_key(const struct options *options)
{
    const char *key = options->api_key;

    options->target->key = key && *key ? key : NULL;
    return !key || url_is_visible(key, strlen(key)) ||
           bad_option(options, "api_key", "it holds a space, a line break or another character that no key has");
}

/* Makes libcurl resolve localhost to the loopback address, whatever a resolver says. */
static bool pin_localhost(const struct options *options, const struct base_url *base)
{
    lua_State *L = options->L;

    if (!curl_strequal(base->host, "localhost"))
        return true;
    lua_pushfstring(L, "%s:%s:127.0.0.1,[::1]", base->host, base->port);
    options->target->resolve = curl_slist_append(NULL, lua_tostring(L, -1));
    lua_pop(L, 1);
    return options->target->resolve || out_of_memory(options, "base_url");
}

static bool take_base_url(const struct options *options)
{
    lua_State *L = options->L;
    struct target *target = options->target;
    struct base_url base = {.scheme = ""};
    const char *text = options->base_url;
    size_t length = strlen(text);

    if (!url_check_base(text, length, &base, options->refusal))
        return refuse_in(options->refusal, ".base_url");
    target->loopback = url_is_loopback(base.host);
    target->plain = strcmp(base.scheme, "http") == 0;
    if (target->plain && !target->loopback && !options->allow_http)
        return bad_option(options, "base_url",
                          "plain http would show the key to everyone on the way: use https, or allow_http");
    while (text[length - 1] == '/')
        length--;
    lua_pushlstring(L, text, length);
    target->base_url = lua_tostring(L, -1);
    lua_setfield(L, options->table, "base_url");
    return pin_localhost(options, &base);
}

static bool add_header(const struct options *options, const char *line)
{
    struct target *target = options->target;

    return (headers_append(&target->headers, line) && headers_append(&target->headers_body, line) &&
            headers_append(&target->headers_form, line)) ||
           out_of_memory(options, "headers");
}

/* Adds a header with the name at index -2 and the value on top. */
static bool add_user_header(const struct options *options)
{
    bool added;

    if (!headers_push_line(options->L, options->key_header, options->refusal))
        return refuse_in(options->refusal, ".headers");
    added = add_header(options, lua_tostring(options->L, -1));
    lua_pop(options->L, 1);
    return added;
}

static bool add_user_headers(const struct options *options)
{
    lua_State *L = options->L;

    lua_getfield(L, options->table, "headers");
    if (lua_istable(L, -1))
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            if (!add_user_header(options))
                return false;
    return true;
}

/* Pushes and returns the version of Lua, such as "Lua 5.4" or "LuaJIT 2.1.0-beta3". */
static const char *push_lua_version(lua_State *L)
{
    /* reads the loaded modules, because a strict _G may raise for an absent global */
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getfield(L, -1, "jit");
    if (lua_istable(L, -1))
        lua_getfield(L, -1, "version");
    return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : LUA_VERSION;
}

static bool add_own_headers(const struct options *options)
{
    lua_State *L = options->L;
    struct target *target = options->target;
    const char *agent = options->user_agent;

    agent = lua_pushfstring(L, "User-Agent: %s%scmr/%s (%s; libcurl/%s)", agent, *agent ? " " : "", CMR_VERSION,
                            push_lua_version(L), curl_version_info(CURLVERSION_NOW)->version);
    if (!add_header(options, agent) || !add_header(options, "Accept: application/json") ||
        !add_header(options, "Expect:")) /* removes "Expect: 100-continue": libcurl would wait for an answer */
        return false;
    if (target->key && !add_header(options, lua_pushfstring(L, "%s: %s", options->key_header, target->key)))
        return false;
    /* without this line, libcurl would send an empty POST with the Content-Type of a URL-encoded form */
    return (headers_append(&target->headers, "Content-Type:") &&
            headers_append(&target->headers_body, "Content-Type: application/json")) ||
           out_of_memory(options, "headers");
}

static bool take_headers(const struct options *options)
{
    if (!headers_is_name(options->key_header) || headers_is_reserved(options->key_header, ""))
        return bad_option(options, "key_header", "it is not a header's name, or the library itself sets this header");
    if (!headers_is_value(options->user_agent, strlen(options->user_agent)))
        return bad_option(options, "user_agent", "it holds a control character");
    return add_own_headers(options) && add_user_headers(options);
}

/*
 * Checks one entry of `endpoints`: the operation is at index -2, its "METHOD /path" on top. May leave values on the
 * stack.
 */
static bool check_endpoint(const struct options *options)
{
    lua_State *L = options->L;
    const char *name = lua_tostring(L, -2);
    const struct operation *operation = text_without_nul(L, -2) ? operation_by_name(name) : NULL;
    const char *text = text_without_nul(L, -1);
    struct endpoint endpoint;

    if (!operation)
        return bad_option(options, name, "there is no such operation");
    if (lua_type(L, -1) != LUA_TSTRING)
        return bad_type(options, name, luaL_typename(L, -1), "'METHOD /path'");
    if (!text || !url_split_endpoint(text, &endpoint))
        return bad_option(options, name, "it must say METHOD /path, as in 'GET /wallet', or 'POST /x userId in body'");
    if (endpoint.user && !operation_param(operation, "userId"))
        return bad_option(options, name, "the operation has no userId");
    lua_pushlstring(L, endpoint.path, endpoint.path_length);
    return url_check_path(lua_tostring(L, -1), endpoint.path_length, options->refusal, BAD_OPTION) ||
           refuse_in(options->refusal, ".%s", name);
}

/* Checks the endpoints and replaces them by a copy, so that later changes to the user's table have no effect. */
static bool take_endpoints(const struct options *options)
{
    lua_State *L = options->L;
    const int copy = lua_gettop(L) + 1;

    lua_newtable(L);
    lua_getfield(L, options->table, "endpoints");
    if (lua_isnil(L, -1))
        return true;
    for (lua_pushnil(L); lua_next(L, copy + 1); lua_settop(L, copy + 2)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return bad_type(options, "endpoints", NULL, "a table of operations and 'METHOD /path'");
        if (!check_endpoint(options))
            return refuse_in(options->refusal, ".endpoints");
        lua_settop(L, copy + 3);
        lua_setfield(L, copy, lua_tostring(L, -2));
    }
    lua_pushvalue(L, copy);
    lua_setfield(L, options->table, "endpoints");
    return true;
}

static bool take_all(struct options *options)
{
    struct target *target = options->target;

    if (!take_plain(options) || !take_key(options) || !take_base_url(options) || !take_headers(options) ||
        !take_endpoints(options))
        return false;
    if (options->proxy && !url_is_visible(options->proxy, strlen(options->proxy)))
        return bad_option(options, "proxy", "only visible ASCII characters are allowed");
    target->key_header = options->key_header;
    target->ca_file = options->ca_file;
    target->proxy = options->proxy;
    target->max_response = (size_t)options->max_response;
    target->connect_timeout = (long)(options->connect_timeout * 1000);
    target->max_connections = (int)options->max_connections;
    return true;
}

bool target_options_check(lua_State *L, int index, struct target *target, struct refusal *refusal)
{
    struct options options = {
        .L = L,
        .table = index,
        .target = target,
        .refusal = refusal,
        .key_header = TARGET_KEY_HEADER,
        .base_url = TARGET_PRODUCTION,
        .user_agent = "",
        .max_response = 16 * 1024 * 1024,
        .connect_timeout = 5,
        .max_connections = 256,
    };
    const int top = lua_gettop(L);
    const bool taken = take_all(&options);

    lua_settop(L, top);
    return taken;
}
