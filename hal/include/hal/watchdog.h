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

/* Made by hal/watchdog_linux.h or hal/watchdog_sim.h; implementers see hal/watchdog_driver.h. */
struct lk_watchdog;

/* 0 when told or when nobody listens; else a negative errno, which a daemon may ignore: it must not stop over it. */
int lk_watchdog_tell(struct lk_watchdog *watchdog, enum lk_watchdog_news news);

/* One line for `systemctl status`, UTF-8, without personal data. A newline in it becomes a blank, so that a text can
 * never be read as another message. Result as for tell. */
int lk_watchdog_status(struct lk_watchdog *watchdog, const char *text);

/* How often to feed; 0: nobody watches. Constant for the life of the object. */
int64_t lk_watchdog_interval_ms(const struct lk_watchdog *watchdog);

/* NULL is fine. Returns NULL. */
struct lk_watchdog *lk_watchdog_destroy(struct lk_watchdog *watchdog);

#endif
