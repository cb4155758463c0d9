/*
 * The sockets and the timer of one curl multi behind one descriptor: an epoll set, with a timerfd for event loops that
 * watch it. Where there is no epoll the multi polls for itself and there is no descriptor. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#if defined(__linux__) && !defined(CMR_NO_EPOLL)
#define CMR_EPOLL 1
#endif

struct watched {
    int fd;
    dev_t device; /* with the inode: which socket it is */
    ino_t inode;
    int port;   /* the local port; 0 until an answer arrived */
    bool http2; /* the answer came over HTTP/2 */
};

/* Times are seconds on the monotonic clock; INFINITY: never. */
struct pollset {
    int fd;                  /* the epoll set; -1: none */
    int timer;               /* the timerfd in it; -1: none */
    bool is_watched;         /* an event loop asked for the descriptor */
    double due;              /* when libcurl has work to do */
    double alarm;            /* when the first call's time is over */
    struct watched *sockets; /* all that libcurl has open; a child closes them without libcurl */
    size_t count, capacity;
};

/* False when the system has no file descriptors left. */
bool pollset_open(struct pollset *set);

/* Sets the callbacks through which libcurl reports a multi's sockets and timer. */
bool pollset_serve(struct pollset *set, CURLM *multi);

/* Sets the callbacks through which libcurl opens and closes a handle's sockets. */
bool pollset_watch(struct pollset *set, CURL *easy);

/*
 * Lets libcurl do the work that is due, such as to begin a transfer. False when libcurl had no memory for it: the multi
 * can then only be cleaned up.
 */
bool pollset_tick(struct pollset *set, CURLM *multi);

/* Waits up to timeout ms for a socket and lets libcurl do the work on those that are ready. False as above. */
bool pollset_run(struct pollset *set, CURLM *multi, int timeout);

/* The monotonic clock, seconds. */
double pollset_now(void);

/* The descriptor for an event loop: readable when pollset_run has work to do. -1: there is none. */
int pollset_descriptor(struct pollset *set);

/* Sets when a pollset_run that waits must return. */
void pollset_alarm(struct pollset *set, double at);

/* After the multi was cleaned up. */
void pollset_close(struct pollset *set);

/* In a child: closes the inherited descriptors that it still has. The parent's peers and its epoll set do not notice. */
void pollset_forget_after_fork(struct pollset *set);
