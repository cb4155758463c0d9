/*
  * Shared by the C programs of the benchmark. They make the library's request, as a C programmer would with libcurl. With
 * BENCH_DECODE they send all of the library's headers, and decode each answer with lua-cjson.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef BENCH_DECODE
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#endif

static inline double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Returns the CPU time of this process, in seconds. */
static inline double used(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static inline void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* The body of one answer. Its memory is used again by the next answer. */
struct body {
    char *bytes;
    size_t length;
    size_t capacity;
};

static inline size_t on_body(char *bytes, size_t size, size_t count, void *userdata)
{
    struct body *body = userdata;

    if (body->length + size * count > body->capacity) {
        body->capacity = 2 * (body->length + size * count);
        body->bytes = realloc(body->bytes, body->capacity);
        if (!body->bytes)
            return 0;
    }
    memcpy(body->bytes + body->length, bytes, size * count);
    body->length += size * count;
    return size * count;
}

/* Without BENCH_DECODE, the request has only the headers that it needs. */
static inline struct curl_slist *make_headers(void)
{
    static char key[256];
#ifdef BENCH_DECODE
    char *lines = strdup(getenv("BENCH_HEADERS")); /* the library's, one a line */
#else
    char *lines = strdup("Accept: application/json");
#endif
    struct curl_slist *headers = NULL;

    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
        headers = curl_slist_append(headers, line);
    free(lines);
    snprintf(key, sizeof key, "cmr-x-api-key: %s", getenv("CMR_API_KEY"));
    return curl_slist_append(headers, key);
}

/* A handle for $BENCH_URL, over HTTP/2 where the server has it. */
static inline CURL *new_handle(struct body *body)
{
    static struct curl_slist *headers;
    CURL *easy = curl_easy_init();

    if (!headers)
        headers = make_headers();
    curl_easy_setopt(easy, CURLOPT_URL, getenv("BENCH_URL"));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("CMR_CA_FILE"));
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    return easy;
}

#ifdef BENCH_DECODE
/* Decodes the answer with lua-cjson, and looks at one value as a program would. */
static inline void decode(const struct body *body)
{
    static lua_State *L;

    if (!L) {
        L = luaL_newstate();
        luaL_openlibs(L);
        if (luaL_dostring(L, "return require('cjson').new().decode"))
            fail(lua_tostring(L, -1));
    }
    lua_pushvalue(L, 1);
    lua_pushlstring(L, body->bytes, body->length);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "data");
    lua_getfield(L, -1, "EMAILBISON");
    if (!lua_istable(L, -1))
        fail("another answer");
    lua_settop(L, 1);
}
#else
static inline void decode(const struct body *body)
{
    (void)body;
}
#endif

static inline void check_answer(CURL *easy, CURLcode code, const struct body *body)
{
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200 || body->length == 0)
        fail(code == CURLE_OK ? "an answer that is not 200" : curl_easy_strerror(code));
    decode(body);
}

#endif
