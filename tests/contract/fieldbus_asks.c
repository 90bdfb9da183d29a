#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fieldbus_asks.h"

struct lk_fb_request pulse(uint64_t tag, uint8_t unit, uint8_t channel)
{
    return (struct lk_fb_request){.tag = tag,
                                  .unit = unit,
                                  .pdu_len = 5,
                                  .pdu = {0x05, 0x02, channel, 0x00, 0x05},
                                  .expect = LK_FB_ECHO,
                                  .priority = LK_FB_PULSE};
}

struct lk_fb_request read_inputs(uint64_t tag, uint8_t unit)
{
    return (struct lk_fb_request){.tag = tag,
                                  .unit = unit,
                                  .pdu_len = 5,
                                  .pdu = {0x02, 0x00, 0x00, 0x00, WORLD_CHANNELS},
                                  .expect = LK_FB_READ,
                                  .read_bytes = 1,
                                  .priority = LK_FB_NORMAL};
}

struct lk_fb_poll poll_inputs(uint64_t tag, uint8_t unit, unsigned period_ms)
{
    return (struct lk_fb_poll){.tag = tag,
                               .unit = unit,
                               .pdu_len = 5,
                               .pdu = {0x02, 0x00, 0x00, 0x00, WORLD_CHANNELS},
                               .read_bytes = 1,
                               .period_ms = period_ms};
}

bool next(struct world *w, int64_t within_ms, struct lk_fb_completion *ret_c)
{
    int64_t end_ms = world_now_ms(w) + within_ms;
    for (;;) {
        if (lk_fieldbus_reap(world_line(w), ret_c)) {
            return true;
        }
        int64_t left_ms = end_ms - world_now_ms(w);
        if (left_ms <= 0) {
            return false;
        }
        world_wait(w, left_ms);
    }
}

struct lk_fb_completion await(struct world *w, uint64_t tag)
{
    struct lk_fb_completion c;
    do {
        if (!next(w, 8000, &c)) {
            fail_msg("no completion for tag %d", (int)tag);
        }
    } while (c.tag != tag);
    return c;
}

struct lk_fb_completion await_status(struct world *w, uint64_t tag, int status)
{
    struct lk_fb_completion c;
    do {
        c = await(w, tag);
    } while (c.status != status);
    return c;
}

struct lk_fb_completion ask(struct world *w, struct lk_fb_request r)
{
    assert_int_equal(lk_fieldbus_submit(world_line(w), &r), 0);
    return await(w, r.tag);
}
