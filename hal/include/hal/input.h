/*
 * A keyboard-like input device of the kernel: a scanner that types, a keypad. Keys go down and up; what they mean is
 * the driver's.
 *
 * An object names a device and is closed at first. Opening it takes it for us alone (EVIOCGRAB): what is typed there
 * reaches neither the console nor the kiosk's browser. Watch lk_input_device_fd() for reading, take events until
 * -EAGAIN. A device may vanish at any time (a USB plug): then next() says -ENODEV once and for all; the caller closes,
 * and tries to open by the same path again when LK_INPUT_RETRY_MS have passed. A path below /dev/input/by-id survives
 * replugging; /dev/input/event3 may come back as another device.
 *
 * (The core calls everything that happens `struct lk_input`; hence the longer name here.)
 *
 * Thread: one, the owner's. Nothing blocks. Secrets: what a person types passes through; nothing here keeps it.
 * Sources: Documentation/input/event-codes.rst, Documentation/input/input.rst, linux/input.h; libevdev.
 */
#ifndef HAL_INPUT_H
#define HAL_INPUT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LK_INPUT_PATH_MAX = 256,  /* bytes of a device path, NUL included */
    LK_INPUT_RETRY_MS = 1000, /* between two attempts to open a device that is not there */
};

/* Made by hal/input_linux.h or hal/input_sim.h; implementers see hal/input_driver.h. */
struct lk_input_device;

enum lk_input_event_kind {
    LK_INPUT_UP,
    LK_INPUT_DOWN,
    LK_INPUT_REPEAT, /* the kernel says that a key is still held */
    LK_INPUT_LOST,   /* we were too slow and the kernel threw events away (SYN_DROPPED); held() is true again */
};

struct lk_input_event {
    enum lk_input_event_kind kind;
    uint16_t code; /* KEY_... of linux/input-event-codes.h; 0 with LOST */
};

/*
 * Opens and grabs the device. Events from before are not told.
 * 0 (also when it is open already); -EBUSY: another process holds it (nothing is taken without the grab); -ENOENT,
 * -ENODEV, -ENXIO: not plugged in; -ENOTTY: no input device with keys; -EACCES: the user is not in its group; others of
 * open(2).
 */
int lk_input_device_open(struct lk_input_device *device);

/* Also gives up the grab. Closing a closed one is fine. */
void lk_input_device_close(struct lk_input_device *device);

/* The descriptor to poll for reading, -1 while closed. Valid until close; a new one after every open. */
int lk_input_device_fd(const struct lk_input_device *device);

/* The next event of a key. 0 and *ret_event; -EAGAIN: nothing now; -ENODEV: it vanished; -EBADF: closed; or another
 * negative errno, to be treated like -ENODEV. Buttons, pointers, lamps and time stamps are left out. */
int lk_input_device_next(struct lk_input_device *device, struct lk_input_event *ret_event);

/* Whether a key is down, as far as events were taken; after LOST as the kernel says. False while closed. */
bool lk_input_device_held(const struct lk_input_device *device, uint16_t code);

/* When an attempt to open that failed at tried_at_ms should be repeated. Monotonic ms in and out. */
int64_t lk_input_device_retry_at_ms(int64_t tried_at_ms);

/* Closes and frees; NULL is fine. Returns NULL. */
struct lk_input_device *lk_input_device_destroy(struct lk_input_device *device);

#endif
