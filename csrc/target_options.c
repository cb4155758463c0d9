#include "target_options.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "operations.h"
#include "text.h"
#include "url.h"
#include "version.h"

#define KEY_HEADER "cmr-x-api-key" /* from the quickstart pages */

const char *const target_option_names[] = {"api_key",      "key_header",      "base_url",   "ca_file",
                                           "proxy",        "headers",         "user_agent", "allow_http",
                                           "max_response", "connect_timeout", "endpoints",  NULL};

void target_options_push_names(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; target_option_names[i]; i++) {
        lua_pushstring(L, target_option_names[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* A take_ function checks one option or more. When it refuses it may leave values on the stack, which
   target_options_check removes. */
struct options {
    lua_State *L;
    int table;
    struct target *target;
    struct refusal *refusal;
};

static bool bad_option(const struct options *options, const char *name, const char *reason)
{
    (void)refuse(options->refusal, BAD_OPTION, reason);
    return refuse_in_member(options->refusal, name);
}

/* For the value on top. */
static bool bad_type(const struct options *options, const char *name, const char *expected)
{
    (void)refuse_unexpected(options->refusal, BAD_OPTION, luaL_typename(options->L, -1), "%s", expected);
    return refuse_in_member(options->refusal, name);
}

static bool out_of_memory(const struct options *options, const char *name)
{
    (void)refuse_data(options->refusal, BAD_OPTION, "out of memory");
    return refuse_in_member(options->refusal, name);
}

/* Leaves *value alone when the option is absent. */
static bool take_string(const struct options *options, const char *name, const char **value)
{
    lua_State *L = options->L;

    lua_getfield(L, options->table, name);
    if (!lua_isnil(L, -1)) {
        if (lua_type(L, -1) != LUA_TSTRING)
            return bad_type(options, name, "a string");
        *value = text_without_nul(L, -1);
        if (!*value)
            return bad_option(options, name, "it holds a NUL byte");
    }
    lua_pop(L, 1); /* the table keeps the string */
    return true;
}

static bool take_number(const struct options *options, const char *name, double least, double most, double *value)
{
    lua_State *L = options->L;
    char got[32];

    lua_getfield(L, options->table, name);
    if (!lua_isnil(L, -1)) {
        *value = lua_tonumber(L, -1);
        if (lua_type(L, -1) != LUA_TNUMBER || !(*value >= least && *value <= most)) {
            (void)snprintf(got, sizeof got, "%.14g", isnan(*value) ? fabs(*value) : *value); /* without a sign */
            (void)refuse_unexpected(options->refusal, BAD_OPTION,
                                    lua_type(L, -1) == LUA_TNUMBER ? got : luaL_typename(L, -1),
                                    "a number from %.14g to %.14g", least, most);
            return refuse_in_member(options->refusal, name);
        }
    }
    lua_pop(L, 1);
    return true;
}

static bool take_boolean(const struct options *options, const char *name, bool *value)
{
    lua_getfield(options->L, options->table, name);
    if (!lua_isnil(options->L, -1) && !lua_isboolean(options->L, -1))
        return bad_type(options, name, "a boolean");
    *value = lua_toboolean(options->L, -1);
    lua_pop(options->L, 1);
    return true;
}

static bool take_key(const struct options *options)
{
    struct target *target = options->target;

    if (!take_string(options, "api_key", &target->key))
        return false;
    if (target->key && !*target->key)
        target->key = NULL;
    return !target->key || url_is_visible(target->key, strlen(target->key)) ||
           bad_option(options, "api_key", "it holds a space, a line break or another character that no key has");
}

/* Pins localhost to loopback, whatever a resolver says. */
static bool pin_localhost(const struct options *options, const struct base_url *base)
{
    lua_State *L = options->L;

    if (strcasecmp(base->host, "localhost") != 0)
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
    const char *text = TARGET_PRODUCTION;
    size_t length;
    bool allow_http = false;

    if (!take_string(options, "base_url", &text) || !take_boolean(options, "allow_http", &allow_http))
        return false;
    length = strlen(text);
    if (!url_check_base(text, length, &base, options->refusal))
        return refuse_in_member(options->refusal, "base_url");
    target->loopback = url_is_loopback(base.host);
    target->plain = strcmp(base.scheme, "http") == 0;
    if (target->plain && !target->loopback && !allow_http)
        return bad_option(options, "base_url",
                          "plain http would show the key to everyone on the way: use https, or allow_http");
    while (text[length - 1] == '/')
        length--;
    lua_pushlstring(L, text, length);
    target->base_url = lua_tostring(L, -1);
    lua_setfield(L, options->table, "base_url");
    return pin_localhost(options, &base);
}

/* The characters that RFC 9110 allows in a header's name. */
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

/* A header's value: without control characters it cannot become two headers. */
static bool is_header_value(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return false;
    return true;
}

/* The headers that the library sets itself. */
static bool is_reserved(const char *name, const char *key_header)
{
    static const char *const reserved[] = {
        "host",   "content-length", "content-type",    "transfer-encoding", "connection",
        "expect", "accept",         "accept-encoding", "user-agent",        NULL};

    for (const char *const *header = reserved; *header; header++)
        if (strcasecmp(name, *header) == 0)
            return true;
    return strcasecmp(name, key_header) == 0;
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}

/* Adds the "Name: value" on top to both lists and pops it. */
static bool add_header(const struct options *options)
{
    const char *line = lua_tostring(options->L, -1);

    if (!append(&options->target->headers, line) || !append(&options->target->headers_body, line))
        return out_of_memory(options, "headers");
    lua_pop(options->L, 1);
    return true;
}

/* Adds the name at index -2 with the value on top. */
static bool add_user_header(const struct options *options, const char *key_header)
{
    static const char expected[] = "a table of names and values";
    lua_State *L = options->L;
    const char *name = text_without_nul(L, -2);

    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
        (void)refuse_unexpected(options->refusal, BAD_OPTION, NULL, "%s", expected);
        return refuse_in_member(options->refusal, "headers");
    }
    if (!name || !is_token(name))
        return bad_option(options, "headers", "a header's name holds a character that is not allowed");
    if (!is_header_value(lua_tostring(L, -1), lua_rawlen(L, -1)))
        return bad_option(options, "headers", "a header's value holds a line break or another control character");
    if (is_reserved(name, key_header)) {
        (void)bad_option(options, name, "it is set by the library");
        return refuse_in_member(options->refusal, "headers");
    }
    /* "Name;" is how libcurl sends a header without a value */
    lua_pushfstring(L, lua_rawlen(L, -1) ? "%s: %s" : "%s;", name, lua_tostring(L, -1));
    return add_header(options);
}

static bool add_user_headers(const struct options *options, const char *key_header)
{
    lua_State *L = options->L;

    lua_getfield(L, options->table, "headers");
    if (!lua_isnil(L, -1) && !lua_istable(L, -1))
        return bad_type(options, "headers", "a table of names and values");
    if (lua_istable(L, -1))
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            if (!add_user_header(options, key_header))
                return false;
    lua_pop(L, 1);
    return true;
}

/* Pushes "Lua 5.4" or "LuaJIT 2.1.0-beta3". */
static void push_lua_version(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED"); /* a strict _G may raise for a global that is absent */
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

static bool add_own_headers(const struct options *options, const char *key_header, const char *user_agent)
{
    lua_State *L = options->L;
    struct target *target = options->target;

    push_lua_version(L);
    lua_pushfstring(L, "User-Agent: %s%scmr/%s (%s; libcurl/%s)", user_agent, *user_agent ? " " : "", CMR_VERSION,
                    lua_tostring(L, -1), curl_version_info(CURLVERSION_NOW)->version);
    lua_replace(L, -2);
    if (!add_header(options))
        return false;
    lua_pushliteral(L, "Accept: application/json");
    if (!add_header(options))
        return false;
    lua_pushliteral(L, "Expect:"); /* no waiting for 100-continue */
    if (!add_header(options))
        return false;
    if (target->key) {
        lua_pushfstring(L, "%s: %s", key_header, target->key);
        if (!add_header(options))
            return false;
    }
    /* libcurl would call a POST without a body a form */
    return (append(&target->headers, "Content-Type:") &&
            append(&target->headers_body, "Content-Type: application/json")) ||
           out_of_memory(options, "headers");
}

static bool take_headers(const struct options *options)
{
    const char *key_header = KEY_HEADER;
    const char *user_agent = "";

    if (!take_string(options, "key_header", &key_header) || !take_string(options, "user_agent", &user_agent))
        return false;
    if (!is_token(key_header) || is_reserved(key_header, ""))
        return bad_option(options, "key_header", "it is not a header's name, or the name of one that the library sets");
    if (!is_header_value(user_agent, strlen(user_agent)))
        return bad_option(options, "user_agent", "it holds a control character");
    return add_own_headers(options, key_header, user_agent) && add_user_headers(options, key_header);
}

/* Copies the entry at index -2 and -1, an operation and its "METHOD /path", into the table at `copy`. */
static bool take_endpoint(const struct options *options, int copy)
{
    lua_State *L = options->L;
    const char *operation = lua_tostring(L, -2);
    const char *endpoint = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    const char *path;

    if (!operation_by_name(operation))
        (void)bad_option(options, operation, "there is no such operation");
    else if (!endpoint)
        (void)bad_type(options, operation, "'METHOD /path'");
    else if (!url_split_endpoint(endpoint, &path))
        (void)bad_option(options, operation, "it must say METHOD /path, as in 'GET /wallet'");
    else if (!url_check_path(path, lua_rawlen(L, -1) - (size_t)(path - endpoint), options->refusal, BAD_OPTION))
        (void)refuse_in_member(options->refusal, operation);
    else {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, copy);
        return true;
    }
    return refuse_in_member(options->refusal, "endpoints");
}

/* Replaces the endpoints by a copy: later changes to the user's table are not checked. */
static bool take_endpoints(const struct options *options)
{
    static const char expected[] = "a table of operations and 'METHOD /path'";
    lua_State *L = options->L;
    const int copy = lua_gettop(L) + 1;

    lua_newtable(L);
    lua_getfield(L, options->table, "endpoints");
    if (lua_isnil(L, -1))
        return true;
    if (!lua_istable(L, -1))
        return bad_type(options, "endpoints", expected);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            (void)refuse_unexpected(options->refusal, BAD_OPTION, NULL, "%s", expected);
            return refuse_in_member(options->refusal, "endpoints");
        }
        if (!take_endpoint(options, copy))
            return false;
    }
    lua_pushvalue(L, copy);
    lua_setfield(L, options->table, "endpoints");
    return true;
}

static bool take_all(const struct options *options)
{
    struct target *target = options->target;
    double max_response = 16 * 1024 * 1024;
    double connect_timeout = 5;

    if (!take_key(options) || !take_base_url(options) || !take_headers(options) ||
        !take_string(options, "ca_file", &target->ca_file) || !take_string(options, "proxy", &target->proxy) ||
        !take_number(options, "max_response", 1, 1e9, &max_response) ||
        !take_number(options, "connect_timeout", 0.001, 1e6, &connect_timeout) || !take_endpoints(options))
        return false;
    if (target->proxy && !url_is_visible(target->proxy, strlen(target->proxy)))
        return bad_option(options, "proxy", "only visible ASCII characters are allowed");
    target->max_response = (size_t)max_response;
    target->connect_timeout = (long)(connect_timeout * 1000);
    return true;
}

bool target_options_check(lua_State *L, int index, struct target *target, struct refusal *refusal)
{
    const struct options options = {.L = L, .table = index, .target = target, .refusal = refusal};
    const int top = lua_gettop(L);
    const bool taken = take_all(&options);

    lua_settop(L, top);
    return taken;
}
