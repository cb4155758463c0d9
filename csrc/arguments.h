/*
 * Checks Lua arguments against the parameters of an operation's row and collects them in one table. request.c relies
 * on these checks.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

#include "operations.h"
#include "refusal.h"

/*
 * Pushes a table with the arguments from index first to last, checked and copied. The table has the positional
 * arguments under the names of their parameters, and the fields of the last argument if that is a table. The table
 * omits a list given as cmr.all. A value of type ANY and an undocumented field of the body are neither checked nor
 * copied: json_encode checks them. The function refuses an undocumented field if the placement has no location for it.
 */
bool arguments_check(lua_State *L, const struct operation *operation, const struct placement *placement, int first,
                     int last, struct refusal *refusal);

/*
 * Returns whether a query can contain the value at index: a UTF-8 string without a NUL byte or line break, a number
 * that json_check_number accepts, or a boolean. Refuses it otherwise.
 */
bool arguments_check_query_value(lua_State *L, int index, struct refusal *refusal);

/* Pushes cmr.all. The caller passes it instead of a list to mean "all of them". */
void arguments_push_all(lua_State *L);
