#include "fb_private.h"

enum {
    STEADY = 2048,         /* proven replies without silence between them before the wait is shortened */
    WINDOW = 65536,        /* replies; the worst of this window and of the one before counts: an hour or two */
    WAIT_TIMES = 4,        /* the wait is so often the worst reply, */
    WAIT_MARGIN_MS = 20,   /* one hand-over of a USB adapter more, */
    WAIT_FLOOR_MS = 100,   /* and never less than this */
    FIRST_BUCKET_US = 100, /* four buckets for each doubling: the last ends at 6.5 s */
    BUCKETS_PER_OCTAVE = 4,
    US_PER_MS = 1000,
};

/* Upper edges of the buckets within one octave: 2^(1/4), 2^(2/4), 2^(3/4), 2, in thousandths. */
static const uint32_t edges[BUCKETS_PER_OCTAVE] = {1189, 1414, 1682, 2000};

static uint32_t upper_us(unsigned bucket)
{
    uint32_t base_us = (uint32_t)FIRST_BUCKET_US << bucket / BUCKETS_PER_OCTAVE;
    return (uint32_t)((uint64_t)base_us * edges[bucket % BUCKETS_PER_OCTAVE] / 1000);
}

void lk_fb_tempo_proven(struct lk_fb_tempo *t, uint32_t us)
{
    unsigned bucket = 0;
    while (bucket < LK_FB_BUCKETS - 1 && us > upper_us(bucket)) {
        bucket++;
    }
    t->histogram[bucket]++;
    t->steady++;
    if (++t->in_window > WINDOW) {
        t->worst_us[1] = t->worst_us[0];
        t->worst_us[0] = 0;
        t->in_window = 1;
    }
    t->worst_us[0] = us > t->worst_us[0] ? us : t->worst_us[0];
}

void lk_fb_tempo_slow(struct lk_fb_tempo *t, uint32_t us)
{
    t->steady = 0;
    t->worst_us[0] = us > t->worst_us[0] ? us : t->worst_us[0];
}

uint32_t lk_fb_tempo_worst_us(const struct lk_fb_tempo *t)
{
    return t->worst_us[0] > t->worst_us[1] ? t->worst_us[0] : t->worst_us[1];
}

unsigned lk_fb_tempo_wait_ms(const struct lk_fb_tempo *t, unsigned limit_ms)
{
    if (t->steady < STEADY) {
        return limit_ms;
    }
    uint64_t ms = (uint64_t)lk_fb_tempo_worst_us(t) * WAIT_TIMES / US_PER_MS + WAIT_MARGIN_MS;
    ms = ms < WAIT_FLOOR_MS ? WAIT_FLOOR_MS : ms;
    return ms < limit_ms ? (unsigned)ms : limit_ms;
}

/* The middle of the bucket in which that share of the replies ends. */
uint32_t lk_fb_tempo_share_us(const struct lk_fb_tempo *t, uint64_t ok, unsigned per_mille)
{
    uint64_t wanted = (ok * per_mille + 999) / 1000, seen = 0;
    for (unsigned bucket = 0; bucket < LK_FB_BUCKETS && wanted > 0; bucket++) {
        seen += t->histogram[bucket];
        if (seen >= wanted) {
            uint32_t lower_us = bucket > 0 ? upper_us(bucket - 1) : FIRST_BUCKET_US;
            return (lower_us + upper_us(bucket)) / 2;
        }
    }
    return 0;
}
