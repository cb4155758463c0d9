/* Reads standard input as its bytes arrive, while calls are in flight. The MCP server needs this. */
#pragma once

#include <lua.h>

/*
 * core.read_input(seconds[, fd]) -> the bytes that standard input has, or nil at its end. Returns "" if one of these
 * comes before any byte: the end of the time, a readable fd or a signal. fd is the descriptor of an engine, so that the
 * caller can then step the engine.
 */
int input_read(lua_State *L);
