/* Whether a file is a terminal, and how wide. */
#ifndef CMR_TERMINAL_H
#define CMR_TERMINAL_H

#include <lua.h>

/* core.terminal(file) -> columns, 0 where the terminal does not say; nil when file is no terminal, or no open file. */
int terminal_columns(lua_State *L);

#endif
