#include "gpio_guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { NS_PER_MS = 1000000, OFF_TRIES = 5, OFF_AGAIN_MS = 10, FD_LAST = 65536 };

enum guard_word { ASK = 1, GIVE_BACK, YES, NO };

struct guard_message {
    uint32_t word; /* enum guard_word */
    uint32_t line;
    uint32_t serial;
    uint32_t unused;
    int64_t until_ns;
};

/* --- in the guard: async-signal-safe calls only, no memory but this */

struct guard_self {
    const struct lk_gpio_guard_duty *duty;
    int fd;
    bool busy; /* a permission is out */
    uint32_t line;
    int64_t until_ns; /* when to switch off next */
};

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void close_between(unsigned first, unsigned last)
{
    if (first > last || close_range(first, last, 0) == 0) {
        return;
    }
    for (unsigned fd = first; fd <= last && fd < FD_LAST; fd++) {
        (void)close((int)fd);
    }
}

/* Everything else would keep files locked, sockets connected and other guards waiting. */
static void close_others(const struct guard_self *self)
{
    unsigned from = 0;
    for (;;) {
        unsigned next = ~0U;
        for (unsigned i = 0; i <= self->duty->keep_n; i++) {
            unsigned fd = (unsigned)(i < self->duty->keep_n ? self->duty->keep[i] : self->fd);
            next = fd >= from && fd < next ? fd : next;
        }
        if (next == ~0U) {
            break;
        }
        if (next > from) {
            close_between(from, next - 1);
        }
        from = next + 1;
    }
    close_between(from, ~0U);
}

static void answer(const struct guard_self *self, const struct guard_message *question, enum guard_word word)
{
    struct guard_message m = *question;
    m.word = word;
    (void)send(self->fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void asked(struct guard_self *self, const struct guard_message *m)
{
    int64_t most_ns = now_ns() + (int64_t)self->duty->ceiling_ms * NS_PER_MS;
    if (self->busy || m->line >= 64 || !(self->duty->lines >> m->line & 1)) {
        answer(self, m, NO);
        return;
    }
    self->busy = true;
    self->line = m->line;
    self->until_ns = m->until_ns < most_ns ? m->until_ns : most_ns;
    answer(self, m, YES);
}

static void told(struct guard_self *self, const struct guard_message *m)
{
    if (m->word == ASK) {
        asked(self, m);
    } else if (m->word == GIVE_BACK && self->busy && m->line == self->line) {
        (void)self->duty->off(self->duty->user, UINT64_C(1) << self->line);
        self->busy = false;
    }
}

static void switch_off_when_due(struct guard_self *self)
{
    if (self->busy && now_ns() >= self->until_ns) {
        (void)self->duty->off(self->duty->user, UINT64_C(1) << self->line);
        self->until_ns = now_ns() + LK_GPIO_GUARD_INSIST_MS * NS_PER_MS;
    }
}

static void wait_for_news(const struct guard_self *self)
{
    struct pollfd p = {.fd = self->fd, .events = POLLIN};
    int64_t left_ns = self->busy ? self->until_ns - now_ns() : 0;
    left_ns = left_ns > 0 ? left_ns : 0;
    struct timespec t = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
    (void)ppoll(&p, 1, self->busy ? &t : NULL, NULL);
}

static void all_off(const struct guard_self *self)
{
    for (int i = 0; i < OFF_TRIES && self->duty->off(self->duty->user, self->duty->lines) != 0; i++) {
        (void)poll(NULL, 0, OFF_AGAIN_MS);
    }
}

static void stand_guard(const struct lk_gpio_guard_duty *duty, int fd)
{
    struct guard_self self = {.duty = duty, .fd = fd};
    (void)setsid();
    (void)prctl(PR_SET_NAME, "gpio-guard", 0, 0, 0);
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    close_others(&self);
    for (;;) {
        struct guard_message m;
        wait_for_news(&self);
        switch_off_when_due(&self);
        ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT);
        if (n == (ssize_t)sizeof(m)) {
            told(&self, &m);
        } else if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
            break;
        }
    }
    all_off(&self);
    _exit(0);
}

/* --- in the owner */

static pid_t fork_guard(const struct lk_gpio_guard_duty *duty, int fd)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* the guard keeps them blocked; no handler of ours runs in it */
    pid_t pid = fork();
    if (pid == 0) {
        stand_guard(duty, fd);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid < 0 ? -errno : pid;
}

int lk_gpio_guard_start(struct lk_gpio_guard *guard, const struct lk_gpio_guard_duty *duty)
{
    int pair[2];
    *guard = LK_GPIO_GUARD_NONE;
    if (duty->keep_n > LK_GPIO_GUARD_KEEP_MAX) {
        return -EINVAL;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return -errno;
    }
    LK_CLEANUP(lk_closep) int ours = pair[0];
    LK_CLEANUP(lk_closep) int theirs = pair[1];
    pid_t pid = fork_guard(duty, theirs);
    if (pid < 0) {
        return (int)pid;
    }
    guard->pid = pid;
    guard->pidfd = pidfd_open(pid, 0);
    guard->fd = lk_steal_fd(&ours);
    guard->ceiling_ms = duty->ceiling_ms;
    return 0;
}

void lk_gpio_guard_stop(struct lk_gpio_guard *guard)
{
    if (guard->pid <= 0) {
        return;
    }
    if (guard->pidfd < 0 || pidfd_send_signal(guard->pidfd, SIGKILL, NULL, 0) != 0) {
        lk_closep(&guard->fd); /* it ends by itself */
    }
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    lk_closep(&guard->fd);
    lk_closep(&guard->pidfd);
    *guard = LK_GPIO_GUARD_NONE;
}

static int say(struct lk_gpio_guard *guard, enum guard_word word)
{
    struct guard_message m = {.word = word, .line = guard->line, .serial = guard->serial, .until_ns = guard->until_ns};
    if (send(guard->fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(m)) {
        guard->dead = true;
        return -EOWNERDEAD;
    }
    return 0;
}

int lk_gpio_guard_ask(struct lk_gpio_guard *guard, unsigned line, int64_t until_ns, int64_t now)
{
    if (guard->dead || guard->fd < 0) {
        return -EOWNERDEAD;
    }
    if (until_ns - now > (int64_t)guard->ceiling_ms * NS_PER_MS) {
        return -EINVAL;
    }
    if (guard->asked || guard->given) {
        return -EBUSY;
    }
    guard->line = line;
    guard->until_ns = until_ns;
    guard->serial++;
    guard->asked = true;
    return say(guard, ASK);
}

void lk_gpio_guard_give_back(struct lk_gpio_guard *guard, uint64_t lines)
{
    if ((guard->asked || guard->given) && lines >> guard->line & 1) {
        guard->asked = guard->given = false;
        (void)say(guard, GIVE_BACK);
    }
}

static void heard(struct lk_gpio_guard *guard, const struct guard_message *m)
{
    if (m->serial != guard->serial || !guard->asked) {
        return;
    }
    guard->asked = false;
    guard->given = m->word == YES;
    guard->dead = guard->dead || m->word != YES; /* it disagrees about what is out: not to be driven with */
}

void lk_gpio_guard_hear(struct lk_gpio_guard *guard)
{
    while (guard->fd >= 0 && !guard->dead) {
        struct guard_message m;
        ssize_t n = recv(guard->fd, &m, sizeof(m), MSG_DONTWAIT);
        if (n == (ssize_t)sizeof(m)) {
            heard(guard, &m);
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else if (n >= 0 || errno != EINTR) {
            guard->dead = true;
        }
    }
}

int lk_gpio_guard_permitted(const struct lk_gpio_guard *guard, unsigned line, int64_t now)
{
    if (guard->dead || guard->fd < 0) {
        return -EOWNERDEAD;
    }
    return guard->given && guard->line == line && now < guard->until_ns;
}
