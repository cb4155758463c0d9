/* What a traced attempt notes beside its answer: where its time went, and how it was encrypted. */
#ifndef CMR_TRACE_H
#define CMR_TRACE_H

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>

struct trace {
    bool on;
    char tls[16];                                    /* "TLSv1.3"; "": a connection that was there, or none */
    double resolved, connected, secured, first_byte; /* seconds from the start; 0: it did not come to that */
};

/* Before the transfer: notes what libcurl alone knows while it lasts. */
CURLcode trace_begin(struct trace *trace, CURL *easy);

/* After it. */
void trace_end(struct trace *trace, CURL *easy);

/* Sets tls and timing in the table on top. */
void trace_push(lua_State *L, const struct trace *trace);

#endif
