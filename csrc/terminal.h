/* The terminal of a command: its width, and the signals that ask the program to end. */
#pragma once

#include <lua.h>

/* core.terminal(file) -> its columns, 0 when unknown; nil when the file is no terminal or not open. */
int terminal_columns(lua_State *L);

/*
 * core.catch_interrupt(): from now on the first SIGINT (Ctrl-C), SIGTERM or SIGHUP is only noted. A second one, of any
 * of the three, ends the program. A signal that was ignored stays ignored. SIGPIPE is ignored too: a write without a
 * reader fails. Without this function Lua's interpreter raises an error at Ctrl-C, at any point.
 */
int terminal_catch_interrupt(lua_State *L);

/* core.interrupted() -> the number of the last signal noted since then, or nil */
int terminal_interrupted(lua_State *L);
