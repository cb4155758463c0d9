/*
 * A new call is closed. A prepared call is ready. A started call runs until it finishes or is cancelled. After
 * that, the call may be started again. The call owns an easy handle and buffers. The call's userdata is made first, so
 * that its finalizer frees the handle and the buffers after any error.
 */
#pragma once

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "buffer.h"
#include "form.h"
#include "operations.h"
#include "target.h"

#define CALL_TYPE "cmr.call"

enum call_state { CALL_CLOSED, CALL_READY, CALL_RUNNING, CALL_DONE };

enum ending {
    ENDED,     /* libcurl ended the transfer with the result in `code` */
    CANCELLED, /* the caller cancelled the call, or its engine was closed */
    FORKED,    /* this process is a fork's child: the parent still has the transfer, and may send the request */
    LOST,      /* the program has closed the engine's descriptors */
    ABANDONED  /* libcurl had no memory, or the system refused to watch a socket: the engine ended all its calls */
};

/* The durations and the TLS version of a traced attempt. */
struct trace {
    char tls[16];                                    /* such as "TLSv1.3"; "" when the attempt made no new connection */
    double resolved, connected, secured, first_byte; /* seconds from the start; 0 for a phase that was not reached */
};

/* How the last attempt ended, and its response. */
struct answer {
    enum ending ending;
    CURLcode code;
    char message[CURL_ERROR_SIZE]; /* libcurl's error message, or "" */
    int sends;                     /* how often libcurl started to send the request */
    bool headers_complete;         /* all headers of the latest response have arrived */
    size_t header_bytes;           /* the headers of a 100 response are counted too */
    long status;                   /* 0: no response */
    long http_version;
    long connects;                       /* how many connections the attempt opened; 0 when it reused one */
    double elapsed, retry_after, queued; /* seconds; `queued` is the wait for a connection, before the attempt */
    struct buffer headers, body;
    struct trace trace;
};

struct multi;
struct pollset;

struct call {
    enum call_state state;

    /* The request. The userdata's table keeps all values of the request alive, except the buffers and the form. */
    const struct operation *operation; /* NULL for a raw request */
    const char *name;                  /* used in error messages */
    const char *method;
    struct target *target;
    struct buffer url;
    struct buffer body; /* JSON; data is NULL when there is no body */
    struct form form;   /* has no parts if the request is not a form */
    bool traced;
    /* from call:add_header; each replaces the target's header with the same name */
    struct curl_slist *added_headers;

    /* the attempt */
    struct multi *multi;     /* set while the call runs, waits in the queue or waits to be reported; else NULL */
    struct pollset *pollset; /* set while the call runs; has the call's socket */
    CURL *easy;              /* set while the call runs; NULL while it waits in the multi's queue */
    long long *freed;        /* points to multi->freed while the call runs */
    /* the target's headers and the call's own headers, for the easy handle; NULL if the call has none of its own */
    struct curl_slist *all_headers;
    struct call *previous, *next;
    int sends;          /* how often this handle sent the request; an attempt may use several handles */
    bool reused;        /* the handle's first send used a connection that already existed */
    double timeout;     /* the maximum for the attempt, in seconds */
    bool clean;         /* the easy handle may be used again; see is_clean in attempt.c */
    double begun_at;    /* when the attempt began: seconds on the monotonic clock, like the next three fields */
    double added_at;    /* when the call was added to the multi */
    double queue_limit; /* the wait for a connection and the attempt after it must end by this time */
    double deadline;    /* the present phase (the wait, or the attempt) must end by this time */
    bool extended;      /* the deadline was moved, because the process was stopped or busy */
    bool wary;          /* after a dead connection or a timeout: reuses no connection that was idle for over a second */
    bool fresh;         /* must use a new connection */

    struct answer answer;
    /* how many functions are reading the answer; while it is above 0, call:start and call:release raise an error */
    int reads;
};

static inline struct call *to_call(lua_State *L)
{
    return luaL_checkudata(L, 1, CALL_TYPE);
}

void call_open(lua_State *L);

/* Pushes a new call in the closed state. `target` is the stack index of its target, which the call keeps alive. */
struct call *call_new(lua_State *L, int target);

/*
 * Pops the value on top, and stores it under this name in the table that belongs to the call at index. So Lua keeps the
 * value until it collects the call.
 */
void call_keep(lua_State *L, int index, const char *name);

/* inspect.c */

/*
 * call:info() -> a table about the last attempt: operation, method, url, status, headers, elapsed and queued (seconds),
 * reused, http_version and sends. After call:trace() it also has tls and timing.
 */
int lua_call_info(lua_State *L);

/*
 * call:request() -> a table with the request that the call would send: method, url, headers, key_header, body, form,
 * ca_file, proxy and resolve. `headers` has lines in libcurl's form: "Name:" removes a header, "Name;" sends an empty
 * header. key_header is the name of the header with the key; `headers` omits this header. `form` is a list of tables: a
 * text has name and value; a file has name, path and type. A request has a body, a form or neither. The proxy "" means
 * no proxy, whatever the environment says. The key is masked in url, headers, body and form.
 */
int lua_call_request(lua_State *L);

/* response.c */

/* Pushes the envelope of a finished call, or nil, message, err. Returns the number of values. */
int response_push(lua_State *L, const struct call *call);

/* Pushes a table of the response headers: lower-case name -> value. Repeated headers are joined with ", ". */
void response_push_headers(lua_State *L, const struct call *call);
