/* The id of this process, without a system call each time. Touches no Lua. */
#pragma once

#include <sys/types.h>

/* Returns the id of this process. Each call needs the id several times, to notice that the process has forked. */
pid_t process_id(void);
