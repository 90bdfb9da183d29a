/* Preloaded into the daemon of the emulated machine: nothing is ever made to stay. The power cut test has to notice. */
#include <unistd.h>

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}
