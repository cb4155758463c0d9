/*
 * Lua arguments held against the parameters of an operation's row. Every mistake in a field is found and explained here.
 *
 * A check pushes what it made and returns true, or pushes a message and returns false; mistake then says whose fault it
 * is: the programmer's, or the data's. A row is found by its pattern ("domains[].domain"), a message names the path
 * ("domains[2].domain").
 */
#ifndef CMR_CHECK_H
#define CMR_CHECK_H

#include <lua.h>
#include <stdbool.h>

#include "operations.h"

struct check {
    lua_State *L;
    const struct operation *operation;
    enum place rest; /* where fields go that no row knows; 0: there are none */
    bool mistake;
};

/* For the message on top: says whose fault it is, and returns false. */
bool check_failed(struct check *check, bool mistake);

/*
 * Pushes a table of all arguments from index first to last, checked, copied and fit for the query and for JSON: the
 * leading scalars under their names, then the fields of the last table.
 */
bool check_arguments(struct check *check, int first, int last);

/* Pushes a copy of any JSON value: of what the row says nothing more about. */
bool check_any(struct check *check, int index, const char *path);

/* Pushes cmr.all: what a list that means everything when left out must be told by. */
void check_push_all(lua_State *L);

/* Whether a row's name is a field of the request itself, and not of an object in it. */
bool check_is_field(const struct param *param);

#endif
