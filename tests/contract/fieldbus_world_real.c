#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldbus_world.h"
#include "hal/fieldbus_linux.h"
#include "responder.h"

/* LK_WORLD_TRANSPORT is set by the build: LK_FB_RTU or LK_FB_TCP. */
struct world {
    struct lk_fieldbus *fb;
    struct responder *responder;
};

static void wait_up(struct world *w)
{
    for (int i = 0; i < 300 && !lk_fieldbus_up(w->fb); i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_true(lk_fieldbus_up(w->fb));
}

struct world *world_make(void)
{
    struct world *w = calloc(1, sizeof(*w));
    struct lk_fieldbus_config config = {.name = "real",
                                        .transport = LK_WORLD_TRANSPORT,
                                        .baud = 19200,
                                        .host = "127.0.0.1",
                                        .timeout_ms = WORLD_TIMEOUT_MS,
                                        .queue_slots = WORLD_SLOTS};
    assert_non_null(w);
    w->responder = responder_make(LK_WORLD_TRANSPORT, WORLD_BOARDS, WORLD_CHANNELS);
    strcpy(config.device, responder_path(w->responder));
    config.port = responder_port(w->responder);
    assert_int_equal(lk_fieldbus_linux_create(&config, &w->fb), 0);
    assert_int_equal(lk_fieldbus_start(w->fb), 0);
    wait_up(w);
    return w;
}

void world_end(struct world *w)
{
    lk_fieldbus_destroy(w->fb);
    responder_end(w->responder);
    free(w);
}

struct lk_fieldbus *world_line(struct world *w)
{
    return w->fb;
}

void world_wait(struct world *w, int64_t ms)
{
    struct pollfd p = {.fd = lk_fieldbus_fd(w->fb), .events = POLLIN};
    (void)poll(&p, 1, (int)ms);
}

void world_sleep(struct world *w, int64_t ms)
{
    (void)w;
    (void)poll(NULL, 0, (int)ms);
}

int64_t world_now_ms(struct world *w)
{
    struct timespec ts;
    (void)w;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

void world_fault(struct world *w, uint8_t unit, const struct lk_fieldbus_sim_fault *fault)
{
    responder_fault(w->responder, unit, fault);
}

void world_inputs(struct world *w, uint8_t unit, uint32_t inputs)
{
    responder_inputs(w->responder, unit, inputs);
}

uint32_t world_pulses(struct world *w, uint8_t unit, unsigned channel)
{
    return responder_pulses(w->responder, unit, channel);
}

uint32_t world_coils(struct world *w, uint8_t unit)
{
    return responder_coils(w->responder, unit);
}

void world_plug(struct world *w, bool plugged)
{
    responder_plug(w->responder, plugged);
}

bool world_is_real(const struct world *w)
{
    (void)w;
    return true;
}

bool world_owes(const struct world *w)
{
    (void)w;
    return LK_WORLD_TRANSPORT == LK_FB_RTU;
}
