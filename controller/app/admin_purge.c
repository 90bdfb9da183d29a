/* The admin command purge: what the calendar asks for is done now instead of within the minute, or only counted. */
#include "app.h"
#include "dues.h"
#include "store/care.h"

static int count(struct lk_app *app, struct lk_dues_done *ret_done)
{
    struct lk_stamp now = lk_engine_stamp(app->engine);
    struct lk_store_purge_plan plan = {0};
    int r = lk_store_purge_count(app->store, &now, &plan);
    *ret_done = (struct lk_dues_done){.erased = plan.erase, .records = plan.records};
    return r;
}

/* Some of it; the client asks again while there is more, so that no door waits for long. */
void lk_admin_purge(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    struct lk_dues_done done = {0};
    const json_t *dry = json_object_get(args, "dry_run");
    if (dry && !json_is_boolean(dry)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.dry_run: must be true or false");
        return;
    }
    int r = json_is_true(dry) ? count(app, &done) : lk_dues_now(app->dues, &done);
    if (r < 0) {
        lk_admin_store_failed(request, r);
        return;
    }
    bool synced = lk_engine_quality(app->backends.clock) == LK_CLOCK_SYNCED;
    lk_admin_ok(request, json_pack("{s:b, s:b, s:i, s:i, s:b}", "dry_run", json_is_true(dry), "synced", synced, "erase",
                                   (int)done.erased, "records", (int)done.records, "more", done.more));
}
