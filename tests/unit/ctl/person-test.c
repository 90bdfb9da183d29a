/* What a person types, however it comes: lines, ends, rubbish, and the wish to leave. */
#include "person.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct lk_ctl ctl = {.json = true};
static struct lk_person person;
static const struct lk_com_say question = {.key = "review"}, preset = {.key = "all_shut", .preset = "again"};
static char answer[LK_COM_ANSWER];

static void begin(const char *text, size_t n)
{
    char path[] = "/tmp/person-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    assert_int_equal(lk_person_open(&person, &ctl, "ctl.commission.", path), LK_EXIT_OK);
    close(fd);
    unlink(path);
}

static int ask(const struct lk_com_say *say)
{
    return lk_person_question(&person, say, answer, sizeof(answer));
}

static void lines_come_without_blanks(void **state)
{
    (void)state;
    static const char text[] = "  A07 \r\n\n\nquit\nlast";
    begin(text, strlen(text));
    assert_int_equal(ask(&question), 0);
    assert_string_equal(answer, "A07");
    assert_int_equal(ask(&question), 0);
    assert_string_equal(answer, "");
    assert_int_equal(ask(&preset), 0);
    assert_string_equal(answer, "again");
    assert_int_equal(ask(&question), -EINTR); /* quit */
    assert_int_equal(ask(&question), 0);      /* the last line has no end */
    assert_string_equal(answer, "last");
    assert_int_equal(ask(&question), -EPIPE);
    assert_int_equal(ask(&preset), -EPIPE); /* silence is no agreement */
    lk_person_close(&person);
}

static void rubbish_is_no_answer(void **state)
{
    (void)state;
    char text[4000];
    memset(text, 'x', sizeof(text));
    text[300] = '\n'; /* too long for an answer */
    memcpy(text + 301, "\xff\xfe\n", 3);
    text[sizeof(text) - 1] = '\n'; /* longer than the buffer */
    begin(text, sizeof(text));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask(&question), 0);
        assert_string_equal(answer, "?");
    }
    lk_person_close(&person);
}

static void a_signal_is_the_wish_to_leave(void **state)
{
    (void)state;
    int pipes[2];
    char path[32];
    assert_int_equal(pipe(pipes), 0);
    snprintf(path, sizeof(path), "/dev/fd/%d", pipes[0]);
    assert_int_equal(lk_person_open(&person, &ctl, "ctl.commission.", path), LK_EXIT_OK);
    raise(SIGTERM);
    assert_int_equal(ask(&question), -EINTR);
    assert_int_equal(write(pipes[1], "yes\n", 4), 4);
    assert_int_equal(ask(&question), 0); /* once told, what is still to be done is done */
    raise(SIGINT);
    assert_int_equal(lk_person_wait(&person, -1, lk_person_now_ms() + 5000), -EINTR);
    lk_person_close(&person);
    close(pipes[0]);
    close(pipes[1]);
}

static void no_answers_no_person(void **state)
{
    (void)state;
    assert_int_equal(lk_person_open(&person, &ctl, "ctl.commission.", "/nonexistent/answers"), LK_EXIT_USAGE);
    lk_person_close(&person);
}

static void who_it_is(void **state)
{
    (void)state;
    char who[64];
    struct lk_ctl other = {.staff = "m01"};
    assert_string_equal(lk_person_who(&other, who, sizeof(who)), "m01");
    other.staff = NULL;
    setenv("SUDO_USER", "wang", 1);
    assert_string_equal(lk_person_who(&other, who, sizeof(who)), "wang");
    setenv("SUDO_USER", "\xff", 1);
    assert_true(strncmp(lk_person_who(&other, who, sizeof(who)), "uid-", 4) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_without_blanks),
        cmocka_unit_test(rubbish_is_no_answer),
        cmocka_unit_test(a_signal_is_the_wish_to_leave),
        cmocka_unit_test(no_answers_no_person),
        cmocka_unit_test(who_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
