/*
 * The core on a bench: a site of two banks, doors shut, boards ready, the model store behind it, and short words for
 * what happens. Every step is checked (lk_core_check, model store, store = state): a test only says what it is about.
 * Included once per test program, after check.h. Thread: one.
 */
#ifndef BENCH_H
#define BENCH_H

#include "check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "model_store.h"

#include <stdio.h>

/* Bank A: A01 S, A02 S, A03 S low, A04 M, A05 L; bank B: B01 S, B02 M. */
enum { A01, A02, A03, A04, A05, B01, B02, BENCH_DOORS };

static struct bench {
    struct lk_core_config cfg;
    struct lk_core core, before;
    struct lk_effects fx;
    struct model_store store;
    int64_t now_ms;
    uint64_t requests;
    unsigned jti;
} bench;

static inline struct lk_input input(enum lk_input_kind kind)
{
    struct lk_input in = {.kind = kind, .door = LK_NO_DOOR, .bank = -1};
    in.join_door = LK_NO_DOOR;
    in.item.door = LK_NO_DOOR;
    in.command.door = LK_NO_DOOR;
    return in;
}

static inline void fine(const char *broken, const struct lk_input *in)
{
    if (broken) {
        printf("# after %s: %s\n", lk_input_name(in->kind), broken);
        longjmp(check_failed, 1);
    }
}

/* One step, committed. */
static inline void feed(struct lk_input in)
{
    in.now_ms = bench.now_ms;
    bench.before = bench.core;
    lk_core_step(&bench.cfg, &bench.core, &in, &bench.fx);
    fine(lk_core_check(&bench.cfg, &bench.before, &bench.core, &bench.fx), &in);
    fine(model_store_apply(&bench.store, &bench.fx, bench.now_ms), &in);
    fine(model_store_agrees(&bench.store, &bench.cfg, &bench.core), &in);
}

/* --- what a step did -----------------------------------------------------------------------------------------------
 */

static inline unsigned count_fx(enum lk_effect_kind kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < bench.fx.count; i++) {
        n += bench.fx.at[i].kind == kind;
    }
    return n;
}

/* The first effect of a kind; fails the case when there is none. */
static inline const struct lk_effect *find_fx(enum lk_effect_kind kind)
{
    for (unsigned i = 0; i < bench.fx.count; i++) {
        if (bench.fx.at[i].kind == kind) {
            return &bench.fx.at[i];
        }
    }
    printf("# no %s\n", lk_effect_name(kind));
    longjmp(check_failed, 1);
}

static inline const struct lk_event *find_event(enum lk_event_type type)
{
    for (unsigned i = 0; i < bench.fx.count; i++) {
        if (bench.fx.at[i].kind == LK_FX_EVENT && bench.fx.at[i].event.type == type) {
            return &bench.fx.at[i].event;
        }
    }
    return NULL;
}

/* The event that must be among the effects. */
static inline const struct lk_event *the_event(enum lk_event_type type)
{
    const struct lk_event *found = find_event(type);
    if (!found) {
        printf("# no event of type %d\n", (int)type);
        check_fail(__FILE__, __LINE__, "the_event");
        abort();
    }
    return found;
}

static inline enum lk_reason answer(void)
{
    return find_fx(LK_FX_REPLY)->reason;
}

static inline enum lk_custody custody(const char *id)
{
    const struct lk_item *item = model_store_item(&bench.store, id);
    return item ? item->custody : LK_CUSTODY_NONE;
}

/* --- what happens --------------------------------------------------------------------------------------------------
 */

static inline void wait_ms(int64_t ms)
{
    int64_t end_ms = bench.now_ms + ms;
    for (int i = 0; i < 1000; i++) {
        int64_t next_ms = lk_core_next_at_ms(&bench.cfg, &bench.core);
        if (next_ms > end_ms) {
            break;
        }
        bench.now_ms = next_ms > bench.now_ms ? next_ms : bench.now_ms;
        feed(input(LK_IN_TICK));
    }
    bench.now_ms = end_ms;
}

static inline void sense(int door, enum lk_sense what)
{
    struct lk_input in = input(LK_IN_SENSE);
    in.door = door;
    in.sense = what;
    feed(in);
}

static inline void opens(int door)
{
    sense(door, LK_SENSE_OPEN);
}

static inline void shuts(int door)
{
    sense(door, LK_SENSE_CLOSED);
}

static inline void board(int bank, enum lk_bank_state state)
{
    struct lk_input in = input(LK_IN_BANK);
    in.bank = bank;
    in.bank_state = state;
    in.reason = state == LK_BANK_READY ? LK_REASON_NONE : LK_REASON_BOARD_SILENT;
    feed(in);
}

static inline void report(int door, enum lk_pulse_report what)
{
    struct lk_input in = input(LK_IN_PULSE_DONE);
    in.door = door;
    in.intent = bench.core.door[door].op.intent;
    in.pulse = what;
    feed(in);
}

static inline void boot(void)
{
    lk_core_init(&bench.core, &bench.cfg);
    model_store_restore(&bench.store, &bench.cfg, &bench.core, bench.now_ms);
    feed(input(LK_IN_BOOT));
}

/* Boards ready, doors as the caller says later. */
static inline void restart(void)
{
    boot();
    board(0, LK_BANK_READY);
    board(1, LK_BANK_READY);
}

static inline void setup(void)
{
    static const char sizes[] = "SSSMLSM";
    memset(&bench, 0, sizeof(bench));
    lk_core_config_defaults(&bench.cfg);
    bench.cfg.banks = 2;
    bench.cfg.doors = BENCH_DOORS;
    (void)lk_text_copy(bench.cfg.bank_name[0], sizeof(bench.cfg.bank_name[0]), "A");
    (void)lk_text_copy(bench.cfg.bank_name[1], sizeof(bench.cfg.bank_name[1]), "B");
    for (int i = 0; i < BENCH_DOORS; i++) {
        struct lk_door_config *d = &bench.cfg.door[i];
        char size[2] = {sizes[i], '\0'};
        d->bank = i >= B01;
        d->low_reach = i == A03;
        (void)lk_size_parse(size, &d->size);
        (void)snprintf(d->label, sizeof(d->label), "%c0%c", d->bank ? 'B' : 'A', '1' + (d->bank ? i - B01 : i));
    }
    model_store_init(&bench.store);
    bench.now_ms = 5000;
    restart();
    for (int i = 0; i < BENCH_DOORS; i++) {
        shuts(i);
    }
}

static inline void facts(struct lk_input *in, const struct lk_item *item)
{
    in->found = item != NULL;
    if (item) {
        in->item = *item;
    }
}

static inline void ask(struct lk_input in)
{
    in.request = ++bench.requests;
    feed(in);
}

static inline struct lk_input command(enum lk_command_kind kind)
{
    struct lk_input in = input(LK_IN_COMMAND);
    in.command.kind = kind;
    in.command.digest[0] = 1;
    (void)snprintf(in.command.jti, sizeof(in.command.jti), "j%u", ++bench.jti);
    (void)lk_text_copy(in.command.issuer, sizeof(in.command.issuer), "postal");
    return in;
}

static inline void announce_sized(const char *id, uint64_t code, uint64_t token, bool low)
{
    struct lk_input in = command(LK_CMD_ITEM_ANNOUNCE);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), id);
    in.command.item.low_reach = low;
    facts(&in, model_store_item(&bench.store, id));
    in.code_live = model_store_has_secret(&bench.store, id);
    in.secret = model_secret(code, token);
    feed(in);
}

static inline void announce(const char *id, uint64_t code, uint64_t token)
{
    announce_sized(id, code, token, false);
}

static inline void cancel(const char *id)
{
    struct lk_input in = command(LK_CMD_ITEM_CANCEL);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), id);
    facts(&in, model_store_item(&bench.store, id));
    feed(in);
}

static inline void remote_open(int door)
{
    struct lk_input in = command(LK_CMD_COMPARTMENT_OPEN);
    in.command.door = door;
    feed(in);
}

static inline void code(uint64_t number)
{
    struct lk_input in = input(LK_IN_CODE);
    in.well_formed = true;
    model_store_look_up(&bench.store, number, false, &in);
    ask(in);
}

static inline void qr(uint64_t number)
{
    struct lk_input in = input(LK_IN_SCAN);
    model_store_look_up(&bench.store, number, true, &in);
    in.scan = in.found ? LK_SCAN_TOKEN : LK_SCAN_UNKNOWN;
    ask(in);
}

static inline void staff_member(struct lk_input *in, enum lk_actor role)
{
    in->staff.ok = role != LK_ACTOR_SYSTEM;
    in->staff.role = role;
    (void)lk_text_copy(in->staff.id, sizeof(in->staff.id), in->staff.ok ? "s1" : "");
}

/* SYSTEM: a wrong PIN. */
static inline void sign_in(enum lk_actor role)
{
    struct lk_input in = input(LK_IN_SIGN_IN);
    staff_member(&in, role);
    ask(in);
}

static inline void badge(enum lk_actor role)
{
    struct lk_input in = input(LK_IN_SCAN);
    in.scan = LK_SCAN_BADGE;
    staff_member(&in, role);
    ask(in);
}

static inline void scan(const char *id)
{
    struct lk_input in = input(LK_IN_SCAN);
    in.scan = LK_SCAN_ITEM;
    (void)lk_text_copy(in.text, sizeof(in.text), id);
    facts(&in, model_store_item(&bench.store, id));
    ask(in);
}

static inline void press(enum lk_button button)
{
    struct lk_input in = input(LK_IN_BUTTON);
    in.button = button;
    ask(in);
}

static inline void press_size(enum lk_size size)
{
    struct lk_input in = input(LK_IN_BUTTON);
    in.button = LK_BUTTON_SIZE;
    in.size = size;
    ask(in);
}

static inline void press_recall(const char *id)
{
    struct lk_input in = input(LK_IN_BUTTON);
    in.button = LK_BUTTON_RECALL_ITEM;
    facts(&in, model_store_item(&bench.store, id));
    ask(in);
}

static inline void admin(enum lk_admin_op op, int door, enum lk_actor role)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = op;
    in.door = door;
    staff_member(&in, role);
    ask(in);
}

static inline void settle(const char *id, enum lk_custody to, enum lk_actor role)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_SETTLE;
    in.settle_to = to;
    facts(&in, model_store_item(&bench.store, id));
    staff_member(&in, role);
    ask(in);
}

/* --- longer words --------------------------------------------------------------------------------------------------
 */

/* A courier signs in and scans; the size screen is shown. */
static inline void bring(const char *id)
{
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_DEPOSIT);
    scan(id);
}

/* Announces an item and puts it into the first S compartment; returns that door. */
static inline int stock(const char *id, uint64_t number, uint64_t token)
{
    announce(id, number, token);
    bring(id);
    press_size(LK_SIZE_S);
    int door = find_fx(LK_FX_PULSE)->door;
    opens(door);
    shuts(door);
    press(LK_BUTTON_SIGN_OUT);
    CHECK_INT(custody(id), LK_CUSTODY_IN_LOCKER);
    wait_ms(1000);
    return door;
}

#endif
