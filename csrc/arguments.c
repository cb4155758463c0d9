#include "arguments.h"

#include <stdio.h>
#include <string.h>

#include "compat.h"
#include "json.h"
#include "suggest.h"
#include "text.h"

/*
 * A check_ function pushes the checked value, or refuses and may leave more on the stack: arguments_check removes it.
 */
struct checker {
    lua_State *L;
    const struct operation *operation;
    enum location open; /* where undocumented fields go; 0: there are none */
    struct refusal *refusal;
};

/* The last part of a row's name when it is a member of the object, "" being the request itself; else NULL. */
static const char *member_name(const char *row, const char *object)
{
    const size_t length = strlen(object);
    const char *member = row;

    if (length) {
        if (strncmp(row, object, length) != 0 || row[length] != '.')
            return NULL;
        member = row + length + 1;
    }
    return *member == '*' || strpbrk(member, ".[") ? NULL : member;
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

/* The row for the items ("[]") of a list or for the values (".*") of a map, or NULL. */
static const struct param *find_content(const struct checker *checker, const struct param *whole, const char *suffix)
{
    const size_t length = strlen(whole->name);

    for (const struct param *param = checker->operation->params; param->name; param++)
        if (strncmp(param->name, whole->name, length) == 0 && strcmp(param->name + length, suffix) == 0)
            return param;
    return NULL;
}

static struct suggestion suggest_member(const struct checker *checker, const char *object, const char *name)
{
    struct suggestion suggestion = {.wanted = name};

    for (const struct param *param = checker->operation->params; param->name; param++) {
        const char *member = member_name(param->name, object);
        if (member)
            suggestion_offer(&suggestion, member, strlen(member));
    }
    return suggestion;
}

static bool unknown_member(const struct checker *checker, const char *object, const char *name)
{
    checker->refusal->suggestion = suggest_member(checker, object, name).name;
    (void)refuse_format(checker->refusal, UNKNOWN_FIELD, "%s has no such field", checker->operation->name);
    return refuse_in_member(checker->refusal, name);
}

static const char *type_at(lua_State *L, int index)
{
    return json_is_null(L, index) ? "null" : luaL_typename(L, index);
}

static bool bad_type(const struct checker *checker, const struct param *param, int index)
{
    const bool id_as_number = param->type == STRING && lua_type(checker->L, index) == LUA_TNUMBER;

    if (id_as_number)
        (void)refuse(checker->refusal, BAD_TYPE, "ids are strings, so that no digit is lost");
    return refuse_unexpected(checker->refusal, BAD_TYPE, type_at(checker->L, index), "%s", type_name(param->type));
}

#define ALL_OF_THEM "cmr.all: all of them"

static const char everything = 0; /* its address is cmr.all */

void arguments_push_all(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&everything);
}

static bool is_all(lua_State *L, int index)
{
    return lua_touserdata(L, index) == &everything;
}

static bool in_set(const char *set, const char *value, size_t length)
{
    size_t span;

    for (const char *one; (one = set_next(&set, &span));)
        if (span == length && memcmp(one, value, length) == 0)
            return true;
    return false;
}

static bool check_query_text(lua_State *L, int index, struct refusal *refusal)
{
    const char *text = text_without_nul(L, index);

    if (!text)
        return refuse_data(refusal, BAD_VALUE, "it holds a NUL byte");
    return !strpbrk(text, "\r\n") || refuse_data(refusal, BAD_VALUE, "it holds a line break");
}

bool arguments_check_query_value(lua_State *L, int index, struct refusal *refusal)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return check_query_text(L, index, refusal);
    case LUA_TNUMBER:
        return json_check_number(lua_tonumber(L, index), refusal);
    case LUA_TBOOLEAN:
        return true;
    default:
        return refuse_unexpected(refusal, BAD_TYPE, type_at(L, index), "string, number or boolean");
    }
}

static bool check_string(const struct checker *checker, const struct param *param, int index)
{
    size_t length;
    const char *value = lua_tolstring(checker->L, index, &length);

    if (!length && (param->location == QUERY || param->flags & (REQUIRED | EITHER | ONE_OF)))
        return refuse_data(checker->refusal, EMPTY_FIELD, NULL);
    if (param->location == QUERY && !check_query_text(checker->L, index, checker->refusal))
        return false;
    if (param->values && !in_set(param->values, value, length))
        return refuse_unexpected(checker->refusal, BAD_VALUE, NULL, "one of %s", param->values);
    lua_pushvalue(checker->L, index);
    return true;
}

static bool check_value(struct checker *checker, const struct param *param, int index);

/* A field that no row has, of an operation whose names are not documented. */
static bool check_open(struct checker *checker, const char *name, int index)
{
    const struct suggestion suggestion = suggest_member(checker, "", name);

    if (suggestion.name && suggestion.distance == 0) /* user_id */
        return unknown_member(checker, "", name);
    if (checker->open == QUERY) {
        if (lua_type(checker->L, index) == LUA_TSTRING && lua_rawlen(checker->L, index) == 0)
            (void)refuse_data(checker->refusal, EMPTY_FIELD, NULL);
        else
            (void)arguments_check_query_value(checker->L, index, checker->refusal);
        if (checker->refusal->code)
            return refuse_in_member(checker->refusal, name);
    }
    lua_pushvalue(checker->L, index);
    return true;
}

static bool check_member(struct checker *checker, const char *object, const char *name, int index)
{
    const struct param *param = find_member(checker, object, name);

    if (param)
        return check_value(checker, param, index) || refuse_in_member(checker->refusal, name);
    if (*object || !*name || !checker->open)
        return unknown_member(checker, object, name);
    return check_open(checker, name, index);
}

/* Every required member must be there. */
static bool check_required(const struct checker *checker, const char *object, int index)
{
    lua_State *L = checker->L;

    for (const struct param *param = checker->operation->params; param->name; param++) {
        const char *member = member_name(param->name, object);
        if (!member || !(param->flags & (REQUIRED | ALL_REQUIRED)))
            continue;
        lua_pushstring(L, member);
        lua_rawget(L, index);
        if (lua_isnil(L, -1) || json_is_null(L, -1)) {
            (void)refuse(checker->refusal, MISSING_FIELD, param->flags & ALL_REQUIRED ? ALL_OF_THEM : NULL);
            return refuse_in_member(checker->refusal, member);
        }
        lua_pop(L, 1);
    }
    return true;
}

/* Every member must have a row, every required row a member. */
static bool check_object(struct checker *checker, const char *object, int index)
{
    lua_State *L = checker->L;
    const int copy = lua_gettop(L) + 1;

    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, copy + 1)) {
        const char *name = text_without_nul(L, copy + 1);
        if (lua_type(L, copy + 1) != LUA_TSTRING) {
            (void)refuse(checker->refusal, BAD_VALUE, "its members need names");
            return *object ? false : refuse_in_item(checker->refusal, 1);
        }
        if (!name)
            return unknown_member(checker, object, lua_tostring(L, copy + 1));
        if (!check_member(checker, object, name, copy + 2))
            return false;
        lua_setfield(L, copy, name);
    }
    return check_required(checker, object, index);
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
    if (!json_check_array(L, index, checker->refusal))
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
            return refuse_in_item(checker->refusal, i);
        lua_rawseti(L, copy, (int)i);
        lua_settop(L, copy);
    }
    return true;
}

static bool check_map(struct checker *checker, const struct param *param, int index)
{
    lua_State *L = checker->L;
    const struct param *value = find_content(checker, param, ".*");
    const int copy = lua_gettop(L) + 1;

    if (!value) {
        lua_pushvalue(L, index);
        return true;
    }
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, copy + 1)) {
        const char *name = text_without_nul(L, copy + 1);
        if (!name)
            return refuse(checker->refusal, BAD_VALUE, "its members need names");
        if (!check_value(checker, value, copy + 2))
            return refuse_in_key(checker->refusal, name);
        lua_setfield(L, copy, name);
    }
    return true;
}

static bool check_scalar(const struct checker *checker, const struct param *param, int index)
{
    lua_State *L = checker->L;
    const int type = lua_type(L, index);

    if (type != (param->type == BOOLEAN ? LUA_TBOOLEAN : LUA_TNUMBER) ||
        (param->type == INTEGER && !cmr_is_integer(L, index)))
        return bad_type(checker, param, index);
    if (type == LUA_TNUMBER && !json_check_number(lua_tonumber(L, index), checker->refusal))
        return false;
    lua_pushvalue(L, index);
    return true;
}

static bool check_table(struct checker *checker, const struct param *param, int index)
{
    if (!lua_istable(checker->L, index) || (param->type != ARRAY && json_is_marked(checker->L, index)))
        return bad_type(checker, param, index);
    if (param->type == ARRAY)
        return check_array(checker, param, index);
    return param->type == MAP ? check_map(checker, param, index) : check_object(checker, param->name, index);
}

static bool check_value(struct checker *checker, const struct param *param, int index)
{
    lua_State *L = checker->L;

    luaL_checkstack(L, 10, "nested too deep");
    if (json_is_null(L, index) && param->location == BODY && !(param->flags & (REQUIRED | EITHER | ONE_OF))) {
        json_push_null(L);
        return true;
    }
    switch (param->type) {
    case STRING:
        return lua_type(L, index) == LUA_TSTRING ? check_string(checker, param, index)
                                                 : bad_type(checker, param, index);
    case INTEGER:
    case NUMBER:
    case BOOLEAN:
        return check_scalar(checker, param, index);
    case ARRAY:
    case OBJECT:
    case MAP:
        if (param->flags & ALL_REQUIRED && is_all(L, index)) {
            lua_pushnil(L); /* left out, as the user asked */
            return true;
        }
        return check_table(checker, param, index);
    default: /* json_encode checks it */
        lua_pushvalue(L, index);
        return true;
    }
}

/* The first parameter with one of these flags, or the first at all. */
static const char *first_name(const struct operation *operation, unsigned flags)
{
    for (const struct param *param = operation->params; param->name; param++)
        if (param->flags & flags)
            return param->name;
    return operation->params->name;
}

static bool too_many(const struct checker *checker)
{
    const struct operation *operation = checker->operation;
    int count = 0;

    for (const struct param *param = operation->params; param->name; param++)
        count += (param->flags & POSITIONAL) != 0;
    if (count)
        return refuse_format(checker->refusal, BAD_ARGUMENTS,
                             "at most %d positional argument%s, then one table of fields", count,
                             count == 1 ? "" : "s");
    if (!operation->params->name && !checker->open)
        return refuse_format(checker->refusal, BAD_ARGUMENTS, "%s takes no arguments", operation->name);
    return refuse_format(checker->refusal, BAD_ARGUMENTS, "it takes names only: %s{%s = ...}", operation->name,
                         operation->params->name ? first_name(operation, REQUIRED | EITHER | ONE_OF | ALL_REQUIRED)
                                                 : "name");
}

/* Puts the positional arguments into the table at `all`, under their names. */
static bool collect_positional(const struct checker *checker, int all, int first, int last)
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
        lua_pushvalue(L, index);
        lua_setfield(L, all, param->name);
    }
    return true;
}

/* Pushes one table of all arguments, not checked yet. */
static bool collect(const struct checker *checker, int first, int last)
{
    lua_State *L = checker->L;
    const int fields = last >= first && lua_istable(L, last) ? last : 0;
    const int all = lua_gettop(L) + 1;

    lua_newtable(L);
    if (!collect_positional(checker, all, first, fields ? last - 1 : last))
        return false;
    if (!fields)
        return true;
    for (lua_pushnil(L); lua_next(L, fields); lua_settop(L, all + 1)) {
        lua_pushvalue(L, all + 1);
        lua_rawget(L, all);
        if (!lua_isnil(L, -1)) {
            (void)refuse(checker->refusal, DUPLICATE_FIELD, NULL);
            return refuse_in_member(checker->refusal, lua_tostring(L, all + 1));
        }
        lua_pop(L, 1);
        lua_pushvalue(L, all + 1);
        lua_insert(L, -2);
        lua_rawset(L, all);
    }
    return true;
}

/* Of the parameters marked EITHER at least one must be there, of those marked ONE_OF exactly one. */
static bool check_alternatives(const struct checker *checker, int fields)
{
    lua_State *L = checker->L;
    bool exactly = false;
    int marked = 0;
    int given = 0;
    char names[128] = "";

    for (const struct param *param = checker->operation->params; param->name; param++) {
        const size_t length = strlen(names);
        if (!(param->flags & (EITHER | ONE_OF)))
            continue;
        exactly = param->flags & ONE_OF;
        (void)snprintf(names + length, sizeof names - length, marked++ ? " or '%s'" : "'%s'", param->name);
        lua_getfield(L, fields, param->name);
        given += !lua_isnil(L, -1);
        lua_pop(L, 1);
    }
    if (!marked || given == 1 || (given > 1 && !exactly))
        return true;
    if (given)
        return refuse_format(checker->refusal, CONFLICTING_FIELDS, "only one of %s can be given", names);
    return refuse(checker->refusal, MISSING_FIELD, names);
}

bool arguments_check(lua_State *L, const struct operation *operation, enum location open, int first, int last,
                     struct refusal *refusal)
{
    struct checker checker = {.L = L, .operation = operation, .open = open, .refusal = refusal};
    const int all = lua_gettop(L) + 1;

    if (collect(&checker, first, last) && check_object(&checker, "", all) && check_alternatives(&checker, all + 1)) {
        lua_replace(L, all);
        return true;
    }
    lua_settop(L, all - 1);
    return false;
}
