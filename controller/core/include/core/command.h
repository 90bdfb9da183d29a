/*
 * A command of upstream after its signature and claims were checked (uplink/command.h); the core decides about it.
 * Value type. Wire form: docs/contract.
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include "core/item.h"

enum lk_command_kind {
    LK_CMD_ITEM_ANNOUNCE,    /* args: item_id, channel?, size?, code?, token?, phone_tail?, low_reach? */
    LK_CMD_ITEM_CANCEL,      /* args: item_id */
    LK_CMD_COMPARTMENT_OPEN, /* args: compartment */
    LK_CMD_STATUS_GET,       /* no args */
    LK_COMMANDS
};

const char *lk_command_name(enum lk_command_kind v); /* for example "item.announce" */
int lk_command_parse(const char *name, enum lk_command_kind *ret_value);

struct lk_command {
    enum lk_command_kind kind;
    char jti[LK_JTI_MAX + 1];
    char issuer[LK_STAFF_ID_MAX + 1];
    uint8_t digest[32];                 /* SHA-256 of the whole token: the same jti with other bytes is refused */
    struct lk_item item;                /* announce, cancel: id and what args gave */
    char compartment[LK_LABEL_MAX + 1]; /* open: the label as sent */
    int door;                           /* filled by the engine from the label; LK_NO_DOOR when there is no such door */
    char code[17];                      /* announce: digits, "" when not given. Erased by the engine once hashed. */
    char token[129];                    /* announce: QR text, "" when not given. Erased by the engine once hashed. */
};

#endif
