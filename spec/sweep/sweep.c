/*
 * The allocation sweep. It runs every path of paths.lua again and again, and refuses the path's n-th request for
 * memory. n is 1, 2, ... until the path has fewer requests. Some modes also refuse later requests. A mode refuses
 * either requests of Lua, or requests of our C and of libcurl. The sweep never refuses lua-cjson's own malloc, because
 * lua-cjson then ends the process.
 *
 * After each run, the sweep runs the path again in the same Lua state, and refuses nothing. This run must succeed, and
 * no call may be in flight after it. Then the sweep closes the state. No block that the two runs allocated may be left.
 *
 * sweep [stride [path]]: only every stride-th n; only the paths whose name contains `path`.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <sanitizer/common_interface_defs.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "peer.h"

int luaopen_cmr_core(lua_State *L);
int luaopen_cmr_operations(lua_State *L);
int luaopen_cmr_sqlite(lua_State *L);

enum owner { LUA, C };

static const struct mode {
    const char *name;
    enum owner owner;
    long refusals;
    bool succeeds; /* if Lua asks again, the refusal has no visible effect */
} modes[] = {
    {"Lua, which collects and asks again", LUA, 1, true}, /* the refused request makes Lua collect all garbage */
    {"Lua, once", LUA, 2, false},                         /* refuses the second try too */
    {"Lua, from then on", LUA, -1, false},
    {"C, once", C, 1, false},
    {"C, from then on", C, -1, false},
};

static struct {
    const char *path;
    const struct mode *mode;
    long n;           /* the number of the first refused request */
    atomic_long seen; /* the number of requests of the mode's owner */
    atomic_bool on;
} now;

/* The request of Lua that was refused last, and whether Lua has asked for the same again. */
static struct {
    const void *block;
    size_t size;
    bool is_open; /* Lua has asked for nothing since then */
    bool again;
} last;

static atomic_long blocks[2]; /* the number of allocated blocks of each owner */
static int port;
static int failures;

static bool refused(enum owner owner)
{
    long seen;

    if (!now.on || owner != now.mode->owner)
        return false;
    seen = ++now.seen;
    return seen >= now.n && (now.mode->refusals < 0 || seen < now.n + now.mode->refusals);
}

/* Memory for Lua, for libcurl, and for csrc. The linker wraps realloc and free in csrc only. */

void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static void *counted(enum owner owner, void *block)
{
    blocks[owner] += block != NULL;
    return block;
}

static void release(enum owner owner, void *block)
{
    blocks[owner] -= block != NULL;
    __real_free(block);
}

static void *resize(enum owner owner, void *block, size_t size)
{
    return block ? __real_realloc(block, size) : counted(owner, malloc(size));
}

static void *lua_memory(void *unused, void *block, size_t old_size, size_t size)
{
    (void)unused;
    if (size == 0) {
        release(LUA, block);
        return NULL;
    }
    if (block && size <= old_size) /* Lua requires that shrinking a block never fails */
        return resize(LUA, block, size);
    last.again = last.again || (last.is_open && block == last.block && size == last.size);
    last.is_open = false;
    if (!refused(LUA))
        return resize(LUA, block, size);
    last.block = block;
    last.size = size;
    last.is_open = true;
    return NULL;
}

void *__wrap_realloc(void *block, size_t size)
{
    return refused(C) ? NULL : resize(C, block, size);
}

void __wrap_free(void *block)
{
    release(C, block);
}

static void *curl_malloc(size_t size)
{
    return refused(C) ? NULL : counted(C, malloc(size));
}

static void *curl_calloc(size_t count, size_t size)
{
    return refused(C) ? NULL : counted(C, calloc(count, size));
}

static char *curl_strdup(const char *string)
{
    return refused(C) ? NULL : counted(C, strdup(string));
}

/* Prints the current place in the sweep, also when a sanitizer ends the process. */
static void tell_where(void)
{
    if (now.path)
        fprintf(stderr, "sweep: %s: refused: %s, n = %ld\n", now.path, now.mode->name, now.n);
}

static void fail(const char *what)
{
    tell_where();
    fprintf(stderr, "sweep: FAILED: %s\n", what);
    if (++failures >= 20)
        exit(1);
}

/*
 * Hides two faults of others. lua-cjson must stay loaded, because otherwise LeakSanitizer cannot name it as the source
 * of its leaks. Lua 5.4.4 damages its string buffer for good if memory ends while it makes the first large buffer.
 */
static void prepare_state(lua_State *L)
{
    static const char code[] = "('x'):rep(10000); require 'cjson'; return package.searchpath('cjson', package.cpath)";

    if (luaL_dostring(L, code) || !dlopen(lua_tostring(L, -1), RTLD_NOW | RTLD_NODELETE))
        luaL_error(L, "%s", lua_tostring(L, -1));
}

/* Returns a state with the table of paths.lua at index 1. */
static lua_State *open_state(void)
{
    lua_State *L = lua_newstate(lua_memory, NULL);

    luaL_openlibs(L);
    prepare_state(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_cmr_core);
    lua_setfield(L, -2, "cmr.core");
    lua_pushcfunction(L, luaopen_cmr_operations);
    lua_setfield(L, -2, "cmr.operations");
    lua_pushcfunction(L, luaopen_cmr_sqlite);
    lua_setfield(L, -2, "cmr.sqlite");
    lua_settop(L, 0);
    if (luaL_loadfile(L, "spec/sweep/paths.lua") != LUA_OK)
        luaL_error(L, "%s", lua_tostring(L, -1));
    lua_pushinteger(L, port);
    lua_call(L, 1, 1);
    return L;
}

/* Calls the function on top. Unless it returns LUA_OK, a message stays on top. */
static int run(lua_State *L, bool refusing)
{
    int status;

    now.seen = 0;
    last.is_open = last.again = false;
    now.on = refusing;
    status = lua_pcall(L, 0, 0, 0);
    now.on = false;
    return status;
}

/*
 * Checks that an error reports a lack of memory. Lua's lack of memory must be raised. Ours is raised or returned; for a
 * returned error, paths.lua raises "failed: KIND: ...". libcurl may report another reason: it could not resolve a host,
 * connect or decompress. libcurl 8.22 reports its code 3, no memory, and lets the call wait until its time is over.
 *
 * Newer versions of Lua 5.4 do not ask again for a larger stack. Such a refusal is visible in each mode.
 */
static void judge(lua_State *L)
{
    const char *said = lua_tostring(L, -1);
    bool fine = said && !(now.mode->succeeds && last.again);

    if (fine && now.mode->owner == LUA)
        fine = strncmp(said, "failed: ", 8) != 0 && strstr(said, "not enough memory");
    else if (fine)
        fine = strncmp(said, "failed: network: ", 17) == 0 || strcasestr(said, "memory") ||
               strstr(said, "unencoding") || strstr(said, "wakeup listening: 3");
    if (!fine)
        fail(said ? said : "an error that is no string");
}

static void must(lua_State *L, const char *when)
{
    if (run(L, false) != LUA_OK) {
        fail(when);
        fprintf(stderr, "sweep: %s\n", lua_tostring(L, -1));
    }
}

/* Runs a path with refusals, and then again without them. Returns whether the n-th request was reached. */
static bool try(int index)
{
    lua_State *L = open_state();
    bool reached;

    lua_rawgeti(L, 1, index);
    lua_getfield(L, 2, "run"); /* index 3 */
    if (lua_getfield(L, 2, "before") == LUA_TFUNCTION)
        must(L, "before");
    lua_settop(L, 3);
    lua_pushvalue(L, 3);
    if (run(L, now.n > 0) != LUA_OK)
        judge(L);
    reached = now.seen >= now.n;

    lua_settop(L, 3);
    lua_gc(L, LUA_GCCOLLECT);
    lua_pushvalue(L, 3);
    must(L, "the same path, afterwards");
    lua_getfield(L, 1, "idle");
    must(L, "nothing in flight, afterwards");
    lua_close(L);
    return reached;
}

/*
 * Waits until only `left` blocks of C remain, for a second at most. Returns whether only `left` blocks of Lua and of C
 * remain. Without memory, libcurl resolves 127.0.0.1 like a name, in a thread that may outlive the state a little.
 */
static bool all_back(const long left[2])
{
    for (int i = 0; i < 1000 && blocks[C] != left[C]; i++)
        usleep(1000);
    return blocks[LUA] == left[LUA] && blocks[C] == left[C];
}

static void sweep(int index, const struct mode *mode, long stride)
{
    const long left[2] = {blocks[LUA], blocks[C]};
    bool reached = true;

    now.mode = mode;
    for (now.n = stride > 1 ? 1 + rand() % stride : 1; reached; now.n += stride) {
        reached = try(index);
        if (!all_back(left)) {
            char what[100];
            snprintf(what, sizeof what, "%ld blocks of Lua and %ld of C are lost", blocks[LUA] - left[LUA],
                     blocks[C] - left[C]);
            fail(what);
            blocks[LUA] = left[LUA];
            blocks[C] = left[C];
        }
    }
    now.n -= stride;
}

/* Returns a path's name, or NULL after the last one. */
static const char *name_of(int index)
{
    static char name[100];
    lua_State *L = open_state();
    const bool known = lua_rawgeti(L, 1, index) == LUA_TTABLE;

    if (known) {
        lua_getfield(L, -1, "name");
        snprintf(name, sizeof name, "%s", lua_tostring(L, -1));
    }
    lua_close(L);
    return known ? name : NULL;
}

int main(int count, char **arguments)
{
    const long stride = count > 1 ? strtol(arguments[1], NULL, 10) : 1;
    long total = 0;

    if (stride < 1) {
        (void)fputs("usage: sweep [stride [path]], stride 1 or more\n", stderr);
        return 2;
    }
    port = peer_start();
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, __wrap_free, __wrap_realloc, curl_strdup, curl_calloc) !=
        0)
        return 1;
    __sanitizer_set_death_callback(tell_where);
    srand((unsigned)getpid());
    setvbuf(stdout, NULL, _IOLBF, 0);

    for (int index = 1; (now.path = name_of(index)); index++) {
        if (count > 2 && !strstr(now.path, arguments[2]))
            continue;
        now.mode = modes;
        now.n = 0;
        (void)try(index); /* refuses nothing: checks the path, and lets libcurl allocate what it keeps for ever */
        if (failures)
            break;
        printf("%-44s", now.path);
        for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
            sweep(index, &modes[i], stride);
            printf(" %6ld", now.n - 1);
            total += (now.n - 1) / stride;
        }
        printf("\n");
    }
    now.path = NULL;
    printf("sweep: %ld refusals, %d failures\n", total, failures);
    return failures > 0 || total == 0;
}
