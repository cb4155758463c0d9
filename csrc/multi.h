/* What libcurl runs an engine's transfers with: a multi, and the TLS sessions they share. Touches no Lua. */
#ifndef CMR_MULTI_H
#define CMR_MULTI_H

#include <curl/curl.h>
#include <stdbool.h>

#include "pollset.h"

/* Opens both, the pollset serving the multi; false, and both NULL, when there is no memory for it. */
bool multi_open(CURLM **multi, CURLSH **share, struct pollset *pollset);

/* Closes both, also where there is none. Nothing is in flight. */
void multi_close(CURLM **multi, CURLSH **share);

#endif
