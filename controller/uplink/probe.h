/*
 * Why an attempt to connect failed, when the MQTT library cannot say: looks once itself. Resolves the broker's name,
 * opens a connection, and for mqtts shakes hands without trusting anything, to name what a strict handshake refuses.
 * Sends nothing but the handshake, and lk_probe_only_311() an empty CONNECT.
 *
 * Thread: the uplink's thread. Blocking: the resolver's time-outs, then at most some 8 s.
 */
#ifndef UPLINK_PROBE_H
#define UPLINK_PROBE_H

#include "private.h"

enum lk_probe {
    LK_PROBE_UNREACHABLE, /* no address, nobody listens, or the time was over */
    LK_PROBE_TLS,         /* reached, but TLS does not come about: *text says why and what to do */
    LK_PROBE_OPEN,        /* reached, and TLS, where it is used, is all right */
};

/* `text` (LK_UPLINK_ERROR_MAX bytes) is written for TLS only. */
enum lk_probe lk_probe(const struct lk_uplink_settings *set, char *text);

/* Whether the broker answers a CONNECT of MQTT 3.1.1 (with yes or no) and hangs up on one of MQTT 5: then it knows no
 * 5, and does not say so. Asks under a name of its own, without will, user or password. */
bool lk_probe_only_311(const struct lk_uplink_settings *set);

#endif
