/*
 * Easy handles that wait for their next attempt. Making and freeing a handle costs more than setting all options of one
 * call. A handle is used again only for its target, and never after a failure. No handle is reset: if memory runs out
 * in curl_easy_reset, the handle later reads into a buffer of size 0. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>

enum { MAX_IDLE_HANDLES = 64 };

struct idle_handle {
    CURL *easy;
    unsigned long long target; /* the number of the handle's target */
};

struct handles {
    struct idle_handle idle[MAX_IDLE_HANDLES]; /* oldest first */
    int count;
};

/* Returns an idle handle of the target with this number, or NULL. The caller then owns the handle. */
CURL *handles_take(struct handles *handles, unsigned long long target);

/* Stores a handle that no attempt uses. Frees the oldest idle handle if there is no room. */
void handles_keep(struct handles *handles, CURL *easy, unsigned long long target);

/* Frees all idle handles. */
void handles_close(struct handles *handles);
