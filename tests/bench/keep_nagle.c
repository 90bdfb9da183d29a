/*
 * Preloaded into lockerd by the bench to show what Nagle's algorithm would cost: TCP_NODELAY is accepted and not set.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    if (level == IPPROTO_TCP && option == TCP_NODELAY) {
        return 0;
    }
    return (int)syscall(SYS_setsockopt, fd, level, option, value, length);
}
