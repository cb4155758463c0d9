/*
 * Where requests go and what they contain: base URL, key, headers, TLS, proxy and limits. core.target checks the
 * options once, when it creates the target.
 */
#pragma once

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"

#define TARGET_TYPE "cmr.target"
/* from the vendor's quickstart pages */
#define TARGET_PRODUCTION "https://customers.coldmailreseller.com/api/v1/integration"
#define TARGET_KEY_HEADER "cmr-x-api-key"

/*
 * The strings belong to the userdata's table. The target owns the lists. A call keeps its target alive. Lua
 * finalizes a call before its target, because the target is older.
 */
struct target {
    unsigned long long number; /* no other target of this process ever has this number */
    const char *base_url;      /* has no trailing slash; NULL after the target was finalized */
    const char *key;           /* NULL when the user gave no key */
    const char *key_header;
    const char *ca_file;
    const char *proxy;
    struct curl_slist *headers;      /* for a request without a body */
    struct curl_slist *headers_body; /* for a request with a JSON body */
    struct curl_slist *headers_form; /* for a request with form data: libcurl adds the content type */
    struct curl_slist *resolve;      /* makes libcurl resolve localhost to loopback */
    size_t max_response;             /* bytes, after decompression */
    long connect_timeout;            /* ms */
    int max_connections;             /* maximum number of calls at once, unless the server uses HTTP/2 */
    int busy;                        /* number of calls that run now */
    int unsent;                      /* how many of these calls wait for a connection */
    /*
     * HTTP/2: the highest number of requests that ran at once. When a call fails or the last running call ends, multi.c
     * lowers this number to `busy`.
     */
    int streams;
    /* HTTP version of the last answer, 1 or 2; 0 before the first answer. An HTTP/2 connection carries many calls. */
    int http_version;
    bool loopback;   /* the server is this machine: no proxy is used */
    bool plain;      /* the scheme is http, without TLS */
    char key_id[17]; /* identifies the key without revealing it; "" until target:key_id() is first called */
};

/* Returns whether every call needs its own connection. Returns false while the HTTP version is unknown. */
static inline bool target_is_http1(const struct target *target)
{
    return target->http_version == 1 || target->plain;
}

void target_open(lua_State *L);

/*
 * core.target(options, parent?) -> target; or nil, message, problem. An absent option comes from the parent. The table
 * `problem` has code = "bad_option", option = the option's name, and either `reason` or `expected`. A problem with
 * `expected` may also have `got`: the given type or number.
 */
int target_new(lua_State *L);

/* Returns the target at index. Raises when the value is no target, or was finalized. */
struct target *target_check(lua_State *L, int index);

/* Pushes the text that the option `endpoints` has for an operation, or nil. See url_split_endpoint. */
void target_push_endpoint(lua_State *L, int index, const char *operation);

/* Returns the name of the option with this index (api_key, key_header, ...), or NULL after the last option. */
const char *target_option_name(size_t index);

/*
 * Checks the table of options at index and fills the target. Replaces base_url and endpoints in the table by the
 * checked values. The table keeps the target's strings alive. The function may raise after it has made some of the
 * target's lists. So the target must be in a userdata whose finalizer frees the lists.
 */
bool target_options_check(lua_State *L, int index, struct target *target, struct refusal *refusal);
