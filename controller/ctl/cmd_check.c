#include "show.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <string.h>

static void human_selfcheck(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.check", "ctl.col.place", "ctl.col.verdict", "ctl.col.reason",
                                         "ctl.col.detail"};
    struct lk_table t = {.columns = 5};
    char b[4][LK_SHOW_CELL];
    size_t i;
    const json_t *c;
    lk_show_header(ctl, &t, header);
    json_array_foreach(json_object_get(r, "checks"), i, c)
    {
        bool ok = json_is_true(json_object_get(c, "ok"));
        const char *cells[] = {
            lk_show_word(ctl, c, "check", "ctl.check", b[0]), lk_ctl_get(c, "place", b[1], LK_SHOW_CELL),
            lk_say_text(ctl->lang, ok ? "ctl.word.good" : "ctl.word.fault"),
            lk_show_word(ctl, c, "reason", "reason", b[2]), lk_ctl_get(c, "detail", b[3], LK_SHOW_CELL)};
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
    lk_say(stdout, ctl->lang, json_is_true(json_object_get(r, "ok")) ? "ctl.selfcheck.good" : "ctl.selfcheck.faults",
           NULL);
}

static int verdict_selfcheck(const json_t *r)
{
    return json_is_true(json_object_get(r, "ok")) ? LK_EXIT_OK : LK_EXIT_FAULTS;
}

int lk_cmd_selfcheck(struct lk_ctl *ctl)
{
    return lk_show(ctl, "selfcheck", NULL, human_selfcheck, verdict_selfcheck);
}

/* One row for each board: which it is, and then the columns of one of the two tables. */
static void add_boards(struct lk_ctl *ctl, struct lk_table *t, const json_t *r, const char *const *keys)
{
    size_t i, k;
    const json_t *bus, *u;
    json_array_foreach(json_object_get(r, "fieldbuses"), i, bus)
    {
        json_array_foreach(json_object_get(bus, "units"), k, u)
        {
            char b[LK_TABLE_COLUMNS][LK_SHOW_CELL];
            const char *cells[LK_TABLE_COLUMNS] = {lk_ctl_get(bus, "name", b[0], LK_SHOW_CELL),
                                                   lk_ctl_get(u, "bank", b[1], LK_SHOW_CELL),
                                                   lk_ctl_get(u, "unit", b[2], LK_SHOW_CELL)};
            for (size_t c = 3; c < t->columns; c++) {
                const json_t *value = json_object_get(u, keys[c - 3]);
                bool word = strcmp(keys[c - 3], "state") == 0;
                cells[c] = word                     ? lk_show_word(ctl, u, "state", "ctl.bank", b[c])
                           : json_is_boolean(value) ? lk_show_yes_no(ctl, value)
                                                    : lk_ctl_get(u, keys[c - 3], b[c], LK_SHOW_CELL);
            }
            lk_table_add(t, cells);
        }
    }
}

static void print_boards(struct lk_ctl *ctl, const json_t *r, const char *const *header, const char *const *keys,
                         size_t columns, uint32_t right)
{
    struct lk_table t = {.columns = columns, .right = right};
    lk_show_header(ctl, &t, header);
    add_boards(ctl, &t, r, keys);
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

static void print_gpio(struct lk_ctl *ctl, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL], d[LK_SHOW_CELL];
    size_t i;
    const json_t *bank;
    json_array_foreach(json_object_get(r, "gpio"), i, bank)
    {
        lk_say(stdout, ctl->lang, "ctl.bus.gpio",
               LK_WORDS({"bank", lk_ctl_get(bank, "bank", a, sizeof(a))},
                        {"chip", lk_ctl_get(bank, "chip", b, sizeof(b))},
                        {"state", lk_show_word(ctl, bank, "state", "ctl.bank", c)},
                        {"complaint", lk_ctl_get(bank, "complaint", d, sizeof(d))}));
    }
}

static void human_bus(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const count_header[] = {
        "ctl.col.fieldbus", "ctl.col.bank", "ctl.col.unit", "ctl.col.state", "ctl.col.requests",   "ctl.col.answers",
        "ctl.col.timeouts", "ctl.col.crc",  "ctl.col.bad",  "ctl.col.late",  "ctl.col.exceptions", "ctl.col.doubled"};
    static const char *const count_keys[] = {"state", "requests", "ok",         "timeouts", "crc",
                                             "bad",   "late",     "exceptions", "doubled"};
    static const char *const time_header[] = {"ctl.col.fieldbus", "ctl.col.bank",       "ctl.col.unit",
                                              "ctl.col.p50_us",   "ctl.col.p99_us",     "ctl.col.mean_us",
                                              "ctl.col.max_us",   "ctl.col.gap_ms",     "ctl.col.timeout_ms",
                                              "ctl.col.share",    "ctl.col.quarantined"};
    static const char *const time_keys[] = {"p50_us",         "p99_us",     "mean_us",        "max_us",
                                            "longest_gap_ms", "timeout_ms", "share_permille", "quarantined"};
    size_t i;
    const json_t *bus;
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    json_array_foreach(json_object_get(r, "fieldbuses"), i, bus)
    {
        lk_say(stdout, ctl->lang, "ctl.bus.line",
               LK_WORDS({"name", lk_ctl_get(bus, "name", a, sizeof(a))},
                        {"state", lk_show_word(ctl, bus, "state", "ctl.line", b)}));
    }
    print_gpio(ctl, r);
    print_boards(ctl, r, count_header, count_keys, 12, 0xff4);
    fputc('\n', stdout);
    print_boards(ctl, r, time_header, time_keys, 11, 0x3fc);
}

int lk_cmd_bus(struct lk_ctl *ctl)
{
    return lk_show(ctl, "bus", NULL, human_bus, NULL);
}

static void human_metrics(struct lk_ctl *ctl, const json_t *r)
{
    (void)ctl;
    const char *text = json_string_value(json_object_get(r, "text"));
    for (; text != NULL && *text != '\0'; text++) {
        bool control = ((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7f;
        fputc(control ? '?' : *text, stdout);
    }
}

int lk_cmd_metrics(struct lk_ctl *ctl)
{
    return lk_show(ctl, "metrics", NULL, human_metrics, NULL);
}

static void add_outbox(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], level[LK_SHOW_CELL], key[LK_SHOW_CELL + 32];
    (void)snprintf(key, sizeof(key), "ctl.uplink.outbox.%s", lk_ctl_get(r, "outbox", level, sizeof(level)));
    if (level[0] != '\0') {
        lk_show_row(ctl, t, "ctl.uplink.outbox", key,
                    LK_WORDS({"most", lk_ctl_get(r, "outbox_most", a, sizeof(a))},
                             {"left_out", lk_ctl_get(r, "left_out", b, sizeof(b))}));
        lk_show_label(ctl, t, "ctl.uplink.first", lk_ctl_get(r, "first_seq", a, sizeof(a)));
    }
}

static void add_uplink_counts(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL];
    lk_show_label(ctl, t, "ctl.uplink.since", lk_show_duration(ctl, r, "since_s", a));
    lk_show_row(ctl, t, "ctl.status.events", "ctl.status.events_value",
                LK_WORDS({"seq", lk_ctl_get(r, "seq", a, sizeof(a))}, {"acked", lk_ctl_get(r, "acked", b, sizeof(b))},
                         {"unacked", lk_ctl_get(r, "unacked", c, sizeof(c))}));
    add_outbox(ctl, t, r);
    lk_show_label(ctl, t, "ctl.uplink.sent", lk_ctl_get(r, "sent", a, sizeof(a)));
    lk_show_label(ctl, t, "ctl.uplink.command_keys", lk_ctl_get(r, "command_keys", a, sizeof(a)));
    const char *seal_key = lk_ctl_get(r, "seal_key", b, sizeof(b));
    lk_show_label(ctl, t, "ctl.uplink.seal_key", seal_key[0] != '\0' ? seal_key : "-");
    lk_show_label(ctl, t, "ctl.uplink.epoch", lk_ctl_get(r, "epoch", a, sizeof(a)));
}

static void human_uplink(struct lk_ctl *ctl, const json_t *r)
{
    struct lk_table t = {.columns = 2};
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    bool configured = json_is_true(json_object_get(r, "configured"));
    const char *text = !configured                                     ? "ctl.uplink.none"
                       : json_is_true(json_object_get(r, "connected")) ? "ctl.uplink.up"
                                                                       : "ctl.uplink.down";
    lk_show_row(
        ctl, &t, "ctl.status.uplink", text,
        LK_WORDS({"url", lk_ctl_get(r, "url", a, sizeof(a))}, {"error", lk_ctl_get(r, "last_error", b, sizeof(b))}));
    if (configured) {
        add_uplink_counts(ctl, &t, r);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

static void human_reload(struct lk_ctl *ctl, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const char *seal = lk_ctl_get(r, "seal_key", b, sizeof(b));
    lk_say(stdout, ctl->lang, "ctl.reload.done",
           LK_WORDS({"keys", lk_ctl_get(r, "command_keys", a, sizeof(a))}, {"seal", seal[0] != '\0' ? seal : "-"}));
    lk_say(stdout, ctl->lang,
           json_is_true(json_object_get(r, "reconnects")) ? "ctl.reload.reconnects" : "ctl.reload.same",
           LK_WORDS({"", ""}));
}

int lk_cmd_reload(struct lk_ctl *ctl)
{
    json_t *result = NULL;
    int code = lk_ctl_call(ctl, "reload", json_object(), true, NULL, &result);
    if (code == LK_EXIT_OK && ctl->json) {
        lk_ctl_print_json(result);
    } else if (code == LK_EXIT_OK) {
        human_reload(ctl, result);
    }
    json_decref(result);
    return code;
}

int lk_cmd_lamps(struct lk_ctl *ctl)
{
    char list[LK_SHOW_CELL] = "", buf[LK_SHOW_CELL];
    struct lk_text text = lk_text_init(list, sizeof(list));
    json_t *result = NULL, *output;
    size_t i;
    int code = lk_ctl_call(ctl, "lamps", json_object(), true, NULL, &result);
    json_array_foreach(json_object_get(result, "outputs"), i, output)
    {
        lk_text_addf(&text, "%s%s", i == 0 ? "" : ", ",
                     lk_say_word(ctl->lang, "ctl.lamp", json_string_value(output), buf, sizeof(buf)));
    }
    if (code == LK_EXIT_OK && ctl->json) {
        lk_ctl_print_json(result);
    } else if (code == LK_EXIT_OK) {
        lk_say(stdout, ctl->lang, "ctl.lamps.on", LK_WORDS({"outputs", list}));
    }
    json_decref(result);
    return code;
}

int lk_cmd_uplink(struct lk_ctl *ctl)
{
    return lk_show(ctl, "uplink", NULL, human_uplink, NULL);
}

static bool chain_ok(const json_t *r)
{
    return json_is_true(json_object_get(json_object_get(r, "chain"), "ok"));
}

static bool quick_ok(const json_t *r)
{
    char buf[LK_SHOW_CELL];
    return strcmp(lk_ctl_get(r, "quick_check", buf, sizeof(buf)), "ok") == 0;
}

static void add_items(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    const char *key;
    json_t *n;
    char line[512], buf[LK_SHOW_CELL];
    struct lk_text text = lk_text_init(line, sizeof(line));
    json_object_foreach(json_object_get(r, "items"), key, n)
    {
        lk_text_addf(&text, "%s%s %" PRId64, text.len == 0 ? "" : ", ",
                     lk_say_word(ctl->lang, "ctl.custody", key, buf, sizeof(buf)), (int64_t)json_integer_value(n));
    }
    lk_show_label(ctl, t, "ctl.store.items", line);
}

static void add_last_backup(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const json_t *last = json_object_get(r, "last_backup");
    if (!json_is_object(last)) {
        lk_show_label(ctl, t, "ctl.store.backup", lk_say_text(ctl->lang, "ctl.store.no_backup"));
        return;
    }
    lk_show_row(
        ctl, t, "ctl.store.backup", "ctl.store.backup_value",
        LK_WORDS({"path", lk_ctl_get(last, "path", a, sizeof(a))}, {"time", lk_show_wall_ms(last, "wall_ms", b)}));
}

static void human_store(struct lk_ctl *ctl, const json_t *r)
{
    struct lk_table t = {.columns = 2};
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const json_t *chain = json_object_get(r, "chain");
    lk_show_label(ctl, &t, "ctl.store.path", lk_ctl_get(r, "path", a, sizeof(a)));
    lk_show_row(ctl, &t, "ctl.store.size", "ctl.store.size_value",
                LK_WORDS({"size", lk_show_bytes(r, "bytes", a)}, {"wal", lk_show_bytes(r, "wal_bytes", b)}));
    lk_show_row(ctl, &t, "ctl.store.check", quick_ok(r) ? "ctl.store.check_good" : "ctl.store.check_bad",
                LK_WORDS({"text", lk_ctl_get(r, "quick_check", a, sizeof(a))}));
    lk_show_row(ctl, &t, "ctl.store.chain", chain_ok(r) ? "ctl.store.chain_good" : "ctl.store.chain_bad",
                LK_WORDS({"n", lk_ctl_get(chain, "checked", a, sizeof(a))},
                         {"seq", lk_ctl_get(chain, "first_bad_seq", b, sizeof(b))}));
    add_items(ctl, &t, r);
    lk_show_label(ctl, &t, "ctl.store.codes", lk_ctl_get(r, "codes_live", a, sizeof(a)));
    add_last_backup(ctl, &t, r);
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

static int verdict_store(const json_t *r)
{
    return chain_ok(r) && quick_ok(r) ? LK_EXIT_OK : LK_EXIT_FAULTS;
}

int lk_cmd_store(struct lk_ctl *ctl)
{
    return lk_show(ctl, "store", NULL, human_store, verdict_store);
}
