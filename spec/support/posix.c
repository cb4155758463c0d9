/* System functions that the specs need and that Lua lacks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

enum { LIFETIME = 30 }; /* seconds after which a hanging child is killed */

/* fork() -> 0 in the child, the child's pid in the parent process */
static int posix_fork(lua_State *L)
{
    const pid_t pid = fork();

    if (pid == 0)
        (void)alarm(LIFETIME);
    lua_pushinteger(L, (lua_Integer)pid);
    return 1;
}

/* wait(pid) -> exit status, 128 + n for signal n */
static int posix_wait(lua_State *L)
{
    int status = 0;

    while (waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0) < 0)
        if (errno != EINTR)
            return luaL_error(L, "no such child");
    lua_pushinteger(L, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    return 1;
}

/* exit(status): ends the process at once, without cleaning up */
static int posix_exit(lua_State *L)
{
    _exit((int)luaL_checkinteger(L, 1));
}

/* chdir(path): changes the working directory */
static int posix_chdir(lua_State *L)
{
    if (chdir(luaL_checkstring(L, 1)) != 0)
        return luaL_error(L, "%s", strerror(errno));
    return 0;
}

/* readable(fd, ms) -> whether the descriptor is readable, or becomes so within that time */
static int posix_readable(lua_State *L)
{
    struct pollfd poll_fd = {.fd = (int)luaL_checkinteger(L, 1), .events = POLLIN};
    const int count = poll(&poll_fd, 1, (int)luaL_checkinteger(L, 2));

    lua_pushboolean(L, count == 1 && poll_fd.revents & POLLIN);
    return 1;
}

/*
 * descriptors(text) -> the number of open descriptors whose name in /proc contains the text: "socket", "eventpoll", ""
 * for all
 */
static int posix_descriptors(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1);
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    int count = 0;

    if (!directory)
        return luaL_error(L, "no /proc");
    while ((entry = readdir(directory))) {
        char name[PATH_MAX];
        const ssize_t length = readlinkat(dirfd(directory), entry->d_name, name, sizeof name - 1);
        if (length < 0 || strtol(entry->d_name, NULL, 10) == dirfd(directory))
            continue;
        name[length] = '\0';
        count += strstr(name, text) != NULL;
    }
    closedir(directory);
    lua_pushinteger(L, count);
    return 1;
}

/*
 * replace_descriptors([path]) -> the numbers of the open descriptors from 3 on. Each of them now refers to the file, by
 * default /dev/null.
 */
static int posix_replace_descriptors(lua_State *L)
{
    const char *path = luaL_optstring(L, 1, "/dev/null");

    lua_newtable(L);
    for (int fd = 3, count = 0; fd < 1024; fd++) {
        int file;
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        file = open(path, O_RDWR);
        if (file < 0 || dup2(file, fd) != fd)
            return luaL_error(L, "cannot replace %d", fd);
        close(file);
        lua_pushinteger(L, fd);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* is_open(fd) -> whether the descriptor is open */
static int posix_is_open(lua_State *L)
{
    lua_pushboolean(L, fcntl((int)luaL_checkinteger(L, 1), F_GETFD) >= 0);
    return 1;
}

/* close(fd) */
static int posix_close(lua_State *L)
{
    if (close((int)luaL_checkinteger(L, 1)) != 0)
        return luaL_error(L, "cannot close it");
    return 0;
}

/* duplicate(fd, [other]) -> a new descriptor for the same file; or makes the other descriptor one for this file */
static int posix_duplicate(lua_State *L)
{
    const int fd = (int)luaL_checkinteger(L, 1);
    const int copy = lua_isnoneornil(L, 2) ? dup(fd) : dup2(fd, (int)luaL_checkinteger(L, 2));

    if (copy < 0)
        return luaL_error(L, "cannot duplicate it");
    lua_pushinteger(L, copy);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_spec_posix(lua_State *L);

int luaopen_spec_posix(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, posix_fork);
    lua_setfield(L, -2, "fork");
    lua_pushcfunction(L, posix_wait);
    lua_setfield(L, -2, "wait");
    lua_pushcfunction(L, posix_exit);
    lua_setfield(L, -2, "exit");
    lua_pushcfunction(L, posix_chdir);
    lua_setfield(L, -2, "chdir");
    lua_pushcfunction(L, posix_readable);
    lua_setfield(L, -2, "readable");
    lua_pushcfunction(L, posix_descriptors);
    lua_setfield(L, -2, "descriptors");
    lua_pushcfunction(L, posix_replace_descriptors);
    lua_setfield(L, -2, "replace_descriptors");
    lua_pushcfunction(L, posix_is_open);
    lua_setfield(L, -2, "is_open");
    lua_pushcfunction(L, posix_close);
    lua_setfield(L, -2, "close");
    lua_pushcfunction(L, posix_duplicate);
    lua_setfield(L, -2, "duplicate");
    return 1;
}
