/*
 * A peer that vanishes while libcurl writes must not kill the process. MSG_NOSIGNAL does not reach every write of every
 * TLS library, so the signal is held back meanwhile, and taken if it came. Touches no Lua.
 */
#ifndef CMR_SIGPIPE_H
#define CMR_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe {
    sigset_t before;
    bool pending;
};

/* Around everything in which libcurl may write; the two nest in one frame. */
void sigpipe_hold(struct sigpipe *hold);
void sigpipe_release(const struct sigpipe *hold);

#endif
