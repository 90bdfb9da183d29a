/*
 * A serial line to a reader: a tty, raw, 8N1, never blocking. Bytes in and out; what they mean is the driver's.
 *
 * An object names a device and is closed at first. Open it, watch lk_serial_fd() for reading, read until -EAGAIN. A
 * device may vanish at any time (a USB plug): then read or write says -ENODEV once and for all; the caller closes, and
 * tries to open by the same path again when LK_SERIAL_RETRY_MS have passed. A path below /dev/serial/by-id survives
 * replugging; /dev/ttyUSB0 may come back under another number.
 *
 * Thread: one, the owner's. Blocking: never, but opening a wedged USB device can take as long as its driver does.
 * Sources: termios(3), tty_ioctl(4), flock(2).
 */
#ifndef HAL_SERIAL_H
#define HAL_SERIAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LK_SERIAL_PATH_MAX = 256,  /* bytes of a device path, NUL included */
    LK_SERIAL_RETRY_MS = 1000, /* between two attempts to open a device that is not there */
};

/* Made by hal/serial_linux.h or hal/serial_sim.h; implementers see hal/serial_driver.h. */
struct lk_serial;

/*
 * Opens the device and throws away what it had buffered. Nobody else may have it at the same time.
 * 0 (also when it is open already); -EBUSY: another process holds it; -ENOENT, -ENODEV, -ENXIO: not plugged in;
 * -ENOTTY: not a tty; -EIO: the tty does not take the speed; -EACCES: the user is not in its group; others of open(2).
 */
int lk_serial_open(struct lk_serial *serial);

/* Also gives up the locks. Closing a closed one is fine. */
void lk_serial_close(struct lk_serial *serial);

/* The descriptor to poll for reading, -1 while closed. Valid until close; a new one after every open. */
int lk_serial_fd(const struct lk_serial *serial);

/* What has arrived, at most cap bytes: the count (> 0); -EAGAIN: nothing now; -ENODEV: it vanished; -EBADF: closed;
 * or another negative errno, to be treated like -ENODEV. */
ssize_t lk_serial_read(struct lk_serial *serial, void *ret_bytes, size_t cap);

/* Hands n bytes to the line: the count taken, which may be less than n; errors as for read. */
ssize_t lk_serial_write(struct lk_serial *serial, const void *bytes, size_t n);

/* When an attempt to open that failed at tried_at_ms should be repeated. Monotonic ms in and out. */
int64_t lk_serial_retry_at_ms(int64_t tried_at_ms);

/* Closes and frees; NULL is fine. Returns NULL. */
struct lk_serial *lk_serial_destroy(struct lk_serial *serial);

#endif
