/*
 * What the machine around us allows: the line by which the supply says that it goes, and the room and the speed of the
 * disk (docs/degraded.md). What follows from it the core decides (LK_IN_LIMITS); here it is looked at. Owner thread.
 */
#ifndef APP_SITE_LIMITS_H
#define APP_SITE_LIMITS_H

#include "app/config.h"
#include "uplink/envelope.h"

#include <jansson.h>

struct lk_app;
struct lk_limits;

/* Before the store is opened: when the disk is full, the room that was kept for this moment is given up. */
void lk_limits_make_room(const struct lk_config *config);

/* Needs engine, store and cabinet. 0, or negative errno with *why. */
int lk_limits_create(struct lk_app *app, struct lk_limits **ret_limits, struct lk_text *why);

/* Once the core has booted: looks for the first time. */
void lk_limits_begin(struct lk_limits *limits);

/* Each second. */
void lk_limits_look(struct lk_limits *limits, int64_t now_ms);

/* For answers, health and metrics. */
struct lk_limits_state {
    bool power_watched; /* a line is configured and can be read */
    bool power_configured;
    bool power_failing, disk_low, disk_slow;
    int power_error;       /* why the line is not watched; 0 */
    int64_t reserve_bytes; /* kept free for giving out what is in the cabinet; 0: given up, or none */
    int64_t slowest_ms;    /* the slowest commit of late */
};

void lk_limits_state(const struct lk_limits *limits, struct lk_limits_state *ret_state);

/* Appends what is not as it should be; how many. */
size_t lk_limits_faults(const struct lk_limits *limits, struct lk_envelope_fault *faults, size_t room);

struct lk_limits *lk_limits_destroy(struct lk_limits *limits); /* NULL is fine; returns NULL */

#endif
