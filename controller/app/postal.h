/*
 * The postal side, wired: events out of the store's log through the uplink, acknowledgements and commands back in,
 * retained snapshots. Thread: the owner thread. With no [uplink] in the configuration there is no such object, and
 * every function takes NULL for "nothing to do".
 */
#ifndef APP_POSTAL_H
#define APP_POSTAL_H

#include "app/config.h"
#include "engine.h"
#include "uplink/outbox.h"

/* Priorities of the loop, as libevent counts them: the middle one is everybody's, the last one the outbox's. */
enum { LK_APP_PRIORITIES = 3 };

struct lk_postal;

struct lk_limits;

struct lk_postal_config {
    const struct lk_config *config; /* borrowed until stop */
    struct lk_store *store;
    const struct lk_wear *wear;     /* NULL: nobody counts */
    const struct lk_limits *limits; /* NULL: nobody looks */
    struct lk_clock *clock;
    struct event_base *base;
    int64_t started_at_ms;
};

/* Connects in the background. 0, or negative errno with *why naming the setting or file. */
int lk_postal_create(const struct lk_postal_config *config, struct lk_postal **ret_postal, struct lk_text *why);

/* Commands are obeyed from here on. */
void lk_postal_serve(struct lk_postal *postal, struct lk_engine *engine);

/* Says goodbye upstream and ends the uplink's thread; at most LK_UPLINK_STOP_MS. NULL is fine. Returns NULL. */
struct lk_postal *lk_postal_stop(struct lk_postal *postal);

/* For the engine's outlets. */
void lk_postal_logged(struct lk_postal *postal, struct lk_store_range range);
void lk_postal_changed(struct lk_postal *postal);
void lk_postal_command(struct lk_postal *postal, const struct lk_effect *command);
void lk_postal_replay(struct lk_postal *postal, uint64_t from_seq);

/* What a reload came to. Texts are valid until the next one. */
struct lk_postal_reloaded {
    unsigned command_keys;
    const char *seal_key; /* its id; "": none */
    bool reconnects;      /* TLS files or the password changed: the connection is made anew */
};

/* Reads command keys, seal key, certificates and password anew: all of them are good and count from now on, or
 * everything stays as it was, and that is told (fault `keys`). 0, or negative errno with *why naming the file. */
int lk_postal_reload(struct lk_postal *postal, struct lk_postal_reloaded *ret_done, struct lk_text *why);

/* Looks at the dates of the certificates now, and tells what changed: when keys were read and when the clock's quality
 * changed. Before serving, and for NULL, nothing. */
void lk_postal_look_at_dates(struct lk_postal *postal);

/* For status pages and the watchdog. */
struct lk_postal_status {
    bool connected;
    int64_t since_ms;       /* monotonic: of the present state */
    const char *last_error; /* "" when none; valid until the next call */
    uint64_t sent;
    int64_t alive_at_ms;
    unsigned command_keys;
    const char *seal_key; /* the id of the key that codes are sealed to; "": the locker makes none */
    enum lk_outbox_level level;
    unsigned outbox_most, left_out;
};
void lk_postal_status(const struct lk_postal *postal, struct lk_postal_status *ret_status);

#endif
