/* The terminal of a command: its size, and the signals that ask the program to end. */
#pragma once

#include <lua.h>

/*
 * core.terminal(file) -> the number of columns, the number of rows. Each is 0 when unknown. Returns nil if the file is
 * closed or is no terminal.
 */
int terminal_size(lua_State *L);

/*
 * core.catch_interrupt(): from now on, the first SIGINT (Ctrl-C), SIGTERM or SIGHUP is only recorded. The next of these
 * signals ends the program. A signal that was ignored stays ignored. SIGPIPE does not end the program; instead, writing
 * to a closed pipe fails. Without this function, Ctrl-C makes Lua's interpreter raise an error at any point of the
 * program.
 */
int terminal_catch_interrupt(lua_State *L);

/* core.interrupted() -> the number of the recorded signal, or nil */
int terminal_interrupted(lua_State *L);
