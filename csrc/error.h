/* The error table of a call: its kind, its outcome and, where known, more fields. */
#pragma once

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>

#include "refusal.h"

/*
 * The outcome is "not_sent" (the server never saw the request), "rejected" (the server refused it) or "unknown" (the
 * server may have done it).
 */
struct error_info {
    const char *kind; /* such as "network"; docs/library.md lists all kinds */
    const char *outcome;
    long status;        /* the HTTP status, or the status in the body; 0 when there was no answer */
    int code;           /* libcurl's error code, or 0 */
    double retry_after; /* in seconds; 0 when the server did not ask for a delay */
};

/* Returns the kind and outcome of a failed transfer. `started` is true if the request may have been sent. */
struct error_info error_of_curl(CURLcode code, bool started);

/* Returns the kind and outcome for an HTTP status other than success. */
struct error_info error_of_status(long status);

/* Makes the metatable of errors. Its __tostring returns the message. */
void error_open(lua_State *L);

/*
 * Replaces the message on top with nil, message, err; returns 3. err has message, kind and outcome. It has operation,
 * status, curl_code and retry_after if they are known. `body` is the stack index of the value for err.body, or 0.
 */
int error_return(lua_State *L, const char *operation, struct error_info info, int body);

/*
 * Pushes nil, message, err of kind "invalid_argument" for a refusal; returns 3. err also has the refusal's fields.
 * err.programmer_error is true if the fault is in the program, not in its data.
 */
int error_return_refusal(lua_State *L, const char *operation, const struct refusal *refusal, const char *secret);

/* core.error(fields) -> the table `fields`, which now has the metatable of errors */
int error_new(lua_State *L);
