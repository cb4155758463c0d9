#include "request.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "compat.h"
#include "error.h"
#include "json.h"
#include "nearest.h"
#include "target.h"

/*
 * A check pushes what it made and returns true, or pushes a message and returns false; mistake then says whose fault it
 * is. A row is found by its pattern ("domains[].domain"), a message names the path ("domains[2].domain").
 */
struct check {
    lua_State *L;
    const struct operation *operation;
    bool mistake;
};

static bool wrong(struct check *check, bool mistake)
{
    check->mistake = mistake;
    return false;
}

static int usage(struct check *check, const char *name)
{
    const struct fault fault = {.kind = KIND_USAGE, .outcome = NOT_SENT, .mistake = check->mistake};
    return error_return(check->L, name, fault, 0);
}

/* The last part of a row's name when it is a member of the pattern's object, or NULL. */
static const char *member_name(const char *row, const char *pattern)
{
    const size_t length = strlen(pattern);
    const char *member = row;

    if (length) {
        if (strncmp(row, pattern, length) != 0 || row[length] != '.')
            return NULL;
        member = row + length + 1;
    }
    return *member == '*' || strpbrk(member, ".[") ? NULL : member;
}

/* The pattern of a part of another, pushed: "google" and ".clientId", "domains" and "[]". */
static const char *push_joined(lua_State *L, const char *pattern, const char *separator, const char *part)
{
    return lua_pushfstring(L, "%s%s%s", pattern, *pattern ? separator : "", part);
}

static bool unknown_field(struct check *check, const char *pattern, const char *path, const char *key)
{
    struct nearest nearest = {.wanted = key};

    for (const struct param *param = check->operation->params; param->name; param++) {
        const char *member = member_name(param->name, pattern);
        if (member)
            nearest_offer(&nearest, member, strlen(member));
    }
    push_joined(check->L, path, ".", key);
    if (nearest.name)
        lua_pushfstring(check->L, "bad field '%s' (did you mean '%s'?)", lua_tostring(check->L, -1), nearest.name);
    else
        lua_pushfstring(check->L, "bad field '%s' (%s has no such field)", lua_tostring(check->L, -1),
                        check->operation->name);
    return wrong(check, true);
}

static bool bad_type(struct check *check, const struct param *param, int index, const char *path)
{
    const bool id_as_number = param->type == STRING && lua_type(check->L, index) == LUA_TNUMBER;

    lua_pushfstring(check->L, "bad field '%s' (%s expected, got %s%s)", path, type_name(param->type),
                    json_is_null(check->L, index) ? "null" : luaL_typename(check->L, index),
                    id_as_number ? ": ids are strings, so that no digit is lost" : "");
    return wrong(check, true);
}

static bool check_value(struct check *check, const struct param *param, int index, const char *path);

/* Every member must have a row, every required row a member. */
static bool check_object(struct check *check, int index, const char *pattern, const char *path)
{
    lua_State *L = check->L;
    const int copy = lua_gettop(L) + 1;

    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, copy + 1)) {
        const struct param *param;
        const char *key;
        if (lua_type(L, copy + 1) != LUA_TSTRING) {
            lua_pushfstring(L, "bad field '%s' (its members need names)", *path ? path : "[1]");
            return wrong(check, true);
        }
        key = lua_tostring(L, copy + 1);
        param = operation_param(check->operation, push_joined(L, pattern, ".", key));
        if (!param || !member_name(param->name, pattern))
            return unknown_field(check, pattern, path, key);
        if (!check_value(check, param, copy + 2, push_joined(L, path, ".", key)))
            return false;
        lua_setfield(L, copy, key);
    }
    for (const struct param *param = check->operation->params; param->name; param++) {
        const char *member = member_name(param->name, pattern);
        if (!member || !(param->flags & REQUIRED))
            continue;
        lua_getfield(L, copy, member);
        if (lua_isnil(L, -1) || json_is_null(L, -1)) {
            lua_pushfstring(L, "missing required argument '%s'", push_joined(L, path, ".", member));
            return wrong(check, true);
        }
        lua_pop(L, 1);
    }
    return true;
}

/* Any JSON value: what the table says nothing more about. */
static bool check_any(struct check *check, int index, const char *path)
{
    return json_clean(check->L, index, path) || wrong(check, true);
}

static bool check_array(struct check *check, const struct param *param, int index, const char *path)
{
    lua_State *L = check->L;
    const struct param *item = operation_param(check->operation, push_joined(L, param->name, "", "[]"));
    const size_t length = lua_rawlen(L, index);
    size_t keys = 0;
    int copy;

    if (!item && length)
        return check_any(check, index, path);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        keys++;
    if (keys != length) {
        lua_pushfstring(L, "bad field '%s' (array expected: the items 1 to n, and no names)", path);
        return wrong(check, true);
    }
    if (!length) {
        json_push_empty_array(L);
        return true;
    }
    lua_createtable(L, (int)length, 0);
    copy = lua_gettop(L);
    for (size_t i = 1; i <= length; i++) {
        lua_rawgeti(L, index, (int)i);
        if (!check_value(check, item, copy + 1, lua_pushfstring(L, "%s[%d]", path, (int)i)))
            return false;
        lua_rawseti(L, copy, (int)i);
        lua_settop(L, copy);
    }
    return true;
}

static bool check_map(struct check *check, const struct param *param, int index, const char *path)
{
    lua_State *L = check->L;
    const struct param *value = operation_param(check->operation, push_joined(L, param->name, ".", "*"));
    int copy;

    if (!value)
        return check_any(check, index, path);
    lua_newtable(L);
    copy = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, copy + 1)) {
        if (lua_type(L, copy + 1) != LUA_TSTRING || strlen(lua_tostring(L, copy + 1)) != lua_rawlen(L, copy + 1)) {
            lua_pushfstring(L, "bad field '%s' (its members need names)", path);
            return wrong(check, true);
        }
        if (!check_value(check, value, copy + 2, push_joined(L, path, ".", lua_tostring(L, copy + 1))))
            return false;
        lua_setfield(L, copy, lua_tostring(L, copy + 1));
    }
    return true;
}

static bool in_set(const char *values, const char *value, size_t length)
{
    for (;;) {
        const size_t span = strcspn(values, "|");
        if (span == length && memcmp(values, value, length) == 0)
            return true;
        if (!values[span])
            return false;
        values += span + 1;
    }
}

static bool check_string(struct check *check, const struct param *param, int index, const char *path)
{
    lua_State *L = check->L;
    size_t length;
    const char *value = lua_tolstring(L, index, &length);

    if (!length && (param->place == QUERY || param->flags & (REQUIRED | EITHER | ONE_OF))) {
        lua_pushfstring(L, "'%s' is empty", path);
        return wrong(check, false);
    }
    if (memchr(value, '\0', length)) {
        lua_pushfstring(L, "'%s' holds a NUL byte", path);
        return wrong(check, false);
    }
    if (param->place == QUERY && strpbrk(value, "\r\n")) {
        lua_pushfstring(L, "'%s' holds a line break", path);
        return wrong(check, false);
    }
    if (param->values && !in_set(param->values, value, length)) {
        lua_pushfstring(L, "bad field '%s' (one of %s expected)", path, param->values);
        return wrong(check, true);
    }
    lua_pushvalue(L, index);
    return true;
}

/* Pushes a copy of the value at index, fit for the query or for JSON. */
static bool check_value(struct check *check, const struct param *param, int index, const char *path)
{
    lua_State *L = check->L;

    luaL_checkstack(L, 10, "nested too deep");
    if (json_is_null(L, index) && param->place == BODY && !(param->flags & (REQUIRED | EITHER | ONE_OF))) {
        json_push_null(L);
        return true;
    }
    switch (param->type) {
    case STRING:
        return lua_type(L, index) == LUA_TSTRING ? check_string(check, param, index, path)
                                                 : bad_type(check, param, index, path);
    case INTEGER:
        return cmr_is_integer(L, index) ? check_any(check, index, path) : bad_type(check, param, index, path);
    case NUMBER:
        return lua_type(L, index) == LUA_TNUMBER ? check_any(check, index, path) : bad_type(check, param, index, path);
    case BOOLEAN:
        return lua_isboolean(L, index) ? check_any(check, index, path) : bad_type(check, param, index, path);
    case ARRAY:
        return lua_istable(L, index) ? check_array(check, param, index, path) : bad_type(check, param, index, path);
    case OBJECT:
        return lua_istable(L, index) ? check_object(check, index, param->name, path)
                                     : bad_type(check, param, index, path);
    case MAP:
        return lua_istable(L, index) ? check_map(check, param, index, path) : bad_type(check, param, index, path);
    default:
        return check_any(check, index, path);
    }
}

static int count_positional(const struct operation *operation)
{
    int count = 0;
    for (const struct param *param = operation->params; param->name; param++)
        count += (param->flags & POSITIONAL) != 0;
    return count;
}

static bool too_many(struct check *check)
{
    const char *name = check->operation->name;
    const int count = count_positional(check->operation);

    if (count)
        lua_pushfstring(check->L, "at most %d positional argument%s, then one table of fields", count,
                        count == 1 ? "" : "s");
    else
        lua_pushfstring(check->L, "it takes names only: %s{%s = ...}", name, check->operation->params->name);
    return wrong(check, true);
}

/* Pushes one table of all arguments: the leading scalars under their names, then the last table's fields. */
static bool collect(struct check *check, int first, int last)
{
    lua_State *L = check->L;
    const struct param *param = check->operation->params;
    const int fields = last >= first && lua_istable(L, last) ? last : 0;
    const int scalars = fields ? last - 1 : last;
    int all;

    lua_newtable(L);
    all = lua_gettop(L);
    for (int index = first; index <= scalars; index++, param++) {
        while (param->name && !(param->flags & POSITIONAL))
            param++;
        if (!param->name)
            return too_many(check);
        if (lua_istable(L, index)) {
            lua_pushliteral(L, "the table of fields must be the last argument");
            return wrong(check, true);
        }
        lua_pushvalue(L, index);
        lua_setfield(L, all, param->name);
    }
    if (!fields)
        return true;
    for (lua_pushnil(L); lua_next(L, fields); lua_settop(L, all + 1)) {
        lua_pushvalue(L, all + 1);
        lua_rawget(L, all);
        if (!lua_isnil(L, -1)) {
            lua_pushfstring(L, "'%s' is given twice", lua_tostring(L, all + 1));
            return wrong(check, true);
        }
        lua_pop(L, 1);
        lua_pushvalue(L, all + 1);
        lua_insert(L, -2);
        lua_rawset(L, all);
    }
    return true;
}

/* Of the parameters marked EITHER at least one, of those marked ONE_OF exactly one. */
static bool check_either(struct check *check, int fields)
{
    lua_State *L = check->L;
    bool exactly = false;
    int marked = 0;
    int given = 0;

    lua_pushliteral(L, "");
    for (const struct param *param = check->operation->params; param->name; param++) {
        if (!(param->flags & (EITHER | ONE_OF)))
            continue;
        exactly = param->flags & ONE_OF;
        lua_pushfstring(L, marked++ ? "%s or '%s'" : "%s'%s'", lua_tostring(L, -1), param->name);
        lua_replace(L, -2);
        lua_getfield(L, fields, param->name);
        given += !lua_isnil(L, -1);
        lua_pop(L, 1);
    }
    if (!marked || given == 1 || (given > 1 && !exactly)) {
        lua_pop(L, 1);
        return true;
    }
    lua_pushfstring(L, given ? "only one of %s can be given" : "missing required argument: %s", lua_tostring(L, -1));
    return wrong(check, true);
}

/* A refused append is a value too long for a URL, or the end of memory. */
static bool url_refused(struct check *check, struct buffer *url)
{
    if (!url->overflow)
        luaL_error(check->L, "not enough memory");
    lua_pushfstring(check->L, "the arguments make a URL of more than %d bytes", (int)url->maximum);
    return wrong(check, false);
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
        lua_pushinteger(L, (lua_Integer)lua_tonumber(L, index)); /* 3, also where it came as 3.0 */
    else
        lua_pushvalue(L, index);
    return lua_tolstring(L, -1, length);
}

static bool build_url(struct check *check, struct call *call, const char *path, int fields)
{
    lua_State *L = check->L;
    bool first = true;

    if (!buffer_append_string(&call->url, call->target->base_url) || !buffer_append_string(&call->url, path))
        return url_refused(check, &call->url);
    for (const struct param *param = check->operation->params; param->name; param++) {
        if (param->place != QUERY || !member_name(param->name, ""))
            continue;
        lua_getfield(L, fields, param->name);
        if (!lua_isnil(L, -1)) {
            size_t length;
            const char *value = push_query_value(L, lua_gettop(L), &length);
            if (!append_pair(&call->url, first, param->name, value, length))
                return url_refused(check, &call->url);
            first = false;
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    return true;
}

/* Encodes the cleaned table on top and gives it to the call. */
static bool set_body(struct check *check, struct call *call, int index)
{
    lua_State *L = check->L;

    if (!json_encode(L, lua_gettop(L)))
        return wrong(check, false);
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
        if (param->place != BODY || !member_name(param->name, ""))
            continue;
        wanted = true;
        lua_getfield(L, fields, param->name);
        lua_setfield(L, -2, param->name);
    }
    return !wanted || set_body(check, call, index);
}

/* Finds method and path: the user's paths before the table's. Pushes what the call must keep for them. */
static bool find_path(struct check *check, struct call *call, int index, const char **path)
{
    lua_State *L = check->L;

    target_push_path(L, 1, check->operation->name);
    if (lua_isstring(L, -1)) {
        const char *override = lua_tostring(L, -1);
        *path = strchr(override, ' ') + 1;
        lua_pushlstring(L, override, (size_t)(*path - override) - 1);
        call->method = lua_tostring(L, -1);
        call_keep(L, index, "method");
        return true; /* the target keeps the override */
    }
    lua_pop(L, 1);
    call->method = check->operation->method;
    *path = check->operation->path;
    if (call->method && *path)
        return true;
    lua_pushfstring(L, "the path of %s is not documented: supply it with cmr.new{paths = {%s = 'METHOD /path'}}",
                    check->operation->name, check->operation->name);
    return wrong(check, true);
}

static bool check_key(struct check *check, const struct call *call)
{
    if (call->target->key)
        return true;
    lua_pushliteral(check->L, "no API key: set CMR_API_KEY (nginx needs 'env CMR_API_KEY;' as well) or give api_key");
    return wrong(check, false);
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
    if (!find_path(&check, call, index, &path) || !collect(&check, 2, last) ||
        !check_object(&check, lua_gettop(L), "", ""))
        return usage(&check, operation->name);
    fields = lua_gettop(L);
    if (!check_either(&check, fields) || !build_url(&check, call, path, fields) ||
        !build_body(&check, call, index, fields) || !check_key(&check, call))
        return usage(&check, operation->name);
    return ready(L, call, index);
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
    for (int i = 1;; i++, first = false, lua_settop(L, top + 1)) {
        size_t length;
        const char *name;
        const char *value;
        lua_rawgeti(L, top + 1, i);
        if (lua_isnil(L, -1))
            return true;
        lua_rawgeti(L, top + 2, 1);
        lua_rawgeti(L, top + 2, 2);
        name = lua_tostring(L, top + 3);
        if (lua_type(L, top + 4) != LUA_TSTRING && lua_type(L, top + 4) != LUA_TNUMBER && !lua_isboolean(L, top + 4)) {
            lua_pushfstring(L, "bad field 'query.%s' (string, number or boolean expected, got %s)", name,
                            luaL_typename(L, top + 4));
            return wrong(check, true);
        }
        value = push_query_value(L, top + 4, &length);
        if (memchr(value, '\0', length) || strpbrk(value, "\r\n")) {
            lua_pushfstring(L, "'query.%s' holds a line break or a NUL byte", name);
            return wrong(check, false);
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
        return wrong(check, true);
    }
    return check_any(check, lua_gettop(L), "body") && set_body(check, call, index);
}

static bool check_method_and_path(struct check *check, const char *method, const char *path, size_t length)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
    const char *fault = path_fault(path, length);
    const char *const *known = methods;

    while (*known && strcmp(*known, method) != 0)
        known++;
    if (!*known)
        lua_pushliteral(check->L, "bad method (GET, POST, PUT, PATCH or DELETE expected)");
    else if (fault)
        lua_pushfstring(check->L, "bad path (%s)", fault);
    else
        return true;
    return wrong(check, true);
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
    call->name = lua_tostring(L, -1);
    call_keep(L, 5, "name");
    if (!check_method_and_path(&check, call->method, path, length))
        return usage(&check, "request");
    if (!build_raw_url(&check, call, path, 4) || !build_raw_body(&check, call, 5, 4) || !check_key(&check, call))
        return usage(&check, call->name);
    return ready(L, call, 5);
}
