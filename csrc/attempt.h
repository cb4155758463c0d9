/*
 * One attempt in libcurl: the options and callbacks of its easy handle, and libcurl's report at the end. Touches no
 * Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "call.h"
#include "handles.h"
#include "pollset.h"

enum { MAX_HEADER_BYTES = 256 * 1024 };

/*
 * Prepares an easy handle for the next attempt, which takes at most `timeout` seconds. Uses an idle handle of the
 * call's target, or makes a handle. After an error, the call has no handle.
 */
CURLcode attempt_open(struct call *call, struct pollset *pollset, struct handles *handles, CURLSH *share,
                      double timeout);

/*
 * Returns whether the attempt may continue on another connection. `code` is the result of the ended transfer:
 *   success or a timeout                                        no
 *   a stale connection, and the request was not sent            yes, unless the call is fresh
 *   the request was sent once on a reused, dead connection      yes, if the call is repeatable and not yet wary
 *   any other error                                             no
 */
bool attempt_goes_on(const struct call *call, CURLcode code);

/* Fills the answer from libcurl's data about the transfer. code is libcurl's result of the transfer. */
void attempt_finish(struct call *call, CURLcode code);

/*
 * Ends the attempt. Remove its handle from the multi first. The handle becomes idle if call->clean is set; otherwise it
 * is freed.
 */
void attempt_close(struct call *call, struct handles *handles);

/* Frees the headers that were joined for the easy handle. Call this when the handle no longer uses them. */
void attempt_free_headers(struct call *call);

/*
 * Drops the easy handle without freeing it. libcurl must not use the handle's descriptors any more: in a fork's child,
 * they belong to the parent; after the program has closed descriptors, they may belong to other files.
 */
void attempt_forget(struct call *call);

/* Returns the headers that the call sends, without those that libcurl or a hook adds. */
const struct curl_slist *attempt_headers(const struct call *call);

/* Returns whether the call can be sent twice without harm: it is a GET, and its operation, if any, changes nothing. */
bool attempt_is_repeatable(const struct call *call);
