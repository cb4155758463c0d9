#include "preview.h"

#include <string.h>

#include "call.h"
#include "compat.h"
#include "text.h"

/* Where the key stands in a header line, which is its whole value; NULL in all others. */
static const char *key_in(const char *line, const char *key)
{
    const char *value = strstr(line, ": ");

    return value && key && strcmp(value + 2, key) == 0 ? value : NULL;
}

static void set_masked(lua_State *L, const char *name, const char *text, size_t length, const char *key)
{
    push_masked(L, text, length, key);
    lua_setfield(L, -2, name);
}

static void set(lua_State *L, const char *name, const char *text)
{
    if (!text)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void set_headers(lua_State *L, const struct curl_slist *line, const char *key)
{
    int count = 0;

    lua_newtable(L);
    for (; line; line = line->next) {
        const char *end = key_in(line->data, key);
        if (end) {
            lua_pushlstring(L, line->data, (size_t)(end - line->data));
            lua_setfield(L, -3, "key_header");
        } else {
            push_masked(L, line->data, strlen(line->data), key);
            lua_rawseti(L, -2, ++count);
        }
    }
    lua_setfield(L, -2, "headers");
}

int preview_request(lua_State *L)
{
    const struct call *call = luaL_checkudata(L, 1, CALL_TYPE);
    const struct target *target;

    luaL_argcheck(L, call->state != CALL_CLOSED, 1, "the call is not ready");
    target = call->target;
    lua_createtable(L, 0, 8);
    set(L, "method", call->method);
    set_masked(L, "url", call->url.data, call->url.length, target->key);
    set_headers(L, call->request_body ? target->headers_body : target->headers, target->key);
    if (call->request_body)
        set_masked(L, "body", call->request_body, call->request_body_length, target->key);
    set(L, "ca_file", target->ca_file);
    set(L, "proxy", target->loopback ? "" : target->proxy);
    set(L, "resolve", target->resolve ? target->resolve->data : NULL);
    return 1;
}
