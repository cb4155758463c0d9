#include "input.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "compat.h"

enum { READ_BYTES = 65536 };

int input_read(lua_State *L)
{
    const double milliseconds = ceil(luaL_checknumber(L, 1) * 1000);
    struct pollfd polled[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = (int)luaL_optinteger(L, 2, -1), .events = POLLIN}}; /* poll ignores -1 */
    char bytes[READ_BYTES];
    ssize_t length;

    luaL_argcheck(L, milliseconds >= 0 && milliseconds <= INT_MAX, 1, "out of range");
    if (poll(polled, 2, (int)milliseconds) <= 0 || !polled[0].revents) {
        lua_pushliteral(L, "");
        return 1;
    }
    length = read(STDIN_FILENO, bytes, sizeof bytes);
    if (length > 0)
        lua_pushlstring(L, bytes, (size_t)length);
    else if (length < 0 && (errno == EINTR || errno == EAGAIN))
        lua_pushliteral(L, "");
    else
        lua_pushnil(L);
    return 1;
}
