#include "hal/input_driver.h"

#include <stddef.h>

int lk_input_device_open(struct lk_input_device *device)
{
    return device->ops->open(device);
}

void lk_input_device_close(struct lk_input_device *device)
{
    device->ops->close(device);
}

int lk_input_device_fd(const struct lk_input_device *device)
{
    return device->fd;
}

int lk_input_device_next(struct lk_input_device *device, struct lk_input_event *ret_event)
{
    return device->ops->next(device, ret_event);
}

bool lk_input_device_held(const struct lk_input_device *device, uint16_t code)
{
    return device->ops->held(device, code);
}

int64_t lk_input_device_retry_at_ms(int64_t tried_at_ms)
{
    return tried_at_ms + LK_INPUT_RETRY_MS;
}

struct lk_input_device *lk_input_device_destroy(struct lk_input_device *device)
{
    if (device) {
        device->ops->destroy(device);
    }
    return NULL;
}
