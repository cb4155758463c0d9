/* Reads standard input as its bytes arrive, while calls are in flight. The MCP server needs this. */
#pragma once

#include <lua.h>

/*
 * core.read_input(seconds[, fd]) -> the bytes that standard input has, or nil at its end. Returns "" when the time is
 * over, fd is readable or a signal comes before standard input has bytes. fd is the descriptor of an engine, so that
 * the caller can then step the engine.
 */
int input_read(lua_State *L);
