#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat.h"
#include "private_file.h"

enum { MAX_LINKS = 40 }; /* maximum number of symbolic links to follow for a path, as in the kernel */

FILE *files_at(lua_State *L, int index)
{
    void *stream = lua_touserdata(L, index);

    if (!stream || !cmr_has_metatable(L, index, LUA_FILEHANDLE))
        return NULL;
#if LUA_VERSION_NUM >= 502
    return ((luaL_Stream *)stream)->closef ? ((luaL_Stream *)stream)->f : NULL;
#else
    return *(FILE **)stream; /* Lua sets this pointer to NULL when it closes the file */
#endif
}

static int descriptor(lua_State *L)
{
    FILE *file = files_at(L, 1);

    luaL_argcheck(L, file, 1, "an open file expected");
    return fileno(file);
}

/* Pushes true if `code` is 0. Otherwise pushes nil, a message and `code`, which is an errno. */
static int answer(lua_State *L, int code)
{
    if (!code) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, code == EWOULDBLOCK ? "locked" : strerror(code));
    lua_pushinteger(L, code);
    return 3;
}

int files_lock(lua_State *L)
{
    const int fd = descriptor(L);

    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* otherwise a program that this process starts would hold the lock too */
    return answer(L, flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno);
}

int files_same(lua_State *L)
{
    struct stat opened;
    struct stat named;
    const bool both = fstat(descriptor(L), &opened) == 0 && stat(luaL_checkstring(L, 2), &named) == 0;

    lua_pushboolean(L, both && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino);
    return 1;
}

int files_sync(lua_State *L)
{
#ifdef __APPLE__
    const int status = fsync(descriptor(L));
#else
    const int status = fdatasync(descriptor(L));
#endif

    return answer(L, status == 0 ? 0 : errno);
}

/* Reads the file. Returns NULL, or a message that says what is wrong with the file. */
static const char *load(int fd, char bytes[MAX_PRIVATE_BYTES + 1], size_t *length)
{
    struct stat status;
    const char *fault;
    ssize_t count;

    if (fstat(fd, &status) != 0)
        return strerror(errno);
    fault = private_fault(&status);
    if (fault)
        return fault;
    do {
        count = read(fd, bytes + *length, MAX_PRIVATE_BYTES + 1 - *length);
        *length += count > 0 ? (size_t)count : 0;
    } while (count > 0 || (count < 0 && errno == EINTR));
    if (count < 0)
        return strerror(errno);
    return *length > MAX_PRIVATE_BYTES ? "it is too large" : NULL;
}

int files_read_private(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* O_NONBLOCK, because opening a fifo would block */
    char bytes[MAX_PRIVATE_BYTES + 1];
    const char *fault;
    size_t length = 0;

    if (fd < 0)
        return answer(L, errno);
    fault = load(fd, bytes, &length);
    (void)close(fd);
    if (fault) {
        lua_pushnil(L);
        lua_pushstring(L, fault);
        return 2;
    }
    lua_pushlstring(L, bytes, length);
    return 1;
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

/* Follows the links from `path`, and sets `file` to the last path, which need not exist. Returns 0 or errno. */
static int follow(const char *path, char file[PATH_MAX])
{
    char link[PATH_MAX];

    if (snprintf(file, PATH_MAX, "%s", path) >= PATH_MAX)
        return ENAMETOOLONG;
    for (int links = 0; links <= MAX_LINKS; links++) {
        const ssize_t length = readlink(file, link, sizeof link);
        const char *slash = strrchr(file, '/');
        size_t folder = slash ? (size_t)(slash - file) + 1 : 0;

        if (length < 0)
            return 0; /* the path is no link, or does not exist */
        if (link[0] == '/')
            folder = 0;
        if (folder + (size_t)length >= PATH_MAX)
            return ENAMETOOLONG;
        memcpy(file + folder, link, (size_t)length);
        file[folder + (size_t)length] = '\0';
    }
    return ELOOP;
}

/* Returns what the path names: "file", "other", or NULL if there is nothing. */
static const char *kind_of(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return NULL;
    return S_ISREG(status.st_mode) ? "file" : "other";
}

int files_link_target(lua_State *L)
{
    char file[PATH_MAX];
    const char *path = luaL_checkstring(L, 1);
    const int code = follow(path, file);

    if (code)
        return answer(L, code);
    lua_pushstring(L, file);
    lua_pushstring(L, kind_of(path)); /* pushes nil for NULL */
    return 2;
}

/* Writes a temporary file and renames it to the path that `follow` finds. Returns 0 or errno. */
static int replace(const char *link, const char *text, size_t length)
{
    char temporary[PATH_MAX];
    char path[PATH_MAX];
    int code = follow(link, path);
    int fd;

    if (code)
        return code;
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return ENAMETOOLONG;
    make_directories(path);
    fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return errno;
    if (!write_all(fd, text, length))
        code = errno;
    if (close(fd) != 0 && !code)
        code = errno;
    if (!code && rename(temporary, path) != 0)
        code = errno;
    if (code)
        (void)unlink(temporary);
    return code;
}

int files_write_private(lua_State *L)
{
    size_t length;
    const char *path = luaL_checkstring(L, 1);
    const char *text = luaL_checklstring(L, 2, &length);
    struct stat status;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) /* the new file would replace a device or a pipe */
        return answer(L, S_ISDIR(status.st_mode) ? EISDIR : ENOTSUP);
    return answer(L, length > MAX_PRIVATE_BYTES ? EFBIG : replace(path, text, length));
}

int files_absolute_path(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char directory[PATH_MAX];

    if (*path == '/') {
        lua_pushvalue(L, 1);
        return 1;
    }
    if (!getcwd(directory, sizeof directory))
        return answer(L, errno);
    lua_pushstring(L, directory);
    lua_pushliteral(L, "/");
    lua_pushvalue(L, 1);
    lua_concat(L, 3);
    return 1;
}
