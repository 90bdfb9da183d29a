#include "year.h"

#include "hal/clock_sim.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BANK_DOORS = 32,
    BRANCH_DOORS = 24,
    IDLE_TICKS_MOST = 64,
    CLOCK_START_MS = 5000, /* no daemon starts with the machine's clock at 0 */
    RETENTION_DAYS = 7,
    REMIND_DAYS = 2,
    PERSONAL_DAYS = 30,
    RECORDS_DAYS = 1095,
};

static void remove_files(const struct site *s)
{
    static const char *const names[] = {"store.db",      "store.db-wal", "store.db-shm", "store.db.lock",
                                        "store.db-lock", "code.key",     "store.db.cut", "store.db.cut-wal"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[300];
        (void)snprintf(path, sizeof(path), "%s/%s", s->dir, names[i]);
        (void)unlink(path);
    }
    if (s->dir[0] != '\0' && rmdir(s->dir) != 0) {
        fprintf(stderr, "%s is left behind\n", s->dir);
    }
}

_Noreturn void site_broken(const struct site *s, const char *fmt, ...)
{
    va_list ap;
    int64_t now_ms = s->clock ? site_now(s) : 0;
    fflush(stdout);
    fprintf(stderr, "site %s, day %" PRId64 ", %02" PRId64 ":%02" PRId64 ":%02" PRId64 ": ", s->name, now_ms / DAY_MS,
            now_ms % DAY_MS / HOUR_MS, now_ms % HOUR_MS / MINUTE_MS, now_ms % MINUTE_MS / SECOND_MS);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    remove_files(s); /* the seed brings it all back */
    exit(1);
}

/* --- what is to happen -------------------------------------------------------------------------------------------- */

static bool is_sooner(const struct happening *a, const struct happening *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

struct happening *heap_add(struct heap *heap, struct happening h)
{
    if (heap->count == heap->room) {
        heap->room = heap->room ? heap->room * 2 : 1024;
        heap->at = realloc(heap->at, heap->room * sizeof(*heap->at));
        if (!heap->at) {
            abort();
        }
    }
    size_t i = heap->count++;
    while (i > 0 && is_sooner(&h, &heap->at[(i - 1) / 2])) {
        heap->at[i] = heap->at[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap->at[i] = h;
    return &heap->at[i];
}

struct happening heap_take(struct heap *heap)
{
    struct happening first = heap->at[0], last = heap->at[--heap->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= heap->count) {
            break;
        }
        child += child + 1 < heap->count && is_sooner(&heap->at[child + 1], &heap->at[child]);
        if (is_sooner(&last, &heap->at[child])) {
            break;
        }
        heap->at[i] = heap->at[child];
        i = child;
    }
    heap->at[i] = last;
    return first;
}

struct happening *site_plan(struct site *s, enum happening_kind kind, int64_t at_ms, int arg)
{
    struct happening h = {.at_ms = at_ms, .order = s->order++, .kind = kind, .arg = arg};
    return heap_add(kind < H_ANNOUNCE ? &s->cabinet : &s->people, h);
}

/* --- the daemon: engine and store, as controller/app puts them together ------------------------------------------- */

int64_t site_now(const struct site *s)
{
    return s->base_ms + lk_clock_mono_ms(s->clock);
}

int site_day(const struct site *s)
{
    return (int)(site_now(s) / DAY_MS);
}

struct lk_stamp site_stamp(const struct site *s)
{
    return lk_engine_stamp(s->engine);
}

const struct lk_core *site_core(const struct site *s)
{
    return lk_engine_core(s->engine);
}

void __real_lk_core_step(const struct lk_core_config *cfg, struct lk_core *core, const struct lk_input *in,
                         struct lk_effects *fx);
void __wrap_lk_core_step(const struct lk_core_config *cfg, struct lk_core *core, const struct lk_input *in,
                         struct lk_effects *fx);

static struct site *running; /* one at a time in this process */

/* Between the engine and the core: the invariants after each step, in every build. */
void __wrap_lk_core_step(const struct lk_core_config *cfg, struct lk_core *core, const struct lk_input *in,
                         struct lk_effects *fx)
{
    static struct lk_core before;
    before = *core;
    __real_lk_core_step(cfg, core, in, fx);
    const char *broken = lk_core_check(cfg, &before, core, fx);
    if (broken) {
        site_broken(running, "%s: %s", lk_input_name(in->kind), broken);
    }
    running->tally.steps++;
}

static void on_reply(void *user, const struct lk_effect *reply)
{
    struct site *s = user;
    if (reply->result == LK_RESULT_REFUSED) {
        s->tally.notices[reply->reason]++;
    }
}

static void on_command(void *user, const struct lk_effect *command)
{
    (void)user;
    (void)command;
}

static void on_logged(void *user, struct lk_store_range range)
{
    (void)user;
    (void)range;
}

static void on_changed(void *user)
{
    (void)user;
}

static void on_broken(void *user, int error)
{
    site_broken(user, "state and store contradict each other: %s", strerror(-error));
}

static void open_store(struct site *s)
{
    char text[512] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    struct lk_store_config config = {
        .path = s->path,
        .key_path = s->key,
        .operator_id = "yulin",
        .site_id = s->name,
        .core = &s->cfg,
        .retention_days = RETENTION_DAYS,
        .remind_days = REMIND_DAYS,
        .personal_days = PERSONAL_DAYS,
        .records_days = RECORDS_DAYS,
        .events_days = 365,
    };
    if (lk_store_open(&config, &s->store, &why) < 0) {
        site_broken(s, "the store does not open: %s", text);
    }
}

static void start_engine(struct site *s)
{
    char text[512] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    struct lk_engine_config config = {
        .core = &s->cfg,
        .store = s->store,
        .clock = s->clock,
        .base = s->base,
        .outlets = {.user = s,
                    .pulse = cabinet_pulse,
                    .resume_bank = cabinet_resume,
                    .reply = on_reply,
                    .command = on_command,
                    .logged = on_logged,
                    .changed = on_changed,
                    .broken = on_broken},
        .trace_file = s->trace,
    };
    if (lk_engine_create(&config, &s->engine, &why) < 0) {
        site_broken(s, "the engine does not start: %s", text);
    }
}

static void post_clock(struct site *s)
{
    struct lk_input in = lk_engine_input(LK_IN_CLOCK);
    in.clock = lk_engine_quality(s->clock);
    lk_engine_post(s->engine, &in);
}

void site_boot(struct site *s)
{
    open_store(s);
    start_engine(s);
    s->up = true;
    if (s->tally.restarts++ > 0) {
        truth_restored(s, &s->before_cut, site_core(s));
    }
    struct lk_input in = lk_engine_input(LK_IN_BOOT);
    in.clock = lk_engine_quality(s->clock);
    lk_engine_post(s->engine, &in);
    post_clock(s);
    cabinet_boards_up(s);
}

/* --- power cuts --------------------------------------------------------------------------------------------------- */

static void copy_file(const struct site *s, const char *from, const char *to)
{
    static char buffer[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n = 0;
    if (!in || !out) {
        site_broken(s, "cannot copy %s: %s", from, strerror(errno));
    }
    while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0) {
        if (fwrite(buffer, 1, n, out) != n) {
            site_broken(s, "cannot write %s", to);
        }
    }
    (void)fclose(in);
    if (fclose(out) != 0) {
        site_broken(s, "cannot write %s", to);
    }
}

/* What is on the disk at this moment is what the next start finds: the log is not written back by a tidy end. */
static void keep_the_disk(struct site *s)
{
    char wal[300], copy[300], copy_wal[320];
    (void)snprintf(wal, sizeof(wal), "%s-wal", s->path);
    (void)snprintf(copy, sizeof(copy), "%s.cut", s->path);
    (void)snprintf(copy_wal, sizeof(copy_wal), "%s-wal", copy);
    bool has_wal = access(wal, F_OK) == 0;
    copy_file(s, s->path, copy);
    if (has_wal) {
        copy_file(s, wal, copy_wal);
    }
    s->store = lk_store_close(s->store);
    if (rename(copy, s->path) != 0 || (has_wal && rename(copy_wal, wal) != 0)) {
        site_broken(s, "cannot put the disk back: %s", strerror(errno));
    }
}

/* The machine's clock starts anew; the battery clock goes on, right or wrong. */
static void restart_clock(struct site *s)
{
    int64_t now_ms = site_now(s);
    enum lk_hal_clock quality = lk_clock_quality(s->clock);
    s->clock = lk_clock_destroy(s->clock);
    if (lk_clock_sim_create(YEAR_FIRST_WALL_MS + now_ms + s->clock_off_ms - CLOCK_START_MS, &s->clock) < 0) {
        site_broken(s, "out of memory");
    }
    lk_clock_sim_set_quality(s->clock, quality);
    lk_clock_sim_advance_ns(s->clock, CLOCK_START_MS * INT64_C(1000000));
    s->base_ms = now_ms - CLOCK_START_MS;
}

void site_cut(struct site *s, bool power)
{
    if (!s->up) {
        return;
    }
    if (!power) {
        struct lk_input in = lk_engine_input(LK_IN_SHUTDOWN);
        lk_engine_post(s->engine, &in);
    }
    s->before_cut = *site_core(s);
    s->engine = lk_engine_destroy(s->engine);
    s->up = false;
    cabinet_dead(s);
    if (power) {
        s->tally.power_cuts++;
        keep_the_disk(s);
        restart_clock(s);
    } else {
        s->store = lk_store_close(s->store);
    }
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void pass(struct site *s, int64_t to_ms)
{
    int64_t ms = to_ms - site_now(s);
    lk_clock_sim_advance_ns(s->clock, ms > 0 ? ms * 1000000 : 0);
}

/* When the daemon's next deadline is, in true time; LK_NEVER: none. */
static int64_t next_tick(const struct site *s)
{
    int64_t at_ms = s->up ? lk_core_next_at_ms(&s->cfg, site_core(s)) : LK_NEVER;
    return at_ms == LK_NEVER ? LK_NEVER : s->base_ms + at_ms;
}

static void tick(struct site *s, int64_t at_ms)
{
    static unsigned idle;
    idle = at_ms > site_now(s) ? 0 : idle + 1;
    if (idle > IDLE_TICKS_MOST) {
        site_broken(s, "ticks change nothing: a deadline stays in the past");
    }
    pass(s, at_ms);
    struct lk_input in = lk_engine_input(LK_IN_TICK);
    lk_engine_post(s->engine, &in);
}

static void wrong_clock(struct site *s, bool wrong)
{
    static const int64_t offsets_ms[] = {-400 * DAY_MS, -DAY_MS, 3 * DAY_MS, 700 * DAY_MS};
    s->clock_off_ms = wrong ? offsets_ms[chance_between(&s->rng, 0, 3)] : 0;
    s->tally.wrong_clocks += wrong;
    lk_clock_sim_set_wall_ms(s->clock, YEAR_FIRST_WALL_MS + site_now(s) + s->clock_off_ms);
    lk_clock_sim_set_quality(s->clock, wrong ? LK_HAL_CLOCK_RTC : LK_HAL_CLOCK_SYNCED);
    if (s->up) {
        post_clock(s);
    }
    if (wrong) {
        (void)site_plan(s, H_CLOCK_RIGHT, site_now(s) + chance_between(&s->rng, HOUR_MS, 4 * DAY_MS), 0);
    }
}

static void happens_to_site(struct site *s, const struct happening *h)
{
    bool cut = h->kind == H_POWER && s->up;
    if (cut) {
        site_cut(s, h->arg != 0); /* or somebody restarts the service */
        (void)site_plan(s, H_BOOT, site_now(s) + chance_between(&s->rng, 20 * SECOND_MS, 30 * MINUTE_MS), 0);
    } else if (h->kind == H_BOOT) {
        site_boot(s);
    } else if (h->kind == H_NET_DOWN) {
        upstream_net(s, false);
    } else if (h->kind == H_NET_UP) {
        upstream_net(s, true);
    } else if (h->kind == H_CLOCK_WRONG || h->kind == H_CLOCK_RIGHT) {
        wrong_clock(s, h->kind == H_CLOCK_WRONG);
    } else if (h->kind != H_POWER) {
        cabinet_happens(s, h);
    }
}

/* The cabinet and the daemon until then. */
static void run_until(struct site *s, int64_t to_ms)
{
    for (;;) {
        int64_t tick_ms = next_tick(s);
        int64_t next_ms = s->cabinet.count > 0 ? s->cabinet.at[0].at_ms : LK_NEVER;
        if (tick_ms > to_ms && next_ms > to_ms) {
            break;
        }
        if (next_ms <= tick_ms) {
            struct happening h = heap_take(&s->cabinet);
            pass(s, h.at_ms);
            happens_to_site(s, &h);
        } else {
            tick(s, tick_ms);
        }
    }
    pass(s, to_ms);
}

void site_wait(struct site *s, int64_t ms)
{
    run_until(s, site_now(s) + ms);
}

/* --- the days ----------------------------------------------------------------------------------------------------- */

static void somebody(struct site *s, const struct happening *h)
{
    typedef void with_item(struct site *, int);
    typedef void alone(struct site *);
    static const struct {
        with_item *with_item;
        alone *alone;
    } rows[] = {
        [H_ANNOUNCE] = {.with_item = upstream_announce}, [H_ARRIVES] = {.with_item = staff_arrives},
        [H_CITIZEN] = {.with_item = citizen_comes},      [H_WINDOW] = {.with_item = window_person},
        [H_DELIVER] = {.with_item = upstream_deliver},   [H_CANCEL] = {.with_item = upstream_cancel},
        [H_DROPOFF] = {.alone = citizen_drops},          [H_COURIER] = {.alone = staff_courier},
        [H_MORNING] = {.alone = staff_morning},          [H_CLOSING] = {.alone = staff_closing},
        [H_HOURLY] = {.alone = upstream_dues},           [H_NIGHT] = {.alone = upstream_night},
    };
    if (rows[h->kind].with_item) {
        rows[h->kind].with_item(s, h->arg);
    } else {
        rows[h->kind].alone(s);
    }
}

static void plan_day(struct site *s, int day)
{
    int open = 0, close = 0;
    int64_t midnight_ms = day * DAY_MS;
    bool opens = calendar_hours(day, &open, &close);
    if (opens) {
        (void)site_plan(s, H_MORNING, midnight_ms + (open - 20) * MINUTE_MS, 0);
        (void)site_plan(s, H_CLOSING, midnight_ms + (close - 15) * MINUTE_MS, 0);
    }
    if (calendar_day(day) == DAY_WORK) {
        (void)site_plan(s, H_COURIER, midnight_ms + 10 * HOUR_MS + chance_between(&s->rng, 0, 30) * MINUTE_MS, 0);
        (void)site_plan(s, H_COURIER, midnight_ms + 15 * HOUR_MS + chance_between(&s->rng, 0, 30) * MINUTE_MS, 0);
    }
    for (int hour = 1; hour < 24; hour += 2) {
        (void)site_plan(s, H_HOURLY, midnight_ms + hour * HOUR_MS, 0);
    }
    (void)site_plan(s, H_NIGHT, midnight_ms + 23 * HOUR_MS + 30 * MINUTE_MS, 0);
}

void site_run(struct site *s)
{
    running = s;
    site_boot(s);
    for (int day = 0; day < s->days; day++) {
        plan_day(s, day);
        while (s->people.count > 0 && s->people.at[0].at_ms < (day + 1) * DAY_MS) {
            struct happening h = heap_take(&s->people);
            run_until(s, h.at_ms > site_now(s) ? h.at_ms : site_now(s));
            if (s->up || h.kind == H_ANNOUNCE || h.kind == H_CANCEL || h.kind == H_ARRIVES || h.kind == H_DELIVER) {
                somebody(s, &h);
            } else {
                h.at_ms = site_now(s) + 10 * MINUTE_MS; /* out of order: they wait, or come again */
                (void)heap_add(&s->people, h);
            }
        }
        run_until(s, (day + 1) * DAY_MS);
    }
    while (!s->up) {
        site_wait(s, MINUTE_MS);
    }
    truth_end(s);
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static void configure(struct site *s)
{
    struct lk_core_config *cfg = &s->cfg;
    lk_core_config_defaults(cfg);
    cfg->banks = s->number == 0 ? 3 : 1;
    int doors = s->number == 0 ? BANK_DOORS : BRANCH_DOORS;
    cfg->doors = cfg->banks * doors;
    (void)snprintf(cfg->site, sizeof(cfg->site), "%s", s->name);
    cfg->unknown_barcode = (enum lk_unknown_barcode)(s->number % LK_BARCODES);
    cfg->misload_check = s->number % 4 == 2;
    cfg->rating = s->number % 2 == 0;
    cfg->dropoff = s->number % 3 != 1;
    cfg->keep_free[LK_SIZE_S] = s->number == 0 ? 2 : 0;
    for (int b = 0; b < cfg->banks; b++) {
        (void)snprintf(cfg->bank_name[b], sizeof(cfg->bank_name[b]), "%c", 'A' + b);
    }
    for (int i = 0; i < cfg->doors; i++) {
        struct lk_door_config *d = &cfg->door[i];
        int n = i % doors;
        d->bank = i / doors;
        d->size = n * 100 / doors < 60 ? LK_SIZE_S : n * 100 / doors < 85 ? LK_SIZE_M : LK_SIZE_L;
        d->low_reach = n % 3 == 1;
        (void)snprintf(d->label, sizeof(d->label), "%c%02d", 'A' + d->bank, n + 1);
        if (lk_store_fingerprint(d->label, d->wiring) < 0) {
            site_broken(s, "no fingerprint");
        }
    }
}

static void hire(struct site *s)
{
    static const struct {
        const char *id;
        enum lk_actor role;
        const char *badge;
    } rows[] = {{"k1", LK_ACTOR_COURIER, "BADGE-K1"},
                {"c1", LK_ACTOR_CLERK, "BADGE-C1"},
                {"m1", LK_ACTOR_MAINTENANCE, "BADGE-M1"},
                {"s1", LK_ACTOR_SUPERVISOR, "BADGE-S1"}};
    struct lk_stamp now = {.wall_ms = lk_clock_wall_ms(s->clock), .quality = LK_CLOCK_SYNCED};
    open_store(s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (lk_store_staff_put(s->store, rows[i].id, rows[i].role, "$argon2id$none", rows[i].badge, &now) < 0) {
            site_broken(s, "%s cannot be hired", rows[i].id);
        }
    }
    s->store = lk_store_close(s->store);
}

void site_create(const struct options *options, int number, struct site *s)
{
    memset(s, 0, sizeof(*s));
    s->number = number;
    s->rng = options->seed * 0x9E3779B97F4A7C15U + (uint64_t)number * 1000003U + 7;
    s->days = options->days;
    s->trace = options->trace;
    s->lie = options->lie;
    s->net_up = true;
    (void)snprintf(s->name, sizeof(s->name), "hall-%d", number + 1);
    const char *temp = getenv("TMPDIR");
    (void)snprintf(s->dir, sizeof(s->dir), "%s/lk-year-XXXXXX", temp && strlen(temp) < 150 ? temp : "/tmp");
    if (!mkdtemp(s->dir)) {
        site_broken(s, "no temporary folder %s: %s", s->dir, strerror(errno));
    }
    (void)snprintf(s->path, sizeof(s->path), "%s/store.db", s->dir);
    (void)snprintf(s->key, sizeof(s->key), "%s/code.key", s->dir);
    s->base = event_base_new();
    s->pulsed_room = 1 << 12;
    s->pulsed = calloc(s->pulsed_room, 1);
    if (!s->base || !s->pulsed || lk_clock_sim_create(YEAR_FIRST_WALL_MS - CLOCK_START_MS, &s->clock) < 0) {
        site_broken(s, "out of memory");
    }
    lk_clock_sim_advance_ns(s->clock, CLOCK_START_MS * INT64_C(1000000));
    s->base_ms = -CLOCK_START_MS;
    running = s;
    configure(s);
    hire(s);
    plan_items(options, s);
    plan_faults(s);
}

void site_end(struct site *s)
{
    s->engine = lk_engine_destroy(s->engine);
    s->store = lk_store_close(s->store);
    event_base_free(s->base);
    s->clock = lk_clock_destroy(s->clock);
    remove_files(s);
    upstream_free(s);
    free(s->item);
    free(s->pulsed);
    free(s->cabinet.at);
    free(s->people.at);
}
