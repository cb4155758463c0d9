/*
 * One call: born closed, prepared, started, finished or cancelled, perhaps started again. Owns its easy handle and
 * buffers, which hang on a userdata that exists before they do.
 */
#ifndef CMR_CALL_H
#define CMR_CALL_H

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>

#include "buffer.h"
#include "operations.h"
#include "target.h"

#define CALL_TYPE "cmr.call"

enum call_state { CALL_CLOSED, CALL_READY, CALL_RUNNING, CALL_DONE };

struct engine;

struct call {
    enum call_state state;
    const struct operation *operation; /* NULL: a raw request */
    const char *name;                  /* for messages; lives as long as the call */
    const char *method;                /* a literal, or kept with the call */
    struct target *target;             /* kept with the call */
    const char *request_body;          /* kept with the call; NULL: none */
    size_t request_body_length;
    struct buffer url;

    /* while running */
    struct engine *engine; /* NULL: not attached */
    CURL *easy;
    struct call *previous, *next; /* the engine's list */
    int starts;                   /* how often libcurl was about to send the request, this attempt */
    bool cancelled;
    int reading;         /* the answer, into Lua: a finalizer that runs meanwhile must leave it alone */
    bool forked;         /* the parent has it, and may yet send it */
    bool answered;       /* the headers of an answer, not of a 100, have come to their end */
    bool timed_out;      /* the attempt before did: its connection is not to be trusted */
    size_t header_bytes; /* of this attempt, those of a 100 too */
    double deadline;     /* of this attempt, on the monotonic clock */

    /* the answer */
    CURLcode code;
    long status;
    long http_version;
    long connects;               /* new connections made: 0 is a reused one */
    double elapsed, retry_after; /* seconds */
    struct buffer headers, body;
    char message[CURL_ERROR_SIZE];
};

void call_open(lua_State *L);

/* Pushes a new, closed call that keeps the target at index alive. */
struct call *call_new(lua_State *L, int target);

/* Keeps the value on top alive with the call at index, under a name; pops it. */
void call_keep(lua_State *L, int index, const char *name);

/* The engine reports the end of a transfer. Touches no Lua. */
void call_finish(struct call *call, CURLcode code);

/* The engine goes away under a running call. Touches no Lua. */
void call_orphan(struct call *call, bool forked);

#endif
