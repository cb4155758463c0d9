#include "target.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "error.h"
#include "hmac.h"
#include "operations.h"
#include "url.h"
#include "version.h"

#define KEY_HEADER "cmr-x-api-key" /* seed */

static const char *const option_names[] = {"api_key",      "key_header",      "base_url",   "ca_file",
                                           "proxy",        "headers",         "user_agent", "allow_http",
                                           "max_response", "connect_timeout", "endpoints",     NULL};

static bool is_token(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    if (!*name)
        return false;
    for (; *name; name++)
        if (!(*name >= '0' && *name <= '9') && !((*name | 32) >= 'a' && (*name | 32) <= 'z') && !strchr(others, *name))
            return false;
    return true;
}

/* A header's value: no control characters, so that it cannot become two headers. */
static bool is_header_value(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return false;
    return true;
}

/* What the library itself says in every request. */
static bool is_ours(const char *name, const char *key_header)
{
    static const char *const ours[] = {"host",   "content-length", "content-type",    "transfer-encoding", "connection",
                                       "expect", "accept",         "accept-encoding", "user-agent",        NULL};

    for (const char *const *own = ours; *own; own++)
        if (strcasecmp(name, *own) == 0)
            return true;
    return strcasecmp(name, key_header) == 0;
}

/* Below, the table of options (keep) is on top of the stack. A check pushes a message and returns false. */

static bool refuse(lua_State *L, const char *option, const char *why)
{
    lua_pushfstring(L, "bad option '%s' (%s)", option, why);
    return false;
}

/* Leaves *value alone when the option is absent. */
static bool take_string(lua_State *L, int keep, const char *option, const char **value)
{
    lua_getfield(L, keep, option);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return true;
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pushfstring(L, "bad option '%s' (string expected, got %s)", option, luaL_typename(L, -1));
        return false;
    }
    *value = lua_tostring(L, -1);
    if (strlen(*value) != lua_rawlen(L, -1))
        return refuse(L, option, "a NUL byte");
    lua_pop(L, 1); /* the table keeps it */
    return true;
}

static bool take_number(lua_State *L, int keep, const char *option, double least, double most, double *value)
{
    lua_getfield(L, keep, option);
    if (!lua_isnil(L, -1)) {
        if (lua_type(L, -1) != LUA_TNUMBER) {
            lua_pushfstring(L, "bad option '%s' (number expected, got %s)", option, luaL_typename(L, -1));
            return false;
        }
        *value = lua_tonumber(L, -1);
        if (!(*value >= least && *value <= most))
            return refuse(L, option, "out of range");
    }
    lua_pop(L, 1);
    return true;
}

static bool take_key(lua_State *L, int keep, struct target *target)
{
    if (!take_string(L, keep, "api_key", &target->key))
        return false;
    if (target->key && !*target->key)
        target->key = NULL;
    if (target->key && !url_is_visible(target->key, strlen(target->key)))
        return refuse(L, "api_key", "it holds a space, a line break or another character that no key has");
    return true;
}

static bool take_base_url(lua_State *L, int keep, struct target *target)
{
    struct base_url base = {.scheme = ""};
    const char *text = TARGET_PRODUCTION;
    const char *fault;
    size_t length;
    bool allow_http;

    if (!take_string(L, keep, "base_url", &text))
        return false;
    length = strlen(text);
    fault = url_base_fault(text, length, &base);
    if (fault)
        return refuse(L, "base_url", fault);
    lua_getfield(L, keep, "allow_http");
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
        return refuse(L, "allow_http", "boolean expected");
    allow_http = lua_toboolean(L, -1);
    lua_pop(L, 1);
    target->loopback = url_is_loopback(base.host);
    target->plain = strcmp(base.scheme, "http") == 0;
    if (target->plain && !target->loopback && !allow_http)
        return refuse(L, "base_url", "plain http would show the key to everyone on the way: use https, or allow_http");

    while (text[length - 1] == '/')
        length--;
    lua_pushlstring(L, text, length);
    target->base_url = lua_tostring(L, -1);
    lua_setfield(L, keep, "base_url");
    if (strcasecmp(base.host, "localhost") == 0) {
        lua_pushfstring(L, "%s:%s:127.0.0.1,[::1]", base.host, base.port);
        target->resolve = curl_slist_append(NULL, lua_tostring(L, -1));
        if (!target->resolve)
            return refuse(L, "base_url", "out of memory");
        lua_pop(L, 1);
    }
    return true;
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}

/* Adds the "Name: value" on top to both lists and pops it. */
static bool add_header(lua_State *L, struct target *target)
{
    const char *line = lua_tostring(L, -1);

    if (!append(&target->headers, line) || !append(&target->headers_body, line))
        return refuse(L, "headers", "out of memory");
    lua_pop(L, 1);
    return true;
}

static bool add_user_headers(lua_State *L, int keep, const char *key_header, struct target *target)
{
    lua_getfield(L, keep, "headers");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return true;
    }
    if (!lua_istable(L, -1))
        return refuse(L, "headers", "a table of names and values expected");
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            return refuse(L, "headers", "a table of names and values expected");
        if (!is_token(lua_tostring(L, -2)) || strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2))
            return refuse(L, "headers", "a header's name holds a character that is not allowed");
        if (!is_header_value(lua_tostring(L, -1), lua_rawlen(L, -1)))
            return refuse(L, "headers", "a header's value holds a line break or another control character");
        if (is_ours(lua_tostring(L, -2), key_header)) {
            lua_pushfstring(L, "bad option 'headers' ('%s' is set by the library)", lua_tostring(L, -2));
            return false;
        }
        /* "Name;" is how libcurl sends a header without a value */
        lua_pushfstring(L, lua_rawlen(L, -1) ? "%s: %s" : "%s;", lua_tostring(L, -2), lua_tostring(L, -1));
        if (!add_header(L, target))
            return false;
    }
    lua_pop(L, 1);
    return true;
}

/* Pushes "Lua 5.4" or "LuaJIT 2.1.0-beta3". */
static void push_lua_version(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED"); /* not the global: a strict _G raises for one that is not there */
    lua_getfield(L, -1, "jit");
    lua_replace(L, -2);
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "version");
        lua_replace(L, -2);
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushstring(L, LUA_VERSION);
    }
}

static bool take_headers(lua_State *L, int keep, struct target *target)
{
    const char *key_header = KEY_HEADER;
    const char *user_agent = "";

    if (!take_string(L, keep, "key_header", &key_header) || !take_string(L, keep, "user_agent", &user_agent))
        return false;
    if (!is_token(key_header) || is_ours(key_header, ""))
        return refuse(L, "key_header", "it is not a header's name, or the name of one that the library sets");
    if (!is_header_value(user_agent, strlen(user_agent)))
        return refuse(L, "user_agent", "it holds a control character");

    push_lua_version(L);
    lua_pushfstring(L, "User-Agent: %s%scmr/%s (%s; libcurl/%s)", user_agent, *user_agent ? " " : "", CMR_VERSION,
                    lua_tostring(L, -1), curl_version_info(CURLVERSION_NOW)->version);
    lua_replace(L, -2);
    if (!add_header(L, target))
        return false;
    lua_pushliteral(L, "Accept: application/json");
    if (!add_header(L, target))
        return false;
    lua_pushliteral(L, "Expect:"); /* no waiting for 100-continue */
    if (!add_header(L, target))
        return false;
    if (target->key) {
        lua_pushfstring(L, "%s: %s", key_header, target->key);
        if (!add_header(L, target))
            return false;
    }
    /* libcurl would call a POST without a body a form */
    if (!append(&target->headers, "Content-Type:") || !append(&target->headers_body, "Content-Type: application/json"))
        return refuse(L, "headers", "out of memory");
    return add_user_headers(L, keep, key_header, target);
}

static const char *path_option_fault(const char *text, size_t length)
{
    static const char *const methods[] = {"GET ", "POST ", "PUT ", "PATCH ", "DELETE ", NULL};

    for (const char *const *method = methods; *method; method++) {
        const size_t prefix = strlen(*method);
        if (strncmp(text, *method, prefix) == 0)
            return url_path_fault(text + prefix, length - prefix);
    }
    return "it must say METHOD /path, as in 'GET /wallet'";
}

static bool take_paths(lua_State *L, int keep)
{
    const int copy = lua_gettop(L) + 1;

    lua_newtable(L);
    lua_getfield(L, keep, "endpoints");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 2);
        return true;
    }
    if (!lua_istable(L, -1))
        return refuse(L, "endpoints", "a table of operations and 'METHOD /path' expected");
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const char *fault = "'METHOD /path' expected";
        if (lua_type(L, -2) != LUA_TSTRING)
            return refuse(L, "endpoints", "a table of operations and 'METHOD /path' expected");
        if (!operation_by_name(lua_tostring(L, -2)))
            fault = "there is no such operation";
        else if (lua_type(L, -1) == LUA_TSTRING)
            fault = path_option_fault(lua_tostring(L, -1), lua_rawlen(L, -1));
        if (fault) {
            lua_pushfstring(L, "bad option 'endpoints.%s' (%s)", lua_tostring(L, -2), fault);
            return false;
        }
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, copy);
    }
    lua_pop(L, 1);
    lua_setfield(L, keep, "endpoints"); /* what becomes of the user's table later is not checked */
    return true;
}

static bool take_options(lua_State *L, int keep, struct target *target)
{
    double max_response = 16 * 1024 * 1024;
    double connect_timeout = 5;

    if (!take_key(L, keep, target) || !take_base_url(L, keep, target) || !take_headers(L, keep, target) ||
        !take_string(L, keep, "ca_file", &target->ca_file) || !take_string(L, keep, "proxy", &target->proxy) ||
        !take_number(L, keep, "max_response", 1, 1e9, &max_response) ||
        !take_number(L, keep, "connect_timeout", 0.001, 1e6, &connect_timeout) || !take_paths(L, keep))
        return false;
    if (target->proxy && !url_is_visible(target->proxy, strlen(target->proxy)))
        return refuse(L, "proxy", "only visible ASCII characters are allowed");
    target->max_response = (size_t)max_response;
    target->connect_timeout = (long)(connect_timeout * 1000);
    return true;
}

int target_new(lua_State *L)
{
    struct target *target;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        target_check(L, 2);
    target = cmr_newuserdata(L, sizeof *target); /* index 3 */
    *target = (struct target){.base_url = NULL};
    cmr_setmetatable(L, TARGET_TYPE);

    lua_newtable(L); /* index 4 */
    for (const char *const *name = option_names; *name; name++) {
        lua_getfield(L, 1, *name);
        if (lua_isnil(L, -1) && !lua_isnil(L, 2)) {
            lua_pop(L, 1);
            cmr_get_keep(L, 2);
            lua_getfield(L, -1, *name);
            lua_replace(L, -2);
        }
        lua_setfield(L, 4, *name);
    }
    lua_pushvalue(L, 4);
    cmr_set_keep(L, 3);
    if (!take_options(L, 4, target)) {
        push_masked(L, lua_tostring(L, -1), lua_rawlen(L, -1), target->key);
        quote_printable(L, QUOTE_ARGUMENT); /* names in it may come from data */
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_settop(L, 3);
    return 1;
}

static struct target *check(lua_State *L, int index)
{
    return luaL_checkudata(L, index, TARGET_TYPE);
}

struct target *target_check(lua_State *L, int index)
{
    struct target *target = check(L, index);

    luaL_argcheck(L, target->base_url, index, "the target was finalized");
    return target;
}

void target_push_path(lua_State *L, int index, const char *operation)
{
    cmr_get_keep(L, index);
    lua_getfield(L, -1, "endpoints");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, operation);
        lua_replace(L, -2);
    }
    lua_replace(L, -2);
}

static int target_gc(lua_State *L)
{
    struct target *target = check(L, 1);

    curl_slist_free_all(target->headers);
    curl_slist_free_all(target->headers_body);
    curl_slist_free_all(target->resolve);
    *target = (struct target){.base_url = NULL};
    return 0;
}

/* The base URL, never the key. */
static int target_tostring(lua_State *L)
{
    const struct target *target = check(L, 1);

    lua_pushfstring(L, "%s: %s", TARGET_TYPE, target->base_url ? target->base_url : "(none)");
    return 1;
}

/* target:key_id() -> a name for the key that does not tell it: what shares a rate limit. "" without a key. */
static int target_key_id(lua_State *L)
{
    static const char message[] = "cmr key id";
    struct target *target = target_check(L, 1);
    unsigned char digest[HMAC_SIZE];

    if (target->key && !*target->key_id && /* every call asks, and a digest takes as long as decoding its answer */
        hmac_sha256(target->key, strlen(target->key), message, sizeof message - 1, digest))
        for (size_t i = 0; i < 8; i++)
            (void)snprintf(target->key_id + 2 * i, 3, "%02x", digest[i]);
    lua_pushstring(L, target->key_id);
    return 1;
}

void target_open(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", target_gc}, {"__tostring", target_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"key_id", target_key_id}, {NULL, NULL}};

    cmr_newtype(L, TARGET_TYPE, meta, methods);
}
