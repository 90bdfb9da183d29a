#include "base/log.h"

#include "base/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int max_level = LK_INFO;
static _Atomic(lk_log_sink *) sink; /* NULL: stderr */

static const char *const blame_words[] = {
    [LK_BLAME_NONE] = "",           [LK_BLAME_BUG] = "bug: ",   [LK_BLAME_DEVICE] = "device: ",
    [LK_BLAME_CONFIG] = "config: ", [LK_BLAME_PEER] = "peer: ",
};

void lk_log_set_level(enum lk_level max)
{
    atomic_store(&max_level, (int)max);
}

void lk_log_set_sink(lk_log_sink *take)
{
    atomic_store(&sink, take);
}

/* --- a line ------------------------------------------------------------------------------------------------------- */

static void tell_stderr(enum lk_level level, const char *text)
{
    char line[1024];
    struct lk_text t = lk_text_init(line, sizeof(line) - 1);
    lk_text_addf(&t, "<%d>%s", (int)level, text);
    line[t.len++] = '\n';
    ssize_t n = write(STDERR_FILENO, line, t.len); /* one write: lines of two threads do not mix */
    (void)n;
}

static void say(enum lk_level level, enum lk_blame blame, const struct lk_log_field *fields, unsigned count,
                const char *fmt, va_list ap)
{
    if ((int)level > atomic_load(&max_level)) {
        return;
    }
    char text[1020];
    struct lk_text t = lk_text_init(text, sizeof(text));
    lk_text_add(&t, blame_words[blame]);
    lk_text_vaddf(&t, fmt, ap);
    lk_log_sink *take = atomic_load(&sink);
    if (!take || !take(level, blame, text, fields, count)) {
        tell_stderr(level, text);
    }
}

void lk_log(enum lk_level level, enum lk_blame blame, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(level, blame, NULL, 0, fmt, ap);
    va_end(ap);
}

void lk_log_about(enum lk_level level, enum lk_blame blame, const struct lk_log_field *fields, unsigned count,
                  const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(level, blame, fields, count, fmt, ap);
    va_end(ap);
}

int lk_log_allowed(struct lk_log_limit *limit, int64_t now_ms, unsigned *ret_dropped)
{
    if (now_ms - limit->since_ms >= limit->window_ms) {
        limit->since_ms = now_ms;
        limit->used = 0;
    }
    if (limit->used >= limit->burst) {
        limit->dropped++;
        return 0;
    }
    limit->used++;
    *ret_dropped = limit->dropped;
    limit->dropped = 0;
    return 1;
}
