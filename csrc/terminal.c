#include "terminal.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "file.h"

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
