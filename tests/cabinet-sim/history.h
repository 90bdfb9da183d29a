/*
 * What physically happened, with its instant: the truth that tests compare the controller's story with. A ring of the
 * last N happenings, and one listener that sees each as it is recorded. Instants are CLOCK_MONOTONIC nanoseconds of the
 * model (the moment the thing happens, not the moment the program got round to it).
 * Thread: the owner's. Blocking: never.
 */
#ifndef LK_CAB_HISTORY_H
#define LK_CAB_HISTORY_H

#include <stddef.h>
#include <stdint.h>

enum lk_cab_kind {
    LK_CAB_REQUEST,       /* a whole request was heard; value: instant its first character began, text: hex */
    LK_CAB_REPLY,         /* a reply left; value: instant its first character began, text: hex */
    LK_CAB_UNANSWERED,    /* a request nobody answers: unit not here, board dead, reply lost */
    LK_CAB_GARBLED,       /* characters that are no frame (CRC, length); text: hex */
    LK_CAB_GAP_VIOLATION, /* a request began inside the silent gap; value: the gap kept, ns */
    LK_CAB_DROPPED,       /* a strict line threw that request away; text: hex */
    LK_CAB_PULSE_START,   /* a relay contact closed */
    LK_CAB_PULSE_END,     /* a relay contact opened; value: how long it was closed, ns */
    LK_CAB_UNLATCHED,     /* the lock let go */
    LK_CAB_DOOR_OPENED,
    LK_CAB_DOOR_CLOSED,
    LK_CAB_INPUT,      /* the sensor input reads another value; value: 0 or 1 */
    LK_CAB_ITEM_PUT,   /* text: the item */
    LK_CAB_ITEM_TAKEN, /* text: the item */
    LK_CAB_FAULT_SET,  /* text: its name */
    LK_CAB_FAULT_CLEARED,
    LK_CAB_POWER_OFF,
    LK_CAB_POWER_ON,
    LK_CAB_LINE,  /* the line or port changed; text: unplugged, plugged, opened, closed, ... */
    LK_CAB_KINDS, /* how many there are */
};

struct lk_cab_happening {
    uint64_t seq; /* from 1, without gaps */
    int64_t at_ns;
    enum lk_cab_kind kind;
    int line, board, channel, door; /* indexes in the world, -1 = does not apply; channel counts from 0 on its board */
    int64_t value;
    char text[168];
};

struct lk_cab_history {
    struct lk_cab_happening *ring;
    size_t room;
    uint64_t last_seq;
    void (*listener)(void *arg, const struct lk_cab_happening *h); /* may be NULL; must not record */
    void *listener_arg;
};

/* Room for the last `room` >= 1 happenings. 0 or -ENOMEM. The caller frees with lk_cab_history_free(). */
int lk_cab_history_init(struct lk_cab_history *ret_h, size_t room);
void lk_cab_history_free(struct lk_cab_history *h);

/* Numbers *what, keeps a copy, tells the listener. */
void lk_cab_history_add(struct lk_cab_history *h, const struct lk_cab_happening *what);

/* The happening with that number, or NULL when it is not (or no longer) there. Valid until the next add. */
const struct lk_cab_happening *lk_cab_history_get(const struct lk_cab_history *h, uint64_t seq);

/* Oldest number still kept; last_seq + 1 when empty. */
uint64_t lk_cab_history_oldest(const struct lk_cab_history *h);

/* "request", "pulse-start", ... */
const char *lk_cab_kind_name(enum lk_cab_kind kind);

/* The kind of that name, or LK_CAB_KINDS. */
enum lk_cab_kind lk_cab_kind_from_name(const char *name);

/* Hex digits of n bytes for `text`; a long frame ends in "..". */
void lk_cab_hex_text(char *dst, size_t cap, const uint8_t *bytes, size_t n);

#endif
