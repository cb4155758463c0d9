/*
 * Finds the idle connections that must not be reused. libcurl keeps connections for the next call. If bytes arrive on
 * an idle connection before the server closes it, libcurl 7.88 does not notice the close. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "call.h"

/*
 * Returns whether the connection with this local port is stale. The call, which has not been sent yet, must not use a
 * stale connection.
 */
bool connection_is_stale(const struct call *call, int local_port);

/*
 * Call this at the end of an attempt. After an answer, records the local port of the attempt's connection for
 * connection_is_stale. After a timeout, shuts the connection down, because libcurl would reuse it. The connection stays
 * open if another call may be using it.
 */
void connection_note(const struct call *call, CURLcode code);
