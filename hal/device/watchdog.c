#include "hal/watchdog_driver.h"

#include <stddef.h>

int lk_watchdog_tell(struct lk_watchdog *watchdog, enum lk_watchdog_news news)
{
    return watchdog->ops->tell(watchdog, news);
}

int lk_watchdog_status(struct lk_watchdog *watchdog, const char *text)
{
    return watchdog->ops->status(watchdog, text);
}

int64_t lk_watchdog_interval_ms(const struct lk_watchdog *watchdog)
{
    return watchdog->interval_ms;
}

struct lk_watchdog *lk_watchdog_destroy(struct lk_watchdog *watchdog)
{
    if (watchdog) {
        watchdog->ops->destroy(watchdog);
    }
    return NULL;
}
