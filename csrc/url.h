/*
 * Decides which URLs a request may go to, with rules for the base URL and for the paths below it. libcurl parses the
 * base URL. Touches no Lua.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "operations.h"
#include "refusal.h"

struct base_url {
    char scheme[8];
    char host[300];
    char port[8];
};

/* Checks a base URL. Refuses with BAD_OPTION. The reason never quotes the URL. */
bool url_check_base(const char *text, size_t length, struct base_url *base, struct refusal *refusal);

/* Checks a path. Refuses with the given code. The reason never quotes the path. */
bool url_check_path(const char *path, size_t length, struct refusal *refusal, enum refusal_code code);

/* The parts of "METHOD /path". After the path, " userId in body" or " userId in query" may follow. */
struct endpoint {
    size_t method_length; /* length of the method, which is at the beginning of the text */
    const char *path;
    size_t path_length;
    enum location user; /* where userId goes; 0 if the text has no " userId in ..." */
};

/* Splits the text of an endpoint. Returns false if the text does not have this form. Does not check the path. */
bool url_split_endpoint(const char *text, struct endpoint *endpoint);

/* Returns whether the text is a method of the API: GET, POST, PUT, PATCH or DELETE. */
bool url_is_method(const char *method, size_t length);

/* Returns whether the host's text means this machine: localhost, [::1] or an address in 127.0.0.0/8. */
bool url_is_loopback(const char *host);

/* Returns whether all characters are visible ASCII. */
bool url_is_visible(const char *text, size_t length);
