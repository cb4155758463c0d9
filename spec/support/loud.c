/*
 * A library to preload before the C library. Its send() raises SIGPIPE when the other side has closed the connection,
 * even with MSG_NOSIGNAL. This imitates the TLS libraries that write without this flag. The kernel reports EPIPE or
 * ECONNRESET, whichever comes first, so send() raises the signal for both.
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
