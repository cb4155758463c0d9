/*
 * Finds the idle connections that must not be reused. libcurl keeps connections for the next call. If unread bytes
 * arrived before a connection was closed, libcurl 7.88 does not notice the close. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "call.h"

/*
 * Returns whether the connection with this local port is stale, so that the call must not use it. The call has not been
 * sent yet.
 */
bool connection_is_stale(const struct call *call, int local_port);

/*
 * Call it at the end of an attempt. If an answer came, records the local port of the attempt's connection for
 * connection_is_stale. If the attempt timed out and no other call can be using the connection, shuts the connection
 * down, because libcurl would reuse it.
 */
void connection_note(const struct call *call, CURLcode code);
