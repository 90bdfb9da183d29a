/* Which item comes when, and what its people will do. The shares are assumptions; docs/year.md names them. */
#include "year.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64, public domain, Sebastiano Vigna */
uint64_t chance_next(uint64_t *rng)
{
    uint64_t z = (*rng += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

int64_t chance_between(uint64_t *rng, int64_t least, int64_t most)
{
    return least + (int64_t)(chance_next(rng) % (uint64_t)(most - least + 1));
}

bool chance_in(uint64_t *rng, unsigned of_10000)
{
    return chance_next(rng) % 10000 < of_10000;
}

/* --- how many, where and when ------------------------------------------------------------------------------------- */

enum { HALL_WEIGHT = 60, BRANCH_LEAST = 6, BRANCH_MOST = 14 };

/* The main hall is the first; the branch halls differ, always in the same way. */
static unsigned site_weight(int number)
{
    return number == 0 ? HALL_WEIGHT : BRANCH_LEAST + (unsigned)(number * 5 % (BRANCH_MOST - BRANCH_LEAST + 1));
}

static unsigned day_weight(int day)
{
    static const unsigned weights[] = {[DAY_WORK] = 20, [DAY_WEEKEND] = 7, [DAY_HOLIDAY] = 1};
    return weights[calendar_day(day)];
}

static unsigned pick(uint64_t *rng, unsigned (*weight)(int), int count)
{
    unsigned sum = 0;
    for (int i = 0; i < count; i++) {
        sum += weight(i);
    }
    unsigned at = (unsigned)chance_between(rng, 0, sum - 1);
    int i = 0;
    for (; at >= weight(i); i++) {
        at -= weight(i);
    }
    return (unsigned)i;
}

/* As many as the customer had, by the part of the year and of the sites that is run. */
static unsigned item_count(const struct options *o)
{
    uint64_t sites = 0, all_sites = 0, days = 0, all_days = 0;
    for (int i = 0; i < YEAR_SITES; i++) {
        all_sites += site_weight(i);
        sites += i < o->sites ? site_weight(i) : 0;
    }
    for (int i = 0; i < YEAR_DAYS; i++) {
        all_days += day_weight(i);
        days += i < o->days ? day_weight(i) : 0;
    }
    return (unsigned)(YEAR_ITEMS * sites * days / all_sites / all_days);
}

/* --- one item ----------------------------------------------------------------------------------------------------- */

static void plan_person(struct site *s, struct envelope *e, const struct envelope *last, unsigned n)
{
    bool same_case = last && last->channel == e->channel && chance_in(&s->rng, 500);
    bool same_person = same_case || (last && chance_in(&s->rng, 600));
    (void)snprintf(e->id, sizeof(e->id), "Y%02d-%06u", s->number, n);
    (void)snprintf(e->case_id, sizeof(e->case_id), "C%02d-%06u", s->number, n);
    (void)snprintf(e->waybill, sizeof(e->waybill), "EMS%02d%08u", s->number, n);
    (void)snprintf(e->phone, sizeof(e->phone), "138%08u", (n * 7919U + (unsigned)s->number) % 100000000U);
    (void)snprintf(e->code, sizeof(e->code), "%08u", (n * 48271U + 12345U) % 50000000U);
    (void)snprintf(e->delegate_code, sizeof(e->delegate_code), "%08u", 50000000U + (n * 48271U) % 50000000U);
    (void)snprintf(e->token, sizeof(e->token), "T%02d%029u", s->number % 100, n);
    if (same_person) {
        memcpy(e->phone, last->phone, sizeof(e->phone));
        memcpy(e->code, last->code, sizeof(e->code));
        memcpy(e->token, last->token, sizeof(e->token));
        e->comes_at_ms = last->comes_at_ms + (same_case ? 0 : HOUR_MS);
        e->channel = last->channel;
        e->patience_ms = last->patience_ms;
        e->unannounced = false;
    }
    if (same_case) {
        memcpy(e->case_id, last->case_id, sizeof(e->case_id));
        e->size = last->size;
        e->low_reach = last->low_reach;
    }
}

static enum lk_channel some_channel(uint64_t *rng)
{
    int64_t luck = chance_between(rng, 0, 99);
    return luck < 50 ? LK_CHANNEL_LOCKER : luck < 78 ? LK_CHANNEL_WINDOW : LK_CHANNEL_POST;
}

static int64_t some_patience(uint64_t *rng)
{
    int64_t luck = chance_between(rng, 0, 99);
    return luck < 60   ? chance_between(rng, 20 * MINUTE_MS, 20 * HOUR_MS)
           : luck < 90 ? chance_between(rng, DAY_MS, 5 * DAY_MS)
                       : chance_between(rng, 5 * DAY_MS, 12 * DAY_MS);
}

static enum dispute some_dispute(uint64_t *rng)
{
    int64_t luck = chance_between(rng, 0, 9999);
    return luck < 25    ? SAYS_NOT_MINE
           : luck < 50  ? SAYS_NOTHING
           : luck < 100 ? SAYS_STILL_INSIDE
           : luck < 170 ? SAYS_REFUSE
                        : NO_DISPUTE;
}

static void plan_fate(uint64_t *rng, struct envelope *e)
{
    e->channel = some_channel(rng);
    int64_t size = chance_between(rng, 0, 99);
    e->size = size < 75 ? LK_SIZE_S : size < 95 ? LK_SIZE_M : LK_SIZE_L;
    e->second_factor = chance_in(rng, 800);
    e->low_reach = chance_in(rng, 400);
    e->by_qr = chance_in(rng, 4500);
    e->delegate = chance_in(rng, 400);
    e->rates = chance_in(rng, 3000);
    e->wants_time = chance_in(rng, 250);
    e->forgets = chance_in(rng, 150);
    e->wrong_first = chance_in(rng, 400);
    e->never_comes = chance_in(rng, 350);
    e->is_cancelled = chance_in(rng, 120);
    e->unannounced = chance_in(rng, 100);
    e->loaded_late = chance_in(rng, 1500);
    e->bad_address = chance_in(rng, 400);
    e->dispute = some_dispute(rng);
    e->patience_ms = some_patience(rng);
    e->where = AT_SENDER;
    e->door = LK_NO_DOOR;
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void plan_happenings(struct site *s)
{
    for (size_t i = 0; i < s->items; i++) {
        const struct envelope *e = &s->item[i];
        int64_t told_ms = e->comes_at_ms - chance_between(&s->rng, 10 * MINUTE_MS, 20 * HOUR_MS);
        told_ms = e->unannounced ? e->comes_at_ms + chance_between(&s->rng, HOUR_MS, 2 * DAY_MS) : told_ms;
        (void)site_plan(s, H_ANNOUNCE, told_ms < MINUTE_MS ? MINUTE_MS : told_ms, (int)i);
        (void)site_plan(s, H_ARRIVES, e->comes_at_ms, (int)i);
        if (e->is_cancelled) {
            int64_t when_ms = e->comes_at_ms + chance_between(&s->rng, -2 * HOUR_MS, 3 * DAY_MS);
            (void)site_plan(s, H_CANCEL, when_ms > HOUR_MS ? when_ms : HOUR_MS, (int)i);
        }
    }
}

/* Every site draws the whole customer's items from the run's seed and keeps its own: the sum is what it has to be. */
void plan_items(const struct options *o, struct site *s)
{
    uint64_t rng = o->seed * 0x2545F4914F6CDD1DU + 99;
    unsigned all = item_count(o), count = 0;
    int64_t *times = calloc(all + 1, sizeof(*times));
    for (unsigned i = 0; i < all && times; i++) {
        int site = (int)pick(&rng, site_weight, o->sites), day = (int)pick(&rng, day_weight, o->days);
        int64_t at_ms = day * DAY_MS + chance_between(&rng, 9 * HOUR_MS, 16 * HOUR_MS + 30 * MINUTE_MS);
        if (site == s->number) {
            times[count++] = at_ms;
        }
    }
    s->item = calloc(count + DROPOFFS_MOST, sizeof(*s->item));
    if (!times || !s->item) {
        site_broken(s, "out of memory");
    }
    qsort(times, count, sizeof(*times), by_time);
    for (unsigned n = 0; n < count; n++) {
        struct envelope *e = &s->item[n];
        plan_fate(&s->rng, e);
        e->comes_at_ms = times[n];
        plan_person(s, e, n > 0 ? e - 1 : NULL, n);
        s->tally.items[e->channel]++;
    }
    s->items = count;
    free(times);
    plan_happenings(s);
}

/* --- what goes wrong ---------------------------------------------------------------------------------------------- */

static void plan_often(struct site *s, enum happening_kind kind, int64_t every_days, int arg_most)
{
    int64_t at_ms = 0, end_ms = s->days * DAY_MS;
    for (;;) {
        at_ms += chance_between(&s->rng, DAY_MS / 4, 2 * every_days * DAY_MS);
        if (at_ms >= end_ms) {
            return;
        }
        (void)site_plan(s, kind, at_ms, (int)chance_between(&s->rng, 0, arg_most));
    }
}

void plan_faults(struct site *s)
{
    plan_often(s, H_POWER, 30, 1);
    plan_often(s, H_BOARD_LOST, 12, s->cfg.banks - 1);
    plan_often(s, H_FORCE, 90, s->cfg.doors - 1);
    plan_often(s, H_NET_DOWN, 45, 1);
    plan_often(s, H_CLOCK_WRONG, 60, 1);
    plan_often(s, H_DROPOFF, 4, 1);
}
