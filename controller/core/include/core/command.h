/*
 * A command of upstream after its signature and claims were checked (uplink/command.h); the core decides about it.
 * Value type. Wire form: docs/contract.
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include "core/item.h"

enum lk_command_kind {
    LK_CMD_ITEM_ANNOUNCE,   /* args: item_id, channel?, size?, code?, token?, phone_tail?, low_reach?, phone?, name?,
                               case?, site?, second_factor? */
    LK_CMD_ITEM_UPDATE,     /* the same: what is given replaces, what is not stays; no code, no token */
    LK_CMD_ITEM_CANCEL,     /* args: item_id */
    LK_CMD_ITEM_TRANSFER,   /* args: item_id, to (window, post), waybill?: staff are to take it there; a done thing when
                               it is at the window already */
    LK_CMD_ITEM_EXTEND,     /* args: item_id, days? */
    LK_CMD_ITEM_DELIVERED,  /* args: item_id, via (window, post)?, undeliverable? */
    LK_CMD_ITEM_RECEIVED,   /* args: item_id: it is at the window */
    LK_CMD_CODE_REISSUE,    /* args: item_id, code?, token? */
    LK_CMD_CODE_REVOKE,     /* args: item_id */
    LK_CMD_DELEGATE_GRANT,  /* args: item_id, code?, token?, phone_tail? */
    LK_CMD_DELEGATE_REVOKE, /* args: item_id */
    LK_CMD_COMPARTMENT_OPEN,    /* args: compartment */
    LK_CMD_STATUS_GET,          /* no args */
    LK_CMD_COMPARTMENT_BLOCK,   /* args: compartment, note? */
    LK_CMD_COMPARTMENT_UNBLOCK, /* args: compartment: only what was blocked by request */
    LK_CMD_STAFF_UPSERT,        /* args: staff_id, role, pin_hash?, badge? */
    LK_CMD_STAFF_REMOVE,        /* args: staff_id */
    LK_CMD_EVENTS_REPLAY,       /* args: from */
    LK_COMMANDS
};

const char *lk_command_name(enum lk_command_kind v); /* for example "item.announce" */
int lk_command_parse(const char *name, enum lk_command_kind *ret_value);

/* Bits of .given. */
enum lk_given {
    LK_GIVEN_CHANNEL = 1,
    LK_GIVEN_SIZE = 2,
    LK_GIVEN_PHONE = 4, /* phone, or phone_tail */
    LK_GIVEN_LOW_REACH = 8,
    LK_GIVEN_NAME = 16,
    LK_GIVEN_CASE = 32,
    LK_GIVEN_SITE = 64,
    LK_GIVEN_SECOND_FACTOR = 128,
};

enum {
    LK_CODE_MAX = 16,    /* digits of a code */
    LK_TOKEN_MAX = 128,  /* bytes of a QR text */
    LK_SEALED_MAX = 1535 /* bytes of a code and token sealed to upstream's key */
};

struct lk_command {
    enum lk_command_kind kind;
    char jti[LK_JTI_MAX + 1];
    char issuer[LK_STAFF_ID_MAX + 1];
    uint8_t digest[32];                 /* SHA-256 of the whole token: the same jti with other bytes is refused */
    struct lk_item item;                /* announce, cancel: id and what args gave */
    char compartment[LK_LABEL_MAX + 1]; /* open: the label as sent */
    int door;                           /* filled by the engine from the label; LK_NO_DOOR when there is no such door */
    char code[LK_CODE_MAX + 1];         /* announce: digits, "" when not given. Erased by the engine once hashed. */
    char token[LK_TOKEN_MAX + 1];       /* announce: QR text, "" when not given. Erased by the engine once hashed. */
    bool make_code, make_token; /* announce, reissue, grant: the locker makes it; then .code, .token are its own */
    const char *sealed;         /* what was made, sealed to upstream's key, for the answer; borrowed during the step.
                                   NULL: nothing was made */
    char phone[21];             /* announce, update: digits, maybe a leading +. Erased by the engine once hashed. */
    uint32_t given;             /* announce, update: which optional fields of .item were there (LK_GIVEN) */
    enum lk_custody to;         /* transfer: AT_WINDOW or WITH_COURIER */
    enum lk_channel via;        /* delivered: WINDOW or POST; LOCKER: not said, by where the item is */
    bool undeliverable;         /* delivered: the post could not; custody stays */
    unsigned days;              /* extend: 0: as the site's configuration says */
    char note[LK_NOTE_MAX + 1]; /* block: why, one line */
    struct lk_member member;    /* staff.*: badge_mac is filled by the engine from .badge */
    char badge[129];            /* upsert: the text of the badge. Erased by the engine once hashed. */
    uint64_t replay_from;       /* replay: the first event that is to come again */
};

#endif
