/* hal/journal_linux.h, before a socket that plays the journal. */
#include "hal/journal_linux.h"

#include "base/log.h"
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char seen[4096];

/* What goes to stderr while run() runs is left in `seen`. */
static void catch_stderr(void (*run)(void))
{
    int ends[2], before = dup(STDERR_FILENO);
    CHECK_INT(pipe(ends), 0);
    CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
    run();
    CHECK(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    (void)close(ends[1]);
    ssize_t n = read(ends[0], seen, sizeof(seen) - 1);
    seen[n > 0 ? n : 0] = '\0';
    (void)close(ends[0]);
}

/* The other end of the journal's socket; what came is left in `seen`. */
static void listen_as_journal(void (*say)(void))
{
    char path[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(path, sizeof(path), "/tmp/lk-journal-%d", (int)getpid());
    (void)unlink(path);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK_INT(lk_journal_linux_open(path), 0);
    say();
    size_t len = 0;
    for (ssize_t n = 0; (n = recv(fd, seen + len, sizeof(seen) - 1 - len, 0)) > 0;) {
        len += (size_t)n;
    }
    seen[len] = '\0';
    (void)close(fd);
    (void)unlink(path);
}

static void about_a_door(void)
{
    const struct lk_log_field about[] = {{"EVENT", "door.forced"}, {"DOOR", "A07"}, {"BANK", ""}, {"REASON", NULL}};
    lk_log_about(LK_WARN, LK_BLAME_DEVICE, about, 4, "alarm\nPRIORITY=0");
}

/* A line feed in a text must not make a field of its own. */
CASE(the_journal_gets_fields)
{
    listen_as_journal(about_a_door);
    CHECK_STR(seen, "PRIORITY=4\nSYSLOG_IDENTIFIER=lockerd\nLOCKERD_BLAME=device\nLOCKERD_EVENT=door.forced\n"
                    "LOCKERD_DOOR=A07\nMESSAGE=device: alarm PRIORITY=0\n");
}

/* Its socket is closed by now: nothing is lost. */
CASE(without_a_journal_lines_go_to_stderr_again)
{
    catch_stderr(about_a_door);
    CHECK(strncmp(seen, "<4>device: alarm", 16) == 0);
    CHECK_INT(lk_journal_linux_open("/nonexistent/socket"), -ENOENT);
}

CASE(only_the_stream_that_systemd_made_is_the_journal)
{
    struct stat st;
    char stream[64];
    CHECK_INT(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    (void)setenv("JOURNAL_STREAM", stream, 1);
    CHECK(lk_journal_linux_is_stderr());
    (void)setenv("JOURNAL_STREAM", "1:2", 1);
    CHECK(!lk_journal_linux_is_stderr());
    (void)setenv("JOURNAL_STREAM", "nonsense", 1);
    CHECK(!lk_journal_linux_is_stderr());
    (void)unsetenv("JOURNAL_STREAM");
    CHECK(!lk_journal_linux_is_stderr());
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(the_journal_gets_fields),
        NAMED(without_a_journal_lines_go_to_stderr_again),
        NAMED(only_the_stream_that_systemd_made_is_the_journal),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
