/* A library to preload. The monotonic clock stands still until the program moves it. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

static double now = 1000;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_RAW) /* libcurl 8 reads the second one */
        return (int)syscall(SYS_clock_gettime, clock, time);
    time->tv_sec = (time_t)now;
    time->tv_nsec = (long)((now - (double)time->tv_sec) * 1e9);
    return 0;
}

__attribute__((visibility("default"))) int move_clock(lua_State *L);

/* move_clock(seconds) */
int move_clock(lua_State *L)
{
    now += luaL_checknumber(L, 1);
    return 0;
}
