/*
 * The transfers in flight: a curl multi, what its transfers share, and the calls in it. It belongs to the process that
 * made it. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "call.h"
#include "pollset.h"

struct multi {
    CURLM *curl;   /* NULL: closed */
    CURLSH *share; /* TLS sessions; those of an easy handle end with it */
    struct pollset pollset;
    pid_t owner; /* the process */
    struct call *running;
    struct call *queue, *queue_end; /* wait until their targets have room, in the order they came */
    struct call *finished;          /* until multi_take_finished takes them */
    int count;                      /* of the calls that run or wait in the queue */
    int freed;                      /* how many queued calls may have room now */
    int host_connections;           /* libcurl's limit: the largest of the targets */
};

/* Sets the fields of a closed multi that belongs to this process. */
void multi_init(struct multi *multi);

/* Opens a multi. Returns false, and leaves it closed, when no memory or no file descriptor is left. */
bool multi_open(struct multi *multi);

/* Cancels the running calls and closes every connection. Also for a closed one. */
void multi_close(struct multi *multi);

/* Whether it is open and this process's; an inherited one is closed without touching the parent's connections. */
bool multi_is_usable(struct multi *multi);

/*
 * Starts a call, for timeout seconds at most, once its target has room for it. limit: seconds for both. Without memory
 * the call is done at once, and its answer says so.
 */
void multi_add(struct multi *multi, struct call *call, double timeout, double limit);

/* Takes a call out of its multi, if it is in one: cancels it if it runs; multi_take_finished will not return it. */
void multi_remove(struct call *call);

/*
 * Does the work there is, after waiting up to timeout_ms for some; returns whether calls finished. When libcurl runs
 * out of memory, all running calls fail and the multi starts anew; it is closed when there is no memory for that
 * either.
 */
bool multi_run(struct multi *multi, int timeout_ms);

/* Returns a finished call, each call once; NULL when there is none. */
struct call *multi_take_finished(struct multi *multi);

/* Moves the finished calls of another multi, which is closed for good, to this one. */
void multi_adopt_finished(struct multi *multi, struct multi *closed);
