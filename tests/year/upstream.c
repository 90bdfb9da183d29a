/* The postal system: commands, an ack now and then, and its own books of custody, kept from the events alone. */
#include "year.h"

#include "base/text.h"
#include "facts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { READ_AT_ONCE = 500, REPLAY_BACK = 50, DUES_MOST = 500 };

/* --- commands ----------------------------------------------------------------------------------------------------- */

struct lk_command upstream_command(struct site *s, enum lk_command_kind kind, const struct envelope *e)
{
    struct lk_command c = {.kind = kind, .door = LK_NO_DOOR};
    (void)snprintf(c.jti, sizeof(c.jti), "j-%u", ++s->jti);
    (void)snprintf((char *)c.digest, sizeof(c.digest), "%u", s->jti);
    (void)lk_text_copy(c.issuer, sizeof(c.issuer), "postal");
    c.item.door = LK_NO_DOOR;
    if (e) {
        (void)lk_text_copy(c.item.id, sizeof(c.item.id), e->id);
    }
    return c;
}

static void deliver_command(struct site *s, const struct lk_command *command)
{
    struct lk_command c = *command;
    struct lk_store_command known = {0};
    struct lk_input in = {0};
    struct lk_stamp now = site_stamp(s);
    if (lk_store_find_command(s->store, c.jti, c.digest, &known) < 0) {
        site_broken(s, "a command cannot be looked up");
    }
    if (known.known != LK_STORE_KNOWN_NONE) {
        s->tally.repeated++; /* the stored answer again, and nothing else (law 7) */
        return;
    }
    if (lk_facts_command(s->store, &now, &s->cfg, &c, &in) < 0) {
        site_broken(s, "the facts of a command cannot be looked up");
    }
    s->tally.commands++;
    (void)lk_engine_submit(s->engine, &in);
}

static void flush(struct site *s)
{
    for (size_t i = 0; i < s->waits; i++) {
        deliver_command(s, &s->waiting[i]);
        if (chance_in(&s->rng, 200)) {
            deliver_command(s, &s->waiting[i]); /* the broker gave it twice */
        }
    }
    s->waits = 0;
}

void upstream_send(struct site *s, struct lk_command *command)
{
    if (s->waits == s->waits_room) {
        s->waits_room = s->waits_room ? 2 * s->waits_room : 64;
        s->waiting = realloc(s->waiting, s->waits_room * sizeof(*s->waiting));
        if (!s->waiting) {
            abort();
        }
    }
    s->waiting[s->waits++] = *command;
    if (s->up && s->net_up) {
        flush(s);
    }
}

void upstream_announce(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    struct lk_command c = upstream_command(s, LK_CMD_ITEM_ANNOUNCE, e);
    c.item.channel = e->channel;
    c.item.size = e->size;
    c.item.low_reach = e->low_reach;
    c.item.second_factor = e->second_factor;
    c.given = LK_GIVEN_CHANNEL | LK_GIVEN_SIZE | LK_GIVEN_PHONE | LK_GIVEN_LOW_REACH | LK_GIVEN_NAME | LK_GIVEN_CASE |
              LK_GIVEN_SITE | LK_GIVEN_SECOND_FACTOR;
    (void)lk_text_copy(c.code, sizeof(c.code), e->code);
    (void)lk_text_copy(c.token, sizeof(c.token), e->token);
    (void)lk_text_copy(c.phone, sizeof(c.phone), e->phone);
    (void)lk_text_copy(c.item.phone_tail, sizeof(c.item.phone_tail), e->phone + 7);
    (void)lk_text_copy(c.item.name, sizeof(c.item.name), "W*");
    (void)lk_text_copy(c.item.case_id, sizeof(c.item.case_id), e->case_id);
    (void)lk_text_copy(c.item.site, sizeof(c.item.site), s->name);
    e->announced = true;
    upstream_send(s, &c);
}

void upstream_cancel(struct site *s, int item)
{
    struct lk_command c = upstream_command(s, LK_CMD_ITEM_CANCEL, &s->item[item]);
    upstream_send(s, &c);
}

/* The post rings, and the phone of the postman tells upstream. */
void upstream_deliver(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    struct lk_command c = upstream_command(s, LK_CMD_ITEM_DELIVERED, e);
    if (e->where != AT_POST) {
        return;
    }
    c.via = LK_CHANNEL_POST;
    c.undeliverable = e->bad_address;
    upstream_send(s, &c);
    e->brought_back = e->bad_address; /* a clerk receives it */
    e->where = e->bad_address ? AT_POST : AT_RECIPIENT;
}

/* What an office does now and then, about any item. */
void upstream_some_command(struct site *s)
{
    static const enum lk_command_kind kinds[] = {
        LK_CMD_ITEM_UPDATE, LK_CMD_ITEM_TRANSFER,   LK_CMD_ITEM_EXTEND,      LK_CMD_CODE_REISSUE,
        LK_CMD_CODE_REVOKE, LK_CMD_DELEGATE_REVOKE, LK_CMD_COMPARTMENT_OPEN, LK_CMD_STATUS_GET,
    };
    if (s->items == 0) {
        return;
    }
    struct envelope *e = &s->item[chance_between(&s->rng, 0, (int64_t)s->items - 1)];
    for (int i = 0; i < 50 && e->where != BEHIND_DOOR; i++) { /* better one that is here */
        e = &s->item[chance_between(&s->rng, 0, (int64_t)s->items - 1)];
    }
    enum lk_command_kind kind = kinds[chance_between(&s->rng, 0, 7)];
    struct lk_command c = upstream_command(s, kind, e);
    c.to = chance_in(&s->rng, 5000) ? LK_CUSTODY_AT_WINDOW : LK_CUSTODY_WITH_COURIER;
    if (kind == LK_CMD_ITEM_TRANSFER && c.to == LK_CUSTODY_WITH_COURIER) {
        (void)lk_text_copy(c.item.waybill, sizeof(c.item.waybill), e->waybill);
    } else if (kind == LK_CMD_ITEM_UPDATE) {
        c.given = LK_GIVEN_NAME;
        (void)lk_text_copy(c.item.name, sizeof(c.item.name), "L*");
    } else if (kind == LK_CMD_CODE_REISSUE) {
        (void)lk_text_copy(c.code, sizeof(c.code), e->code);
        (void)lk_text_copy(c.token, sizeof(c.token), e->token);
    } else if (kind == LK_CMD_COMPARTMENT_OPEN) {
        int door = (int)chance_between(&s->rng, 0, s->cfg.doors - 1);
        (void)lk_text_copy(c.compartment, sizeof(c.compartment), lk_core_label(&s->cfg, door));
        c.item.id[0] = '\0';
    }
    upstream_send(s, &c);
}

/* --- the network -------------------------------------------------------------------------------------------------- */

void upstream_net(struct site *s, bool up)
{
    if (up) {
        s->net_up = true;
        if (s->up) {
            flush(s);
        }
        return;
    }
    if (s->net_up) {
        bool weeks = chance_in(&s->rng, 3000);
        int64_t away_ms =
            weeks ? chance_between(&s->rng, 7 * DAY_MS, 24 * DAY_MS) : chance_between(&s->rng, HOUR_MS, DAY_MS);
        s->net_up = false;
        s->tally.offline_days += (uint64_t)((away_ms + DAY_MS / 2) / DAY_MS);
        (void)site_plan(s, H_NET_UP, site_now(s) + away_ms, 0);
    }
}

/* --- the books ---------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *text)
{
    uint64_t h = 0xCBF29CE484222325U;
    for (; *text; text++) {
        h = (h ^ (unsigned char)*text) * 0x100000001B3U; /* FNV-1a */
    }
    return h;
}

static struct book_line *find_line(const struct books *b, const char *item)
{
    size_t i = hash_of(item) & (b->room - 1);
    while (b->line[i].item[0] != '\0' && strcmp(b->line[i].item, item) != 0) {
        i = (i + 1) & (b->room - 1);
    }
    return &b->line[i];
}

static void grow(struct books *b)
{
    struct books next = *b;
    next.room = b->room ? 2 * b->room : 1024;
    next.line = calloc(next.room, sizeof(*next.line));
    if (!next.line) {
        abort();
    }
    for (size_t i = 0; i < b->room; i++) {
        if (b->line[i].item[0] != '\0') {
            *find_line(&next, b->line[i].item) = b->line[i];
        }
    }
    free(b->line);
    *b = next;
}

const struct book_line *upstream_book(const struct site *s, const char *item)
{
    const struct book_line *line = s->books.room ? find_line(&s->books, item) : NULL;
    return line && line->item[0] != '\0' ? line : NULL;
}

static const char *text_of(const json_t *data, const char *key)
{
    const char *text = json_string_value(json_object_get(data, key));
    return text ? text : "";
}

/* An item changed hands: the books must have had it where the event says it was. */
static void change(struct site *s, const struct lk_record *record, const json_t *data)
{
    const char *id = text_of(data, "item");
    enum lk_custody from = LK_CUSTODY_NONE, to = LK_CUSTODY_NONE;
    if (lk_custody_parse(text_of(data, "to"), &to) < 0) {
        return;
    }
    (void)lk_custody_parse(text_of(data, "from"), &from);
    if (2 * (s->books.count + 1) > s->books.room) {
        grow(&s->books);
    }
    struct book_line *line = find_line(&s->books, id);
    if (line->custody != from) {
        site_broken(s, "event %" PRIu64 ": %s goes from %s to %s, and the books say %s", record->seq, id,
                    lk_custody_name(from), lk_custody_name(to), lk_custody_name(line->custody));
    }
    s->books.count += line->item[0] == '\0';
    (void)lk_text_copy(line->item, sizeof(line->item), id);
    line->custody = to;
    (void)lk_channel_parse(text_of(data, "via"), &line->via);
}

static void count_reason(struct site *s, const struct lk_record *record, const json_t *data)
{
    enum lk_reason reason = LK_REASON_NONE;
    (void)lk_reason_parse(text_of(data, "reason"), &reason);
    if (record->type == LK_EV_ACCESS_DENIED || record->type == LK_EV_ACCESS_COMMAND_REFUSED) {
        s->tally.denied[reason]++;
    } else if (record->type == LK_EV_ITEM_DISPUTED) {
        s->tally.disputes[reason]++;
    } else if (record->type == LK_EV_AUDIT_MISMATCH) {
        s->tally.mismatches[reason]++;
    }
}

static bool on_record(void *user, const struct lk_record *record)
{
    struct site *s = user;
    if (record->seq <= s->books.received) {
        s->tally.replayed++; /* at least once: this one is known */
        return true;
    }
    bool first = s->books.received == 0;
    if (record->seq != s->books.received + 1 || (!first && strcmp(record->prevhash, s->books.head) != 0)) {
        site_broken(s, "event %" PRIu64 " does not follow on %" PRIu64 " (law 6)", record->seq, s->books.received);
    }
    json_t *data = json_loads(record->data, 0, NULL);
    if (!data) {
        site_broken(s, "event %" PRIu64 " is no JSON", record->seq);
    }
    s->books.received = record->seq;
    memcpy(s->books.head, record->hash, sizeof(s->books.head));
    s->tally.events[record->type]++;
    change(s, record, data);
    count_reason(s, record, data);
    json_decref(data);
    return true;
}

void upstream_read(struct site *s, bool ack)
{
    uint64_t after = s->books.received;
    if (chance_in(&s->rng, 500)) {
        after = after > REPLAY_BACK ? after - REPLAY_BACK : 0; /* "replayFrom" */
    }
    while (after < lk_store_last_seq(s->store)) {
        if (lk_store_read_events(s->store, after, READ_AT_ONCE, on_record, s) < 0) {
            site_broken(s, "events cannot be read");
        }
        after = s->books.received;
    }
    if (ack && lk_store_set_acked(s->store, s->books.received) < 0) {
        site_broken(s, "an ack is not taken");
    }
}

void upstream_night(struct site *s)
{
    bool lazy = s->acks_late > 0 || chance_in(&s->rng, 100);
    if (lazy && s->acks_late == 0) {
        s->acks_late = (int)chance_between(&s->rng, 2, 20);
        s->tally.late_acks++;
    }
    s->acks_late -= s->acks_late > 0;
    if (s->net_up && s->up) {
        flush(s);
        upstream_read(s, s->acks_late == 0);
    }
    if (site_day(s) % 7 == 0) {
        truth_items(s);
    }
}

/* What the calendar asks for, as controller/app asks every minute. */
void upstream_dues(struct site *s)
{
    enum lk_due due = LK_DUES;
    struct lk_store_found found = {.found = true};
    unsigned count = 1;
    if (!s->up) {
        return;
    }
    if (s->net_up) {
        flush(s);
    }
    struct lk_stamp now = site_stamp(s);
    for (int i = 0; i < DUES_MOST && s->up; i++) {
        struct lk_input in = lk_engine_input(LK_IN_DUE);
        found = (struct lk_store_found){0};
        count = 0;
        if (lk_store_next_due(s->store, &now, &due, &found, &count) < 0) {
            site_broken(s, "what is due cannot be found");
        }
        if (!found.found && count == 0) {
            break;
        }
        in.due = due;
        in.found = found.found;
        in.item = found.item;
        in.count = count;
        (void)lk_engine_submit(s->engine, &in);
    }
    if (chance_in(&s->rng, 100)) {
        upstream_some_command(s);
    }
}

void upstream_free(struct site *s)
{
    free(s->waiting);
    free(s->books.line);
}
