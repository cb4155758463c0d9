#include "terminal.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files.h"

int terminal_size(lua_State *L)
{
    FILE *file = files_at(L, 1);
    struct winsize size = {.ws_row = 0, .ws_col = 0};

    if (!file || !isatty(fileno(file))) {
        lua_pushnil(L);
        return 1;
    }
    (void)ioctl(fileno(file), TIOCGWINSZ, &size);
    lua_pushinteger(L, size.ws_col);
    lua_pushinteger(L, size.ws_row);
    return 2;
}

static volatile sig_atomic_t noted_signal;

static void note(int number)
{
    if (noted_signal) {
        (void)signal(number, SIG_DFL);
        (void)raise(number); /* the signal is delivered when this handler returns */
    }
    noted_signal = number;
}

int terminal_catch_interrupt(lua_State *L)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)L;
    noted_signal = 0;
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        /*
         * without SA_RESTART, a signal ends a wait for the network or for input, so that the program notices the signal
         */
        const struct sigaction action = {.sa_handler = note};
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(numbers[i], &action, NULL);
    }
    return 0;
}

int terminal_interrupted(lua_State *L)
{
    if (noted_signal)
        lua_pushinteger(L, noted_signal);
    else
        lua_pushnil(L);
    return 1;
}
