/* A site of two banks for the tests of controller/app: a configuration, a real store in a private folder, a clock in
 * virtual time, an event loop. */
#ifndef UNIT_APP_RIG_H
#define UNIT_APP_RIG_H

#include "app/config.h"
#include "hal/clock_sim.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RIG_PATH = 160, RIG_WALL_S = 1767225600 };

struct rig {
    char dir[64];
    struct lk_config *config;
    struct lk_clock *clock;
    struct event_base *base;
    struct lk_store *store; /* NULL until rig_open_store() */
    struct lk_stamp now;
};

/* more: further configuration lines, "" for none. */
void rig_make(struct rig *rig, const char *more);
void rig_open_store(struct rig *rig);
void rig_end(struct rig *rig);

/* A path in the private folder; valid until the next eight calls. */
const char *rig_path(const struct rig *rig, const char *name);

/* Writes a file there. */
void rig_write(const struct rig *rig, const char *name, const char *text);

/* Announces an item with a code and a token, and puts a courier "c1" with badge "BADGE-1" into the store. */
void rig_announce(struct rig *rig, const char *item, const char *code, const char *token);
void rig_hire(struct rig *rig, const char *pin_hash);

void rig_pass_ms(struct rig *rig, int64_t ms);

/* One turn of the loop, waiting at most so long (real time). */
void rig_loop(struct rig *rig, int64_t most_ms);

#endif
