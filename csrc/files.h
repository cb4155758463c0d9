/*
 * Files that the io library is not enough for: locked, synced to the disk, and readable by their owner alone.
 *
 * The functions of core that take a file take an open one of the io library.
 */
#pragma once

#include <lua.h>
#include <stdio.h>

enum { MAX_PRIVATE_BYTES = 65536 }; /* of a file that only its owner may read */

/* The FILE of the io library's open file at this stack index, or NULL. */
FILE *files_at(lua_State *L, int index);

/*
 * core.lock(file) -> true, or nil, message, errno; the message is "locked" when another process has the lock. The lock
 * ends when the file is closed or the process ends, however it ends.
 */
int files_lock(lua_State *L);

/* core.same_file(file, path) -> whether the path names this file. */
int files_same(lua_State *L);

/* core.sync(file) -> true, or nil, message, errno. The flushed bytes are then on the disk and survive a power cut. */
int files_sync(lua_State *L);

/*
 * core.read_private(path) -> text, or nil, message; errno comes third when the file cannot be opened. Refuses a file
 * that others may read or change, or that belongs to another user, even for root.
 */
int files_read_private(lua_State *L);

/*
 * core.write_private(path, text) -> true, or nil, message, errno. The file has the whole text or stays as it was; its
 * mode is 0600. A symbolic link stays, and the file that it names is written. Missing directories are made, for the
 * owner alone.
 */
int files_write_private(lua_State *L);

/*
 * core.link_target(path) -> the path of the file that the symbolic link names, which need not exist; the same path when
 * it is no link; or nil, message, errno.
 */
int files_link_target(lua_State *L);

/*
 * core.absolute_path(path) -> the path from the root, whatever directory the process goes to later; or nil, message,
 * errno.
 */
int files_absolute_path(lua_State *L);
