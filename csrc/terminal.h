/* The terminal of a command: its size, and the signals that ask the program to end. */
#pragma once

#include <lua.h>

/*
 * core.terminal(file) -> the numbers of columns and rows, 0 when they are unknown; nil if the file is closed or is no
 * terminal
 */
int terminal_size(lua_State *L);

/*
 * core.catch_interrupt(): from now on, the first SIGINT (Ctrl-C), SIGTERM or SIGHUP is only recorded. A second signal,
 * any of the three, ends the program. A signal that was ignored stays ignored. SIGPIPE is ignored too, so that writing
 * to a closed pipe fails. Without this function, Lua's interpreter raises an error at Ctrl-C, at any point of the
 * program.
 */
int terminal_catch_interrupt(lua_State *L);

/* core.interrupted() -> the number of the recorded signal, or nil */
int terminal_interrupted(lua_State *L);
