/* A device that comes and goes: when to try again, and whether its state is news. Private to the readers. */
#ifndef DRIVERS_PLUG_H
#define DRIVERS_PLUG_H

#include <stdbool.h>
#include <stdint.h>

struct lk_plug {
    int error; /* 0: it is there, else why not */
    bool told; /* the state was told at least once */
    int64_t open_at_ms;
};

/* Not there (-ENODEV), nothing told, to be opened at once. */
void lk_plug_init(struct lk_plug *plug);

/* Notes what an attempt or a loss brought; after an error the next attempt is at retry_at_ms. True: tell it. Unplugged
 * is one state, whatever the system calls it: found gone by a read, then not found by open, is told once. */
bool lk_plug_set(struct lk_plug *plug, int error, int64_t retry_at_ms);

#endif
