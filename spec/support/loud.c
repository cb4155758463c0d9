/*
 * A library to preload before the C library. It makes every write of the process to a closed connection raise SIGPIPE.
 * libcurl tries to avoid the signal, but some TLS libraries do not allow that. A write to a reset connection raises the
 * signal too, because either of the two errors may come first.
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
