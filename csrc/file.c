#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat.h"

FILE *file_at(lua_State *L, int index)
{
    void *stream = lua_touserdata(L, index);
    bool is_file;

    if (!stream || !lua_getmetatable(L, index))
        return NULL;
    luaL_getmetatable(L, LUA_FILEHANDLE);
    is_file = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!is_file)
        return NULL;
#if LUA_VERSION_NUM >= 502
    return ((luaL_Stream *)stream)->closef ? ((luaL_Stream *)stream)->f : NULL;
#else
    return *(FILE **)stream; /* NULL once it is closed */
#endif
}

static int descriptor(lua_State *L)
{
    FILE *file = file_at(L, 1);

    luaL_argcheck(L, file, 1, "an open file expected");
    return fileno(file);
}

static int answer(lua_State *L, int failed)
{
    if (!failed) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, errno == EWOULDBLOCK ? "locked" : strerror(errno));
    return 2;
}

int file_lock(lua_State *L)
{
    const int fd = descriptor(L);

    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* a program started meanwhile would hold it too */
    return answer(L, flock(fd, LOCK_EX | LOCK_NB));
}

int file_is_at(lua_State *L)
{
    struct stat opened;
    struct stat named;
    const bool both = fstat(descriptor(L), &opened) == 0 && stat(luaL_checkstring(L, 2), &named) == 0;

    lua_pushboolean(L, both && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino);
    return 1;
}

int file_sync(lua_State *L)
{
#ifdef __APPLE__
    return answer(L, fsync(descriptor(L)));
#else
    return answer(L, fdatasync(descriptor(L)));
#endif
}
