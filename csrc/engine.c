#include "engine.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "compat.h"
#include "multi.h"
#include "pollset.h"
#include "sigpipe.h"

#define GRACE 0.01                      /* seconds in which libcurl may notice first that the time is over */
#define ENGINE_KEY "cmr.engine.current" /* registry: this state's engine */

struct engine {
    CURLM *multi; /* NULL: closed */
    struct pollset pollset;
    pid_t owner;
    struct call *running;  /* in the multi */
    struct call *finished; /* to be handed over by the next step */
    int count;             /* of running */
    CURLSH *share;         /* TLS sessions: an easy handle's own end with it */
};

static bool is_ours(const struct engine *engine)
{
    return engine->owner == getpid();
}

struct pollset *engine_pollset(struct engine *engine)
{
    return &engine->pollset;
}

CURL *engine_new_easy(struct engine *engine)
{
    CURL *easy = curl_easy_init();

    if (easy &&
        (!pollset_watch(&engine->pollset, easy) || curl_easy_setopt(easy, CURLOPT_SHARE, engine->share) != CURLE_OK)) {
        curl_easy_cleanup(easy);
        easy = NULL;
    }
    return easy;
}

static void link_call(struct call **list, struct call *call)
{
    call->previous = NULL;
    call->next = *list;
    if (call->next)
        call->next->previous = call;
    *list = call;
}

static void unlink_call(struct call **list, struct call *call)
{
    if (call->next)
        call->next->previous = call->previous;
    if (call->previous)
        call->previous->next = call->next;
    else
        *list = call->next;
    call->previous = call->next = NULL;
}

void engine_expect(lua_State *L, int index, int call_index)
{
    cmr_get_keep(L, index);
    lua_pushlightuserdata(L, lua_touserdata(L, call_index));
    lua_pushvalue(L, call_index);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* The first of those running that must be over. */
static void set_alarm(struct engine *engine, double at)
{
    if (at < engine->pollset.alarm)
        pollset_alarm(&engine->pollset, at);
}

bool engine_add(struct engine *engine, struct call *call, double timeout)
{
    call->deadline = pollset_now() + timeout + GRACE;
    set_alarm(engine, call->deadline);
    if (curl_multi_add_handle(engine->multi, call->easy) != CURLM_OK)
        return false;
    call->engine = engine;
    link_call(&engine->running, call);
    engine->count++;
    return true;
}

/* Takes a running call out of the multi. */
static void detach(struct engine *engine, struct call *call)
{
    unlink_call(&engine->running, call);
    engine->count--;
    (void)curl_multi_remove_handle(engine->multi, call->easy);
    curl_easy_cleanup(call->easy);
    call->easy = NULL;
}

static void forget_finished(struct engine *engine)
{
    while (engine->finished) {
        struct call *call = engine->finished;
        unlink_call(&engine->finished, call);
        call->engine = NULL;
    }
}

/* In a forked child: nothing of libcurl's may run, it would speak to the parent's peers. Its memory is given up. */
static void abandon(struct engine *engine)
{
    while (engine->running) {
        struct call *call = engine->running;
        unlink_call(&engine->running, call);
        call_orphan(call, true);
    }
    forget_finished(engine);
    pollset_abandon(&engine->pollset);
    engine->multi = NULL;
    engine->count = 0;
}

void engine_remove(struct call *call)
{
    struct engine *engine = call->engine;
    struct sigpipe hold;

    if (!engine)
        return;
    if (!is_ours(engine)) {
        abandon(engine);
        return;
    }
    if (call->easy) {
        sigpipe_hold(&hold);
        detach(engine, call);
        sigpipe_release(&hold);
    } else {
        unlink_call(&engine->finished, call);
    }
    call->engine = NULL;
}

static void shut(struct engine *engine)
{
    struct sigpipe hold;

    forget_finished(engine); /* also of one that could not start over */
    if (!engine->multi)
        return;
    if (!is_ours(engine)) {
        abandon(engine);
        return;
    }
    sigpipe_hold(&hold);
    while (engine->running) {
        struct call *call = engine->running;
        detach(engine, call);
        call_orphan(call, false);
    }
    multi_close(&engine->multi, &engine->share);
    pollset_close(&engine->pollset);
    sigpipe_release(&hold);
}

/* False, and everything closed, when there is no memory for it. */
static bool open_multi(struct engine *engine)
{
    if (multi_open(&engine->multi, &engine->share, &engine->pollset))
        return true;
    pollset_close(&engine->pollset);
    return false;
}

/*
 * libcurl ran out of memory in the middle of its work. What it then knows of its sockets is wrong (7.88 lets a call wait for
 * ever, and divides by zero when the connection is used again): what is in flight fails, and the multi is made anew.
 */
static void start_over(struct engine *engine)
{
    while (engine->running) {
        struct call *call = engine->running;
        call_finish(call, CURLE_OUT_OF_MEMORY);
        detach(engine, call);
        link_call(&engine->finished, call);
    }
    multi_close(&engine->multi, &engine->share);
    (void)open_multi(engine);
}

static struct engine *check(lua_State *L, int index)
{
    return luaL_checkudata(L, index, ENGINE_TYPE);
}

struct engine *engine_check(lua_State *L, int index)
{
    struct engine *engine = check(L, index);

    if (engine->multi && !is_ours(engine))
        abandon(engine);
    luaL_argcheck(L, engine->multi, index, "the engine is closed, or belongs to the parent process");
    return engine;
}

/* A closed one. Its table finds the userdata of a finished call by its address, and keeps none alive. */
static struct engine *new_engine(lua_State *L)
{
    struct engine *engine = cmr_newuserdata(L, sizeof *engine);

    memset(engine, 0, sizeof *engine);
    engine->owner = getpid();
    cmr_setmetatable(L, ENGINE_TYPE);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    cmr_set_keep(L, -2);
    return engine;
}

/* Pushes this state's engine, or nil; whether it can be used. */
static bool push_current(lua_State *L)
{
    const struct engine *engine;

    lua_getfield(L, LUA_REGISTRYINDEX, ENGINE_KEY);
    engine = lua_touserdata(L, -1);
    return engine && engine->multi && is_ours(engine);
}

int engine_get(lua_State *L)
{
    struct engine *engine;

    if (push_current(L))
        return 1;
    if (!lua_isnil(L, -1))
        shut(check(L, -1));
    engine = new_engine(L);
    if (push_current(L))
        return 1; /* a finalizer that ran meanwhile has made it */
    lua_pop(L, 1);
    if (!pollset_open(&engine->pollset) || !open_multi(engine))
        return luaL_error(L, "no memory or file descriptors left for an engine");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, ENGINE_KEY);
    return 1;
}

/* Moves the calls whose transfers ended to the finished ones. */
static void harvest(struct engine *engine)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(engine->multi, &left))) {
        struct call *call = NULL;
        const CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        call_finish(call, code);
        detach(engine, call);
        link_call(&engine->finished, call);
    }
}

/*
 * Pushes the finished calls as a list, or nil. Room is made in the list before a call leaves ours: that may raise, and it
 * may run finalizers, which may step the engine too.
 */
static int hand_over(lua_State *L, struct engine *engine)
{
    int count = 0;

    if (!engine->finished) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    cmr_get_keep(L, 1);
    for (;;) {
        struct call *call;
        lua_pushboolean(L, 0);
        lua_rawseti(L, -3, count + 1);
        call = engine->finished;
        if (!call)
            break;
        unlink_call(&engine->finished, call);
        call->engine = NULL;
        lua_pushlightuserdata(L, call);
        lua_rawget(L, -2);
        if (lua_isnil(L, -1))
            lua_pop(L, 1); /* being collected */
        else
            lua_rawseti(L, -3, ++count);
    }
    lua_pushnil(L);
    lua_rawseti(L, -3, count + 1);
    lua_pop(L, 1);
    return 1;
}

/* libcurl forgets the time of a call that waits for another's connection. */
static void expire(struct engine *engine)
{
    const double time = engine->pollset.alarm < INFINITY ? pollset_now() : 0;
    struct call *next;

    if (time < engine->pollset.alarm)
        return;
    pollset_alarm(&engine->pollset, INFINITY);
    for (struct call *call = engine->running; call; call = next) {
        next = call->next;
        if (call->deadline > time) {
            set_alarm(engine, call->deadline);
        } else {
            call_finish(call, CURLE_OPERATION_TIMEDOUT);
            detach(engine, call);
            link_call(&engine->finished, call);
        }
    }
}

static int run(lua_State *L, struct engine *engine, int timeout)
{
    struct sigpipe hold;
    bool fine;

    sigpipe_hold(&hold);
    fine = pollset_tick(&engine->pollset, engine->multi);
    harvest(engine);
    fine = fine && pollset_run(&engine->pollset, engine->multi, engine->finished ? 0 : timeout);
    harvest(engine);
    expire(engine);
    if (!fine)
        start_over(engine);
    sigpipe_release(&hold);
    return hand_over(L, engine);
}

static int engine_step(lua_State *L)
{
    return run(L, engine_check(L, 1), 0);
}

static int engine_wait(lua_State *L)
{
    struct engine *engine = engine_check(L, 1);
    const double timeout = luaL_checknumber(L, 2);

    luaL_argcheck(L, timeout >= 0 && timeout <= INT_MAX, 2, "out of range");
    return run(L, engine, (int)ceil(timeout));
}

static int engine_fd(lua_State *L)
{
    const int fd = pollset_descriptor(&engine_check(L, 1)->pollset);

    if (fd < 0)
        lua_pushnil(L);
    else
        lua_pushinteger(L, fd);
    return 1;
}

static int engine_count(lua_State *L)
{
    lua_pushinteger(L, check(L, 1)->count);
    return 1;
}

static int engine_close(lua_State *L)
{
    shut(check(L, 1));
    return 0;
}

static int engine_tostring(lua_State *L)
{
    const struct engine *engine = check(L, 1);

    if (engine->multi)
        lua_pushfstring(L, "%s: %d in flight", ENGINE_TYPE, engine->count);
    else
        lua_pushfstring(L, "%s: closed", ENGINE_TYPE);
    return 1;
}

void engine_open(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", engine_close}, {"__tostring", engine_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"fd", engine_fd},       {"step", engine_step},   {"wait", engine_wait},
                                       {"count", engine_count}, {"close", engine_close}, {NULL, NULL}};

    cmr_newtype(L, ENGINE_TYPE, meta, methods);
}
