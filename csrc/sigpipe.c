#include "sigpipe.h"

void sigpipe_hold(struct sigpipe *hold)
{
    sigset_t pipe;
    sigset_t pending;

    sigemptyset(&pending);
    sigpending(&pending);
    hold->pending = sigismember(&pending, SIGPIPE);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &hold->before);
}

void sigpipe_release(const struct sigpipe *hold)
{
    sigset_t pipe;
    sigset_t pending;
    int which;

    sigemptyset(&pending);
    sigpending(&pending);
    if (!hold->pending && sigismember(&pending, SIGPIPE)) {
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        (void)sigwait(&pipe, &which);
    }
    pthread_sigmask(SIG_SETMASK, &hold->before, NULL);
}
