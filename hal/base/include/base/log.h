/*
 * The log: one line per call on stderr, with the level as sd-daemon(3) prefix ("<4>") that the journal understands,
 * and the blame that says whose fault it is. Where stderr is the journal it can be spoken to in its own protocol, so
 * that what a line is about are fields that one can ask for (docs/journal.md). Only controller/app, controller/ctl and
 * the tests call it; libraries return errors instead. Codes, tokens, PINs and personal data never go in. Thread: any.
 * Never allocates.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum lk_level { LK_ERR = 3, LK_WARN = 4, LK_NOTICE = 5, LK_INFO = 6, LK_DEBUG = 7 };

/* Who has to act: ourselves, the hardware, whoever wrote the configuration, a peer on the wire, or nobody. */
enum lk_blame { LK_BLAME_NONE, LK_BLAME_BUG, LK_BLAME_DEVICE, LK_BLAME_CONFIG, LK_BLAME_PEER };

/* Lines with a level above max are dropped. Default LK_INFO. */
void lk_log_set_level(enum lk_level max);

void lk_log(enum lk_level level, enum lk_blame blame, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What a line is about: name in capitals, without the LOCKERD_ that the journal shows before it. On stderr fields are
 * not shown: the text has to say it all. */
struct lk_log_field {
    const char *name, *value; /* value NULL or "": left out */
};

/* fields: count of them, at most LK_LOG_FIELDS. */
enum { LK_LOG_FIELDS = 8 };
void lk_log_about(enum lk_level level, enum lk_blame blame, const struct lk_log_field *fields, unsigned count,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Somebody who takes lines in place of stderr: text without prefix, but with the blame's word. False: it could not, and
 * the line goes to stderr. Called by any thread. */
typedef bool lk_log_sink(enum lk_level level, enum lk_blame blame, const char *text, const struct lk_log_field *fields,
                         unsigned count);
void lk_log_set_sink(lk_log_sink *take); /* NULL: nobody */

/* A rate limit for one kind of line: `burst` lines in `window_ms`, counted by the caller's monotonic clock. */
struct lk_log_limit {
    unsigned burst;
    int64_t window_ms;
    int64_t since_ms;
    unsigned used, dropped;
};

/* Non-zero when the line may be written; *ret_dropped is how many were held back since the last one that was. */
int lk_log_allowed(struct lk_log_limit *limit, int64_t now_ms, unsigned *ret_dropped);

#endif
