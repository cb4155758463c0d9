/*
 * The sockets and the timer of one curl multi behind one descriptor. The descriptor is an epoll set. The set contains a
 * timerfd, for event loops that watch the set. Without epoll there is no descriptor, and libcurl's multi polls by
 * itself. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#if defined(__linux__) && !defined(CMR_NO_EPOLL)
#define CMR_EPOLL 1
#include <sys/epoll.h>
#endif

struct watched {
    int fd;
    dev_t device; /* device and inode identify the socket */
    ino_t inode;
    int port;   /* the local port; 0 until an answer arrives */
    bool http2; /* the last answer came over HTTP/2 */
};

/* Times are seconds on the monotonic clock. INFINITY means never. */
struct pollset {
    int fd;                  /* the epoll set, or -1 */
    int timer;               /* the timerfd in the epoll set, or -1 */
    bool is_watched;         /* an event loop watches the descriptor */
    bool refused;            /* the system refused to watch a socket, or the program has closed the set */
    double due;              /* when libcurl next has work to do */
    double alarm;            /* the earliest deadline of a call */
    struct watched *sockets; /* the sockets to servers; a fork's child closes them without libcurl */
    size_t count, capacity;
#ifdef CMR_EPOLL
    struct epoll_event events[64]; /* what the last wait found */
    int ready;                     /* number of these events; -1 after a signal, or if the program has closed the set */
#endif
};

/* Opens the set. Returns false if that fails, for example because no file descriptor is left. */
bool pollset_open(struct pollset *set);

/* Sets the callbacks through which libcurl reports a multi's sockets and timer. */
bool pollset_serve(struct pollset *set, CURLM *multi);

/* Sets the callbacks through which libcurl opens and closes a handle's sockets. */
bool pollset_watch(struct pollset *set, CURL *easy);

/*
 * Lets libcurl do the work that is due, for example begin a transfer. Returns false if libcurl had no memory, or the
 * system refused to watch a socket. The multi can then only be cleaned up.
 */
bool pollset_tick(struct pollset *set, CURLM *multi);

/* Waits up to `timeout` ms until a socket is ready. */
void pollset_wait(struct pollset *set, CURLM *multi, int timeout);

/*
 * Lets libcurl do the work on the sockets that the wait found ready. Returns false if libcurl had no memory, the system
 * refused to watch a socket, or the program has closed the set. The multi can then only be cleaned up.
 */
bool pollset_run(struct pollset *set, CURLM *multi);

/* Returns the time of the monotonic clock, in seconds. */
double pollset_now(void);

/* Returns the descriptor that an event loop may watch, or -1. The descriptor is readable when there is work to do. */
int pollset_descriptor(struct pollset *set);

/* Sets the time of the earliest deadline. With epoll, pollset_wait returns at that time at the latest. */
void pollset_alarm(struct pollset *set, double at);

/* Closes the set. Call it after the multi was cleaned up. */
void pollset_close(struct pollset *set);

/*
 * Returns whether the set's descriptors are still its own. A program that becomes a daemon may have closed all
 * descriptors, and opened other files with the same numbers.
 */
bool pollset_is_intact(const struct pollset *set);

/*
 * Closes the set and its sockets without libcurl. Leaves a descriptor open if its number now belongs to another file.
 * A fork's child can call it: the parent's connections and epoll set stay unchanged.
 */
void pollset_forget(struct pollset *set);
