#include "trace.h"

#include <string.h>

/* libcurl has no question for the TLS version: it only tells it, in a line for people. */
static int on_debug(CURL *easy, curl_infotype type, char *text, size_t length, void *userdata)
{
    static const char before[] = "SSL connection using ";
    const size_t skip = sizeof before - 1;
    struct trace *trace = userdata;
    size_t end = skip;

    (void)easy;
    if (type != CURLINFO_TEXT || length <= skip || memcmp(text, before, skip) != 0)
        return 0;
    while (end < length && text[end] > ' ')
        end++;
    if (end - skip < sizeof trace->tls) {
        memcpy(trace->tls, text + skip, end - skip);
        trace->tls[end - skip] = '\0';
    }
    return 0;
}

CURLcode trace_begin(struct trace *trace, CURL *easy)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);

    *trace = (struct trace){.on = true};
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_DEBUGDATA, trace);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    return code;
}

static double seconds(CURL *easy, CURLINFO what)
{
    curl_off_t microseconds = 0;

    (void)curl_easy_getinfo(easy, what, &microseconds);
    return (double)microseconds / 1e6;
}

void trace_end(struct trace *trace, CURL *easy)
{
    trace->resolved = seconds(easy, CURLINFO_NAMELOOKUP_TIME_T);
    trace->connected = seconds(easy, CURLINFO_CONNECT_TIME_T);
    trace->secured = seconds(easy, CURLINFO_APPCONNECT_TIME_T);
    trace->first_byte = seconds(easy, CURLINFO_STARTTRANSFER_TIME_T);
}

static void push_time(lua_State *L, const char *name, double time)
{
    if (time <= 0)
        return;
    lua_pushnumber(L, time);
    lua_setfield(L, -2, name);
}

void trace_push(lua_State *L, const struct trace *trace)
{
    if (*trace->tls) {
        lua_pushstring(L, trace->tls);
        lua_setfield(L, -2, "tls");
    }
    lua_createtable(L, 0, 4);
    push_time(L, "resolved", trace->resolved);
    push_time(L, "connected", trace->connected);
    push_time(L, "secured", trace->secured);
    push_time(L, "first_byte", trace->first_byte);
    lua_setfield(L, -2, "timing");
}
