/* Files that hold a key: nobody but their owner can read them. */
#ifndef CMR_PRIVATE_H
#define CMR_PRIVATE_H

#include <lua.h>

enum { PRIVATE_MAX = 65536 }; /* bytes a private file may have */

/* core.read_private(path) -> text, or nil, why not, and errno where it cannot be opened. Refuses what others may read. */
int private_read(lua_State *L);

/*
 * core.write_private(path, text) -> true, or nil, why not. The file is there whole or as it was before, with mode 0600;
 * directories that are missing are made, for the owner alone.
 */
int private_write(lua_State *L);

#endif
