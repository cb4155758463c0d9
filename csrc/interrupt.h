/* Ctrl-C for a program that wants to finish what it has begun. */
#ifndef CMR_INTERRUPT_H
#define CMR_INTERRUPT_H

#include <lua.h>

/*
 * core.catch_interrupt(): from now on the first Ctrl-C is only noted, and the next one ends the program; to write where
 * nobody reads any more fails instead of ending it. What Lua's own interpreter does at Ctrl-C is to raise an error in the
 * middle of anything.
 */
int interrupt_catch(lua_State *L);

/* core.interrupted() -> whether one was noted since then */
int interrupt_noted(lua_State *L);

#endif
