/*
 * Every transfer of a Lua state: one curl multi whose sockets and timer sit behind one file descriptor. It belongs to the
 * process that made it.
 */
#ifndef CMR_ENGINE_H
#define CMR_ENGINE_H

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>

#define ENGINE_TYPE "cmr.engine"

struct call;
struct engine;

void engine_open(lua_State *L);

/*
 * core.engine() -> the engine of this Lua state, made at first use, and anew after a fork or close.
 * engine:fd() -> the descriptor that is readable when there is work; nil where there is no epoll.
 * engine:step() -> does the work there is, without waiting; the calls that finished, a list, or nil.
 * engine:wait(ms) -> waits for work that long at most, then the same.
 * engine:count() -> the calls in flight.
 * engine:close() -> cancels what is in flight and closes every connection.
 */
int engine_get(lua_State *L);

/* The engine at index, when it belongs to this process and is open; raises otherwise. */
struct engine *engine_check(lua_State *L, int index);

/*
 * A new easy handle for a call of the engine's, or NULL. One used before is never taken again: without memory,
 * curl_easy_reset leaves one behind that reads into a buffer of no size, and does not say so.
 */
CURL *engine_new_easy(struct engine *engine);

/* Its sockets. */
struct pollset *engine_pollset(struct engine *engine);

/* Remembers the userdata of a call, so that step can hand it over when the call finishes. */
void engine_expect(lua_State *L, int index, int call_index);

/* Lets a call whose easy handle is set run, for timeout seconds at most; false when libcurl is out of memory. Touches no Lua. */
bool engine_add(struct engine *engine, struct call *call, double timeout);

/* Takes a call out, running or not yet handed over. Touches no Lua. */
void engine_remove(struct call *call);

#endif
