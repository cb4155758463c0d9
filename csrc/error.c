#include "error.h"

#include <string.h>

#include "compat.h"

#define ERROR_TYPE "cmr.error"

static const char *const kind_names[] = {
    [KIND_NETWORK] = "network",
    [KIND_TIMEOUT] = "timeout",
    [KIND_TLS] = "tls",
    [KIND_BAD_RESPONSE] = "bad_response",
    [KIND_UNAUTHORIZED] = "unauthorized",
    [KIND_PAYMENT_REQUIRED] = "payment_required",
    [KIND_FORBIDDEN] = "forbidden",
    [KIND_NOT_FOUND] = "not_found",
    [KIND_CONFLICT] = "conflict",
    [KIND_BAD_REQUEST] = "bad_request",
    [KIND_RATE_LIMITED] = "rate_limited",
    [KIND_QUOTA_EXCEEDED] = "quota_exceeded",
    [KIND_SERVER_ERROR] = "server_error",
    [KIND_UNEXPECTED_STATUS] = "unexpected_status",
    [KIND_OPERATION_FAILED] = "operation_failed",
    [KIND_CANCELLED] = "cancelled",
    [KIND_INVALID_ARGUMENT] = "invalid_argument",
};

static const char *const outcome_names[] = {
    [NOT_SENT] = "not_sent",
    [REJECTED] = "rejected",
    [UNKNOWN] = "unknown",
};

static enum kind kind_of_curl(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return KIND_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        return KIND_TLS;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR: /* our own refusal: the answer is over max_response */
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return KIND_BAD_RESPONSE;
    default:
        return KIND_NETWORK;
    }
}

struct fault fault_of_curl(CURLcode code, bool started)
{
    return (struct fault){
        .kind = kind_of_curl(code),
        .outcome = started ? UNKNOWN : NOT_SENT,
        .code = (int)code,
    };
}

static enum kind kind_of_status(long status)
{
    switch (status) {
    case 400:
    case 422:
        return KIND_BAD_REQUEST;
    case 401:
        return KIND_UNAUTHORIZED;
    case 402:
        return KIND_PAYMENT_REQUIRED;
    case 403:
        return KIND_FORBIDDEN;
    case 404:
        return KIND_NOT_FOUND;
    case 409:
        return KIND_CONFLICT;
    case 429:
        return KIND_RATE_LIMITED;
    default:
        return status >= 500 && status <= 599 ? KIND_SERVER_ERROR : KIND_UNEXPECTED_STATUS;
    }
}

struct fault fault_of_status(long status)
{
    return (struct fault){
        .kind = kind_of_status(status),
        /* A 4xx is a no, but for a gateway's that it waited for too long. A redirect or a 5xx says nothing about what
           was done before it. */
        .outcome = status >= 400 && status <= 499 && status != 408 && status != 499 ? REJECTED : UNKNOWN,
        .status = status,
    };
}

static int error_tostring(lua_State *L)
{
    lua_getfield(L, 1, "message");
    return 1;
}

void error_open(lua_State *L)
{
    luaL_newmetatable(L, ERROR_TYPE);
    lua_pushstring(L, ERROR_TYPE);
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
}

int error_return(lua_State *L, const char *operation, struct fault fault, int body)
{
    if (operation) {
        lua_pushfstring(L, "%s: %s", operation, lua_tostring(L, -1));
        lua_replace(L, -2);
    }
    lua_pushnil(L);
    lua_insert(L, -2);

    lua_createtable(L, 0, 9);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, kind_names[fault.kind]);
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, outcome_names[fault.outcome]);
    lua_setfield(L, -2, "outcome");
    if (operation) {
        lua_pushstring(L, operation);
        lua_setfield(L, -2, "operation");
    }
    if (fault.status) {
        lua_pushinteger(L, fault.status);
        lua_setfield(L, -2, "status");
    }
    if (fault.code) {
        lua_pushinteger(L, fault.code);
        lua_setfield(L, -2, "curl_code");
    }
    if (fault.retry_after > 0) {
        lua_pushnumber(L, fault.retry_after);
        lua_setfield(L, -2, "retry_after");
    }
    if (fault.mistake) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "mistake");
    }
    if (body) {
        lua_pushvalue(L, body);
        lua_setfield(L, -2, "body");
    }
    cmr_setmetatable(L, ERROR_TYPE);
    return 3;
}

int error_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    cmr_setmetatable(L, ERROR_TYPE);
    return 1;
}

static int hex_value(const char *digits, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        const char digit = digits[i];
        if (digit >= '0' && digit <= '9')
            value = value * 16 + digit - '0';
        else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
            value = value * 16 + (digit | 32) - 'a' + 10;
        else
            return -1;
    }
    return value;
}

/* How many bytes at text spell the character: itself, \c or \u0043 as in JSON, %43 as in a URL; 0: none. */
static size_t match_character(const char *text, const char *end, char character)
{
    const size_t left = (size_t)(end - text);

    if (left >= 6 && text[0] == '\\' && text[1] == 'u' && hex_value(text + 2, 4) == character)
        return 6;
    if (left >= 3 && text[0] == '%' && hex_value(text + 1, 2) == character)
        return 3;
    if (left >= 2 && text[0] == '\\' && text[1] == character)
        return 2;
    return left >= 1 && text[0] == character ? 1 : 0;
}

static size_t match_escaped(const char *text, const char *end, const char *secret)
{
    const char *at = text;

    for (; *secret; secret++) {
        const size_t step = match_character(at, end, *secret);
        if (!step)
            return 0;
        at += step;
    }
    return (size_t)(at - text);
}

void push_masked(lua_State *L, const char *bytes, size_t length, const char *secret)
{
    const char *end = bytes + length;
    const char *from = bytes; /* not yet copied */
    luaL_Buffer masked;

    luaL_buffinit(L, &masked);
    while (secret && *secret && bytes < end) {
        const size_t hit = match_escaped(bytes, end, secret);
        if (hit) {
            luaL_addlstring(&masked, from, (size_t)(bytes - from));
            luaL_addlstring(&masked, "***", 3);
            from = bytes + hit;
        }
        bytes += hit ? hit : 1;
    }
    luaL_addlstring(&masked, from, (size_t)(end - from));
    luaL_pushresult(&masked);
}

/* The length of the UTF-8 sequence at bytes, or 0 when it is none (or an overlong one, or a surrogate). */
static size_t utf8_length(const unsigned char *bytes, size_t left)
{
    const unsigned char lead = bytes[0];
    const size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;

    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    if ((lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xED && bytes[1] > 0x9F) || (lead == 0xF0 && bytes[1] < 0x90) ||
        (lead == 0xF4 && bytes[1] > 0x8F))
        return 0;
    return length;
}

void quote_printable(lua_State *L, size_t most)
{
    size_t left;
    const unsigned char *bytes = (const unsigned char *)lua_tolstring(L, -1, &left);
    char quote[QUOTE_ARGUMENT + 3];
    size_t length = 0;

    while (left > 0) {
        const size_t step = utf8_length(bytes, left);
        /* C0, DEL and C1 controls drive terminals */
        const bool printable =
            step > 1 ? !(bytes[0] == 0xC2 && bytes[1] < 0xA0) : step == 1 && *bytes >= 0x20 && *bytes != 0x7F;
        const size_t size = printable ? step : 1;
        if (length + size > most) {
            memcpy(quote + length, "...", 3);
            length += 3;
            break;
        }
        if (printable)
            memcpy(quote + length, bytes, step);
        else
            quote[length] = bytes[0] == '\n' || bytes[0] == '\t' || bytes[0] == '\r' ? ' ' : '?';
        length += size;
        bytes += step ? step : 1;
        left -= step ? step : 1;
    }
    lua_pushlstring(L, quote, length);
    lua_replace(L, -2);
}
