#include "operations.h"

#include <string.h>

#define PARAMS(...) .params = ((const struct param[]){__VA_ARGS__, {.name = NULL}})
#define NO_PARAMS PARAMS({.name = NULL})
#define NOTES(...) .notes = ((const struct note[]){__VA_ARGS__, {.text = NULL}})
#define STATUSES(...) .statuses = ((const struct status[]){__VA_ARGS__, {.code = 0}})

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* a row names only the members that it sets */

const struct operation operations[] = {
#define OPERATION(id, method_, path_, ...) {.name = #id, .method = (method_), .path = (path_), __VA_ARGS__},
#include "operations.def"
#undef OPERATION
};

const size_t operations_count = sizeof operations / sizeof operations[0];

const struct operation *operation_by_name(const char *name)
{
    for (size_t i = 0; i < operations_count; i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

const struct param *operation_param(const struct operation *operation, const char *name)
{
    for (const struct param *param = operation->params; param->name; param++)
        if (strcmp(param->name, name) == 0)
            return param;
    return NULL;
}

enum location param_location(const struct param *param, const struct placement *placement)
{
    return placement->user && strcmp(param->name, "userId") == 0 ? placement->user : param->location;
}

bool param_is_field(const struct param *param)
{
    return !strpbrk(param->name, ".[");
}

const char *set_next(const char **set, size_t *length)
{
    const char *value = *set;

    if (!value)
        return NULL;
    *length = strcspn(value, "|");
    *set = value[*length] ? value + *length + 1 : NULL;
    return value;
}

bool set_has(const char *set, const char *value, size_t length)
{
    size_t span;

    for (const char *one; (one = set_next(&set, &span));)
        if (span == length && memcmp(one, value, length) == 0)
            return true;
    return false;
}

const char *type_name(enum type type)
{
    static const char *const names[] = {
        [STRING] = "string", [INTEGER] = "integer", [NUMBER] = "number",  [BOOLEAN] = "boolean", [OBJECT] = "object",
        [ARRAY] = "array",   [MAP] = "map",         [FILE_PATH] = "file", [ANY] = "any",
    };
    return names[type];
}
