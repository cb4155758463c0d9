/* The core's interface for Lua: this file registers the functions and implements the small functions. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "call.h"
#include "compat.h"
#include "crypto.h"
#include "date.h"
#include "engine.h"
#include "error.h"
#include "files.h"
#include "input.h"
#include "json.h"
#include "operations.h"
#include "pollset.h"
#include "queue_file.h"
#include "request.h"
#include "suggest.h"
#include "target.h"
#include "terminal.h"
#include "version.h"

#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80 or newer is needed (the prereq callback)"
#endif

#define MAIN_THREAD_KEY "cmr.main_thread" /* registry key */
#define WAITING_KEY "cmr.waiting"         /* registry key */

CMR_EXPORT int luaopen_cmr_core(lua_State *L);

/* Keeps the module loaded: a resolver thread of libcurl may still run when the last Lua state closes. */
static void pin(void)
{
    static const char here = 0;
    Dl_info info;

    if (dladdr(&here, &info) && info.dli_fname)
        (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

#if LUA_VERSION_NUM == 501

/*
 * LuaJIT has lua_isyieldable; Lua 5.1 does not. A module built for one of these Luas also runs in the other, so the
 * code looks for the function at run time.
 */
#pragma weak lua_isyieldable
int lua_isyieldable(lua_State *L);

/*
 * The first members of Lua 5.1's lua_State. lua_yield compares two of these members, and no function returns them. The
 * layout is final: no new version of Lua 5.1 will come.
 */
struct lua51_state {
    void *next;
    unsigned char tt, marked, status;
    void *top, *base, *global, *ci;
    const void *savedpc;
    void *stack_last, *stack, *end_ci, *base_ci;
    int stacksize, size_ci;
    unsigned short c_calls, base_c_calls;
};

static bool is_yieldable(lua_State *L)
{
    const struct lua51_state *state = (const void *)L;

    return lua_isyieldable ? lua_isyieldable(L) : state->c_calls <= state->base_c_calls;
}

#else
#define is_yieldable lua_isyieldable
#endif

/*
 * core.is_yieldable() -> whether the running coroutine can be suspended here. nginx's Lua lacks coroutine.isyieldable.
 */
static int core_is_yieldable(lua_State *L)
{
    lua_pushboolean(L, !lua_pushthread(L) && is_yieldable(L));
    return 1;
}

/*
 * Stores the main thread. In Lua 5.1 and LuaJIT, stores nothing if a coroutine loads the module: a coroutine cannot
 * find the main thread there.
 */
static void store_main_thread(lua_State *L)
{
#ifdef LUA_RIDX_MAINTHREAD
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
#else
    if (!lua_pushthread(L)) {
        lua_pop(L, 1);
        return;
    }
#endif
    lua_setfield(L, LUA_REGISTRYINDEX, MAIN_THREAD_KEY);
}

/* Returns whether a generic for loop called the function of this frame. */
static bool is_iterator(lua_State *thread, lua_Debug *frame)
{
    lua_getinfo(thread, "nS", frame);
    /* Lua 5.1 names the iterator "(for generator)" */
    return frame->name && (strcmp(frame->name, "for iterator") == 0 || strcmp(frame->name, "(for generator)") == 0);
}

/*
 * Returns whether the thread runs an iterator of a generic for loop. Returns false if a C function lies between level 0
 * (the running function) and the iterator.
 */
static bool is_in_iterator(lua_State *thread)
{
    lua_Debug frame;

    for (int level = 0; lua_getstack(thread, level, &frame); level++) {
        if (is_iterator(thread, &frame))
            return true;
        if (level > 0 && *frame.what == 'C')
            return false;
    }
    return false;
}

/*
 * Returns the coroutine that a thread has resumed, or NULL. Sets by_for to true if the thread resumed the coroutine
 * inside an iterator of a generic for loop, otherwise to false.
 */
static lua_State *resumed_by(lua_State *thread, bool *by_for)
{
    lua_State *co = NULL;
    lua_Debug frame;

    if (!lua_getstack(thread, 0, &frame))
        return NULL;
    *by_for = is_in_iterator(thread);
    lua_getinfo(thread, "f", &frame);
    if (lua_getupvalue(thread, -1, 1)) { /* coroutine.wrap made the function: its upvalue is the coroutine */
        co = lua_tothread(thread, -1);
        lua_pop(thread, 1);
    }
    lua_pop(thread, 1);
    if (!co && lua_getlocal(thread, &frame, 1)) { /* in coroutine.resume, the first argument is the coroutine */
        co = lua_tothread(thread, -1);
        lua_pop(thread, 1);
    }
    return co;
}

/*
 * core.is_generator() -> whether the running coroutine makes the next item for a `for ... in` loop. Such a loop takes
 * every yielded value as an item. The loop resumes the coroutine with a function of coroutine.wrap, or with a Lua
 * function.
 */
static int core_is_generator(lua_State *L)
{
    bool by_for = false;
    lua_State *thread;

    lua_getfield(L, LUA_REGISTRYINDEX, MAIN_THREAD_KEY);
    thread = lua_tothread(L, -1);
    while (thread && thread != L)
        thread = resumed_by(thread, &by_for);
    lua_pushboolean(L, thread && by_for);
    return 1;
}

/*
 * core.call_with(state, name, value, run, ...) -> true and the first result of run(...), or false and the error.
 * During run(...), state[name] is `value`. call_with is in C, because any line of Lua may raise an error, for example
 * from a hook that limits the time. Such an error must not leave `value` in the table.
 */
static int core_call_with(lua_State *L)
{
    const int count = lua_gettop(L) - 4;
    int status;

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 4);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    lua_insert(L, 4); /* the former value of state[name] */
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, 1);
    status = lua_pcall(L, count, 1, 0);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 4);
    lua_rawset(L, 1); /* needs no memory, because the name is in the table */
    lua_pushboolean(L, status == 0);
    lua_insert(L, -2);
    return 2;
}

/* core.now() -> seconds on a clock that only goes forward */
static int core_now(lua_State *L)
{
    lua_pushnumber(L, pollset_now());
    return 1;
}

/* core.process() -> the process id */
static int core_process(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)getpid());
    return 1;
}

/*
 * The function of each operation, such as core.platforms(target, ...), is a closure of this C function. The closure's
 * upvalue is the index of the operation's row.
 */
static int core_operation(lua_State *L)
{
    return request_operation(L, &operations[lua_tointeger(L, lua_upvalueindex(1))]);
}

/* core.time() -> seconds since 1970, with a fraction */
static int core_time(lua_State *L)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    lua_pushnumber(L, (double)now.tv_sec + (double)now.tv_nsec / 1e9);
    return 1;
}

static void set_operations(lua_State *L)
{
    for (size_t i = 0; i < operations_count; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, core_operation, 1);
        lua_setfield(L, -2, operations[i].name);
    }
}

static void set_target_option_names(lua_State *L)
{
    const char *name;

    lua_newtable(L);
    for (int i = 0; (name = target_option_name((size_t)i)); i++) {
        lua_pushstring(L, name);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "target_option_names");
}

/*
 * Sets core.waiting, a table for the calls that coroutines wait for. If a program loads the library more than once, all
 * copies have the same table.
 */
static void set_waiting(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, WAITING_KEY);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, WAITING_KEY);
    }
    lua_setfield(L, -2, "waiting");
}

int luaopen_cmr_core(lua_State *L)
{
    static const luaL_Reg functions[] = {{"target", target_new},
                                         {"engine", engine_get},
                                         {"idle_engine", engine_get_idle},
                                         {"request", request_raw},
                                         {"error", error_new},
                                         {"array", json_array},
                                         {"json_encode", json_encode_value},
                                         {"json_decode", json_decode_value},
                                         {"hmac_sha256", crypto_hmac_sha256},
                                         {"sha256", crypto_sha256},
                                         {"file_sha256", crypto_file_sha256},
                                         {"hex", crypto_hex},
                                         {"http_time", date_read},
                                         {"base64", crypto_base64},
                                         {"same", crypto_same},
                                         {"lock", files_lock},
                                         {"same_file", files_same},
                                         {"sync", files_sync},
                                         {"read_private", files_read_private},
                                         {"write_private", files_write_private},
                                         {"link_target", files_link_target},
                                         {"absolute_path", files_absolute_path},
                                         {"reserve_slot", queue_file_reserve},
                                         {"read_input", input_read},
                                         {"terminal", terminal_size},
                                         {"catch_interrupt", terminal_catch_interrupt},
                                         {"interrupted", terminal_interrupted},
                                         {"call_with", core_call_with},
                                         {"is_generator", core_is_generator},
                                         {"is_yieldable", core_is_yieldable},
                                         {"now", core_now},
                                         {"process", core_process},
                                         {"time", core_time},
                                         {"suggest", suggest_name},
                                         {NULL, NULL}};
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, pin);
    json_open(L);
    error_open(L);
    target_open(L);
    call_open(L);
    engine_open(L);
    store_main_thread(L);

    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    set_operations(L);
    json_push_null(L);
    lua_setfield(L, -2, "null");
    arguments_push_all(L);
    lua_setfield(L, -2, "all");
    set_target_option_names(L);
    set_waiting(L);
    cmr_set_string(L, "production", TARGET_PRODUCTION);
    cmr_set_string(L, "key_header", TARGET_KEY_HEADER);
    cmr_set_string(L, "_VERSION", CMR_VERSION);
    cmr_set_string(L, "libcurl", curl_version_info(CURLVERSION_NOW)->version);
    return 1;
}
