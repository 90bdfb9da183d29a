#include "com_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalogue/catalogue.h"
#include "commission/conf.h"

enum { STEP_MS = 5, START_MS = 100000 };

static char labels[RIG_DOORS][16];

void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    rig->baud = 9600;
    rig->now_ms = START_MS;
    rig->setup = (struct lk_com_setup){.line = {.name = "rig", .transport = LK_FB_RTU, .device = "/dev/rig"},
                                       .baud = {9600},
                                       .bauds = 1,
                                       .parity = {LK_FB_PARITY_NONE},
                                       .parities = 1,
                                       .unit_first = 1,
                                       .unit_last = 4,
                                       .who = "m01",
                                       .why = "first wiring"};
}

void rig_add_board(struct rig *rig, unsigned unit, unsigned channels)
{
    const char *profile = channels == 8    ? "waveshare-relay-8"
                          : channels == 16 ? "waveshare-relay-16"
                                           : "waveshare-relay-32";
    rig->board[rig->boards++] = (struct rig_board){.unit = unit, .channels = channels, .profile = profile};
}

void rig_add_doors(struct rig *rig, unsigned unit, const char *bank, unsigned n)
{
    for (unsigned d = 0; d < n; d++) {
        snprintf(labels[rig->doors], sizeof(labels[0]), "%s%02u", bank, d + 1);
        rig->door[rig->doors] = (struct rig_door){.label = labels[rig->doors],
                                                  .unit = unit,
                                                  .channel = d,
                                                  .input_unit = unit,
                                                  .input = d,
                                                  .closed_level = true};
        rig->doors++;
    }
}

struct rig_door *rig_door(struct rig *rig, const char *label)
{
    for (unsigned i = 0; i < rig->doors; i++) {
        if (strcmp(rig->door[i].label, label) == 0) {
            return &rig->door[i];
        }
    }
    fail_msg("no door %s", label);
    return NULL;
}

void rig_say(struct rig *rig, const char *key, unsigned n, const char *text)
{
    assert_true(rig->answers < RIG_ANSWERS);
    rig->answer[rig->answers++] = (struct rig_answer){key, n, text};
}

/* --- the cabinet */

static void show_switches(struct rig *rig)
{
    for (unsigned b = 0; b < rig->boards && rig->fb; b++) {
        uint32_t inputs = 0;
        for (unsigned i = 0; i < rig->doors; i++) {
            const struct rig_door *d = &rig->door[i];
            bool level = d->open ? !d->closed_level : d->closed_level;
            if (d->input_unit == rig->board[b].unit && level) {
                inputs |= UINT32_C(1) << d->input;
            }
        }
        if (rig->sim[b]) {
            rig->sim[b]->inputs = inputs ^ (rig->moved ? rig->board[b].stray : 0);
        }
    }
}

static void on_coil(void *user, uint8_t unit, unsigned channel, int on, int64_t at_ns)
{
    struct rig *rig = user;
    (void)at_ns;
    if (!on) {
        return;
    }
    /* Law 1: the last fact is the pulse of exactly this lock, and it is written for one pulse only. */
    const struct lk_com_fact *last = rig->facts > 0 ? &rig->fact[rig->facts - 1] : NULL;
    assert_non_null(last);
    assert_int_equal(last->kind, LK_COM_PULSE);
    assert_int_equal(last->unit, unit);
    assert_int_equal(last->channel, channel);
    assert_string_equal(last->who, "m01");
    unsigned facts = 0;
    for (unsigned i = 0; i < rig->facts; i++) {
        facts += rig->fact[i].kind == LK_COM_PULSE;
    }
    rig->pulses++;
    assert_true(rig->pulses <= facts);
    rig->moved = 0;
    for (unsigned i = 0; i < rig->doors; i++) {
        struct rig_door *d = &rig->door[i];
        if (d->unit == unit && d->channel == channel && !d->jammed && !d->open) {
            d->open = true;
            rig->moved |= UINT32_C(1) << i;
        }
    }
    show_switches(rig);
}

static void close_all(struct rig *rig)
{
    for (unsigned i = 0; i < rig->doors; i++) {
        rig->door[i].open = false;
    }
    rig->moved = 0;
    show_switches(rig);
}

/* --- what the commissioning borrows */

static int io_open(void *user, const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb)
{
    struct rig *rig = user;
    int r = lk_fieldbus_sim_create(config, rig->now_ms * INT64_C(1000000), &rig->fb);
    assert_int_equal(r, 0);
    memset(rig->sim, 0, sizeof(rig->sim));
    for (unsigned b = 0; b < rig->boards && config->baud == rig->baud; b++) {
        rig->sim[b] = lk_fieldbus_sim_board(rig->fb, (uint8_t)rig->board[b].unit, rig->board[b].channels);
        assert_non_null(rig->sim[b]);
        if (rig->board[b].kind != LK_SIM_WAVESHARE) {
            lk_sim_board_become(rig->sim[b], rig->board[b].kind);
        }
        rig->sim[b]->swapped_modes = rig->board[b].swapped_modes;
        rig->sim[b]->no_inputs = rig->board[b].no_inputs;
        rig->sim[b]->on_coil = on_coil;
        rig->sim[b]->user = rig;
    }
    if (rig->fault_unit) {
        lk_fieldbus_sim_fault(rig->fb, (uint8_t)rig->fault_unit, &rig->fault);
    }
    rig->opens++;
    show_switches(rig);
    *ret_fb = rig->fb;
    return lk_fieldbus_start(rig->fb);
}

static int64_t io_now(void *user)
{
    return ((struct rig *)user)->now_ms;
}

static int io_wait(void *user, struct lk_fieldbus *fb, int64_t until_ms)
{
    struct rig *rig = user;
    int64_t step_ms = rig->now_ms + STEP_MS;
    rig->now_ms = until_ms > rig->now_ms && until_ms < step_ms ? until_ms : step_ms;
    if (fb) {
        lk_fieldbus_sim_advance(fb, rig->now_ms * INT64_C(1000000));
        for (unsigned b = 0; b < rig->boards; b++) {
            rig->board[b].unit = rig->sim[b] ? rig->sim[b]->unit : rig->board[b].unit; /* it may have got another */
        }
    }
    return ++rig->waits == rig->leave_at_wait ? -EINTR : 0;
}

static unsigned count(struct rig *rig, const char *key)
{
    char text[96];
    snprintf(text, sizeof(text), "ctl.commission.%s", key);
    if (!lk_catalogue_text(text, LK_LANG_ZH)) {
        fail_msg("nobody can read %s", text);
    }
    for (unsigned i = 0; i < rig->said_n; i++) {
        if (strcmp(rig->said[i], key) == 0) {
            return ++rig->count[i];
        }
    }
    assert_true(rig->said_n < RIG_SAID);
    rig->said[rig->said_n] = key;
    rig->count[rig->said_n++] = 1;
    return 1;
}

static void io_tell(void *user, const struct lk_com_say *say)
{
    (void)count(user, say->key);
}

static void io_ask(void *user, const struct lk_com_say *say)
{
    struct rig *rig = user;
    (void)count(rig, say->key);
    snprintf(rig->asked, sizeof(rig->asked), "%s", say->key);
    rig->words[0] = '\0';
    for (unsigned i = 0; i < say->words; i++) {
        if (strcmp(say->word[i].name, "unit") == 0) {
            snprintf(rig->words, sizeof(rig->words), "%s", say->word[i].value);
        }
    }
}

static const char *scripted(const struct rig *rig)
{
    unsigned n = rig_said(rig, rig->asked);
    for (unsigned i = 0; i < rig->answers; i++) {
        const struct rig_answer *a = &rig->answer[i];
        if (strcmp(a->key, rig->asked) == 0 && (a->n == 0 || a->n == n)) {
            return a->text;
        }
    }
    return NULL;
}

/* What somebody says who looks at the doors. */
static const char *which_door(const struct rig *rig)
{
    const char *label = "none";
    unsigned n = 0;
    for (unsigned i = 0; i < rig->doors; i++) {
        if (rig->moved >> i & 1) {
            label = rig->door[i].label;
            n++;
        }
    }
    return n > 1 ? "two" : label;
}

static const char *profile_said(const struct rig *rig)
{
    for (unsigned b = 0; b < rig->boards; b++) {
        if ((unsigned)atoi(rig->words) == rig->board[b].unit) {
            return rig->board[b].profile;
        }
    }
    return "none";
}

static const char *honest(struct rig *rig)
{
    if (strcmp(rig->asked, "which_door") == 0) {
        return which_door(rig);
    }
    if (strncmp(rig->asked, "which_profile", 13) == 0) {
        return profile_said(rig);
    }
    bool shut = strcmp(rig->asked, "shut_it") == 0 || strcmp(rig->asked, "all_shut") == 0 ||
                strcmp(rig->asked, "two_doors") == 0 || strcmp(rig->asked, "doubt") == 0;
    if (shut) {
        close_all(rig);
        return "";
    }
    if (strcmp(rig->asked, "nothing") == 0) {
        return "unused";
    }
    if (strcmp(rig->asked, "review") == 0) {
        return "ok";
    }
    bool yes = strcmp(rig->asked, "software_pulse") == 0 || strcmp(rig->asked, "boards_right") == 0 ||
               strcmp(rig->asked, "only_one") == 0 || strncmp(rig->asked, "bench_", 6) == 0;
    return yes ? "y" : "";
}

static int io_answer(void *user, char *ret_text, size_t cap)
{
    struct rig *rig = user;
    const char *text = scripted(rig);
    assert_true(++rig->questions < RIG_QUESTIONS); /* a story that goes round in a circle */
    if (!text) {
        text = honest(rig);
    } else if (strcmp(text, "shut") == 0) { /* scripted: they shut it, and press Enter */
        close_all(rig);
        text = "";
    }
    if (strcmp(text, "END") == 0) {
        return -EPIPE;
    }
    if (getenv("RIG_TRACE")) {
        print_message("%s? %s\n", rig->asked, text);
    }
    snprintf(ret_text, cap, "%s", text);
    if (strcmp(text, "again") == 0 || strcmp(text, "skip") == 0 || strcmp(text, "back") == 0 ||
        strcmp(text, "unused") == 0) {
        close_all(rig); /* nobody leaves doors open and goes on */
    }
    return 0;
}

static int io_note(void *user, const struct lk_com_fact *fact)
{
    struct rig *rig = user;
    if (rig->die_after > 0 && rig->facts >= rig->die_after) {
        return -EIO;
    }
    assert_true(rig->facts < RIG_FACTS);
    rig->fact[rig->facts++] = *fact;
    return 0;
}

static const struct lk_com_io io = {io_open, io_now, io_wait, io_ask, io_answer, io_tell, io_note};

int rig_run(struct rig *rig)
{
    struct lk_com *com;
    assert_int_equal(lk_com_create(&rig->setup, &rig->known, &io, rig, &com), 0);
    int r = lk_com_run(com);
    assert_true(lk_com_proved_off(com));
    (void)lk_com_destroy(com);
    rig->fb = NULL;
    memset(rig->sim, 0, sizeof(rig->sim));
    return r;
}

int rig_set_address(struct rig *rig, unsigned to)
{
    struct lk_com *com;
    assert_int_equal(lk_com_create(&rig->setup, &rig->known, &io, rig, &com), 0);
    int r = lk_com_set_address(com, to);
    (void)lk_com_destroy(com);
    rig->fb = NULL;
    memset(rig->sim, 0, sizeof(rig->sim));
    return r;
}

unsigned rig_said(const struct rig *rig, const char *key)
{
    for (unsigned i = 0; i < rig->said_n; i++) {
        if (strcmp(rig->said[i], key) == 0) {
            return rig->count[i];
        }
    }
    return 0;
}

void rig_restart(struct rig *rig)
{
    memset(&rig->known, 0, sizeof(rig->known));
    for (unsigned i = 0; i < rig->facts; i++) {
        assert_int_equal(lk_com_fold(&rig->known, &rig->fact[i]), 0);
    }
    rig->said_n = 0;
    rig->leave_at_wait = rig->die_after = rig->waits = 0;
}

const char *rig_conf(struct rig *rig, const char *bank)
{
    static char buf[LK_COM_FILE_MAX];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    const struct lk_com_board *b = lk_com_bank_of(&rig->known, bank);
    assert_non_null(b);
    assert_int_equal(lk_com_conf_bank(&rig->known, b, "rs485-a", &t), 0);
    return buf;
}
