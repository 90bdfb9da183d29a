#include "wear.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MACHINE_EVERY_MS = 60000, HOUR_MS = 3600000 };

struct lk_wear {
    const struct lk_config *config;
    const struct lk_core_config *core;
    struct lk_wear_door door[LK_MAX_DOORS];
    bool changed[LK_MAX_DOORS]; /* since the last save */
    bool news[LK_MAX_DOORS];    /* since the last look */
    uint32_t pulses[LK_MAX_DOORS];
    int64_t pulsed_at_ms[LK_MAX_DOORS]; /* INT64_MIN: no opening is being timed */
    struct lk_wear_site site;
    struct lk_store_disk disk;
    bool disk_changed;
    struct lk_machine machine; /* at the last look; disk_known and own_known false before the first */
    uint64_t hour_device, hour_own;
    int64_t hour_at_ms, machine_at_ms;
};

/* The machine the tests made, in builds for tests; else this one. */
static const char *root_of_machine(void)
{
#ifdef LK_TEST_HOOKS
    const char *root = getenv("LOCKERD_TEST_ROOT");
    return root ? root : "";
#else
    return "";
#endif
}

int lk_wear_create(const struct lk_config *config, struct lk_store *store, struct lk_wear **ret_wear,
                   struct lk_text *why)
{
    struct lk_wear *w = calloc(1, sizeof(*w));
    if (!w) {
        return -ENOMEM;
    }
    w->config = config;
    w->core = &config->core;
    w->site = (struct lk_wear_site){.temperature = LK_WEAR_NO_VALUE, .disk_life_percent = LK_WEAR_NO_VALUE};
    w->hour_at_ms = w->machine_at_ms = INT64_MIN;
    for (int i = 0; i < LK_MAX_DOORS; i++) {
        w->pulsed_at_ms[i] = INT64_MIN;
        w->news[i] = i < config->core.doors; /* ratings may be others since the last run */
    }
    int r = lk_store_wear_load(store, w->door, &w->disk);
    if (r < 0) {
        lk_text_addf(why, "what is known of the doors' wear cannot be read: %s", strerror(-r));
        free(w);
        return r;
    }
    w->site.raised = w->disk.raised;
    *ret_wear = w;
    return 0;
}

struct lk_wear *lk_wear_destroy(struct lk_wear *w)
{
    free(w);
    return NULL;
}

/* --- news --------------------------------------------------------------------------------------------------------- */

bool lk_wear_has_relay(const struct lk_wear *w, int door)
{
    return !w->config->bank[w->core->door[door].bank].gpio;
}

static void changed(struct lk_wear *w, int door)
{
    w->changed[door] = true;
    w->news[door] = true;
}

void lk_wear_pulse(struct lk_wear *w, int door, uint32_t total, bool proven, int64_t now_ms)
{
    if (total != w->pulses[door]) {
        lk_wear_pulsed(&w->door[door], total - w->pulses[door], lk_wear_has_relay(w, door));
        w->pulses[door] = total;
        changed(w, door);
    }
    w->pulsed_at_ms[door] = proven ? now_ms : INT64_MIN;
}

void lk_wear_open(struct lk_wear *w, int door, int64_t at_ms)
{
    int64_t since_ms = w->pulsed_at_ms[door];
    w->pulsed_at_ms[door] = INT64_MIN;
    if (since_ms != INT64_MIN) {
        lk_wear_opened_in(&w->config->wear, &w->door[door], at_ms > since_ms ? at_ms - since_ms : 0);
        changed(w, door);
    }
}

void lk_wear_outcome(struct lk_wear *w, int door, enum lk_outcome outcome)
{
    if (door != LK_NO_DOOR) {
        lk_wear_settled(&w->door[door], outcome);
        changed(w, door);
    }
}

void lk_wear_part(struct lk_wear *w, int door, enum lk_reason reason)
{
    lk_wear_replaced(&w->door[door], reason);
    changed(w, door);
}

/* --- each second -------------------------------------------------------------------------------------------------- */

/* One event and one line in the log for each bit that changed. */
static void tell(struct lk_engine *engine, const char *place, int door, uint32_t before, uint32_t after)
{
    for (int i = 0; i < LK_WEAR_WARNINGS; i++) {
        uint32_t bit = 1U << i;
        const char *word = lk_reason_name(lk_wear_reason((enum lk_wear_warning)i));
        if ((before & bit) == (after & bit)) {
            continue;
        }
        struct lk_input in = lk_engine_input(LK_IN_SITE);
        in.door = door;
        in.reason = after & bit ? lk_wear_reason((enum lk_wear_warning)i) : LK_REASON_RECOVERED;
        (void)lk_text_copy(in.note, sizeof(in.note), after & bit ? "wear" : word);
        lk_log(after & bit ? LK_WARN : LK_NOTICE, after & bit ? LK_BLAME_DEVICE : LK_BLAME_NONE,
               after & bit ? "wear: %s: %s; lockerctl wear says more" : "wear: %s: %s is over", place, word);
        lk_engine_post(engine, &in);
    }
}

static void look_at_doors(struct lk_wear *w, struct lk_engine *engine)
{
    for (int i = 0; i < w->core->doors; i++) {
        if (!w->news[i]) {
            continue;
        }
        w->news[i] = false;
        struct lk_wear_door *door = &w->door[i];
        uint32_t before = door->raised;
        door->raised = lk_wear_judge(&w->config->wear, door);
        if (door->raised != before) {
            w->changed[i] = true;
            tell(engine, w->core->door[i].label, i, before, door->raised);
        }
    }
}

static void shift(uint32_t *list, uint32_t count, uint32_t value)
{
    if (count == LK_STORE_WEAR_HOURS) {
        memmove(list, list + 1, (count - 1) * sizeof(*list));
        count--;
    }
    list[count] = value;
}

static uint32_t kib(uint64_t bytes)
{
    return bytes / 1024 > UINT32_MAX ? UINT32_MAX : (uint32_t)(bytes / 1024);
}

/* What was written since the last look goes into this hour; a full hour goes to the books. */
static void count_writes(struct lk_wear *w, const struct lk_machine *m, int64_t now_ms)
{
    const struct lk_machine *last = &w->machine;
    bool device = m->disk_known && last->disk_known && m->disk_bytes >= last->disk_bytes;
    bool own = m->own_known && last->own_known && m->own_bytes >= last->own_bytes;
    w->hour_device += device ? m->disk_bytes - last->disk_bytes : 0;
    w->hour_own += own ? m->own_bytes - last->own_bytes : 0;
    if (w->hour_at_ms == INT64_MIN) {
        w->hour_at_ms = now_ms;
    }
    if (now_ms - w->hour_at_ms < HOUR_MS) {
        return;
    }
    shift(w->disk.device_kib, w->disk.hours, kib(w->hour_device));
    shift(w->disk.own_kib, w->disk.hours, kib(w->hour_own));
    w->disk.hours += w->disk.hours < LK_STORE_WEAR_HOURS;
    w->disk.device_bytes += w->hour_device;
    w->disk.own_bytes += w->hour_own;
    w->hour_device = w->hour_own = 0;
    w->hour_at_ms = now_ms;
    w->disk_changed = true;
}

static void look_at_machine(struct lk_wear *w, struct lk_engine *engine, int64_t now_ms)
{
    struct lk_machine m;
    lk_machine_look(root_of_machine(), w->config->paths.state_dir, &m);
    count_writes(w, &m, now_ms);
    w->machine = m;
    w->site.temperature = m.temperature;
    w->site.disk_life_percent = m.disk_life_percent;
    w->site.disk_pre_eol = m.disk_pre_eol;
    w->site.daily_known = m.disk_known && w->disk.hours == LK_STORE_WEAR_HOURS;
    w->site.daily_bytes = lk_wear_daily(w->disk.device_kib, w->disk.hours);
    uint32_t before = w->site.raised;
    w->site.raised = lk_wear_judge_site(&w->config->wear, &w->site);
    if (w->site.raised != before) {
        w->disk.raised = w->site.raised;
        w->disk_changed = true;
        tell(engine, "machine", LK_NO_DOOR, before, w->site.raised);
    }
}

void lk_wear_look(struct lk_wear *w, struct lk_engine *engine, int64_t now_ms)
{
    look_at_doors(w, engine);
    if (now_ms >= w->machine_at_ms) {
        w->machine_at_ms = now_ms + MACHINE_EVERY_MS;
        look_at_machine(w, engine, now_ms);
    }
}

int lk_wear_save(struct lk_wear *w, struct lk_store *store)
{
    const struct lk_store_wear all = {
        .doors = w->door, .changed = w->changed, .disk = w->disk_changed ? &w->disk : NULL};
    int r = lk_store_probe_with(store, &all);
    if (r == 0) {
        memset(w->changed, 0, sizeof(w->changed));
        w->disk_changed = false;
    }
    return r;
}

/* --- for answers, metrics and health ------------------------------------------------------------------------------ */

const struct lk_wear_door *lk_wear_door_of(const struct lk_wear *w, int door)
{
    return &w->door[door];
}

const struct lk_wear_site *lk_wear_site_of(const struct lk_wear *w)
{
    return &w->site;
}

const struct lk_store_disk *lk_wear_disk_of(const struct lk_wear *w)
{
    return &w->disk;
}

uint64_t lk_wear_daily(const uint32_t *list, uint32_t hours)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < hours; i++) {
        sum += list[i];
    }
    return hours == 0 ? 0 : sum * 1024 * 24 / hours;
}

struct place {
    uint32_t share;
    uint16_t door;
};

static int by_share(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->share != y->share ? (x->share < y->share ? 1 : -1) : x->door < y->door ? -1 : 1;
}

void lk_wear_order(const struct lk_wear *w, uint16_t order[LK_MAX_DOORS])
{
    struct place all[LK_MAX_DOORS];
    for (int i = 0; i < w->core->doors; i++) {
        all[i] = (struct place){lk_wear_share(&w->config->wear, &w->door[i]), (uint16_t)i};
    }
    qsort(all, (size_t)w->core->doors, sizeof(all[0]), by_share);
    for (int i = 0; i < w->core->doors; i++) {
        order[i] = all[i].door;
    }
}

static bool nth_bit(uint32_t raised, unsigned *n, enum lk_reason *ret_reason)
{
    for (int i = 0; i < LK_WEAR_WARNINGS; i++) {
        if (!(raised & 1U << i)) {
            continue;
        }
        if (*n == 0) {
            *ret_reason = lk_wear_reason((enum lk_wear_warning)i);
            return true;
        }
        (*n)--;
    }
    return false;
}

bool lk_wear_fault(const struct lk_wear *w, const uint16_t order[LK_MAX_DOORS], unsigned n, const char **ret_place,
                   enum lk_reason *ret_reason)
{
    for (int i = 0; i < w->core->doors; i++) {
        if (nth_bit(w->door[order[i]].raised, &n, ret_reason)) {
            *ret_place = w->core->door[order[i]].label;
            return true;
        }
    }
    *ret_place = "";
    return nth_bit(w->site.raised, &n, ret_reason);
}
