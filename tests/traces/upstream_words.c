/* The scenario language's words for upstream's commands and for what the calendar asks for. */
#include "scenario.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum lk_command_kind kind;
} words[] = {
    {"announce", LK_CMD_ITEM_ANNOUNCE}, {"update", LK_CMD_ITEM_UPDATE},      {"cancel", LK_CMD_ITEM_CANCEL},
    {"transfer", LK_CMD_ITEM_TRANSFER}, {"extend", LK_CMD_ITEM_EXTEND},      {"delivered", LK_CMD_ITEM_DELIVERED},
    {"received", LK_CMD_ITEM_RECEIVED}, {"reissue", LK_CMD_CODE_REISSUE},    {"revoke", LK_CMD_CODE_REVOKE},
    {"grant", LK_CMD_DELEGATE_GRANT},   {"ungrant", LK_CMD_DELEGATE_REVOKE}, {"remote", LK_CMD_COMPARTMENT_OPEN},
};

static enum lk_command_kind kind_of(const char *word)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            return words[i].kind;
        }
    }
    return LK_COMMANDS;
}

/* The command that the line's first word names, about the item that its second names, as the store knows it. */
static struct lk_input command(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_COMMAND);
    in.command.kind = kind_of(l->word[0]);
    in.command.digest[0] = 1;
    (void)snprintf(in.command.jti, sizeof(in.command.jti), "j%u", ++site->jti);
    (void)lk_text_copy(in.command.issuer, sizeof(in.command.issuer), "postal");
    if (in.command.kind != LK_CMD_COMPARTMENT_OPEN) {
        (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), l->word[1]);
        facts(site, &in, model_store_item(&site->store, l->word[1]));
        in.code_live = model_store_has_secret(&site->store, l->word[1]);
    }
    return in;
}

/* As announce and update give them, with the bits that say which were there. */
static void details(struct site *site, struct lk_input *in, const struct line *l)
{
    static const struct {
        const char *key;
        uint32_t bit;
    } rows[] = {
        {"size", LK_GIVEN_SIZE},   {"channel", LK_GIVEN_CHANNEL},
        {"phone", LK_GIVEN_PHONE}, {"low", LK_GIVEN_LOW_REACH},
        {"name", LK_GIVEN_NAME},   {"case", LK_GIVEN_CASE},
        {"site", LK_GIVEN_SITE},   {"second", LK_GIVEN_SECOND_FACTOR},
    };
    struct lk_item *item = &in->command.item;
    const char *size = option(l, "size"), *channel = option(l, "channel"), *low = option(l, "low");
    const char *second = option(l, "second");
    item_details(item, l);
    item->low_reach = (low && strcmp(low, "yes") == 0) || strcmp(l->word[2], "low") == 0;
    item->second_factor = second && strcmp(second, "yes") == 0;
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        in->command.given |= option(l, rows[i].key) ? rows[i].bit : 0;
    }
    if ((size && lk_size_parse(size, &item->size) < 0) || (channel && lk_channel_parse(channel, &item->channel) < 0)) {
        wrong(site, "no such size or channel");
    }
}

/* A code is in use when it is live for another item, unless that one is the same person's. */
static void secrets(struct site *site, struct lk_input *in, const struct line *l)
{
    const char *code = option(l, "code"), *token = option(l, "token"), *tail = option(l, "tail");
    bool live = false;
    const struct lk_item *person = in->command.item.has_phone ? &in->command.item : &in->item;
    const struct lk_item *other = code ? model_store_find(&site->store, number_of(code), false, &live) : NULL;
    in->code_in_use = live && strcmp(other->id, l->word[1]) != 0 && !model_same_person(other, person);
    in->secret = model_secret(code ? number_of(code) : 0, token ? number_of(token) : 0);
    (void)lk_text_copy(in->secret.tail, sizeof(in->secret.tail), tail ? tail : "");
}

void do_announce(struct site *site, const struct line *l)
{
    struct lk_input in = command(site, l);
    details(site, &in, l);
    secrets(site, &in, l);
    site_step(site, &in);
}

void do_update(struct site *site, const struct line *l)
{
    struct lk_input in = command(site, l);
    details(site, &in, l);
    site_step(site, &in);
}

void do_secret(struct site *site, const struct line *l)
{
    struct lk_input in = command(site, l);
    secrets(site, &in, l);
    site_step(site, &in);
}

void do_transfer(struct site *site, const struct line *l)
{
    struct lk_input in = command(site, l);
    const char *waybill = option(l, "waybill");
    in.command.to = strcmp(l->word[2], "post") == 0 ? LK_CUSTODY_WITH_COURIER : LK_CUSTODY_AT_WINDOW;
    (void)lk_text_copy(in.command.item.waybill, sizeof(in.command.item.waybill), waybill ? waybill : "");
    site_step(site, &in);
}

/* cancel, extend, delivered, received, revoke, ungrant */
void do_command(struct site *site, const struct line *l)
{
    struct lk_input in = command(site, l);
    const char *via = option(l, "via"), *days = option(l, "days");
    in.command.days = days ? (unsigned)strtoul(days, NULL, 10) : 0;
    for (int i = 2; i < l->words; i++) {
        in.command.undeliverable = in.command.undeliverable || strcmp(l->word[i], "undeliverable") == 0;
    }
    if (via && lk_channel_parse(via, &in.command.via) < 0) {
        wrong(site, "no such way");
    }
    site_step(site, &in);
}

void do_remote(struct site *site, const struct line *l)
{
    struct lk_input in = command(site, l);
    (void)lk_text_copy(in.command.compartment, sizeof(in.command.compartment), l->word[1]);
    in.command.door = lk_core_find_door(&site->cfg, l->word[1]);
    site_step(site, &in);
}

/* due reminder|overdue|erase ITEM; due purge COUNT */
void do_due(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_DUE);
    int due = 0;
    while (due < LK_DUES && strcmp(lk_due_name((enum lk_due)due), l->word[1]) != 0) {
        due++;
    }
    if (due == LK_DUES) {
        wrong(site, "nothing that the calendar asks for");
        return;
    }
    in.due = (enum lk_due)due;
    if (in.due == LK_DUE_PURGE) {
        in.count = (unsigned)strtoul(l->word[2], NULL, 10);
    } else {
        facts(site, &in, model_store_item(&site->store, l->word[2]));
    }
    site_step(site, &in);
}

void do_clock(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_CLOCK);
    in.clock = strcmp(l->word[1], "synced") == 0 ? LK_CLOCK_SYNCED : LK_CLOCK_UNSYNCED;
    site_step(site, &in);
}
