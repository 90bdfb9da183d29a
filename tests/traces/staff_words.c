/* The scenario language's words for what the site is like and what staff do. */
#include "scenario.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* policy NAME [VALUE] */
void do_policy(struct site *site, const struct line *l)
{
    struct lk_core_config *cfg = &site->cfg;
    const char *name = l->word[1], *value = l->word[2];
    enum lk_size size = LK_SIZE_S;
    if (strcmp(name, "accept-unknown") == 0) {
        cfg->unknown_barcode = LK_BARCODE_ACCEPT;
    } else if (strcmp(name, "ask-unknown") == 0) {
        cfg->unknown_barcode = LK_BARCODE_ASK;
    } else if (strcmp(name, "misload-check") == 0) {
        cfg->misload_check = true;
    } else if (strcmp(name, "no-join") == 0) {
        cfg->join_case = false;
    } else if (person_policy(cfg, name, value)) {
        return;
    } else if (strcmp(name, "site") == 0) {
        (void)lk_text_copy(cfg->site, sizeof(cfg->site), value);
    } else if (strcmp(name, "keep-free") == 0 && lk_size_parse(value, &size) == 0) {
        cfg->keep_free[size] = (unsigned)strtoul(l->word[3], NULL, 10);
    } else {
        wrong(site, "no such policy");
    }
}

void item_details(struct lk_item *item, const struct line *l)
{
    const char *case_id = option(l, "case"), *phone = option(l, "phone"), *at = option(l, "site");
    const char *name = option(l, "name");
    (void)lk_text_copy(item->case_id, sizeof(item->case_id), case_id ? case_id : "");
    (void)lk_text_copy(item->site, sizeof(item->site), at ? at : "");
    (void)lk_text_copy(item->name, sizeof(item->name), name ? name : "");
    if (phone && strlen(phone) >= 4) {
        uint64_t number = number_of(phone);
        item->has_phone = true;
        memcpy(item->phone_mac, &number, sizeof(number));
        (void)lk_text_copy(item->phone_tail, sizeof(item->phone_tail), phone + strlen(phone) - 4);
    }
}

void scan_facts(struct site *site, struct lk_input *in)
{
    in->join_door = in->found ? model_store_companion(&site->store, &in->item) : LK_NO_DOOR;
    if (site->core.session.screen == LK_SCREEN_WAYBILL && strlen(in->text) <= LK_WAYBILL_MAX) {
        (void)lk_text_copy(in->waybill, sizeof(in->waybill), in->text);
    }
}

static enum lk_proof proof_of(const struct site *site, const char *id, const char *digits)
{
    const struct lk_item *item = model_store_item(&site->store, id);
    bool live = false;
    const struct lk_item *by_code = model_store_find(&site->store, number_of(digits), false, &live);
    if (item && live && strcmp(by_code->id, id) == 0) {
        return LK_PROOF_CODE;
    }
    return item && item->phone_tail[0] != '\0' && strcmp(item->phone_tail, digits) == 0 ? LK_PROOF_TAIL : LK_PROOF_NONE;
}

void code_facts(struct site *site, struct lk_input *in, const char *digits)
{
    if (site->core.session.screen == LK_SCREEN_HAND_OVER) {
        in->proof = proof_of(site, site->core.session.item.id, digits);
    }
}

/* "... with ID ROLE": the second person; note=WORD */
static void others(struct site *site, struct lk_input *in, const struct line *l)
{
    const char *note = option(l, "note");
    for (int i = 0; i + 2 < l->words; i++) {
        if (strcmp(l->word[i], "with") == 0) {
            struct lk_input second = *in;
            staff(site, &second, l->word[i + 1], l->word[i + 2]);
            in->approver = second.staff;
        }
    }
    (void)lk_text_copy(in->note, sizeof(in->note), note ? note : "");
}

/* admin open|block|unblock|confirm DOOR|BANK ID ROLE [with ID ROLE] [note=WORD] */
void do_admin(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_ADMIN);
    in.admin = strcmp(l->word[1], "open") == 0      ? LK_ADMIN_OPEN
               : strcmp(l->word[1], "block") == 0   ? LK_ADMIN_BLOCK
               : strcmp(l->word[1], "confirm") == 0 ? LK_ADMIN_CONFIRM
                                                    : LK_ADMIN_UNBLOCK;
    in.bank = lk_core_find_bank(&site->cfg, l->word[2]);
    in.door = in.bank < 0 ? door_of(site, l->word[2]) : LK_NO_DOOR;
    staff(site, &in, l->word[3], l->word[4]);
    others(site, &in, l);
    site_step(site, &in);
}

/* settle ITEM CUSTODY ID ROLE [with ID ROLE] [note=WORD] */
void do_settle(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_SETTLE;
    facts(site, &in, model_store_item(&site->store, l->word[1]));
    if (lk_custody_parse(l->word[2], &in.settle_to) < 0) {
        wrong(site, "no such custody");
    }
    staff(site, &in, l->word[3], l->word[4]);
    others(site, &in, l);
    site_step(site, &in);
}

/* desk receive|hand_over|send|return|reject|extend ITEM ID ROLE [shown=DIGITS] [waybill=W] [days=N] [note=WORD] */
void do_desk(struct site *site, const struct line *l)
{
    static const struct {
        const char *word;
        enum lk_admin_op op;
    } rows[] = {
        {"receive", LK_ADMIN_RECEIVE}, {"hand_over", LK_ADMIN_HAND_OVER}, {"send", LK_ADMIN_SEND},
        {"return", LK_ADMIN_RETURN},   {"reject", LK_ADMIN_REJECT},       {"extend", LK_ADMIN_EXTEND},
    };
    struct lk_input in = site_input(LK_IN_ADMIN);
    const char *shown = option(l, "shown"), *waybill = option(l, "waybill"), *days = option(l, "days");
    in.admin = LK_ADMINS;
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        in.admin = strcmp(rows[i].word, l->word[1]) == 0 ? rows[i].op : in.admin;
    }
    if (in.admin == LK_ADMINS) {
        wrong(site, "nothing that is done at a desk");
    }
    facts(site, &in, model_store_item(&site->store, l->word[2]));
    in.proof = shown ? proof_of(site, l->word[2], shown) : LK_PROOF_NONE;
    in.count = days ? (unsigned)strtoul(days, NULL, 10) : 0;
    (void)lk_text_copy(in.waybill, sizeof(in.waybill), waybill ? waybill : "");
    staff(site, &in, l->word[3], l->word[4]);
    others(site, &in, l);
    site_step(site, &in);
}

/* inspected DOOR holds|empty ID ROLE [note=WORD] */
void do_inspected(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_INSPECTED;
    in.door = door_of(site, l->word[1]);
    in.holds = strcmp(l->word[2], "holds") == 0;
    staff(site, &in, l->word[3], l->word[4]);
    others(site, &in, l);
    site_step(site, &in);
}

/* round SEEN MISMATCHES ID ROLE */
void do_round(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_ROUND;
    in.count = (unsigned)strtoul(l->word[1], NULL, 10);
    in.mismatches = (unsigned)strtoul(l->word[2], NULL, 10);
    staff(site, &in, l->word[3], l->word[4]);
    others(site, &in, l);
    site_step(site, &in);
}
