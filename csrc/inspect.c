#include "call.h"

#include <string.h>

#include "attempt.h"
#include "compat.h"
#include "mask.h"

/* Sets a field to the time of a phase, if the attempt reached the phase. */
static void set_time(lua_State *L, const char *name, double seconds)
{
    if (seconds > 0)
        cmr_set_number(L, name, seconds);
}

static void set_trace(lua_State *L, const struct trace *trace)
{
    cmr_set_string(L, "tls", *trace->tls ? trace->tls : NULL);
    lua_createtable(L, 0, 4);
    set_time(L, "resolved", trace->resolved);
    set_time(L, "connected", trace->connected);
    set_time(L, "secured", trace->secured);
    set_time(L, "first_byte", trace->first_byte);
    lua_setfield(L, -2, "timing");
}

static const char *http_version(long version)
{
    return version == CURL_HTTP_VERSION_1_0   ? "1.0"
           : version == CURL_HTTP_VERSION_1_1 ? "1.1"
           : version == CURL_HTTP_VERSION_2_0 ? "2"
                                              : "3";
}

static void set_headers(lua_State *L, const struct curl_slist *line, const char *key)
{
    int count = 0;

    lua_newtable(L);
    for (; line; line = line->next) {
        const char *colon = strstr(line->data, ": ");
        if (colon && key && strcmp(colon + 2, key) == 0) {
            lua_pushlstring(L, line->data, (size_t)(colon - line->data));
            lua_setfield(L, -3, "key_header");
        } else {
            push_masked(L, line->data, strlen(line->data), key);
            lua_rawseti(L, -2, ++count);
        }
    }
    lua_setfield(L, -2, "headers");
}

int lua_call_info(lua_State *L)
{
    struct call *call = to_call(L);
    const struct answer *answer = &call->answer;

    call->reads++; /* first, because each allocation below may run a finalizer */
    lua_createtable(L, 0, 11);
    cmr_set_string(L, "operation", call->name);
    cmr_set_string(L, "method", call->method);
    push_masked(L, call->url.data ? call->url.data : "", call->url.length, call->target->key);
    lua_setfield(L, -2, "url");
    cmr_set_number(L, "elapsed", answer->elapsed);
    cmr_set_integer(L, "sends", answer->sends);
    cmr_set_number(L, "queued", answer->queued);
    if (call->traced)
        set_trace(L, &answer->trace);
    if (answer->status) {
        cmr_set_integer(L, "status", answer->status);
        cmr_set_string(L, "http_version", http_version(answer->http_version));
        lua_pushboolean(L, answer->connects == 0);
        lua_setfield(L, -2, "reused");
        response_push_headers(L, call);
        lua_setfield(L, -2, "headers");
    }
    call->reads--;
    return 1;
}

static void set_masked(lua_State *L, const char *name, const char *text, size_t length, const char *key)
{
    push_masked(L, text, length, key);
    lua_setfield(L, -2, name);
}

static void set_form(lua_State *L, const struct form *form, const char *key)
{
    lua_createtable(L, (int)form->count, 0);
    for (size_t i = 0; i < form->count; i++) {
        const struct form_part *part = &form->parts[i];
        lua_createtable(L, 0, 3);
        set_masked(L, "name", part->name.data, part->name.length, key);
        set_masked(L, part->type ? "path" : "value", part->value.data, part->value.length, key);
        cmr_set_string(L, "type", part->type);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "form");
}

int lua_call_request(lua_State *L)
{
    const struct call *call = to_call(L);
    const struct target *target = call->target;

    luaL_argcheck(L, call->state != CALL_CLOSED, 1, "the call is not ready");
    lua_createtable(L, 0, 8);
    cmr_set_string(L, "method", call->method);
    set_masked(L, "url", call->url.data, call->url.length, target->key);
    set_headers(L, attempt_headers(call), target->key);
    if (call->form.count)
        set_form(L, &call->form, target->key);
    else if (call->body.data)
        set_masked(L, "body", call->body.data, call->body.length, target->key);
    cmr_set_string(L, "ca_file", target->ca_file);
    cmr_set_string(L, "proxy", target->loopback ? "" : target->proxy);
    cmr_set_string(L, "resolve", target->resolve ? target->resolve->data : NULL);
    return 1;
}
