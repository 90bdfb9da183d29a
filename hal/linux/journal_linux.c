#include "hal/journal_linux.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static atomic_int journal = -1; /* its socket, or -1 */

bool lk_journal_linux_is_stderr(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device = 0, inode = 0;
    struct stat st;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           (unsigned long long)st.st_dev == device && (unsigned long long)st.st_ino == inode;
}

/* A value may hold anything but a line feed, which would end the field. */
static void add_field(struct lk_text *t, const char *prefix, const char *name, const char *value)
{
    lk_text_addf(t, "%s%s=", prefix, name);
    for (const char *c = value; *c; c++) {
        lk_text_addf(t, "%c", *c == '\n' ? ' ' : *c);
    }
    lk_text_add(t, "\n");
}

static bool take(enum lk_level level, enum lk_blame blame, const char *text, const struct lk_log_field *fields,
                 unsigned count)
{
    static const char *const blames[] = {
        [LK_BLAME_BUG] = "bug", [LK_BLAME_DEVICE] = "device", [LK_BLAME_CONFIG] = "config", [LK_BLAME_PEER] = "peer"};
    char datagram[2048], priority[8];
    struct lk_text t = lk_text_init(datagram, sizeof(datagram));
    (void)snprintf(priority, sizeof(priority), "%d", (int)level);
    add_field(&t, "", "PRIORITY", priority);
    add_field(&t, "", "SYSLOG_IDENTIFIER", "lockerd");
    if (blame != LK_BLAME_NONE) {
        add_field(&t, "LOCKERD_", "BLAME", blames[blame]);
    }
    for (unsigned i = 0; i < count && i < LK_LOG_FIELDS; i++) {
        if (fields[i].value && fields[i].value[0]) {
            add_field(&t, "LOCKERD_", fields[i].name, fields[i].value);
        }
    }
    add_field(&t, "", "MESSAGE", text);
    return !t.truncated && send(atomic_load(&journal), datagram, t.len, MSG_NOSIGNAL) == (ssize_t)t.len;
}

int lk_journal_linux_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (lk_text_copy(address.sun_path, sizeof(address.sun_path), path) < 0) {
        return -ENAMETOOLONG;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return -error;
    }
    atomic_store(&journal, fd);
    lk_log_set_sink(take);
    return 0;
}
