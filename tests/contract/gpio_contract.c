#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gpio_world.h"

enum { NS_PER_MS = 1000000, SOON_MS = 1000, EVENTS = 128 };

struct rig {
    struct world *w;
    struct lk_gpio *gpio, *other;
    struct lk_gpio_event events[EVENTS];
    unsigned n;
};

static int make(void **state)
{
    static struct rig rig;
    memset(&rig, 0, sizeof(rig));
    rig.w = world_make();
    *state = &rig;
    return 0;
}

static int end(void **state)
{
    struct rig *rig = *state;
    lk_gpio_destroy(rig->gpio);
    lk_gpio_destroy(rig->other);
    world_end(rig->w);
    return 0;
}

/* --- making requests */

static struct lk_gpio_config config_of(const struct rig *rig)
{
    struct lk_gpio_config c = {.consumer = "contract"};
    (void)snprintf(c.chip, sizeof(c.chip), "%s", world_chip(rig->w));
    return c;
}

static struct lk_gpio_line *add(struct lk_gpio_config *c, const char *name, enum lk_gpio_direction direction)
{
    struct lk_gpio_line *line = &c->lines[c->lines_n++];
    (void)snprintf(line->name, sizeof(line->name), "%s", name);
    line->direction = direction;
    return line;
}

static void opened(struct rig *rig, const struct lk_gpio_config *c)
{
    assert_int_equal(world_gpio(rig->w, c, &rig->gpio), 0);
    int r = lk_gpio_open(rig->gpio);
    if (r) {
        fail_msg("open: %s, \"%s\"", strerror(-r), lk_gpio_complaint(rig->gpio));
    }
    assert_true(lk_gpio_fd(rig->gpio) >= 0);
    assert_string_equal(lk_gpio_complaint(rig->gpio), "");
}

static void refused(struct rig *rig, const struct lk_gpio_config *c, int error, const char *words)
{
    assert_int_equal(world_gpio(rig->w, c, &rig->gpio), 0);
    assert_int_equal(lk_gpio_open(rig->gpio), error);
    assert_int_equal(lk_gpio_fd(rig->gpio), -1);
    if (!strstr(lk_gpio_complaint(rig->gpio), words)) {
        fail_msg("complaint \"%s\" does not say \"%s\"", lk_gpio_complaint(rig->gpio), words);
    }
}

static struct lk_gpio_config one(const struct rig *rig, const char *name, enum lk_gpio_direction direction)
{
    struct lk_gpio_config c = config_of(rig);
    add(&c, name, direction);
    return c;
}

static struct lk_gpio_config guarded(const struct rig *rig, unsigned ceiling_ms)
{
    struct lk_gpio_config c = config_of(rig);
    add(&c, "W00", LK_GPIO_OUT);
    add(&c, "W01", LK_GPIO_OUT)->active_low = true;
    c.ceiling_ms = ceiling_ms;
    return c;
}

/* --- looking */

static int64_t now_ms(struct rig *rig)
{
    return world_now_ns(rig->w) / NS_PER_MS;
}

/* Takes until there are n events in all, or so much time has passed. */
static void take(struct rig *rig, unsigned n, int64_t within_ms)
{
    int64_t end_ms = now_ms(rig) + within_ms;
    for (;;) {
        int got = lk_gpio_take(rig->gpio, rig->events + rig->n, EVENTS - rig->n);
        assert_true(got >= 0);
        rig->n += (unsigned)got;
        int64_t left_ms = end_ms - now_ms(rig);
        if (rig->n >= n || left_ms <= 0) {
            return;
        }
        world_wait(rig->w, lk_gpio_fd(rig->gpio), left_ms);
    }
}

static uint64_t levels(struct rig *rig)
{
    uint64_t l = ~UINT64_C(0);
    assert_int_equal(lk_gpio_read(rig->gpio, &l), 0);
    return l;
}

static void pass_ms(struct rig *rig, int64_t ms)
{
    int64_t end_ms = now_ms(rig) + ms;
    while (now_ms(rig) < end_ms) {
        world_wait(rig->w, -1, end_ms - now_ms(rig));
    }
}

static void assert_alternating(const struct rig *rig, unsigned line, bool first)
{
    bool level = !first;
    for (unsigned i = 0; i < rig->n; i++) {
        if (rig->events[i].line == line) {
            assert_int_equal(rig->events[i].level, !level);
            level = !level;
        }
    }
}

/* --- finding */

static void a_line_is_found_by_name_and_by_offset(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = config_of(rig);
    add(&c, "W03", LK_GPIO_IN);
    add(&c, "#4", LK_GPIO_IN);
    opened(rig, &c);
    assert_int_equal(levels(rig), 0);
    world_pull(rig->w, 3, true);
    assert_int_equal(levels(rig), 1);
    world_pull(rig->w, 4, true);
    assert_int_equal(levels(rig), 3);
    assert_int_equal(lk_gpio_open(rig->gpio), 0); /* open already */
}

static void no_such_line_is_said(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "GPIO77", LK_GPIO_IN);
    refused(rig, &c, -ENOENT, "GPIO77");
}

static void no_such_offset_is_said(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "#24", LK_GPIO_OUT);
    refused(rig, &c, -ENOENT, "#24");
}

static void two_names_of_one_line_are_refused(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W07", LK_GPIO_IN);
    add(&c, "#7", LK_GPIO_OUT);
    refused(rig, &c, -EINVAL, "W07 and #7");
}

static void another_chip_is_not_there(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W00", LK_GPIO_IN);
    (void)snprintf(c.chip, sizeof(c.chip), "label:pinctrl-none");
    refused(rig, &c, -ENODEV, "pinctrl-none");
}

static void a_line_held_by_another_is_named_with_its_holder(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config theirs = one(rig, "W05", LK_GPIO_OUT);
    struct lk_gpio_config ours = one(rig, "W04", LK_GPIO_IN_EDGES);
    (void)snprintf(theirs.consumer, sizeof(theirs.consumer), "gpio-fan");
    add(&ours, "W05", LK_GPIO_IN);
    assert_int_equal(world_gpio(rig->w, &theirs, &rig->other), 0);
    assert_int_equal(lk_gpio_open(rig->other), 0);
    refused(rig, &ours, -EBUSY, "W05 is held by \"gpio-fan\"");
    lk_gpio_close(rig->other);
    assert_int_equal(lk_gpio_open(rig->gpio), 0);
    assert_string_equal(lk_gpio_complaint(rig->gpio), "");
}

static void a_refused_request_holds_nothing(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config busy = one(rig, "W05", LK_GPIO_OUT), both = one(rig, "W04", LK_GPIO_OUT);
    struct lk_gpio_config first = both;
    add(&both, "W05", LK_GPIO_OUT);
    assert_int_equal(world_gpio(rig->w, &busy, &rig->other), 0);
    assert_int_equal(lk_gpio_open(rig->other), 0);
    refused(rig, &both, -EBUSY, "W05");
    rig->other = lk_gpio_destroy(rig->other);
    assert_int_equal(world_gpio(rig->w, &first, &rig->other), 0);
    assert_int_equal(lk_gpio_open(rig->other), 0);
}

static void what_is_closed_says_so(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = guarded(rig, 200);
    struct lk_gpio_event e;
    uint64_t l = 5;
    assert_int_equal(world_gpio(rig->w, &c, &rig->gpio), 0);
    assert_int_equal(lk_gpio_fd(rig->gpio), -1);
    assert_int_equal(lk_gpio_read(rig->gpio, &l), -EBADF);
    assert_int_equal(l, 5);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 0), -EBADF);
    assert_int_equal(lk_gpio_take(rig->gpio, &e, 1), -EBADF);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, 0), -EBADF);
    lk_gpio_close(rig->gpio);
}

static void a_bad_configuration_is_refused(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config good = one(rig, "W00", LK_GPIO_IN), bad = good;
    assert_int_equal(lk_gpio_config_check(&good), 0);
    bad.lines_n = 0;
    assert_int_equal(world_gpio(rig->w, &bad, &rig->gpio), -EINVAL);
    bad = good;
    bad.lines[0].name[0] = '\0';
    assert_int_equal(lk_gpio_config_check(&bad), -EINVAL);
    bad = good;
    add(&bad, "W00", LK_GPIO_OUT);
    assert_int_equal(lk_gpio_config_check(&bad), -EINVAL);
    bad = good;
    add(&bad, "#x", LK_GPIO_OUT);
    assert_int_equal(lk_gpio_config_check(&bad), -EINVAL);
    bad = good;
    bad.lines[0].debounce_ms = 5; /* without edges */
    assert_int_equal(lk_gpio_config_check(&bad), -EINVAL);
    bad = good;
    bad.ceiling_ms = 500; /* without outputs */
    assert_int_equal(lk_gpio_config_check(&bad), -EINVAL);
    bad = good;
    bad.consumer[0] = '\0';
    assert_int_equal(lk_gpio_config_check(&bad), -EINVAL);
}

/* --- levels */

static void outputs_are_inactive_from_the_request_on(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W00", LK_GPIO_OUT);
    add(&c, "W01", LK_GPIO_OUT)->active_low = true;
    world_pull(rig->w, 0, true);
    world_pull(rig->w, 1, false);
    opened(rig, &c);
    assert_false(world_wire(rig->w, 0));
    assert_true(world_wire(rig->w, 1));
    assert_int_equal(levels(rig), 0);
}

static void levels_are_logical(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W00", LK_GPIO_OUT);
    add(&c, "W01", LK_GPIO_OUT)->active_low = true;
    add(&c, "W02", LK_GPIO_IN)->active_low = true;
    add(&c, "W03", LK_GPIO_OUT);
    opened(rig, &c);
    assert_int_equal(levels(rig), 4);
    assert_int_equal(lk_gpio_write(rig->gpio, 3, 3), 0);
    assert_true(world_wire(rig->w, 0));
    assert_false(world_wire(rig->w, 1));
    world_pull(rig->w, 2, true);
    assert_int_equal(levels(rig), 3);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 8), 0); /* what is not in the mask stays */
    assert_int_equal(levels(rig), 2);
    assert_int_equal(lk_gpio_write(rig->gpio, 4, 4), -EINVAL);
}

static void closing_gives_the_lines_to_their_pulls(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W00", LK_GPIO_OUT);
    opened(rig, &c);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 1), 0);
    assert_true(world_wire(rig->w, 0));
    lk_gpio_close(rig->gpio);
    assert_int_equal(lk_gpio_fd(rig->gpio), -1);
    assert_false(world_wire(rig->w, 0));
    assert_int_equal(world_gpio(rig->w, &c, &rig->other), 0);
    assert_int_equal(lk_gpio_open(rig->other), 0);
}

static void bias_pulls_a_wire_that_nobody_drives(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W00", LK_GPIO_IN);
    c.lines[0].bias = LK_GPIO_BIAS_UP;
    add(&c, "W01", LK_GPIO_IN)->bias = LK_GPIO_BIAS_DOWN;
    opened(rig, &c);
    assert_int_equal(levels(rig), 1);
}

/* --- edges */

static void an_edge_is_an_event_with_its_time(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W02", LK_GPIO_IN);
    add(&c, "W03", LK_GPIO_IN_EDGES);
    add(&c, "W04", LK_GPIO_IN_EDGES)->active_low = true;
    opened(rig, &c);
    take(rig, 1, 0);
    assert_int_equal(rig->n, 0);
    int64_t before_ns = world_now_ns(rig->w);
    world_pull(rig->w, 3, true);
    take(rig, 1, SOON_MS);
    int64_t after_ns = world_now_ns(rig->w);
    assert_int_equal(rig->n, 1);
    assert_int_equal(rig->events[0].line, 1);
    assert_true(rig->events[0].level);
    assert_false(rig->events[0].reread);
    assert_true(rig->events[0].at_ns >= before_ns && rig->events[0].at_ns <= after_ns);
    world_pull(rig->w, 4, true);
    take(rig, 2, SOON_MS);
    assert_int_equal(rig->n, 2);
    assert_int_equal(rig->events[1].line, 2);
    assert_false(rig->events[1].level);
    world_pull(rig->w, 2, true); /* asked for levels only */
    take(rig, 3, 30);
    assert_int_equal(rig->n, 2);
}

static void a_level_at_open_is_no_event(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W03", LK_GPIO_IN_EDGES);
    world_pull(rig->w, 3, true);
    opened(rig, &c);
    take(rig, 1, 30);
    assert_int_equal(rig->n, 0);
    world_pull(rig->w, 3, false);
    take(rig, 1, SOON_MS);
    assert_int_equal(rig->n, 1);
    assert_false(rig->events[0].level);
}

/* 41 changes, 16 of which the kernel keeps, which ones depends on its interface. */
static void after_a_burst_the_level_is_true_whatever_was_lost(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W03", LK_GPIO_IN_EDGES);
    opened(rig, &c);
    for (unsigned i = 0; i < 41; i++) {
        world_pull(rig->w, 3, i % 2 == 0);
    }
    pass_ms(rig, 50);
    take(rig, 1, SOON_MS);
    take(rig, EVENTS, 50);
    assert_true(rig->n >= 1 && rig->n <= 41);
    assert_alternating(rig, 0, true);
    assert_true(rig->events[rig->n - 1].level);
    assert_int_equal(levels(rig), 1);
    world_pull(rig->w, 3, false);
    unsigned before = rig->n;
    take(rig, before + 1, SOON_MS);
    assert_int_equal(rig->n, before + 1);
    assert_false(rig->events[before].level);
}

static void a_noisy_line_does_not_hide_another(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W03", LK_GPIO_IN_EDGES);
    add(&c, "W04", LK_GPIO_IN_EDGES);
    opened(rig, &c);
    world_pull(rig->w, 4, true);
    for (unsigned i = 0; i < 100; i++) {
        world_pull(rig->w, 3, i % 2 == 0);
    }
    pass_ms(rig, 50);
    take(rig, EVENTS, 50);
    assert_alternating(rig, 0, true);
    assert_alternating(rig, 1, true);
    unsigned quiet = 0;
    for (unsigned i = 0; i < rig->n; i++) {
        quiet += rig->events[i].line == 1;
    }
    assert_int_equal(quiet, 1);
    assert_int_equal(levels(rig), 2);
}

static void events_come_in_portions(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W03", LK_GPIO_IN_EDGES);
    add(&c, "W04", LK_GPIO_IN_EDGES);
    add(&c, "W05", LK_GPIO_IN_EDGES);
    struct lk_gpio_event e;
    uint64_t told = 0;
    opened(rig, &c);
    world_pull(rig->w, 3, true);
    world_pull(rig->w, 4, true);
    world_pull(rig->w, 5, true);
    pass_ms(rig, 20);
    for (unsigned i = 0; i < 3; i++) {
        int64_t before_ms = now_ms(rig);
        world_wait(rig->w, lk_gpio_fd(rig->gpio), SOON_MS);
        assert_true(now_ms(rig) - before_ms <= world_slack_ms(rig->w)); /* it stays readable */
        assert_int_equal(lk_gpio_take(rig->gpio, &e, 1), 1);
        told |= UINT64_C(1) << e.line;
    }
    assert_int_equal(told, 7);
    assert_int_equal(lk_gpio_take(rig->gpio, &e, 1), 0);
}

/* --- debounce */

static struct lk_gpio_config debounced(const struct rig *rig, unsigned ms)
{
    struct lk_gpio_config c = one(rig, "W03", LK_GPIO_IN_EDGES);
    c.lines[0].debounce_ms = ms;
    return c;
}

/* Sixteen edges fill the queue, and those that come later are lost: the line was not quiet yet when they say so. */
static void a_lost_end_of_a_burst_is_not_taken_for_quiet(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = debounced(rig, 100);
    opened(rig, &c);
    for (unsigned i = 0; i < LK_GPIO_QUEUE; i++) {
        world_pull(rig->w, 3, i % 2 == 0);
    }
    pass_ms(rig, 90);
    world_pull(rig->w, 3, true);
    int64_t last_ns = world_now_ns(rig->w);
    pass_ms(rig, 20);
    take(rig, 1, SOON_MS);
    assert_int_equal(rig->n, 1);
    assert_true(rig->events[0].level);
    assert_true(rig->events[0].at_ns >= last_ns + 90 * INT64_C(1000000));
}

static void bounce_is_one_change(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = debounced(rig, 60);
    opened(rig, &c);
    for (unsigned i = 0; i < 7; i++) {
        world_pull(rig->w, 3, i % 2 == 0);
    }
    int64_t last_ns = world_now_ns(rig->w);
    assert_int_equal(levels(rig), 0); /* not yet */
    take(rig, 1, 60 + SOON_MS);
    assert_int_equal(rig->n, 1);
    assert_true(rig->events[0].level);
    int64_t after_ms = (rig->events[0].at_ns - last_ns) / NS_PER_MS;
    assert_true(after_ms >= 60 - 10 && after_ms <= 60 + world_slack_ms(rig->w)); /* the kernel counts in jiffies */
    assert_int_equal(levels(rig), 1);
    take(rig, 2, 150);
    assert_int_equal(rig->n, 1);
}

static void bounce_that_comes_back_is_none(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = debounced(rig, 60);
    opened(rig, &c);
    for (unsigned i = 0; i < 6; i++) {
        world_pull(rig->w, 3, i % 2 == 0);
    }
    take(rig, 1, 200);
    assert_int_equal(rig->n, 0);
    assert_int_equal(levels(rig), 0);
}

static void debounce_survives_a_burst_that_loses_edges(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = debounced(rig, 60);
    opened(rig, &c);
    for (unsigned i = 0; i < 41; i++) {
        world_pull(rig->w, 3, i % 2 == 0);
    }
    take(rig, 1, 60 + SOON_MS);
    take(rig, EVENTS, 100);
    assert_int_equal(rig->n, 1);
    assert_true(rig->events[0].level);
}

/* --- a chip that goes and comes back */

static int until_gone(struct rig *rig)
{
    struct lk_gpio_event e;
    uint64_t l;
    int r = lk_gpio_take(rig->gpio, &e, 1);
    return r < 0 ? r : lk_gpio_read(rig->gpio, &l);
}

static void a_chip_that_vanishes_is_ENODEV_and_returns(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W03", LK_GPIO_IN_EDGES);
    add(&c, "W00", LK_GPIO_OUT);
    opened(rig, &c);
    world_plug(rig->w, false);
    assert_int_equal(until_gone(rig), -ENODEV);
    assert_int_equal(lk_gpio_write(rig->gpio, 2, 2), -ENODEV);
    lk_gpio_close(rig->gpio);
    assert_int_equal(lk_gpio_open(rig->gpio), -ENODEV);
    assert_true(strlen(lk_gpio_complaint(rig->gpio)) > 0);
    world_plug(rig->w, true);
    assert_int_equal(lk_gpio_open(rig->gpio), 0);
    world_pull(rig->w, 3, true);
    take(rig, 1, SOON_MS);
    assert_int_equal(rig->n, 1);
    assert_int_equal(lk_gpio_write(rig->gpio, 2, 2), 0);
    assert_true(world_wire(rig->w, 0));
}

static void a_chip_that_came_back_at_once_is_another(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = one(rig, "W03", LK_GPIO_IN_EDGES);
    opened(rig, &c);
    world_plug(rig->w, false);
    world_plug(rig->w, true);
    assert_int_equal(until_gone(rig), -ENODEV);
    lk_gpio_close(rig->gpio);
    assert_int_equal(lk_gpio_open(rig->gpio), 0);
    assert_int_equal(levels(rig), 0);
}

static void opening_before_the_chip_is_there_can_be_repeated(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = guarded(rig, 300);
    world_plug(rig->w, false);
    assert_int_equal(world_gpio(rig->w, &c, &rig->gpio), 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(lk_gpio_open(rig->gpio), -ENODEV);
    }
    world_plug(rig->w, true);
    assert_int_equal(lk_gpio_open(rig->gpio), 0);
    assert_int_equal(lk_gpio_retry_at_ms(100), 100 + LK_GPIO_RETRY_MS);
}

/* --- guarded outputs (law 9) */

static void await_permission(struct rig *rig, unsigned line)
{
    struct lk_gpio_event e;
    int64_t end_ms = now_ms(rig) + SOON_MS;
    while (lk_gpio_permitted(rig->gpio, line) == 0 && now_ms(rig) < end_ms) {
        world_wait(rig->w, lk_gpio_fd(rig->gpio), end_ms - now_ms(rig));
        assert_int_equal(lk_gpio_take(rig->gpio, &e, 1), 0);
    }
    assert_int_equal(lk_gpio_permitted(rig->gpio, line), 1);
}

static int64_t in_ms(struct rig *rig, int64_t ms)
{
    return world_now_ns(rig->w) + ms * NS_PER_MS;
}

static void law_9_a_guarded_output_needs_a_permission(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = guarded(rig, 2000);
    opened(rig, &c);
    assert_int_equal(lk_gpio_permitted(rig->gpio, 0), 0);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 1), -EPERM);
    assert_int_equal(lk_gpio_write(rig->gpio, 3, 3), -EPERM);
    assert_false(world_wire(rig->w, 0));
    assert_true(world_wire(rig->w, 1));
    assert_int_equal(lk_gpio_write(rig->gpio, 3, 0), 0); /* off is always allowed */
    assert_int_equal(lk_gpio_permit(rig->gpio, 1, in_ms(rig, 2000)), 0);
    await_permission(rig, 1);
    assert_int_equal(lk_gpio_permitted(rig->gpio, 0), 0);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 1), -EPERM); /* that of another line */
    assert_int_equal(lk_gpio_write(rig->gpio, 2, 2), 0);
    assert_false(world_wire(rig->w, 1));
    assert_int_equal(lk_gpio_write(rig->gpio, 2, 0), 0); /* and gives it back */
    assert_true(world_wire(rig->w, 1));
    assert_int_equal(lk_gpio_permitted(rig->gpio, 1), 0);
    assert_int_equal(lk_gpio_write(rig->gpio, 2, 2), -EPERM);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, in_ms(rig, 1000)), 0);
    await_permission(rig, 0);
}

static void law_9_the_guard_switches_off_at_the_ceiling(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = guarded(rig, 500);
    opened(rig, &c);
    int64_t until_ns = in_ms(rig, 500);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, until_ns), 0);
    await_permission(rig, 0);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 1), 0);
    assert_true(world_wire(rig->w, 0));
    while (world_wire(rig->w, 0) && world_now_ns(rig->w) < until_ns + 2 * SOON_MS * INT64_C(1000000)) {
        world_wait(rig->w, -1, 1); /* nobody else switches it off */
    }
    int64_t late_ms = (world_now_ns(rig->w) - until_ns) / NS_PER_MS;
    assert_true(late_ms >= -1 && late_ms <= world_slack_ms(rig->w));
    assert_int_equal(lk_gpio_permitted(rig->gpio, 0), 0);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 1), -EPERM);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, in_ms(rig, 100)), -EBUSY); /* until it is given back */
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 0), 0);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, in_ms(rig, 100)), 0);
}

static void law_9_one_permission_at_a_time_and_none_above_the_ceiling(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = guarded(rig, 500);
    add(&c, "W02", LK_GPIO_IN);
    opened(rig, &c);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, in_ms(rig, 1500)), -EINVAL);
    assert_int_equal(lk_gpio_permit(rig->gpio, 2, in_ms(rig, 100)), -EINVAL);
    assert_int_equal(lk_gpio_permit(rig->gpio, 7, in_ms(rig, 100)), -EINVAL);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, in_ms(rig, 400)), 0);
    assert_int_equal(lk_gpio_permit(rig->gpio, 1, in_ms(rig, 400)), -EBUSY);
    await_permission(rig, 0);
    assert_int_equal(lk_gpio_permit(rig->gpio, 1, in_ms(rig, 400)), -EBUSY);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 0), 0);
    assert_int_equal(lk_gpio_permit(rig->gpio, 1, in_ms(rig, 400)), 0);
}

static void law_9_closing_switches_off_what_is_on(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = guarded(rig, 2000);
    opened(rig, &c);
    world_pull(rig->w, 0, false);
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, in_ms(rig, 1900)), 0);
    await_permission(rig, 0);
    assert_int_equal(lk_gpio_write(rig->gpio, 1, 1), 0);
    lk_gpio_close(rig->gpio);
    assert_false(world_wire(rig->w, 0));
    assert_int_equal(lk_gpio_open(rig->gpio), 0); /* nobody holds the lines any more */
    assert_int_equal(lk_gpio_permitted(rig->gpio, 0), 0);
    assert_false(world_wire(rig->w, 0));
}

static void unguarded_outputs_need_none(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = guarded(rig, 0);
    opened(rig, &c);
    assert_int_equal(lk_gpio_write(rig->gpio, 3, 1), 0);
    assert_true(world_wire(rig->w, 0));
    assert_int_equal(lk_gpio_permit(rig->gpio, 0, in_ms(rig, 10)), -EINVAL);
}

static void a_full_request_works(void **state)
{
    struct rig *rig = *state;
    struct lk_gpio_config c = config_of(rig);
    c.ceiling_ms = 500;
    for (unsigned i = 0; i < WORLD_LINES; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "W%02u", i);
        struct lk_gpio_line *line = add(&c, name, i % 2 ? LK_GPIO_IN_EDGES : LK_GPIO_OUT);
        line->active_low = i % 4 == 0;
        line->bias = i % 2 ? LK_GPIO_BIAS_UP : LK_GPIO_BIAS_AS_IS;
        line->debounce_ms = i % 2 ? 10 : 0;
    }
    opened(rig, &c);
    uint64_t should = 0;
    for (unsigned i = 1; i < WORLD_LINES; i += 2) {
        should |= UINT64_C(1) << i;
    }
    assert_int_equal(levels(rig), should);
    world_pull(rig->w, 23, false);
    take(rig, 1, SOON_MS);
    assert_int_equal(rig->n, 1);
    assert_int_equal(rig->events[0].line, 23);
    for (unsigned i = 0; i < 4; i += 2) {
        assert_int_equal(lk_gpio_permit(rig->gpio, i, in_ms(rig, 400)), 0);
        await_permission(rig, i);
        assert_int_equal(lk_gpio_write(rig->gpio, UINT64_C(1) << i, UINT64_C(1) << i), 0);
        assert_int_equal(world_wire(rig->w, i), i != 0);
        assert_int_equal(lk_gpio_write(rig->gpio, UINT64_C(1) << i, 0), 0);
        assert_int_equal(world_wire(rig->w, i), i == 0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_found_by_name_and_by_offset),
        TEST(no_such_line_is_said),
        TEST(no_such_offset_is_said),
        TEST(two_names_of_one_line_are_refused),
        TEST(another_chip_is_not_there),
        TEST(a_line_held_by_another_is_named_with_its_holder),
        TEST(a_refused_request_holds_nothing),
        TEST(what_is_closed_says_so),
        TEST(a_bad_configuration_is_refused),
        TEST(outputs_are_inactive_from_the_request_on),
        TEST(levels_are_logical),
        TEST(closing_gives_the_lines_to_their_pulls),
        TEST(bias_pulls_a_wire_that_nobody_drives),
        TEST(an_edge_is_an_event_with_its_time),
        TEST(a_level_at_open_is_no_event),
        TEST(after_a_burst_the_level_is_true_whatever_was_lost),
        TEST(a_noisy_line_does_not_hide_another),
        TEST(events_come_in_portions),
        TEST(bounce_is_one_change),
        TEST(bounce_that_comes_back_is_none),
        TEST(debounce_survives_a_burst_that_loses_edges),
        TEST(a_lost_end_of_a_burst_is_not_taken_for_quiet),
        TEST(a_chip_that_vanishes_is_ENODEV_and_returns),
        TEST(a_chip_that_came_back_at_once_is_another),
        TEST(opening_before_the_chip_is_there_can_be_repeated),
        TEST(law_9_a_guarded_output_needs_a_permission),
        TEST(law_9_the_guard_switches_off_at_the_ceiling),
        TEST(law_9_one_permission_at_a_time_and_none_above_the_ceiling),
        TEST(law_9_closing_switches_off_what_is_on),
        TEST(unguarded_outputs_need_none),
        TEST(a_full_request_works),
    };
    return cmocka_run_group_tests_name("gpio contract", tests, NULL, NULL);
}
