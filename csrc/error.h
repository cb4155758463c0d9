/* The error table of a call: its kind, its outcome, and what is known besides. */
#pragma once

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>

#include "refusal.h"

/*
 * outcome is "not_sent" (the server never saw the request), "rejected" (it refused it) or "unknown" (it may have been
 * done).
 */
struct error_info {
    const char *kind; /* "network", ...: docs/library.md lists them */
    const char *outcome;
    long status;        /* HTTP status, or the one in the body; 0: no answer */
    int code;           /* libcurl's code; 0: none */
    double retry_after; /* seconds; 0: none */
};

/* kind and outcome of a transfer libcurl gave up; started: the request may have left. */
struct error_info error_of_curl(CURLcode code, bool started);

/* kind and outcome of an HTTP status that is no success. */
struct error_info error_of_status(long status);

/* Makes the error's metatable, whose __tostring is the message. */
void error_open(lua_State *L);

/*
 * Turns the message on top into nil, message, err; returns 3. err has message, kind, outcome, and where they are known
 * operation (which may be NULL), status, curl_code, retry_after and body (the value at that index; 0: none).
 */
int error_return(lua_State *L, const char *operation, struct error_info info, int body);

/*
 * Pushes nil, message, err of kind "invalid_argument" for a refusal; returns 3. err also has the refusal's fields, and
 * programmer_error = true where the program is wrong and not its data.
 */
int error_return_refusal(lua_State *L, const char *operation, const struct refusal *refusal, const char *secret);

/* core.error(fields) -> fields: gives a table made in Lua the error's metatable. */
int error_new(lua_State *L);
