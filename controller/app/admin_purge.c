/* The admin command purge: what the calendar asks for is done now instead of within the minute, or only counted. */
#include "app.h"
#include "store/care.h"
#include "store/find.h"

#include <string.h>

enum { SLICE = 50 /* commits of one request: a fraction of a second, and doors wait for no longer than that */ };

struct purge {
    struct lk_app *app;
    unsigned erased, records;
    bool more; /* there is more to do than one request may */
    char last[LK_ITEM_ID_MAX + 1];
    enum lk_due last_due;
};

static struct lk_input input_of(enum lk_due due, const struct lk_store_found *found, unsigned count)
{
    struct lk_input in = lk_engine_input(LK_IN_DUE);
    in.due = due;
    in.found = found->found;
    in.item = found->item;
    in.count = count;
    return in;
}

/* The core may decline, and then the store would ask for the same again. */
static bool is_news(struct purge *purge, enum lk_due due, const char *item)
{
    bool same = purge->last_due == due && strcmp(purge->last, item) == 0;
    purge->last_due = due;
    memcpy(purge->last, item, sizeof(purge->last));
    return !same;
}

/* One thing that is due. 1: done; 0: there is nothing more; or the store's errno. */
static int step(struct purge *purge)
{
    struct lk_stamp now = lk_engine_stamp(purge->app->engine);
    struct lk_store_found found = {0};
    enum lk_due due = LK_DUES;
    unsigned count = 0;
    int r = lk_store_next_due(purge->app->store, &now, &due, &found, &count);
    bool any = found.found || count > 0;
    if (r < 0 || !any || !is_news(purge, due, found.item.id)) {
        return r;
    }
    struct lk_input in = input_of(due, &found, count);
    r = lk_engine_submit(purge->app->engine, &in);
    purge->erased += r == 0 && due == LK_DUE_ERASE;
    purge->records += r == 0 && due == LK_DUE_PURGE ? count : 0;
    return r == 0 ? 1 : r;
}

static int run(struct purge *purge)
{
    int r = 1;
    purge->last_due = LK_DUES;
    for (unsigned i = 0; r == 1 && i < SLICE; i++) {
        r = step(purge);
    }
    purge->more = r == 1;
    if (r >= 0 && purge->erased > 0) {
        r = lk_store_scrub(purge->app->store);
    }
    return r < 0 ? r : 0;
}

static int count(struct purge *purge)
{
    struct lk_stamp now = lk_engine_stamp(purge->app->engine);
    struct lk_store_purge_plan plan = {0};
    int r = lk_store_purge_count(purge->app->store, &now, &plan);
    purge->erased = plan.erase;
    purge->records = plan.records;
    return r;
}

void lk_admin_purge(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct purge purge = {.app = user};
    const json_t *dry = json_object_get(args, "dry_run");
    if (dry && !json_is_boolean(dry)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.dry_run: must be true or false");
        return;
    }
    int r = json_is_true(dry) ? count(&purge) : run(&purge);
    if (r < 0) {
        lk_admin_store_failed(request, r);
        return;
    }
    bool synced = lk_engine_quality(purge.app->backends.clock) == LK_CLOCK_SYNCED;
    lk_admin_ok(request, json_pack("{s:b, s:b, s:i, s:i, s:b}", "dry_run", json_is_true(dry), "synced", synced, "erase",
                                   (int)purge.erased, "records", (int)purge.records, "more", purge.more));
}
