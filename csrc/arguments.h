/*
 * Checks Lua arguments against the parameters of an operation's row and makes one table of them. request.c reads that
 * table and checks nothing again.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

#include "operations.h"
#include "refusal.h"

/*
 * Pushes the checked table, which has the arguments from index first to last. The leading scalars are stored under the
 * names of their parameters, then come the fields of the last table. Values are copied. Only a value that its row
 * leaves open is not: it is checked when it is encoded. A list given as cmr.all is left out. Undocumented fields are
 * refused when the placement has no place for them.
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
