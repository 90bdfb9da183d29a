/*
 * One step as text that a technician can read: the golden traces, the property test and the daemon's own trace print
 * the same lines. Format: docs/core.md. Never a code, token or PIN. Any thread; no allocation.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "core/step.h"

/* Called once per line; the text has no newline and is valid during the call. */
typedef void lk_trace_line(void *user, const char *line);

/* The input, then each change of a door, bank, screen or lockout between before and after, then each effect. */
void lk_trace_step(const struct lk_core_config *cfg, const struct lk_input *in, const struct lk_core *before,
                   const struct lk_core *after, const struct lk_effects *fx, lk_trace_line *line, void *user);

#endif
