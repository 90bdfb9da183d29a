#include "sim.h"

#include "control.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

int lk_cab_sim_init(struct lk_cab_sim *ret_sim, uint64_t seed, size_t history_room)
{
    *ret_sim = (struct lk_cab_sim){.loop = {-1, -1, 0}};
    int r = lk_cab_world_init(&ret_sim->world, seed, history_room);
    if (r < 0) {
        return r;
    }
    ret_sim->port = calloc(LK_CAB_LINES_MAX, sizeof *ret_sim->port);
    return ret_sim->port ? lk_cab_loop_init(&ret_sim->loop) : -ENOMEM;
}

static bool is_tcp(const struct lk_cab_sim *sim, unsigned line)
{
    return sim->world.line[line].medium == LK_CAB_TCP;
}

void lk_cab_sim_free(struct lk_cab_sim *sim)
{
    lk_cab_control_destroy(sim->control);
    sim->world.history.listener = NULL;
    for (unsigned i = 0; sim->port && i < sim->world.lines; i++) {
        if (is_tcp(sim, i)) {
            lk_cab_tcp_refuse(&sim->port[i].tcp);
            lk_cab_tcp_reset(&sim->port[i].tcp);
        } else {
            lk_cab_pty_unplug(&sim->port[i].pty);
        }
    }
    free(sim->port);
    lk_cab_loop_free(&sim->loop);
    lk_cab_world_free(&sim->world);
    *sim = (struct lk_cab_sim){.loop = {-1, -1, 0}};
}

/* From write(2) at the slave to the return of epoll_wait(2) here took 35 us at best, 100 us mostly, 250 us at worst.
 * The least of it is known not to be the line's time. */
#define PTY_NS (30 * INT64_C(1000))

static void bytes_came(void *arg, const uint8_t *bytes, size_t n)
{
    struct lk_cab_port *port = arg;
    int64_t now_ns = lk_cab_now();
    lk_cab_sim_catch_up(port->sim, now_ns);
    if (port->rtu.config.same_baud && lk_cab_pty_baud(&port->pty) != port->rtu.config.baud) {
        return; /* framing errors: no board makes a request of them */
    }
    lk_cab_rtu_feed(&port->rtu, bytes, n, port->rtu.config.baud ? now_ns - PTY_NS : now_ns);
}

static void port_opened(void *arg, bool open)
{
    struct lk_cab_port *port = arg;
    struct lk_cab_world *w = &port->sim->world;
    w->line[port->line].stats.connections += open;
    lk_cab_tell_line(w, lk_cab_now(), LK_CAB_LINE, port->line, -1, 0, open ? "opened" : "closed");
}

static void deliver(void *arg, const uint8_t *bytes, size_t n)
{
    struct lk_cab_port *port = arg;
    lk_cab_pty_write(&port->pty, bytes, n);
}

int lk_cab_sim_add_rtu(struct lk_cab_sim *sim, const char *name, const char *link,
                       const struct lk_cab_rtu_config *config)
{
    int line = lk_cab_world_add_line(&sim->world, name, LK_CAB_RTU);
    if (line < 0) {
        return line;
    }
    struct lk_cab_port *port = &sim->port[line];
    port->sim = sim;
    port->line = line;
    port->rtu = (struct lk_cab_rtu){
        .world = &sim->world, .line = line, .config = *config, .deliver = deliver, .deliver_arg = port};
    const struct lk_cab_pty_handler handler = {bytes_came, port_opened, port};
    lk_cab_pty_init(&port->pty, &sim->loop, port->link, &handler);
    int r = lk_text_copy(port->link, sizeof port->link, link);
    r = r < 0 ? r : lk_cab_pty_plug(&port->pty);
    return r < 0 ? r : line;
}

int lk_cab_sim_add_tcp(struct lk_cab_sim *sim, const char *name, const char *bind, uint16_t port, int64_t turnaround_ns)
{
    int line = lk_cab_world_add_line(&sim->world, name, LK_CAB_TCP);
    if (line < 0) {
        return line;
    }
    sim->port[line].sim = sim;
    sim->port[line].line = line;
    lk_cab_tcp_init(&sim->port[line].tcp, &sim->world, &sim->loop, line, bind, port, turnaround_ns);
    int r = lk_cab_tcp_listen(&sim->port[line].tcp);
    return r < 0 ? r : line;
}

void lk_cab_sim_unplug(struct lk_cab_sim *sim, int line)
{
    lk_cab_pty_unplug(&sim->port[line].pty);
    lk_cab_rtu_forget(&sim->port[line].rtu);
    lk_cab_tell_line(&sim->world, lk_cab_now(), LK_CAB_LINE, line, -1, 0, "unplugged");
}

int lk_cab_sim_plug(struct lk_cab_sim *sim, int line)
{
    int r = lk_cab_pty_plug(&sim->port[line].pty);
    if (r == 0) {
        lk_cab_tell_line(&sim->world, lk_cab_now(), LK_CAB_LINE, line, -1, 0, "plugged");
    }
    return r;
}

static int64_t port_next(const struct lk_cab_sim *sim, unsigned line)
{
    return is_tcp(sim, line) ? lk_cab_tcp_next(&sim->port[line].tcp) : lk_cab_rtu_next(&sim->port[line].rtu);
}

static int64_t ports_next(const struct lk_cab_sim *sim, unsigned *ret_line)
{
    int64_t best_ns = INT64_MAX;
    for (unsigned i = 0; i < sim->world.lines; i++) {
        int64_t next_ns = port_next(sim, i);
        if (next_ns < best_ns) {
            best_ns = next_ns;
            *ret_line = i;
        }
    }
    return best_ns;
}

void lk_cab_sim_catch_up(struct lk_cab_sim *sim, int64_t now_ns)
{
    unsigned line = 0;
    for (int64_t next_ns; (next_ns = ports_next(sim, &line)) <= now_ns;) {
        lk_cab_world_run(&sim->world, next_ns);
        if (is_tcp(sim, line)) {
            lk_cab_tcp_run(&sim->port[line].tcp, now_ns);
        } else {
            lk_cab_rtu_run(&sim->port[line].rtu, now_ns);
        }
    }
    lk_cab_world_run(&sim->world, now_ns);
}

int lk_cab_sim_run(struct lk_cab_sim *sim)
{
    int r = 0;
    while (!sim->quit && r == 0) {
        unsigned line = 0;
        lk_cab_sim_catch_up(sim, lk_cab_now());
        r = lk_cab_loop_wait(&sim->loop, ports_next(sim, &line), lk_cab_world_next(&sim->world));
    }
    return r;
}
