/*
 * One row of the event log as the store hands it to the uplink, to the admin socket and to the live feed: sealed, never
 * changed again. Value type with borrowed text: pointers are valid as long as the call that gave them says.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/words.h"

#include <stdint.h>

enum { LK_HASH_HEX = 64, LK_EPOCH_MAX = 36 };

struct lk_record {
    uint64_t seq;                 /* 1, 2, 3 ... without a gap within an epoch */
    char epoch[LK_EPOCH_MAX + 1]; /* UUID made with the database */
    enum lk_event_type type;
    char time[32];                 /* RFC 3339 UTC with milliseconds, as the wall clock said */
    enum lk_clock_quality quality; /* what that clock was worth */
    const char *data;              /* JSON object, UTF-8, the exact bytes that were hashed */
    char prevhash[LK_HASH_HEX + 1];
    char hash[LK_HASH_HEX + 1]; /* SHA-256; see docs/store.md for the hashed bytes */
};

#endif
