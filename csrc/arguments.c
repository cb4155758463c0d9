#include "arguments.h"

#include <stdio.h>
#include <string.h>

#include "compat.h"
#include "json.h"
#include "suggest.h"
#include "text.h"

struct checker {
    lua_State *L;
    const struct operation *operation;
    const struct placement *placement;
    struct refusal *refusal;
};

/*
 * Returns the member's name in the object: "clientId" for the parameter "google.clientId" and the object "google".
 * Returns NULL if the parameter is no member of the object. The object "" is the request itself.
 */
static const char *member_name(const char *row, const char *object)
{
    const size_t length = strlen(object);
    const char *member = row;

    if (length) {
        if (strncmp(row, object, length) != 0 || row[length] != '.')
            return NULL;
        member = row + length + 1;
    }
    return strpbrk(member, ".[*") ? NULL : member;
}

static const struct param *find_member(const struct checker *checker, const char *object, const char *name)
{
    for (const struct param *param = checker->operation->params; param->name; param++) {
        const char *member = member_name(param->name, object);
        if (member && strcmp(member, name) == 0)
            return param;
    }
    return NULL;
}

/* Returns the parameter for a list's items (suffix "[]") or for a map's values (suffix ".*"). NULL if there is none. */
static const struct param *find_content(const struct checker *checker, const struct param *whole, const char *suffix)
{
    return operation_param(checker->operation, lua_pushfstring(checker->L, "%s%s", whole->name, suffix));
}

static struct suggestion suggest_member(const struct checker *checker, const char *object, const char *name)
{
    struct suggestion suggestion = {.wanted = name};

    for (const struct param *param = checker->operation->params; param->name; param++) {
        const char *member = member_name(param->name, object);
        if (member)
            suggestion_offer(&suggestion, member);
    }
    return suggestion;
}

static bool unknown_member(const struct checker *checker, const char *object, const char *name)
{
    checker->refusal->suggestion = suggest_member(checker, object, name).name;
    return refuse(checker->refusal, UNKNOWN_FIELD,
                  lua_pushfstring(checker->L, "%s has no such field", checker->operation->name)) ||
           refuse_in(checker->refusal, ".%s", name);
}

static const char *type_at(lua_State *L, int index)
{
    if (json_is_null(L, index))
        return "null";
    return json_is_marked(L, index) ? "array" : luaL_typename(L, index);
}

#define ALL_OF_THEM "cmr.all means all of them"

static const char everything = 0; /* cmr.all is the address of this variable */

void arguments_push_all(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&everything);
}

static bool is_all(lua_State *L, int index)
{
    return lua_touserdata(L, index) == &everything;
}

static bool check_query_text(lua_State *L, int index, struct refusal *refusal)
{
    const char *text = text_without_nul(L, index);

    if (!text)
        return refuse_data(refusal, BAD_VALUE, "it holds a NUL byte");
    if (!text_is_utf8(text, lua_rawlen(L, index)))
        return refuse_data(refusal, BAD_VALUE, "it is not UTF-8");
    return !strpbrk(text, "\r\n") || refuse_data(refusal, BAD_VALUE, "it holds a line break");
}

bool arguments_check_query_value(lua_State *L, int index, struct refusal *refusal)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return check_query_text(L, index, refusal);
    case LUA_TNUMBER:
        return json_check_number(L, index, refusal);
    case LUA_TBOOLEAN:
        return true;
    default:
        return refuse_unexpected(refusal, BAD_TYPE, type_at(L, index), "string, number or boolean");
    }
}

static bool is_in_query(const struct checker *checker, const struct param *param)
{
    return param_location(param, checker->placement) == QUERY;
}

static bool check_string(const struct checker *checker, const struct param *param, int index)
{
    size_t length;
    const char *value = lua_tolstring(checker->L, index, &length);

    if (!length && (is_in_query(checker, param) || param->flags & (REQUIRED | EITHER | ONE_OF)))
        return refuse_data(checker->refusal, EMPTY_FIELD, NULL);
    if (is_in_query(checker, param) && !check_query_text(checker->L, index, checker->refusal))
        return false;
    if (param->values && !set_has(param->values, value, length))
        return refuse_unexpected(checker->refusal, BAD_VALUE, NULL,
                                 lua_pushfstring(checker->L, "one of %s", param->values));
    lua_pushvalue(checker->L, index);
    return true;
}

/* Checks only the text of the path. request.c checks the file at the path. */
static bool check_path(const struct checker *checker, int index)
{
    const char *path = text_without_nul(checker->L, index);

    if (!path)
        return refuse_data(checker->refusal, BAD_VALUE, "it holds a NUL byte");
    lua_pushvalue(checker->L, index);
    return *path || refuse_data(checker->refusal, EMPTY_FIELD, NULL);
}

/* Pushes the checked value, or refuses it. May leave other values on the stack, which the callers remove. */
static bool check_value(struct checker *checker, const struct param *param, int index);

/* Checks a field that is no parameter of the operation. Only operations with undocumented fields take such fields. */
static bool check_open(struct checker *checker, const char *name, int index)
{
    lua_State *L = checker->L;
    const struct suggestion suggestion = suggest_member(checker, "", name);

    if (suggestion.name && suggestion.distance == 0) /* only case or separators differ, as in user_id */
        return unknown_member(checker, "", name);
    lua_pushvalue(L, index);
    if (checker->placement->open == BODY)
        return true;
    if (lua_type(L, index) == LUA_TSTRING && lua_rawlen(L, index) == 0)
        return refuse_data(checker->refusal, EMPTY_FIELD, NULL) || refuse_in(checker->refusal, ".%s", name);
    return arguments_check_query_value(L, index, checker->refusal) || refuse_in(checker->refusal, ".%s", name);
}

static bool check_member(struct checker *checker, const char *object, const char *name, int index)
{
    const struct param *param = find_member(checker, object, name);

    if (param)
        return check_value(checker, param, index) || refuse_in(checker->refusal, ".%s", name);
    if (*object || !*name || !checker->placement->open)
        return unknown_member(checker, object, name);
    return check_open(checker, name, index);
}

/* Refuses when a required member is missing. */
static bool check_required(const struct checker *checker, const char *object, int index)
{
    lua_State *L = checker->L;

    for (const struct param *param = checker->operation->params; param->name; param++) {
        const char *member = member_name(param->name, object);
        if (!member || !(param->flags & (REQUIRED | ALL_REQUIRED)))
            continue;
        lua_pushstring(L, member);
        lua_rawget(L, index);
        if (lua_isnil(L, -1) || json_is_null(L, -1))
            return refuse(checker->refusal, MISSING_FIELD, param->flags & ALL_REQUIRED ? ALL_OF_THEM : NULL) ||
                   refuse_in(checker->refusal, ".%s", member);
        lua_pop(L, 1);
    }
    return true;
}

/*
 * Checks the members of a map or an object. For a map, `value` is the parameter of all its members. For an object,
 * `value` is NULL, because each member has its own parameter. The object "" is the request itself.
 */
static bool check_members(struct checker *checker, const char *object, const struct param *value, int index)
{
    lua_State *L = checker->L;
    const int copy = lua_gettop(L) + 1;

    if (!json_check_own(L, index, checker->refusal))
        return false;
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, copy + 1)) {
        const char *name = text_without_nul(L, copy + 1);
        if (!name)
            return refuse(checker->refusal, BAD_VALUE, "its members need names") ||
                   (*object ? false : refuse_in(checker->refusal, "[1]"));
        if (!value && !check_member(checker, object, name, copy + 2))
            return false;
        if (value && !check_value(checker, value, copy + 2))
            return refuse_in(checker->refusal, "[\"%s\"]", name);
        lua_setfield(L, copy, name);
    }
    return value || check_required(checker, object, index);
}

static bool is_empty(lua_State *L, int index)
{
    lua_pushnil(L);
    if (!lua_next(L, index))
        return true;
    lua_pop(L, 2);
    return false;
}

static bool check_array(struct checker *checker, const struct param *param, int index)
{
    lua_State *L = checker->L;
    const struct param *item = find_content(checker, param, "[]");
    const size_t length = lua_rawlen(L, index);
    int copy;

    if (item && param->flags & ACCEPTS_ITEM && !length && !is_empty(L, index))
        return check_value(checker, item, index);
    if (!json_check_array(L, index, checker->refusal) || !json_check_own(L, index, checker->refusal))
        return false;
    if (!length && param->flags & ALL_REQUIRED)
        return refuse(checker->refusal, EMPTY_FIELD, ALL_OF_THEM);
    if (!length && param->flags & (REQUIRED | EITHER | ONE_OF))
        return refuse_data(checker->refusal, EMPTY_FIELD, NULL);
    if (!length) {
        json_push_empty_array(L);
        return true;
    }
    if (!item) {
        lua_pushvalue(L, index);
        return true;
    }
    lua_createtable(L, (int)length, 0);
    copy = lua_gettop(L);
    for (size_t i = 1; i <= length; i++) {
        lua_rawgeti(L, index, (int)i);
        if (!check_value(checker, item, copy + 1))
            return refuse_in(checker->refusal, "[%zu]", i);
        lua_rawseti(L, copy, (int)i);
        lua_settop(L, copy);
    }
    return true;
}

static bool has_type(lua_State *L, enum type type, int index)
{
    switch (type) {
    case STRING:
    case FILE_PATH:
        return lua_type(L, index) == LUA_TSTRING;
    case INTEGER:
        return cmr_is_integer(L, index);
    case NUMBER:
        return lua_type(L, index) == LUA_TNUMBER;
    case BOOLEAN:
        return lua_isboolean(L, index);
    case ARRAY:
        return lua_istable(L, index);
    case OBJECT:
    case MAP:
        return lua_istable(L, index) && !json_is_marked(L, index);
    default: /* json_encode checks this value later */
        return true;
    }
}

static bool check_type(const struct checker *checker, const struct param *param, int index)
{
    lua_State *L = checker->L;

    if (has_type(L, param->type, index))
        return true;
    if (param->type == STRING && lua_type(L, index) == LUA_TNUMBER)
        (void)refuse(checker->refusal, BAD_TYPE, "ids are strings, so that no digit is lost");
    return refuse_unexpected(checker->refusal, BAD_TYPE, type_at(L, index), type_name(param->type));
}

static bool check_value(struct checker *checker, const struct param *param, int index)
{
    lua_State *L = checker->L;

    luaL_checkstack(L, 10, "nested too deep");
    if (json_is_null(L, index) && !is_in_query(checker, param) && !(param->flags & (REQUIRED | EITHER | ONE_OF))) {
        json_push_null(L);
        return true;
    }
    if (param->flags & ALL_REQUIRED && is_all(L, index)) {
        lua_pushnil(L); /* the API takes an absent list as "all of them" */
        return true;
    }
    if (!check_type(checker, param, index))
        return false;
    switch (param->type) {
    case STRING:
        return check_string(checker, param, index);
    case FILE_PATH:
        return check_path(checker, index);
    case ARRAY:
        return check_array(checker, param, index);
    case OBJECT:
        return check_members(checker, param->name, NULL, index);
    case MAP:
        return check_members(checker, param->name, find_content(checker, param, ".*"), index);
    default:
        lua_pushvalue(L, index);
        return param->type == ANY || param->type == BOOLEAN || json_check_number(L, index, checker->refusal);
    }
}

/*
 * Returns the name of the first parameter with one of these flags. If no parameter has such a flag, returns the name of
 * the very first parameter.
 */
static const char *first_name(const struct operation *operation, unsigned flags)
{
    for (const struct param *param = operation->params; param->name; param++)
        if (param->flags & flags)
            return param->name;
    return operation->params->name;
}

static bool too_many(const struct checker *checker)
{
    lua_State *L = checker->L;
    const struct operation *operation = checker->operation;
    int count = 0;

    for (const struct param *param = operation->params; param->name; param++)
        count += (param->flags & POSITIONAL) != 0;
    if (count)
        lua_pushfstring(L, "at most %d positional argument%s, then one table of fields", count, count == 1 ? "" : "s");
    else if (!operation->params->name && !checker->placement->open)
        lua_pushfstring(L, "%s takes no arguments", operation->name);
    else
        lua_pushfstring(L, "it takes names only: %s{%s = ...}", operation->name,
                        operation->params->name ? first_name(operation, REQUIRED | EITHER | ONE_OF | ALL_REQUIRED)
                                                : "name");
    return refuse(checker->refusal, BAD_ARGUMENTS, lua_tostring(L, -1));
}

/* Copies the positional arguments into the table on top of the stack. Refuses a field that the table already has. */
static bool collect_positional(const struct checker *checker, int first, int last)
{
    lua_State *L = checker->L;
    const struct param *param = checker->operation->params;

    for (int index = first; index <= last; index++, param++) {
        while (param->name && !(param->flags & POSITIONAL))
            param++;
        if (!param->name)
            return too_many(checker);
        if (lua_istable(L, index))
            return refuse(checker->refusal, BAD_ARGUMENTS, "the table of fields must be the last argument");
        lua_getfield(L, -1, param->name);
        if (!lua_isnil(L, -1) && !lua_isnil(L, index))
            return refuse(checker->refusal, DUPLICATE_FIELD, NULL) || refuse_in(checker->refusal, ".%s", param->name);
        lua_pushvalue(L, lua_isnil(L, index) ? -1 : index);
        lua_setfield(L, -3, param->name);
        lua_pop(L, 1);
    }
    return true;
}

/* Pushes one table with all arguments. arguments_check checks their values later. */
static bool collect(const struct checker *checker, int first, int last)
{
    lua_State *L = checker->L;
    const int fields = last >= first && lua_istable(L, last) ? last : 0;

    if (fields && !json_check_own(L, fields, checker->refusal))
        return false;
    lua_newtable(L);
    if (fields)
        for (lua_pushnil(L); lua_next(L, fields);) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -4);
        }
    return collect_positional(checker, first, fields ? last - 1 : last);
}

/*
 * Checks the parameters that have the flag EITHER or ONE_OF; an operation uses only one of these flags. The request
 * needs at least one parameter with EITHER, or exactly one parameter with ONE_OF.
 */
static bool check_alternatives(const struct checker *checker, int fields)
{
    lua_State *L = checker->L;
    unsigned marks = 0;
    int given = 0;
    char names[128] = "";

    for (const struct param *param = checker->operation->params; param->name; param++) {
        const size_t length = strlen(names);
        if (!(param->flags & (EITHER | ONE_OF)))
            continue;
        marks |= param->flags;
        (void)snprintf(names + length, sizeof names - length, length ? " or '%s'" : "'%s'", param->name);
        lua_getfield(L, fields, param->name);
        given += !lua_isnil(L, -1);
        lua_pop(L, 1);
    }
    if (!marks || given == 1 || (given && !(marks & ONE_OF)))
        return true;
    if (given)
        return refuse(checker->refusal, CONFLICTING_FIELDS, lua_pushfstring(L, "only one of %s can be given", names));
    return refuse(checker->refusal, MISSING_FIELD, names);
}

bool arguments_check(lua_State *L, const struct operation *operation, const struct placement *placement, int first,
                     int last, struct refusal *refusal)
{
    struct checker checker = {.L = L, .operation = operation, .placement = placement, .refusal = refusal};
    const int all = lua_gettop(L) + 1;

    if (collect(&checker, first, last) && check_members(&checker, "", NULL, all) &&
        check_alternatives(&checker, all + 1)) {
        lua_replace(L, all);
        return true;
    }
    lua_settop(L, all - 1);
    return false;
}
