/*
 * The sockets and the timer of one curl multi behind one descriptor: an epoll set, with a timerfd for those who watch it
 * from outside. Where there is no epoll the multi polls for itself and there is no descriptor. Touches no Lua.
 */
#ifndef CMR_POLLSET_H
#define CMR_POLLSET_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__linux__) && !defined(CMR_NO_EPOLL)
#define CMR_EPOLL 1
#endif

struct watched {
    int fd;
    bool http1; /* has answered in HTTP/1: there is nothing to read before it is asked */
};

struct pollset {
    int fd;                  /* the epoll set; -1: none */
    int timer;               /* the timerfd in it; -1: none */
    bool is_watched;         /* its descriptor was asked for */
    double due;              /* when libcurl has something to do, on the monotonic clock; INFINITY: never */
    double alarm;            /* when the engine has */
    struct watched *sockets; /* every one libcurl has open; a child must close them behind libcurl's back */
    size_t count, capacity;
};

/* False when the system gives no more descriptors. */
bool pollset_open(struct pollset *set);

/* Sets the callbacks by which the set learns of a multi's sockets and timer. */
bool pollset_serve(struct pollset *set, CURLM *multi);

/* Sets the callbacks by which the set learns of a handle's sockets. */
bool pollset_watch(struct pollset *set, CURL *easy);

/*
 * Lets the multi do what its time has come for, such as to begin a transfer. False when that failed for lack of memory:
 * the multi is then fit for nothing but its cleanup.
 */
bool pollset_tick(struct pollset *set, CURLM *multi);

/* Waits up to timeout ms (0: not at all) and lets the multi do what its sockets are ready for. False as above. */
bool pollset_run(struct pollset *set, CURLM *multi, int timeout);

/* The monotonic clock, seconds. */
double pollset_now(void);

/* What an event loop may watch: readable when pollset_run has something to do. -1: there is none. */
int pollset_descriptor(struct pollset *set);

/* Ends the wait of a pollset_run at a time, INFINITY for never. */
void pollset_alarm(struct pollset *set, double at);

/* After the multi was cleaned up. */
void pollset_close(struct pollset *set);

/* The socket with this local port has answered in HTTP/1. */
void pollset_mark(struct pollset *set, int local_port);

/*
 * Whether a kept connection of HTTP/1 has something to read before the request has left: its end, or an answer to no
 * request of ours. libcurl 7.88 takes it for alive when bytes stand before the end.
 */
bool pollset_is_stale(const struct pollset *set, int local_port);

/* In a forked child: closes every inherited descriptor without a word to the peers or to the parent's epoll set. */
void pollset_abandon(struct pollset *set);

#endif
