#include "unit/app/rig.h"

#include "cabinet.h"
#include "store/find.h"
#include "store/memory.h"

#include <event2/event.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *rig_path(const struct rig *rig, const char *name)
{
    static char buffers[8][RIG_PATH];
    static unsigned next;
    char *buffer = buffers[next++ % 8];
    (void)snprintf(buffer, RIG_PATH, "%s/%s", rig->dir, name);
    return buffer;
}

void rig_write(const struct rig *rig, const char *name, const char *text)
{
    FILE *f = fopen(rig_path(rig, name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void load_config(struct rig *rig, const char *more)
{
    static struct lk_config_errors errors;
    static char text[4096];
    struct lk_config_profile profiles[LK_CABINET_PROFILES];
    (void)snprintf(text, sizeof(text),
                   "[site]\noperator = yulin\nid = hall-1\n"
                   "[paths]\nstate_dir = %s\nrun_dir = %s\n[kiosk]\nport = 0\n"
                   "[deposit]\nunknown_barcode = accept\n"
                   "[fieldbus L]\ntransport = tcp\nhost = 127.0.0.1\nport = 502\n"
                   "[fieldbus M]\ntransport = tcp\nhost = 127.0.0.1\nport = 503\n"
                   "[bank A]\nfieldbus = L\nunit = 1\nprofile = waveshare-relay-8\ndoors = 4\nsizes = S:1-2 M:3 L:4\n"
                   "[bank B]\nfieldbus = M\nunit = 2\nprofile = waveshare-relay-8\ndoors = 4\nsizes = S:1-4\n%s",
                   rig->dir, rig->dir, more);
    rig_write(rig, "lockerd.conf", text);
    int r = lk_config_load(rig_path(rig, "lockerd.conf"), profiles, lk_cabinet_profiles(profiles, LK_CABINET_PROFILES),
                           &rig->config, &errors);
    if (r < 0) {
        fail_msg("%s", errors.text[0]);
    }
}

void rig_make(struct rig *rig, const char *more)
{
    memset(rig, 0, sizeof(*rig));
    /* In memory where there is some: what a disk does is tested elsewhere. */
    (void)snprintf(rig->dir, sizeof(rig->dir), "%s/lk-app-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(rig->dir));
    load_config(rig, more);
    assert_int_equal(lk_clock_sim_create(RIG_WALL_S * INT64_C(1000), &rig->clock), 0);
    rig_pass_ms(rig, 1000000);
    rig->base = event_base_new();
    assert_non_null(rig->base);
    rig->now = (struct lk_stamp){.wall_ms = lk_clock_wall_ms(rig->clock), .quality = LK_CLOCK_SYNCED};
}

void rig_open_store(struct rig *rig)
{
    char text[512] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    struct lk_store_config config = {.path = rig->config->paths.database,
                                     .key_path = rig->config->paths.code_key,
                                     .operator_id = "yulin",
                                     .site_id = "hall-1",
                                     .core = &rig->config->core,
                                     .retention_days = 7,
                                     .remind_days = 2,
                                     .personal_days = 30,
                                     .records_days = 365,
                                     .events_days = 365};
    if (lk_store_open(&config, &rig->store, &why) < 0) {
        fail_msg("%s", text);
    }
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void rig_end(struct rig *rig)
{
    rig->store = lk_store_close(rig->store);
    if (rig->base) {
        event_base_free(rig->base);
    }
    rig->clock = lk_clock_destroy(rig->clock);
    rig->config = lk_config_free(rig->config);
    (void)nftw(rig->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void rig_announce(struct rig *rig, const char *item, const char *code, const char *token)
{
    static struct lk_effects fx;
    struct lk_secret secret;
    assert_int_equal(lk_store_make_secret(rig->store, code, token, &secret), 0);
    memset(&fx, 0, sizeof(fx));
    fx.count = 2;
    fx.at[0] = (struct lk_effect){.kind = LK_FX_ITEM_PUT, .door = LK_NO_DOOR, .bank = -1};
    (void)lk_text_copy(fx.at[0].item.id, sizeof(fx.at[0].item.id), item);
    fx.at[0].item.custody = LK_CUSTODY_EXPECTED;
    fx.at[0].item.door = LK_NO_DOOR;
    fx.at[1] = fx.at[0];
    fx.at[1].kind = LK_FX_SECRET_SET;
    fx.at[1].secret = secret;
    assert_int_equal(lk_store_apply(rig->store, &fx, &rig->now, NULL), 0);
}

void rig_hire(struct rig *rig, const char *pin_hash)
{
    assert_int_equal(lk_store_staff_put(rig->store, "c1", LK_ACTOR_COURIER, pin_hash, "BADGE-1", &rig->now), 0);
}

void rig_pass_ms(struct rig *rig, int64_t ms)
{
    lk_clock_sim_advance_ns(rig->clock, ms * 1000000);
}

void rig_loop(struct rig *rig, int64_t most_ms)
{
    struct timeval most = {.tv_sec = most_ms / 1000, .tv_usec = (most_ms % 1000) * 1000};
    (void)event_base_loopexit(rig->base, &most);
    (void)event_base_loop(rig->base, EVLOOP_ONCE);
}
