#include "info.h"

#include "call.h"
#include "compat.h"
#include "response.h"

static void push_http_version(lua_State *L, long version)
{
    lua_pushstring(L, version == CURL_HTTP_VERSION_2_0   ? "2"
                      : version == CURL_HTTP_VERSION_1_1 ? "1.1"
                      : version == CURL_HTTP_VERSION_1_0 ? "1.0"
                                                         : "3");
}

int info_of_call(lua_State *L)
{
    struct call *call = luaL_checkudata(L, 1, CALL_TYPE);

    lua_createtable(L, 0, 11);
    if (call->name) {
        lua_pushstring(L, call->name);
        lua_setfield(L, -2, "operation");
    }
    if (call->method) {
        lua_pushstring(L, call->method);
        lua_setfield(L, -2, "method");
    }
    lua_pushlstring(L, call->url.data ? call->url.data : "", call->url.length);
    lua_setfield(L, -2, "url");
    lua_pushnumber(L, call->elapsed);
    lua_setfield(L, -2, "elapsed");
    lua_pushinteger(L, call->starts);
    lua_setfield(L, -2, "sends");
    if (call->trace.on)
        trace_push(L, &call->trace);
    if (call->status) {
        lua_pushinteger(L, call->status);
        lua_setfield(L, -2, "status");
        lua_pushboolean(L, call->connects == 0);
        lua_setfield(L, -2, "reused");
        push_http_version(L, call->http_version);
        lua_setfield(L, -2, "http_version");
        call->reading++;
        response_push_headers(L, call);
        call->reading--;
        lua_setfield(L, -2, "headers");
    }
    return 1;
}
