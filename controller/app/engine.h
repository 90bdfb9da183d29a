/*
 * The engine: takes inputs from a bounded queue, one at a time: stamp, step, commit, adopt, act (docs/architecture.md,
 * "One step"). It owns the core's state and is the only caller of lk_core_step() and lk_store_apply().
 *
 * Thread: the owner thread. Inputs of hardware wait when the store cannot commit, and are tried again every second;
 * inputs of people and of upstream are refused then (LK_REASON_STORE_FAILED), for nobody waits in front of a door for
 * a disk.
 */
#ifndef APP_ENGINE_H
#define APP_ENGINE_H

#include "core/step.h"
#include "hal/clock.h"
#include "store/store.h"

#include <stdio.h>

struct event_base;
struct lk_engine;

/* Where effects go once they are committed. All but settled and replaced are required; user is handed to each. None may
 * call lk_engine_submit() for the same door at once: they may post. */
struct lk_outlets {
    void *user;
    /* Gives the pulse to the driver. 0 when accepted (a PULSE_DONE input follows), else it was certainly not sent. */
    int (*pulse)(void *user, int door, uint64_t intent, int64_t now_ms);
    void (*resume_bank)(void *user, int bank);
    void (*replay)(void *user, uint64_t from_seq); /* upstream asked for the events from there again */
    void (*reply)(void *user, const struct lk_effect *reply);
    /* A command has its answer (result is not PENDING), or was accepted (PENDING). */
    void (*command)(void *user, const struct lk_effect *command);
    /* Events first..last are in the log. */
    void (*logged)(void *user, struct lk_store_range range);
    /* An opening has its outcome; or none could be proved (UNKNOWN). */
    void (*settled)(void *user, int door, enum lk_outcome outcome);
    /* A door has a new lock or relay: reason says which. */
    void (*replaced)(void *user, int door, enum lk_reason reason);
    /* Something in the state changed: screens and snapshots may need drawing anew. */
    void (*changed)(void *user);
    /* What the cabinet said cannot be committed, now or ever: state and store contradict each other (-ESTALE, -EEXIST,
     * -EINVAL of lk_store_apply(), our bug). Told once. The only way on is a new start, which takes its state from the
     * store. */
    void (*broken)(void *user, int error);
};

struct lk_engine_config {
    const struct lk_core_config *core; /* borrowed until destroy */
    struct lk_store *store;            /* borrowed */
    struct lk_clock *clock;            /* borrowed */
    struct event_base *base;           /* borrowed */
    struct lk_outlets outlets;
    const char *trace_file; /* "" or NULL: no trace */
};

/* Restores the state from the store. 0; lk_store_restore()'s errors with *why; the errno of opening the trace file. */
int lk_engine_create(const struct lk_engine_config *config, struct lk_engine **ret_engine, struct lk_text *why);
struct lk_engine *lk_engine_destroy(struct lk_engine *engine);

/* Queues an input of the cabinet (SENSE, PULSE_DONE, BANK, CLOCK, BOOT, SHUTDOWN) and runs the queue, unless it is
 * being run already. Time is stamped when it is stepped. While the store fails and the queue gets crowded, a newer word
 * about the same door or bank takes the place of the older one; what finds no room all the same is lost and logged. */
void lk_engine_post(struct lk_engine *engine, const struct lk_input *input);

/* Steps an input of a person or of upstream at once. 0, or the commit's negative errno: then nothing happened, and the
 * request, if any, was answered with FAILED and LK_REASON_STORE_FAILED. -EBUSY when called from inside a step: answered
 * with REFUSED and LK_REASON_NOT_NOW. */
int lk_engine_submit(struct lk_engine *engine, const struct lk_input *input);

/* The adopted state. Valid until the next step. */
const struct lk_core *lk_engine_core(const struct lk_engine *engine);
const struct lk_core_config *lk_engine_core_config(const struct lk_engine *engine);

int64_t lk_engine_now_ms(const struct lk_engine *engine);
struct lk_stamp lk_engine_stamp(const struct lk_engine *engine);

/* The last commit failed and hardware inputs are waiting. */
bool lk_engine_stalled(const struct lk_engine *engine);

/* Steps taken since start; the watchdog's proof that the loop does something. */
uint64_t lk_engine_steps(const struct lk_engine *engine);

/* An input of this kind with everything else zero or "none". */
struct lk_input lk_engine_input(enum lk_input_kind kind);

/* The core's word for the clock's. */
enum lk_clock_quality lk_engine_quality(const struct lk_clock *clock);

#endif
