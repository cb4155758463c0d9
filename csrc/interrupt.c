#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t noted;

static void note(int number)
{
    if (noted) {
        (void)signal(number, SIG_DFL);
        (void)raise(number); /* comes when this returns */
    }
    noted = number;
}

int interrupt_catch(lua_State *L)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)L;
    noted = 0;
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        /* no SA_RESTART: who waits, be it for a network or for input, returns and can look */
        const struct sigaction action = {.sa_handler = note};
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(numbers[i], &action, NULL);
    }
    return 0;
}

int interrupt_noted(lua_State *L)
{
    if (noted)
        lua_pushinteger(L, noted);
    else
        lua_pushnil(L);
    return 1;
}
