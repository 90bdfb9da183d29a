/*
 * The smallest test harness: named cases, TAP output, file and line of the first failure of a case, any single case by
 * name. libc only, so that the core's tests run where nothing else is installed.
 *
 *     CASE(closed_door_opens) { CHECK_INT(next(CLOSED), OPEN); }
 *     int main(int argc, char **argv) { static const struct check_case cases[] = {NAMED(closed_door_opens)};
 *                                       return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0])); }
 *
 * A failed check ends its case, not the program. Thread: one. A file includes this once.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_case {
    const char *name;
    void (*run)(void);
};

#define CASE(name) static void name(void)
#define NAMED(name)                                                                                                    \
    {                                                                                                                  \
#name, name                                                                                                    \
    }

static jmp_buf check_failed;

/* Says where and why, and leaves the case. */
static inline void check_fail(const char *file, int line, const char *what)
{
    printf("# %s:%d: %s\n", file, line, what);
    longjmp(check_failed, 1);
}

static inline void check_int(const char *file, int line, const char *text, long long is, long long should)
{
    if (is != should) {
        printf("# %s is %lld, should be %lld\n", text, is, should);
        check_fail(file, line, text);
    }
}

static inline void check_str(const char *file, int line, const char *text, const char *is, const char *should)
{
    if (strcmp(is, should) != 0) {
        printf("# %s is \"%s\", should be \"%s\"\n", text, is, should);
        check_fail(file, line, text);
    }
}

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            check_fail(__FILE__, __LINE__, #condition);                                                                \
        }                                                                                                              \
    } while (0)
#define CHECK_INT(is, should) check_int(__FILE__, __LINE__, #is, (long long)(is), (long long)(should))
#define CHECK_STR(is, should) check_str(__FILE__, __LINE__, #is, is, should)

/* Runs all cases, or those named on the command line. 0 when all passed, 1 when one failed, 2 for an unknown name. */
static inline int check_main(int argc, char **argv, const struct check_case *cases, size_t count)
{
    volatile size_t ran = 0, failed = 0;
    for (volatile size_t i = 0; i < count; i++) {
        int wanted = argc < 2;
        for (int a = 1; a < argc; a++) {
            wanted = wanted || strcmp(argv[a], cases[i].name) == 0;
        }
        if (!wanted) {
            continue;
        }
        ran++;
        if (setjmp(check_failed) == 0) {
            cases[i].run();
            printf("ok %zu - %s\n", ran, cases[i].name);
        } else {
            failed++;
            printf("not ok %zu - %s\n", ran, cases[i].name);
        }
        fflush(stdout);
    }
    printf("1..%zu\n", ran);
    if (ran == 0) {
        fprintf(stderr, "no such case\n");
        return 2;
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
