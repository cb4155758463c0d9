/* Runs a program in a pseudo-terminal, for the specs of interactive commands. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <util.h>
#else
#include <pty.h>
#endif

#include <lauxlib.h>
#include <lua.h>

#define TYPE "spec.pty"

enum { LIFETIME = 60, WORDS = 64 }; /* LIFETIME: seconds until an alarm, which exec keeps, kills the program */

struct terminal {
    pid_t pid; /* 0 when no program runs, or when its exit status was read */
    int fd;    /* the specs' end of the terminal; -1 when it is closed */
};

static struct terminal *check(lua_State *L)
{
    return luaL_checkudata(L, 1, TYPE);
}

static unsigned short size_at(lua_State *L, int index)
{
    return (unsigned short)luaL_checkinteger(L, index);
}

static void become(char **words)
{
    const int usual[] = {SIGINT, SIGQUIT, SIGPIPE, SIGHUP, SIGTERM};

    /* the program that runs the specs may ignore some of these signals */
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        (void)signal(usual[i], SIG_DFL);
    (void)alarm(LIFETIME);
    (void)execvp(words[0], words);
    _exit(127);
}

/* start({word, ...}, columns, rows) -> a terminal in which that program runs */
static int pty_start(lua_State *L)
{
    struct winsize size = {.ws_col = size_at(L, 2), .ws_row = size_at(L, 3)};
    struct terminal *terminal = lua_newuserdata(L, sizeof *terminal);
    char *words[WORDS + 1] = {NULL};

    *terminal = (struct terminal){.fd = -1};
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, -2);
    for (int i = 0; i <= WORDS; i++) {
        lua_rawgeti(L, 1, i + 1);
        words[i] = (char *)lua_tostring(L, -1); /* the table keeps this string alive */
        lua_pop(L, 1);
        if (!words[i])
            break;
    }
    if (!words[0] || words[WORDS])
        return luaL_error(L, "1 to %d words expected", WORDS);
    terminal->pid = forkpty(&terminal->fd, NULL, NULL, &size);
    if (terminal->pid == 0)
        become(words);
    if (terminal->pid < 0) {
        terminal->pid = 0;
        return luaL_error(L, "no pseudo-terminal");
    }
    /* a program that is started later must not inherit it */
    (void)fcntl(terminal->fd, F_SETFD, FD_CLOEXEC);
    return 1;
}

/* terminal:read(ms) -> the text that came within that time, "" when none came, nil after the end */
static int pty_read(lua_State *L)
{
    struct pollfd poll_fd = {.fd = check(L)->fd, .events = POLLIN};
    char bytes[4096];
    ssize_t count;

    if (poll(&poll_fd, 1, (int)luaL_checkinteger(L, 2)) < 1) {
        lua_pushliteral(L, "");
        return 1;
    }
    count = read(poll_fd.fd, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR)
        count = 0;
    else if (count <= 0) /* Linux returns EIO when no process has the other end open */
        return 0;
    lua_pushlstring(L, bytes, (size_t)count);
    return 1;
}

/* terminal:write(text): writes the text as if a user typed it */
static int pty_write(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 2, &length);

    if (write(check(L)->fd, text, length) != (ssize_t)length)
        return luaL_error(L, "the terminal does not take it");
    return 0;
}

/* terminal:resize(columns, rows): changes the size of the terminal */
static int pty_resize(lua_State *L)
{
    const struct winsize size = {.ws_col = size_at(L, 2), .ws_row = size_at(L, 3)};

    (void)ioctl(check(L)->fd, TIOCSWINSZ, &size);
    return 0;
}

/* terminal:kill(number): sends the signal to the program only */
static int pty_kill(lua_State *L)
{
    const struct terminal *terminal = check(L);

    if (terminal->pid)
        (void)kill(terminal->pid, (int)luaL_checkinteger(L, 2));
    return 0;
}

/* terminal:wait() -> the exit status, 128 + n for signal n. Call it only once. */
static int pty_wait(lua_State *L)
{
    struct terminal *terminal = check(L);
    int status = 0;

    while (waitpid(terminal->pid, &status, 0) < 0)
        if (errno != EINTR)
            return luaL_error(L, "no such program");
    terminal->pid = 0;
    lua_pushinteger(L, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    return 1;
}

/* terminal:close(): closes the terminal, and ends the program if it still runs */
static int pty_close(lua_State *L)
{
    struct terminal *terminal = check(L);

    if (terminal->fd >= 0)
        (void)close(terminal->fd);
    terminal->fd = -1;
    if (terminal->pid) {
        (void)kill(terminal->pid, SIGKILL);
        (void)waitpid(terminal->pid, NULL, 0);
    }
    terminal->pid = 0;
    return 0;
}

__attribute__((visibility("default"))) int luaopen_spec_pty(lua_State *L);

int luaopen_spec_pty(lua_State *L)
{
    static const struct {
        const char *name;
        lua_CFunction function;
    } methods[] = {
        {"read", pty_read}, {"write", pty_write}, {"resize", pty_resize}, {"kill", pty_kill},
        {"wait", pty_wait}, {"close", pty_close}, {"__gc", pty_close},
    };

    luaL_newmetatable(L, TYPE);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        lua_pushcfunction(L, methods[i].function);
        lua_setfield(L, -2, methods[i].name);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_newtable(L);
    lua_pushcfunction(L, pty_start);
    lua_setfield(L, -2, "start");
    return 1;
}
