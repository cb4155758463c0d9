/*
 * The transfers in flight: a curl multi, the data that its transfers share, and its calls. A multi belongs to the
 * process that made it. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "call.h"
#include "handles.h"
#include "pollset.h"

struct multi {
    CURLM *curl;   /* NULL: closed */
    CURLSH *share; /* shares the TLS sessions, which would otherwise end with their easy handles */
    struct handles handles;
    struct pollset pollset;
    pid_t owner; /* the process that made the multi */
    struct call *running;
    struct call *queue, *queue_end; /* calls that wait until their targets have room, oldest first */
    struct call *finished;          /* finished calls, until multi_take_finished returns them */
    int count;                      /* number of calls that run or wait in the queue */
    long long freed;                /* how many queued calls can begin now, at most */
    int host_connections;           /* libcurl's limit of connections per host: the largest max_connections */
};

/* Initializes the fields: the multi is closed and belongs to this process. */
void multi_init(struct multi *multi);

/* Opens a multi. Returns false if no memory or no file descriptor is left: the multi then stays closed. */
bool multi_open(struct multi *multi);

/*
 * Cancels the running and queued calls, and closes every connection. Does nothing if the multi is closed. If the
 * program has closed the multi's descriptors, the calls fail. Leaves a descriptor open if its number now belongs to
 * another file.
 */
void multi_close(struct multi *multi);

/*
 * Returns whether the multi is open and belongs to this process. First closes a multi that was inherited over a fork;
 * the parent's connections stay open. If the program has closed the multi's descriptors:
 *
 *     no call runs or waits   closes the multi
 *     a call runs or waits    leaves the multi open; multi_run closes the multi later
 */
bool multi_is_usable(struct multi *multi);

/*
 * Starts a call when its target has room. The attempt may take `timeout` seconds. The wait for room and the attempt
 * together may take max(limit, timeout) seconds. If the attempt cannot begin, the call ends at once, and the call's
 * answer says why.
 */
void multi_add(struct multi *multi, struct call *call, double timeout, double limit);

/*
 * Removes a call from its multi. Does nothing if the call is in no multi. Cancels a running or queued call. Afterwards,
 * multi_take_finished does not return the call.
 */
void multi_remove(struct call *call);

/*
 * Waits up to timeout_ms for work, and does the work. Returns whether calls finished. On an error:
 *   libcurl has no memory, or a socket cannot be watched   fails the running calls, and makes a new curl multi
 *   the new curl multi cannot be made                      fails the queued calls too, and closes the multi
 *   the program has closed the descriptors                 fails all calls, and closes the multi
 */
bool multi_run(struct multi *multi, int timeout_ms);

/* Returns a finished call, or NULL when there is none left. Each call is returned once. */
struct call *multi_take_finished(struct multi *multi);

/* Moves the finished calls of `closed`, an old multi that is already closed, to `multi`. */
void multi_adopt_finished(struct multi *multi, struct multi *closed);
