/*
 * The log: one line per call on stderr, with the level as sd-daemon(3) prefix ("<4>") that the journal understands,
 * and the blame that says whose fault it is. Only controller/app, controller/ctl and the tests call it; libraries
 * return errors instead. Codes, tokens, PINs and personal data never go in. Thread: any. Never allocates.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

enum lk_level { LK_ERR = 3, LK_WARN = 4, LK_NOTICE = 5, LK_INFO = 6, LK_DEBUG = 7 };

/* Who has to act: ourselves, the hardware, whoever wrote the configuration, a peer on the wire, or nobody. */
enum lk_blame { LK_BLAME_NONE, LK_BLAME_BUG, LK_BLAME_DEVICE, LK_BLAME_CONFIG, LK_BLAME_PEER };

/* Lines with a level above max are dropped. Default LK_INFO. */
void lk_log_set_level(enum lk_level max);

void lk_log(enum lk_level level, enum lk_blame blame, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

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
