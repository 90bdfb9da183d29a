#include "hal/serial_driver.h"

#include <stddef.h>

int lk_serial_open(struct lk_serial *serial)
{
    return serial->ops->open(serial);
}

void lk_serial_close(struct lk_serial *serial)
{
    serial->ops->close(serial);
}

int lk_serial_fd(const struct lk_serial *serial)
{
    return serial->fd;
}

ssize_t lk_serial_read(struct lk_serial *serial, void *ret_bytes, size_t cap)
{
    return serial->ops->read(serial, ret_bytes, cap);
}

ssize_t lk_serial_write(struct lk_serial *serial, const void *bytes, size_t n)
{
    return serial->ops->write(serial, bytes, n);
}

int64_t lk_serial_retry_at_ms(int64_t tried_at_ms)
{
    return tried_at_ms + LK_SERIAL_RETRY_MS;
}

struct lk_serial *lk_serial_destroy(struct lk_serial *serial)
{
    if (serial) {
        serial->ops->destroy(serial);
    }
    return NULL;
}
