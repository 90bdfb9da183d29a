#include "rig.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* must() would be gone in a release build. */
static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void caught(void *arg, const uint8_t *bytes, size_t n)
{
    struct rig *r = arg;
    must(r->got_len + n <= sizeof r->got);
    memcpy(r->got + r->got_len, bytes, n);
    r->got_len += n;
    r->deliveries++;
}

void rig_init(struct rig *r, const char *profile)
{
    *r = (struct rig){.now_ns = 1000 * MS};
    int failed = lk_cab_world_init(&r->w, 1, 4096);
    must(failed == 0);
    int line = lk_cab_world_add_line(&r->w, "r", LK_CAB_RTU);
    const char *const names[] = {"A", "B"};
    for (unsigned i = 0; i < 2; i++) {
        const struct lk_cab_board_config c = {
            .name = names[i],
            .line = line,
            .unit = (uint8_t)(i + 1),
            .channels = 32,
            .inputs = 32,
            .doors = 32,
            .profile = lk_cab_profile_find(profile),
            .door = {.latch_ns = 50 * MS, .spring_ns = 60 * MS, .closed_reads1 = true},
        };
        int board = lk_cab_world_add_board(&r->w, &c);
        must(board == (int)i);
    }
    r->line = (struct lk_cab_rtu){.world = &r->w,
                                  .line = line,
                                  .config = {.baud = 0, .bits = 10, .turnaround_ns = -1},
                                  .deliver = caught,
                                  .deliver_arg = r};
}

void rig_free(struct rig *r)
{
    lk_cab_world_free(&r->w);
}

void rig_run(struct rig *r, int64_t ns)
{
    int64_t end_ns = r->now_ns + ns;
    for (;;) {
        int64_t line_ns = lk_cab_rtu_next(&r->line), world_ns = lk_cab_world_next(&r->w);
        int64_t next_ns = line_ns < world_ns ? line_ns : world_ns;
        if (next_ns > end_ns) {
            break;
        }
        unsigned before = r->deliveries;
        lk_cab_world_run(&r->w, next_ns);
        lk_cab_rtu_run(&r->line, next_ns);
        r->got_at_ns = r->deliveries > before ? next_ns : r->got_at_ns;
    }
    r->now_ns = end_ns;
}

void rig_send(struct rig *r, const uint8_t *bytes, size_t n)
{
    r->got_len = 0;
    lk_cab_rtu_feed(&r->line, bytes, n, r->now_ns);
}

static size_t frame(const char *hex, uint8_t *ret_bytes)
{
    uint8_t raw[LK_CAB_ADU_MAX];
    size_t n = strlen(hex) / 2;
    int bad = lk_text_unhex(raw, n, hex);
    must(bad == 0);
    return lk_cab_rtu_wrap(raw[0], raw + 1, n - 1, ret_bytes);
}

size_t rig_ask(struct rig *r, const char *hex)
{
    uint8_t bytes[LK_CAB_ADU_MAX];
    rig_send(r, bytes, frame(hex, bytes));
    rig_run(r, 5 * MS);
    return r->got_len;
}

bool rig_got(const struct rig *r, const char *hex)
{
    uint8_t bytes[LK_CAB_ADU_MAX];
    size_t n = frame(hex, bytes);
    return n == r->got_len && memcmp(bytes, r->got, n) == 0;
}

struct lk_cab_door *rig_door(struct rig *r, unsigned n)
{
    return &r->w.door[n - 1];
}

struct lk_cab_fault_state rig_fault(enum lk_cab_fault fault)
{
    return lk_cab_fault_row(fault)->defaults;
}

void rig_break_board(struct rig *r, enum lk_cab_fault fault, const struct lk_cab_fault_state *f)
{
    struct lk_cab_fault_state usual = rig_fault(fault);
    int bad = lk_cab_world_fault_board(&r->w, &r->w.board[0], fault, f ? f : &usual, r->now_ns);
    must(bad == 0);
}

void rig_break_door(struct rig *r, unsigned n, enum lk_cab_fault fault, const struct lk_cab_fault_state *f)
{
    struct lk_cab_fault_state usual = rig_fault(fault);
    int bad = lk_cab_world_fault_door(&r->w, rig_door(r, n), fault, f ? f : &usual, r->now_ns);
    must(bad == 0);
}

unsigned rig_count(const struct rig *r, enum lk_cab_kind kind, struct lk_cab_happening *ret_last)
{
    const struct lk_cab_history *h = &r->w.history;
    unsigned count = 0;
    for (uint64_t seq = lk_cab_history_oldest(h); seq <= h->last_seq; seq++) {
        const struct lk_cab_happening *one = lk_cab_history_get(h, seq);
        if (one->kind == kind) {
            count++;
            if (ret_last) {
                *ret_last = *one;
            }
        }
    }
    return count;
}
