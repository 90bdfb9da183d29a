/* Upstream's commands and what the calendar asks for: every command against every custody, as docs/core.md says. */
#include "doc.h"

#include "bench.h"
#include "machine.h"

#include <stddef.h>

static struct doc doc;

enum { CODE = 11112222, OTHER = 33334444 };

/* An item of this custody that lies in no compartment of the bench, or in A01. */
static void make(const char *id, enum lk_custody custody)
{
    setup();
    bench.core.clock = LK_CLOCK_SYNCED;
    if (custody == LK_CUSTODY_NONE) {
        return;
    }
    if (custody == LK_CUSTODY_IN_LOCKER) {
        CHECK_INT(stock(id, CODE, 0), A01);
        return;
    }
    announce(id, CODE, 0);
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (bench.store.item[i].used && strcmp(bench.store.item[i].item.id, id) == 0) {
            bench.store.item[i].item.custody = custody;
        }
    }
}

static struct lk_item *row_of(const char *id)
{
    return (struct lk_item *)model_store_item(&bench.store, id);
}

/* A command about an item, with the arguments that each kind needs. */
static struct lk_input about(enum lk_command_kind kind, const char *id)
{
    struct lk_input in = command(kind);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), id);
    facts(&in, model_store_item(&bench.store, id));
    in.code_live = model_store_has_secret(&bench.store, id);
    in.command.given = kind == LK_CMD_ITEM_UPDATE ? LK_GIVEN_SIZE : 0;
    in.command.to = LK_CUSTODY_AT_WINDOW;
    if (kind == LK_CMD_CODE_REISSUE || kind == LK_CMD_DELEGATE_GRANT) {
        in.secret = model_secret(OTHER, 0);
    }
    return in;
}

static enum lk_reason told(void)
{
    const struct lk_effect *fx = find_fx(LK_FX_COMMAND);
    CHECK_INT(count_fx(LK_FX_COMMAND), 1);
    CHECK_INT(fx->result, fx->reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED);
    CHECK_INT(find_event(LK_EV_ACCESS_COMMAND_REFUSED) != NULL, fx->reason != LK_REASON_NONE);
    return fx->reason;
}

/* --- the table -----------------------------------------------------------------------------------------------------
 */

/* "post" and "undelivered" are words of the page for arguments: transfer to post, delivered with undeliverable. */
static struct lk_input row_command(const char *text, const char *id)
{
    char name[DOC_TEXT];
    enum lk_command_kind kind = LK_COMMANDS;
    (void)snprintf(name, sizeof(name), "%s", text);
    name[strcspn(name, " ")] = '\0';
    CHECK_INT(lk_command_parse(name, &kind), 0);
    struct lk_input in = about(kind, id);
    in.command.to = strstr(text, " post") ? LK_CUSTODY_WITH_COURIER : LK_CUSTODY_AT_WINDOW;
    in.command.undeliverable = strstr(text, " undeliverable") != NULL;
    return in;
}

static void cell_is_true(const char *text, enum lk_custody was, const char *cell)
{
    make("X1", was);
    feed(row_command(text, "X1"));
    enum lk_reason reason = told();
    const char *is = reason != LK_REASON_NONE ? lk_reason_name(reason)
                     : custody("X1") != was   ? lk_custody_name(custody("X1"))
                                              : "";
    char shown[DOC_TEXT];
    (void)snprintf(shown, sizeof(shown), "%s%s", reason != LK_REASON_NONE ? "" : is[0] != '\0' ? "→ " : "done", is);
    if (strcmp(shown, cell) != 0) {
        printf("# %s, %s: \"%s\", the page says \"%s\"\n", text, lk_custody_name(was), shown, cell);
    }
    CHECK_STR(shown, cell);
    unsigned events = count_fx(LK_FX_EVENT);
    CHECK(events <= 1); /* one change, one event; the feed checks that they belong together */
}

CASE(every_command_and_custody_is_as_the_page_says)
{
    unsigned seen[LK_COMMANDS] = {0};
    doc_read(&doc, LK_SOURCE_DIR "/docs/core.md", "commands");
    for (int i = 1; i < doc.rows; i++) {
        for (int c = 1; c <= LK_CUSTODY_UNKNOWN + 1; c++) {
            enum lk_custody was = LK_CUSTODY_NONE;
            CHECK(strcmp(doc.cell[0][c], "–") == 0 || lk_custody_parse(doc.cell[0][c], &was) == 0);
            cell_is_true(doc.cell[i][0], was, doc.cell[i][c]);
        }
        seen[row_command(doc.cell[i][0], "X1").command.kind]++;
    }
    for (int kind = 0; kind < LK_COMMANDS; kind++) {
        bool of_item = kind < LK_CMD_COMPARTMENT_OPEN;
        CHECK_INT(seen[kind] > 0, of_item);
    }
}

/* --- what is given replaces ----------------------------------------------------------------------------------------
 */

CASE(an_update_changes_only_what_is_given)
{
    static const struct {
        uint32_t bit;
        size_t at, size;
    } fields[] = {
        {LK_GIVEN_CHANNEL, offsetof(struct lk_item, channel), sizeof(enum lk_channel)},
        {LK_GIVEN_SIZE, offsetof(struct lk_item, size), sizeof(enum lk_size)},
        {LK_GIVEN_LOW_REACH, offsetof(struct lk_item, low_reach), sizeof(bool)},
        {LK_GIVEN_NAME, offsetof(struct lk_item, name), LK_NAME_MAX + 1},
        {LK_GIVEN_CASE, offsetof(struct lk_item, case_id), LK_ITEM_ID_MAX + 1},
        {LK_GIVEN_SITE, offsetof(struct lk_item, site), LK_STAFF_ID_MAX + 1},
        {LK_GIVEN_PHONE, offsetof(struct lk_item, phone_tail), 5},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(fields); i++) {
        make("X1", LK_CUSTODY_EXPECTED);
        struct lk_item was = *row_of("X1");
        struct lk_input in = about(LK_CMD_ITEM_UPDATE, "X1");
        struct lk_item *args = &in.command.item;
        *args = (struct lk_item){.channel = LK_CHANNEL_POST,
                                 .size = LK_SIZE_L,
                                 .low_reach = true,
                                 .door = LK_NO_DOOR,
                                 .name = "Z*",
                                 .case_id = "c-1",
                                 .site = "hall-9",
                                 .phone_tail = "4821"};
        memcpy(args->id, "X1", 3);
        in.command.given = fields[i].bit;
        feed(in);
        CHECK_INT(told(), LK_REASON_NONE);
        struct lk_item is = *row_of("X1");
        CHECK(memcmp((char *)&is + fields[i].at, (char *)args + fields[i].at, fields[i].size) == 0);
        memcpy((char *)&is + fields[i].at, (char *)&was + fields[i].at, fields[i].size);
        CHECK(memcmp(&is, &was, sizeof(is)) == 0);
    }
}

static void give_phone(const char *id, const char *tail, uint8_t mac)
{
    struct lk_item *item = row_of(id);
    (void)lk_text_copy(item->phone_tail, sizeof(item->phone_tail), tail);
    item->has_phone = mac != 0;
    item->phone_mac[0] = mac;
}

CASE(a_tail_of_the_known_number_keeps_the_number)
{
    static const struct {
        const char *tail;
        bool kept;
    } rows[] = {{"4821", true}, {"4822", false}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        make("X1", LK_CUSTODY_EXPECTED);
        give_phone("X1", "4821", 7);
        struct lk_input in = about(LK_CMD_ITEM_UPDATE, "X1");
        in.command.given = LK_GIVEN_PHONE;
        (void)lk_text_copy(in.command.item.phone_tail, 5, rows[i].tail);
        feed(in);
        CHECK_STR(row_of("X1")->phone_tail, rows[i].tail);
        CHECK_INT(row_of("X1")->has_phone, rows[i].kept);
    }
}

CASE(nobody_is_asked_for_a_tail_that_is_not_known)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_ITEM_ANNOUNCE, LK_CMD_ITEM_UPDATE};
    for (size_t i = 0; i < LK_ARRAY_SIZE(kinds); i++) {
        for (int known = 0; known < 2; known++) {
            make("X1", kinds[i] == LK_CMD_ITEM_ANNOUNCE ? LK_CUSTODY_NONE : LK_CUSTODY_IN_LOCKER);
            struct lk_input in = about(kinds[i], "X1");
            in.command.item.second_factor = true;
            in.command.given = LK_GIVEN_SECOND_FACTOR | (known ? LK_GIVEN_PHONE : 0);
            (void)lk_text_copy(in.command.item.phone_tail, 5, known ? "4821" : "");
            feed(in);
            CHECK_INT(told(), known ? LK_REASON_NONE : LK_REASON_BAD_ARGUMENT);
        }
    }
}

CASE(a_delegate_of_such_an_item_has_a_tail_too)
{
    for (int tail = 0; tail < 2; tail++) {
        make("X1", LK_CUSTODY_IN_LOCKER);
        row_of("X1")->second_factor = true;
        struct lk_input in = about(LK_CMD_DELEGATE_GRANT, "X1");
        (void)lk_text_copy(in.secret.tail, sizeof(in.secret.tail), tail ? "7788" : "");
        feed(in);
        CHECK_INT(told(), tail ? LK_REASON_NONE : LK_REASON_BAD_ARGUMENT);
    }
}

/* An item that a courier brought before upstream named it: in a compartment, at the window, with the post. */
CASE(an_announcement_gives_a_brought_item_its_code)
{
    static const enum lk_custody places[] = {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_AT_WINDOW, LK_CUSTODY_WITH_COURIER};
    for (size_t i = 0; i < LK_ARRAY_SIZE(places); i++) {
        make("X1", places[i]);
        feed(about(LK_CMD_CODE_REVOKE, "X1"));
        CHECK(!model_store_has_secret(&bench.store, "X1"));
        row_of("X1")->size = LK_SIZE_L;
        struct lk_input in = about(LK_CMD_ITEM_ANNOUNCE, "X1");
        in.secret = model_secret(OTHER, 0);
        feed(in);
        CHECK_INT(told(), LK_REASON_NONE);
        CHECK(model_store_has_secret(&bench.store, "X1"));
        CHECK_INT(custody("X1"), places[i]);
        CHECK_INT(row_of("X1")->size, LK_SIZE_L); /* as the courier found it */
        CHECK_INT(find_event(LK_EV_ITEM_UPDATED)->reason, LK_REASON_DETAILS_CHANGED);
    }
}

/* --- marks ---------------------------------------------------------------------------------------------------------
 */

CASE(nothing_is_changed_about_what_is_cancelled_refused_or_left_for_the_office)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_ITEM_ANNOUNCE, LK_CMD_ITEM_CANCEL,    LK_CMD_ITEM_TRANSFER,
                                                 LK_CMD_ITEM_EXTEND,   LK_CMD_CODE_REISSUE,   LK_CMD_DELEGATE_GRANT,
                                                 LK_CMD_ITEM_UPDATE,   LK_CMD_DELEGATE_REVOKE};
    for (size_t i = 0; i < LK_ARRAY_SIZE(kinds); i++) {
        for (int mark = 0; mark < 3; mark++) {
            make("X1", LK_CUSTODY_IN_LOCKER);
            row_of("X1")->cancelled = mark == 0;
            row_of("X1")->dropoff = mark == 1;
            bench.core.door[A01].dropoff = mark == 1;
            row_of("X1")->rejected = mark == 2;
            bool goes_on = mark == 2 && (kinds[i] == LK_CMD_ITEM_CANCEL || kinds[i] == LK_CMD_ITEM_UPDATE ||
                                         kinds[i] == LK_CMD_DELEGATE_REVOKE);
            feed(about(kinds[i], "X1"));
            CHECK_INT(told() == LK_REASON_NONE, goes_on);
        }
    }
}

CASE(a_code_that_is_somebody_elses_is_given_to_nobody)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_ITEM_ANNOUNCE, LK_CMD_ITEM_UPDATE, LK_CMD_CODE_REISSUE,
                                                 LK_CMD_DELEGATE_GRANT};
    for (size_t i = 0; i < LK_ARRAY_SIZE(kinds); i++) {
        make("X1", kinds[i] == LK_CMD_ITEM_ANNOUNCE ? LK_CUSTODY_NONE : LK_CUSTODY_IN_LOCKER);
        struct lk_input in = about(kinds[i], "X1");
        in.code_in_use = true;
        feed(in);
        CHECK_INT(told(), LK_REASON_CODE_IN_USE);
        CHECK_INT(count_fx(LK_FX_SECRET_SET), 0);
        CHECK_INT(count_fx(LK_FX_ITEM_PUT), 0);
    }
}

CASE(what_lies_together_stays_one_persons)
{
    make("X1", LK_CUSTODY_IN_LOCKER);
    for (int n = 0; n < 2; n++) { /* alone; with another */
        struct lk_input in = about(LK_CMD_ITEM_UPDATE, "X1");
        in.command.given = LK_GIVEN_CASE;
        (void)snprintf(in.command.item.case_id, sizeof(in.command.item.case_id), "c-%d", n);
        struct lk_core was = bench.core;
        if (n == 1) {
            lk_together_add(&bench.core, A01, "X2", false);
        }
        struct lk_effects fx;
        lk_core_step(&bench.cfg, &bench.core, &in, &fx);
        CHECK_INT(fx.at[fx.count - 1].kind, LK_FX_COMMAND);
        CHECK_INT(fx.at[fx.count - 1].reason, n == 0 ? LK_REASON_NONE : LK_REASON_DOOR_OCCUPIED);
        bench.core = was;
    }
}

/* The kiosk offers the compartment of the same person's items; then the one in hand, or the one inside, is another's.
 */
CASE(a_shared_compartment_is_not_offered_for_another_person)
{
    static const struct {
        const char *id;
        uint32_t given;
        bool offered;
    } rows[] = {{"X2", LK_GIVEN_PHONE, false}, {"X1", LK_GIVEN_CASE, false}, {"X2", LK_GIVEN_SIZE, true}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        make("X1", LK_CUSTODY_IN_LOCKER);
        announce("X2", OTHER, 0);
        sign_in(LK_ACTOR_COURIER);
        press(LK_BUTTON_DEPOSIT);
        struct lk_input in = input(LK_IN_SCAN);
        in.scan = LK_SCAN_ITEM;
        (void)lk_text_copy(in.text, sizeof(in.text), "X2");
        facts(&in, row_of("X2"));
        in.join_door = A01;
        ask(in);
        CHECK_INT(bench.core.session.join_door, A01);
        in = about(LK_CMD_ITEM_UPDATE, rows[i].id);
        in.command.given = rows[i].given;
        in.command.item.has_phone = true;
        in.command.item.phone_mac[0] = 9;
        (void)lk_text_copy(in.command.item.phone_tail, 5, "4821");
        (void)lk_text_copy(in.command.item.case_id, sizeof(in.command.item.case_id), "c-9");
        feed(in);
        CHECK_INT(told(), LK_REASON_NONE);
        CHECK_INT(bench.core.session.screen, LK_SCREEN_SIZE);
        CHECK_INT(bench.core.session.join_door, rows[i].offered ? A01 : LK_NO_DOOR);
    }
}

/* The door is just being opened for it: upstream waits until it is known where it is. */
CASE(what_changes_hands_now_is_not_cancelled_delivered_or_sent_elsewhere)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_ITEM_CANCEL, LK_CMD_ITEM_TRANSFER, LK_CMD_ITEM_RECEIVED};
    for (size_t i = 0; i < LK_ARRAY_SIZE(kinds); i++) {
        make("X1", LK_CUSTODY_EXPECTED);
        sign_in(LK_ACTOR_COURIER);
        press(LK_BUTTON_DEPOSIT);
        scan("X1");
        press_size(LK_SIZE_S);
        CHECK_INT(bench.core.door[A01].op.purpose, LK_PURPOSE_DEPOSIT);
        feed(about(kinds[i], "X1"));
        CHECK_INT(told(), LK_REASON_DOOR_BUSY);
    }
}

CASE(a_dead_code_asks_for_no_phone_tail)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_ITEM_CANCEL, LK_CMD_CODE_REVOKE, LK_CMD_CODE_REISSUE};
    for (size_t i = 0; i < LK_ARRAY_SIZE(kinds); i++) {
        make("X1", LK_CUSTODY_IN_LOCKER);
        bench.core.session.screen = LK_SCREEN_SECOND; /* the right code was typed */
        bench.core.session.item = *row_of("X1");
        bench.core.session.deadline_at_ms = bench.now_ms + 60000;
        feed(about(kinds[i], "X1"));
        CHECK_INT(bench.core.session.screen, LK_SCREEN_NOTICE);
    }
}

/* --- the calendar --------------------------------------------------------------------------------------------------
 */

static void due(enum lk_due what, const char *id)
{
    struct lk_input in = input(LK_IN_DUE);
    in.due = what;
    facts(&in, model_store_item(&bench.store, id));
    in.count = what == LK_DUE_PURGE ? 4 : 0;
    feed(in);
}

CASE(law_12_only_who_is_gone_is_erased_and_only_who_waits_here_is_reminded)
{
    for (int c = LK_CUSTODY_EXPECTED; c < LK_CUSTODIES; c++) {
        enum lk_custody where = (enum lk_custody)c;
        bool over = where == LK_CUSTODY_COLLECTED || where == LK_CUSTODY_RETURNED;
        make("X1", where);
        due(LK_DUE_ERASE, "X1");
        CHECK_INT(find_event(LK_EV_ITEM_ERASED) != NULL, over);
        CHECK_INT(count_fx(LK_FX_ITEM_ERASE), over);
        due(LK_DUE_REMINDER, "X1");
        CHECK_INT(find_event(LK_EV_ITEM_REMINDER) != NULL, where == LK_CUSTODY_IN_LOCKER);
        due(LK_DUE_OVERDUE, "X1");
        CHECK_INT(find_event(LK_EV_ITEM_OVERDUE) != NULL, where == LK_CUSTODY_IN_LOCKER);
        CHECK_INT(custody("X1"), where);
    }
}

CASE(law_11_a_wrong_clock_makes_nothing_due)
{
    static const enum lk_clock_quality worse[] = {LK_CLOCK_UNSYNCED, LK_CLOCK_RTC};
    for (size_t i = 0; i < LK_ARRAY_SIZE(worse); i++) {
        for (int what = 0; what < LK_DUES; what++) {
            make("X1", what == LK_DUE_ERASE ? LK_CUSTODY_COLLECTED : LK_CUSTODY_IN_LOCKER);
            bench.core.clock = worse[i];
            due((enum lk_due)what, "X1");
            CHECK_INT(bench.fx.count, 0);
        }
    }
}

CASE(a_purge_is_told_with_its_number)
{
    setup();
    bench.core.clock = LK_CLOCK_SYNCED;
    due(LK_DUE_PURGE, "");
    CHECK_INT(count_fx(LK_FX_RECORDS_PURGE), 1);
    CHECK_INT(find_event(LK_EV_AUDIT_PURGE)->count, 4);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(every_command_and_custody_is_as_the_page_says),
        NAMED(an_update_changes_only_what_is_given),
        NAMED(a_tail_of_the_known_number_keeps_the_number),
        NAMED(nobody_is_asked_for_a_tail_that_is_not_known),
        NAMED(a_delegate_of_such_an_item_has_a_tail_too),
        NAMED(an_announcement_gives_a_brought_item_its_code),
        NAMED(nothing_is_changed_about_what_is_cancelled_refused_or_left_for_the_office),
        NAMED(a_code_that_is_somebody_elses_is_given_to_nobody),
        NAMED(what_lies_together_stays_one_persons),
        NAMED(a_shared_compartment_is_not_offered_for_another_person),
        NAMED(what_changes_hands_now_is_not_cancelled_delivered_or_sent_elsewhere),
        NAMED(a_dead_code_asks_for_no_phone_tail),
        NAMED(law_12_only_who_is_gone_is_erased_and_only_who_waits_here_is_reminded),
        NAMED(law_11_a_wrong_clock_makes_nothing_due),
        NAMED(a_purge_is_told_with_its_number),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
