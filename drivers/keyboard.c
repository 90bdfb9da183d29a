#include "drivers/keyboard.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "scanner_private.h"

enum { EVENTS_PER_CALL = 1024 };

/* No printable byte: the reader drops the line for it. */
static const uint8_t garbage = 0x01;

static const struct {
    char plain, shifted;
} keys[] = {
    [KEY_GRAVE] = {'`', '~'},       [KEY_1] = {'1', '!'},          [KEY_2] = {'2', '@'},
    [KEY_3] = {'3', '#'},           [KEY_4] = {'4', '$'},          [KEY_5] = {'5', '%'},
    [KEY_6] = {'6', '^'},           [KEY_7] = {'7', '&'},          [KEY_8] = {'8', '*'},
    [KEY_9] = {'9', '('},           [KEY_0] = {'0', ')'},          [KEY_MINUS] = {'-', '_'},
    [KEY_EQUAL] = {'=', '+'},       [KEY_Q] = {'q', 'Q'},          [KEY_W] = {'w', 'W'},
    [KEY_E] = {'e', 'E'},           [KEY_R] = {'r', 'R'},          [KEY_T] = {'t', 'T'},
    [KEY_Y] = {'y', 'Y'},           [KEY_U] = {'u', 'U'},          [KEY_I] = {'i', 'I'},
    [KEY_O] = {'o', 'O'},           [KEY_P] = {'p', 'P'},          [KEY_LEFTBRACE] = {'[', '{'},
    [KEY_RIGHTBRACE] = {']', '}'},  [KEY_BACKSLASH] = {'\\', '|'}, [KEY_A] = {'a', 'A'},
    [KEY_S] = {'s', 'S'},           [KEY_D] = {'d', 'D'},          [KEY_F] = {'f', 'F'},
    [KEY_G] = {'g', 'G'},           [KEY_H] = {'h', 'H'},          [KEY_J] = {'j', 'J'},
    [KEY_K] = {'k', 'K'},           [KEY_L] = {'l', 'L'},          [KEY_SEMICOLON] = {';', ':'},
    [KEY_APOSTROPHE] = {'\'', '"'}, [KEY_Z] = {'z', 'Z'},          [KEY_X] = {'x', 'X'},
    [KEY_C] = {'c', 'C'},           [KEY_V] = {'v', 'V'},          [KEY_B] = {'b', 'B'},
    [KEY_N] = {'n', 'N'},           [KEY_M] = {'m', 'M'},          [KEY_COMMA] = {',', '<'},
    [KEY_DOT] = {'.', '>'},         [KEY_SLASH] = {'/', '?'},      [KEY_SPACE] = {' ', ' '},
    [KEY_ENTER] = {'\n', '\n'},     [KEY_KPENTER] = {'\n', '\n'},  [KEY_KP0] = {'0', '0'},
    [KEY_KP1] = {'1', '1'},         [KEY_KP2] = {'2', '2'},        [KEY_KP3] = {'3', '3'},
    [KEY_KP4] = {'4', '4'},         [KEY_KP5] = {'5', '5'},        [KEY_KP6] = {'6', '6'},
    [KEY_KP7] = {'7', '7'},         [KEY_KP8] = {'8', '8'},        [KEY_KP9] = {'9', '9'},
    [KEY_KPDOT] = {'.', '.'},       [KEY_KPPLUS] = {'+', '+'},     [KEY_KPMINUS] = {'-', '-'},
    [KEY_KPASTERISK] = {'*', '*'},  [KEY_KPSLASH] = {'/', '/'},
};

int lk_keyboard_byte(uint16_t code, bool shift)
{
    if (code >= sizeof(keys) / sizeof(keys[0]) || keys[code].plain == '\0') {
        return -1;
    }
    return shift ? keys[code].shifted : keys[code].plain;
}

struct key_source {
    struct lk_scanner_source base;
    struct lk_input_device *device;
    bool left_shift, right_shift;
};

static struct key_source *self_of(struct lk_scanner_source *source)
{
    return (struct key_source *)source;
}

static int open_device(struct lk_scanner_source *source)
{
    struct key_source *self = self_of(source);
    int r = lk_input_device_open(self->device);
    self->left_shift = lk_input_device_held(self->device, KEY_LEFTSHIFT);
    self->right_shift = lk_input_device_held(self->device, KEY_RIGHTSHIFT);
    return r;
}

static void close_device(struct lk_scanner_source *source)
{
    lk_input_device_close(self_of(source)->device);
}

static int device_fd(const struct lk_scanner_source *source)
{
    return lk_input_device_fd(((const struct key_source *)source)->device);
}

static void feed_key(struct key_source *self, struct lk_reader *reader, uint16_t code, int64_t now_ms)
{
    int byte = lk_keyboard_byte(code, self->left_shift || self->right_shift);
    uint8_t fed = byte < 0 ? garbage : (uint8_t)byte;
    lk_reader_feed(reader, &fed, 1, now_ms);
    explicit_bzero(&fed, sizeof(fed));
}

static void take_event(struct key_source *self, struct lk_reader *reader, const struct lk_input_event *event,
                       int64_t now_ms)
{
    switch (event->kind) {
    case LK_INPUT_UP:
    case LK_INPUT_DOWN:
        if (event->code == KEY_LEFTSHIFT) {
            self->left_shift = event->kind == LK_INPUT_DOWN;
        } else if (event->code == KEY_RIGHTSHIFT) {
            self->right_shift = event->kind == LK_INPUT_DOWN;
        } else if (event->kind == LK_INPUT_DOWN) {
            feed_key(self, reader, event->code, now_ms);
        }
        break;
    case LK_INPUT_REPEAT:
        break;
    case LK_INPUT_LOST:
        self->left_shift = lk_input_device_held(self->device, KEY_LEFTSHIFT);
        self->right_shift = lk_input_device_held(self->device, KEY_RIGHTSHIFT);
        lk_reader_lose(reader, now_ms);
        break;
    }
}

static int pump(struct lk_scanner_source *source, struct lk_reader *reader, int64_t now_ms)
{
    struct lk_input_event event;
    int r = 0;
    for (int i = 0; i < EVENTS_PER_CALL; i++) {
        r = lk_input_device_next(self_of(source)->device, &event);
        if (r < 0) {
            break;
        }
        take_event(self_of(source), reader, &event, now_ms);
    }
    explicit_bzero(&event, sizeof(event));
    return r;
}

static void destroy(struct lk_scanner_source *source)
{
    (void)lk_input_device_destroy(self_of(source)->device);
    free(source);
}

static const struct lk_scanner_source_ops ops = {
    .open = open_device,
    .close = close_device,
    .fd = device_fd,
    .pump = pump,
    .destroy = destroy,
};

int lk_scanner_create_keyboard(struct lk_input_device *device, const struct lk_scanner_sink *sink, void *user,
                               struct lk_scanner **ret_scanner)
{
    struct key_source *self = calloc(1, sizeof(*self));
    if (!self) {
        (void)lk_input_device_destroy(device);
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->device = device;
    return lk_scanner_create_on(&self->base, sink, user, ret_scanner);
}
