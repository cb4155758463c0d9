#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat.h"

static int failed(lua_State *L, int code)
{
    lua_pushnil(L);
    lua_pushstring(L, strerror(code));
    lua_pushinteger(L, code);
    return 3;
}

/* Bytes read, at most `size`; -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
    size_t length = 0;
    ssize_t count;

    do {
        count = read(fd, bytes + length, size - length);
        length += count > 0 ? (size_t)count : 0;
    } while (count > 0 || (count < 0 && errno == EINTR));
    return count < 0 ? -1 : (ssize_t)length;
}

/* NULL, or what is wrong with it. */
static const char *load(int fd, char bytes[PRIVATE_MAX + 1], ssize_t *length)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "it is no file";
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return "others may read or change it: chmod 600 it";
    *length = read_all(fd, bytes, PRIVATE_MAX + 1);
    if (*length < 0)
        return strerror(errno);
    return *length > PRIVATE_MAX ? "it is too large" : NULL;
}

int private_read(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo would hold us up */
    char bytes[PRIVATE_MAX + 1];
    const char *fault;
    ssize_t length = 0;

    if (fd < 0)
        return failed(L, errno);
    fault = load(fd, bytes, &length);
    (void)close(fd);
    if (fault) {
        lua_pushnil(L);
        lua_pushstring(L, fault);
        return 2;
    }
    lua_pushlstring(L, bytes, (size_t)length);
    return 1;
}

/* The directories above a file. What goes wrong shows when the file is made. */
static void make_directories(const char *file)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof path && file[i]; i++) {
        path[i] = '\0';
        if (i > 0 && file[i] == '/')
            (void)mkdir(path, S_IRWXU);
        path[i] = file[i];
    }
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t count = write(fd, bytes, length);
        if (count < 0 && errno != EINTR)
            return false;
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return fsync(fd) == 0;
}

/* 0, or errno */
static int replace(const char *path, const char *text, size_t length)
{
    char beside[PATH_MAX];
    int code = 0;
    int fd;

    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside)
        return ENAMETOOLONG;
    make_directories(path);
    fd = mkstemp(beside); /* mode 0600 */
    if (fd < 0)
        return errno;
    if (!write_all(fd, text, length))
        code = errno;
    if (close(fd) != 0 && !code)
        code = errno;
    if (!code && rename(beside, path) != 0)
        code = errno;
    if (code)
        (void)unlink(beside);
    return code;
}

int private_write(lua_State *L)
{
    size_t length;
    const char *path = luaL_checkstring(L, 1);
    const char *text = luaL_checklstring(L, 2, &length);
    const int code = length > PRIVATE_MAX ? EFBIG : replace(path, text, length);

    if (code)
        return failed(L, code);
    lua_pushboolean(L, 1);
    return 1;
}
