/*
 * A store in memory that takes the core's STORE effects as the real one does (controller/store): all or nothing, a
 * custody row must say what the effect's `from` says, one unfinished intent per door, a secret live for one item only,
 * a command answered once. It also counts what must come in pairs: each custody change with exactly one event, no
 * custody in an event without its change. Value type: copied for "the transaction is rolled back".
 *
 * Codes and tokens are plain numbers here; their "keyed hash" is the number's bytes.
 * Thread: any, one at a time. Errors: NULL, or an English sentence (static text) that says what the core did wrong.
 */
#ifndef MODEL_STORE_H
#define MODEL_STORE_H

#include "core/input.h"
#include "core/step.h"

enum { MODEL_ITEMS = 80, MODEL_SECRETS = 160, MODEL_DOORS = 32, MODEL_COMMANDS = 64 };

struct model_secret {
    bool used, live;
    enum lk_holder holder;
    char tail[5];         /* the delegate's */
    uint64_t code, token; /* 0: none */
    char item[LK_ITEM_ID_MAX + 1];
};

/* The unfinished intent of a door. id 0: none. */
struct model_intent {
    unsigned wired; /* as the door was then */
    struct lk_op op;
    char item[LK_ITEM_ID_MAX + 1];
};

struct model_door {
    enum lk_use use;
    enum lk_reason reason;
    char item[LK_ITEM_ID_MAX + 1];
    enum lk_purpose doubt_purpose; /* NONE: no doubt */
    enum lk_custody doubt_from;
    char doubt_joining[LK_ITEM_ID_MAX + 1];
    struct model_intent intent;
    unsigned wired;           /* by the configuration: a number for a fingerprint; changed only while nothing runs */
    unsigned confirmed, seen; /* in the store */
};

struct model_command {
    bool used;
    char jti[LK_JTI_MAX + 1];
    enum lk_result result;
    enum lk_reason reason;
};

struct model_store {
    struct {
        bool used;
        bool reminded, overdue, erased; /* marks of the calendar */
        struct lk_item item;
    } item[MODEL_ITEMS];
    struct model_secret secret[MODEL_SECRETS];
    unsigned next_secret;
    struct model_door door[MODEL_DOORS];
    enum lk_reason bank_stopped[LK_MAX_BANKS]; /* NONE: not stopped */
    unsigned tries, level, left_out;
    int64_t lock_ms;
    uint64_t next_intent;
    int64_t remote_at_ms[LK_REMOTE_KEPT];
    unsigned remotes;
    bool serviced; /* staff opened a compartment without a code: this one, then */
    int service_door;
    int64_t service_at_ms;
    struct model_command command[MODEL_COMMANDS];
    unsigned next_command;
    uint64_t events;
    uint64_t by_type[LK_EVENT_TYPES];
};

void model_store_init(struct model_store *store);

/* All STORE effects or none. NULL, or what is wrong with them: then *store is unchanged. */
const char *model_store_apply(struct model_store *store, const struct lk_effects *fx, int64_t now_ms);

/* As lk_store_restore(). */
void model_store_restore(const struct model_store *store, const struct lk_core_config *cfg, struct lk_core *core,
                         int64_t now_ms);

/* NULL when not there. Valid until the next apply. */
const struct lk_item *model_store_item(const struct model_store *store, const char *id);

/* Which item a code or token (is_token) opens: the live one is preferred. NULL: none. */
const struct lk_item *model_store_find(const struct model_store *store, uint64_t number, bool is_token, bool *ret_live);

/* The same with everything the engine looks up for a code or token: .found, .item with whose secret it is, .code_live,
 * .more. */
void model_store_look_up(const struct model_store *store, uint64_t number, bool is_token, struct lk_input *in);

/* NEXT: the next item, in another compartment, that this holder's secret of item `id` opens, and how many more. */
void model_store_sibling(const struct model_store *store, const char *id, enum lk_holder holder, struct lk_input *in);

/* Both known, and the same. */
bool model_same_person(const struct lk_item *a, const struct lk_item *b);

bool model_store_has_secret(const struct model_store *store, const char *id); /* a live one */

const struct model_command *model_store_command(const struct model_store *store, const char *jti);

/* What is being put in beside others behind this door, or may have been; "": nothing. */
const char *model_store_joining(const struct model_store *store, int door);

/* Where other items of the same case and person as this one lie, or LK_NO_DOOR. */
int model_store_companion(const struct model_store *store, const struct lk_item *item);

/* Whether everything durable in the core is in the store and the other way round. NULL, or what differs. */
const char *model_store_agrees(const struct model_store *store, const struct lk_core_config *cfg,
                               const struct lk_core *core);

/* Forgets an item and its secrets (a purge), so that long runs go on. */
void model_store_forget(struct model_store *store, const char *id);

struct lk_secret model_secret(uint64_t code, uint64_t token);

#endif
