#include "pollset.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef CMR_EPOLL
#include <sys/timerfd.h>
#endif

double pollset_now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Returns the position of a socket in the list, or the list's length if the socket is not in the list. */
static size_t find(const struct pollset *set, int socket)
{
    size_t i = 0;

    while (i < set->count && set->sockets[i].fd != socket)
        i++;
    return i;
}

static bool remember(struct pollset *set, int socket)
{
    const size_t i = find(set, socket); /* the old entry, if the program closed an earlier socket with this number */
    struct stat status;

    if (fstat(socket, &status) != 0)
        return false;
    if (i == set->capacity) {
        const size_t capacity = set->capacity ? set->capacity * 2 : 16;
        struct watched *sockets = realloc(set->sockets, capacity * sizeof *sockets);
        if (!sockets)
            return false;
        set->sockets = sockets;
        set->capacity = capacity;
    }
    if (i == set->count)
        set->count++;
    set->sockets[i] = (struct watched){.fd = socket, .device = status.st_dev, .inode = status.st_ino};
    return true;
}

/*
 * Returns whether the descriptor is still the socket that libcurl opened. The program may have closed this socket, and
 * opened another file with its number.
 */
static bool is_same(const struct watched *watched)
{
    struct stat status;

    return fstat(watched->fd, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_dev == watched->device &&
           status.st_ino == watched->inode;
}

static curl_socket_t on_open(void *userdata, curlsocktype purpose, struct curl_sockaddr *address)
{
    int type = address->socktype;
    int fd;

    (void)purpose;
#ifdef SOCK_CLOEXEC
    type |= SOCK_CLOEXEC;
#endif
    fd = socket(address->family, type, address->protocol);
    if (fd >= 0 && !remember(userdata, fd)) {
        close(fd);
        fd = -1;
    }
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close(void *userdata, curl_socket_t fd)
{
    struct pollset *set = userdata;
    const size_t i = find(set, fd);
    const bool is_ours = i == set->count || is_same(&set->sockets[i]);

    if (i < set->count)
        set->sockets[i] = set->sockets[--set->count];
    return is_ours ? close(fd) : 0;
}

bool pollset_watch(struct pollset *set, CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, set) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, set) == CURLE_OK;
}

static const struct pollset closed = {.fd = -1, .timer = -1, .due = INFINITY, .alarm = INFINITY};

void pollset_close(struct pollset *set)
{
    if (set->fd >= 0)
        close(set->fd);
    if (set->timer >= 0)
        close(set->timer);
    free(set->sockets);
    *set = closed;
}

void pollset_forget(struct pollset *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (is_same(&set->sockets[i]))
            close(set->sockets[i].fd);
    if (!pollset_is_intact(set))
        set->fd = set->timer = -1;
    pollset_close(set);
}

#ifdef CMR_EPOLL

/*
 * Sets the timerfd if an event loop watches the descriptor. Without an event loop, the timerfd is not
 * needed, because wait_ms limits the wait. Setting the timerfd takes longer than all other work of an engine's step.
 */
static void arm(const struct pollset *set)
{
    const double at = fmin(set->due, set->alarm);
    struct itimerspec when = {.it_value.tv_sec = 0}; /* all zero disarms the timer */

    if (!set->is_watched)
        return;
    if (at < INFINITY) {
        when.it_value.tv_sec = (time_t)at;
        when.it_value.tv_nsec = (long)((at - floor(at)) * 1e9);
    }
    (void)timerfd_settime(set->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *userdata, void *assigned)
{
    struct pollset *set = userdata;
    struct epoll_event event = {.data.fd = socket};

    (void)easy, (void)assigned;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(set->fd, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (epoll_ctl(set->fd, EPOLL_CTL_ADD, socket, &event) == 0)
        return 0;
    if (errno == EEXIST && epoll_ctl(set->fd, EPOLL_CTL_MOD, socket, &event) == 0)
        return 0;
    /* libcurl 8.22 goes on without the socket, although this function returns -1 */
    set->refused = true;
    set->due = pollset_now(); /* so that multi_run is called at once, and makes a new curl multi */
    arm(set);
    return -1;
}

static int on_timer(CURLM *multi, long timeout, void *userdata)
{
    struct pollset *set = userdata;

    (void)multi;
    if (!set->refused)
        set->due = timeout < 0 ? INFINITY : pollset_now() + (double)timeout / 1e3;
    arm(set);
    return 0;
}

bool pollset_open(struct pollset *set)
{
    struct epoll_event event = {.events = EPOLLIN};

    *set = closed;
    set->fd = epoll_create1(EPOLL_CLOEXEC);
    set->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    event.data.fd = set->timer;
    if (set->fd < 0 || set->timer < 0 || epoll_ctl(set->fd, EPOLL_CTL_ADD, set->timer, &event) != 0) {
        pollset_close(set);
        return false;
    }
    return true;
}

/*
 * epoll_ctl fails if the program has replaced one of the two descriptors. A comparison of inodes would not show this,
 * because all epoll sets and timers have the same inode.
 */
bool pollset_is_intact(const struct pollset *set)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = set->timer};

    return epoll_ctl(set->fd, EPOLL_CTL_MOD, set->timer, &event) == 0;
}

bool pollset_serve(struct pollset *set, CURLM *multi)
{
    set->due = INFINITY;
    set->refused = false;
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, set) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERDATA, set) == CURLM_OK;
}

bool pollset_tick(struct pollset *set, CURLM *multi)
{
    int running;

    if (set->refused)
        return false;
    if (set->due == INFINITY || set->due > pollset_now())
        return true;
    set->due = INFINITY; /* reset first, because libcurl sets a new time through on_timer during the call below */
    return curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_OK && !set->refused;
}

/* Returns how many ms to wait: `timeout`, or less if libcurl has work or a call's deadline passes sooner. */
static int wait_ms(const struct pollset *set, int timeout)
{
    const double left = timeout > 0 ? (fmin(set->due, set->alarm) - pollset_now()) * 1e3 : 0;

    return left < timeout ? (int)ceil(fmax(0, left)) : timeout;
}

void pollset_wait(struct pollset *set, CURLM *multi, int timeout)
{
    (void)multi;
    set->ready = epoll_wait(set->fd, set->events, sizeof set->events / sizeof set->events[0], wait_ms(set, timeout));
    if (set->ready < 0 && errno != EINTR)
        set->refused = true; /* the program has closed the set */
}

bool pollset_run(struct pollset *set, CURLM *multi)
{
    CURLMcode code = CURLM_OK;
    int running;

    for (int i = 0; i < set->ready && code == CURLM_OK; i++) {
        const unsigned what = set->events[i].events;
        const int fd = set->events[i].data.fd;
        if (fd == set->timer)
            arm(set); /* sets the timer again: if the time has passed already, the timer wakes the loop at once */
        else
            code = curl_multi_socket_action(multi, fd,
                                            (what & EPOLLIN ? CURL_CSELECT_IN : 0) |
                                                (what & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                                                (what & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0),
                                            &running);
    }
    return code == CURLM_OK && !set->refused;
}

#else

/* Does nothing: without epoll there is no timer, and callers call pollset_run often enough. */
static void arm(const struct pollset *set)
{
    (void)set;
}

bool pollset_open(struct pollset *set)
{
    *set = closed;
    return true;
}

bool pollset_is_intact(const struct pollset *set)
{
    (void)set;
    return true;
}

bool pollset_serve(struct pollset *set, CURLM *multi)
{
    (void)set, (void)multi;
    return true;
}

bool pollset_tick(struct pollset *set, CURLM *multi)
{
    (void)set, (void)multi; /* pollset_run does the work */
    return true;
}

void pollset_wait(struct pollset *set, CURLM *multi, int timeout)
{
    (void)set;
    if (timeout > 0)
        (void)curl_multi_poll(multi, NULL, 0, timeout, NULL);
}

bool pollset_run(struct pollset *set, CURLM *multi)
{
    int running;

    (void)set;
    return curl_multi_perform(multi, &running) == CURLM_OK;
}

#endif

void pollset_alarm(struct pollset *set, double at)
{
    set->alarm = at;
    arm(set);
}

int pollset_descriptor(struct pollset *set)
{
    set->is_watched = true;
    arm(set);
    return set->fd;
}
