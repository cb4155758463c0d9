#include "attempt.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum {
    READ_BYTES = 4096,        /* at once; libcurl reads a hundred times in a row, and a step must be short */
    MAX_IDLE_SECONDS = 5,     /* a request that is not repeatable reuses no connection that was idle for longer */
    MIN_TIMEOUT_MS = 1,       /* 0 would be no timeout */
    MAX_SENDS_REPEATABLE = 2, /* of one attempt: the second one follows when a reused connection closed */
};

bool attempt_is_repeatable(const struct call *call)
{
    return strcmp(call->method, "GET") == 0 &&
           !(call->operation && call->operation->flags & (ASYNC | CHARGES | DANGER | QUOTA));
}

/* Finds idle connections that must not be reused. libcurl 7.88 takes a closed one for alive if bytes came first. */

static struct watched *find_socket(const struct pollset *pollset, int local_port)
{
    for (size_t i = 0; i < pollset->count; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_in v4;
            struct sockaddr_in6 v6;
        } address = {.any = {.sa_family = AF_UNSPEC}};
        socklen_t length = sizeof address;
        if (getsockname(pollset->sockets[i].fd, &address.any, &length) == 0 &&
            ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port) == local_port)
            return &pollset->sockets[i];
    }
    return NULL;
}

/* Whether a marked socket is readable before the request was sent: it was closed, or sent something unasked. */
static bool is_stale(const struct pollset *pollset, int local_port)
{
    const struct watched *watched = find_socket(pollset, local_port);
    char byte;

    if (!watched || !watched->http1)
        return false;
    return recv(watched->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* libcurl's callbacks */

static size_t on_body(char *bytes, size_t size, size_t count, void *userdata)
{
    struct call *call = userdata;

    return buffer_append(&call->answer.body, bytes, size * count) ? size * count : 0;
}

static void remove_newline(struct buffer *text)
{
    if (text->length > 0 && text->data[text->length - 1] == '\n')
        text->length--;
    if (text->length > 0 && text->data[text->length - 1] == '\r')
        text->length--;
}

/* Called with one whole line. A status line begins a new response: the one before was a 100. */
static size_t on_header(char *bytes, size_t size, size_t count, void *userdata)
{
    struct call *call = userdata;
    struct answer *answer = &call->answer;
    const size_t length = size * count;

    answer->header_bytes += length;
    if (answer->header_bytes > MAX_HEADER_BYTES) {
        answer->headers.overflow = true;
        return 0;
    }
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        buffer_free(&answer->headers);
        answer->headers_complete = false;
        (void)curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 0L);
    } else if (length > 0 && (bytes[0] == '\r' || bytes[0] == '\n')) {
        answer->headers_complete = true;
    } else if (length > 0 && (bytes[0] == ' ' || bytes[0] == '\t')) {
        remove_newline(&answer->headers); /* the line continues the one before */
    }
    return buffer_append(&answer->headers, bytes, length) ? length : 0;
}

/*
 * The connection is ready and libcurl is about to send the request. When a reused connection closes without a response,
 * libcurl sends the request again by itself; one that is not repeatable is stopped here.
 */
static int on_send(void *userdata, char *ip, char *local_ip, int port, int local_port)
{
    struct call *call = userdata;
    const int max_sends = attempt_is_repeatable(call) ? MAX_SENDS_REPEATABLE : 1;

    (void)ip, (void)local_ip, (void)port;
    if (call->answer.sends == 0 && is_stale(call->pollset, local_port))
        return CURL_PREREQFUNC_ABORT;
    call->answer.sends++;
    return call->answer.sends > max_sends ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* libcurl reports the TLS version only in a line of text for people. */
static int on_debug(CURL *easy, curl_infotype type, char *text, size_t length, void *userdata)
{
    static const char prefix[] = "SSL connection using ";
    const size_t begin = sizeof prefix - 1;
    struct trace *trace = userdata;
    size_t end = begin;

    (void)easy;
    if (type != CURLINFO_TEXT || length <= begin || memcmp(text, prefix, begin) != 0)
        return 0;
    while (end < length && text[end] > ' ')
        end++;
    if (end - begin < sizeof trace->tls) {
        memcpy(trace->tls, text + begin, end - begin);
        trace->tls[end - begin] = '\0';
    }
    return 0;
}

/* Options */

#define SET(option, value)                                                                                             \
    do {                                                                                                               \
        if (curl_easy_setopt(call->easy, (option), (value)) != CURLE_OK)                                               \
            return false;                                                                                              \
    } while (0)

static bool set_connection(struct call *call)
{
    const struct target *target = call->target;

#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, target->plain ? "http" : "https");
#else
    SET(CURLOPT_PROTOCOLS, target->plain ? (long)CURLPROTO_HTTP : (long)CURLPROTO_HTTPS);
#endif
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (target->ca_file)
        SET(CURLOPT_CAINFO, target->ca_file);
    if (target->resolve)
        SET(CURLOPT_RESOLVE, target->resolve);
    if (target->loopback)
        SET(CURLOPT_PROXY, ""); /* not the environment's */
    else if (target->proxy)
        SET(CURLOPT_PROXY, target->proxy);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's headers are not the server's */
    SET(CURLOPT_HTTP_VERSION, target->plain ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L); /* until a response begins */
    SET(CURLOPT_FRESH_CONNECT, call->timed_out ? 1L : 0L);
    if (!attempt_is_repeatable(call))
        SET(CURLOPT_MAXAGE_CONN, (long)MAX_IDLE_SECONDS);
    SET(CURLOPT_BUFFERSIZE, (long)READ_BYTES);
    SET(CURLOPT_CONNECTTIMEOUT_MS, target->connect_timeout);
    SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    return true;
}

static bool set_request(struct call *call)
{
    const struct target *target = call->target;

    SET(CURLOPT_URL, call->url.data);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);  /* the key would go with it */
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl supports */
    SET(CURLOPT_HTTPHEADER, call->body.data ? target->headers_body : target->headers);
    if (call->body.data || strcmp(call->method, "POST") == 0) {
        SET(CURLOPT_POSTFIELDS, call->body.data ? call->body.data : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.length);
    }
    SET(CURLOPT_CUSTOMREQUEST, call->method);
    return true;
}

static bool set_callbacks(struct call *call)
{
    SET(CURLOPT_PREREQFUNCTION, on_send);
    SET(CURLOPT_PREREQDATA, call);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_ERRORBUFFER, call->answer.message);
    SET(CURLOPT_PRIVATE, call);
    if (call->traced) {
        SET(CURLOPT_DEBUGFUNCTION, on_debug);
        SET(CURLOPT_DEBUGDATA, &call->answer.trace);
        SET(CURLOPT_VERBOSE, 1L);
    }
    return true;
}

static bool configure(struct call *call, CURLSH *share, double timeout)
{
    const long timeout_ms = (long)(timeout * 1000);

    SET(CURLOPT_SHARE, share);
    SET(CURLOPT_TIMEOUT_MS, timeout_ms < MIN_TIMEOUT_MS ? MIN_TIMEOUT_MS : timeout_ms);
    return set_connection(call) && set_request(call) && set_callbacks(call);
}

bool attempt_open(struct call *call, struct pollset *pollset, CURLSH *share, double timeout)
{
    call->pollset = pollset;
    call->easy = curl_easy_init();
    if (call->easy && pollset_watch(pollset, call->easy) && configure(call, share, timeout))
        return true;
    attempt_close(call);
    return false;
}

void attempt_close(struct call *call)
{
    curl_easy_cleanup(call->easy); /* also NULL */
    call->easy = NULL;
}

/* The end of a transfer */

static double seconds_of(CURL *easy, CURLINFO time)
{
    curl_off_t microseconds = 0;

    (void)curl_easy_getinfo(easy, time, &microseconds);
    return (double)microseconds / 1e6;
}

void attempt_finish(struct call *call, CURLcode code)
{
    struct answer *answer = &call->answer;
    CURL *easy = call->easy;
    struct watched *watched = NULL;
    long local_port = 0;

    answer->code = code;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &answer->http_version);
    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &answer->connects);
    answer->elapsed = seconds_of(easy, CURLINFO_TOTAL_TIME_T);
    answer->retry_after = response_retry_after(answer->headers.data);
    if (call->traced) {
        answer->trace.resolved = seconds_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
        answer->trace.connected = seconds_of(easy, CURLINFO_CONNECT_TIME_T);
        answer->trace.secured = seconds_of(easy, CURLINFO_APPCONNECT_TIME_T);
        answer->trace.first_byte = seconds_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
    }
    call->timed_out = code == CURLE_OPERATION_TIMEDOUT;
    if (code == CURLE_OK && answer->http_version <= CURL_HTTP_VERSION_1_1 &&
        curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &local_port) == CURLE_OK)
        watched = find_socket(call->pollset, (int)local_port);
    if (watched)
        watched->http1 = true;
    if (code == CURLE_OK && !answer->headers_complete) { /* libcurl accepts half of the headers */
        answer->code = CURLE_PARTIAL_FILE;
        strcpy(answer->message, "the connection closed within the response's headers");
    }
}
