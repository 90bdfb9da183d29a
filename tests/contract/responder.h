/*
 * A thread that answers Modbus requests like a few boards would, on a pty or on a loopback TCP port, with the faults of
 * struct lk_fieldbus_sim_fault. For tests of the real fieldbus where cabinet-sim would be more than is needed.
 */
#ifndef LK_TESTS_CONTRACT_RESPONDER_H
#define LK_TESTS_CONTRACT_RESPONDER_H

#include "hal/fieldbus_sim.h"

struct responder;

enum { RESPONDER_UNITS = 32, RESPONDER_HEARD = 4096 };

/* One request as it came in: when its first byte was seen, and when the reply before it was handed over (0: none). */
struct responder_heard {
    int64_t at_ns, reply_before_ns;
    uint8_t unit, pdu[5];
};

/* Boards 1..units with so many channels each. Aborts the program on failure. */
struct responder *responder_make(enum lk_fb_transport transport, unsigned units, unsigned channels);
void responder_end(struct responder *r);

/* Where to reach it: a path that survives plug(), or a port on 127.0.0.1. */
const char *responder_path(const struct responder *r);
unsigned responder_port(const struct responder *r);

void responder_fault(struct responder *r, uint8_t unit, const struct lk_fieldbus_sim_fault *fault);
void responder_inputs(struct responder *r, uint8_t unit, uint32_t inputs);
uint32_t responder_pulses(struct responder *r, uint8_t unit, unsigned channel);
uint32_t responder_coils(struct responder *r, uint8_t unit);
void responder_plug(struct responder *r, bool plugged);

/* Replies take as long as on a wire of that speed (8N1), from the moment the request was complete; 0: no pacing. */
void responder_pace(struct responder *r, unsigned baud);

/* Copies what was heard since the last call, RESPONDER_HEARD at most. Returns how many. */
size_t responder_heard(struct responder *r, struct responder_heard *ret_heard);

#endif
