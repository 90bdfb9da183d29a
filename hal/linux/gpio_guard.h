/*
 * The guard of guarded outputs: a forked process that shares the descriptors of the requested lines, and switches a
 * line off when its permission ends, or all of them at once when its owner is gone, however that happened. The owner
 * times pulses itself; two processes have to fail before a line is on for too long.
 *
 * Protocol, on a socket pair (SOCK_SEQPACKET): the owner asks for a line until an instant; the guard answers yes, and
 * from then on stands ready. At the instant it switches the line off, and again every LK_GPIO_GUARD_INSIST_MS until the
 * owner gives the line back: so an owner that was stopped between looking at its permission and switching on has not
 * won. Giving back makes the guard switch off, too. One line at a time, and never longer than the ceiling it was
 * started with. At the end of file (its owner closed, was killed, crashed) it switches all lines off and ends.
 *
 * The guard ignores every signal that can be ignored, lives in a session of its own, allocates nothing, holds no
 * descriptor but its socket and the lines'. It dies of SIGKILL like everybody; then asks are answered -EOWNERDEAD and
 * the owner stops driving.
 *
 * Thread: one. Blocking: start forks (under a millisecond on a small process), stop waits for a killed process to be
 * gone. Sources: fork(2), unix(7), pidfd_open(2), close_range(2).
 */
#ifndef LK_HAL_LINUX_GPIO_GUARD_H
#define LK_HAL_LINUX_GPIO_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { LK_GPIO_GUARD_INSIST_MS = 50, LK_GPIO_GUARD_KEEP_MAX = 64 };

/* What the guard has to know; copied by the fork. */
struct lk_gpio_guard_duty {
    /* Switches these lines off: 0 or negative errno. Called in the guard only; async-signal-safe. */
    int (*off)(void *user, uint64_t lines);
    void *user;
    uint64_t lines; /* all that are guarded */
    unsigned ceiling_ms;
    const int *keep; /* descriptors that off() needs */
    unsigned keep_n; /* up to LK_GPIO_GUARD_KEEP_MAX */
};

/* The owner's side. */
struct lk_gpio_guard {
    int fd;    /* readable when the guard says something or is gone; -1: no guard */
    int pidfd; /* of the process */
    pid_t pid;
    bool dead;
    bool asked, given; /* a permission; both false: none */
    unsigned line;     /* asked or given: which */
    uint32_t serial;   /* of the question: an answer to another one counts for nothing */
    int64_t until_ns;
    unsigned ceiling_ms;
};

#define LK_GPIO_GUARD_NONE ((struct lk_gpio_guard){.fd = -1, .pidfd = -1})

/* Starts a guard. 0 or negative errno (then *guard is LK_GPIO_GUARD_NONE). */
int lk_gpio_guard_start(struct lk_gpio_guard *guard, const struct lk_gpio_guard_duty *duty);

/* Ends and reaps it; the caller has switched the lines off. Without a guard: nothing. */
void lk_gpio_guard_stop(struct lk_gpio_guard *guard);

/* As lk_gpio_permit(). */
int lk_gpio_guard_ask(struct lk_gpio_guard *guard, unsigned line, int64_t until_ns, int64_t now_ns);

/* The lines were switched off: a permission for one of them ends. */
void lk_gpio_guard_give_back(struct lk_gpio_guard *guard, uint64_t lines);

/* Takes in what the guard said. */
void lk_gpio_guard_hear(struct lk_gpio_guard *guard);

/* As lk_gpio_permitted(). */
int lk_gpio_guard_permitted(const struct lk_gpio_guard *guard, unsigned line, int64_t now_ns);

#endif
