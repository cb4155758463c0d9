#include "check.h"

#include <string.h>

#include "compat.h"
#include "json.h"
#include "nearest.h"

bool check_failed(struct check *check, bool mistake)
{
    check->mistake = mistake;
    return false;
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

/* The field of the pattern's object that was probably meant. */
static struct nearest nearest_member(struct check *check, const char *pattern, const char *key)
{
    struct nearest nearest = {.wanted = key};

    for (const struct param *param = check->operation->params; param->name; param++) {
        const char *member = member_name(param->name, pattern);
        if (member)
            nearest_offer(&nearest, member, strlen(member));
    }
    return nearest;
}

static bool unknown_field(struct check *check, const char *pattern, const char *path, const char *key)
{
    const struct nearest nearest = nearest_member(check, pattern, key);

    push_joined(check->L, path, ".", key);
    if (nearest.name)
        lua_pushfstring(check->L, "bad field '%s' (did you mean '%s'?)", lua_tostring(check->L, -1), nearest.name);
    else
        lua_pushfstring(check->L, "bad field '%s' (%s has no such field)", lua_tostring(check->L, -1),
                        check->operation->name);
    return check_failed(check, true);
}

static bool bad_type(struct check *check, const struct param *param, int index, const char *path)
{
    const bool id_as_number = param->type == STRING && lua_type(check->L, index) == LUA_TNUMBER;

    lua_pushfstring(check->L, "bad field '%s' (%s expected, got %s%s)", path, type_name(param->type),
                    json_is_null(check->L, index) ? "null" : luaL_typename(check->L, index),
                    id_as_number ? ": ids are strings, so that no digit is lost" : "");
    return check_failed(check, true);
}

static bool check_value(struct check *check, const struct param *param, int index, const char *path);

static const char everything = 0; /* its address is cmr.all */

void check_push_all(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&everything);
}

static bool is_all(lua_State *L, int index)
{
    return lua_touserdata(L, index) == &everything;
}

/* A field the documents do not name, of an operation whose names they leave open. */
static bool check_open(struct check *check, int index, const char *path)
{
    static const struct param query = {.place = QUERY, .type = STRING};
    const struct nearest nearest = nearest_member(check, "", path);

    if (nearest.name && nearest.distance == 0) /* user_id */
        return unknown_field(check, "", "", path);
    if (check->rest == BODY)
        return check_any(check, index, path);
    if (lua_type(check->L, index) == LUA_TSTRING || lua_istable(check->L, index) || json_is_null(check->L, index))
        return check_value(check, &query, index, path);
    return check_any(check, index, path);
}

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
            return check_failed(check, true);
        }
        key = lua_tostring(L, copy + 1);
        if (strlen(key) != lua_rawlen(L, copy + 1))
            return unknown_field(check, pattern, path, key);
        param = operation_param(check->operation, push_joined(L, pattern, ".", key));
        if (param && !member_name(param->name, pattern))
            param = NULL;
        if (!param && (*pattern || !*key || !check->rest))
            return unknown_field(check, pattern, path, key);
        if (param ? !check_value(check, param, copy + 2, push_joined(L, path, ".", key))
                  : !check_open(check, copy + 2, key))
            return false;
        lua_setfield(L, copy, key);
    }
    for (const struct param *param = check->operation->params; param->name; param++) {
        const char *member = member_name(param->name, pattern);
        if (!member || !(param->flags & (REQUIRED | EVERYTHING)))
            continue;
        lua_pushstring(L, member);
        lua_rawget(L, index);
        if (lua_isnil(L, -1) || json_is_null(L, -1)) {
            lua_pushfstring(L, "missing required argument '%s'%s", push_joined(L, path, ".", member),
                            param->flags & EVERYTHING ? " (cmr.all: all of them)" : "");
            return check_failed(check, true);
        }
        lua_pop(L, 1);
    }
    return true;
}

/* Any JSON value: what the table says nothing more about. */
bool check_any(struct check *check, int index, const char *path)
{
    return json_clean(check->L, index, path, &check->mistake);
}

static bool is_empty(lua_State *L, int index)
{
    lua_pushnil(L);
    if (!lua_next(L, index))
        return true;
    lua_pop(L, 2);
    return false;
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
    if (item && param->flags & OR_ITEM && !length && !is_empty(L, index))
        return check_value(check, item, index, path);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        keys++;
    if (keys != length) {
        lua_pushfstring(L, "bad field '%s' (array expected: the items 1 to n, and no names)", path);
        return check_failed(check, true);
    }
    if (!length && param->flags & (REQUIRED | EITHER | ONE_OF | EVERYTHING)) {
        lua_pushfstring(L, param->flags & EVERYTHING ? "'%s' is empty (cmr.all: all of them)" : "'%s' is empty", path);
        return check_failed(check, param->flags & EVERYTHING);
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
            return check_failed(check, true);
        }
        if (!check_value(check, value, copy + 2, lua_pushfstring(L, "%s[\"%s\"]", path, lua_tostring(L, copy + 1))))
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
        return check_failed(check, false);
    }
    if (memchr(value, '\0', length)) {
        lua_pushfstring(L, "'%s' holds a NUL byte", path);
        return check_failed(check, false);
    }
    if (param->place == QUERY && strpbrk(value, "\r\n")) {
        lua_pushfstring(L, "'%s' holds a line break", path);
        return check_failed(check, false);
    }
    if (param->values && !in_set(param->values, value, length)) {
        lua_pushfstring(L, "bad field '%s' (one of %s expected)", path, param->values);
        return check_failed(check, true);
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
        if (param->flags & EVERYTHING && is_all(L, index)) {
            lua_pushnil(L); /* left out, on purpose */
            return true;
        }
        return lua_istable(L, index) ? check_array(check, param, index, path) : bad_type(check, param, index, path);
    case OBJECT:
        return lua_istable(L, index) && !json_is_marked(L, index) ? check_object(check, index, param->name, path)
                                                                  : bad_type(check, param, index, path);
    case MAP:
        return lua_istable(L, index) && !json_is_marked(L, index) ? check_map(check, param, index, path)
                                                                  : bad_type(check, param, index, path);
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

/* A field that a call cannot do without, for an example. */
static const char *needed_name(const struct operation *operation)
{
    for (const struct param *param = operation->params; param->name; param++)
        if (param->flags & (REQUIRED | EITHER | ONE_OF | EVERYTHING))
            return param->name;
    return operation->params->name;
}

static bool too_many(struct check *check)
{
    const char *name = check->operation->name;
    const int count = count_positional(check->operation);

    if (count)
        lua_pushfstring(check->L, "at most %d positional argument%s, then one table of fields", count,
                        count == 1 ? "" : "s");
    else if (!check->operation->params->name)
        lua_pushfstring(check->L, check->rest ? "it takes names only: %s{name = ...}" : "%s takes no arguments", name);
    else
        lua_pushfstring(check->L, "it takes names only: %s{%s = ...}", name, needed_name(check->operation));
    return check_failed(check, true);
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
            return check_failed(check, true);
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
            return check_failed(check, true);
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
    return check_failed(check, true);
}

bool check_is_field(const struct param *param)
{
    return member_name(param->name, "") != NULL;
}

bool check_arguments(struct check *check, int first, int last)
{
    return collect(check, first, last) && check_object(check, lua_gettop(check->L), "", "") &&
           check_either(check, lua_gettop(check->L));
}
