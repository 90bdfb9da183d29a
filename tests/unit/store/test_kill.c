/* A writing process killed with SIGKILL at random moments: what it said was committed is there, whole, every time. */
#include "unit/store/fixture.h"

#include "base/cleanup.h"
#include "core/record.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILLS = 50 };

/* The child: one commit after the other, each told through the pipe only after it was acknowledged. */
static void write_for_ever(struct fix *f, int out)
{
    struct lk_store *store = NULL;
    if (lk_store_open(&f->config, &store, NULL) < 0) {
        _exit(2);
    }
    f->store = store;
    for (uint64_t i = lk_store_last_seq(store) + 1;; i++) {
        char item[24], code[24];
        (void)snprintf(item, sizeof(item), "case-%llu", (unsigned long long)i);
        (void)snprintf(code, sizeof(code), "%08llu", (unsigned long long)i);
        struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, item);
        put->item.custody = LK_CUSTODY_EXPECTED;
        struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, item);
        (void)lk_store_make_secret(store, code, item, &set->secret);
        (void)fx_event(f, LK_EV_ITEM_EXPECTED);
        if (fx_apply(f) < 0 || write(out, &i, sizeof(i)) != (ssize_t)sizeof(i) ||
            (i % 7 == 0 && lk_store_set_acked(store, i) < 0) || (i % 40 == 0 && lk_store_tidy(store) < 0)) {
            _exit(3);
        }
    }
}

static uint64_t run_and_kill(struct fix *f, unsigned after_us)
{
    int pipes[2];
    uint64_t last = 0, i;
    assert_int_equal(pipe(pipes), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pipes[0]);
        write_for_ever(f, pipes[1]);
    }
    (void)close(pipes[1]);
    assert_int_equal(read(pipes[0], &i, sizeof(i)), (ssize_t)sizeof(i)); /* it is at work */
    last = i;
    (void)nanosleep(&(struct timespec){.tv_nsec = after_us * 1000L}, NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (read(pipes[0], &i, sizeof(i)) == (ssize_t)sizeof(i)) {
        last = i;
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)close(pipes[0]);
    return last;
}

static void killed_while_writing(void **state)
{
    struct fix *f = *state;
    unsigned seed = (unsigned)getpid();
    uint64_t told = 0;
    for (int i = 0; i < KILLS; i++) {
        told = run_and_kill(f, (unsigned)rand_r(&seed) % 8000);
        fix_open(f);
        uint64_t last = lk_store_last_seq(f->store);
        assert_true(last == told || last == told + 1); /* one may have been committed and not yet told */
        struct lk_store_counts counts;
        assert_int_equal(lk_store_counts(f->store, &counts), 0);
        assert_int_equal(counts.items[LK_CUSTODY_EXPECTED], last);
        assert_int_equal(counts.codes_live, last);
        assert_int_equal(counts.tokens_live, last);
        struct lk_store_chain chain;
        lk_store_chain_begin(f->store, &chain);
        assert_int_equal(lk_store_chain_step(f->store, &chain, 1000000), 0);
        assert_int_equal(chain.first_bad_seq, 0);
        assert_int_equal(chain.checked, last);
        f->store = lk_store_close(f->store);
    }
    print_message("%d kills, %llu commits told\n", KILLS, (unsigned long long)told);
}

static void killed_while_being_made(void **state)
{
    struct fix *f = *state;
    unsigned seed = (unsigned)getpid();
    for (int i = 0; i < 15; i++) {
        (void)fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            struct lk_store *store = NULL;
            _exit(lk_store_open(&f->config, &store, NULL) < 0 ? 1 : 0);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = rand_r(&seed) % 6000000}, NULL);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        fix_open(f);
        f->store = lk_store_close(f->store);
        assert_int_equal(unlink(f->db), 0);
        assert_int_equal(unlink(f->key), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_while_writing, fix_setup_closed, fix_teardown),
        cmocka_unit_test_setup_teardown(killed_while_being_made, fix_setup_closed, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
