/*
 * The module cmr.operations: the rows of operations.def as a Lua table. It is a separate module, because the command's
 * help and completion need only the rows, and not libcurl with its thirty libraries.
 */
#include "compat.h"
#include "operations.h"

CMR_EXPORT int luaopen_cmr_operations(lua_State *L);

static void set_values(lua_State *L, const char *field, const char *set)
{
    size_t length;
    int count = 0;

    if (!set)
        return;
    lua_newtable(L);
    for (const char *value; (value = set_next(&set, &length));) {
        lua_pushlstring(L, value, length);
        lua_rawseti(L, -2, ++count);
    }
    lua_setfield(L, -2, field);
}

static void push_param(lua_State *L, const struct param *param)
{
    lua_createtable(L, 0, 8);
    cmr_set_string(L, "name", param->name);
    cmr_set_string(L, "in", param->location == QUERY ? "query" : "body");
    cmr_set_string(L, "type", type_name(param->type));
    cmr_set_string(L, "source", param->source);
    cmr_set_string(L, "summary", param->summary);
    cmr_set_true(L, "required", param->flags & REQUIRED);
    cmr_set_true(L, "positional", param->flags & POSITIONAL);
    cmr_set_true(L, "assumed", param->flags & PARAM_ASSUMED);
    cmr_set_true(L, "all_required", param->flags & ALL_REQUIRED);
    cmr_set_true(L, "accepts_item", param->flags & ACCEPTS_ITEM);
    if (param->flags & (EITHER | ONE_OF))
        cmr_set_string(L, "either", param->flags & EITHER ? "any" : "one");
    set_values(L, "values", param->values);
    set_values(L, "known", param->known);
    if (param->maximum)
        cmr_set_integer(L, "maximum", param->maximum);
}

static void set_notes(lua_State *L, const struct note *note)
{
    lua_newtable(L);
    for (int count = 1; note && note->text; note++, count++) {
        lua_createtable(L, 0, 2);
        cmr_set_string(L, "source", note->source);
        cmr_set_string(L, "text", note->text);
        lua_rawseti(L, -2, count);
    }
    lua_setfield(L, -2, "notes");
}

static void set_statuses(lua_State *L, const struct status *status)
{
    lua_newtable(L);
    for (int count = 1; status && status->code; status++, count++) {
        lua_createtable(L, 0, 3);
        lua_pushinteger(L, status->code);
        lua_setfield(L, -2, "code");
        cmr_set_string(L, "source", status->source);
        cmr_set_string(L, "reason", status->reason);
        lua_rawseti(L, -2, count);
    }
    lua_setfield(L, -2, "statuses");
}

static void push_flags(lua_State *L, unsigned flags)
{
    static const struct {
        const char *name;
        unsigned flag;
    } names[] = {
        {"list", LIST},
        {"async", ASYNC},
        {"charges", CHARGES},
        {"danger", DANGER},
        {"all_when_empty", ALL_EMPTY},
        {"quota", QUOTA},
        {"flips", FLIPS},
        {"safe", SAFE},
        {"deprecated", DEPRECATED},
        {"form", FORM},
    };

    lua_newtable(L);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cmr_set_true(L, names[i].name, flags & names[i].flag);
}

static void push_operation(lua_State *L, const struct operation *operation)
{
    int params = 0;
    int positional = 0;

    lua_createtable(L, 0, 16);
    cmr_set_string(L, "name", operation->name);
    cmr_set_string(L, "method", operation->method);
    cmr_set_string(L, "path", operation->path);
    cmr_set_string(L, "group", operation->group);
    cmr_set_string(L, "title", operation->title);
    cmr_set_string(L, "summary", operation->summary);
    cmr_set_string(L, "source", operation->source);
    cmr_set_string(L, "assumed", operation->assumed);
    cmr_set_string(L, "open_location",
                   operation->open_location == QUERY  ? "query"
                   : operation->open_location == BODY ? "body"
                                                      : NULL);
    cmr_set_string(L, "items", operation->items);
    cmr_set_string(L, "page", operation->page);
    cmr_set_string(L, "limit", operation->limit);
    cmr_set_string(L, "success_field", operation->success_field);
    set_values(L, "success_events", operation->success_events);
    set_values(L, "failure_events", operation->failure_events);
    set_values(L, "refusal_fields", operation->refusal_fields);
    if (operation->item_seconds) {
        lua_pushinteger(L, operation->item_seconds);
        lua_setfield(L, -2, "item_seconds");
        cmr_set_string(L, "items_in", operation->items_in);
    }
    set_notes(L, operation->notes);
    set_statuses(L, operation->statuses);
    push_flags(L, operation->flags);
    lua_setfield(L, -2, "flags");
    lua_newtable(L);
    lua_newtable(L);
    for (const struct param *param = operation->params; param->name; param++) {
        push_param(L, param);
        lua_rawseti(L, -3, ++params);
        if (param->flags & POSITIONAL) {
            lua_pushstring(L, param->name);
            lua_rawseti(L, -2, ++positional);
        }
    }
    lua_setfield(L, -3, "positional");
    lua_setfield(L, -2, "params");
}

/* Returns an array of the rows. The array also has each row under the row's name. */
int luaopen_cmr_operations(lua_State *L)
{
    lua_createtable(L, (int)operations_count, (int)operations_count);
    for (size_t i = 0; i < operations_count; i++) {
        push_operation(L, &operations[i]);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, operations[i].name);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}
