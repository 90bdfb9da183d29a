#include "base/cleanup.h"
#include "show.h"

#include <inttypes.h>
#include <string.h>

static void status_doors(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char b[6][24];
    const json_t *d = json_object_get(r, "doors");
    static const char *const keys[] = {"free", "reserved", "occupied", "blocked", "open", "unknown"};
    for (size_t i = 0; i < 6; i++) {
        snprintf(b[i], sizeof(b[i]), "%" PRId64, lk_ctl_int(d, keys[i]));
    }
    lk_show_row(ctl, t, "ctl.status.doors", "ctl.status.doors_value",
                LK_WORDS({"free", b[0]}, {"reserved", b[1]}, {"occupied", b[2]}, {"blocked", b[3]}, {"open", b[4]},
                         {"unknown", b[5]}));
}

/* Doors nobody may open until staff have tried them; says nothing when there are none. */
static void status_wiring(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    const json_t *doors = json_object_get(r, "wiring_changed"), *label;
    char n[24], some[LK_SHOW_CELL] = "";
    struct lk_text text = lk_text_init(some, 60);
    size_t i;
    if (json_array_size(doors) == 0) {
        return;
    }
    json_array_foreach(doors, i, label)
    {
        if (i < 6) {
            lk_text_addf(&text, "%s%s", i == 0 ? "" : " ", json_is_string(label) ? json_string_value(label) : "?");
        }
    }
    lk_text_add(&text, json_array_size(doors) > 6 ? " ..." : "");
    snprintf(n, sizeof(n), "%zu", json_array_size(doors));
    lk_show_row(ctl, t, "ctl.status.wiring", "ctl.status.wiring_value", LK_WORDS({"n", n}, {"doors", some}));
}

static void status_uplink(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL], d[LK_SHOW_CELL];
    const json_t *up = json_object_get(r, "uplink");
    const char *text = !json_is_true(json_object_get(up, "configured")) ? "ctl.uplink.none"
                       : json_is_true(json_object_get(up, "connected")) ? "ctl.uplink.up"
                                                                        : "ctl.uplink.down";
    lk_show_row(
        ctl, t, "ctl.status.uplink", text,
        LK_WORDS({"url", lk_ctl_get(up, "url", a, sizeof(a))}, {"error", lk_ctl_get(up, "last_error", b, sizeof(b))}));
    lk_show_row(ctl, t, "ctl.status.events", "ctl.status.events_value",
                LK_WORDS({"seq", lk_ctl_get(r, "seq", a, sizeof(a))}, {"acked", lk_ctl_get(r, "acked", b, sizeof(b))},
                         {"unacked", lk_ctl_get(r, "unacked", c, sizeof(c))}));
    const char *oldest = lk_ctl_get(r, "oldest_unacked", d, sizeof(d));
    if (oldest[0] != '\0' && lk_ctl_int(r, "unacked") > 0) {
        lk_show_label(ctl, t, "ctl.status.oldest", lk_show_time(oldest, a));
    }
}

static void status_store(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const json_t *s = json_object_get(r, "store");
    bool ok = json_is_true(json_object_get(s, "ok"));
    const char *why = lk_show_word(ctl, s, "degraded", "reason", a);
    lk_show_row(ctl, t, "ctl.status.store", ok ? "ctl.status.store_ok" : "ctl.status.store_bad",
                LK_WORDS({"size", lk_show_bytes(s, "bytes", b)}, {"reason", why}));
}

/* What the daemon holds back by itself; nothing is said of a line that is not wired and a disk that is well. */
static void status_limits(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const json_t *limits = json_object_get(r, "limits");
    const char *power = lk_ctl_get(limits, "power", a, sizeof(a));
    if (power[0] != '\0' && strcmp(power, "not_wired") != 0) {
        lk_show_label(ctl, t, "ctl.status.power", lk_say_word(ctl->lang, "ctl.power", power, b, sizeof(b)));
    }
    if (json_is_true(json_object_get(limits, "disk_low"))) {
        lk_show_label(ctl, t, "ctl.status.disk", lk_say_text(ctl->lang, "reason.disk_low"));
    } else if (json_is_true(json_object_get(limits, "disk_slow"))) {
        lk_show_label(ctl, t, "ctl.status.disk", lk_say_text(ctl->lang, "reason.disk_slow"));
    }
}

/* What will fail before long; says nothing when there is nothing. lockerctl wear says more. */
static void status_wear(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    const json_t *list = json_object_get(r, "wear"), *one;
    char some[LK_SHOW_CELL] = "", a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    struct lk_text text = lk_text_init(some, sizeof(some));
    size_t i;
    json_array_foreach(list, i, one)
    {
        if (i < 3) {
            const char *place = lk_ctl_get(one, "place", a, sizeof(a));
            lk_text_addf(&text, "%s%s%s%s", i == 0 ? "" : "; ", place, place[0] == '\0' ? "" : " ",
                         lk_show_word(ctl, one, "reason", "ctl.wear", b));
        }
    }
    lk_text_add(&text, i > 3 ? "; ..." : "");
    if (i > 0) {
        lk_show_label(ctl, t, "ctl.status.wear", some);
    }
}

/* When somebody last compared the compartments with the records; "due" is the daemon's word. */
static void status_inspection(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL];
    const json_t *round = json_object_get(r, "inspection");
    const char *last = lk_ctl_get(round, "last", a, sizeof(a));
    const char *text = json_is_true(json_object_get(round, "undated")) ? "ctl.status.round_undated"
                       : last[0] == '\0'                               ? "ctl.status.round_never"
                       : json_is_true(json_object_get(round, "due"))   ? "ctl.status.round_due"
                                                                       : "ctl.status.round_good";
    if (json_is_object(round)) {
        lk_show_row(ctl, t, "ctl.status.inspection", text,
                    LK_WORDS({"time", lk_show_time(last, b)}, {"days", lk_ctl_get(round, "every_days", c, sizeof(c))}));
    }
}

static void status_keypad(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const json_t *l = json_object_get(r, "lockout");
    bool locked = lk_ctl_int(l, "locked_s") > 0;
    lk_show_row(
        ctl, t, "ctl.status.keypad", locked ? "ctl.status.keypad_locked" : "ctl.status.keypad_open",
        LK_WORDS({"left", lk_show_duration(ctl, l, "locked_s", a)}, {"tries", lk_ctl_get(l, "tries", b, sizeof(b))}));
}

/* Scanner, keypad, card reader, panel: those that are configured. */
static void status_readers(struct lk_ctl *ctl, struct lk_table *t, const json_t *r)
{
    static const struct {
        const char *name, *label;
    } labels[] = {{"scanner", "ctl.status.scanner"},
                  {"keypad", "ctl.status.numbers"},
                  {"card", "ctl.status.card"},
                  {"panel", "ctl.status.panel"}};
    char name[LK_SHOW_CELL], detail[LK_SHOW_CELL], reads[LK_SHOW_CELL], dropped[LK_SHOW_CELL];
    const json_t *reader;
    size_t i;
    json_array_foreach(json_object_get(r, "readers"), i, reader)
    {
        bool ok = json_is_true(json_object_get(reader, "ok"));
        const char *word = lk_ctl_get(reader, "name", name, sizeof(name));
        for (size_t k = 0; k < LK_ARRAY_SIZE(labels); k++) {
            if (strcmp(labels[k].name, word) == 0) {
                lk_show_row(ctl, t, labels[k].label, ok ? "ctl.status.reader_there" : "ctl.status.reader_missing",
                            LK_WORDS({"detail", lk_ctl_get(reader, "detail", detail, sizeof(detail))},
                                     {"reads", lk_ctl_get(reader, "reads", reads, sizeof(reads))},
                                     {"dropped", lk_ctl_get(reader, "dropped", dropped, sizeof(dropped))}));
            }
        }
    }
}

static void print_banks(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.bank",     "ctl.col.state", "ctl.col.doors",
                                         "ctl.col.fieldbus", "ctl.col.unit",  "ctl.col.reason"};
    struct lk_table t = {.columns = 6, .right = 1 << 2 | 1 << 4};
    char b[6][LK_SHOW_CELL];
    size_t i;
    const json_t *bank;
    lk_show_header(ctl, &t, header);
    json_array_foreach(json_object_get(r, "banks"), i, bank)
    {
        const char *cells[] = {
            lk_ctl_get(bank, "name", b[0], LK_SHOW_CELL),  lk_show_word(ctl, bank, "state", "ctl.bank", b[1]),
            lk_ctl_get(bank, "doors", b[2], LK_SHOW_CELL), lk_ctl_get(bank, "fieldbus", b[3], LK_SHOW_CELL),
            lk_ctl_get(bank, "unit", b[4], LK_SHOW_CELL),  lk_show_word(ctl, bank, "reason", "reason", b[5])};
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

static void human_status(struct lk_ctl *ctl, const json_t *r)
{
    struct lk_table t = {.columns = 2};
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL];
    const json_t *kiosk = json_object_get(r, "kiosk");
    lk_show_row(ctl, &t, "ctl.status.site", "ctl.status.site_value",
                LK_WORDS({"operator", lk_ctl_get(r, "operator", a, LK_SHOW_CELL)},
                         {"site", lk_ctl_get(r, "site", b, LK_SHOW_CELL)}));
    lk_show_row(ctl, &t, "ctl.status.version", "ctl.status.version_value",
                LK_WORDS({"version", lk_ctl_get(r, "version", a, LK_SHOW_CELL)},
                         {"uptime", lk_show_duration(ctl, r, "uptime_s", b)}));
    lk_show_label(ctl, &t, "ctl.status.ready", lk_show_yes_no(ctl, json_object_get(r, "ready")));
    status_doors(ctl, &t, r);
    status_wiring(ctl, &t, r);
    status_uplink(ctl, &t, r);
    status_store(ctl, &t, r);
    status_limits(ctl, &t, r);
    lk_show_label(ctl, &t, "ctl.status.clock", lk_show_word(ctl, r, "clock", "ctl.clock", c));
    status_inspection(ctl, &t, r);
    status_wear(ctl, &t, r);
    status_keypad(ctl, &t, r);
    status_readers(ctl, &t, r);
    lk_show_row(ctl, &t, "ctl.status.kiosk", "ctl.status.kiosk_value",
                LK_WORDS({"url", lk_ctl_get(kiosk, "url", a, LK_SHOW_CELL)},
                         {"n", lk_ctl_get(kiosk, "streams", b, LK_SHOW_CELL)}));
    lk_table_print(&t, stdout);
    lk_table_free(&t);
    fputc('\n', stdout);
    print_banks(ctl, r);
}

int lk_cmd_status(struct lk_ctl *ctl)
{
    return lk_show(ctl, "status", NULL, human_status, NULL);
}

static void human_doors(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.door", "ctl.col.size", "ctl.col.state", "ctl.col.since",
                                         "ctl.col.use",  "ctl.col.item", "ctl.col.reason"};
    struct lk_table t = {.columns = 7, .right = 1 << 3};
    char b[7][LK_SHOW_CELL];
    size_t i;
    const json_t *d;
    lk_show_header(ctl, &t, header);
    json_array_foreach(json_object_get(r, "doors"), i, d)
    {
        const char *cells[] = {
            lk_ctl_get(d, "door", b[0], LK_SHOW_CELL),       lk_ctl_get(d, "size", b[1], LK_SHOW_CELL),
            lk_show_word(ctl, d, "state", "ctl.door", b[2]), lk_show_duration(ctl, d, "since_s", b[3]),
            lk_show_word(ctl, d, "use", "ctl.use", b[4]),    lk_ctl_get(d, "item", b[5], LK_SHOW_CELL),
            lk_show_word(ctl, d, "reason", "reason", b[6]),
        };
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

int lk_cmd_doors(struct lk_ctl *ctl)
{
    return lk_show(ctl, "doors", NULL, human_doors, NULL);
}

static void human_items(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.item", "ctl.col.custody", "ctl.col.channel",
                                         "ctl.col.size", "ctl.col.door",    "ctl.col.note"};
    struct lk_table t = {.columns = 6};
    char b[6][LK_SHOW_CELL];
    size_t i;
    const json_t *item;
    lk_show_header(ctl, &t, header);
    json_array_foreach(json_object_get(r, "items"), i, item)
    {
        const char *note = json_is_true(json_object_get(item, "cancelled"))  ? "ctl.item.cancelled"
                           : json_is_true(json_object_get(item, "rejected")) ? "ctl.item.rejected"
                           : json_is_true(json_object_get(item, "dropoff"))  ? "ctl.item.dropoff"
                           : json_is_true(json_object_get(item, "overdue"))  ? "ctl.item.overdue"
                                                                             : NULL;
        const char *cells[] = {lk_ctl_get(item, "item", b[0], LK_SHOW_CELL),
                               lk_show_word(ctl, item, "custody", "ctl.custody", b[1]),
                               lk_show_word(ctl, item, "channel", "ctl.channel", b[2]),
                               lk_ctl_get(item, "size", b[3], LK_SHOW_CELL),
                               lk_ctl_get(item, "door", b[4], LK_SHOW_CELL),
                               note == NULL ? "" : lk_say_text(ctl->lang, note)};
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
    if (json_is_true(json_object_get(r, "more")) || json_is_string(json_object_get(r, "more"))) {
        const json_t *items = json_object_get(r, "items");
        const json_t *last = json_array_get(items, json_array_size(items) - 1);
        lk_say(stdout, ctl->lang, "ctl.items.more", LK_WORDS({"after", lk_ctl_get(last, "item", b[0], LK_SHOW_CELL)}));
    }
}

int lk_cmd_items(struct lk_ctl *ctl)
{
    json_t *args = json_object();
    if (ctl->custody != NULL) {
        json_object_set_new(args, "custody", json_string(ctl->custody));
    }
    if (ctl->item != NULL) {
        json_object_set_new(args, "item", json_string(ctl->item));
    }
    if (ctl->limit != 0) {
        json_object_set_new(args, "limit", json_integer((json_int_t)ctl->limit));
    }
    if (ctl->after != NULL) {
        json_object_set_new(args, "after", json_string(ctl->after));
    }
    return lk_show(ctl, "items", args, human_items, NULL);
}
