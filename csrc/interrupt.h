/* Signals that ask to end, for a program that wants to finish what it has begun. */
#ifndef CMR_INTERRUPT_H
#define CMR_INTERRUPT_H

#include <lua.h>

/*
 * core.catch_interrupt(): from now on the first SIGINT (Ctrl-C), SIGTERM or SIGHUP is only noted, and a second one, be it
 * another of them, ends the program; one that was ignored stays so. To write where nobody reads any more fails instead of
 * ending it. What Lua's own interpreter does at Ctrl-C is to raise an error in the middle of anything.
 */
int interrupt_catch(lua_State *L);

/* core.interrupted() -> the number of the last signal noted since then, or nil */
int interrupt_noted(lua_State *L);

#endif
