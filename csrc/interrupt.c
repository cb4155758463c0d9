#include "interrupt.h"

#include <signal.h>

static volatile sig_atomic_t noted;

static void note(int number)
{
    (void)number;
    noted = 1;
}

/* No SA_RESTART: what waits, be it for a network or for its input, returns and can look. */
int interrupt_catch(lua_State *L)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};

    (void)L;
    noted = 0;
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return 0;
}

int interrupt_noted(lua_State *L)
{
    lua_pushboolean(L, noted);
    return 1;
}
