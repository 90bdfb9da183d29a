#include "core/trace.h"

#include "base/text.h"
#include "machine.h"

#include <string.h>

enum { LINE = 512 }; /* the longest: an event with item, person, command and custody change */

struct tracer {
    const struct lk_core_config *cfg;
    lk_trace_line *line;
    void *user;
    int64_t now_ms;
};

/* Starts a line with the time of the step. */
static struct lk_text start(const struct tracer *t, char *buf, const char *mark)
{
    struct lk_text text = lk_text_init(buf, LINE);
    lk_text_addf(&text, "%9lld.%03lld %s", (long long)(t->now_ms / 1000), (long long)(t->now_ms % 1000), mark);
    return text;
}

static void add(struct lk_text *text, const char *key, const char *value)
{
    if (value[0] != '\0') {
        lk_text_addf(text, " %s=%s", key, value);
    }
}

static void add_reason(struct lk_text *text, enum lk_reason reason)
{
    if (reason != LK_REASON_NONE) {
        add(text, "reason", lk_reason_name(reason));
    }
}

/* --- input
 * --------------------------------------------------------------------------------------------------------------- */

static void input_item(struct lk_text *text, const struct lk_input *in)
{
    if (in->found) {
        add(text, "item", in->item.id);
        add(text, "custody", lk_custody_name(in->item.custody));
    } else {
        lk_text_add(text, " not found");
    }
}

static void input_of_person(struct lk_text *text, const struct lk_input *in)
{
    if (in->kind == LK_IN_BUTTON) {
        add(text, "button", lk_button_name(in->button));
        if (in->button == LK_BUTTON_SIZE) {
            add(text, "size", lk_size_name(in->size));
        } else if (in->button == LK_BUTTON_RECALL_ITEM || in->button == LK_BUTTON_NEXT) {
            input_item(text, in);
        }
    } else if (in->kind == LK_IN_SECOND) {
        lk_text_add(text, in->tail[0] != '\0' ? " four digits" : " malformed");
    } else if (in->kind == LK_IN_CASE) {
        add(text, "receipt", in->item.id);
    } else if (in->kind == LK_IN_SIGN_IN || (in->kind == LK_IN_SCAN && in->scan == LK_SCAN_BADGE)) {
        add(text, "staff", in->staff.ok ? in->staff.id : "refused");
    } else {
        if (in->kind == LK_IN_SCAN) {
            add(text, "scan", lk_scan_name(in->scan));
        }
        input_item(text, in);
    }
}

static void input_of_cabinet(const struct tracer *t, struct lk_text *text, const struct lk_input *in)
{
    if (in->kind == LK_IN_BANK) {
        lk_text_addf(text, " %s %s", t->cfg->bank_name[in->bank], lk_bank_state_name(in->bank_state));
        add_reason(text, in->reason);
        return;
    }
    lk_text_addf(text, " %s", lk_core_label(t->cfg, in->door));
    if (in->kind == LK_IN_SENSE) {
        lk_text_addf(text, " %s", lk_sense_name(in->sense));
    } else {
        lk_text_addf(text, " intent=%llu %s", (unsigned long long)in->intent, lk_pulse_report_name(in->pulse));
    }
}

static void input_of_admin(struct lk_text *text, const struct lk_input *in)
{
    bool of_item = in->admin >= LK_ADMIN_SETTLE && in->admin <= LK_ADMIN_EXTEND;
    if (of_item) {
        add(text, "item", in->item.id);
    }
    if (in->admin == LK_ADMIN_SETTLE) {
        add(text, "to", lk_custody_name(in->settle_to));
    } else if (in->admin == LK_ADMIN_HAND_OVER) {
        add(text, "proof", lk_proof_name(in->proof));
    } else if (in->admin == LK_ADMIN_INSPECTED) {
        lk_text_add(text, in->holds ? " holds something" : " empty");
    } else if (in->admin == LK_ADMIN_ROUND) {
        lk_text_addf(text, " seen=%u mismatches=%u", in->count, in->mismatches);
    }
    add(text, "staff", in->staff.id);
    add(text, "second", in->approver.ok ? in->approver.id : "");
}

static void input_of_command(struct lk_text *text, const struct lk_command *c)
{
    lk_text_addf(text, " %s", lk_command_name(c->kind));
    add(text, "jti", c->jti);
    add(text, "item", c->item.id);
    add(text, "door", c->compartment);
    if (c->kind == LK_CMD_ITEM_TRANSFER) {
        add(text, "to", lk_custody_name(c->to));
        add(text, "waybill", c->item.waybill);
    } else if (c->kind == LK_CMD_ITEM_DELIVERED) {
        add(text, "via", c->via != LK_CHANNEL_LOCKER ? lk_channel_name(c->via) : "");
        lk_text_add(text, c->undeliverable ? " undeliverable" : "");
    } else if (c->days != 0) {
        lk_text_addf(text, " days=%u", c->days);
    }
}

static void input_of_desk(const struct tracer *t, struct lk_text *text, const struct lk_input *in)
{
    if (in->kind == LK_IN_COMMAND) {
        input_of_command(text, &in->command);
    } else if (in->kind == LK_IN_COMMAND_REFUSED) {
        add(text, "jti", in->jti);
        add_reason(text, in->reason);
    } else {
        lk_text_addf(text, " %s", lk_admin_name(in->admin));
        if (in->door != LK_NO_DOOR && !(in->admin >= LK_ADMIN_SETTLE && in->admin <= LK_ADMIN_EXTEND)) {
            add(text, "door", lk_core_label(t->cfg, in->door));
        }
        bool of_banks =
            in->admin == LK_ADMIN_UNBLOCK || in->admin == LK_ADMIN_CONFIRM || in->admin == LK_ADMIN_REPLACED;
        if (of_banks && in->door == LK_NO_DOOR && in->bank >= 0) {
            add(text, "bank", t->cfg->bank_name[in->bank]);
        }
        input_of_admin(text, in);
    }
}

static void trace_input(const struct tracer *t, const struct lk_input *in)
{
    char buf[LINE];
    struct lk_text text = start(t, buf, "> ");
    lk_text_add(&text, lk_input_name(in->kind));
    switch (in->kind) {
    case LK_IN_SENSE:
    case LK_IN_PULSE_DONE:
    case LK_IN_BANK:
        input_of_cabinet(t, &text, in);
        break;
    case LK_IN_CODE:
    case LK_IN_SCAN:
    case LK_IN_SIGN_IN:
    case LK_IN_SECOND:
    case LK_IN_CASE:
    case LK_IN_BUTTON:
        input_of_person(&text, in);
        break;
    case LK_IN_COMMAND:
    case LK_IN_COMMAND_REFUSED:
    case LK_IN_ADMIN:
        input_of_desk(t, &text, in);
        break;
    case LK_IN_CLOCK:
        add(&text, "clock", lk_clock_quality_name(in->clock));
        break;
    case LK_IN_DUE:
        add(&text, "due", lk_due_name(in->due));
        add(&text, "item", in->item.id);
        add(&text, "custody", in->found ? lk_custody_name(in->item.custody) : "");
        break;
    case LK_IN_SITE:
        add_reason(&text, in->reason);
        break;
    case LK_IN_OUTBOX:
        add(&text, "level", lk_outbox_level_name(in->outbox));
        break;
    case LK_IN_LIMITS:
        add(&text, "power", in->power_failing ? "failing" : "good");
        add(&text, "disk", in->disk_low ? "low" : "roomy");
        break;
    case LK_IN_RESTORED: /* the door is named already, or it is the whole site */
    case LK_IN_BOOT:
    case LK_IN_SHUTDOWN:
    case LK_IN_TICK:
    case LK_INPUTS:
        break;
    }
    t->line(t->user, buf);
}

/* --- what changed
 * ---------------------------------------------------------------------------------------------------------- */

static void trace_doors(const struct tracer *t, const struct lk_core *before, const struct lk_core *after)
{
    char buf[LINE];
    for (int i = 0; i < t->cfg->doors; i++) {
        const struct lk_door *was = &before->door[i], *is = &after->door[i];
        if (was->state != is->state) {
            struct lk_text text = start(t, buf, "  door ");
            lk_text_addf(&text, "%s %s -> %s", t->cfg->door[i].label, lk_door_state_name(was->state),
                         lk_door_state_name(is->state));
            t->line(t->user, buf);
        }
        if (was->wiring_held != is->wiring_held) {
            struct lk_text text = start(t, buf, "  door ");
            lk_text_addf(&text, "%s wiring confirmed", t->cfg->door[i].label);
            t->line(t->user, buf);
        }
    }
    for (int i = 0; i < t->cfg->banks; i++) {
        if (before->bank[i].state != after->bank[i].state) {
            struct lk_text text = start(t, buf, "  bank ");
            lk_text_addf(&text, "%s %s -> %s", t->cfg->bank_name[i], lk_bank_state_name(before->bank[i].state),
                         lk_bank_state_name(after->bank[i].state));
            t->line(t->user, buf);
        }
    }
}

static void trace_session(const struct tracer *t, const struct lk_session *was, const struct lk_session *is)
{
    bool other_notice = is->screen == LK_SCREEN_NOTICE && was->reason != is->reason;
    if (was->screen == is->screen && was->door == is->door && !other_notice) {
        return;
    }
    char buf[LINE];
    struct lk_text text = start(t, buf, "  screen ");
    lk_text_addf(&text, "%s -> %s", lk_screen_name(was->screen), lk_screen_name(is->screen));
    if (is->door != LK_NO_DOOR) {
        add(&text, "door", lk_core_label(t->cfg, is->door));
    }
    if (is->screen == LK_SCREEN_NOTICE) {
        add_reason(&text, is->reason);
    }
    t->line(t->user, buf);
}

/* --- effects
 * ----------------------------------------------------------------------------------------------------------------- */

static void event_doors(const struct tracer *t, struct lk_text *text, const struct lk_event *e)
{
    unsigned n = 0;
    for (int i = 0; i < t->cfg->doors && e->doors != 0; i++) {
        if (t->cfg->door[i].bank == e->bank && (e->doors >> n++ & 1) != 0) {
            lk_text_addf(text, " %s", t->cfg->door[i].label);
        }
    }
}

static void effect_event(const struct tracer *t, struct lk_text *text, const struct lk_event *e)
{
    lk_text_addf(text, " %s", lk_event_type_name(e->type));
    if (e->door != LK_NO_DOOR) {
        add(text, "door", lk_core_label(t->cfg, e->door));
    }
    if (e->expected_door != LK_NO_DOOR) {
        add(text, "expected", lk_core_label(t->cfg, e->expected_door));
    }
    if (e->bank >= 0) {
        add(text, "bank", t->cfg->bank_name[e->bank]);
        event_doors(t, text, e);
    }
    add(text, "item", e->item);
    if (e->to != LK_CUSTODY_NONE) {
        lk_text_addf(text, " %s->%s", lk_custody_name(e->from), lk_custody_name(e->to));
    }
    if (e->outcome != LK_OUTCOME_PENDING) {
        add(text, "outcome", lk_outcome_name(e->outcome));
    }
    if (e->actor != LK_ACTOR_SYSTEM) {
        add(text, "by", lk_actor_name(e->actor));
    }
    add(text, "who", e->who);
    add_reason(text, e->reason);
    if (e->count != 0) {
        lk_text_addf(text, " count=%u", e->count);
    }
    if (e->has_via) {
        add(text, "via", lk_channel_name(e->via));
    }
    if (e->proof != LK_PROOF_NONE) {
        add(text, "proof", lk_proof_name(e->proof));
    }
    add(text, "waybill", e->waybill);
    add(text, "second", e->second);
    lk_text_add(text, e->note[0] != '\0' ? " note" : ""); /* that there is one; what it says is for the log only */
    if (e->rating != 0) {
        lk_text_addf(text, " rating=%u", e->rating);
    }
    if (e->alarm) {
        lk_text_add(text, " ALARM");
    }
}

static void effect_numbers(const struct tracer *t, struct lk_text *text, const struct lk_effect *fx)
{
    if (fx->intent != 0) {
        lk_text_addf(text, " intent=%llu", (unsigned long long)fx->intent);
    }
    if (fx->door != LK_NO_DOOR) {
        add(text, "door", lk_core_label(t->cfg, fx->door));
    }
    if (fx->bank >= 0) {
        add(text, "bank", t->cfg->bank_name[fx->bank]);
    }
    add(text, "item", fx->item.id);
    bool of_secret = fx->kind == LK_FX_SECRET_SET || fx->kind == LK_FX_SECRET_REVOKE;
    add(text, "of", of_secret && fx->secret.holder != LK_HOLDER_RECIPIENT ? lk_holder_name(fx->secret.holder) : "");
    add(text, "jti", fx->jti);
}

static void effect_words(struct lk_text *text, const struct lk_effect *fx)
{
    bool result = fx->kind == LK_FX_COMMAND || fx->kind == LK_FX_REPLY;
    if (fx->kind == LK_FX_INTENT_ADD) {
        lk_text_addf(text, " %s by=%s", lk_purpose_name(fx->purpose), lk_actor_name(fx->actor));
    } else if (fx->kind == LK_FX_ITEM_CUSTODY) {
        lk_text_addf(text, " %s->%s", lk_custody_name(fx->from), lk_custody_name(fx->to));
    } else if (fx->kind == LK_FX_DOOR_USE) {
        lk_text_addf(text, " %s", lk_use_name(fx->use));
    } else if (fx->kind == LK_FX_DOUBT) {
        lk_text_addf(text, " %s", fx->to == LK_CUSTODY_NONE ? "over" : lk_purpose_name(fx->purpose));
    } else if (fx->kind == LK_FX_LOCKOUT) {
        lk_text_addf(text, " tries=%u level=%u ms=%lld", fx->count, fx->level, (long long)fx->duration_ms);
    } else if (result) {
        lk_text_addf(text, " %s", lk_result_name(fx->result));
    }
    if (fx->kind == LK_FX_INTENT_SETTLE || (result && fx->outcome != LK_OUTCOME_PENDING)) {
        lk_text_addf(text, " %s", lk_outcome_name(fx->outcome));
    }
}

static void trace_effect(const struct tracer *t, const struct lk_effect *fx)
{
    char buf[LINE];
    struct lk_text text = start(t, buf, "  * ");
    lk_text_add(&text, lk_effect_name(fx->kind));
    if (fx->kind == LK_FX_EVENT) {
        effect_event(t, &text, &fx->event);
    } else {
        effect_numbers(t, &text, fx);
        effect_words(&text, fx);
        add_reason(&text, fx->reason);
    }
    t->line(t->user, buf);
}

bool lk_effect_is_store(enum lk_effect_kind v)
{
    return v < LK_FX_PULSE;
}

void lk_trace_step(const struct lk_core_config *cfg, const struct lk_input *in, const struct lk_core *before,
                   const struct lk_core *after, const struct lk_effects *fx, lk_trace_line *line, void *user)
{
    struct tracer t = {.cfg = cfg, .line = line, .user = user, .now_ms = in->now_ms};
    trace_input(&t, in);
    trace_doors(&t, before, after);
    trace_session(&t, &before->session, &after->session);
    for (unsigned i = 0; i < fx->count; i++) {
        trace_effect(&t, &fx->at[i]);
    }
}
