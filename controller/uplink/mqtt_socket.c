#include "mqtt.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool is_peer_port(int fd, unsigned port)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0) {
        return false;
    }
    if (peer.ss_family == AF_INET) {
        return ntohs(((struct sockaddr_in *)&peer)->sin_port) == port;
    }
    return peer.ss_family == AF_INET6 && ntohs(((struct sockaddr_in6 *)&peer)->sin6_port) == port;
}

static int each_socket(unsigned port, int (*act)(int fd))
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) {
        return 0;
    }
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        int fd = atoi(e->d_name);
        if (e->d_name[0] != '.' && is_peer_port(fd, port) && act(fd) == 0) {
            count++;
        }
    }
    (void)closedir(dir);
    return count;
}

static int set_nodelay(int fd)
{
    int on = 1;
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int shut(int fd)
{
    return shutdown(fd, SHUT_RDWR);
}

int lk_mqtt_set_nodelay(unsigned port)
{
    return each_socket(port, set_nodelay);
}

int lk_mqtt_break(unsigned port)
{
    return each_socket(port, shut);
}
