/*
 * The 24 sites year: every site's real core, engine and store in virtual time, with a cabinet, people and an upstream
 * around them. Everything comes from one seed. What is simulated and what is not: docs/year.md.
 *
 *   calendar.c  working days, holidays with make-up days, hours
 *   plan.c      which item comes when, by which channel, and what its recipient will do
 *   site.c      one site: store, engine, virtual time; power cuts and restarts
 *   cabinet.c   doors, locks and boards as they really are
 *   kiosk.c     what a person types, scans and presses; waiting in front of a door
 *   citizen.c   pickups, drop-offs, disputes, more time
 *   staff.c     couriers and clerks at the kiosk: deposits, recall rounds
 *   window.c    clerks at the window, by kiosk, lockerctl or upstream
 *   care.c      maintenance: blocked compartments, inspection rounds
 *   upstream.c  commands; the books of custody, kept from the events alone
 *   truth.c     what must be so
 *   table.c     the year's table
 *
 * Thread: one per process; a site is run by one process from its first day to its last. A broken truth ends the process
 * with exit 1 and a line that says where and when.
 */
#ifndef YEAR_H
#define YEAR_H

#include "engine.h"

#include "core/view.h"
#include "store/care.h"
#include "store/find.h"
#include "store/log.h"
#include "store/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

enum {
    YEAR_SITES = 24,
    YEAR_DAYS = 334,    /* eleven months: 1 January to 30 November */
    YEAR_ITEMS = 27696, /* of the first customer in that time, on all sites */
    DROPOFFS_MOST = 2000,
};

/* --- calendar.c: the first day is 1 January 2025, at midnight in the hall's time zone (UTC+8) --------------------- */

enum day_kind { DAY_WORK, DAY_WEEKEND, DAY_HOLIDAY };

#define YEAR_FIRST_WALL_MS INT64_C(1735660800000) /* 2025-01-01T00:00:00+08:00 */

enum day_kind calendar_day(int day);
bool calendar_is_monday(int day);
/* Opening time of the windows on this day, minutes after midnight; false: shut. */
bool calendar_hours(int day, int *ret_open_min, int *ret_close_min);
/* The first instant at or after `at_ms` at which the windows are open. */
int64_t calendar_next_open(int64_t at_ms);

/* --- chance: splitmix64 ------------------------------------------------------------------------------------------- */

uint64_t chance_next(uint64_t *rng);
int64_t chance_between(uint64_t *rng, int64_t least, int64_t most);
bool chance_in(uint64_t *rng, unsigned of_10000);

/* --- items -------------------------------------------------------------------------------------------------------- */

/* Where an envelope really is. */
enum place { AT_SENDER, BEHIND_DOOR, AT_RECIPIENT, AT_OFFICE, AT_POST, SENT_BACK, STOLEN, PLACES };

enum dispute { NO_DISPUTE, SAYS_NOT_MINE, SAYS_NOTHING, SAYS_STILL_INSIDE, SAYS_REFUSE };

struct envelope {
    char id[24], case_id[24], code[9], delegate_code[9], token[40], phone[12], waybill[24];
    enum lk_channel channel;
    enum lk_size size;
    bool second_factor, low_reach, announced, dropoff;
    bool by_qr, delegate, rates, wants_time, forgets, wrong_first, never_comes, is_cancelled, unannounced, loaded_late;
    bool bad_address;  /* the post cannot deliver it */
    bool brought_back; /* the courier brings it back */
    bool known_unseen; /* something happened that no sensor and nobody could tell: not held against the core */
    enum dispute dispute;
    int64_t comes_at_ms, patience_ms; /* at the office; until its recipient comes */
    enum place where;
    int door;
    int64_t since_ms; /* at the window since then */
    unsigned tries;   /* how often its recipient, or the courier, came in vain */
};

/* --- what happens, in virtual time -------------------------------------------------------------------------------- */

enum happening_kind {
    /* the cabinet: also while somebody stands there */
    H_SENSE,  /* .arg door: the sensor's confirm time is over */
    H_REPORT, /* .arg door, .intent */
    H_SWING,  /* .arg door opens */
    H_SHUT,   /* .arg door: somebody passing by shuts it */
    H_BOARD_LOST,
    H_BOARD_BACK, /* .arg bank */
    H_POWER,      /* a power cut */
    H_BOOT,
    H_FORCE, /* .arg door is forced */
    H_NET_DOWN,
    H_NET_UP,
    H_CLOCK_WRONG,
    H_CLOCK_RIGHT,
    /* people: one after the other */
    H_ANNOUNCE, /* .arg item */
    H_ARRIVES,  /* .arg item lies in the office */
    H_CITIZEN,  /* .arg item: its recipient comes to the cabinet */
    H_WINDOW,   /* .arg item: its recipient comes to the window */
    H_DELIVER,  /* .arg item: the post rings */
    H_CANCEL,   /* .arg item */
    H_DROPOFF,
    H_COURIER,
    H_MORNING,
    H_CLOSING,
    H_HOURLY,
    H_NIGHT,
};

struct happening {
    int64_t at_ms;
    uint64_t order, intent;
    enum happening_kind kind;
    int arg;
};

struct heap {
    struct happening *at;
    size_t count, room;
};

/* --- what is counted: a flat value, added up over the sites ------------------------------------------------------- */

struct tally {
    uint64_t items[LK_CHANNELS], unannounced, dropoffs;
    uint64_t custody[LK_CHANNELS + 1][LK_CUSTODIES]; /* at the end; the last row: drop-offs */
    uint64_t collected_via[LK_CHANNELS][LK_CHANNELS];
    uint64_t events[LK_EVENT_TYPES];
    uint64_t denied[LK_REASONS];   /* access.denied, .command_refused by reason */
    uint64_t notices[LK_REASONS];  /* what the kiosk refused */
    uint64_t disputes[LK_REASONS]; /* item.disputed by reason */
    uint64_t mismatches[LK_REASONS];
    uint64_t steps, commands, repeated, restarts, power_cuts, offline_days, wrong_clocks, boards_lost, forced, jams,
        wrong;
    uint64_t unseen, next, in_vain, replayed, late_acks, checks, chain, delegates, second_factors, together;
    uint64_t cycles_min, cycles_median, cycles_max; /* of the doors of all sites */
    uint64_t bytes;                                 /* not in the table: file sizes are no promise */
};

enum { CYCLES_MOST = 4096 };

/* --- one site ----------------------------------------------------------------------------------------------------- */

struct real_door {
    bool open;
    enum lk_sense told;
    bool stiff; /* does not give way to pulses until somebody repairs it */
    unsigned cycles;
};

struct book_line {
    char item[24];
    enum lk_custody custody;
    enum lk_channel via;
};

struct books {
    struct book_line *line;
    size_t count, room;
    uint64_t received; /* the last seq */
    char head[LK_HASH_HEX + 1];
};

struct site {
    int number;
    uint64_t rng;
    char name[24], dir[200], path[256], key[256];
    int days;
    const char *trace;
    struct lk_core_config cfg;
    struct lk_store *store;
    struct lk_engine *engine;
    struct lk_clock *clock;
    struct event_base *base;
    int64_t base_ms; /* true time when the monotonic clock was 0 */
    bool up, net_up;
    int64_t clock_off_ms; /* how wrong the calendar is */

    struct heap cabinet, people;
    uint64_t order;
    struct real_door door[LK_MAX_DOORS];
    bool board_up[LK_MAX_BANKS];
    uint8_t *pulsed; /* per intent */
    size_t pulsed_room;

    struct envelope *item;
    size_t items;
    unsigned jti, waybills;
    int round_at;               /* the weekly round goes on at this door */
    struct lk_command *waiting; /* what upstream could not send yet */
    size_t waits, waits_room;
    int acks_late; /* nights without an ack */
    struct books books;
    struct lk_core before_cut; /* the state when the power went */
    struct tally tally;
};

/* What the run is about. */
struct options {
    uint64_t seed;
    int sites, days, jobs;
    const char *json, *trace;
};

/* plan.c */
void plan_items(const struct options *options, struct site *s);
void plan_faults(struct site *s);

/* site.c */
_Noreturn void site_broken(const struct site *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void site_create(const struct options *options, int number, struct site *s);
void site_run(struct site *s);
void site_end(struct site *s);
int64_t site_now(const struct site *s); /* true time, ms since the first day */
int site_day(const struct site *s);
struct lk_stamp site_stamp(const struct site *s);
/* Time passes for whoever stands there: the cabinet and the daemon go on. */
void site_wait(struct site *s, int64_t ms);
void site_boot(struct site *s);
void site_cut(struct site *s, bool power);
struct happening *site_plan(struct site *s, enum happening_kind kind, int64_t at_ms, int arg);
struct happening *heap_add(struct heap *heap, struct happening h);
struct happening heap_take(struct heap *heap);
const struct lk_core *site_core(const struct site *s);

/* cabinet.c */
int cabinet_pulse(void *user, int door, uint64_t intent, int64_t now_ms);
void cabinet_resume(void *user, int bank);
void cabinet_happens(struct site *s, const struct happening *h);
void cabinet_boards_up(struct site *s);
void cabinet_shut(struct site *s, int door);
void cabinet_dead(struct site *s);

/* kiosk.c */
bool kiosk_see(const struct site *s, struct lk_view *ret_view); /* false: dark */
enum lk_screen kiosk_screen(const struct site *s);
bool kiosk_code(struct site *s, const char *code);
bool kiosk_scan(struct site *s, const char *text);
bool kiosk_press(struct site *s, enum lk_button button, enum lk_size size, int rating);
bool kiosk_has(const struct site *s, enum lk_button button);
bool kiosk_choose(struct site *s, enum lk_button button, const char *item);
/* Until the screen is another one than this, at most so long. */
bool kiosk_next(struct site *s); /* NEXT: of a person's items, or of a round */
enum lk_custody kiosk_custody(struct site *s, const char *item);
enum lk_screen kiosk_wait_while(struct site *s, enum lk_screen screen, int64_t most_ms);
bool kiosk_send(struct site *s, struct lk_input *in);
void kiosk_clear(struct site *s); /* waits until the kiosk is free for the next person */

/* citizen.c */
void citizen_comes(struct site *s, int item);
void citizen_drops(struct site *s);

/* staff.c */
void staff_courier(struct site *s);
void staff_morning(struct site *s);
void staff_closing(struct site *s);
void staff_arrives(struct site *s, int item);
bool staff_badge(struct site *s, const char *who);
void staff_post(struct site *s, int item); /* it is with the post: what happens next */
void staff_here(struct site *s, int item); /* it is at the window: what happens next */

/* window.c */
void window_batch(struct site *s);
void window_person(struct site *s, int item);

/* care.c */
void care_morning(struct site *s);
bool care_admin(struct site *s, struct lk_input *in, const char *who);
void care_take_out(struct site *s, int door, enum place to);

/* upstream.c */
void upstream_announce(struct site *s, int item);
void upstream_cancel(struct site *s, int item);
void upstream_deliver(struct site *s, int item);
void upstream_send(struct site *s, struct lk_command *command);
struct lk_command upstream_command(struct site *s, enum lk_command_kind kind, const struct envelope *e);
void upstream_net(struct site *s, bool up);
void upstream_night(struct site *s);
void upstream_read(struct site *s, bool ack);
void upstream_free(struct site *s);
void upstream_some_command(struct site *s);
const struct book_line *upstream_book(const struct site *s, const char *item);
void upstream_dues(struct site *s);

/* truth.c */
void truth_items(struct site *s);
void truth_restored(struct site *s, const struct lk_core *before, const struct lk_core *after);
void truth_end(struct site *s);

/* table.c */
void table_add(struct tally *sum, const struct tally *one);
void table_print(const struct options *options, const struct tally *sum);
int table_json(const char *path, const struct options *options, const struct tally *sum);

#endif
