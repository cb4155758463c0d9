/*
 * A library to preload. The name fails.invalid does not exist. Looking up hangs.invalid takes 20 s and then fails. All
 * other names are looked up as usual.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    resolver *next;

    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strcmp(name, "fails.invalid") == 0)
        return EAI_NONAME;
    if (name && strcmp(name, "hangs.invalid") == 0) {
        sleep(20);
        return EAI_AGAIN;
    }
    return next(name, service, hints, found);
}
