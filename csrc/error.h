/* The error table of a call: its kind, its outcome, and what is known besides. */
#ifndef CMR_ERROR_H
#define CMR_ERROR_H

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>

#include "refusal.h"

enum kind {
    KIND_NETWORK,
    KIND_TIMEOUT,
    KIND_TLS,
    KIND_BAD_RESPONSE,
    KIND_UNAUTHORIZED,
    KIND_PAYMENT_REQUIRED,
    KIND_FORBIDDEN,
    KIND_NOT_FOUND,
    KIND_CONFLICT,
    KIND_BAD_REQUEST,
    KIND_RATE_LIMITED,
    KIND_QUOTA_EXCEEDED,
    KIND_SERVER_ERROR,
    KIND_UNEXPECTED_STATUS,
    KIND_OPERATION_FAILED, /* accepted, and later reported as failed by a webhook */
    KIND_CANCELLED,
    KIND_INVALID_ARGUMENT,
};

/* From the least severe to the most. */
enum outcome {
    NOT_SENT, /* the server never saw the request */
    REJECTED, /* the server refused it */
    UNKNOWN,  /* it may have been done */
};

struct error_info {
    enum kind kind;
    enum outcome outcome;
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
 * Turns the message on top into nil, message, err; returns 3. operation may be NULL. A body for err.body is taken from
 * the index body, or left out when that is 0.
 */
int error_return(lua_State *L, const char *operation, struct error_info info, int body);

/*
 * Pushes nil, message, err of kind "invalid_argument" for a refusal; returns 3. err has the refusal's code, field,
 * expected, got, suggestion and reason, and programmer_error = true where the program is wrong and not its data.
 */
int error_return_refusal(lua_State *L, const char *operation, const struct refusal *refusal, const char *secret);

/* core.error(fields) -> fields: gives a table made in Lua the error's metatable. */
int error_new(lua_State *L);

#endif
