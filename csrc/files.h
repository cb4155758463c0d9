/*
 * Locks files, syncs them to the disk, and keeps them readable by their owner alone. Lua's io library cannot do this.
 *
 * A `file` argument is an open file of the io library.
 */
#pragma once

#include <lua.h>
#include <stdio.h>

enum { MAX_PRIVATE_BYTES = 65536 }; /* maximum size of a file that only its owner may read */

/* Returns the FILE of the value at index if the value is an open file of the io library, else NULL. */
FILE *files_at(lua_State *L, int index);

/*
 * core.lock(file) -> true, or nil, message, errno. The message is "locked" if the file is locked already. The lock ends
 * when the file is closed or the process ends, even in a crash.
 */
int files_lock(lua_State *L);

/* core.same_file(file, path) -> whether the path names this file. */
int files_same(lua_State *L);

/*
 * core.sync(file) -> true, or nil, message, errno. Afterwards the flushed bytes are on the disk and survive a power
 * cut.
 */
int files_sync(lua_State *L);

/*
 * core.read_private(path) -> text, or nil, message. If the file cannot be opened, errno is the third result. The
 * function refuses a file that other users may read or change, or that belongs to another user. It refuses such files
 * even for root.
 */
int files_read_private(lua_State *L);

/*
 * core.write_private(path, text) -> true, or nil, message, errno. Writes the whole text, with mode 0600. After a
 * failure, the file is as it was. A symbolic link stays a link: the function writes the file behind it. The function
 * makes missing directories with mode 0700. It refuses a path that names no file, such as a device or a pipe.
 */
int files_write_private(lua_State *L);

/*
 * core.link_target(path) -> target, kind; or nil, message, errno. The target is the path that a symbolic link leads to,
 * or the same path if it is no link. The kind is "file", "other" (such as a device, a pipe or a directory), or nil if
 * nothing is at the target.
 */
int files_link_target(lua_State *L);

/*
 * core.absolute_path(path) -> the absolute path, which stays right when the process changes its directory; or nil,
 * message, errno.
 */
int files_absolute_path(lua_State *L);
