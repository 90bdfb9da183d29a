/*
 * The daemon's numbers as Prometheus text (exposition format 0.0.4): for `lockerctl metrics` and for the textfile
 * collector of a node exporter. docs/metrics.md names every metric. Thread: the owner thread.
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include "app.h"

enum { LK_METRICS_MAX = 640 * 1024 }; /* bytes of the whole text: 64 banks, 512 doors */

/* Appends the text. Reads two small tables of the store. */
void lk_metrics_text(struct lk_app *app, struct lk_text *out);

/* Writes the text to path, so that a reader finds the old or the new one whole (written beside it and renamed).
 * 0 or negative errno: then the old one stays. */
int lk_metrics_write(struct lk_app *app, const char *path);

/* A board on a fieldbus: one with locks, or one that only reads door switches. */
struct lk_metrics_board {
    const struct lk_config_bank *bank; /* the (first) bank it belongs to */
    unsigned bank_index;
    unsigned line, unit;
    bool inputs_only;
};

/* The n-th board of the configuration, in the order of the banks. False: there are no more. */
bool lk_metrics_board_at(const struct lk_config *config, unsigned n, struct lk_metrics_board *ret_board);

#endif
