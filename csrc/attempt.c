#include "attempt.h"

#include <string.h>

#include "connection.h"
#include "headers.h"
#include "retry_after.h"

enum {
    /* bytes of one read; libcurl reads up to a hundred times in a row, and a step must be short */
    READ_BYTES = 4096,
    /* a request that is not repeatable reuses a connection only if the connection was idle for at most this long */
    MAX_IDLE_SECONDS = 5,
    MAX_IDLE_SECONDS_REPEATABLE = 118, /* the same as libcurl's default */
    MIN_TIMEOUT_MS = 1,                /* libcurl takes 0 for "no timeout" */
    MAX_SENDS_REPEATABLE = 2,          /* in one attempt; libcurl sends again when a reused connection closes */
};

bool attempt_is_repeatable(const struct call *call)
{
    return strcmp(call->method, "GET") == 0 &&
           !(call->operation && call->operation->flags & (ASYNC | CHARGES | DANGER | QUOTA));
}

const struct curl_slist *attempt_headers(const struct call *call)
{
    const struct target *target = call->target;

    return call->form.count ? target->headers_form : call->body.data ? target->headers_body : target->headers;
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

/* Returns whether a header line is a status line. A trailer may look like a status line, but comes after the body. */
static bool is_status_line(const struct answer *answer, const char *bytes, size_t length)
{
    return length >= 5 && memcmp(bytes, "HTTP/", 5) == 0 && answer->body.length == 0;
}

/*
 * libcurl calls this with one whole header line. A status line begins a response. Every response of a transfer except
 * the last is an interim response (1xx).
 */
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
    if (answer->headers_complete && !is_status_line(answer, bytes, length))
        return length; /* ignores a trailer */
    if (is_status_line(answer, bytes, length)) {
        buffer_free(&answer->headers);
        answer->headers_complete = false;
        (void)curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 0L);
    } else if (length > 0 && (bytes[0] == '\r' || bytes[0] == '\n')) {
        answer->headers_complete = true;
    } else if (length > 0 && (bytes[0] == ' ' || bytes[0] == '\t')) {
        remove_newline(&answer->headers); /* this line continues the header before it */
    }
    return buffer_append(&answer->headers, bytes, length) ? length : 0;
}

static bool is_reused(CURL *easy)
{
    long connects = 0;

    return curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK && connects == 0;
}

/* Counts a call that got its connection. Over HTTP/2, a queued call may now have room: see has_room in multi.c. */
static void count_sent(struct call *call)
{
    struct target *target = call->target;

    target->unsent--;
    if (target_is_http1(target))
        return;
    if (target->streams < target->busy - target->unsent)
        target->streams = target->busy - target->unsent;
    ++*call->freed;
}

/*
 * libcurl calls this before it sends the request, when the connection is ready. When a reused connection closes
 * without a response, libcurl sends the request again by itself. The function refuses:
 *   the first send, if the connection is stale
 *   the second send, if the first used a new connection, or if the request is not repeatable
 *   the third send
 */
static int on_send(void *userdata, char *ip, char *local_ip, int port, int local_port)
{
    struct call *call = userdata;
    const int max_sends = attempt_is_repeatable(call) ? MAX_SENDS_REPEATABLE : 1;

    (void)ip, (void)local_ip, (void)port;
    if (call->sends == 0 && connection_is_stale(call, local_port))
        return CURL_PREREQFUNC_ABORT;
    if (call->sends == 0) {
        call->reused = is_reused(call->easy);
        count_sent(call);
    }
    call->sends++;
    if (call->sends > (call->reused ? max_sends : 1))
        return CURL_PREREQFUNC_ABORT;
    call->answer.sends++;
    return CURL_PREREQFUNC_OK;
}

/* Reads the TLS version from a log line, because libcurl reports it nowhere else. */
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
        const CURLcode code_ = curl_easy_setopt(call->easy, (option), (value));                                        \
        if (code_ != CURLE_OK)                                                                                         \
            return code_;                                                                                              \
    } while (0)

static bool has_http2(void)
{
    return curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2;
}

/* Sets the options that are the same for all attempts at a target. */
static CURLcode set_target(struct call *call, CURLSH *share)
{
    const struct target *target = call->target;

    SET(CURLOPT_SHARE, share);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, target->plain ? "http" : "https");
#else
    SET(CURLOPT_PROTOCOLS, target->plain ? (long)CURLPROTO_HTTP : (long)CURLPROTO_HTTPS);
#endif
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (target->ca_file) {
        SET(CURLOPT_CAINFO, target->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* the default is the system's folder, whose certificates libcurl would also trust */
    }
    if (target->resolve)
        SET(CURLOPT_RESOLVE, target->resolve);
    if (target->loopback)
        SET(CURLOPT_PROXY, ""); /* makes libcurl ignore a proxy that the environment names */
    else if (target->proxy)
        SET(CURLOPT_PROXY, target->proxy);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* the headers of a proxy must not count as the server's */
    SET(CURLOPT_HTTP_VERSION,
        target->plain || !has_http2() ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);  /* a redirect could take the key to another server */
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* "" offers every encoding that libcurl supports */
    SET(CURLOPT_BUFFERSIZE, (long)READ_BYTES);
    SET(CURLOPT_CONNECTTIMEOUT_MS, target->connect_timeout);
    SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    SET(CURLOPT_PREREQFUNCTION, on_send);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    return CURLE_OK;
}

/*
 * The options of one attempt. Each attempt sets them again, because a reused handle still has the values of its last
 * attempt. A handle with a form or a trace is never reused.
 */

static CURLcode set_connection(struct call *call)
{
    const int max_idle = attempt_is_repeatable(call) ? MAX_IDLE_SECONDS_REPEATABLE : MAX_IDLE_SECONDS;

    /* over HTTP/1, this option would make libcurl 8.14 wait until another call has its whole answer */
    SET(CURLOPT_PIPEWAIT, call->target->http_version == 1 ? 0L : 1L);
    SET(CURLOPT_FORBID_REUSE, 1L); /* on_header allows reuse when a response begins */
    /* with this option, the call opens a connection of its own; without it, calls share connections over HTTP/2 */
    SET(CURLOPT_FRESH_CONNECT, call->fresh ? 1L : 0L);
    SET(CURLOPT_MAXAGE_CONN, call->wary ? 1L : (long)max_idle);
    return CURLE_OK;
}

/* Joins the target's headers and the added headers. An added header replaces the target's header with the same name. */
static bool join_headers(struct call *call, const struct curl_slist *line)
{
    for (; line; line = line->next)
        if (!headers_contain(call->added_headers, line->data) && !headers_append(&call->all_headers, line->data))
            return false;
    for (line = call->added_headers; line; line = line->next)
        if (!headers_append(&call->all_headers, line->data))
            return false;
    return true;
}

static CURLcode set_headers(struct call *call)
{
    const struct curl_slist *headers = attempt_headers(call);

    if (call->added_headers && !join_headers(call, headers))
        return CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_HTTPHEADER, call->added_headers ? call->all_headers : headers);
    return CURLE_OK;
}

static CURLcode set_request(struct call *call)
{
    SET(CURLOPT_URL, call->url.data);
    if (call->form.count) {
        const CURLcode code = form_open(&call->form, call->easy);
        if (code != CURLE_OK)
            return code;
        SET(CURLOPT_MIMEPOST, call->form.mime);
    } else if (call->body.data || strcmp(call->method, "POST") == 0) {
        SET(CURLOPT_POSTFIELDS, call->body.data ? call->body.data : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.length);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, call->method);
    return CURLE_OK;
}

static CURLcode set_callbacks(struct call *call)
{
    SET(CURLOPT_PREREQDATA, call);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_ERRORBUFFER, call->answer.message);
    SET(CURLOPT_PRIVATE, call);
    if (call->traced) {
        SET(CURLOPT_DEBUGFUNCTION, on_debug);
        SET(CURLOPT_DEBUGDATA, &call->answer.trace);
        SET(CURLOPT_VERBOSE, 1L);
    }
    return CURLE_OK;
}

static CURLcode configure(struct call *call, double timeout)
{
    const long timeout_ms = (long)(timeout * 1000);
    CURLcode code;

    SET(CURLOPT_TIMEOUT_MS, timeout_ms < MIN_TIMEOUT_MS ? MIN_TIMEOUT_MS : timeout_ms);
    code = set_connection(call);
    if (code == CURLE_OK)
        code = set_headers(call);
    if (code == CURLE_OK)
        code = set_request(call);
    return code == CURLE_OK ? set_callbacks(call) : code;
}

/* Makes a handle with the target's options. */
static CURLcode make_handle(struct call *call, CURLSH *share)
{
    call->easy = curl_easy_init();
    return call->easy && pollset_watch(call->pollset, call->easy) ? set_target(call, share) : CURLE_OUT_OF_MEMORY;
}

CURLcode attempt_open(struct call *call, struct pollset *pollset, struct handles *handles, CURLSH *share,
                      double timeout)
{
    CURLcode code = CURLE_OK;

    call->pollset = pollset;
    call->sends = 0;
    call->clean = false;
    call->form.failed = NULL;
    *call->answer.message = '\0';
    attempt_free_headers(call); /* after attempt_forget, the call still has headers */
    /* a traced call gets a new handle: after an early failure, a reused handle could report an earlier call's times */
    call->easy = call->traced ? NULL : handles_take(handles, call->target->number);
    if (!call->easy)
        code = make_handle(call, share);
    if (code == CURLE_OK)
        code = configure(call, timeout);
    if (code != CURLE_OK)
        attempt_close(call, handles);
    return code;
}

/* Clears the handle's pointers to the call's data. libcurl could follow these pointers when it frees the handle. */
static bool detach(CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL) == CURLE_OK;
}

void attempt_close(struct call *call, struct handles *handles)
{
    if (call->clean && detach(call->easy))
        handles_keep(handles, call->easy, call->target->number);
    else
        curl_easy_cleanup(call->easy); /* accepts NULL */
    call->easy = NULL;
    attempt_free_headers(call);
    form_close(&call->form);
}

void attempt_free_headers(struct call *call)
{
    curl_slist_free_all(call->all_headers); /* accepts NULL */
    call->all_headers = NULL;
}

void attempt_forget(struct call *call)
{
    call->easy = NULL;
    form_forget(&call->form);
}

/* The end of a transfer */

static double seconds_of(CURL *easy, CURLINFO time)
{
    curl_off_t microseconds = 0;

    (void)curl_easy_getinfo(easy, time, &microseconds);
    return (double)microseconds / 1e6;
}

bool attempt_goes_on(const struct call *call, CURLcode code)
{
    const struct answer *answer = &call->answer;

    if (code == CURLE_OK || code == CURLE_OPERATION_TIMEDOUT)
        return false;
    if (call->sends == 0)
        return !call->fresh && code == CURLE_ABORTED_BY_CALLBACK;
    return !call->wary && call->sends == 1 && call->reused && answer->header_bytes == 0 && attempt_is_repeatable(call);
}

/*
 * Returns whether the handle may be used again. After anything unusual, the handle is not used again, because libcurl
 * may have left data in it that would affect the next call.
 */
static bool is_clean(const struct call *call)
{
    const struct answer *answer = &call->answer;

    return answer->code == CURLE_OK && call->sends == 1 && answer->status >= 200 && answer->status < 300 &&
           !call->form.count && !call->traced;
}

void attempt_finish(struct call *call, CURLcode code)
{
    struct answer *answer = &call->answer;
    CURL *easy = call->easy;

    answer->code = code;
    if (answer->header_bytes > 0) { /* if no header came, libcurl may return an earlier transfer's values */
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
        (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &answer->http_version);
        (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &answer->connects);
    }
    answer->elapsed = pollset_now() - call->begun_at;
    answer->retry_after = retry_after(answer->headers.data);
    if (call->traced) {
        answer->trace.resolved = seconds_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
        answer->trace.connected = seconds_of(easy, CURLINFO_CONNECT_TIME_T);
        if (*answer->trace.tls) /* libcurl 8.22 reports a time even for a phase that the transfer never reached */
            answer->trace.secured = seconds_of(easy, CURLINFO_APPCONNECT_TIME_T);
        if (answer->status > 0)
            answer->trace.first_byte = seconds_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
    }
    call->wary = code == CURLE_OPERATION_TIMEDOUT;
    /* after a timeout over HTTP/1, the next attempt opens a new connection; over HTTP/2, it may share one */
    call->fresh = call->wary && call->target->http_version == 1;
    connection_note(call, code);
    if (code == CURLE_OK)
        call->target->http_version = answer->http_version > CURL_HTTP_VERSION_1_1 ? 2 : 1;
    /* libcurl reports success even when the headers end in the middle */
    if (code == CURLE_OK && !answer->headers_complete) {
        answer->code = CURLE_PARTIAL_FILE;
        strcpy(answer->message, "the connection closed within the response's headers");
    }
    call->clean = is_clean(call);
}
