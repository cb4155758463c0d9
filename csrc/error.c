#include "error.h"

#include <string.h>

#include "compat.h"

#define ERROR_TYPE "cmr.error"

static const char *kind_of_curl(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
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
        return "tls";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR: /* on_body or on_header stopped the transfer, mostly because the answer is too large */
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return "bad_response";
    case CURLE_READ_ERROR: /* form_open refused a file */
        return "invalid_argument";
    default:
        return "network";
    }
}

struct error_info error_of_curl(CURLcode code, bool started)
{
    return (struct error_info){
        .kind = kind_of_curl(code), .outcome = started ? "unknown" : "not_sent", .code = (int)code};
}

static const char *kind_of_status(long status)
{
    static const struct {
        long status;
        const char *kind;
    } kinds[] = {{400, "bad_request"}, {401, "unauthorized"}, {402, "payment_required"}, {403, "forbidden"},
                 {404, "not_found"},   {409, "conflict"},     {422, "bad_request"},      {429, "rate_limited"}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].status == status)
            return kinds[i].kind;
    return status >= 500 && status <= 599 ? "server_error" : "unexpected_status";
}

struct error_info error_of_status(long status)
{
    /*
     * A 4xx status means that the server refused the request. The exceptions are 408 and 499, which say that a gateway
     * waited too long. After a 408, a 499, a redirect or a 5xx, the server may have done the request.
     */
    const bool rejected = status >= 400 && status < 499 && status != 408;

    return (struct error_info){
        .kind = kind_of_status(status), .outcome = rejected ? "rejected" : "unknown", .status = status};
}

static int error_tostring(lua_State *L)
{
    lua_getfield(L, 1, "message");
    return 1;
}

void error_open(lua_State *L)
{
    luaL_newmetatable(L, ERROR_TYPE);
    cmr_set_string(L, "__name", ERROR_TYPE); /* Lua 5.1 does not set it */
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

    lua_newtable(L);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "message");
    cmr_set_string(L, "kind", info.kind);
    cmr_set_string(L, "outcome", info.outcome);
    cmr_set_string(L, "operation", operation);
    if (info.status)
        cmr_set_integer(L, "status", info.status);
    if (info.code)
        cmr_set_integer(L, "curl_code", info.code);
    if (info.retry_after > 0)
        cmr_set_number(L, "retry_after", info.retry_after);
    if (body) {
        lua_pushvalue(L, body);
        lua_setfield(L, -2, "body");
    }
    cmr_setmetatable(L, ERROR_TYPE);
    return 3;
}

int error_return_refusal(lua_State *L, const char *operation, const struct refusal *refusal, const char *secret)
{
    const struct error_info info = {.kind = "invalid_argument", .outcome = "not_sent"};

    refusal_push_message(L, refusal, secret);
    (void)error_return(L, operation, info, 0);
    refusal_set_fields(L, refusal, secret);
    cmr_set_true(L, "programmer_error", refusal->programmer_error);
    return 3;
}

int error_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    cmr_setmetatable(L, ERROR_TYPE);
    return 1;
}
