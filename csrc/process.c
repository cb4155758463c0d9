#include "process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* The process id, in a page that the system fills with zeros in a fork's child; NULL if there are no such pages. */
static _Atomic pid_t *stored;

static void make_page(void)
{
#ifdef MADV_WIPEONFORK
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        stored = page; /* the page stays mapped, because the module is never unloaded */
    else
        (void)munmap(page, size);
#endif
}

pid_t process_id(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pid_t id;

    (void)pthread_once(&once, make_page);
    if (!stored)
        return getpid();
    id = *stored;
    if (id == 0)
        *stored = id = getpid();
    return id;
}
