/*
 * Inside the metrics: how a line of Prometheus text is written, and the part about wear. Private to metrics*.c. Names
 * are without the prefix lockerd_. Thread: owner.
 */
#ifndef APP_METRICS_IMPL_H
#define APP_METRICS_IMPL_H

#include "metrics.h"

/* The lines before a metric's samples; once for each. type: "gauge" or "counter". */
void lk_metrics_head(struct lk_text *out, const char *name, const char *type, const char *help);

/* A sample with one label. */
void lk_metrics_labelled(struct lk_text *out, const char *name, const char *label, const char *text, double value);

/* A metric without labels, whole. */
void lk_metrics_one(struct lk_text *out, const char *name, const char *type, const char *help, double value);

/* metrics_wear.c */
void lk_metrics_add_wear(struct lk_app *app, struct lk_text *out);

#endif
