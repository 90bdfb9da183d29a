/*
 * lockerctl from the inside: what the command line said, one call to the daemon, and the commands. Thread: one.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "client.h"
#include "say.h"

#include <stdint.h>

/* Exit codes: an interface, see lockerctl(1). */
enum lk_exit {
    LK_EXIT_OK = 0,
    LK_EXIT_REFUSED = 1,     /* the daemon said no; nothing was changed */
    LK_EXIT_USAGE = 2,       /* the command line is wrong; the daemon was not asked */
    LK_EXIT_UNREACHABLE = 3, /* no daemon, or no permission to talk to it; nothing was changed */
    LK_EXIT_FAILED = 4,      /* tried and failed, or it is not known what became of it */
    LK_EXIT_FAULTS = 5,      /* selfcheck, store, inspect: the answer names faults */
    LK_EXIT_LEFT = 6,        /* commission, inspect: the person left before the end; --resume goes on */
    LK_EXIT_BUSY = 75,       /* commission: the daemon, or another process, has the line */
};

enum { LK_SECRET_MAX = 128 }; /* characters of a PIN or of a badge's barcode */

/* Options a command may have; the rest of the command line is the same for all. */
enum lk_option {
    LK_OPT_FOLLOW,
    LK_OPT_AFTER,
    LK_OPT_LAST,
    LK_OPT_LIMIT,
    LK_OPT_WHY,
    LK_OPT_CUSTODY,
    LK_OPT_ITEM,
    LK_OPT_ROLE,
    LK_OPT_BADGE,
    LK_OPT_BADGE_FILE,
    LK_OPT_NEW_PIN_FILE,
    LK_OPT_WITH,
    LK_OPT_DEVICE, /* from here on: kept as they are */
    LK_OPT_HOST,
    LK_OPT_LINE,
    LK_OPT_BAUD,
    LK_OPT_PARITY,
    LK_OPT_UNITS,
    LK_OPT_PROFILE,
    LK_OPT_JOURNAL,
    LK_OPT_RESUME,
    LK_OPT_EMPTY,
    LK_OPT_ANSWERS,
    LK_OPT_DRY_RUN,
    LK_OPT_CONFIG,
    LK_OPT_SET_ADDRESS,
    LK_OPT_LOCKERD,
    LK_OPT_REPORT,
    LK_OPT_ONLY,
    LK_OPT_ROUND,
    LK_OPT_WITH_PIN_FILE,
    LK_OPT_CODE_FILE,
    LK_OPT_PART,
    LK_OPT_YES,
    LK_OPT_WHOLE,
    LK_OPTIONS
};

struct lk_ctl {
    enum lk_lang lang;
    bool json;
    const char *socket;
    int timeout_ms; /* for each line of an answer; negative: for ever */
    const char *staff, *pin_file;
    const char *with; /* the second person, who is named with each opening; NULL: nobody */
    bool follow, badge, last_given;
    uint64_t last, limit;
    const char *after; /* events: a seq; items: an item id */
    const char *why, *custody, *item, *role, *badge_file, *new_pin_file;
    const char *more[LK_OPTIONS -
                     LK_OPT_DEVICE]; /* values of the options from LK_OPT_DEVICE on, "" for flags; see lk_ctl_more() */
    char reason[48];                 /* of the last complaint */
    char **words;                    /* what follows the command, `word_count` of them */
    int word_count;
    struct lk_client client;
    char pin[LK_SECRET_MAX + 1], with_pin[LK_SECRET_MAX + 1];
};

/* What is told of each {"progress"} or {"event"} line; name is which. */
typedef void lk_ctl_line(struct lk_ctl *ctl, const char *name, const json_t *value);

/* Asks the daemon. Takes the reference to args (NULL: none). change: says what an interrupted call means. Errors are
 * printed here. LK_EXIT_OK with *ret_result (the caller's reference), else the exit code. */
int lk_ctl_call(struct lk_ctl *ctl, const char *cmd, json_t *args, bool change, lk_ctl_line *on_line,
                json_t **ret_result);

/* Prints a complaint: catalogue text to stderr, or with --json an object {"ok":false,"reason","message"} to stdout.
 * Returns exit_code. */
int lk_ctl_complain(struct lk_ctl *ctl, int exit_code, const char *reason, const char *key,
                    const struct lk_word *words);

/* Reads a PIN or badge text: from file, or from the terminal without echo. Never from the command line. *text holds cap
 * bytes. LK_EXIT_OK, or the exit code after a complaint. */
int lk_ctl_secret(struct lk_ctl *ctl, const char *prompt_key, const char *file, char *text, size_t cap);

/* The value of a key as text: strings as they are, numbers and booleans spelled out in buf; "" when absent or null. */
const char *lk_ctl_get(const json_t *object, const char *key, char *buf, size_t cap);
int64_t lk_ctl_int(const json_t *object, const char *key);

/* Prints the result as one line of JSON. */
void lk_ctl_print_json(const json_t *result);

/* Whether the cabinet has a bank of this name and no door. LK_EXIT_OK, or the exit code after a complaint. */
int lk_ctl_is_bank(struct lk_ctl *ctl, const char *name, bool *ret_bank);

/* The value of an option from LK_OPT_DEVICE on, "" for a flag; NULL when it was not given. */
const char *lk_ctl_more(const struct lk_ctl *ctl, enum lk_option option);

struct lk_ctl_command {
    const char *name;
    int words_least, words_most;
    uint64_t options; /* bit n: option n of enum lk_option */
    int timeout_s;    /* when --timeout is not given */
    int (*run)(struct lk_ctl *ctl);
};

extern const struct lk_ctl_command lk_ctl_commands[];
extern const size_t lk_ctl_command_count;

int lk_cmd_status(struct lk_ctl *ctl);
int lk_cmd_doors(struct lk_ctl *ctl);
int lk_cmd_items(struct lk_ctl *ctl);
int lk_cmd_events(struct lk_ctl *ctl);
int lk_cmd_open(struct lk_ctl *ctl);
int lk_cmd_block(struct lk_ctl *ctl);
int lk_cmd_unblock(struct lk_ctl *ctl);
int lk_cmd_confirm(struct lk_ctl *ctl);
int lk_cmd_settle(struct lk_ctl *ctl);
int lk_cmd_backup(struct lk_ctl *ctl);
int lk_cmd_selfcheck(struct lk_ctl *ctl);
int lk_cmd_bus(struct lk_ctl *ctl);
int lk_cmd_metrics(struct lk_ctl *ctl);
int lk_cmd_uplink(struct lk_ctl *ctl);
int lk_cmd_store(struct lk_ctl *ctl);
int lk_cmd_staff(struct lk_ctl *ctl);
int lk_cmd_commission(struct lk_ctl *ctl);
int lk_cmd_inspect(struct lk_ctl *ctl);
int lk_cmd_item(struct lk_ctl *ctl);
int lk_cmd_recalls(struct lk_ctl *ctl);
int lk_cmd_purge(struct lk_ctl *ctl);
int lk_cmd_reload(struct lk_ctl *ctl);
int lk_cmd_wear(struct lk_ctl *ctl);
int lk_cmd_restore(struct lk_ctl *ctl);
int lk_cmd_lamps(struct lk_ctl *ctl);
int lk_cmd_replace(struct lk_ctl *ctl);
int lk_cmd_menu(struct lk_ctl *ctl);

#endif
