#include "pollset.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef CMR_EPOLL
#include <sys/epoll.h>
#include <sys/timerfd.h>
#endif

static bool remember(struct pollset *set, int socket)
{
    if (set->count == set->capacity) {
        const size_t capacity = set->capacity ? set->capacity * 2 : 16;
        struct watched *sockets = realloc(set->sockets, capacity * sizeof *sockets);
        if (!sockets)
            return false;
        set->sockets = sockets;
        set->capacity = capacity;
    }
    set->sockets[set->count++] = (struct watched){.fd = socket};
    return true;
}

static void forget(struct pollset *set, int socket)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->sockets[i].fd == socket) {
            set->sockets[i] = set->sockets[--set->count];
            return;
        }
    }
}

static struct watched *find(const struct pollset *set, int local_port)
{
    for (size_t i = 0; i < set->count; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_in v4;
            struct sockaddr_in6 v6;
        } address = {.any = {.sa_family = AF_UNSPEC}};
        socklen_t length = sizeof address;
        if (getsockname(set->sockets[i].fd, &address.any, &length) == 0 &&
            ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port) == local_port)
            return &set->sockets[i];
    }
    return NULL;
}

void pollset_mark(struct pollset *set, int local_port)
{
    struct watched *watched = find(set, local_port);

    if (watched)
        watched->http1 = true;
}

bool pollset_is_stale(const struct pollset *set, int local_port)
{
    const struct watched *watched = find(set, local_port);
    char byte;

    if (!watched || !watched->http1)
        return false;
    return recv(watched->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
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
    forget(userdata, fd);
    return close(fd);
}

bool pollset_watch(struct pollset *set, CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, set) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, set) == CURLE_OK;
}

static void close_all(struct pollset *set)
{
    if (set->fd >= 0)
        close(set->fd);
    if (set->timer >= 0)
        close(set->timer);
    if (set->alarm >= 0)
        close(set->alarm);
    free(set->sockets);
    *set = (struct pollset){.fd = -1, .timer = -1, .alarm = -1};
}

void pollset_close(struct pollset *set)
{
    close_all(set);
}

void pollset_abandon(struct pollset *set)
{
    for (size_t i = 0; i < set->count; i++)
        close(set->sockets[i].fd);
    close_all(set);
}

#ifdef CMR_EPOLL

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
    if (epoll_ctl(set->fd, EPOLL_CTL_MOD, socket, &event) == 0)
        return 0;
    return errno == ENOENT && epoll_ctl(set->fd, EPOLL_CTL_ADD, socket, &event) == 0 ? 0 : -1;
}

static int on_timer(CURLM *multi, long timeout, void *userdata)
{
    const struct pollset *set = userdata;
    struct itimerspec when = {.it_value.tv_sec = 0}; /* all zero: disarmed */

    (void)multi;
    if (timeout >= 0) {
        when.it_value.tv_sec = timeout / 1000;
        when.it_value.tv_nsec = timeout ? (timeout % 1000) * 1000000 : 1;
    }
    return timerfd_settime(set->timer, 0, &when, NULL);
}

void pollset_alarm(struct pollset *set, double at)
{
    const struct itimerspec when = {
        .it_value.tv_sec = (time_t)at,
        .it_value.tv_nsec = (long)((at - floor(at)) * 1e9),
    };

    (void)timerfd_settime(set->alarm, TFD_TIMER_ABSTIME, &when, NULL);
}

static bool add_timer(const struct pollset *set, int *fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    *fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    event.data.fd = *fd;
    return *fd >= 0 && epoll_ctl(set->fd, EPOLL_CTL_ADD, *fd, &event) == 0;
}

bool pollset_open(struct pollset *set)
{
    *set = (struct pollset){.fd = -1, .timer = -1, .alarm = -1};
    set->fd = epoll_create1(EPOLL_CLOEXEC);
    if (set->fd < 0 || !add_timer(set, &set->timer) || !add_timer(set, &set->alarm)) {
        close_all(set);
        return false;
    }
    return true;
}

bool pollset_serve(struct pollset *set, CURLM *multi)
{
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, set) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERDATA, set) == CURLM_OK;
}

bool pollset_run(struct pollset *set, CURLM *multi, int timeout)
{
    struct epoll_event events[64];
    const int count = epoll_wait(set->fd, events, sizeof events / sizeof events[0], timeout);
    CURLMcode code = CURLM_OK;
    int running;

    for (int i = 0; i < count && code == CURLM_OK; i++) {
        const unsigned what = events[i].events;
        const int fd = events[i].data.fd;
        uint64_t ticks;
        if (fd == set->timer) {
            /* read before the work: libcurl sets the next one in it */
            if (read(fd, &ticks, sizeof ticks) == (ssize_t)sizeof ticks)
                code = curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        } else if (fd == set->alarm) {
            (void)!read(fd, &ticks, sizeof ticks); /* the engine looks at the clock itself */
        } else {
            code = curl_multi_socket_action(multi, fd,
                                            (what & EPOLLIN ? CURL_CSELECT_IN : 0) |
                                                (what & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                                                (what & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0),
                                            &running);
        }
    }
    return code == CURLM_OK;
}

#else

void pollset_alarm(struct pollset *set, double at)
{
    (void)set, (void)at; /* whoever waits comes back often enough */
}

bool pollset_open(struct pollset *set)
{
    *set = (struct pollset){.fd = -1, .timer = -1, .alarm = -1};
    return true;
}

bool pollset_serve(struct pollset *set, CURLM *multi)
{
    (void)set, (void)multi;
    return true;
}

bool pollset_run(struct pollset *set, CURLM *multi, int timeout)
{
    int running;

    (void)set;
    if (timeout > 0)
        (void)curl_multi_poll(multi, NULL, 0, timeout, NULL);
    return curl_multi_perform(multi, &running) == CURLM_OK;
}

#endif
