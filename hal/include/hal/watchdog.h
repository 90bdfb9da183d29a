/*
 * The service manager's eye on the daemon: "ready", "stopping", a status line, and the keep-alive that it restarts us
 * without. Whether the daemon is well enough to be fed is the caller's to decide; this only says so.
 *
 * Without a service manager (no NOTIFY_SOCKET) everything succeeds and does nothing, and interval_ms is 0.
 * Thread: one, the owner's. Blocking: a datagram on a local socket. No descriptor stays open, nothing is allocated
 * after create. Sources: sd_notify(3), sd_watchdog_enabled(3).
 */
#ifndef HAL_WATCHDOG_H
#define HAL_WATCHDOG_H

#include <stdint.h>

enum { LK_WATCHDOG_STATUS_MAX = 200 /* bytes of a status line, NUL included; longer ones are cut */ };

/* What can be told. */
enum lk_watchdog_news {
    LK_WATCHDOG_READY,    /* start-up is complete: people can be served */
    LK_WATCHDOG_STOPPING, /* a clean stop has begun */
    LK_WATCHDOG_FEED,     /* all is well; restart me if I do not say so again in time */
};

struct lk_watchdog;

/* For implementers; all required. Callers use the functions below. */
struct lk_watchdog_ops {
    const char *name;
    int (*tell)(struct lk_watchdog *watchdog, enum lk_watchdog_news news);
    int (*status)(struct lk_watchdog *watchdog, const char *text);
    void (*destroy)(struct lk_watchdog *watchdog);
};

/* The device; an implementation embeds it as its first member. Made by hal/watchdog_linux.h or hal/watchdog_sim.h. */
struct lk_watchdog {
    const struct lk_watchdog_ops *ops;
    int64_t interval_ms; /* feed at least this often: half of what the manager allows. 0: not watched */
};

/* 0 when told or when nobody listens; else a negative errno, which a daemon may ignore: it must not stop over it. */
static inline int lk_watchdog_tell(struct lk_watchdog *watchdog, enum lk_watchdog_news news)
{
    return watchdog->ops->tell(watchdog, news);
}

/* One line for `systemctl status`, UTF-8, without personal data. A newline in it becomes a blank, so that a text can
 * never be read as another message. Result as for tell. */
static inline int lk_watchdog_status(struct lk_watchdog *watchdog, const char *text)
{
    return watchdog->ops->status(watchdog, text);
}

/* How often to feed; 0: nobody watches. Constant for the life of the object. */
static inline int64_t lk_watchdog_interval_ms(const struct lk_watchdog *watchdog)
{
    return watchdog->interval_ms;
}

/* NULL is fine. Returns NULL. */
static inline struct lk_watchdog *lk_watchdog_destroy(struct lk_watchdog *watchdog)
{
    if (watchdog) {
        watchdog->ops->destroy(watchdog);
    }
    return 0;
}

#endif
