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

static void add_unit(struct lk_ctl *ctl, struct lk_table *t, const json_t *bus, const json_t *u)
{
    static const char *const keys[] = {"requests", "ok",         "timeouts", "crc",           "bad",
                                       "late",     "exceptions", "mean_us",  "longest_gap_ms"};
    char b[9][LK_SHOW_CELL], line[LK_SHOW_CELL], bank[LK_SHOW_CELL], unit[LK_SHOW_CELL], state[LK_SHOW_CELL];
    const char *cells[13] = {lk_ctl_get(bus, "name", line, sizeof(line)), lk_ctl_get(u, "bank", bank, sizeof(bank)),
                             lk_ctl_get(u, "unit", unit, sizeof(unit)),
                             lk_show_word(ctl, u, "state", "ctl.bank", state)};
    for (size_t i = 0; i < LK_ARRAY_SIZE(keys); i++) {
        cells[4 + i] = lk_ctl_get(u, keys[i], b[i], LK_SHOW_CELL);
    }
    lk_table_add(t, cells);
}

static void human_bus(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.fieldbus", "ctl.col.bank",    "ctl.col.unit",       "ctl.col.state",
                                         "ctl.col.requests", "ctl.col.answers", "ctl.col.timeouts",   "ctl.col.crc",
                                         "ctl.col.bad",      "ctl.col.late",    "ctl.col.exceptions", "ctl.col.mean_us",
                                         "ctl.col.gap_ms"};
    struct lk_table t = {.columns = 13, .right = 0x1ff4};
    size_t i, k;
    const json_t *bus, *u;
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    json_array_foreach(json_object_get(r, "fieldbuses"), i, bus)
    {
        lk_say(stdout, ctl->lang, "ctl.bus.line",
               LK_WORDS({"name", lk_ctl_get(bus, "name", a, sizeof(a))},
                        {"state", lk_show_word(ctl, bus, "state", "ctl.line", b)}));
    }
    lk_show_header(ctl, &t, header);
    json_array_foreach(json_object_get(r, "fieldbuses"), i, bus)
    {
        json_array_foreach(json_object_get(bus, "units"), k, u)
        {
            add_unit(ctl, &t, bus, u);
        }
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

int lk_cmd_bus(struct lk_ctl *ctl)
{
    return lk_show(ctl, "bus", NULL, human_bus, NULL);
}

static void add_uplink_counts(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL];
    lk_show_label(ctl, t, "ctl.uplink.since", lk_show_duration(ctl, r, "since_s", a));
    lk_show_row(ctl, t, "ctl.status.events", "ctl.status.events_value",
                LK_WORDS({"seq", lk_ctl_get(r, "seq", a, sizeof(a))}, {"acked", lk_ctl_get(r, "acked", b, sizeof(b))},
                         {"unacked", lk_ctl_get(r, "unacked", c, sizeof(c))}));
    lk_show_label(ctl, t, "ctl.uplink.sent", lk_ctl_get(r, "sent", a, sizeof(a)));
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
