#include "dues.h"

#include "base/log.h"
#include "store/care.h"
#include "store/find.h"
#include "store/log.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVERY_S = 60,
    DUES_PER_TURN = 8, /* some ms on an SD card; a person in front of a door comes in between */
    BREATH_US = 20000,
    SCRUB_EVERY_MS = 86400000, /* every row about people is written anew: once a day spares an SD card */
    SCRUB_FIRST_MS = 600000,   /* a start has better things to do */
    COMMANDS_AGAIN_MS = 3600000,
};

struct lk_dues {
    struct lk_dues_config config;
    struct event *timer;
    enum lk_due last;
    char last_item[LK_ITEM_ID_MAX + 1];
    uint64_t last_kept;       /* the oldest event then: a purge of events comes in many steps */
    struct lk_dues_done done; /* since this was emptied */
    bool unscrubbed;          /* something may have been erased since the files were emptied of it */
    int64_t scrub_at_ms;      /* not before */
    int64_t commands_at_ms;   /* not before */
};

static void again(struct lk_dues *dues, bool soon)
{
    struct timeval in = {.tv_sec = soon ? 0 : EVERY_S, .tv_usec = soon ? BREATH_US : 0};
    (void)event_add(dues->timer, &in);
}

/* The core would not do what the store asks for: asking on and on would never end. */
static bool is_the_same_again(struct lk_dues *dues, enum lk_due due, const char *item)
{
    static struct lk_log_limit limit = {.burst = 1, .window_ms = 3600000}; /* owner thread only */
    unsigned dropped = 0;
    uint64_t kept = lk_store_first_seq(dues->config.store);
    bool same = dues->last == due && strcmp(dues->last_item, item) == 0 && dues->last_kept == kept;
    dues->last = due;
    dues->last_kept = kept;
    (void)lk_text_copy(dues->last_item, sizeof(dues->last_item), item);
    if (same && lk_log_allowed(&limit, lk_engine_now_ms(dues->config.engine), &dropped)) {
        lk_log(LK_ERR, LK_BLAME_BUG, "the store finds %s due of %s, the core does not; left for later (%u more)",
               lk_due_name(due), item[0] ? item : "records", dropped);
    }
    return same;
}

/* One due. 1: done, there may be more; 0: there is none; negative errno. */
static int step(struct lk_dues *dues)
{
    struct lk_input in = lk_engine_input(LK_IN_DUE);
    struct lk_stamp now = lk_engine_stamp(dues->config.engine);
    struct lk_store_found found = {0};
    int r = lk_store_next_due(dues->config.store, &now, &in.due, &found, &in.count);
    bool any = r == 0 && (found.found || in.count > 0);
    if (!any || is_the_same_again(dues, in.due, found.found ? found.item.id : "")) {
        dues->last = LK_DUES;
        return r;
    }
    in.found = found.found;
    if (found.found) {
        in.item = found.item;
    }
    r = lk_engine_submit(dues->config.engine, &in);
    if (r < 0) {
        return r;
    }
    dues->unscrubbed = dues->unscrubbed || in.due == LK_DUE_ERASE;
    dues->done.erased += in.due == LK_DUE_ERASE;
    dues->done.records += in.due == LK_DUE_PURGE ? in.count : 0;
    return 1;
}

/* Only when nobody is at the kiosk: it takes a part of a second, and waits a minute without harm. */
static void scrub(struct lk_dues *dues)
{
    static struct lk_log_limit limit = {.burst = 1, .window_ms = 3600000}; /* owner thread only */
    unsigned dropped = 0;
    int64_t now_ms = lk_engine_now_ms(dues->config.engine);
    if (!dues->unscrubbed || now_ms < dues->scrub_at_ms ||
        lk_engine_core(dues->config.engine)->session.screen != LK_SCREEN_HOME) {
        return;
    }
    int r = lk_store_scrub(dues->config.store);
    dues->unscrubbed = r < 0;
    dues->scrub_at_ms = r < 0 ? 0 : now_ms + SCRUB_EVERY_MS;
    if (r < 0 && lk_log_allowed(&limit, lk_engine_now_ms(dues->config.engine), &dropped)) {
        lk_log(LK_WARN, LK_BLAME_DEVICE, "what was erased could not be taken out of the store's files yet: %s",
               strerror(-r));
    }
}

/* What answered commands said is forgotten long after anybody could repeat one. */
static void forget_commands(struct lk_dues *dues)
{
    int64_t now_ms = lk_engine_now_ms(dues->config.engine);
    struct lk_stamp now = lk_engine_stamp(dues->config.engine);
    unsigned removed = 0;
    if (now_ms < dues->commands_at_ms || now.quality != LK_CLOCK_SYNCED) {
        return;
    }
    int r = lk_store_purge_commands(dues->config.store, &now, dues->config.commands_days, &removed);
    dues->commands_at_ms = now_ms + (r < 0 ? COMMANDS_AGAIN_MS : SCRUB_EVERY_MS);
    if (removed > 0) {
        lk_log(LK_INFO, LK_BLAME_NONE, "%u answered commands are forgotten: older than %u days", removed,
               dues->config.commands_days);
    }
}

/* Some of them. 1: there may be more; 0: there are none; negative errno. */
static int turn(struct lk_dues *dues)
{
    int r = 1;
    for (int i = 0; i < DUES_PER_TURN && r > 0; i++) {
        r = step(dues);
    }
    if (r == 0) {
        forget_commands(dues);
        scrub(dues);
    }
    return r;
}

int lk_dues_now(struct lk_dues *dues, struct lk_dues_done *ret_done)
{
    dues->done = (struct lk_dues_done){0};
    dues->scrub_at_ms = 0; /* somebody wants it done */
    int r = turn(dues);
    *ret_done = dues->done;
    ret_done->more = r > 0;
    return r < 0 ? r : 0;
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_dues *dues = user;
    again(dues, turn(dues) > 0);
}

int lk_dues_create(const struct lk_dues_config *config, struct lk_dues **ret_dues)
{
    struct lk_dues *dues = calloc(1, sizeof(*dues));
    if (!dues) {
        return -ENOMEM;
    }
    dues->config = *config;
    dues->last = LK_DUES;
    dues->unscrubbed = true; /* a crash may have come before the last scrub */
    dues->scrub_at_ms = lk_engine_now_ms(config->engine) + SCRUB_FIRST_MS;
    dues->timer = event_new(config->base, -1, 0, on_timer, dues);
    if (!dues->timer) {
        free(dues);
        return -ENOMEM;
    }
    again(dues, true);
    *ret_dues = dues;
    return 0;
}

void lk_dues_look(struct lk_dues *dues)
{
    if (dues) {
        again(dues, true);
    }
}

struct lk_dues *lk_dues_destroy(struct lk_dues *dues)
{
    if (dues) {
        event_free(dues->timer);
        free(dues);
    }
    return NULL;
}
