/*
 * Preloaded into uplink-probe: a name server that takes its time. getaddrinfo(3) for names ending in ".slow" sleeps as
 * long as a resolver with a dead name server does, then fails; all other names go the usual way.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { SLOW_S = 8 };

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    size_t len = node ? strlen(node) : 0;
    if (len > 5 && strcmp(node + len - 5, ".slow") == 0) {
        (void)sleep(SLOW_S);
        return EAI_AGAIN;
    }
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    }
    return real(node, service, hints, res);
}
