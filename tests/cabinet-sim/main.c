#include "control.h"
#include "options.h"
#include "sim.h"

#include "base/cleanup.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_BAD_USAGE = 64 };

static void signal_came(void *arg, uint32_t events)
{
    struct lk_cab_sim *sim = arg;
    (void)events;
    sim->quit = true;
}

static int catch_signals(int *ret_fd)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
        return -errno;
    }
    *ret_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return *ret_fd < 0 ? -errno : 0;
}

static void say_ready(const struct lk_cab_sim *sim)
{
    json_t *lines = json_array();
    for (unsigned i = 0; i < sim->world.lines; i++) {
        (void)json_array_append_new(lines, lk_cab_line_json(sim, i));
    }
    json_t *ready = json_pack("{s:b, s:i, s:o}", "ready", 1, "pid", (int)getpid(), "lines", lines);
    (void)json_dumpf(ready, stdout, JSON_COMPACT);
    (void)fputs("\n", stdout);
    (void)fflush(stdout);
    json_decref(ready);
}

static int run(struct lk_cab_sim *sim, const struct lk_cab_options *o, int argc, char **argv)
{
    LK_CLEANUP(lk_closep) int signal_fd = -1;
    int r = catch_signals(&signal_fd);
    struct lk_cab_source signals = {signal_fd, signal_came, sim};
    r = r < 0 ? r : lk_cab_loop_add(&sim->loop, &signals, EPOLLIN);
    r = r < 0 ? r : lk_cab_options_build(sim, argc, argv);
    if (r == 0 && o->control) {
        r = lk_cab_control_create(sim, o->control, &sim->control);
        if (r < 0) {
            (void)fprintf(stderr, "cabinet-sim: --control: %s: %s\n", o->control, strerror(-r));
        }
    }
    if (r < 0) {
        return r;
    }
    say_ready(sim);
    r = lk_cab_sim_run(sim);
    if (r < 0) {
        (void)fprintf(stderr, "cabinet-sim: %s\n", strerror(-r));
    }
    return r;
}

int main(int argc, char **argv)
{
    struct lk_cab_options o;
    if (lk_cab_options_read(argc, argv, &o) < 0) {
        return EXIT_BAD_USAGE;
    }
    if (o.help) {
        lk_cab_options_help();
        return 0;
    }
    if (o.version) {
        (void)puts("cabinet-sim " LK_VERSION);
        return 0;
    }
    if (o.die_with_parent) {
        (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM, 0, 0, 0);
    }
    const struct sched_param low = {.sched_priority = 1};
    if (o.realtime && sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &low) < 0) {
        (void)fprintf(stderr, "cabinet-sim: --realtime: %s; the pace is only as good as the machine is idle\n",
                      strerror(errno));
    }
    (void)signal(SIGPIPE, SIG_IGN);
    struct lk_cab_sim sim;
    int r = lk_cab_sim_init(&sim, o.seed, o.log);
    r = r < 0 ? r : run(&sim, &o, argc, argv);
    lk_cab_sim_free(&sim);
    return r < 0 ? (r == -EINVAL ? EXIT_BAD_USAGE : 1) : 0;
}
