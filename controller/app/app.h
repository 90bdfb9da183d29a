/*
 * The wired daemon: every part, and who tells whom. Made by main, used by the desks (kiosk, admin). Owner thread.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/config.h"
#include "cabinet.h"
#include "dues.h"
#include "engine.h"
#include "face/admin.h"
#include "face/face.h"
#include "hal/input.h"
#include "hal/serial.h"
#include "hal/watchdog.h"
#include "lamps.h"
#include "postal.h"
#include "readers.h"
#include "site_limits.h"
#include "wear.h"
#include "worker.h"

enum { LK_ADMIN_WAITING = 32, LK_APP_SIGNALS = 3 };

/* What main chose: the real backends, or simulated ones. */
struct lk_backends {
    lk_fieldbus_make *fieldbus;
    lk_gpio_make *gpio; /* NULL: there is none here */
    int (*serial)(const char *path, unsigned baud, struct lk_serial **ret_serial);
    int (*input)(const char *path, struct lk_input_device **ret_device);
    struct lk_clock *clock;       /* borrowed */
    struct lk_watchdog *watchdog; /* borrowed */
};

/* What the store has to know of the configuration; texts are borrowed from it. */
void lk_app_store_config(const struct lk_config *config, struct lk_store_config *ret_config);

/* An admin request that waits for the core's reply. */
struct lk_admin_wait {
    struct lk_admin_request *request;
    uint64_t number;             /* what the core calls it; never used twice */
    char door[LK_LABEL_MAX + 1]; /* or the bank's name, then is_bank */
    bool is_bank, is_round;      /* is_round: about the whole cabinet */
    char item[LK_ITEM_ID_MAX + 1];
    enum lk_custody custody;
    bool is_staff; /* about a staff member; role SYSTEM: who was removed */
    char staff[LK_STAFF_ID_MAX + 1];
    enum lk_actor role;
};

struct lk_app {
    const struct lk_config *config;
    struct lk_backends backends;
    struct event_base *base;
    struct lk_store *store;
    struct lk_limits *limits;
    struct lk_wear *wear;
    struct lk_cabinet *cabinet;
    struct lk_engine *engine;
    struct lk_postal *postal; /* NULL: no uplink configured */
    struct lk_face *face;
    struct lk_admin *admin;
    struct lk_readers *readers; /* NULL: none, not yet, or no more */
    struct lk_lamps *lamps;     /* likewise */
    struct lk_worker *worker;
    struct lk_dues *dues; /* NULL until everything stands */
    struct event *signals[LK_APP_SIGNALS], *housekeeping, *stop_timer;
    int64_t started_at_ms, tidy_at_ms, metrics_at_ms;
    bool stopping, started;
    bool hours_missing; /* it was said that this year has no [holidays YEAR] */
    int exit_code;      /* of lk_app_run() */
    struct lk_admin_wait waiting[LK_ADMIN_WAITING];
    struct lk_follower *followers; /* admin clients of `events --follow` */
    uint64_t admin_requests;       /* that waited for the core, since start */
    unsigned pins_under_way;       /* of the admin socket, with the worker */
    unsigned wrong_pins;           /* on the admin socket, the last one at wrong_pin_at_ms */
    int64_t wrong_pin_at_ms;
    struct lk_long_job *long_job; /* a backup or a walk of the chain under way; one at a time */
};

/* Builds and starts everything. 0, or a sysexits(3) code with *why: 65 damaged data, 70 our fault, 71 the system, 75
 * somebody else holds the line, the database or the port, 78 configuration. */
int lk_app_start(struct lk_app *app, const struct lk_config *config, const struct lk_backends *backends,
                 struct lk_text *why);

/* Runs until SIGTERM or SIGINT and a clean stop: no new pulses, coils off, goodbye upstream. 0, or 70 (EX_SOFTWARE)
 * when it stopped by itself because state and store contradict each other: the service manager starts it anew. */
int lk_app_run(struct lk_app *app);

/* Frees everything; also after a failed start. */
void lk_app_end(struct lk_app *app);

/* --- desks
 * ---------------------------------------------------------------------------------------------------------------------
 */

extern const struct lk_face_ops lk_kiosk_ops;   /* kiosk.c; user is the app */
extern const struct lk_admin_ops lk_admin_desk; /* admin.c; user is the app */
extern const struct lk_admin_command lk_admin_table[];

/* A scanned text, from the scanner or typed at the kiosk; request 0: nobody waits for an answer. */
void lk_kiosk_scan(struct lk_app *app, const char *text, uint64_t request);

/* A code, typed at the kiosk or at the keypad beside it; request as above. */
void lk_kiosk_code(struct lk_app *app, const char *code, uint64_t request);

/* Leaves a notice, or a door that is shut again, as "back" and "done" do. */
void lk_kiosk_go_home(struct lk_app *app);

/* The core's replies carry a request number: kiosk requests are even, admin ones odd. */
uint64_t lk_kiosk_request(uint64_t face_request);
void lk_kiosk_reply(struct lk_app *app, const struct lk_effect *reply);
void lk_admin_reply(struct lk_app *app, const struct lk_effect *reply);

/* New events are in the log: followers get them. */
void lk_admin_feed_followers(struct lk_app *app);

/* The admin server is about to go: nothing may touch its requests any more. */
void lk_admin_drop_all(struct lk_app *app);

/* Ends a long job that no worker is busy with. After the admin server and the worker are gone. */
void lk_admin_end_long(struct lk_app *app);

/* admin_read.c, admin_change.c, admin_long.c: handlers of lk_admin_table. */
typedef void lk_admin_handler(void *user, struct lk_admin_request *request, const json_t *args);
lk_admin_handler lk_admin_status, lk_admin_doors, lk_admin_uplink, lk_admin_events;
lk_admin_handler lk_admin_bus, lk_admin_metrics; /* admin_bus.c */
lk_admin_handler lk_admin_store, lk_admin_selfcheck, lk_admin_backup;
lk_admin_handler lk_admin_open, lk_admin_block, lk_admin_unblock, lk_admin_confirm, lk_admin_settle;
lk_admin_handler lk_admin_inspected, lk_admin_round_done;        /* admin_change.c */
lk_admin_handler lk_admin_item_receive, lk_admin_item_hand_over; /* admin_item.c: these and the next ones */
lk_admin_handler lk_admin_item_send, lk_admin_item_return, lk_admin_item_reject, lk_admin_item_extend;
lk_admin_handler lk_admin_items, lk_admin_recalls;
lk_admin_handler lk_admin_wear, lk_admin_wear_reset; /* admin_wear.c */
lk_admin_handler lk_admin_purge;                     /* admin_purge.c */
lk_admin_handler lk_admin_reload, lk_admin_lamps;    /* admin_reload.c */
lk_admin_handler lk_admin_staff_add, lk_admin_staff_remove, lk_admin_staff_list;
void lk_admin_events_cancelled(struct lk_app *app, struct lk_admin_request *request);

/* The warnings of wear there are, worst first, at most 32: {"place", "reason"}. */
json_t *lk_admin_wear_faults(struct lk_app *app);

/* The lines and their states, and the word for a bank's state, for more than one answer. */
json_t *lk_admin_fieldbuses_json(struct lk_app *app);
const char *lk_admin_bank_state(const struct lk_bank *bank);

/* Reads a text argument. False after answering bad_argument: missing (when required), no text, too long, or not an id.
 */
bool lk_admin_text(struct lk_admin_request *request, const json_t *args, const char *key, bool required, size_t max,
                   const char **ret_text);

/* An unsigned number argument, 0 to most; `fallback` when it is not there. False after answering bad_argument. */
bool lk_admin_number(struct lk_admin_request *request, const json_t *args, const char *key, json_int_t most,
                     json_int_t fallback, uint64_t *ret_number);

/* Steps the input as an LK_IN_ADMIN of whoever asks, with the second person; the core's reply ends the request. about:
 * what the answer names. */
void lk_admin_submit(struct lk_app *app, struct lk_admin_request *request, struct lk_input *in,
                     const struct lk_admin_wait *about);

/* args.why into the note of the input: one line of UTF-8, for the event; the daemon's log has it too. False after
 * answering bad_argument. */
bool lk_admin_why(struct lk_admin_request *request, const json_t *args, bool required, struct lk_input *in);

/* args.item and what the store knows of it, into the input. False after answering. */
bool lk_admin_take_item(struct lk_app *app, struct lk_admin_request *request, const json_t *args, struct lk_input *in,
                        struct lk_admin_wait *about);

/* Answers with STORE_FAILED and the error. */
void lk_admin_store_failed(struct lk_admin_request *request, int error);

#endif
