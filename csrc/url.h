/* Which addresses requests may go to: the base URL and the paths below it. libcurl parses; these are the rules. */
#ifndef CMR_URL_H
#define CMR_URL_H

#include <stdbool.h>
#include <stddef.h>

struct base_url {
    char scheme[8];
    char host[300];
    char port[8];
};

/* Each says why not, or NULL; none quotes what it was given. */
const char *url_base_fault(const char *text, size_t length, struct base_url *base);
const char *url_path_fault(const char *path, size_t length);

/* Whether the host is this machine, whatever a resolver says: 127.0.0.0/8, ::1, localhost. */
bool url_is_loopback(const char *host);

/* Nothing but visible ASCII characters. */
bool url_is_visible(const char *text, size_t length);

#endif
