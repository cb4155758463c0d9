#include "connection.h"

#include <errno.h>
#include <sys/socket.h>

#include "pollset.h"

/* Returns the socket that an ended transfer used, or NULL when the socket is closed. */
static struct watched *find_socket(const struct pollset *pollset, CURL *easy)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
        return NULL;
    for (size_t i = 0; i < pollset->count; i++)
        if (pollset->sockets[i].fd == fd)
            return &pollset->sockets[i];
    return NULL;
}

/*
 * Returns the socket with this local port, or NULL. Searches by port, because libcurl does not report the socket when a
 * transfer begins. A new connection is not found: connection_note records the port only after an answer.
 */
static const struct watched *find_port(const struct pollset *pollset, int local_port)
{
    for (size_t i = 0; i < pollset->count; i++)
        if (local_port > 0 && pollset->sockets[i].port == local_port)
            return &pollset->sockets[i];
    return NULL;
}

/* Returns whether the engine runs only this call. Other calls to the same host could share this call's connection. */
static bool is_alone(const struct call *call)
{
    return !call->previous && !call->next;
}

/*
 * A connection with a readable socket is stale: the server closed it, or sent bytes that no call expects. Over HTTP/2,
 * the bytes may be for another call, so the connection is stale only if this call is alone.
 */
bool connection_is_stale(const struct call *call, int local_port)
{
    const struct watched *watched = find_port(call->pollset, local_port);
    char byte;

    if (!watched || (watched->http2 && !is_alone(call)))
        return false;
    return recv(watched->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void connection_note(const struct call *call, CURLcode code)
{
    const bool timed_out = code == CURLE_OPERATION_TIMEDOUT;
    struct watched *watched = code == CURLE_OK || timed_out ? find_socket(call->pollset, call->easy) : NULL;
    long local_port = 0;

    if (!watched)
        return;
    if (timed_out) {
        if (is_alone(call))
            (void)shutdown(watched->fd, SHUT_RDWR);
    } else if (curl_easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &local_port) == CURLE_OK) {
        watched->port = (int)local_port;
        watched->http2 = call->answer.http_version > CURL_HTTP_VERSION_1_1;
    }
}
