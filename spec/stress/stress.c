/*
 * Runs stress.lua under the sanitizers, with the core linked into this program. Adds functions that Lua does not have:
 *
 * host.port                the port of the peer
 * host.fork() -> pid, or 0 in the child
 * host.wait()              returns a message if a child has failed, and does not wait
 * host.wait(true)          the same, but waits until a child has failed or all children have ended
 * host.exit(code)          ends the process at once, and closes nothing
 *
 * stress OPERATIONS SEED
 */
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat.h"
#include "peer.h"

int luaopen_cmr_core(lua_State *L);

enum { CHILD_SECONDS = 60 };

static int children;

static int host_fork(lua_State *L)
{
    const pid_t pid = fork();

    if (pid < 0)
        return luaL_error(L, "fork failed");
    if (pid == 0)
        alarm(CHILD_SECONDS); /* a child that hangs fails */
    else
        children++;
    lua_pushinteger(L, pid);
    return 1;
}

static int host_wait(lua_State *L)
{
    const int options = lua_toboolean(L, 1) ? 0 : WNOHANG;
    int status;
    pid_t pid;

    /* `children` does not count the peer, which is a child too and ends last. */
    while (children > 0 && (pid = waitpid(-1, &status, options)) > 0) {
        children--;
        if (status != 0) {
            lua_pushfstring(L, "the child %d ended with status %d", (int)pid, status);
            return 1;
        }
    }
    return 0;
}

static int host_exit(lua_State *L)
{
    _exit((int)luaL_checkinteger(L, 1));
}

int main(int count, char **arguments)
{
    static const luaL_Reg functions[] = {{"fork", host_fork}, {"wait", host_wait}, {"exit", host_exit}, {NULL, NULL}};
    const int port = peer_start();
    lua_State *L = luaL_newstate();
    int status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_cmr_core);
    lua_setfield(L, -2, "cmr.core");
    lua_settop(L, 0);

    status = luaL_loadfile(L, "spec/stress/stress.lua");
    if (status == LUA_OK) {
        luaL_newlib(L, functions);
        lua_pushinteger(L, port);
        lua_setfield(L, -2, "port");
        lua_pushstring(L, count > 1 ? arguments[1] : "20000");
        lua_pushstring(L, count > 2 ? arguments[2] : "1");
        status = lua_pcall(L, 3, 0, 0);
    }
    if (status != LUA_OK)
        fprintf(stderr, "stress: FAILED: %s\n", lua_tostring(L, -1));
    lua_close(L);
    /* Only the parent checks for leaks. A child abandons its inherited objects on purpose. */
    if (status == LUA_OK && __lsan_do_recoverable_leak_check())
        status = 1;
    return status != LUA_OK;
}
