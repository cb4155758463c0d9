/* Reads standard input as its bytes arrive, while calls are in flight. The MCP server needs this. */
#pragma once

#include <lua.h>

/*
 * core.read_input(seconds[, fd]) -> the bytes that standard input has, or nil at its end. Waits up to this many seconds
 * for a byte. A signal or a readable fd also ends the wait. Returns "" if no byte has come. fd is the descriptor of an
 * engine: the caller can step the engine after the wait.
 */
int input_read(lua_State *L);
