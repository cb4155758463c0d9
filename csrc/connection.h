/*
 * The connections that libcurl keeps for the next call. Finds those that must not be reused: libcurl 7.88 itself does not
 * notice that a connection is closed when unread bytes arrived before the close. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "call.h"

/* Returns whether the connection with this local port must not carry the call, which has not been sent. */
bool connection_is_stale(const struct call *call, int local_port);

/*
 * Records at the end of an attempt which connection had an answer. Shuts the connection down if the attempt timed out and
 * no other call can be using it: libcurl would reuse it.
 */
void connection_note(const struct call *call, CURLcode code);
