#include "target.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"
#include "crypto.h"

static struct target *to_target(lua_State *L, int index)
{
    return luaL_checkudata(L, index, TARGET_TYPE);
}

struct target *target_check(lua_State *L, int index)
{
    struct target *target = to_target(L, index);

    luaL_argcheck(L, target->base_url, index, "the target was finalized");
    return target;
}

/*
 * Makes a table from the options at index 1, and pushes it. If the parent target is at index 2, takes absent options
 * from the parent.
 */
static void push_options(lua_State *L)
{
    const int all = lua_gettop(L) + 1;
    const char *name;

    lua_newtable(L);
    for (size_t i = 0; (name = target_option_name(i)); i++) {
        lua_getfield(L, 1, name);
        if (lua_isnil(L, -1) && !lua_isnil(L, 2)) {
            cmr_get_keep(L, 2);
            lua_getfield(L, -1, name);
        }
        lua_setfield(L, all, name);
        lua_settop(L, all);
    }
}

int target_new(lua_State *L)
{
    static atomic_ullong count;
    struct refusal refusal = {0};
    struct target *target;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        (void)target_check(L, 2);
    target = cmr_newuserdata(L, sizeof *target); /* its stack index is 3 */
    *target = (struct target){.number = atomic_fetch_add(&count, 1) + 1};
    cmr_setmetatable(L, TARGET_TYPE);
    push_options(L);
    lua_pushvalue(L, 4);
    cmr_set_keep(L, 3);
    if (target_options_check(L, 4, target, &refusal)) {
        lua_settop(L, 3);
        return 1;
    }
    lua_pushnil(L);
    refusal_push_message(L, &refusal, target->key);
    lua_newtable(L);
    refusal_set_fields(L, &refusal, target->key);
    return 3;
}

void target_push_endpoint(lua_State *L, int index, const char *operation)
{
    cmr_get_keep(L, index);
    lua_getfield(L, -1, "endpoints");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, operation);
        lua_replace(L, -2);
    }
    lua_replace(L, -2);
}

static int target_gc(lua_State *L)
{
    struct target *target = to_target(L, 1);

    curl_slist_free_all(target->headers);
    curl_slist_free_all(target->headers_body);
    curl_slist_free_all(target->headers_form);
    curl_slist_free_all(target->resolve);
    *target = (struct target){.base_url = NULL};
    return 0;
}

/* tostring(target) -> the base URL, never the key */
static int target_tostring(lua_State *L)
{
    const struct target *target = to_target(L, 1);

    lua_pushfstring(L, "%s: %s", TARGET_TYPE, target->base_url ? target->base_url : "(none)");
    return 1;
}

/* target:key_id() -> 16 hexadecimal digits that identify the key without revealing it; "" without a key */
static int target_key_id(lua_State *L)
{
    static const char message[] = "cmr key id";
    struct target *target = target_check(L, 1);
    unsigned char digest[DIGEST_BYTES];

    if (target->key && !*target->key_id && /* computed only once, because every call asks for the id */
        crypto_hmac(target->key, strlen(target->key), message, sizeof message - 1, digest))
        for (size_t i = 0; i < 8; i++)
            (void)snprintf(target->key_id + 2 * i, 3, "%02x", digest[i]);
    lua_pushstring(L, target->key_id);
    return 1;
}

void target_open(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", target_gc}, {"__tostring", target_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"key_id", target_key_id}, {NULL, NULL}};

    cmr_newtype(L, TARGET_TYPE, meta, methods);
}
