#include "fuzz.h"

#include <stdio.h>

int luaopen_cmr_core(lua_State *L);

enum { COLLECT_EVERY = 64 }; /* inputs */

unsigned take(struct input *input, unsigned below)
{
    if (!input->left || !below)
        return 0;
    input->left--;
    return *input->at++ % below;
}

static void push_bytes(lua_State *L, struct input *input, size_t length)
{
    if (length > input->left)
        length = input->left;
    lua_pushlstring(L, (const char *)input->at, length);
    input->at += length;
    input->left -= length;
}

void push_string(lua_State *L, struct input *input)
{
    push_bytes(L, input, take(input, 256));
}

void push_rest(lua_State *L, struct input *input)
{
    push_bytes(L, input, input->left);
}

void push_one_of(lua_State *L, struct input *input, const char *const *list)
{
    unsigned count = 0;

    while (list[count])
        count++;
    lua_pushstring(L, list[take(input, count)]);
}

static void push_member(lua_State *L, const char *table, const char *name)
{
    lua_getglobal(L, table);
    lua_getfield(L, -1, name);
    lua_replace(L, -2);
}

void push_core(lua_State *L, const char *name)
{
    push_member(L, "core", name);
}

void push_check(lua_State *L, const char *name)
{
    push_member(L, "checks", name);
}

void push_target(lua_State *L, int port)
{
    push_core(L, "target");
    lua_newtable(L);
    lua_pushliteral(L, FUZZ_KEY);
    lua_setfield(L, -2, "api_key");
    lua_pushfstring(L, "http://127.0.0.1:%d/base", port);
    lua_setfield(L, -2, "base_url");
    lua_pushinteger(L, 100000);
    lua_setfield(L, -2, "max_response");
    lua_call(L, 1, 1);
}

void must(lua_State *L, int fact, const char *what)
{
    if (!fact)
        luaL_error(L, "BROKEN: %s", what);
}

static lua_State *state;

/* Closes the state at exit, so that LeakSanitizer sees what the state did not free. */
static void close_state(void)
{
    lua_close(state);
    state = NULL;
}

static lua_State *open_state(void)
{
    lua_State *L = luaL_newstate();

    atexit(close_state);
    luaL_openlibs(L);
    luaL_requiref(L, "cmr.core", luaopen_cmr_core, 0);
    lua_setglobal(L, "core");
    if (luaL_loadfile(L, "spec/fuzz/checks.lua") != LUA_OK)
        luaL_error(L, "%s", lua_tostring(L, -1));
    lua_getglobal(L, "core");
    lua_pushliteral(L, FUZZ_KEY);
    lua_call(L, 2, 1);
    lua_setglobal(L, "checks");
    return L;
}

static int traceback(lua_State *L)
{
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

int fuzz_run(lua_CFunction one, const uint8_t *data, size_t size)
{
    static unsigned long inputs;
    struct input input = {data, size};
    lua_State *L = state;

    if (!L)
        L = state = open_state();
    lua_settop(L, 0);
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, one);
    lua_pushlightuserdata(L, &input);
    if (lua_pcall(L, 1, 0, 1) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        abort();
    }
    if (++inputs % COLLECT_EVERY == 0)
        lua_gc(L, LUA_GCCOLLECT);
    return 0;
}
