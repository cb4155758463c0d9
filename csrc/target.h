/*
 * Where requests go and what they carry: base URL, key, headers, TLS, proxy and limits. Checked once, when it is
 * created.
 */
#pragma once

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"

#define TARGET_TYPE "cmr.target"
#define TARGET_PRODUCTION "https://customers.coldmailreseller.com/api/v1/integration" /* from the quickstart pages */

/*
 * The strings belong to the table that hangs on the userdata; the target owns the lists. A call in flight keeps its
 * target alive and, being younger, is finalized before it.
 */
struct target {
    const char *base_url; /* no trailing slash; NULL once the target is finalized */
    const char *key;      /* NULL: none was given */
    const char *key_header;
    const char *ca_file;
    const char *proxy;
    struct curl_slist *headers;      /* of a request without a body */
    struct curl_slist *headers_body; /* of a request with a JSON body */
    struct curl_slist *headers_form; /* of a request with form data: libcurl adds the content type */
    struct curl_slist *resolve;      /* pins localhost to loopback */
    size_t max_response;             /* bytes, after decompression */
    long connect_timeout;            /* ms */
    int max_connections;             /* how many calls at once, unless the server speaks HTTP/2 */
    int busy;                        /* how many there are */
    int http_version;                /* 1 or 2, of the last answer; 0: none yet. A connection of 2 carries many calls */
    bool loopback;                   /* no proxy */
    bool plain;                      /* http */
    char key_id[17];                 /* identifies the key and does not reveal it; "" until it is asked for */
};

void target_open(lua_State *L);

/*
 * core.target(options, parent?) -> target; or nil, message, problem {code = "bad_option", option, and either expected
 * and got, or reason}. An option that is absent comes from the parent.
 */
int target_new(lua_State *L);

/* The target at index; raises when it is none, or was finalized. */
struct target *target_check(lua_State *L, int index);

/* Pushes what the endpoints option gives an operation, see url_split_endpoint, or nil. */
void target_push_endpoint(lua_State *L, int index, const char *operation);

/* The name of an option: api_key, key_header, ...; NULL after the last one. */
const char *target_option_name(size_t index);

/*
 * Checks the table of options at index and fills the target. The target must be in a userdata whose finalizer frees its
 * lists: this may raise when it has made only some of them. The table keeps the target's strings; base_url and
 * endpoints in it are replaced by what was checked.
 */
bool target_options_check(lua_State *L, int index, struct target *target, struct refusal *refusal);
