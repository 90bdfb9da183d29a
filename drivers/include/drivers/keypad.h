/*
 * A numeric keypad beside the screen (USB or matrix, as the kernel's input device): collects the digits of a code, or of
 * whatever else the screen asks for, until the person confirms. It may be unplugged and come back.
 *
 * Digits are those of the main and of the numeric block and of remote controls, whatever NumLock says. Enter, both of
 * them, confirms; so does #. Backspace (and Delete) takes one digit back; Escape, Clear, * and the comma of the numeric
 * block begin anew: door-phone keypads carry * and #, office ones the others. Everything else is ignored, auto-repeat
 * too. More digits than are expected are ignored, and so is a confirmation without a digit.
 *
 * Secrets: the digits live here from the first key to the confirmation, at most idle_ms after the last key, and are
 * erased then, when the device goes, and when the kernel lost keys (a code with a hole is no code).
 *
 * How the caller drives it: as drivers/scanner.h. Thread: the owner's. Nothing blocks or logs; memory is taken at
 * create. Time: the caller's monotonic ms.
 */
#ifndef DRIVERS_KEYPAD_H
#define DRIVERS_KEYPAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/input.h"

struct lk_keypad;

enum { LK_KEYPAD_DIGITS_MAX = 32 };

/* Where a keypad tells its news; all required. The callee must not call the same keypad, but for fd(), error() and
 * length(). */
struct lk_keypad_sink {
    /* How many digits are there now. Also 0 after a confirmation or an end by itself. */
    void (*length)(void *user, size_t length, int64_t now_ms);
    /* Confirmed: the digits, NUL-terminated, valid during the call. length(0) follows. */
    void (*entered)(void *user, const char *digits, int64_t now_ms);
    /* As of a scanner: there (0), or not (a negative errno). Told when it changes. */
    void (*state)(void *user, int error, int64_t now_ms);
};

/* digits: how many are expected, 1..LK_KEYPAD_DIGITS_MAX. idle_ms: > 0. Takes over `device` (also on failure: then it is
 * destroyed). sink must outlive the keypad. 0, -EINVAL, -ENOMEM. */
int lk_keypad_create(struct lk_input_device *device, size_t digits, int64_t idle_ms, const struct lk_keypad_sink *sink,
                     void *user, struct lk_keypad **ret_keypad);

/* Erases, closes; nothing is told. NULL is fine. Returns NULL. */
struct lk_keypad *lk_keypad_destroy(struct lk_keypad *keypad);

/* What has become due: opening, idle clearing. Early or twice is harmless. */
void lk_keypad_tick(struct lk_keypad *keypad, int64_t now_ms);

/* Takes the keys that have arrived. */
void lk_keypad_ready(struct lk_keypad *keypad, int64_t now_ms);

/* Erases what was typed: another person, another screen. length(0) is told if there was something. */
void lk_keypad_clear(struct lk_keypad *keypad, int64_t now_ms);

/* How many digits are expected from here on, 1..LK_KEYPAD_DIGITS_MAX; other numbers change nothing. What was typed stays,
 * but for what is more than that: length() is told then. */
void lk_keypad_expect(struct lk_keypad *keypad, size_t digits, int64_t now_ms);

/* When tick() is wanted next; INT64_MAX: not before the next key. */
int64_t lk_keypad_next_at_ms(const struct lk_keypad *keypad);

/* The descriptor to watch; -1 while the keypad is not there. It changes only inside tick() and ready(). */
int lk_keypad_fd(const struct lk_keypad *keypad);

/* 0 while it is there, else why not. */
int lk_keypad_error(const struct lk_keypad *keypad);

/* How many digits are there. */
size_t lk_keypad_length(const struct lk_keypad *keypad);

#endif
