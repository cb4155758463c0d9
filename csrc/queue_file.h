/*
 * The queues of rate limits in one small file, for all processes of a machine. Each key has one queue. A queue is the
 * time of its next free slot, on the machine's monotonic clock.
 *
 * Each use of a queue opens the file, locks it, changes at most one record, and closes the file. Nothing stays open
 * over a fork, and a process that is killed leaves no lock behind. The file is never synced, because a queue ends
 * anyway when the machine restarts.
 */
#pragma once

#include <lua.h>

/*
 * core.reserve_slot(path, key, after, spacing, max_wait, patience) -> delay, is_reserved; or nil, message
 *
 * The delay is the number of seconds until the key's next free slot, but at least `after`. If the delay is at most
 * max_wait, the function reserves a slot. The reserved slot begins when the delay ends. The key's next free slot then
 * begins `spacing` seconds after the start of the reserved slot.
 *
 * The function makes the file and the directories above it when they are missing. It refuses a file that others may
 * read or change. While another process has the file locked, the function waits for up to `patience` seconds.
 */
int queue_file_reserve(lua_State *L);
