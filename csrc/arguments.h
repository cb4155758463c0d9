/*
 * Checks Lua arguments against the parameters of an operation's row and collects them in one table. request.c reads
 * that table without another check.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

#include "operations.h"
#include "refusal.h"

/*
 * Pushes the checked table of the arguments from index first to last. The table has the leading scalars under the names
 * of their parameters, and the fields of the last table. It has copies of the values. Only a value whose row allows any
 * type is neither copied nor checked: json_encode checks it. The table omits a list given as cmr.all. The function
 * refuses an undocumented field when the placement has no location for undocumented fields.
 */
bool arguments_check(lua_State *L, const struct operation *operation, const struct placement *placement, int first,
                     int last, struct refusal *refusal);

/*
 * Returns whether a query can contain the value at index: a string without a NUL byte or line break, a number or a
 * boolean.
 */
bool arguments_check_query_value(lua_State *L, int index, struct refusal *refusal);

/* Pushes cmr.all. The caller passes it instead of a list to mean "all of them". */
void arguments_push_all(lua_State *L);
