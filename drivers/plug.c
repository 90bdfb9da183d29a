#include "plug.h"

#include <errno.h>

void lk_plug_init(struct lk_plug *plug)
{
    *plug = (struct lk_plug){.error = -ENODEV, .open_at_ms = INT64_MIN};
}

static bool is_absent(int error)
{
    return error == -ENODEV || error == -ENOENT || error == -ENXIO;
}

bool lk_plug_set(struct lk_plug *plug, int error, int64_t retry_at_ms)
{
    bool news = !plug->told || (plug->error != error && !(is_absent(plug->error) && is_absent(error)));
    plug->told = true;
    plug->error = error;
    plug->open_at_ms = error != 0 ? retry_at_ms : plug->open_at_ms;
    return news;
}
