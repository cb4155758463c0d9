/*
 * A library to preload before the C library. After refuse(true), the system refuses to watch further descriptors, as it
 * does when a user watches too many.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lua.h>

static int refuses;

__attribute__((visibility("default"))) int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    if (refuses && operation == EPOLL_CTL_ADD) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, set, operation, fd, event);
}

/* refuse(refuses) */
__attribute__((visibility("default"))) int refuse(lua_State *L)
{
    refuses = lua_toboolean(L, 1);
    return 0;
}
