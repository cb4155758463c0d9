#include "url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

enum { MAX_BASE_URL_BYTES = 2000 };

bool url_is_visible(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x21 || text[i] > 0x7E)
            return false;
    return true;
}

/* Returns the length of the dot at `at`: 1, or 3 if the dot is percent-encoded. Returns 0 if there is no dot. */
static size_t dot_length(const char *at)
{
    if (*at == '.')
        return 1;
    return at[0] == '%' && at[1] == '2' && (at[2] | 32) == 'e' ? 3 : 0;
}

static bool is_dot_segment(const char *at)
{
    int dots = 0;

    for (size_t step = dot_length(at); step; step = dot_length(at)) {
        at += step;
        dots++;
    }
    return (dots == 1 || dots == 2) && (*at == '/' || *at == '\0');
}

bool url_check_path(const char *path, size_t length, struct refusal *refusal, enum refusal_code code)
{
    if (length == 0 || path[0] != '/' || path[1] == '/')
        return refuse(refusal, code, "it must start with one '/'");
    if (!url_is_visible(path, length))
        return refuse(refusal, code, "only visible ASCII characters are allowed: percent-encode the others");
    if (strpbrk(path, "?#\\"))
        return refuse(refusal, code, "'?', '#' and '\\' are not allowed");
    for (const char *slash = path; slash; slash = strchr(slash + 1, '/'))
        if (is_dot_segment(slash + 1))
            return refuse(refusal, code, "'.' and '..' segments are not allowed");
    return true;
}

bool url_is_method(const char *method, size_t length)
{
    return set_has("GET|POST|PUT|PATCH|DELETE", method, length);
}

bool url_split_endpoint(const char *text, struct endpoint *endpoint)
{
    const char *rest;

    *endpoint = (struct endpoint){.method_length = strcspn(text, " ")};
    if (text[endpoint->method_length] != ' ' || !url_is_method(text, endpoint->method_length))
        return false;
    endpoint->path = text + endpoint->method_length + 1;
    endpoint->path_length = strcspn(endpoint->path, " ");
    rest = endpoint->path + endpoint->path_length;
    endpoint->user = strcmp(rest, " userId in query") == 0 ? QUERY : strcmp(rest, " userId in body") == 0 ? BODY : 0;
    return !*rest || endpoint->user;
}

/* Copies one part of a URL. */
static CURLUcode url_part(CURLU *url, CURLUPart what, char *part, size_t size)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(url, what, &text, CURLU_DEFAULT_PORT);

    if (code == CURLUE_OK && strlen(text) < size)
        memcpy(part, text, strlen(text) + 1);
    else if (code == CURLUE_OK)
        code = CURLUE_MALFORMED_INPUT;
    curl_free(text);
    return code;
}

bool url_is_loopback(const char *host)
{
    struct in_addr address;

    if (curl_strequal(host, "localhost") || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

static bool parse_base(CURLU *url, const char *text, struct base_url *base, struct refusal *refusal)
{
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);

    if (code == CURLUE_OK)
        code = url_part(url, CURLUPART_SCHEME, base->scheme, sizeof base->scheme);
    if (code == CURLUE_OK)
        code = url_part(url, CURLUPART_HOST, base->host, sizeof base->host);
    if (code == CURLUE_OK)
        code = url_part(url, CURLUPART_PORT, base->port, sizeof base->port);
    if (code != CURLUE_OK)
        return refuse(refusal, BAD_OPTION, code == CURLUE_OUT_OF_MEMORY ? "out of memory" : "it is not a URL");
    if (strcmp(base->scheme, "https") != 0 && strcmp(base->scheme, "http") != 0)
        return refuse(refusal, BAD_OPTION, "it must start with https://");
    return !strchr(text, '@') || refuse(refusal, BAD_OPTION, "it must not hold a user name or password");
}

bool url_check_base(const char *text, size_t length, struct base_url *base, struct refusal *refusal)
{
    const char *authority = text + strcspn(text, ":/");
    const char *path;
    CURLU *url;
    bool parsed;

    if (length > MAX_BASE_URL_BYTES)
        return refuse(refusal, BAD_OPTION, "it is too long");
    if (!url_is_visible(text, length) || strchr(text, '\\'))
        return refuse(refusal, BAD_OPTION, "only visible ASCII characters are allowed, and no '\\'");
    if (strpbrk(text, "?#"))
        return refuse(refusal, BAD_OPTION, "it must not hold a query or a fragment");
    /* stricter than libcurl, which also accepts https:/host and https:///host */
    if (strncmp(authority, "://", 3) != 0 || authority[3] == '/')
        return refuse(refusal, BAD_OPTION, "it must start with https:// and a host");
    url = curl_url();
    parsed = url ? parse_base(url, text, base, refusal) : refuse_data(refusal, BAD_OPTION, "out of memory");
    curl_url_cleanup(url); /* accepts NULL */
    /* libcurl removes dot segments when it parses, so the check takes the path from the text */
    path = strchr(authority + 3, '/');
    return parsed && (!path || url_check_path(path, strlen(path), refusal, BAD_OPTION));
}
