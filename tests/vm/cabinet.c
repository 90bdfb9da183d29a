/*
 * A cabinet wired to a gpio-sim chip, inside the emulated machine: it looks at the wires of the locks, and moves those
 * of the door switches, as iron would. It knows the controller only by its wires.
 *
 *   vm-cabinet LINES DOORS COMMANDS LOG
 *
 * LINES is the chip's folder below /sys; lines 0.. are the locks (high: drawn), DOORS.. the switches (high: shut).
 *
 * COMMANDS is a FIFO, a line each, doors from 1: "close 3"; "jam 3", its lock is drawn in vain from now on; "free 3";
 * "kill 123" or "stop 123", the process gets SIGKILL or SIGSTOP, KILL_MS after the next lock was drawn.
 *
 * LOG gets what happened: "MS lock 3 on|off", "MS door 3 open|closed"; MS by the monotonic clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DOORS_MAX = 32, VICTIMS_MAX = 4, DRAW_MS = 40, KILL_MS = 80, LOOK_NS = 1000000, NAME_CAP = 256 };

struct door {
    int lock_fd, pull_fd;
    bool drawn, open, jammed;
    int64_t drawn_at_ms;
};

struct cabinet {
    struct door doors[DOORS_MAX];
    unsigned count;
    int commands_fd;
    FILE *log;
    char heard[NAME_CAP];
    size_t heard_len;
    struct {
        pid_t pid;
        int signal;
    } victims[VICTIMS_MAX];
    unsigned victim_count;
};

static int64_t now_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void tell(struct cabinet *c, unsigned door, const char *what, const char *how)
{
    (void)fprintf(c->log, "%" PRId64 " %s %u %s\n", now_ms(), what, door + 1, how);
    (void)fflush(c->log);
}

static int open_line(const char *lines, unsigned line, const char *file, int flags)
{
    char path[NAME_CAP];
    (void)snprintf(path, sizeof(path), "%s/sim_gpio%u/%s", lines, line, file);
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        (void)fprintf(stderr, "vm-cabinet: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return fd;
}

static void set_switch(const struct door *d)
{
    const char *pull = d->open ? "pull-down" : "pull-up";
    if (pwrite(d->pull_fd, pull, strlen(pull), 0) < 0) {
        perror("vm-cabinet: a switch");
        exit(1);
    }
}

static void strike(struct cabinet *c)
{
    for (unsigned i = 0; i < c->victim_count; i++) {
        if (kill(c->victims[i].pid, c->victims[i].signal) < 0) {
            perror("vm-cabinet: a process to kill");
            exit(1);
        }
    }
    c->victim_count = 0;
}

static void look(struct cabinet *c, unsigned door)
{
    struct door *d = &c->doors[door];
    char level = '0';
    if (pread(d->lock_fd, &level, 1, 0) != 1) {
        perror("vm-cabinet: a lock");
        exit(1);
    }
    bool drawn = level == '1';
    if (drawn != d->drawn) {
        d->drawn = drawn;
        d->drawn_at_ms = now_ms();
        tell(c, door, "lock", drawn ? "on" : "off");
    }
    if (drawn && now_ms() - d->drawn_at_ms >= KILL_MS) {
        strike(c);
    }
    if (drawn && !d->open && !d->jammed && now_ms() - d->drawn_at_ms >= DRAW_MS) {
        d->open = true;
        set_switch(d);
        tell(c, door, "door", "open");
    }
}

/* A door whose lock is drawn springs open again by look(). */
static void obey(struct cabinet *c, const char *command)
{
    char verb[8] = "";
    unsigned number = 0;
    (void)sscanf(command, "%7s %u", verb, &number);
    bool fatal = strcmp(verb, "kill") == 0 || strcmp(verb, "stop") == 0;
    if (number < 1 || (fatal ? c->victim_count == VICTIMS_MAX : number > c->count)) {
        (void)fprintf(stderr, "vm-cabinet: what is \"%s\"?\n", command);
        exit(1);
    }
    if (fatal) {
        c->victims[c->victim_count].pid = (pid_t)number;
        c->victims[c->victim_count++].signal = strcmp(verb, "kill") == 0 ? SIGKILL : SIGSTOP;
        return;
    }
    unsigned door = number;
    struct door *d = &c->doors[door - 1];
    if (strcmp(verb, "close") == 0) {
        d->open = false;
        set_switch(d);
        tell(c, door - 1, "door", "closed");
    } else {
        d->jammed = strcmp(verb, "jam") == 0;
    }
}

static void listen_to_people(struct cabinet *c)
{
    ssize_t n = read(c->commands_fd, c->heard + c->heard_len, sizeof(c->heard) - 1 - c->heard_len);
    if (n <= 0) {
        return;
    }
    c->heard_len += (size_t)n;
    c->heard[c->heard_len] = '\0';
    char *end;
    while ((end = strchr(c->heard, '\n'))) {
        *end = '\0';
        obey(c, c->heard);
        c->heard_len = strlen(end + 1);
        memmove(c->heard, end + 1, c->heard_len + 1);
    }
}

int main(int argc, char **argv)
{
    static struct cabinet c;
    c.count = argc == 5 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (c.count < 1 || c.count > DOORS_MAX) {
        (void)fprintf(stderr, "usage: vm-cabinet LINES DOORS COMMANDS LOG\n");
        return 2;
    }
    for (unsigned i = 0; i < c.count; i++) {
        c.doors[i].lock_fd = open_line(argv[1], i, "value", O_RDONLY);
        c.doors[i].pull_fd = open_line(argv[1], c.count + i, "pull", O_WRONLY);
        set_switch(&c.doors[i]);
    }
    (void)mkfifo(argv[3], 0600);
    c.commands_fd = open(argv[3], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    c.log = fopen(argv[4], "ae");
    if (c.commands_fd < 0 || !c.log) {
        perror("vm-cabinet");
        return 1;
    }
    for (;;) {
        for (unsigned i = 0; i < c.count; i++) {
            look(&c, i);
        }
        listen_to_people(&c);
        (void)nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
}
