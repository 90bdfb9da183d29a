/*
 * The property test of the core: random histories of a whole site, by seed. See world.h.
 *
 *     property_core --seed 7 --steps 100000           one seed
 *     property_core --seed 1 --seeds 20 --steps 8000  twenty seeds from 1 on
 *     property_core --seed 7 --steps 500 --trace      print every line
 *     property_core ... --twice                       run each seed twice and compare the traces
 *
 * Exit: 0 all truths held, 1 one was broken (seed, step and the last lines are printed), 2 usage.
 */
#include "world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct options {
    uint64_t seed, seeds, steps;
    bool trace, twice;
};

static struct world world;

static int run(const struct options *o, uint64_t seed, uint64_t *ret_hash)
{
    world_init(&world, seed, o->trace);
    world_run(&world, o->steps);
    *ret_hash = world.hash;
    int result = 0;
    if (world.broken) {
        unsigned count = world.lines < WORLD_LINES ? world.lines : WORLD_LINES;
        for (unsigned i = world.lines - count; i < world.lines; i++) {
            printf("%s\n", world.line[i % WORLD_LINES]);
        }
        printf("seed %" PRIu64 ", step %" PRIu64 ": %s\n", seed, world.steps, world.broken);
        printf("again: property_core --seed %" PRIu64 " --steps %" PRIu64 " --trace\n", seed, world.steps);
        result = 1;
    }
    world_done(&world);
    return result;
}

static void add_coverage(uint64_t *sum)
{
    for (int i = 0; i < LK_EVENT_TYPES; i++) {
        sum[i] += world.store.by_type[i];
    }
}

static int run_all(const struct options *o)
{
    uint64_t events[LK_EVENT_TYPES] = {0}, steps = 0;
    for (uint64_t seed = o->seed; seed < o->seed + o->seeds; seed++) {
        uint64_t first = 0, second = 0;
        if (run(o, seed, &first) != 0) {
            return 1;
        }
        steps += world.steps;
        add_coverage(events);
        if (o->twice && (run(o, seed, &second) != 0 || first != second)) {
            printf("seed %" PRIu64 ": two runs differ\n", seed);
            return 1;
        }
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " steps, every truth held\n", o->seeds, steps);
    for (int i = 0; i < LK_EVENT_TYPES; i++) {
        printf("  %-24s %8" PRIu64 "\n", lk_event_type_name((enum lk_event_type)i), events[i]);
    }
    return 0;
}

static bool read_number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    *ret = text ? strtoull(text, &end, 10) : 0;
    return text && *text && end && *end == '\0';
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .seeds = 1, .steps = 10000};
    for (int i = 1; i < argc; i++) {
        bool ok = true;
        if (strcmp(argv[i], "--trace") == 0) {
            o.trace = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            o.twice = true;
        } else if (strcmp(argv[i], "--seed") == 0) {
            ok = read_number(argv[++i], &o.seed);
        } else if (strcmp(argv[i], "--seeds") == 0) {
            ok = read_number(argv[++i], &o.seeds);
        } else {
            ok = strcmp(argv[i], "--steps") == 0 && read_number(argv[++i], &o.steps);
        }
        if (!ok) {
            fprintf(stderr, "usage: property_core [--seed N] [--seeds K] [--steps M] [--trace] [--twice]\n");
            return 2;
        }
    }
    return run_all(&o);
}
