/* The engine as Lua sees it: all transfers of a Lua state, behind one file descriptor. */
#pragma once

#include <lua.h>

#include "multi.h"

void engine_open(lua_State *L);

/*
 * core.engine() -> the engine of this Lua state. The first use makes the engine; the first use after a fork or a close
 * makes a new engine.
 *
 * engine:fd() -> a descriptor that is readable when there is work; nil on a system without epoll
 *
 * engine:wait(ms) -> waits up to ms milliseconds for work and does it; returns whether calls finished
 *
 * engine:wait_for(call, ms) -> waits like engine:wait. Returns true if only this call has finished, otherwise false.
 * After true, engine:finished() does not return the call again. The function does not wait if any call has finished
 * already, or if this call does not run on the engine.
 *
 * engine:finished() -> the id of a finished call, or nil when there is none left. Each call is returned once. After a
 * fork or close, the new engine also returns the calls that ended with the old engine. A call that was collected or
 * started again is omitted.
 *
 * engine:count() -> the number of calls that run or wait for a connection
 *
 * engine:close() -> cancels the calls that run or wait for a connection, and closes every connection
 */
int engine_get(lua_State *L);

/*
 * core.idle_engine() -> the engine of this Lua state, or nil in these cases:
 *
 *     a call of the engine runs or waits for a connection
 *     the Lua state has no engine, or the engine is closed
 *     the engine belongs to the parent process
 *
 * After the caller has closed the engine, engine:finished() still returns the calls that had finished.
 */
int engine_get_idle(lua_State *L);

/* Returns the multi of the engine at index. Raises when the engine is closed or belongs to the parent process. */
struct multi *engine_check(lua_State *L, int index);
