/* Standard input of a server on a pipe: read as the bytes come, while calls are in flight. */
#pragma once

#include <lua.h>

/*
 * core.read_input(seconds[, fd]) -> the bytes that standard input has, or nil at its end. The text is "" when the time
 * is over before a byte came, when fd is readable, or when a signal came. The fd is that of an engine, so that the
 * caller can step it.
 */
int input_read(lua_State *L);
