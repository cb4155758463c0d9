/*
 * A call is created in the closed state, prepared, started, then finished or cancelled; it may be started again. It
 * owns an easy handle and buffers, which hang on a userdata that exists before they do.
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
    ENDED,     /* libcurl ended the transfer, see code */
    CANCELLED, /* the caller cancelled it, or its engine was closed */
    FORKED     /* this process is a child: the parent has the transfer, and may still send it */
};

/* Where the time of a traced attempt went, and how it was encrypted. */
struct trace {
    char tls[16];                                    /* "TLSv1.3"; "": no new connection */
    double resolved, connected, secured, first_byte; /* seconds from the start; 0: not reached */
};

/* How the last attempt ended, and the response to it. */
struct answer {
    enum ending ending;
    CURLcode code;
    char message[CURL_ERROR_SIZE]; /* libcurl's; "": none */
    int sends;                     /* how often libcurl was about to send the request */
    bool headers_complete;         /* those of the final response, not of a 100 */
    size_t header_bytes;           /* including those of a 100 */
    long status;                   /* 0: no response */
    long http_version;
    long connects;                       /* new connections; 0: the connection was reused */
    double elapsed, retry_after, queued; /* seconds; queued: before the attempt, for a connection */
    struct buffer headers, body;
    struct trace trace;
};

struct multi;
struct pollset;

struct call {
    enum call_state state;

    /* the request; the userdata's table keeps all of it alive but the buffers and the form */
    const struct operation *operation; /* NULL: a raw request */
    const char *name;                  /* for messages */
    const char *method;
    struct target *target;
    struct buffer url;
    struct buffer body; /* JSON; without data: none */
    struct form form;   /* without parts: none */
    bool traced;
    struct curl_slist *added_headers; /* of the attempts from now on, besides the target's */

    /* the attempt */
    struct multi *multi;            /* NULL: neither running nor waiting to be reported */
    struct pollset *pollset;        /* while running: it has the call's socket */
    CURL *easy;                     /* while running; NULL: it waits for a connection */
    struct curl_slist *all_headers; /* the target's and the added ones, when there are any; the easy handle uses them */
    struct call *previous, *next;
    int sends;          /* through this handle; an attempt may have two handles */
    bool reused;        /* the first of them on a connection that had been used before */
    double timeout;     /* seconds of the attempt */
    double added_at;    /* seconds on the monotonic clock, as those below */
    double queue_limit; /* when the wait for a connection and the attempt after it must be over */
    double deadline;    /* when the call's present step must be over */
    bool fresh;         /* on a new connection: the idle one that was there may be dead */

    struct answer answer;
    int reads; /* reads of the answer in progress: a finalizer that runs meanwhile must not free the buffers */
};

static inline struct call *to_call(lua_State *L)
{
    return luaL_checkudata(L, 1, CALL_TYPE);
}

void call_open(lua_State *L);

/* Pushes a new, closed call that keeps the target at index alive. */
struct call *call_new(lua_State *L, int target);

/* Keeps the value on top alive with the call at index, under a name; pops it. */
void call_keep(lua_State *L, int index, const char *name);

/* inspect.c */

/*
 * call:info() -> operation, method, url, status, headers, elapsed (s), reused, http_version, sends, of the last
 * attempt; also tls and timing if call:trace() was called before it.
 */
int lua_call_info(lua_State *L);

/*
 * call:request() -> what it would send: method, url, headers (lines as libcurl takes them: "Name:" removes one, "Name;"
 * is an empty one), key_header (the name of the header that carries the key; `headers` omits that header), body, form
 * (a list of {name, value} and {name, path, type}; a request has a body, a form or neither), ca_file, proxy ("": none, whatever the environment says), resolve. The key is masked in all of them.
 */
int lua_call_request(lua_State *L);

/* response.c */

/* Pushes the envelope of a call that is done, or nil, message, err; returns how many values. */
int response_push(lua_State *L, const struct call *call);

/* Pushes a table of the response headers: lower-case name -> value. Repeated headers are joined with ", ". */
void response_push_headers(lua_State *L, const struct call *call);
