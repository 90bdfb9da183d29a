/*
 * Looking things up: the facts the engine puts into an input (who is behind this code?), and lists for people.
 * Codes and tokens are compared as keyed hashes: HMAC(key, site || 0x00 || code), HMAC(key, site || 0x01 || token),
 * HMAC(key, site || 0x02 || badge); the algorithm's name is in the row (law 8).
 *
 * Thread: the owner thread. Blocking: reads only, a code among 1,000,000 in some 10 us. Errors: 0 or -EIO, -EUCLEAN,
 * -ENOMEM; "not there" is no error. Texts given in are borrowed during the call.
 */
#ifndef STORE_FIND_H
#define STORE_FIND_H

#include "core/command.h"
#include "store/store.h"

/* A look-up's answer. */
struct lk_store_found {
    bool found;          /* item is valid */
    bool live;           /* code, token: this very secret still opens. item id: the item has a live code or token */
    struct lk_item item; /* .overdue is only ever set when the clock handed in is synced; .holder, .phone_tail: of
                            whoever the code or token was made for */
    unsigned more;       /* code, token: further compartments whose items the same live secret opens */
};

/* Which item does a keypad code open? A live code is preferred over used-up ones (a code may come again once its old
 * item is gone); among used-up ones the youngest. `digits` is what was typed; malformed text finds nothing. */
int lk_store_find_code(struct lk_store *store, const struct lk_stamp *now, const char *digits,
                       struct lk_store_found *ret_found);

/* The same for a scanned QR text. */
int lk_store_find_token(struct lk_store *store, const struct lk_stamp *now, const char *text,
                        struct lk_store_found *ret_found);

/* An item by its id (barcode). */
int lk_store_find_item(struct lk_store *store, const struct lk_stamp *now, const char *id,
                       struct lk_store_found *ret_found);

/* Whether the code is live for an item other than `except` (an id; NULL or "": no exception) that is not known to be
 * the same person's: one code may open several items of one person, one after the other. phone_mac: that person's, NULL
 * when not known (then nobody is the same). */
int lk_store_code_in_use(struct lk_store *store, const char *code, const char *except, const uint8_t *phone_mac,
                         bool *ret_used);

/* Whether a live code or token of item `id` is live for another item too: then both are one person's, and neither may
 * become somebody else's (law 8). */
int lk_store_code_shared(struct lk_store *store, const char *id, bool *ret_shared);

/* The next item in a locker, by door, that the youngest secrets of item `id` and this holder open too; `id` itself may
 * be collected already. A delegate's code never leads to what only the recipient's opens. more: further compartments
 * after this one. */
int lk_store_find_sibling(struct lk_store *store, const struct lk_stamp *now, const char *id, enum lk_holder holder,
                          struct lk_store_found *ret_found);

/* The door of a compartment where items of the same case and person as item `id` lie (both known and equal), the first
 * by label; LK_NO_DOOR when there is none. */
int lk_store_find_companion(struct lk_store *store, const char *id, int *ret_door);

/* What a person at the window shows, against the item's live code, or the phone tail of its recipient: which of them
 * fits, or LK_PROOF_NONE. `digits` is what was typed; a code wins. */
int lk_store_proof(struct lk_store *store, const char *id, const char *digits, enum lk_proof *ret_proof);

/* HMAC(key, site || 0x04 || digits of the phone number, spaces and a leading +86 or 0086 left out): the same number,
 * the same person. -EINVAL: not 5 to 20 digits. */
int lk_store_phone(struct lk_store *store, const char *phone, uint8_t ret_mac[32]);

/* A number for a new drop-off that no item of this store has: "D" and 9 digits from the CSPRNG. */
int lk_store_new_receipt(struct lk_store *store, char ret_id[LK_ITEM_ID_MAX + 1]);

/* A code of this many digits that is nobody's live one, from the CSPRNG. -ENOSPC: hardly any is left. The caller erases
 * it. */
int lk_store_new_code(struct lk_store *store, unsigned digits, char ret_code[LK_CODE_MAX + 1]);

/* A token of 192 bits as base64url, from the CSPRNG. The caller erases it. */
int lk_store_new_token(char ret_token[LK_TOKEN_MAX + 1]);

/* The keyed hashes for an announcement: code, token, or both; NULL or "" for "none". The caller erases the texts.
 * 0 or -ENOMEM. */
int lk_store_make_secret(struct lk_store *store, const char *code, const char *token, struct lk_secret *ret_secret);

/* One item of a list, with what only lists show. Pointers inside: none. */
struct lk_store_item {
    struct lk_item item;
    bool live;                    /* has a live code or token */
    bool holder[LK_HOLDERS];      /* whose those are */
    bool reminded, told_overdue;  /* what was told of it since it was last extended */
    int64_t deposited_wall_ms;    /* 0: never */
    int64_t retain_until_wall_ms; /* 0: not known yet */
};

/* Called once per row, in order; false ends the list. It must not call the store. */
typedef bool lk_store_item_row(void *user, const struct lk_store_item *row);

struct lk_store_item_filter {
    enum lk_custody custody; /* NONE: any */
    const char *item;        /* exactly this id; NULL: any */
    const char *after;       /* ids greater than this (paging); NULL: from the first */
    unsigned limit;          /* at most so many rows; 0: 100 */
};

/* Items in order of their id. */
int lk_store_list_items(struct lk_store *store, const struct lk_stamp *now, const struct lk_store_item_filter *filter,
                        lk_store_item_row *row, void *user);

/* What staff may take back: items in lockers; first those that are overdue or cancelled, then by door. limit 0: all. */
int lk_store_list_recalls(struct lk_store *store, const struct lk_stamp *now, unsigned limit, lk_store_item_row *row,
                          void *user);

/* A round: of the items in lockers only those that are overdue, cancelled or refused, or drop-offs, or asked for by
 * upstream's item.transfer, in walking order (bank by bank as configured, door by door). limit 0: all. */
int lk_store_list_round(struct lk_store *store, const struct lk_stamp *now, unsigned limit, lk_store_item_row *row,
                        void *user);

/* What `who` put into lockers by openings of intent `from_intent` or later, in that order: a courier's receipt. */
int lk_store_list_deposits(struct lk_store *store, const struct lk_stamp *now, const char *who, uint64_t from_intent,
                           unsigned limit, lk_store_item_row *row, void *user);

/* The next thing the calendar asks for (config: remind_days, personal_days, records_days, events_days), oldest first;
 * found false: nothing, also whenever the clock is not synced (law 11). PURGE and EVENTS have no item; *ret_count is
 * their number of records, or of the oldest events (a few hundred at a time, of days that are over as a whole), else 0.
 */
int lk_store_next_due(struct lk_store *store, const struct lk_stamp *now, enum lk_due *ret_due,
                      struct lk_store_found *ret_found, unsigned *ret_count);

struct lk_store_counts {
    uint64_t items[LK_CUSTODIES]; /* [LK_CUSTODY_NONE] stays 0 */
    uint64_t codes_live, tokens_live;
};

/* Reads an index through: some ms per 100,000 items. */
int lk_store_counts(struct lk_store *store, struct lk_store_counts *ret_counts);

#endif
