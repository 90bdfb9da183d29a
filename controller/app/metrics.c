#include "metrics_impl.h"

#include "rounds.h"
#include "store/find.h"
#include "store/log.h"
#include "wiring.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the format
 * ---------------------------------------------------------------------------------------------------------------- */

struct label {
    const char *name, *value;
};

enum { LABELS_MOST = 4 };

/* The lines before the samples of a metric. Once for each. */
static void head(struct lk_text *out, const char *name, const char *type, const char *help)
{
    lk_text_addf(out, "# HELP lockerd_%s %s\n# TYPE lockerd_%s %s\n", name, help, name, type);
}

/* Backslash, quote and line feed are all that must not stand in a label's value as it is. */
static void add_escaped(struct lk_text *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            lk_text_add(out, "\\n");
        } else {
            lk_text_addf(out, "%s%c", *value == '\\' || *value == '"' ? "\\" : "", *value);
        }
    }
}

static void sample(struct lk_text *out, const char *name, const struct label labels[LABELS_MOST], double value)
{
    lk_text_addf(out, "lockerd_%s", name);
    for (size_t i = 0; i < LABELS_MOST && labels[i].name != NULL; i++) {
        lk_text_addf(out, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        add_escaped(out, labels[i].value);
        lk_text_add(out, "\"");
    }
    lk_text_addf(out, "%s %.15g\n", labels[0].name != NULL ? "}" : "", value);
}

#define NO_LABELS ((const struct label[LABELS_MOST]){{NULL, NULL}})
#define LABEL(n, v)                                                                                                    \
    ((const struct label[LABELS_MOST]){                                                                                \
        {(n), (v)},                                                                                                    \
    })

/* A metric without labels, whole. */
static void one(struct lk_text *out, const char *name, const char *type, const char *help, double value)
{
    head(out, name, type, help);
    sample(out, name, NO_LABELS, value);
}

void lk_metrics_head(struct lk_text *out, const char *name, const char *type, const char *help)
{
    head(out, name, type, help);
}

void lk_metrics_labelled(struct lk_text *out, const char *name, const char *label, const char *text, double value)
{
    sample(out, name, LABEL(label, text), value);
}

void lk_metrics_one(struct lk_text *out, const char *name, const char *type, const char *help, double value)
{
    one(out, name, type, help, value);
}

/* --- the daemon, its doors and items
 * ----------------------------------------------------------------------------------------------- */

static void add_daemon(struct lk_app *app, struct lk_text *out)
{
    const struct lk_lockout *lockout = &lk_engine_core(app->engine)->lockout;
    int64_t now_ms = lk_engine_now_ms(app->engine);
    head(out, "info", "gauge", "Which daemon this is; always 1.");
    sample(out, "info",
           (const struct label[LABELS_MOST]){
               {"version", LK_VERSION}, {"operator", app->config->site.operator_id}, {"site", app->config->site.id}},
           1);
    one(out, "uptime_seconds", "gauge", "Time since the daemon started.", (double)(now_ms - app->started_at_ms) / 1000);
    one(out, "steps_total", "counter", "Decisions taken since the start.", (double)lk_engine_steps(app->engine));
    head(out, "clock_quality", "gauge", "What the calendar clock is worth: 1 for the quality it has.");
    for (int q = 0; q < LK_CLOCK_QUALITIES; q++) {
        sample(out, "clock_quality", LABEL("quality", lk_clock_quality_name((enum lk_clock_quality)q)),
               lk_engine_quality(app->backends.clock) == (enum lk_clock_quality)q);
    }
    one(out, "keypad_lockout_level", "gauge", "Lockouts of the keypad in a row.", lockout->level);
    one(out, "keypad_locked", "gauge", "Whether the keypad is locked.", lockout->until_at_ms > now_ms);
    one(out, "kiosk_streams", "gauge", "Kiosk pages that are open.", lk_face_streams(app->face));
}

static void add_doors(struct lk_app *app, struct lk_text *out)
{
    const struct lk_core *core = lk_engine_core(app->engine);
    const struct lk_core_config *cfg = lk_engine_core_config(app->engine);
    unsigned state[LK_DOOR_STATES] = {0}, use[LK_USES] = {0}, held = 0;
    for (int i = 0; i < cfg->doors; i++) {
        state[core->door[i].state]++;
        use[core->door[i].use]++;
        held += core->door[i].wiring_held;
    }
    head(out, "doors", "gauge", "Doors by what their sensor says.");
    for (int s = 0; s < LK_DOOR_STATES; s++) {
        sample(out, "doors", LABEL("state", lk_door_state_name((enum lk_door_state)s)), state[s]);
    }
    head(out, "compartments", "gauge", "Compartments by use.");
    for (int u = 0; u < LK_USES; u++) {
        sample(out, "compartments", LABEL("use", lk_use_name((enum lk_use)u)), use[u]);
    }
    one(out, "doors_wiring_changed", "gauge", "Doors whose changed wiring waits to be confirmed.", held);
    head(out, "door_pulses_total", "counter", "Pulses given to a door's lock since the start.");
    for (int i = 0; i < cfg->doors; i++) {
        sample(out, "door_pulses_total", LABEL("door", cfg->door[i].label), lk_cabinet_pulses(app->cabinet, i));
    }
}

static void add_items(struct lk_app *app, struct lk_text *out)
{
    struct lk_store_counts counts = {0};
    if (lk_store_counts(app->store, &counts) < 0) {
        return; /* better no number than a wrong one */
    }
    head(out, "items", "gauge", "Items by custody.");
    for (int c = LK_CUSTODY_EXPECTED; c < LK_CUSTODIES; c++) {
        sample(out, "items", LABEL("custody", lk_custody_name((enum lk_custody)c)), (double)counts.items[c]);
    }
    one(out, "codes_live", "gauge", "Pickup codes that open a door.", (double)counts.codes_live);
}

/* Items that staff are to take out of the cabinet, by why. */
struct recall_counts {
    unsigned overdue, cancelled, rejected, dropoff;
};

static bool count_recall(void *user, const struct lk_store_item *row)
{
    struct recall_counts *n = user;
    n->overdue += row->item.overdue;
    n->cancelled += row->item.cancelled;
    n->rejected += row->item.rejected;
    n->dropoff += row->item.dropoff;
    return true;
}

static void add_recalls(struct lk_app *app, struct lk_text *out)
{
    struct recall_counts n = {0};
    struct lk_stamp now = lk_engine_stamp(app->engine);
    if (lk_store_list_round(app->store, &now, 0, count_recall, &n) < 0) {
        return;
    }
    head(out, "recalls", "gauge", "Items in the cabinet that staff are to take out, by why; an item may count twice.");
    sample(out, "recalls", LABEL("why", "overdue"), n.overdue);
    sample(out, "recalls", LABEL("why", "cancelled"), n.cancelled);
    sample(out, "recalls", LABEL("why", "rejected"), n.rejected);
    sample(out, "recalls", LABEL("why", "dropoff"), n.dropoff);
}

static void add_inspection(struct lk_app *app, struct lk_text *out)
{
    struct lk_rounds rounds;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    if (lk_rounds_state(app->store, app->config, &now, &rounds) < 0) {
        return;
    }
    one(out, "inspection_last_timestamp_seconds", "gauge", "When the last inspection round ended; 0: there was none.",
        (double)rounds.last_wall_ms / 1000);
    one(out, "inspection_due", "gauge", "Whether the last inspection round is too long ago.", rounds.due);
}

static void add_store(struct lk_app *app, struct lk_text *out)
{
    struct lk_store_health h;
    lk_store_health(app->store, &h);
    one(out, "store_ok", "gauge", "Whether the last write to the disk succeeded.", !h.degraded);
    one(out, "store_commits_total", "counter", "Transactions since the start.", (double)h.commits);
    one(out, "store_failures_total", "counter", "Failed writes since the start.", (double)h.failures);
    one(out, "store_bytes", "gauge", "Size of the database.", (double)h.bytes);
    if (h.disk_free >= 0) {
        one(out, "store_disk_free_bytes", "gauge", "What can still be written to its disk.", (double)h.disk_free);
    }
    struct lk_limits_state limits;
    lk_limits_state(app->limits, &limits);
    one(out, "power_failing", "gauge", "Whether the supply says that the power goes.", limits.power_failing);
    one(out, "power_watched", "gauge", "Whether the line by which it says so can be read.", limits.power_watched);
    one(out, "disk_low", "gauge", "Whether nothing new is taken in for lack of room on the disk.", limits.disk_low);
    one(out, "disk_slow", "gauge", "Whether a commit took longer than allowed in the last ten minutes.",
        limits.disk_slow);
    one(out, "disk_reserve_bytes", "gauge", "Room kept for giving out what is in the cabinet.",
        (double)limits.reserve_bytes);
}

static void add_uplink(struct lk_app *app, struct lk_text *out)
{
    uint64_t seq = lk_store_last_seq(app->store), acked = lk_store_acked(app->store);
    struct lk_postal_status status = {0};
    if (app->postal) {
        lk_postal_status(app->postal, &status);
    }
    one(out, "events_total", "counter", "Events in the log, since the database was made.", (double)seq);
    one(out, "outbox_events", "gauge", "Events that upstream has not acknowledged.", (double)(seq - acked));
    one(out, "events_first_seq", "gauge", "The oldest event that is kept.", (double)lk_store_first_seq(app->store));
    one(out, "outbox_most", "gauge", "How many may wait before nothing new is taken in; 0: no uplink.",
        (double)status.outbox_most);
    one(out, "outbox_left_out", "gauge", "Events counted instead of logged while the outbox is full.",
        (double)status.left_out);
    one(out, "uplink_configured", "gauge", "Whether there is an uplink.", app->postal != NULL);
    one(out, "uplink_connected", "gauge", "Whether the broker is connected.", status.connected);
    one(out, "uplink_sent_total", "counter", "Events sent since the start, repeats included.", (double)status.sent);
}

static void add_readers(struct lk_app *app, struct lk_text *out)
{
    struct lk_readers_state list[LK_READERS_MOST];
    size_t n = lk_readers_list(app, list);
    if (n > 0) {
        head(out, "reader_there", "gauge", "Whether the scanner, keypad, card reader or panel is there.");
    }
    for (size_t i = 0; i < n; i++) {
        sample(out, "reader_there", LABEL("reader", list[i].name), list[i].error == 0);
    }
}

static void add_scanner(struct lk_app *app, struct lk_text *out)
{
    struct lk_scanner_counts counts;
    add_readers(app, out);
    if (!lk_readers_scanner(app->readers, &counts)) {
        return;
    }
    one(out, "scanner_lines_total", "counter", "Lines read.", counts.lines);
    one(out, "scanner_repeats_total", "counter", "Readings of the same code that were left out.", counts.repeats);
    head(out, "scanner_drops_total", "counter", "Lines dropped, by reason.");
    for (int d = 0; d < LK_READER_DROPS; d++) {
        sample(out, "scanner_drops_total", LABEL("reason", lk_reader_drop_name((enum lk_reader_drop)d)),
               counts.drops[d]);
    }
}

/* --- banks and boards
 * ---------------------------------------------------------------------------------------------------------- */

bool lk_metrics_board_at(const struct lk_config *config, unsigned n, struct lk_metrics_board *ret_board)
{
    for (unsigned b = 0; b < config->banks; b++) {
        const struct lk_config_bank *bank = &config->bank[b];
        bool seen = bank->gpio || bank->inputs_unit == 0;
        for (unsigned o = 0; o < b; o++) {
            const struct lk_config_bank *other = &config->bank[o];
            seen = seen || (!other->gpio && other->fieldbus_index == bank->fieldbus_index &&
                            other->inputs_unit == bank->inputs_unit);
        }
        unsigned boards = (bank->gpio ? 0 : 1) + (seen ? 0 : 1);
        if (n < boards) {
            *ret_board = (struct lk_metrics_board){.bank = bank,
                                                   .bank_index = b,
                                                   .line = bank->fieldbus_index,
                                                   .unit = n == 0 ? bank->unit : bank->inputs_unit,
                                                   .inputs_only = n == 1};
            return true;
        }
        n -= boards;
    }
    return false;
}

static double us(uint32_t value)
{
    return (double)value / 1e6;
}

static double ns(uint64_t value)
{
    return (double)value / 1e9;
}

#define VALUE(fn, expression)                                                                                          \
    static double fn(const struct lk_fb_stats *s)                                                                      \
    {                                                                                                                  \
        return (double)(expression);                                                                                   \
    }

VALUE(requests, s->requests)
VALUE(answers, s->ok)
VALUE(p50, us(s->latency_p50_us))
VALUE(p99, us(s->latency_p99_us))
VALUE(mean, us(s->latency_mean_us))
VALUE(longest, us(s->latency_max_us))
VALUE(gap, s->longest_gap_ms / 1000.0)
VALUE(timeout, s->timeout_ms / 1000.0)
VALUE(quarantined, s->quarantined)
VALUE(busy, ns(s->busy_ns))
VALUE(dead, ns(s->dead_ns))
VALUE(line, ns(s->line_ns))
VALUE(timeouts, s->timeouts)
VALUE(crc, s->crc)
VALUE(bad, s->bad)
VALUE(exceptions, s->exceptions)
VALUE(late, s->late)
VALUE(doubled, s->doubled)

/* What a board's books say, one row for each metric. */
static const struct {
    const char *name, *type, *help;
    double (*value)(const struct lk_fb_stats *s);
} board_metrics[] = {
    {"board_requests_total", "counter", "Requests put on the wire.", requests},
    {"board_answers_total", "counter", "Requests with a proven answer.", answers},
    {"board_latency_p50_seconds", "gauge", "Half of the answers came within this time.", p50},
    {"board_latency_p99_seconds", "gauge", "99 of 100 answers came within this time.", p99},
    {"board_latency_mean_seconds", "gauge", "Mean time of an answer.", mean},
    {"board_latency_max_seconds", "gauge", "Longest time of an answer.", longest},
    {"board_longest_gap_seconds", "gauge", "Longest time between two answers.", gap},
    {"board_timeout_seconds", "gauge", "How long is waited for an answer now.", timeout},
    {"board_quarantined", "gauge", "Whether the board is only asked now and then.", quarantined},
    {"board_busy_seconds_total", "counter", "Time of the line spent on the board.", busy},
    {"board_dead_seconds_total", "counter", "Of that: while the board failed.", dead},
    {"board_line_seconds_total", "counter", "Time the line was up.", line},
};

static const struct {
    const char *kind;
    double (*value)(const struct lk_fb_stats *s);
} board_errors[] = {{"timeout", timeouts},     {"crc", crc},   {"bad", bad},
                    {"exception", exceptions}, {"late", late}, {"doubled", doubled}};

static void board_stats(struct lk_app *app, const struct lk_metrics_board *board, struct lk_fb_stats *ret_stats)
{
    *ret_stats = (struct lk_fb_stats){0};
    (void)lk_fieldbus_stats(lk_cabinet_fieldbus(app->cabinet, board->line), (uint8_t)board->unit, ret_stats);
}

static void board_sample(struct lk_app *app, struct lk_text *out, const char *name,
                         const struct lk_metrics_board *board, const char *kind, double value)
{
    char unit[8];
    (void)snprintf(unit, sizeof(unit), "%u", board->unit);
    sample(out, name,
           (const struct label[LABELS_MOST]){{"fieldbus", app->config->fieldbus[board->line].name},
                                             {"unit", unit},
                                             {"bank", board->bank->name},
                                             {kind ? "kind" : NULL, kind}},
           value);
}

static void add_boards(struct lk_app *app, struct lk_text *out)
{
    struct lk_metrics_board board;
    struct lk_fb_stats stats;
    if (!lk_metrics_board_at(app->config, 0, &board)) {
        return;
    }
    for (size_t m = 0; m < LK_ARRAY_SIZE(board_metrics); m++) {
        head(out, board_metrics[m].name, board_metrics[m].type, board_metrics[m].help);
        for (unsigned n = 0; lk_metrics_board_at(app->config, n, &board); n++) {
            board_stats(app, &board, &stats);
            board_sample(app, out, board_metrics[m].name, &board, NULL, board_metrics[m].value(&stats));
        }
    }
    head(out, "board_errors_total", "counter", "Requests without a proven answer, and answers nobody had asked for.");
    for (unsigned n = 0; lk_metrics_board_at(app->config, n, &board); n++) {
        board_stats(app, &board, &stats);
        for (size_t k = 0; k < LK_ARRAY_SIZE(board_errors); k++) {
            board_sample(app, out, "board_errors_total", &board, board_errors[k].kind, board_errors[k].value(&stats));
        }
    }
}

static void add_banks(struct lk_app *app, struct lk_text *out)
{
    const struct lk_core *core = lk_engine_core(app->engine);
    head(out, "fieldbus_up", "gauge", "Whether the line is open or the connection stands.");
    for (unsigned i = 0; i < app->config->fieldbuses; i++) {
        sample(out, "fieldbus_up", LABEL("fieldbus", app->config->fieldbus[i].name),
               lk_fieldbus_up(lk_cabinet_fieldbus(app->cabinet, i)));
    }
    head(out, "bank_ready", "gauge", "Whether the doors of the bank can be opened.");
    for (unsigned b = 0; b < app->config->banks; b++) {
        sample(out, "bank_ready", LABEL("bank", app->config->bank[b].name),
               core->bank[b].state == LK_BANK_READY && !core->bank[b].stopped_by_us);
    }
}

void lk_metrics_text(struct lk_app *app, struct lk_text *out)
{
    static void (*const parts[])(struct lk_app *, struct lk_text *) = {
        add_daemon, add_doors,   add_items, add_recalls, add_inspection,      add_store,
        add_uplink, add_scanner, add_banks, add_boards,  lk_metrics_add_wear,
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(parts); i++) {
        parts[i](app, out);
    }
}

/* --- the file
 * ------------------------------------------------------------------------------------------------------------------ */

static int write_whole(const char *path, const char *text, size_t len)
{
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(path, "we");
    if (!f) {
        return -errno;
    }
    errno = EIO;
    return fwrite(text, 1, len, f) == len && fflush(f) == 0 ? 0 : -errno;
}

int lk_metrics_write(struct lk_app *app, const char *path)
{
    char beside[LK_CONFIG_PATH_LEN + 8];
    LK_CLEANUP(lk_freep) char *buf = malloc(LK_METRICS_MAX);
    if (!buf) {
        return -ENOMEM;
    }
    struct lk_text text = lk_text_init(buf, LK_METRICS_MAX);
    lk_metrics_text(app, &text);
    (void)snprintf(beside, sizeof(beside), "%s.new", path); /* collectors read *.prom only */
    int r = text.truncated ? -E2BIG : write_whole(beside, text.buf, text.len);
    if (r == 0 && rename(beside, path) < 0) {
        r = -errno;
    }
    if (r < 0) {
        (void)unlink(beside);
    }
    return r;
}
