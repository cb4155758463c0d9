/* What Lua sees of the core, and nothing else. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

#include "call.h"
#include "check.h"
#include "compat.h"
#include "engine.h"
#include "error.h"
#include "file.h"
#include "hmac.h"
#include "interrupt.h"
#include "json.h"
#include "nearest.h"
#include "operations.h"
#include "private.h"
#include "request.h"
#include "target.h"
#include "terminal.h"
#include "version.h"

#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80 or newer is needed (the prereq callback)"
#endif

CMR_EXPORT int luaopen_cmr_core(lua_State *L);

/*
 * Once per process. A resolver thread may still run in libcurl when the last Lua state closes, so the module is never
 * unloaded.
 */
static void pin(void)
{
    static const char here = 0;
    Dl_info info;

    if (dladdr(&here, &info) && info.dli_fname)
        (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

/* core.now() -> seconds on a clock that only goes forward */
static int core_now(lua_State *L)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
    return 1;
}

/* core.nearest(name, names) -> the name that was probably meant, or nil */
static int core_nearest(lua_State *L)
{
    struct nearest nearest = {.wanted = luaL_checkstring(L, 1)};

    luaL_checktype(L, 2, LUA_TTABLE);
    for (int i = 1; lua_rawgeti(L, 2, i), lua_type(L, -1) == LUA_TSTRING; i++) {
        nearest_offer(&nearest, lua_tostring(L, -1), lua_rawlen(L, -1));
        lua_pop(L, 1); /* the table keeps it */
    }
    if (nearest.name)
        lua_pushlstring(L, nearest.name, nearest.length);
    else
        lua_pushnil(L);
    return 1;
}

/* core.platforms(target, ...) -> call | nil, message, err; and so on, one function per row */
enum {
#define OPERATION(id, ...) ROW_##id,
#include "operations.def"
#undef OPERATION
};

#define OPERATION(id, ...)                                                                                             \
    static int operation_##id(lua_State *L)                                                                            \
    {                                                                                                                  \
        return request_operation(L, &operations[ROW_##id]);                                                            \
    }
#include "operations.def"
#undef OPERATION

static const luaL_Reg operation_functions[] = {
#define OPERATION(id, ...) {#id, operation_##id},
#include "operations.def"
#undef OPERATION
    {NULL, NULL},
};

int luaopen_cmr_core(lua_State *L)
{
    static const luaL_Reg functions[] = {{"target", target_new},
                                         {"engine", engine_get},
                                         {"request", request_raw},
                                         {"error", error_new},
                                         {"array", json_array},
                                         {"json_encode", json_encode_value},
                                         {"json_decode", json_decode_value},
                                         {"hmac_sha256", hmac_sha256_of_strings},
                                         {"sha256", sha256_of_string},
                                         {"base64", base64_of_string},
                                         {"same", hmac_same},
                                         {"lock", file_lock},
                                         {"is_at", file_is_at},
                                         {"sync", file_sync},
                                         {"catch_interrupt", interrupt_catch},
                                         {"interrupted", interrupt_noted},
                                         {"now", core_now},
                                         {"nearest", core_nearest},
                                         {"read_private", private_read},
                                         {"write_private", private_write},
                                         {"terminal", terminal_columns},
                                         {NULL, NULL}};
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, pin);
    json_open(L);
    error_open(L);
    target_open(L);
    call_open(L);
    engine_open(L);

    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    luaL_setfuncs(L, operation_functions, 0);
    json_push_null(L);
    lua_setfield(L, -2, "null");
    check_push_all(L);
    lua_setfield(L, -2, "all");
    lua_pushliteral(L, TARGET_PRODUCTION);
    lua_setfield(L, -2, "production");
    lua_pushliteral(L, CMR_VERSION);
    lua_setfield(L, -2, "_VERSION");
    lua_pushstring(L, curl_version_info(CURLVERSION_NOW)->version);
    lua_setfield(L, -2, "libcurl");
    return 1;
}
