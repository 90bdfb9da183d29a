/*
 * Inside the cabinet: what it is made of (cabinet_make.c) and how it runs (cabinet.c). Private to those files.
 */
#ifndef APP_CABINET_IMPL_H
#define APP_CABINET_IMPL_H

#include "cabinet.h"

struct event;

struct lk_cabinet_bank {
    struct lk_cabinet *cabinet;
    struct lk_lockbank *lockbank;
    int index;
    int first_door;            /* door 0 of the bank is this door of the site */
    bool answered;             /* it was READY or STOPPED since the start */
    enum lk_reason silent_for; /* why not yet, to be told when its time is up; NONE: nothing to tell */
    int fd;                    /* of a bank on GPIO lines, being watched; -1: none */
    struct event *readable;
};

struct lk_cabinet_line {
    struct lk_cabinet *cabinet;
    struct lk_fieldbus *fb;
    struct event *readable;
    int64_t heard_at_ms;
};

struct lk_cabinet {
    const struct lk_config *config;
    struct event_base *base;
    struct lk_clock *clock;
    struct lk_engine *engine;
    struct lk_wear *wear; /* NULL: nobody counts */
    void (*other)(void *user, const struct lk_fb_completion *done); /* for completions that are no bank's */
    void *other_user;
    struct event *timer;
    struct lk_supply *supply[LK_MAX_BANKS];
    struct lk_cabinet_line line[LK_CONFIG_BUSES];
    struct lk_cabinet_bank bank[LK_MAX_BANKS];
    int64_t started_at_ms;
    int doors;
    int bank_of[LK_MAX_DOORS];
};

/* Makes the i-th line, the i-th bank (with its supply) of the configuration; the lines first. 0, or negative errno with
 * *why naming it. */
int lk_cabinet_make_line(struct lk_cabinet *c, unsigned i, lk_fieldbus_make *make, struct lk_text *why);
int lk_cabinet_make_bank(struct lk_cabinet *c, unsigned i, lk_gpio_make *make, const struct lk_lockbank_sink *sink,
                         struct lk_text *why);

/* Says in the log, once, which banks are dangerous by what they are. */
void lk_cabinet_say_risks(const struct lk_cabinet *c);

#endif
