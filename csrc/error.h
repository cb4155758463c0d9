/* What went wrong, in the library's words: kind and outcome. */
#ifndef CMR_ERROR_H
#define CMR_ERROR_H

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

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
    KIND_OPERATION_FAILED, /* accepted, and not done later: a webhook says so */
    KIND_CANCELLED,
    KIND_INVALID_ARGUMENT,
};

/* In order of what they may cost. */
enum outcome {
    NOT_SENT, /* the server never saw the request */
    REJECTED, /* it answered no */
    UNKNOWN,  /* it may have been done */
};

struct fault {
    enum kind kind;
    enum outcome outcome;
    long status;        /* HTTP status, or the one in the body; 0: no answer */
    int code;           /* libcurl's code; 0: none */
    double retry_after; /* seconds; 0: none */
    bool mistake;       /* the programmer's, not the data's: the Lua layer raises it */
};

/* kind and outcome of a transfer libcurl gave up; started: the request may have left. */
struct fault fault_of_curl(CURLcode code, bool started);

/* kind and outcome of an HTTP status that is no success. */
struct fault fault_of_status(long status);

/* Makes the error's metatable, whose __tostring is the message. */
void error_open(lua_State *L);

/*
 * Turns the message on top into nil, message, err; returns 3. operation may be NULL. A body for err.body is taken from
 * the index body, or left out when that is 0.
 */
int error_return(lua_State *L, const char *operation, struct fault fault, int body);

/* core.error(fields) -> fields: gives a table made in Lua the error's metatable. */
int error_new(lua_State *L);

/* Pushes the bytes with every occurrence of the secret replaced by "***", also where it is escaped for JSON or a URL. */
void push_masked(lua_State *L, const char *bytes, size_t length, const char *secret);

enum { QUOTE_ANSWER = 200, QUOTE_ARGUMENT = 500 };

/* Replaces the string on top by at most that many bytes of it, fit for a log line, and "..." where it was longer. */
void quote_printable(lua_State *L, size_t most);

#endif
