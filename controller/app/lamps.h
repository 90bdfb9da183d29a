/*
 * The panel on the loop: what the lamps and the buzzer say is derived from the view and the state, as the screen is.
 * A panel that is away is said once, tried again, and missed by nobody. Thread: the owner thread.
 */
#ifndef APP_LAMPS_H
#define APP_LAMPS_H

#include "core/view.h"
#include "hal/fieldbus.h"
#include "readers.h"

struct lk_lamps;

/* Makes the panel that the configuration names, and switches it for the first time. The fieldbus must be open. 0
 * (*ret_lamps NULL: none is configured), or a negative errno with *why; -EPERM: its profile is unverified. */
int lk_lamps_create(struct lk_app *app, struct lk_lamps **ret_lamps, struct lk_text *why);

/* Before the cabinet's fieldbuses go. NULL is fine. Returns NULL. */
struct lk_lamps *lk_lamps_destroy(struct lk_lamps *lamps);

/* Something may have changed. NULL is fine. */
void lk_lamps_show(struct lk_lamps *lamps, const struct lk_view *view);

/* A completion that belongs to no bank. NULL is fine. */
void lk_lamps_completion(struct lk_lamps *lamps, const struct lk_fb_completion *done);

/* All off, for good; done when stopped(). NULL is fine. */
void lk_lamps_stop(struct lk_lamps *lamps);

/* A lamp test. 0; -ENOENT: no panel is configured (NULL is fine); else why it cannot be switched. */
int lk_lamps_test(struct lk_lamps *lamps);
bool lk_lamps_stopped(const struct lk_lamps *lamps);

/* For status pages. False: there is none. */
bool lk_lamps_state(const struct lk_lamps *lamps, struct lk_readers_state *ret_state);

#endif
