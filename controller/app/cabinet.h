/*
 * The cabinet as wired by the configuration: fieldbuses, supplies, one lock bank per board. Turns what the boards say
 * into inputs for the engine, and its pulses into pulses. Thread: the owner thread.
 */
#ifndef APP_CABINET_H
#define APP_CABINET_H

#include "app/config.h"
#include "drivers/lockbank.h"
#include "engine.h"
#include "hal/gpio.h"
#include "wear.h"

struct lk_cabinet;

/* How a fieldbus is made: hal/linux or hal/sim, chosen by main. */
typedef int lk_fieldbus_make(const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb);

/* How the lines of a GPIO bank are made, likewise. */
typedef int lk_gpio_make(const struct lk_gpio_config *config, struct lk_gpio **ret_gpio);

struct lk_cabinet_makers {
    lk_fieldbus_make *fieldbus;
    lk_gpio_make *gpio; /* NULL: none, and a GPIO bank is an error */
};

/* Builds everything; nothing is opened yet. 0, or negative errno with *why naming the bank or fieldbus. */
int lk_cabinet_create(const struct lk_config *config, const struct lk_cabinet_makers *make, struct event_base *base,
                      struct lk_clock *clock, struct lk_cabinet **ret_cabinet, struct lk_text *why);

/* Opens the lines: a tty is this process' alone from here on. 0, -EBUSY when another process holds one, or another
 * negative errno, with *why naming it. */
int lk_cabinet_open(struct lk_cabinet *cabinet, struct lk_text *why);

/* Starts the boards' set-up, on open lines; news goes to the engine from here on. 0, or negative errno with *why. */
int lk_cabinet_start(struct lk_cabinet *cabinet, struct lk_engine *engine, struct lk_text *why);

/* Who counts pulses and times openings from here on; borrowed until destroy. NULL: nobody. */
void lk_cabinet_set_wear(struct lk_cabinet *cabinet, struct lk_wear *wear);

/* Begins to set all coils off; done when lk_cabinet_stopped(), at most about two time-outs later. */
void lk_cabinet_stop(struct lk_cabinet *cabinet);
bool lk_cabinet_stopped(const struct lk_cabinet *cabinet);

/* Ends the workers and frees. NULL is fine. Returns NULL. */
struct lk_cabinet *lk_cabinet_destroy(struct lk_cabinet *cabinet);

/* For the engine's outlets. */
int lk_cabinet_pulse(struct lk_cabinet *cabinet, int door, uint64_t intent, int64_t now_ms);
void lk_cabinet_resume_bank(struct lk_cabinet *cabinet, int bank);

/* Who gets the completions of the fieldbuses that belong to no bank; NULL: nobody. */
void lk_cabinet_set_other(struct lk_cabinet *cabinet, void (*other)(void *user, const struct lk_fb_completion *done),
                          void *user);

/* For status pages. */
struct lk_fieldbus *lk_cabinet_fieldbus(const struct lk_cabinet *cabinet, unsigned index);
/* The worker of every line that is up and has a board to ask reported lately: what the watchdog is fed for. */
bool lk_cabinet_answers(const struct lk_cabinet *cabinet, int64_t now_ms);
/* What stands in a bank's way, in words of its driver; "" when nothing, or nothing more than its reason. */
const char *lk_cabinet_complaint(const struct lk_cabinet *cabinet, int bank);
uint32_t lk_cabinet_pulses(const struct lk_cabinet *cabinet, int door);

/* Fills the profile list that lk_config_load() checks against; returns how many there are, at most room. There are
 * fewer than LK_CABINET_PROFILES. */
enum { LK_CABINET_PROFILES = 64 };
size_t lk_cabinet_profiles(struct lk_config_profile *list, size_t room);

#endif
