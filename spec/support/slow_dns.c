/*
 * A library to preload. Looking up a name in the domain slow.invalid takes seconds and then fails. All other names are
 * looked up without this delay.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 2 };

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");

    if (name && strstr(name, "slow.invalid")) {
        sleep(SECONDS);
        return EAI_NONAME;
    }
    return real(name, service, hints, result);
}
