/*
 * Shared by the C programs of the benchmark. They make the library's request, as a C programmer would make it with
 * libcurl.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static inline size_t on_body(char *bytes, size_t size, size_t count, void *length)
{
    static char answer[65536];
    size_t *at = length;

    if (*at + size * count > sizeof answer)
        return 0;
    memcpy(answer + *at, bytes, size * count);
    *at += size * count;
    return size * count;
}

/* Makes a handle for $BENCH_URL, with HTTP/2 if the server has it. */
static inline CURL *new_handle(size_t *length)
{
    static struct curl_slist *headers;
    static char key[256];
    CURL *easy = curl_easy_init();

    if (!headers) {
        snprintf(key, sizeof key, "cmr-x-api-key: %s", getenv("CMR_API_KEY"));
        headers = curl_slist_append(curl_slist_append(NULL, "Accept: application/json"), key);
    }
    curl_easy_setopt(easy, CURLOPT_URL, getenv("BENCH_URL"));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("CMR_CA_FILE"));
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, length);
    return easy;
}

static inline void check_answer(CURL *easy, CURLcode code, const size_t *length)
{
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200 || *length == 0)
        fail(code == CURLE_OK ? "an answer that is not 200" : curl_easy_strerror(code));
}

#endif
