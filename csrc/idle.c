#include "idle.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

static struct watched *find(const struct pollset *pollset, int local_port)
{
    for (size_t i = 0; i < pollset->count; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_in v4;
            struct sockaddr_in6 v6;
        } address = {.any = {.sa_family = AF_UNSPEC}};
        socklen_t length = sizeof address;
        if (getsockname(pollset->sockets[i].fd, &address.any, &length) == 0 &&
            ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port) == local_port)
            return &pollset->sockets[i];
    }
    return NULL;
}

void idle_mark(struct pollset *pollset, int local_port)
{
    struct watched *watched = find(pollset, local_port);

    if (watched)
        watched->http1 = true;
}

bool idle_is_stale(const struct pollset *pollset, int local_port)
{
    const struct watched *watched = find(pollset, local_port);
    char byte;

    if (!watched || !watched->http1)
        return false;
    return recv(watched->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
