#include "terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "compat.h"

/* The open file of Lua's io library at index, or NULL. */
static FILE *file_at(lua_State *L, int index)
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

int terminal_columns(lua_State *L)
{
    FILE *file = file_at(L, 1);
    struct winsize size = {.ws_col = 0};

    if (!file || !isatty(fileno(file))) {
        lua_pushnil(L);
        return 1;
    }
    (void)ioctl(fileno(file), TIOCGWINSZ, &size);
    lua_pushinteger(L, size.ws_col);
    return 1;
}
