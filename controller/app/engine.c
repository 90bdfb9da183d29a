#include "engine.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/trace.h"
#include "crash_point.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUEUE = 1024,                        /* a cabinet of 512 doors says all at once when it comes up */
    CROWDED = QUEUE - LK_MAX_DOORS - 64, /* from here on only the newest word about each thing waits */
    RETRY_MS = 1000,                     /* until a failed commit is tried again */
    SOONEST_TIMER_MS = 1,                /* a deadline in the past still goes once round the loop */
};

struct lk_engine {
    const struct lk_core_config *cfg;
    struct lk_store *store;
    struct lk_clock *clock;
    struct lk_outlets out;
    struct event *timer;
    FILE *trace;
    bool stepping, stalled, broken;
    uint64_t steps;
    struct lk_log_limit failures, alarms;
    unsigned head, count;
    struct lk_input queue[QUEUE];
    struct lk_core core, next;
    struct lk_effects fx;
};

/* --- small things
 * ------------------------------------------------------------------------------------------------------- */

struct lk_input lk_engine_input(enum lk_input_kind kind)
{
    struct lk_input in = {.kind = kind, .door = LK_NO_DOOR, .bank = -1, .join_door = LK_NO_DOOR};
    in.item.door = LK_NO_DOOR;
    in.command.door = LK_NO_DOOR;
    return in;
}

enum lk_clock_quality lk_engine_quality(const struct lk_clock *clock)
{
    switch (lk_clock_quality(clock)) {
    case LK_HAL_CLOCK_SYNCED:
        return LK_CLOCK_SYNCED;
    case LK_HAL_CLOCK_RTC:
        return LK_CLOCK_RTC;
    case LK_HAL_CLOCK_UNSYNCED:
        break;
    }
    return LK_CLOCK_UNSYNCED;
}

int64_t lk_engine_now_ms(const struct lk_engine *engine)
{
    return lk_clock_mono_ms(engine->clock);
}

struct lk_stamp lk_engine_stamp(const struct lk_engine *engine)
{
    struct lk_stamp stamp = {.wall_ms = lk_clock_wall_ms(engine->clock)};
    stamp.quality = lk_engine_quality(engine->clock); /* after the time: a jump in between must not be called synced */
    return stamp;
}

const struct lk_core *lk_engine_core(const struct lk_engine *engine)
{
    return &engine->core;
}

const struct lk_core_config *lk_engine_core_config(const struct lk_engine *engine)
{
    return engine->cfg;
}

bool lk_engine_stalled(const struct lk_engine *engine)
{
    return engine->stalled;
}

uint64_t lk_engine_steps(const struct lk_engine *engine)
{
    return engine->steps;
}

/* --- one step
 * --------------------------------------------------------------------------------------------------------------- */

static void write_trace_line(void *user, const char *line)
{
    FILE *trace = user;
    (void)fprintf(trace, "%s\n", line);
}

static void trace_step(struct lk_engine *e, const struct lk_input *in)
{
    if (e->trace) {
        lk_trace_step(e->cfg, in, &e->core, &e->next, &e->fx, write_trace_line, e->trace);
        (void)fflush(e->trace);
    }
}

static void check_step(const struct lk_engine *e)
{
#ifdef LK_TEST_HOOKS
    const char *broken = lk_core_check(e->cfg, &e->core, &e->next, &e->fx);
    if (broken) {
        lk_log(LK_ERR, LK_BLAME_BUG, "an invariant of the core is broken: %s", broken);
        abort();
    }
#else
    (void)e;
#endif
}

#ifdef LK_TEST_HOOKS
/* What the commit is about, the most important first: a retry ends one opening and begins the next. */
static const char *name_of_commit(const struct lk_effects *fx)
{
    static const struct {
        enum lk_effect_kind kind;
        const char *name;
    } rows[] = {
        {LK_FX_PULSE, "intent"},
        {LK_FX_INTENT_SETTLE, "outcome"},
        {LK_FX_INTENT_FINISH, "close"},
        {LK_FX_COMMAND, "command"},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        for (unsigned i = 0; i < fx->count; i++) {
            if (fx->at[i].kind == rows[row].kind) {
                return rows[row].name;
            }
        }
    }
    return "other";
}

/* Crash points "intent-before", "intent-after", "outcome-before" ...: around the commits that matter. */
static void crash_around_commit(const struct lk_engine *e, const char *when)
{
    char name[32];
    struct lk_text t = lk_text_init(name, sizeof(name));
    lk_text_addf(&t, "%s-%s", name_of_commit(&e->fx), when);
    lk_crash_point(name);
}
#else
#define crash_around_commit(e, when) ((void)(when))
#endif

static void act(struct lk_engine *e, const struct lk_effect *fx, int64_t now_ms)
{
    switch (fx->kind) {
    case LK_FX_PULSE:
        if (e->out.pulse(e->out.user, fx->door, fx->intent, now_ms) != 0) {
            struct lk_input in = lk_engine_input(LK_IN_PULSE_DONE);
            in.door = fx->door;
            in.intent = fx->intent;
            in.pulse = LK_PULSE_NOT_SENT;
            lk_engine_post(e, &in);
        }
        break;
    case LK_FX_REPLY:
        e->out.reply(e->out.user, fx);
        break;
    case LK_FX_RESUME_BANK:
        e->out.resume_bank(e->out.user, fx->bank);
        break;
    case LK_FX_EVENT:
        if (e->out.settled && (fx->event.type == LK_EV_DOOR_OPENED || fx->event.type == LK_EV_DOOR_OPEN_FAILED)) {
            e->out.settled(e->out.user, fx->event.door, fx->event.outcome);
        }
        break;
    case LK_FX_WEAR_RESET:
        if (e->out.replaced) {
            e->out.replaced(e->out.user, fx->door, fx->reason);
        }
        break;
    case LK_FX_REPLAY:
        e->out.replay(e->out.user, fx->seq);
        break;
    case LK_FX_COMMAND:
        e->out.command(e->out.user, fx);
        break;
    case LK_FX_INTENT_ADD:
    case LK_FX_INTENT_SETTLE:
    case LK_FX_INTENT_WITHDRAW:
    case LK_FX_INTENT_TURN:
    case LK_FX_INTENT_FINISH:
    case LK_FX_ITEM_PUT:
    case LK_FX_ITEM_CUSTODY:
    case LK_FX_ITEM_CANCELLED:
    case LK_FX_ITEM_REJECTED:
    case LK_FX_ITEM_REMINDED:
    case LK_FX_ITEM_OVERDUE:
    case LK_FX_ITEM_EXTEND:
    case LK_FX_ITEM_WAYBILL:
    case LK_FX_ITEM_ERASE:
    case LK_FX_RECORDS_PURGE:
    case LK_FX_EVENTS_PURGE:
    case LK_FX_LEFT_OUT:
    case LK_FX_SECRET_SET:
    case LK_FX_SECRET_KILL:
    case LK_FX_SECRET_REVOKE:
    case LK_FX_DOOR_USE:
    case LK_FX_DOUBT:
    case LK_FX_BANK_STOP:
    case LK_FX_WIRING_SEEN:
    case LK_FX_WIRING_CONFIRM:
    case LK_FX_LOCKOUT:
    case LK_FX_STAFF_PUT:
    case LK_FX_STAFF_REMOVE:
    case LK_EFFECTS:
        break;
    }
}

static int commit(struct lk_engine *e, struct lk_store_range *ret_range)
{
    struct lk_stamp stamp = lk_engine_stamp(e);
    crash_around_commit(e, "before");
    int r = lk_store_apply(e->store, &e->fx, &stamp, ret_range);
    crash_around_commit(e, "after");
    if (r < 0) {
        unsigned dropped = 0;
        if (lk_log_allowed(&e->failures, lk_engine_now_ms(e), &dropped)) {
            lk_log(LK_ERR, LK_BLAME_DEVICE, "the store did not commit: %s; nothing was done (%u more such lines)",
                   strerror(-r), dropped);
        }
    }
    return r;
}

/* What is an alarm upstream is a warning in the log, with what it is about: nobody reads events at three in the
 * morning. Items and people are not named. */
static void log_alarms(struct lk_engine *e)
{
    unsigned dropped = 0;
    for (unsigned i = 0; i < e->fx.count; i++) {
        const struct lk_event *event = &e->fx.at[i].event;
        if (e->fx.at[i].kind != LK_FX_EVENT || !event->alarm ||
            !lk_log_allowed(&e->alarms, lk_engine_now_ms(e), &dropped)) {
            continue;
        }
        const char *name = lk_event_type_name(event->type);
        const char *door = event->door == LK_NO_DOOR ? "" : e->cfg->door[event->door].label;
        int of = event->door == LK_NO_DOOR ? event->bank : e->cfg->door[event->door].bank;
        const char *bank = of < 0 ? "" : e->cfg->bank_name[of];
        const char *reason = event->reason == LK_REASON_NONE ? "" : lk_reason_name(event->reason);
        const struct lk_log_field about[] = {{"EVENT", name}, {"DOOR", door}, {"BANK", bank}, {"REASON", reason}};
        lk_log_about(LK_WARN, LK_BLAME_NONE, about, LK_ARRAY_SIZE(about), "alarm: %s%s%s%s%s%s%s", name,
                     door[0] ? ", door " : "", door, bank[0] ? ", bank " : "", bank, reason[0] ? ", " : "", reason);
    }
}

/* Stamp, step, commit, adopt, act. On failure the old state stays. */
static int step(struct lk_engine *e, struct lk_input *in)
{
    struct lk_store_range range = {0};
    in->now_ms = lk_engine_now_ms(e);
    in->wall_s = lk_clock_wall_ms(e->clock) / 1000;
    e->next = e->core;
    lk_core_step(e->cfg, &e->next, in, &e->fx);
    check_step(e);
    int r = commit(e, &range);
    if (r < 0) {
        return r;
    }
    trace_step(e, in);
    log_alarms(e);
    e->core = e->next;
    e->steps++;
    for (unsigned i = 0; i < e->fx.count; i++) {
        act(e, &e->fx.at[i], in->now_ms);
    }
    if (range.first != 0) {
        e->out.logged(e->out.user, range);
    }
    return 0;
}

/* --- the timer: one for the core's next deadline, or for the next try
 * -------------------------------------------------------- */

static void arm(struct lk_engine *e)
{
    int64_t at_ms = lk_core_next_at_ms(e->cfg, &e->core);
    int64_t wait_ms = at_ms == LK_NEVER ? -1 : at_ms - lk_engine_now_ms(e);
    if (e->stalled) {
        wait_ms = RETRY_MS;
    } else if (at_ms == LK_NEVER) {
        (void)event_del(e->timer);
        return;
    }
    wait_ms = wait_ms < SOONEST_TIMER_MS ? SOONEST_TIMER_MS : wait_ms;
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(e->timer, &tv);
}

static struct lk_input *front(struct lk_engine *e)
{
    return &e->queue[e->head];
}

static void pop(struct lk_engine *e)
{
    e->count--;
    e->head = e->count > 0 ? (e->head + 1) % QUEUE : 0; /* empty again: touch no more of the queue than it takes */
}

/* The store holds something else than the state says: no later try can succeed, only a new start from the store. */
static bool contradicts(int error)
{
    return error == -ESTALE || error == -EEXIST || error == -EINVAL;
}

/* Runs the queue until it is empty or the store fails. */
static void run(struct lk_engine *e)
{
    if (e->stepping) {
        return;
    }
    e->stepping = true;
    bool was_stalled = e->stalled;
    int r = 0;
    e->stalled = false;
    while (e->count > 0 && !e->stalled) {
        r = step(e, front(e));
        e->stalled = r < 0;
        if (!e->stalled) {
            pop(e);
        }
    }
    if (was_stalled && !e->stalled) {
        lk_log(LK_NOTICE, LK_BLAME_NONE, "the store commits again; what the cabinet reported meanwhile is in");
    }
    e->stepping = false;
    e->out.changed(e->out.user);
    arm(e);
    if (contradicts(r) && !e->broken) {
        e->broken = true;
        e->out.broken(e->out.user, r);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_engine *e = user;
    if (e->count == 0) {
        struct lk_input in = lk_engine_input(LK_IN_TICK);
        lk_engine_post(e, &in);
    } else {
        run(e);
    }
}

/* Whether the newer one says all that the older one would have led to. */
static bool replaces(const struct lk_input *newer, const struct lk_input *older)
{
    static const bool states[LK_INPUTS] = {
        [LK_IN_SENSE] = true, [LK_IN_BANK] = true, [LK_IN_CLOCK] = true, [LK_IN_TICK] = true, [LK_IN_OUTBOX] = true};
    return newer->kind == older->kind && states[newer->kind] && newer->door == older->door &&
           newer->bank == older->bank;
}

/* A store that fails for hours must not cost the news of one door because another bounces (law 2). */
static void make_room(struct lk_engine *e, const struct lk_input *input)
{
    unsigned at = 1; /* the first may be under way */
    while (at < e->count && !replaces(input, &e->queue[(e->head + at) % QUEUE])) {
        at++;
    }
    if (at < e->count) {
        for (; at + 1 < e->count; at++) {
            e->queue[(e->head + at) % QUEUE] = e->queue[(e->head + at + 1) % QUEUE];
        }
        e->count--;
    }
}

void lk_engine_post(struct lk_engine *e, const struct lk_input *input)
{
    if (e->count >= CROWDED) {
        make_room(e, input);
    }
    if (e->count == QUEUE) {
        lk_log(LK_ERR, LK_BLAME_BUG, "the input queue is full; %s of door %d is lost", lk_input_name(input->kind),
               input->door);
        return;
    }
    e->queue[(e->head + e->count) % QUEUE] = *input;
    e->count++;
    run(e);
}

static void answer(struct lk_engine *e, const struct lk_input *in, enum lk_result result, enum lk_reason reason)
{
    if (in->request != 0) {
        struct lk_effect reply = {.kind = LK_FX_REPLY, .request = in->request, .door = LK_NO_DOOR, .bank = -1};
        reply.result = result;
        reply.reason = reason;
        e->out.reply(e->out.user, &reply);
    }
}

int lk_engine_submit(struct lk_engine *e, const struct lk_input *input)
{
    if (e->stepping) {
        lk_log(LK_ERR, LK_BLAME_BUG, "%s came from inside a step and is refused", lk_input_name(input->kind));
        answer(e, input, LK_RESULT_REFUSED, LK_REASON_NOT_NOW);
        return -EBUSY;
    }
    struct lk_input in = *input;
    if (e->stalled) {
        run(e); /* what the cabinet said comes first */
    }
    int r = -EIO;
    if (!e->stalled) {
        e->stepping = true;
        r = step(e, &in);
        e->stepping = false;
    }
    if (r < 0) {
        answer(e, &in, LK_RESULT_FAILED, LK_REASON_STORE_FAILED);
    }
    run(e);
    return r;
}

/* --- life
 * ---------------------------------------------------------------------------------------------------------------------
 */

static int restore(struct lk_engine *e, struct lk_text *why)
{
    struct lk_stamp now = lk_engine_stamp(e);
    lk_core_init(&e->core, e->cfg);
    return lk_store_restore(e->store, &e->core, &now, lk_engine_now_ms(e), why);
}

int lk_engine_create(const struct lk_engine_config *config, struct lk_engine **ret_engine, struct lk_text *why)
{
    struct lk_engine *e = calloc(1, sizeof(*e));
    if (!e) {
        return -ENOMEM;
    }
    e->cfg = config->core;
    e->store = config->store;
    e->clock = config->clock;
    e->out = config->outlets;
    e->failures = (struct lk_log_limit){.burst = 3, .window_ms = 60000};
    e->alarms = (struct lk_log_limit){.burst = 30, .window_ms = 60000}; /* a loose switch can cry all night */
    int r = -ENOMEM;
    e->timer = event_new(config->base, -1, 0, on_timer, e);
    if (!e->timer) {
        goto fail;
    }
    if (config->trace_file && config->trace_file[0] != '\0') {
        e->trace = fopen(config->trace_file, "ae");
        if (!e->trace) {
            r = -errno;
            lk_text_addf(why, "the trace file %s cannot be opened: %s", config->trace_file, strerror(-r));
            goto fail;
        }
    }
    r = restore(e, why);
    if (r < 0) {
        goto fail;
    }
    *ret_engine = e;
    return 0;
fail:
    (void)lk_engine_destroy(e);
    return r;
}

struct lk_engine *lk_engine_destroy(struct lk_engine *e)
{
    if (e) {
        if (e->timer) {
            event_free(e->timer);
        }
        if (e->trace) {
            (void)fclose(e->trace);
        }
        free(e);
    }
    return NULL;
}
