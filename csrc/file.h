/* What the io library does not offer for a file that must outlive its program. */
#ifndef CMR_FILE_H
#define CMR_FILE_H

#include <lua.h>
#include <stdio.h>

/* The open file of Lua's io library at index, or NULL. */
FILE *file_at(lua_State *L, int index);

/*
 * core.lock(file) -> true: this process has it until the file is closed or the process ends, however that happens;
 * nil, "locked": another one has it; nil, message.
 */
int file_lock(lua_State *L);

/* core.is_at(file, path) -> whether this file is what the path names. */
int file_is_at(lua_State *L);

/* core.sync(file) -> true once what was flushed is on the disk, and would survive a power cut; nil, message. */
int file_sync(lua_State *L);

#endif
