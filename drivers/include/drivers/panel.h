/*
 * The panel: three lamps and a buzzer outside the cabinet, on GPIO lines or on coils of a relay board. The caller says
 * how the cabinet is and what just happened; patterns are tables (panel.c) in the caller's time.
 *
 * | mood | ready (green) | attention (red) | out of order |
 * | READY | on | off | off |
 * | ATTENTION | on | blinks | off |
 * | OUT_OF_ORDER | off | off | on |
 *
 * A sound of a higher rank takes the place of a lower one, never the other way. The buzzer's duty is bounded: 15 s of
 * noise at once, then a quarter of the time, whatever happens, for people live beside it.
 *
 * A panel is the least important thing on the cabinet. Its requests to a board go behind everything of the doors, one
 * at a time; a board or a chip that is gone is tried again in the background; what it should show is remembered.
 *
 * How the caller drives it: after create, tick(). Keep a timer at next_at_ms(); watch fd() for reading and call ready()
 * (it may change inside tick() and ready()); give completions of LK_PANEL_TAG to lk_panel_completion(). At the end
 * stop(), go on until stopped(), destroy().
 *
 * Thread: the owner's. Nothing blocks or logs; memory is taken at create. Time: the caller's monotonic ms.
 */
#ifndef DRIVERS_PANEL_H
#define DRIVERS_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/profile.h"
#include "hal/fieldbus.h"
#include "hal/gpio.h"

struct lk_panel;

enum lk_panel_output {
    LK_PANEL_LAMP_READY,
    LK_PANEL_LAMP_ATTENTION,
    LK_PANEL_LAMP_OUT_OF_ORDER,
    LK_PANEL_BUZZER,
    LK_PANEL_OUTPUTS
};

enum lk_panel_mood { LK_PANEL_READY, LK_PANEL_ATTENTION, LK_PANEL_OUT_OF_ORDER, LK_PANEL_MOODS };

/* In the order of their rank. */
enum lk_panel_sound {
    LK_PANEL_SILENCE,
    LK_PANEL_OK,        /* one short: the door is open */
    LK_PANEL_REFUSED,   /* two longer */
    LK_PANEL_LEFT_OPEN, /* three short, every 9 s, for a minute: please close */
    LK_PANEL_ALARM,     /* three long, again and again, for a minute: a door was forced, or a wrong one opened */
    LK_PANEL_SOUNDS
};

enum {
    LK_PANEL_TAG = 0xffff,       /* lk_lockbank_tag_bank() of the panel's requests: no bank has it */
    LK_PANEL_RETRY_MS = 5000,    /* coils: from a failed write to the next */
    LK_PANEL_REFRESH_MS = 60000, /* coils: everything is written again so often: a board may have been switched off */
    LK_PANEL_DUTY_MS = 15000,    /* noise at once */
    LK_PANEL_DUTY_SHARE = 4,     /* a quiet ms gives back 1/4 ms of noise */
    LK_PANEL_TEST_MS = 3000,     /* a lamp test */
    LK_PANEL_BEEP_MAX_MS = 500,  /* of the patterns; a board that times a pulse ends each beep by itself */
};

struct lk_panel_sink {
    /* It can be switched (0), or not (a negative errno; lk_panel_complaint() may know more). Told when it changes. */
    void (*state)(void *user, int error, int64_t now_ms);
};

/* Lines of a chip, in the order of enum lk_panel_output; line[i] < 0: not wired. Takes over `gpio` (also on failure):
 * its lines are outputs without a ceiling, and line[i] is the index of one. sink must outlive the panel. 0; -EINVAL:
 * nothing is wired; -ENOMEM. */
int lk_panel_create_gpio(struct lk_gpio *gpio, const int line[LK_PANEL_OUTPUTS], const struct lk_panel_sink *sink,
                         void *user, struct lk_panel **ret_panel);

struct lk_panel_coils {
    uint8_t unit;                           /* the board's address; no lock bank may be on it */
    const struct lk_board_profile *profile; /* must outlive the panel */
    bool verified;                          /* somebody tried an unverified profile on the bench */
    int channel[LK_PANEL_OUTPUTS];          /* from 0; < 0: not wired */
};

/* Coils of a relay board on a line, which must outlive the panel and is not owned. 0; -EINVAL: nothing is wired, or a
 * channel the board does not have; -EPERM: the profile is unverified; -ENOMEM. */
int lk_panel_create_coils(const struct lk_panel_coils *coils, struct lk_fieldbus *fb, const struct lk_panel_sink *sink,
                          void *user, struct lk_panel **ret_panel);

/* Closes; a GPIO panel is switched off by that, a coil stays as stop() left it. NULL is fine. Returns NULL. */
struct lk_panel *lk_panel_destroy(struct lk_panel *panel);

/* How the cabinet is, from now on. */
void lk_panel_mood(struct lk_panel *panel, enum lk_panel_mood mood, int64_t now_ms);

/* Something happened. A lower rank than what is being played is not heard. */
void lk_panel_sound(struct lk_panel *panel, enum lk_panel_sound sound, int64_t now_ms);

/* Ends this sound, if it is the one being played. */
void lk_panel_hush(struct lk_panel *panel, enum lk_panel_sound sound, int64_t now_ms);

/* A lamp test: every lamp is on for LK_PANEL_TEST_MS and the buzzer for a moment, then all is as before. */
void lk_panel_test(struct lk_panel *panel, int64_t now_ms);

/* All off, for good. stopped(): that is proven, or cannot be had. */
void lk_panel_stop(struct lk_panel *panel, int64_t now_ms);
bool lk_panel_stopped(const struct lk_panel *panel);

/* What has become due. Early or twice is harmless. */
void lk_panel_tick(struct lk_panel *panel, int64_t now_ms);
void lk_panel_ready(struct lk_panel *panel, int64_t now_ms);
void lk_panel_completion(struct lk_panel *panel, const struct lk_fb_completion *completion, int64_t now_ms);
int64_t lk_panel_next_at_ms(const struct lk_panel *panel);

/* The descriptor to watch, or -1. */
int lk_panel_fd(const struct lk_panel *panel);

/* 0 while it can be switched, else why not; -ENODEV before the first attempt. */
int lk_panel_error(const struct lk_panel *panel);

/* What stands in the way, for people, or "". Valid until the next call. */
const char *lk_panel_complaint(const struct lk_panel *panel);

/* What should be on now: bit i is output i. For tests and status. */
uint32_t lk_panel_shown(const struct lk_panel *panel);

#endif
