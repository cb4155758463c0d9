/*
 * Loaded before the C library: no write of this process is spared SIGPIPE. libcurl asks for that, but cannot for every
 * write of every TLS library. A connection that was reset counts as well: which of the two errors comes is a race.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    const ssize_t sent = syscall(SYS_sendto, fd, bytes, length, flags | MSG_NOSIGNAL, (void *)0, 0);
    const int error = errno;

    if (sent < 0 && (error == EPIPE || error == ECONNRESET))
        pthread_kill(pthread_self(), SIGPIPE);
    errno = error;
    return sent;
}
