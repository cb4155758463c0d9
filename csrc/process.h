/* Which process this is, without a system call each time. Touches no Lua. */
#pragma once

#include <sys/types.h>

/* Returns this process's id. Every call asks for it several times, to notice that it runs in a fork's child. */
pid_t process_id(void);
