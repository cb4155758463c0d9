/* The engine as Lua sees it: every transfer of a Lua state, behind one file descriptor. */
#pragma once

#include <lua.h>

#include "multi.h"

void engine_open(lua_State *L);

/*
 * core.engine() -> the engine of this Lua state; made at first use, and again after a fork or close.
 * engine:fd() -> the descriptor that is readable when there is work; nil where there is no epoll.
 * engine:wait(ms) -> does the work there is, after waiting up to that long for some; returns whether calls finished.
 * engine:finished() -> the id of a finished call, each once; nil: no more. After a fork or close, core.engine() returns
 *     an engine that reports the calls which ended with the one before. A call that is collected or started again is
 *     left out.
 * engine:count() -> the number of calls in flight.
 * engine:close() -> cancels what is in flight and closes every connection.
 */
int engine_get(lua_State *L);

/* The transfers of the engine at index; raises when it is closed or belongs to the parent process. */
struct multi *engine_check(lua_State *L, int index);
