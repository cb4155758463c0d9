/*
 * A library to preload. A signal interrupts every second call of flock, as it may on a file system over a network or in
 * user space.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sys/file.h>

typedef int locker(int, int);

int flock(int fd, int operation)
{
    static int calls;
    locker *next;

    *(void **)&next = dlsym(RTLD_NEXT, "flock");
    if (calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return next(fd, operation);
}
