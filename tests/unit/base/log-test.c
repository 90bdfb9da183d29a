/* base/log.h */
#include "base/log.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char seen[4096];

/* What goes to stderr while run() runs is left in `seen`. */
static void catch_stderr(void (*run)(void))
{
    int ends[2], before = dup(STDERR_FILENO);
    CHECK_INT(pipe(ends), 0);
    CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
    run();
    CHECK(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    (void)close(ends[1]);
    ssize_t n = read(ends[0], seen, sizeof(seen) - 1);
    seen[n > 0 ? n : 0] = '\0';
    (void)close(ends[0]);
}

static void three_lines(void)
{
    lk_log_set_level(LK_INFO);
    lk_log(LK_ERR, LK_BLAME_DEVICE, "bank %s is silent", "A");
    lk_log(LK_DEBUG, LK_BLAME_NONE, "nobody reads this");
    lk_log(LK_INFO, LK_BLAME_NONE, "ready");
}

CASE(a_line_has_level_blame_and_end)
{
    catch_stderr(three_lines);
    CHECK_STR(seen, "<3>device: bank A is silent\n<6>ready\n");
}

static void a_long_line(void)
{
    static char text[3000];
    memset(text, 'x', sizeof(text) - 1);
    lk_log(LK_ERR, LK_BLAME_PEER, "%s", text);
}

CASE(a_long_line_is_cut_but_ends)
{
    catch_stderr(a_long_line);
    size_t n = strlen(seen);
    CHECK(n > 900 && n <= 1024);
    CHECK_INT(seen[n - 1], '\n');
    CHECK(strncmp(seen, "<3>peer: xxx", 12) == 0);
}

static bool taken;

static bool take(enum lk_level level, enum lk_blame blame, const char *text, const struct lk_log_field *fields,
                 unsigned count)
{
    (void)snprintf(seen, sizeof(seen), "%d %d %s %s=%s %u", (int)level, (int)blame, text, fields[0].name,
                   fields[0].value, count);
    return taken;
}

static void about_a_door(void)
{
    const struct lk_log_field about[] = {{"DOOR", "A07"}};
    lk_log_about(LK_WARN, LK_BLAME_DEVICE, about, 1, "it stands open");
}

CASE(a_sink_takes_lines_with_what_they_are_about)
{
    lk_log_set_sink(take);
    taken = true;
    about_a_door();
    lk_log_set_sink(NULL);
    CHECK_STR(seen, "4 2 device: it stands open DOOR=A07 1");
}

CASE(what_a_sink_does_not_take_is_not_lost)
{
    lk_log_set_sink(take);
    taken = false;
    catch_stderr(about_a_door);
    lk_log_set_sink(NULL);
    CHECK_STR(seen, "<4>device: it stands open\n");
}

CASE(a_limit_counts_what_it_holds_back)
{
    struct lk_log_limit limit = {.burst = 2, .window_ms = 1000};
    unsigned dropped = 99;
    CHECK(lk_log_allowed(&limit, 5000, &dropped));
    CHECK_INT(dropped, 0);
    CHECK(lk_log_allowed(&limit, 5001, &dropped));
    CHECK(!lk_log_allowed(&limit, 5002, &dropped));
    CHECK(!lk_log_allowed(&limit, 5003, &dropped));
    CHECK(lk_log_allowed(&limit, 6000, &dropped));
    CHECK_INT(dropped, 2);
    CHECK(lk_log_allowed(&limit, 6001, &dropped));
    CHECK_INT(dropped, 0);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(a_line_has_level_blame_and_end),
        NAMED(a_long_line_is_cut_but_ends),
        NAMED(a_sink_takes_lines_with_what_they_are_about),
        NAMED(what_a_sink_does_not_take_is_not_lost),
        NAMED(a_limit_counts_what_it_holds_back),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
