/*
 * What the store remembers about commands (law 7) and staff.
 *
 * Thread: the owner thread. Blocking: reads of some us; put and remove are commits. Errors: 0 or -EIO, -EUCLEAN,
 * -ENOSPC, -ENOMEM, and what a function names. Texts given in are borrowed during the call.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "core/command.h"
#include "store/store.h"

/* Whether a command was here before. Commands are remembered by LK_FX_COMMAND in lk_store_apply(); a second one with
 * the same jti and digest replaces the answer (PENDING gets its answer later). */
enum lk_store_known {
    LK_STORE_KNOWN_NONE,  /* never seen */
    LK_STORE_KNOWN_SAME,  /* seen, byte for byte: give the stored answer again */
    LK_STORE_KNOWN_OTHER, /* the jti was used for other content: refuse (LK_REASON_ID_REUSED) */
};

struct lk_store_command {
    enum lk_store_known known;
    enum lk_result result; /* the stored answer; valid when SAME */
    enum lk_reason reason;
    enum lk_outcome outcome;
    char sealed[LK_SEALED_MAX + 1]; /* what the locker made and sealed to upstream's key; "": nothing */
};

/* digest: SHA-256 of the whole token (struct lk_command). */
int lk_store_find_command(struct lk_store *store, const char *jti, const uint8_t digest[32],
                          struct lk_store_command *ret_command);

/* Who may sign in. The PIN's hash is made and checked by the caller (Argon2id, on a worker thread); the badge's text is
 * kept as a keyed hash only. */
enum { LK_STORE_PIN_MAX = 127 };

struct lk_store_staff {
    char id[LK_STAFF_ID_MAX + 1];
    enum lk_actor role;             /* COURIER, CLERK, MAINTENANCE or SUPERVISOR */
    char pin[LK_STORE_PIN_MAX + 1]; /* encoded Argon2 hash "$argon2id$..."; never in a log or an answer */
    bool badge;                     /* has a badge */
    bool removed;                   /* tombstone: may not sign in, the id stays readable in the log's terms */
};

/* Adds a member or replaces role, PIN hash and badge of one (also of a removed one, who is back then).
 * badge: the text its barcode gives; NULL or "": none. -EINVAL: a role that cannot sign in, an id that is none, no or
 * an overlong PIN hash; -EEXIST: the badge is another member's. */
int lk_store_staff_put(struct lk_store *store, const char *id, enum lk_actor role, const char *pin_hash,
                       const char *badge, const struct lk_stamp *now);

/* The keyed hash of a badge's text. 0 or -EIO. */
int lk_store_badge_mac(struct lk_store *store, const char *badge, uint8_t ret_mac[32]);

/* Keeps a tombstone, erases PIN hash and badge. -ENOENT when there is no such member (or it is removed already). */
int lk_store_staff_remove(struct lk_store *store, const char *id, const struct lk_stamp *now);

/* By id, or by a badge's text. 0 and *ret_found; *ret_staff is filled only when found. Removed members are not found.
 */
int lk_store_staff_by_id(struct lk_store *store, const char *id, bool *ret_found, struct lk_store_staff *ret_staff);
int lk_store_staff_by_badge(struct lk_store *store, const char *text, bool *ret_found,
                            struct lk_store_staff *ret_staff);

/* Called once per member, in order of id, removed ones too; .pin is "" here. false ends the list. It must not call the
 * store. */
typedef bool lk_store_staff_row(void *user, const struct lk_store_staff *staff);

int lk_store_staff_list(struct lk_store *store, lk_store_staff_row *row, void *user);

#endif
