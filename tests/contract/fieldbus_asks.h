/*
 * What the fieldbus contract asks of a line in a world, and how it waits for the answers.
 */
#ifndef LK_TESTS_CONTRACT_FIELDBUS_ASKS_H
#define LK_TESTS_CONTRACT_FIELDBUS_ASKS_H

#include "fieldbus_world.h"

/* A timed pulse of the board; reading its inputs, once and again and again. */
struct lk_fb_request pulse(uint64_t tag, uint8_t unit, uint8_t channel);
struct lk_fb_request read_inputs(uint64_t tag, uint8_t unit);
struct lk_fb_poll poll_inputs(uint64_t tag, uint8_t unit, unsigned period_ms);

/* The next completion, if one comes in time. */
bool next(struct world *w, int64_t within_ms, struct lk_fb_completion *ret_c);

/* The next one of that tag, or of that tag with that status; the others are thrown away. Fails the test after 8 s. */
struct lk_fb_completion await(struct world *w, uint64_t tag);
struct lk_fb_completion await_status(struct world *w, uint64_t tag, int status);

/* Submits it and waits for its (first) completion. */
struct lk_fb_completion ask(struct world *w, struct lk_fb_request r);

#endif
