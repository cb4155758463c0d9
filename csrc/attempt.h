/*
 * One attempt as libcurl sees it: the options and callbacks of an easy handle, the age of an idle connection that it
 * may reuse, and what libcurl reports at the end. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "call.h"
#include "pollset.h"

enum { MAX_HEADER_BYTES = 256 * 1024 };

/*
 * Makes the easy handle of the next attempt, which has timeout seconds. When libcurl refuses an option there is none.
 * No handle is used twice: without memory, curl_easy_reset leaves one that reads into a buffer of size 0.
 */
CURLcode attempt_open(struct call *call, struct pollset *pollset, CURLSH *share, double timeout);

/*
 * Whether an attempt that ended with code found its idle connection dead, and may go on with a new one: nothing was
 * sent, or the call is repeatable.
 */
bool attempt_goes_on(const struct call *call, CURLcode code);

/* Fills the answer with what libcurl knows of the transfer, which ended with code. */
void attempt_finish(struct call *call, CURLcode code);

void attempt_close(struct call *call);

/* Frees the joined headers of a handle that is gone. */
void attempt_free_headers(struct call *call);

/* Leaves the easy handle to the parent process, in a child. */
void attempt_forget_after_fork(struct call *call);

/* The headers that the call sends, without those that libcurl or a hook adds. */
const struct curl_slist *attempt_headers(const struct call *call);

/* Whether sending it twice does no harm: it is a GET, and its operation changes nothing. */
bool attempt_is_repeatable(const struct call *call);
