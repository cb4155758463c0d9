#include "request.h"

#include <string.h>

#include "call.h"
#include "check.h"
#include "compat.h"
#include "error.h"
#include "json.h"
#include "target.h"
#include "url.h"

static int usage(struct check *check, const char *name)
{
    const struct fault fault = {.kind = KIND_INVALID_ARGUMENT, .outcome = NOT_SENT, .mistake = check->mistake};

    push_masked(check->L, lua_tostring(check->L, -1), lua_rawlen(check->L, -1), target_check(check->L, 1)->key);
    quote_printable(check->L, QUOTE_ARGUMENT); /* names in it may come from data */
    return error_return(check->L, name, fault, 0);
}

/* A refused append is a value too long for a URL, or the end of memory. */
static bool url_refused(struct check *check, struct buffer *url)
{
    if (!url->overflow)
        luaL_error(check->L, "not enough memory");
    lua_pushfstring(check->L, "the arguments make a URL of more than %d bytes", (int)url->maximum);
    return check_failed(check, false);
}

static bool append_pair(struct buffer *url, bool first, const char *name, const char *value, size_t length)
{
    return buffer_append_string(url, first ? "?" : "&") && buffer_append_escaped(url, name, strlen(name)) &&
           buffer_append_string(url, "=") && buffer_append_escaped(url, value, length);
}

/* The value at index as the query writes it; pushed. */
static const char *push_query_value(lua_State *L, int index, size_t *length)
{
    if (lua_isboolean(L, index))
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    else if (lua_type(L, index) == LUA_TNUMBER && cmr_is_whole(lua_tonumber(L, index)))
        cmr_push_whole(L, lua_tonumber(L, index)); /* 3, also where it came as 3.0 */
    else
        lua_pushvalue(L, index);
    return lua_tolstring(L, -1, length);
}

/* Of the fields no row knows, the next one by name; NULL when there is none. */
static const char *next_open(struct check *check, int fields, const char *after)
{
    lua_State *L = check->L;
    const char *next = NULL;

    for (lua_pushnil(L); lua_next(L, fields); lua_pop(L, 1)) {
        const char *name = lua_tostring(L, -2); /* the table keeps it */
        const struct param *param = operation_param(check->operation, name);
        if ((!param || !check_is_field(param)) && strcmp(name, after) > 0 && (!next || strcmp(name, next) < 0))
            next = name;
    }
    return next;
}

static bool append_field(struct check *check, struct call *call, int fields, const char *name, bool *first)
{
    lua_State *L = check->L;
    size_t length;
    const char *value;

    lua_getfield(L, fields, name);
    if (!lua_isnil(L, -1)) {
        value = push_query_value(L, lua_gettop(L), &length);
        if (!append_pair(&call->url, *first, name, value, length))
            return url_refused(check, &call->url);
        *first = false;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return true;
}

static bool build_url(struct check *check, struct call *call, const char *path, int fields)
{
    bool first = true;

    if (!buffer_append_string(&call->url, call->target->base_url) || !buffer_append_string(&call->url, path))
        return url_refused(check, &call->url);
    for (const struct param *param = check->operation->params; param->name; param++)
        if (param->place == QUERY && check_is_field(param) && !append_field(check, call, fields, param->name, &first))
            return false;
    if (check->rest == QUERY)
        for (const char *name = ""; (name = next_open(check, fields, name));)
            if (!append_field(check, call, fields, name, &first))
                return false;
    return true;
}

/* Encodes the cleaned table on top and gives it to the call. */
static bool set_body(struct check *check, struct call *call, int index)
{
    lua_State *L = check->L;

    if (!json_encode(L, lua_gettop(L)))
        return check_failed(check, false);
    call->request_body = lua_tolstring(L, -1, &call->request_body_length);
    call_keep(L, index, "body");
    return true;
}

static bool build_body(struct check *check, struct call *call, int index, int fields)
{
    lua_State *L = check->L;
    bool wanted = false;

    lua_newtable(L);
    for (const struct param *param = check->operation->params; param->name; param++) {
        if (param->place != BODY || !check_is_field(param))
            continue;
        wanted = true;
        lua_getfield(L, fields, param->name);
        lua_setfield(L, -2, param->name);
    }
    if (check->rest == BODY)
        for (const char *name = ""; (name = next_open(check, fields, name)); wanted = true) {
            lua_getfield(L, fields, name);
            lua_setfield(L, -2, name);
        }
    return !wanted || set_body(check, call, index);
}

/* Where names are open, the user's method decides what a field is: a GET has a query. */
static enum place place_of_rest(const struct operation *operation, const char *method)
{
    if (!operation->rest || strcmp(method, "GET") == 0)
        return operation->rest ? QUERY : 0;
    return operation->method && strcmp(operation->method, "GET") == 0 ? BODY : operation->rest;
}

/* Finds method and path: the user's paths before the table's. Pushes what the call must keep for them. */
static bool find_path(struct check *check, struct call *call, int index, const char **path)
{
    lua_State *L = check->L;

    if (check->operation->flags & FORM) {
        lua_pushliteral(L, "it takes multipart form data, which is not built while its path is not documented");
        return check_failed(check, true);
    }
    target_push_path(L, 1, check->operation->name);
    if (lua_isstring(L, -1)) {
        const char *override = lua_tostring(L, -1);
        *path = strchr(override, ' ') + 1;
        lua_pushlstring(L, override, (size_t)(*path - override) - 1);
        call->method = lua_tostring(L, -1);
        call_keep(L, index, "method");
        check->rest = place_of_rest(check->operation, call->method);
        return true; /* the target keeps the override */
    }
    lua_pop(L, 1);
    check->rest = check->operation->rest;
    call->method = check->operation->method;
    *path = check->operation->path;
    if (call->method && *path)
        return true;
    lua_pushfstring(L, "the %s of %s is not documented: supply it with cmr.new{endpoints = {%s = 'METHOD %s'}}",
                    *path ? "method" : "path", check->operation->name, check->operation->name, *path ? *path : "/path");
    return check_failed(check, true);
}

static bool check_key(struct check *check, const struct call *call)
{
    if (call->target->key)
        return true;
    lua_pushliteral(check->L, "no API key: set CMR_API_KEY (nginx needs 'env CMR_API_KEY;' as well) or give api_key");
    return check_failed(check, false);
}

static int ready(lua_State *L, struct call *call, int index)
{
    call->state = CALL_READY;
    lua_pushvalue(L, index);
    return 1;
}

int request_operation(lua_State *L, const struct operation *operation)
{
    struct check check = {.L = L, .operation = operation};
    const int index = lua_gettop(L) + 1;
    int last = index - 1;
    const char *path = NULL;
    struct call *call;
    int fields;

    target_check(L, 1);
    while (last > 1 && lua_isnil(L, last))
        last--;
    luaL_checkstack(L, 20, NULL);
    call = call_new(L, 1);
    call->operation = operation;
    call->name = operation->name;
    if (!find_path(&check, call, index, &path) || !check_arguments(&check, 2, last))
        return usage(&check, operation->name);
    fields = lua_gettop(L);
    if (!build_url(&check, call, path, fields) || !build_body(&check, call, index, fields) || !check_key(&check, call))
        return usage(&check, operation->name);
    return ready(L, call, index);
}

static bool bad_query(struct check *check)
{
    lua_pushliteral(check->L, "bad field 'query' (a list of {name, value} expected)");
    return check_failed(check, true);
}

/* The query of a raw request: a list of {name, value}. */
static bool build_raw_url(struct check *check, struct call *call, const char *path, int options)
{
    lua_State *L = check->L;
    const int top = lua_gettop(L);
    bool first = true;

    if (!buffer_append_string(&call->url, call->target->base_url) || !buffer_append_string(&call->url, path))
        return url_refused(check, &call->url);
    lua_getfield(L, options, "query");
    if (lua_isnil(L, -1))
        return true;
    if (!lua_istable(L, -1))
        return bad_query(check);
    for (int i = 1;; i++, first = false, lua_settop(L, top + 1)) {
        size_t length;
        const char *name;
        const char *value;
        lua_rawgeti(L, top + 1, i);
        if (lua_isnil(L, -1))
            return true;
        if (!lua_istable(L, -1))
            return bad_query(check);
        lua_rawgeti(L, top + 2, 1);
        lua_rawgeti(L, top + 2, 2);
        if (lua_type(L, top + 3) != LUA_TSTRING)
            return bad_query(check);
        name = lua_tostring(L, top + 3);
        if (strlen(name) != lua_rawlen(L, top + 3))
            return bad_query(check);
        if (lua_type(L, top + 4) != LUA_TSTRING && lua_type(L, top + 4) != LUA_TNUMBER && !lua_isboolean(L, top + 4)) {
            lua_pushfstring(L, "bad field 'query.%s' (string, number or boolean expected, got %s)", name,
                            luaL_typename(L, top + 4));
            return check_failed(check, true);
        }
        if (lua_type(L, top + 4) == LUA_TNUMBER && !check_any(check, top + 4, lua_pushfstring(L, "query.%s", name)))
            return false;
        value = push_query_value(L, top + 4, &length);
        if (memchr(value, '\0', length) || strpbrk(value, "\r\n")) {
            lua_pushfstring(L, "'query.%s' holds a line break or a NUL byte", name);
            return check_failed(check, false);
        }
        if (!append_pair(&call->url, first, name, value, length))
            return url_refused(check, &call->url);
    }
}

static bool build_raw_body(struct check *check, struct call *call, int index, int options)
{
    lua_State *L = check->L;

    lua_getfield(L, options, "body");
    if (lua_isnil(L, -1))
        return true;
    if (!lua_istable(L, -1)) {
        lua_pushfstring(L, "bad field 'body' (table expected, got %s)", luaL_typename(L, -1));
        return check_failed(check, true);
    }
    return check_any(check, lua_gettop(L), "body") && set_body(check, call, index);
}

static bool check_method_and_path(struct check *check, struct call *call, const char *path, size_t length)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
    const char *fault = url_path_fault(path, length);
    const char *const *known = methods;

    while (*known && strcmp(*known, call->method) != 0)
        known++;
    if (!*known || strlen(call->method) != lua_rawlen(check->L, 2))
        lua_pushliteral(check->L, "bad method (GET, POST, PUT, PATCH or DELETE expected)");
    else if (fault)
        lua_pushfstring(check->L, "bad path (%s)", fault);
    else if (length > call->url.maximum)
        return !buffer_append(&call->url, path, length) && url_refused(check, &call->url);
    else
        return true;
    return check_failed(check, true);
}

int request_raw(lua_State *L)
{
    struct check check = {.L = L};
    struct call *call;
    const char *path;
    size_t length;

    target_check(L, 1);
    luaL_checkstring(L, 2);
    path = luaL_checklstring(L, 3, &length);
    lua_settop(L, 4);
    if (lua_isnil(L, 4)) {
        lua_newtable(L);
        lua_replace(L, 4);
    }
    luaL_checktype(L, 4, LUA_TTABLE);
    call = call_new(L, 1); /* index 5 */
    lua_pushvalue(L, 2);
    call->method = lua_tostring(L, -1);
    call_keep(L, 5, "method");
    lua_pushfstring(L, "%s %s", lua_tostring(L, 2), path);
    push_masked(L, lua_tostring(L, -1), lua_rawlen(L, -1), call->target->key);
    lua_replace(L, -2);
    call->name = lua_tostring(L, -1);
    call_keep(L, 5, "name");
    if (!check_method_and_path(&check, call, path, length))
        return usage(&check, "request");
    if (!build_raw_url(&check, call, path, 4) || !build_raw_body(&check, call, 5, 4) || !check_key(&check, call))
        return usage(&check, call->name);
    return ready(L, call, 5);
}
