/*
 * Which idle connection must not be reused. A work-around: libcurl 7.88 takes an HTTP/1 connection for alive if bytes
 * arrived before its end. Touches no Lua.
 */
#ifndef CMR_IDLE_H
#define CMR_IDLE_H

#include <stdbool.h>

#include "pollset.h"

/* The socket with this local port has had a response in HTTP/1. */
void idle_mark(struct pollset *pollset, int local_port);

/*
 * Whether a marked socket is readable before the request was sent: the peer closed it, or sent bytes that are a response to
 * no request.
 */
bool idle_is_stale(const struct pollset *pollset, int local_port);

#endif
