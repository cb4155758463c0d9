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
    case CURLE_WRITE_ERROR: /* on_body refused: the answer is over max_response */
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return KIND_BAD_RESPONSE;
    default:
        return KIND_NETWORK;
    }
}

struct error_info error_of_curl(CURLcode code, bool started)
{
    return (struct error_info){
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

struct error_info error_of_status(long status)
{
    return (struct error_info){
        .kind = kind_of_status(status),
        /* A 4xx is a no, except for the two that say a gateway waited too long. After a redirect or a 5xx the request
           may have been done. */
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

int error_return(lua_State *L, const char *operation, struct error_info info, int body)
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
    cmr_set_string(L, "kind", kind_names[info.kind]);
    cmr_set_string(L, "outcome", outcome_names[info.outcome]);
    cmr_set_string(L, "operation", operation);
    if (info.status) {
        lua_pushinteger(L, info.status);
        lua_setfield(L, -2, "status");
    }
    if (info.code) {
        lua_pushinteger(L, info.code);
        lua_setfield(L, -2, "curl_code");
    }
    if (info.retry_after > 0) {
        lua_pushnumber(L, info.retry_after);
        lua_setfield(L, -2, "retry_after");
    }
    if (body) {
        lua_pushvalue(L, body);
        lua_setfield(L, -2, "body");
    }
    cmr_setmetatable(L, ERROR_TYPE);
    return 3;
}

int error_return_refusal(lua_State *L, const char *operation, const struct refusal *refusal, const char *secret)
{
    const struct error_info info = {.kind = KIND_INVALID_ARGUMENT, .outcome = NOT_SENT};

    refusal_push_message(L, refusal, secret);
    (void)error_return(L, operation, info, 0);
    refusal_set_fields(L, refusal, secret);
    if (refusal->programmer_error) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "programmer_error");
    }
    return 3;
}

int error_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    cmr_setmetatable(L, ERROR_TYPE);
    return 1;
}
