#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fieldbus_world.h"

struct world {
    struct lk_fieldbus *fb;
    struct lk_sim_board *boards[WORLD_BOARDS + 1];
};

struct world *world_make(void)
{
    struct world *w = calloc(1, sizeof(*w));
    struct lk_fieldbus_config config = {.name = "sim",
                                        .transport = LK_FB_RTU,
                                        .device = "/dev/none",
                                        .baud = 19200,
                                        .timeout_ms = WORLD_TIMEOUT_MS,
                                        .queue_slots = WORLD_SLOTS};
    assert_non_null(w);
    assert_int_equal(lk_fieldbus_sim_create(&config, 1000000000, &w->fb), 0);
    for (uint8_t u = 1; u <= WORLD_BOARDS; u++) {
        w->boards[u] = lk_fieldbus_sim_board(w->fb, u, WORLD_CHANNELS);
        assert_non_null(w->boards[u]);
    }
    assert_int_equal(lk_fieldbus_start(w->fb), 0);
    return w;
}

void world_end(struct world *w)
{
    lk_fieldbus_destroy(w->fb);
    free(w);
}

struct lk_fieldbus *world_line(struct world *w)
{
    return w->fb;
}

void world_wait(struct world *w, int64_t ms)
{
    int64_t step_ns = ms < 1 ? ms * 1000000 : 1000000;
    lk_fieldbus_sim_advance(w->fb, lk_fieldbus_sim_now_ns(w->fb) + step_ns);
}

void world_sleep(struct world *w, int64_t ms)
{
    lk_fieldbus_sim_advance(w->fb, lk_fieldbus_sim_now_ns(w->fb) + ms * 1000000);
}

int64_t world_now_ms(struct world *w)
{
    return lk_fieldbus_sim_now_ns(w->fb) / 1000000;
}

void world_fault(struct world *w, uint8_t unit, const struct lk_fieldbus_sim_fault *fault)
{
    lk_fieldbus_sim_fault(w->fb, unit, fault);
}

void world_inputs(struct world *w, uint8_t unit, uint32_t inputs)
{
    w->boards[unit]->inputs = inputs;
}

uint32_t world_pulses(struct world *w, uint8_t unit, unsigned channel)
{
    return w->boards[unit]->pulses[channel];
}

uint32_t world_coils(struct world *w, uint8_t unit)
{
    return w->boards[unit]->coils;
}

void world_plug(struct world *w, bool plugged)
{
    lk_fieldbus_sim_plug(w->fb, plugged);
}

bool world_is_real(const struct world *w)
{
    (void)w;
    return false;
}

bool world_owes(const struct world *w)
{
    (void)w;
    return true;
}
