#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "compat.h"

static int descriptor(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    const luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    FILE *file = stream->closef ? stream->f : NULL;
#else
    FILE *file = *(FILE **)luaL_checkudata(L, 1, LUA_FILEHANDLE);
#endif
    luaL_argcheck(L, file, 1, "the file is closed");
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
    return answer(L, flock(descriptor(L), LOCK_EX | LOCK_NB));
}

int file_sync(lua_State *L)
{
#ifdef __APPLE__
    return answer(L, fsync(descriptor(L)));
#else
    return answer(L, fdatasync(descriptor(L)));
#endif
}
