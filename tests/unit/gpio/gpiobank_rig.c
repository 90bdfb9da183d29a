#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "gpiobank_rig.h"

enum { NS_PER_MS = 1000000, LINES = 2 * RIG_BANKS * RIG_DOORS, ANSWER_NS = 300000 };

unsigned rig_lock_line(unsigned b, unsigned door)
{
    return b * 2 * RIG_DOORS + door;
}

unsigned rig_sensor_line(unsigned b, unsigned door)
{
    return b * 2 * RIG_DOORS + RIG_DOORS + door;
}

static bool closed_level(unsigned b, unsigned door)
{
    return b == 0 || (RIG_BANK_1_CLOSED >> door & 1);
}

bool rig_energised(const struct rig *rig, unsigned b, unsigned door)
{
    return lk_gpio_sim_wire(rig->chip, rig_lock_line(b, door)) != (b == 1);
}

bool rig_any_energised(const struct rig *rig)
{
    bool any = false;
    for (unsigned i = 0; i < RIG_BANKS * RIG_DOORS; i++) {
        any = any || rig_energised(rig, i / RIG_DOORS, i % RIG_DOORS);
    }
    return any;
}

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

static void on_wire(void *user, unsigned offset, bool high, int64_t at_ns)
{
    unsigned b = offset / (2 * RIG_DOORS), line = offset % (2 * RIG_DOORS);
    if (line < RIG_DOORS) {
        note(user, (struct rig_note){RIG_LOCK, at_ns / NS_PER_MS, b, line, high != (b == 1), 0, 0});
    }
}

static struct lk_gpiobank_config config_of(unsigned b)
{
    struct lk_gpiobank_config c = {.chip = "label:cabinet",
                                   .doors = RIG_DOORS,
                                   .lock_active_low = b == 1,
                                   .sensor_closed_level = b == 0 ? 0xF : RIG_BANK_1_CLOSED,
                                   .debounce_ms = 20};
    for (unsigned d = 0; d < RIG_DOORS; d++) {
        (void)snprintf(c.locks[d], sizeof(c.locks[d]), "P%02u", rig_lock_line(b, d));
        (void)snprintf(c.sensors[d], sizeof(c.sensors[d]), "#%u", rig_sensor_line(b, d));
    }
    return c;
}

static void make_bank(struct rig *rig, unsigned b, struct lk_gpiobank_config config)
{
    static const struct lk_lockbank_sink sink = {on_sense, on_pulse, on_board};
    struct lk_gpio_config lines;
    rig->users[b] = (struct rig_user){rig, b};
    assert_int_equal(lk_gpiobank_lines(&config, &lines), 0);
    assert_int_equal(lk_gpio_sim_create(rig->chip, &lines, &rig->gpio[b]), 0);
    assert_int_equal(lk_gpiobank_create(&config, rig->gpio[b], rig->supply, &sink, &rig->users[b], &rig->banks[b]), 0);
}

void rig_misname(struct rig *rig, unsigned b)
{
    struct lk_gpiobank_config config = config_of(b);
    (void)snprintf(config.sensors[0], sizeof(config.sensors[0]), "GPIO77");
    lk_lockbank_destroy(rig->banks[b]);
    make_bank(rig, b, config);
}

void rig_make(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    rig->now_ms = RIG_START_MS;
    assert_int_equal(lk_gpio_sim_chip_create("cabinet", "P", LINES, RIG_START_MS * INT64_C(1000000), &rig->chip), 0);
    assert_int_equal(lk_supply_create(NULL, &rig->supply), 0);
    lk_gpio_sim_guards(rig->chip, &(struct lk_gpio_sim_guard){.answer_ns = ANSWER_NS});
    for (unsigned b = 0; b < RIG_BANKS; b++) {
        for (unsigned d = 0; d < RIG_DOORS; d++) {
            lk_gpio_sim_pull(rig->chip, rig_lock_line(b, d), b == 1);
            rig_door(rig, b, d, false);
        }
        make_bank(rig, b, config_of(b));
    }
    lk_gpio_sim_watch(rig->chip, on_wire, rig);
}

void rig_end(struct rig *rig)
{
    lk_gpio_sim_watch(rig->chip, NULL, NULL);
    for (unsigned b = 0; b < RIG_BANKS; b++) {
        rig->banks[b] = lk_lockbank_destroy(rig->banks[b]);
    }
    rig->supply = lk_supply_destroy(rig->supply);
    rig->chip = lk_gpio_sim_chip_destroy(rig->chip);
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll(&p, 1, 0) > 0;
}

static void turn(struct rig *rig, unsigned b)
{
    struct lk_lockbank *bank = rig->banks[b];
    if (readable(lk_lockbank_fd(bank))) {
        lk_lockbank_ready(bank, rig->now_ms);
    }
    if (lk_lockbank_next_at_ms(bank) <= rig->now_ms) {
        lk_lockbank_tick(bank, rig->now_ms);
    }
}

void rig_run(struct rig *rig, int64_t ms)
{
    while (ms-- > 0) {
        rig->now_ms++;
        lk_gpio_sim_advance(rig->chip, rig->now_ms * NS_PER_MS);
        for (unsigned b = 0; !rig->stalled && b < RIG_BANKS; b++) {
            turn(rig, b);
        }
    }
}

bool rig_is(const struct rig *rig, unsigned b, enum lk_lockbank_board state, enum lk_lockbank_reason reason)
{
    enum lk_lockbank_reason is;
    return lk_lockbank_board_state(rig->banks[b], &is) == state && is == reason;
}

void rig_ready(struct rig *rig, unsigned b)
{
    assert_int_equal(lk_lockbank_start(rig->banks[b], rig->now_ms), 0);
    assert_true(rig_is(rig, b, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
}

void rig_door(struct rig *rig, unsigned b, unsigned door, bool open)
{
    lk_gpio_sim_pull(rig->chip, rig_sensor_line(b, door), closed_level(b, door) != open);
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
