/*
 * The readers beside the screen: scanner, keypad, ID-card reader. Opens them, watches them, and brings what they read
 * to the kiosk's desk, by the same way as the touch screen's. One that is not there is said once, tried again, and is
 * missed by nobody else. Thread: the owner thread.
 */
#ifndef APP_READERS_H
#define APP_READERS_H

#include "core/view.h"
#include "drivers/scanner.h"

#include <jansson.h>

struct lk_app;
struct lk_readers;
struct lk_text;

/* Makes those that the configuration names, and opens what is there. 0 (*ret_readers NULL: none is configured), or a
 * negative errno with *why naming the reader. */
int lk_readers_create(struct lk_app *app, struct lk_readers **ret_readers, struct lk_text *why);

/* Closes them. NULL is fine. Returns NULL. */
struct lk_readers *lk_readers_destroy(struct lk_readers *readers);

/* The screen has changed: whether a code is waited for, whether a half-typed one is still meant. NULL is fine. */
void lk_readers_show(struct lk_readers *readers, const struct lk_view *view);

/* How a reader or the panel is, for status pages: never anything that was read. */
struct lk_readers_state {
    const char *name;   /* "scanner", "keypad", "card", "panel" */
    const char *device; /* as configured */
    int error;          /* 0: it is there */
    const char *detail; /* for people: "there", "not plugged in", ...; valid until the loop turns */
    unsigned reads;     /* lines, codes or cards since the start */
    unsigned dropped;   /* lines, or cards that could not be read */
};

enum { LK_READERS_MOST = 4 }; /* the panel is the last */

/* Fills the list, the panel included; returns how many are configured. */
size_t lk_readers_list(const struct lk_app *app, struct lk_readers_state list[LK_READERS_MOST]);

/* The same as JSON, for `status`: [{"name", "device", "ok", "detail", "reads", "dropped"}]. */
json_t *lk_readers_json(const struct lk_app *app);

/* The scanner's own counts, for metrics. False: there is none. */
bool lk_readers_scanner(const struct lk_readers *readers, struct lk_scanner_counts *ret_counts);

#endif
