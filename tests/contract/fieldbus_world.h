/*
 * What the fieldbus contract is tested in: a line with boards 1, 2 and 3 of 8 channels. In virtual time, or on a real
 * pty or TCP port before a thread that answers. One test program per world, the same tests in all.
 */
#ifndef LK_TESTS_CONTRACT_FIELDBUS_WORLD_H
#define LK_TESTS_CONTRACT_FIELDBUS_WORLD_H

#include "hal/fieldbus_sim.h"

enum { WORLD_BOARDS = 3, WORLD_CHANNELS = 8, WORLD_TIMEOUT_MS = 120, WORLD_SLOTS = 16 };

struct world;

/* Makes the line, started and up, and the boards. Ends the test program if it cannot. */
struct world *world_make(void);
void world_end(struct world *w);

struct lk_fieldbus *world_line(struct world *w);

/* Lets time pass until a completion may be there, at most for so long. */
void world_wait(struct world *w, int64_t ms);

/* Lets so much time pass, whatever completes. */
void world_sleep(struct world *w, int64_t ms);

int64_t world_now_ms(struct world *w);

void world_fault(struct world *w, uint8_t unit, const struct lk_fieldbus_sim_fault *fault);
void world_inputs(struct world *w, uint8_t unit, uint32_t inputs);
uint32_t world_pulses(struct world *w, uint8_t unit, unsigned channel);
uint32_t world_coils(struct world *w, uint8_t unit);
void world_plug(struct world *w, bool plugged);

/* Time is the machine's. */
bool world_is_real(const struct world *w);

/* Late replies are told apart on this line (RTU), not by a new connection (TCP). */
bool world_owes(const struct world *w);

#endif
