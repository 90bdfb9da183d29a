#include "bank_rig.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void note(struct rig *rig, struct rig_note n)
{
    assert_true(rig->notes_n < RIG_NOTES);
    rig->notes[rig->notes_n++] = n;
}

static void on_sense(void *user, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms)
{
    struct rig_user *u = user;
    note(u->rig, (struct rig_note){RIG_SENSE, at_ms, u->bank, door, (int)sense, 0, 0});
}

static void on_pulse(void *user, unsigned door, uint64_t intent, enum lk_lockbank_pulse_result result)
{
    struct rig_user *u = user;
    note(u->rig, (struct rig_note){RIG_PULSE, u->rig->now_ms, u->bank, door, (int)result, 0, intent});
}

static void on_board(void *user, enum lk_lockbank_board state, enum lk_lockbank_reason reason)
{
    struct rig_user *u = user;
    note(u->rig, (struct rig_note){RIG_BOARD, u->rig->now_ms, u->bank, 0, (int)state, (int)reason, 0});
}

static void on_coil(void *user, uint8_t unit, unsigned channel, int on, int64_t at_ns)
{
    struct rig *rig = user;
    note(rig, (struct rig_note){RIG_COIL, at_ns / 1000000, unit - 1U, channel, on, 0, 0});
}

static void on_request(void *user, int64_t at_ns, uint8_t unit, const uint8_t *pdu, size_t n)
{
    struct rig *rig = user;
    assert_true(n >= 5);
    if (pdu[0] != 0x02 && unit < RIG_INPUTS_UNIT) { /* polls would fill the book */
        unsigned what = (unsigned)pdu[0] << 16 | (unsigned)pdu[1] << 8 | pdu[2];
        note(rig, (struct rig_note){RIG_REQUEST, at_ns / 1000000, unit - 1U, what, pdu[3] << 8 | pdu[4], 0, 0});
    }
}

void rig_make(struct rig *rig, unsigned banks, unsigned baud)
{
    struct lk_fieldbus_config config = {.name = "rig", .transport = LK_FB_RTU, .device = "/dev/rig", .baud = baud};
    memset(rig, 0, sizeof(*rig));
    rig->now_ms = RIG_START_MS;
    assert_int_equal(lk_fieldbus_sim_create(&config, RIG_START_MS * INT64_C(1000000), &rig->fb), 0);
    assert_int_equal(lk_supply_create(NULL, &rig->supply), 0);
    lk_fieldbus_sim_set_watch(rig->fb, on_request, rig);
    for (unsigned b = 0; b < banks; b++) {
        rig->boards[b] = lk_fieldbus_sim_board(rig->fb, (uint8_t)(b + 1), 8);
        rig->inputs[b] = rig->boards[b];
        rig->doors[b] = 8;
        rig->boards[b]->inputs = 0xFF;
        rig->boards[b]->on_coil = on_coil;
        rig->boards[b]->user = rig;
    }
    assert_int_equal(lk_fieldbus_start(rig->fb), 0);
}

void rig_end(struct rig *rig)
{
    for (unsigned b = 0; b < RIG_BANKS; b++) {
        rig->banks[b] = lk_lockbank_destroy(rig->banks[b]);
    }
    rig->supply = lk_supply_destroy(rig->supply);
    rig->fb = lk_fieldbus_destroy(rig->fb);
}

void rig_bank(struct rig *rig, unsigned b, void (*change)(struct lk_lockbank_config *))
{
    static const struct lk_lockbank_sink sink = {on_sense, on_pulse, on_board};
    struct lk_lockbank_config config = {.tag_base = b,
                                        .unit = (uint8_t)(b + 1),
                                        .profile = lk_board_profile_find("waveshare-relay-8"),
                                        .doors = 8,
                                        .sensor_closed_level = 0xFF,
                                        .timeout_ms = 100};
    if (change) {
        change(&config);
    }
    rig->users[b].rig = rig;
    rig->users[b].bank = b;
    assert_int_equal(lk_lockbank_create(&config, rig->fb, rig->supply, &sink, &rig->users[b], &rig->banks[b]), 0);
}

static const struct maker {
    const char *family;
    enum lk_sim_kind kind;
} makers[] = {
    {"waveshare-relay", LK_SIM_WAVESHARE}, {"waveshare-io", LK_SIM_WAVESHARE}, {"jy-dam", LK_SIM_JY_DAM},
    {"eletechsup-r4d", LK_SIM_R4D},        {"plain-coil", LK_SIM_PLAIN},       {"wirenboard-mr", LK_SIM_PLAIN}};

static const struct maker *maker_of(const struct lk_board_profile *profile)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(makers); i++) {
        if (strcmp(makers[i].family, profile->family) == 0) {
            return &makers[i];
        }
    }
    return NULL;
}

bool rig_knows(const struct lk_board_profile *profile)
{
    return maker_of(profile) != NULL;
}

static const struct lk_board_profile *as_profile;
static struct rig *as_rig;
static void (*as_change)(struct lk_lockbank_config *);

static void as(struct lk_lockbank_config *c)
{
    unsigned b = c->tag_base;
    c->profile = as_profile;
    c->verified = c->accept_software_pulse = true;
    c->lock_ma = 400;
    c->doors = as_rig->doors[b] = as_profile->channels < 8 ? as_profile->channels : 8;
    if (as_profile->inputs == 0) {
        c->inputs_unit = (uint8_t)(RIG_INPUTS_UNIT + b);
        c->inputs_profile = lk_board_profile_find("waveshare-relay-16");
    }
    if (as_change) {
        as_change(c);
    }
}

void rig_bank_as(struct rig *rig, unsigned b, const struct lk_board_profile *profile,
                 void (*change)(struct lk_lockbank_config *))
{
    rig->boards[b]->channels = profile->channels;
    rig->boards[b]->no_inputs = profile->inputs == 0;
    lk_sim_board_become(rig->boards[b], maker_of(profile)->kind);
    if (profile->inputs == 0) {
        rig->inputs[b] = lk_fieldbus_sim_board(rig->fb, (uint8_t)(RIG_INPUTS_UNIT + b), 16);
        rig->inputs[b]->inputs = 0xFF;
    }
    as_profile = profile;
    as_rig = rig;
    as_change = change;
    rig_bank(rig, b, as);
}

enum lk_lockbank_board rig_state(const struct rig *rig, unsigned b)
{
    enum lk_lockbank_reason reason;
    return lk_lockbank_board_state(rig->banks[b], &reason);
}

enum lk_lockbank_reason rig_reason(const struct rig *rig, unsigned b)
{
    enum lk_lockbank_reason reason;
    (void)lk_lockbank_board_state(rig->banks[b], &reason);
    return reason;
}

static void reap(struct rig *rig)
{
    struct lk_fb_completion c;
    while (lk_fieldbus_reap(rig->fb, &c)) {
        unsigned b = lk_lockbank_tag_bank(c.tag);
        assert_true(b < RIG_BANKS && rig->banks[b]);
        lk_lockbank_completion(rig->banks[b], &c, rig->now_ms);
    }
}

void rig_run(struct rig *rig, int64_t ms)
{
    for (int64_t end_ms = rig->now_ms + ms; rig->now_ms < end_ms;) {
        rig->now_ms++;
        lk_fieldbus_sim_advance(rig->fb, rig->now_ms * 1000000);
        reap(rig);
        for (unsigned b = 0; b < RIG_BANKS; b++) {
            if (rig->banks[b] && lk_lockbank_next_at_ms(rig->banks[b]) <= rig->now_ms) {
                lk_lockbank_tick(rig->banks[b], rig->now_ms);
            }
        }
    }
}

void rig_ready(struct rig *rig)
{
    for (unsigned b = 0; b < RIG_BANKS && rig->banks[b]; b++) {
        assert_int_equal(lk_lockbank_start(rig->banks[b], rig->now_ms), 0);
    }
    rig_run(rig, 3000);
    for (unsigned b = 0; b < RIG_BANKS && rig->banks[b]; b++) {
        assert_int_equal(rig_state(rig, b), LK_LOCKBANK_READY);
    }
}

void rig_door(struct rig *rig, unsigned b, unsigned door, bool open)
{
    uint32_t bit = UINT32_C(1) << door;
    rig->inputs[b]->inputs = open ? rig->inputs[b]->inputs & ~bit : rig->inputs[b]->inputs | bit;
}

void rig_forget(struct rig *rig)
{
    rig->notes_n = 0;
}

const struct rig_note *rig_note(const struct rig *rig, enum rig_kind kind, int bank, int door, unsigned i)
{
    for (unsigned n = 0; n < rig->notes_n; n++) {
        const struct rig_note *x = &rig->notes[n];
        bool fits =
            x->kind == kind && (bank < 0 || x->bank == (unsigned)bank) && (door < 0 || x->door == (unsigned)door);
        if (fits && i-- == 0) {
            return x;
        }
    }
    return NULL;
}

unsigned rig_count(const struct rig *rig, enum rig_kind kind, int bank, int door)
{
    unsigned n = 0;
    while (rig_note(rig, kind, bank, door, n)) {
        n++;
    }
    return n;
}
