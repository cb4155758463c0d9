/*
 * Checks Lua arguments against the parameters of an operation's row, and collects the arguments in one table. request.c
 * relies on these checks.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

#include "operations.h"
#include "refusal.h"

/*
 * Checks the arguments from index `first` to `last`, and pushes a table with copies of their values. The copy of a
 * positional argument is stored under the name of its parameter. If the last argument is a table, its fields have the
 * same names in the pushed table. A list that was given as cmr.all is left out. Some values are not copied, because
 * json_encode checks them later: values of type ANY, undocumented fields of the body, and lists whose items are not
 * documented. If placement->open is 0, the function refuses undocumented fields.
 */
bool arguments_check(lua_State *L, const struct operation *operation, const struct placement *placement, int first,
                     int last, struct refusal *refusal);

/*
 * Returns whether the value at index can be in a query. It may be a UTF-8 string without a NUL byte or line break, a
 * number that json_check_number accepts, or a boolean. Refuses any other value.
 */
bool arguments_check_query_value(lua_State *L, int index, struct refusal *refusal);

/* Pushes cmr.all, the value that a user passes in place of a list to mean "all of them". */
void arguments_push_all(lua_State *L);
