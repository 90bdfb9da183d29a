/* The control commands, without a socket: what they change, and thousands of damaged ones that must change nothing. */
#include "test_head.h"

#include "control.h"

#include <string.h>

static struct lk_cab_sim sim;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(lk_cab_sim_init(&sim, 1, 1024), 0);
    int line = lk_cab_sim_add_tcp(&sim, "t", "127.0.0.1", 0, 0);
    assert_int_equal(line, 0);
    const struct lk_cab_board_config c = {.name = "A",
                                          .line = line,
                                          .unit = 1,
                                          .channels = 8,
                                          .doors = 8,
                                          .profile = lk_cab_profile_find("waveshare-relay"),
                                          .door = {.closed_reads1 = true}};
    return lk_cab_world_add_board(&sim.world, &c);
}

static int tear_down(void **state)
{
    (void)state;
    lk_cab_sim_free(&sim);
    return 0;
}

/* True when the command went well. */
static bool run(const char *text, size_t n)
{
    json_t *answer = lk_cab_command_run(&sim, NULL, text, n);
    assert_true(json_is_object(answer));
    bool ok = json_is_true(json_object_get(answer, "ok"));
    assert_true(ok || json_is_string(json_object_get(answer, "error")));
    json_decref(answer);
    return ok;
}

static const char *const good[] = {
    "{\"cmd\":\"status\"}",
    "{\"cmd\":\"status\",\"door\":\"A03\"}",
    "{\"cmd\":\"log\",\"since\":1,\"last\":5,\"events\":[\"input\",\"pulse-start\"]}",
    "{\"cmd\":\"door\",\"door\":\"A01\",\"action\":\"force\"}",
    "{\"cmd\":\"door\",\"door\":\"A01\",\"action\":\"put\",\"item\":\"\\u4ef6-1\"}",
    "{\"cmd\":\"door\",\"door\":\"A01\",\"action\":\"take\"}",
    "{\"cmd\":\"door\",\"door\":\"A01\",\"action\":\"push\",\"ms\":100}",
    "{\"cmd\":\"door\",\"board\":\"A\",\"action\":\"close\"}",
    "{\"cmd\":\"door\",\"all\":true,\"action\":\"auto\",\"do\":\"put\",\"after_ms\":5,\"close\":false,\"times\":2}",
    "{\"cmd\":\"fault\",\"board\":\"A\",\"fault\":\"late\",\"ms\":20,\"n\":3,\"fc\":5,\"p\":0.5}",
    "{\"cmd\":\"fault\",\"door\":\"A02\",\"fault\":\"swapped-wires\",\"with\":\"A05\"}",
    "{\"cmd\":\"clear\",\"door\":\"A02\",\"fault\":\"swapped-wires\"}",
    "{\"cmd\":\"clear\",\"all\":true}",
    "{\"cmd\":\"bounce\",\"all\":true,\"value\":7,\"ms\":30}",
    "{\"cmd\":\"power\",\"board\":\"A\",\"on\":false}",
    "{\"cmd\":\"power\",\"all\":true,\"on\":true}",
    "{\"cmd\":\"line\",\"line\":\"t\",\"action\":\"set\",\"turnaround_us\":500}",
    "{\"cmd\":\"line\",\"line\":\"t\",\"action\":\"stall\"}",
    "{\"cmd\":\"line\",\"line\":\"t\",\"action\":\"resume\"}",
    "{\"cmd\":\"line\",\"line\":\"t\",\"action\":\"refuse\"}",
    "{\"cmd\":\"line\",\"line\":\"t\",\"action\":\"accept\"}",
    "{\"cmd\":\"line\",\"line\":\"t\",\"action\":\"reset\"}",
    "{\"cmd\":\"reset\"}",
};

static void test_good_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!run(good[i], strlen(good[i]))) {
            fail_msg("refused: %s", good[i]);
        }
    }
    assert_int_equal(sim.world.door[0].openings, 0); /* reset came last */
    assert_int_equal(sim.world.door[3].config.bounce, 7);
    assert_int_equal(sim.port[0].tcp.turnaround_ns, 500000);
    assert_false(run("{\"cmd\":\"subscribe\"}", 19)); /* needs a connection */
    assert_true(run("{\"cmd\":\"quit\"}", 14));
    assert_true(sim.quit);
}

static void test_swapped_wires_by_name(void **state)
{
    (void)state;
    assert_true(run(good[10], strlen(good[10])));
    assert_true(sim.world.door[4].faults[LK_CAB_SWAPPED_WIRES].on);
    assert_int_equal(sim.world.board[0].channel[1].door, 4);
    assert_int_equal(sim.world.board[0].channel[4].door, 1);
    assert_true(run(good[11], strlen(good[11])));
    assert_int_equal(sim.world.board[0].channel[1].door, 1);
    assert_false(sim.world.door[4].faults[LK_CAB_SWAPPED_WIRES].on);
}

static void test_damaged_ones(void **state)
{
    struct lk_cab_rand rand = {99};
    char text[256];
    unsigned refused = 0;
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        const char *from = good[lk_cab_rand_below(&rand, sizeof good / sizeof good[0])];
        size_t n = strlen(from);
        memcpy(text, from, n);
        for (unsigned i = lk_cab_rand_below(&rand, 4) + 1; i > 0; i--) {
            text[lk_cab_rand_below(&rand, (unsigned)n)] = (char)lk_cab_rand_next(&rand);
        }
        n = round % 7 == 0 ? lk_cab_rand_below(&rand, (unsigned)n) : n;
        refused += !run(text, n);
        lk_cab_world_run(&sim.world, lk_cab_now());
    }
    assert_true(refused > 15000);
    assert_int_equal(sim.world.boards, 1);
    assert_true(run("{\"cmd\":\"reset\"}", 15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_swapped_wires_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_ones, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
