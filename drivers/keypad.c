#include "drivers/keypad.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "plug.h"

enum { EVENTS_PER_CALL = 256, ENTER = 'E', CLEAR = 'C', ERASE = 'B' };

struct lk_keypad {
    struct lk_input_device *device;
    const struct lk_keypad_sink *sink;
    void *user;
    struct lk_plug plug;
    size_t most, len;
    int64_t idle_ms, key_at_ms;
    char digits[LK_KEYPAD_DIGITS_MAX + 1];
};

/* What a key means: a digit, ENTER, CLEAR, ERASE, or 0: nothing. shifted: a star is Shift and 8 on many keypads. */
static const struct {
    char plain, shifted;
} keys[] = {
    [KEY_1] = {'1', 0},
    [KEY_2] = {'2', 0},
    [KEY_3] = {'3', ENTER},
    [KEY_4] = {'4', 0},
    [KEY_5] = {'5', 0},
    [KEY_6] = {'6', 0},
    [KEY_7] = {'7', 0},
    [KEY_8] = {'8', CLEAR},
    [KEY_9] = {'9', 0},
    [KEY_0] = {'0', 0},
    [KEY_KP0] = {'0', '0'},
    [KEY_KP1] = {'1', '1'},
    [KEY_KP2] = {'2', '2'},
    [KEY_KP3] = {'3', '3'},
    [KEY_KP4] = {'4', '4'},
    [KEY_KP5] = {'5', '5'},
    [KEY_KP6] = {'6', '6'},
    [KEY_KP7] = {'7', '7'},
    [KEY_KP8] = {'8', '8'},
    [KEY_KP9] = {'9', '9'},
    [KEY_NUMERIC_0] = {'0', '0'},
    [KEY_NUMERIC_1] = {'1', '1'},
    [KEY_NUMERIC_2] = {'2', '2'},
    [KEY_NUMERIC_3] = {'3', '3'},
    [KEY_NUMERIC_4] = {'4', '4'},
    [KEY_NUMERIC_5] = {'5', '5'},
    [KEY_NUMERIC_6] = {'6', '6'},
    [KEY_NUMERIC_7] = {'7', '7'},
    [KEY_NUMERIC_8] = {'8', '8'},
    [KEY_NUMERIC_9] = {'9', '9'},
    [KEY_ENTER] = {ENTER, ENTER},
    [KEY_KPENTER] = {ENTER, ENTER},
    [KEY_OK] = {ENTER, ENTER},
    [KEY_NUMERIC_POUND] = {ENTER, ENTER},
    [KEY_ESC] = {CLEAR, CLEAR},
    [KEY_CLEAR] = {CLEAR, CLEAR},
    [KEY_KPASTERISK] = {CLEAR, CLEAR},
    [KEY_KPDOT] = {CLEAR, CLEAR},
    [KEY_NUMERIC_STAR] = {CLEAR, CLEAR},
    [KEY_BACKSPACE] = {ERASE, ERASE},
    [KEY_DELETE] = {ERASE, ERASE},
};

int lk_keypad_create(struct lk_input_device *device, size_t digits, int64_t idle_ms, const struct lk_keypad_sink *sink,
                     void *user, struct lk_keypad **ret_keypad)
{
    bool sound = digits >= 1 && digits <= LK_KEYPAD_DIGITS_MAX && idle_ms > 0;
    struct lk_keypad *keypad = sound ? calloc(1, sizeof(*keypad)) : NULL;
    if (!keypad) {
        (void)lk_input_device_destroy(device);
        return sound ? -ENOMEM : -EINVAL;
    }
    keypad->device = device;
    keypad->sink = sink;
    keypad->user = user;
    keypad->most = digits;
    keypad->idle_ms = idle_ms;
    lk_plug_init(&keypad->plug);
    *ret_keypad = keypad;
    return 0;
}

struct lk_keypad *lk_keypad_destroy(struct lk_keypad *keypad)
{
    if (keypad) {
        (void)lk_input_device_destroy(keypad->device);
        explicit_bzero(keypad, sizeof(*keypad));
        free(keypad);
    }
    return NULL;
}

static void set_length(struct lk_keypad *keypad, size_t len, int64_t now_ms)
{
    bool news = len != keypad->len;
    explicit_bzero(keypad->digits + len, sizeof(keypad->digits) - len);
    keypad->len = len;
    if (news) {
        keypad->sink->length(keypad->user, len, now_ms);
    }
}

void lk_keypad_clear(struct lk_keypad *keypad, int64_t now_ms)
{
    set_length(keypad, 0, now_ms);
}

void lk_keypad_expect(struct lk_keypad *keypad, size_t digits, int64_t now_ms)
{
    if (digits >= 1 && digits <= LK_KEYPAD_DIGITS_MAX) {
        keypad->most = digits;
        set_length(keypad, keypad->len < digits ? keypad->len : digits, now_ms);
    }
}

static void confirm(struct lk_keypad *keypad, int64_t now_ms)
{
    if (keypad->len > 0) {
        char digits[LK_KEYPAD_DIGITS_MAX + 1];
        memcpy(digits, keypad->digits, sizeof(digits));
        keypad->sink->entered(keypad->user, digits, now_ms);
        explicit_bzero(digits, sizeof(digits));
        set_length(keypad, 0, now_ms);
    }
}

static void press(struct lk_keypad *keypad, char key, int64_t now_ms)
{
    keypad->key_at_ms = now_ms;
    if (key == ENTER) {
        confirm(keypad, now_ms);
    } else if (key == CLEAR) {
        set_length(keypad, 0, now_ms);
    } else if (key == ERASE) {
        set_length(keypad, keypad->len > 0 ? keypad->len - 1 : 0, now_ms);
    } else if (keypad->len < keypad->most) {
        keypad->digits[keypad->len] = key;
        keypad->len++;
        keypad->sink->length(keypad->user, keypad->len, now_ms);
    }
}

static bool is_shifted(const struct lk_keypad *keypad)
{
    return lk_input_device_held(keypad->device, KEY_LEFTSHIFT) || lk_input_device_held(keypad->device, KEY_RIGHTSHIFT);
}

static void take_event(struct lk_keypad *keypad, const struct lk_input_event *event, int64_t now_ms)
{
    if (event->kind == LK_INPUT_LOST) {
        set_length(keypad, 0, now_ms);
    } else if (event->kind == LK_INPUT_DOWN && event->code < sizeof(keys) / sizeof(keys[0])) {
        char key = is_shifted(keypad) ? keys[event->code].shifted : keys[event->code].plain;
        if (key != 0) {
            press(keypad, key, now_ms);
        }
    }
}

static void set_state(struct lk_keypad *keypad, int error, int64_t now_ms)
{
    if (lk_plug_set(&keypad->plug, error, lk_input_device_retry_at_ms(now_ms))) {
        keypad->sink->state(keypad->user, error, now_ms);
    }
}

void lk_keypad_tick(struct lk_keypad *keypad, int64_t now_ms)
{
    if (keypad->len > 0 && now_ms - keypad->key_at_ms >= keypad->idle_ms) {
        set_length(keypad, 0, now_ms);
    }
    if (lk_keypad_fd(keypad) < 0 && now_ms >= keypad->plug.open_at_ms) {
        set_state(keypad, lk_input_device_open(keypad->device), now_ms);
    }
}

void lk_keypad_ready(struct lk_keypad *keypad, int64_t now_ms)
{
    struct lk_input_event event;
    int r = -EAGAIN;
    lk_keypad_tick(keypad, now_ms); /* what was typed long ago is no part of this */
    for (int i = 0; i < EVENTS_PER_CALL && lk_keypad_fd(keypad) >= 0; i++) {
        r = lk_input_device_next(keypad->device, &event);
        if (r < 0) {
            break;
        }
        take_event(keypad, &event, now_ms);
    }
    explicit_bzero(&event, sizeof(event));
    if (r < 0 && r != -EAGAIN) {
        lk_input_device_close(keypad->device);
        set_length(keypad, 0, now_ms);
        set_state(keypad, r, now_ms);
    }
}

int64_t lk_keypad_next_at_ms(const struct lk_keypad *keypad)
{
    int64_t idle_at_ms = keypad->len > 0 ? keypad->key_at_ms + keypad->idle_ms : INT64_MAX;
    int64_t open_at_ms = lk_keypad_fd(keypad) < 0 ? keypad->plug.open_at_ms : INT64_MAX;
    return idle_at_ms < open_at_ms ? idle_at_ms : open_at_ms;
}

int lk_keypad_fd(const struct lk_keypad *keypad)
{
    return lk_input_device_fd(keypad->device);
}

int lk_keypad_error(const struct lk_keypad *keypad)
{
    return keypad->plug.error;
}

size_t lk_keypad_length(const struct lk_keypad *keypad)
{
    return keypad->len;
}
