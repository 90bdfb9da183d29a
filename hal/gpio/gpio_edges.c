#include <string.h>

#include "hal/gpio_driver.h"

enum { NS_PER_MS = 1000000 };

static uint64_t bit(unsigned line)
{
    return UINT64_C(1) << line;
}

static bool is_in(uint64_t mask, unsigned line)
{
    return mask >> line & 1;
}

void lk_gpio_edges_start(struct lk_gpio_edges *edges, const struct lk_gpio_config *config, bool timed, uint64_t levels)
{
    memset(edges, 0, sizeof(*edges));
    edges->lines = lk_gpio_mask(config, LK_GPIO_IN_EDGES);
    edges->told = levels & edges->lines;
    for (unsigned i = 0; i < config->lines_n; i++) {
        if (timed && config->lines[i].debounce_ms > 0) {
            edges->debounced |= bit(i);
            edges->quiet_ns[i] = (int64_t)config->lines[i].debounce_ms * NS_PER_MS;
        }
    }
}

void lk_gpio_edges_poll(struct lk_gpio_edges *edges, unsigned poll_ms, int64_t now_ns)
{
    edges->poll_ns = (int64_t)poll_ms * NS_PER_MS;
    edges->read_at_ns = now_ns;
    edges->raw = edges->told;
}

unsigned lk_gpio_edges_room(const struct lk_gpio_edges *edges)
{
    return LK_GPIO_EDGES_QUEUE - edges->count;
}

static void tell(struct lk_gpio_edges *edges, struct lk_gpio_event event)
{
    if (event.level == is_in(edges->told, event.line)) {
        return;
    }
    if (edges->count == LK_GPIO_EDGES_QUEUE) {
        edges->full = true;
        return;
    }
    edges->told ^= bit(event.line);
    edges->queue[(edges->head + edges->count++) % LK_GPIO_EDGES_QUEUE] = event;
}

static void move(struct lk_gpio_edges *edges, unsigned line, int64_t at_ns)
{
    int64_t due_ns = at_ns + edges->quiet_ns[line];
    bool later = !is_in(edges->moving, line) || due_ns > edges->due_ns[line];
    edges->due_ns[line] = later ? due_ns : edges->due_ns[line];
    edges->moving |= bit(line);
}

void lk_gpio_edges_feed(struct lk_gpio_edges *edges, unsigned line, bool level, int64_t at_ns)
{
    edges->burst[line]++;
    edges->bursts++;
    if (is_in(edges->debounced, line)) {
        move(edges, line, at_ns);
    } else if (is_in(edges->lines, line)) {
        tell(edges, (struct lk_gpio_event){.line = line, .level = level, .at_ns = at_ns});
    }
}

/* A level that no edge announced starts a quiet time of its own, and so does a burst whose end may have been lost. */
static void settle(struct lk_gpio_edges *edges, unsigned line, bool level, int64_t now_ns)
{
    bool moved = edges->poll_ns > 0 && level != is_in(edges->raw, line);
    if (edges->burst[line] >= LK_GPIO_QUEUE || moved) {
        move(edges, line, now_ns);
    } else if (!is_in(edges->moving, line)) {
        if (level != is_in(edges->told, line)) {
            move(edges, line, now_ns);
        }
    } else if (edges->due_ns[line] <= now_ns) {
        edges->moving &= ~bit(line);
        tell(edges, (struct lk_gpio_event){.line = line, .level = level, .at_ns = edges->due_ns[line]});
    }
}

bool lk_gpio_edges_wants(const struct lk_gpio_edges *edges, int64_t now_ns)
{
    bool due = edges->poll_ns > 0 && now_ns >= edges->read_at_ns + edges->poll_ns;
    for (unsigned i = 0; edges->moving && i < LK_GPIO_LINES_MAX; i++) {
        due = due || (is_in(edges->moving, i) && edges->due_ns[i] <= now_ns);
    }
    return due || edges->full || edges->bursts > 0;
}

void lk_gpio_edges_levels(struct lk_gpio_edges *edges, uint64_t levels, int64_t now_ns)
{
    /* One queue may serve all lines: the noise of one can push out the edges of another. */
    bool all = edges->full || edges->bursts >= LK_GPIO_QUEUE || edges->poll_ns > 0;
    edges->full = false;
    edges->read_at_ns = now_ns;
    for (unsigned i = 0; i < LK_GPIO_LINES_MAX; i++) {
        bool level = is_in(levels, i);
        if (is_in(edges->debounced, i)) {
            settle(edges, i, level, now_ns);
        } else if (is_in(edges->lines, i) && (all || edges->burst[i] > 0)) {
            tell(edges, (struct lk_gpio_event){.line = i, .level = level, .reread = true, .at_ns = now_ns});
        }
        edges->burst[i] = 0;
    }
    edges->bursts = 0;
    edges->raw = levels;
}

int64_t lk_gpio_edges_next_ns(const struct lk_gpio_edges *edges)
{
    int64_t next_ns = edges->poll_ns > 0 ? edges->read_at_ns + edges->poll_ns : INT64_MAX;
    next_ns = edges->count > 0 || edges->full ? 0 : next_ns;
    for (unsigned i = 0; edges->moving && i < LK_GPIO_LINES_MAX; i++) {
        if (is_in(edges->moving, i) && edges->due_ns[i] < next_ns) {
            next_ns = edges->due_ns[i];
        }
    }
    return next_ns;
}

unsigned lk_gpio_edges_take(struct lk_gpio_edges *edges, struct lk_gpio_event *ret_events, unsigned cap)
{
    unsigned n = 0;
    for (; n < cap && edges->count > 0; n++, edges->count--) {
        ret_events[n] = edges->queue[edges->head];
        edges->head = (edges->head + 1) % LK_GPIO_EDGES_QUEUE;
    }
    return n;
}

uint64_t lk_gpio_edges_debounced(const struct lk_gpio_edges *edges, uint64_t levels)
{
    return (levels & ~edges->debounced) | (edges->told & edges->debounced);
}
