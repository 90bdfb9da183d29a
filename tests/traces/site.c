#include "site.h"

#include "core/trace.h"

#include <string.h>

enum { TICKS_MOST = 100 };

void site_init(struct site *site, FILE *out)
{
    memset(site, 0, sizeof(*site));
    site->out = out;
    lk_core_config_defaults(&site->cfg);
    model_store_init(&site->store);
}

struct lk_input site_input(enum lk_input_kind kind)
{
    struct lk_input in = {.kind = kind, .door = LK_NO_DOOR, .bank = -1};
    in.join_door = LK_NO_DOOR;
    in.item.door = LK_NO_DOOR;
    in.command.door = LK_NO_DOOR;
    in.command.item.door = LK_NO_DOOR;
    return in;
}

static void print_line(void *user, const char *line)
{
    const struct site *site = user;
    if (!site->quiet) {
        fprintf(site->out, "%s\n", line);
    }
}

/* What really happens while nobody looks. */
static void remark(struct site *site, const char *what, const char *whom)
{
    char line[80];
    (void)snprintf(line, sizeof(line), "%9lld.%03lld # %s%s", (long long)(site->now_ms / 1000),
                   (long long)(site->now_ms % 1000), whom, what);
    print_line(site, line);
}

/* Who waits for an answer gets number 1. */
static uint64_t asker(enum lk_input_kind kind)
{
    return kind == LK_IN_CODE || kind == LK_IN_SCAN || kind == LK_IN_SIGN_IN || kind == LK_IN_SECOND ||
           kind == LK_IN_CASE || kind == LK_IN_BUTTON || kind == LK_IN_ADMIN;
}

static void breaks(struct site *site, const char *what)
{
    if (what && !site->broken) {
        site->broken = what;
    }
}

void site_step(struct site *site, struct lk_input *in)
{
    if (!site->up) {
        breaks(site, "the daemon is not running");
        return;
    }
    in->now_ms = site->now_ms;
    in->request = asker(in->kind);
    site->next = site->core;
    lk_core_step(&site->cfg, &site->next, in, &site->fx);
    lk_trace_step(&site->cfg, in, &site->core, &site->next, &site->fx, print_line, site);
    breaks(site, lk_core_check(&site->cfg, &site->core, &site->next, &site->fx));
    breaks(site, model_store_apply(&site->store, &site->fx, site->now_ms));
    site->core = site->next;
    breaks(site, model_store_agrees(&site->store, &site->cfg, &site->core));
    for (unsigned i = 0; i < site->fx.count; i++) {
        if (site->fx.at[i].kind == LK_FX_PULSE) {
            site->last_pulse[site->fx.at[i].door] = site->fx.at[i].intent;
        }
    }
}

void site_wait(struct site *site, int64_t at_ms)
{
    for (int ticks = 0; site->up && !site->broken; ticks++) {
        int64_t next_ms = lk_core_next_at_ms(&site->cfg, &site->core);
        if (next_ms > at_ms) {
            break;
        }
        if (ticks > TICKS_MOST) {
            breaks(site, "ticks without end");
        }
        site->now_ms = next_ms > site->now_ms ? next_ms : site->now_ms;
        struct lk_input in = site_input(LK_IN_TICK);
        site_step(site, &in);
    }
    site->now_ms = at_ms;
}

void site_boot(struct site *site)
{
    lk_core_init(&site->core, &site->cfg);
    model_store_restore(&site->store, &site->cfg, &site->core, site->now_ms);
    site->up = true;
    struct lk_input in = site_input(LK_IN_BOOT);
    in.clock = LK_CLOCK_SYNCED;
    site_step(site, &in);
}

void site_kill(struct site *site)
{
    site->up = false;
    memset(site->board_up, 0, sizeof(site->board_up));
    remark(site, "killed", "");
}

static void tell(struct site *site, int door)
{
    struct lk_input in = site_input(LK_IN_SENSE);
    in.door = door;
    in.sense = site->open[door] ? LK_SENSE_OPEN : LK_SENSE_CLOSED;
    site_step(site, &in);
}

void site_board(struct site *site, int bank, enum lk_bank_state state, enum lk_reason reason)
{
    struct lk_input in = site_input(LK_IN_BANK);
    in.bank = bank;
    in.bank_state = state;
    in.reason = reason;
    site->board_up[bank] = state == LK_BANK_READY;
    site_step(site, &in);
    for (int i = 0; i < site->cfg.doors && site->board_up[bank]; i++) {
        if (site->cfg.door[i].bank == bank) {
            tell(site, i);
        }
    }
}

void site_door(struct site *site, int door, bool open)
{
    site->open[door] = open;
    if (site->up && site->board_up[site->cfg.door[door].bank]) {
        tell(site, door);
    } else {
        remark(site, open ? " really opens, unseen" : " really shuts, unseen", site->cfg.door[door].label);
    }
}

void site_print_end(struct site *site)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        const struct lk_item *item = &site->store.item[i].item;
        if (site->store.item[i].used) {
            fprintf(site->out, "= item %s %s%s%s%s%s%s\n", item->id, lk_custody_name(item->custody),
                    item->waybill[0] ? " waybill " : "", item->waybill, item->cancelled ? ", cancelled" : "",
                    item->rejected ? ", refused" : "",
                    model_store_has_secret(&site->store, item->id) ? ", code live" : "");
        }
    }
    for (int i = 0; i < site->cfg.doors; i++) {
        const struct model_door *d = &site->store.door[i];
        if (d->use == LK_USE_FREE && !d->doubt_purpose && d->intent.op.intent == 0) {
            continue;
        }
        fprintf(site->out, "= door %s %s%s%s%s%s%s%s\n", site->cfg.door[i].label, lk_use_name(d->use),
                d->item[0] ? " " : "", d->item, d->reason ? " for " : "", d->reason ? lk_reason_name(d->reason) : "",
                d->doubt_purpose ? ", in doubt" : "", d->intent.op.intent ? ", being opened" : "");
    }
}
