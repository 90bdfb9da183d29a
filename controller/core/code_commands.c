/* Codes and tokens of recipients and their delegates. What they say never comes here, only keyed hashes (law 8). */
#include "commands.h"

#include <string.h>

static enum lk_reason set_refusal(const struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    enum lk_reason reason = lk_command_item_refusal(s);
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    if (item->rejected) {
        return LK_REASON_REJECTED; /* it goes back: nobody is to open for it any more */
    }
    if (item->custody == LK_CUSTODY_UNKNOWN) {
        return LK_REASON_CUSTODY_UNKNOWN;
    }
    if (!s->in->secret.has_code && !s->in->secret.has_token) {
        return LK_REASON_BAD_ARGUMENT;
    }
    return s->in->code_in_use ? LK_REASON_CODE_IN_USE : LK_REASON_NONE;
}

static void set(struct lk_step *s, enum lk_holder holder, enum lk_reason what)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_SECRET_SET);
    fx->item = s->in->item;
    fx->secret = s->in->secret;
    fx->secret.holder = holder;
    lk_command_event(s, LK_EV_ITEM_UPDATED)->reason = what;
    lk_command_code_died(s, holder, LK_REASON_CODE_REISSUED);
}

void lk_command_reissue(struct lk_step *s)
{
    enum lk_reason reason = set_refusal(s);
    if (reason == LK_REASON_NONE) {
        set(s, LK_HOLDER_RECIPIENT, LK_REASON_CODE_REISSUED);
    }
    lk_command_settle(s, reason);
}

/* Every code and token of the item, a delegate's too. None was live: nothing changes, and nothing is told. */
void lk_command_revoke(struct lk_step *s)
{
    enum lk_reason reason = lk_command_item_refusal(s);
    if (reason == LK_REASON_NONE && s->in->code_live) {
        lk_fx_secret_kill(s, s->in->item.id);
        lk_command_event(s, LK_EV_ITEM_UPDATED)->reason = LK_REASON_CODE_REVOKED;
        lk_command_code_died(s, LK_HOLDERS, LK_REASON_CODE_REVOKED);
    }
    lk_command_settle(s, reason);
}

/* Where the recipient is asked for their phone tail, so is the delegate, for theirs. */
void lk_command_grant(struct lk_step *s)
{
    enum lk_reason reason = set_refusal(s);
    if (reason == LK_REASON_NONE && s->in->item.second_factor && s->in->secret.tail[0] == '\0') {
        reason = LK_REASON_BAD_ARGUMENT;
    }
    if (reason == LK_REASON_NONE) {
        set(s, LK_HOLDER_DELEGATE, LK_REASON_DELEGATE_GRANTED);
    }
    lk_command_settle(s, reason);
}

void lk_command_ungrant(struct lk_step *s)
{
    enum lk_reason reason = lk_command_item_refusal(s);
    if (reason == LK_REASON_NONE) {
        struct lk_effect *fx = lk_fx(s, LK_FX_SECRET_REVOKE);
        memcpy(fx->item.id, s->in->item.id, sizeof(fx->item.id));
        fx->secret.holder = LK_HOLDER_DELEGATE;
        lk_command_event(s, LK_EV_ITEM_UPDATED)->reason = LK_REASON_DELEGATE_REVOKED;
        lk_command_code_died(s, LK_HOLDER_DELEGATE, LK_REASON_DELEGATE_REVOKED);
    }
    lk_command_settle(s, reason);
}
