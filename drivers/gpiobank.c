#include "drivers/gpiobank.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lockbank_driver.h"

enum {
    NS_PER_MS = 1000000,
    MARGIN_MS = 50,  /* between the end of a pulse and the guard's ceiling */
    ANSWER_MS = 200, /* a guard that takes longer is not one */
    OFF_AGAIN_MS = 10,
    OFF_TRIES = 3,
    EVENTS = 32,  /* taken at a time */
    POLL_MS = 50, /* where the chip cannot tell edges: often enough for a door, seldom enough for a slow expander */
    NOBODY = -1,
};

/* Line d of the request is the lock of door d, line doors + d its switch. */
struct gpiobank {
    struct lk_lockbank base;
    struct lk_gpio *gpio;
    unsigned pulse_ms;
    uint64_t locks;
    int asked, on; /* doors: a permission is asked for, the lock is on; or NOBODY */
    int64_t asked_at_ms, off_at_ms;
    unsigned off_failures;
    int64_t open_at_ms; /* the next attempt; INT64_MAX: the lines are ours, or nobody wants them */
    int64_t look_at_ms;
    uint64_t levels; /* as last told by events or read */
};

static struct gpiobank *self_of(struct lk_lockbank *bank)
{
    return (struct gpiobank *)bank;
}

static uint64_t bit(int line)
{
    return UINT64_C(1) << line;
}

static bool is_open(const struct gpiobank *self)
{
    return lk_gpio_fd(self->gpio) >= 0;
}

/* --- losing the lines */

static enum lk_lockbank_reason reason_of(int err)
{
    switch (err) {
    case -EBUSY:
        return LK_LOCKBANK_REASON_HELD;
    case -ENOENT:
    case -ENOTUNIQ:
    case -EOPNOTSUPP:
    case -EINVAL:
        return LK_LOCKBANK_REASON_NO_LINE;
    case -EOWNERDEAD:
        return LK_LOCKBANK_REASON_GUARD;
    default:
        return LK_LOCKBANK_REASON_LINE;
    }
}

/* After the state changed, so that nothing is granted in its place. */
static void end_asking(struct gpiobank *self, int64_t now_ms)
{
    int door = self->asked;
    self->asked = NOBODY;
    if (door != NOBODY) {
        lk_bank_pulse_done(&self->base, (unsigned)door, LK_LOCKBANK_PULSE_NOT_SENT, false, now_ms, now_ms);
    }
}

/* Closing switches off what can be, and gives the lines to their pulls. */
static void lose(struct gpiobank *self, int err, int64_t now_ms)
{
    lk_gpio_close(self->gpio);
    self->on = NOBODY;
    self->open_at_ms = lk_gpio_retry_at_ms(now_ms);
    lk_bank_set_state(&self->base, LK_LOCKBANK_LOST, reason_of(err), now_ms);
    end_asking(self, now_ms);
}

static void stop_stuck(struct gpiobank *self, int64_t now_ms)
{
    (void)lk_gpio_write(self->gpio, self->locks, 0);
    self->on = NOBODY;
    lk_bank_set_state(&self->base, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK, now_ms);
    end_asking(self, now_ms);
}

/* --- set-up */

/* All off was part of the request; once more for one that does not look so. 0; 1: a lock stays on; negative errno. */
static int prove_off(struct gpiobank *self)
{
    int r = lk_gpio_read(self->gpio, &self->levels);
    if (r == 0 && self->levels & self->locks) {
        r = lk_gpio_write(self->gpio, self->locks, 0);
        r = r ? r : lk_gpio_read(self->gpio, &self->levels);
        r = r == 0 && self->levels & self->locks ? 1 : r;
    }
    return r;
}

static uint32_t doors_of(const struct gpiobank *self, uint64_t levels)
{
    return (uint32_t)(levels >> self->base.common.doors);
}

static void set_up(struct gpiobank *self, int64_t now_ms)
{
    int r = lk_gpio_open(self->gpio);
    r = r ? r : prove_off(self);
    self->asked = self->on = NOBODY;
    self->look_at_ms = now_ms + LK_GPIO_LOOK_MS;
    self->open_at_ms = INT64_MAX;
    if (r < 0) {
        lose(self, r, now_ms);
    } else if (r > 0) {
        stop_stuck(self, now_ms);
    } else {
        lk_bank_ready(&self->base, doors_of(self, self->levels), now_ms, now_ms);
    }
}

/* --- doors */

static void tell(struct gpiobank *self, int64_t at_ms, bool fresh)
{
    struct lk_bank_reading reading = {
        .levels = doors_of(self, self->levels), .taken_ms = at_ms, .at_ms = at_ms, .fresh = fresh};
    lk_bank_sense_reading(&self->base, &reading);
}

/* What happened in order, so that a door that opened and shut again between two turns of the loop is told so. */
static int take_events(struct gpiobank *self, int64_t now_ms)
{
    struct lk_gpio_event events[EVENTS];
    int n;
    do {
        n = lk_gpio_take(self->gpio, events, EVENTS);
        for (int i = 0; i < n; i++) {
            int64_t at_ms = events[i].at_ns / NS_PER_MS;
            self->levels = (self->levels & ~bit((int)events[i].line)) | (uint64_t)events[i].level << events[i].line;
            tell(self, at_ms < now_ms ? at_ms : now_ms, false);
        }
    } while (n == EVENTS);
    return n < 0 ? n : 0;
}

/* The levels as they are, and that no lock is on without a reason. 0, or the lines were lost or the bank stopped. */
static int look(struct gpiobank *self, bool fresh, int64_t now_ms)
{
    int r = lk_gpio_read(self->gpio, &self->levels);
    if (r) {
        lose(self, r, now_ms);
        return r;
    }
    uint64_t reason = self->on == NOBODY ? 0 : bit(self->on);
    if (self->levels & self->locks & ~reason) {
        stop_stuck(self, now_ms);
        return -EIO;
    }
    tell(self, now_ms, fresh);
    return 0;
}

static void look_due(struct gpiobank *self, int64_t now_ms)
{
    bool due = now_ms >= self->look_at_ms;
    for (unsigned d = 0; d < self->base.common.doors; d++) {
        struct lk_bank_door *door = &self->base.doors[d];
        if (door->check_at_ms <= now_ms) {
            door->check_at_ms = INT64_MAX;
            due = true;
        }
    }
    if (due) {
        self->look_at_ms = now_ms + LK_GPIO_LOOK_MS;
        (void)look(self, false, now_ms);
    }
}

/* --- pulses */

static int pulse(struct lk_lockbank *base, unsigned door, int64_t now_ms)
{
    struct gpiobank *self = self_of(base);
    int64_t until_ms = now_ms + base->common.pulse_ms;
    int r =
        self->asked == NOBODY && self->on == NOBODY ? lk_gpio_permit(self->gpio, door, until_ms * NS_PER_MS) : -EBUSY;
    if (r) {
        base->retry_at_ms = now_ms + OFF_AGAIN_MS; /* a guard that is gone is noticed in the next turn */
        return r;
    }
    self->asked = (int)door;
    self->asked_at_ms = now_ms;
    return 0;
}

/* The lock is on, as far as the chip can tell. */
static bool proved_on(struct gpiobank *self, int door)
{
    uint64_t levels;
    return lk_gpio_read(self->gpio, &levels) == 0 && (levels & bit(door)) != 0;
}

static void switch_on(struct gpiobank *self, int64_t now_ms)
{
    int door = self->asked;
    int r = lk_gpio_write(self->gpio, bit(door), bit(door));
    self->asked = NOBODY;
    if (r == -EPERM) { /* its time was over in between */
        (void)lk_gpio_write(self->gpio, bit(door), 0);
        lk_bank_pulse_done(&self->base, (unsigned)door, LK_LOCKBANK_PULSE_NOT_SENT, false, now_ms, now_ms);
        return;
    }
    self->on = door;
    self->off_at_ms = r ? now_ms : now_ms + self->pulse_ms;
    self->off_failures = 0;
    bool proved = r == 0 && proved_on(self, door);
    lk_bank_pulse_done(&self->base, (unsigned)door, proved ? LK_LOCKBANK_PULSE_DONE : LK_LOCKBANK_PULSE_UNPROVEN, true,
                       now_ms, now_ms);
}

static void permission_due(struct gpiobank *self, int64_t now_ms)
{
    int r = lk_gpio_permitted(self->gpio, (unsigned)self->asked);
    if (r > 0) {
        switch_on(self, now_ms);
    } else if (r < 0 || now_ms >= self->asked_at_ms + ANSWER_MS) {
        lose(self, -EOWNERDEAD, now_ms);
    }
}

/* Giving the lines up is the last means to switch off: then the pull decides. */
static void switch_off(struct gpiobank *self, int64_t now_ms)
{
    int r = lk_gpio_write(self->gpio, bit(self->on), 0);
    if (r == 0) {
        self->on = NOBODY;
    } else if (r == -ENODEV || ++self->off_failures >= OFF_TRIES) {
        lose(self, r, now_ms);
    } else {
        self->off_at_ms = now_ms + OFF_AGAIN_MS;
    }
}

/* A lock that is on with nobody standing by goes off first. */
static void guard_due(struct gpiobank *self, int64_t now_ms)
{
    if (lk_gpio_permitted(self->gpio, 0) < 0) {
        lose(self, -EOWNERDEAD, now_ms);
    }
}

/* --- the ops */

static bool may_drive(const struct lk_lockbank *base)
{
    (void)base;
    return true;
}

static int start(struct lk_lockbank *base, int64_t now_ms)
{
    struct gpiobank *self = self_of(base);
    if (is_open(self)) { /* not closed and opened: a loop that watches the descriptor could not tell old from new */
        (void)lk_gpio_write(self->gpio, self->locks, 0);
    }
    self->on = NOBODY;
    end_asking(self, now_ms);
    set_up(self, now_ms);
    return 0;
}

static void look_closely(struct lk_lockbank *base, int64_t until_ms)
{
    (void)base;
    (void)until_ms; /* edges come by themselves */
}

static void confirm(struct lk_lockbank *base, int64_t now_ms)
{
    base->confirming = true;
    lk_bank_confirmed(base, false, now_ms);
    (void)look(self_of(base), true, now_ms);
}

static void turn(struct gpiobank *self, int64_t now_ms)
{
    if (is_open(self)) {
        guard_due(self, now_ms);
    }
    if (is_open(self) && self->asked != NOBODY) {
        permission_due(self, now_ms);
    }
    if (is_open(self) && self->on != NOBODY && now_ms >= self->off_at_ms) {
        switch_off(self, now_ms);
    }
}

static void ready(struct lk_lockbank *base, int64_t now_ms)
{
    struct gpiobank *self = self_of(base);
    if (!is_open(self)) {
        return;
    }
    int r = take_events(self, now_ms);
    if (r && base->ended) {
        lk_gpio_close(self->gpio);
    } else if (r) {
        lose(self, r, now_ms);
    }
    if (!base->ended) {
        turn(self, now_ms);
    }
}

static void tick(struct lk_lockbank *base, int64_t now_ms)
{
    struct gpiobank *self = self_of(base);
    if (base->ended) {
        return;
    }
    if (now_ms >= self->open_at_ms) {
        set_up(self, now_ms);
    }
    turn(self, now_ms);
    if (is_open(self)) {
        look_due(self, now_ms);
    }
}

static int64_t next_at_ms(const struct lk_lockbank *base)
{
    const struct gpiobank *self = (const struct gpiobank *)base;
    if (!is_open(self) || base->ended) {
        return self->open_at_ms;
    }
    int64_t at_ms = self->look_at_ms;
    at_ms = lk_bank_sooner(at_ms, self->asked == NOBODY ? INT64_MAX : self->asked_at_ms + ANSWER_MS);
    at_ms = lk_bank_sooner(at_ms, self->on == NOBODY ? INT64_MAX : self->off_at_ms);
    for (unsigned d = 0; d < base->common.doors; d++) {
        at_ms = lk_bank_sooner(at_ms, base->doors[d].check_at_ms);
    }
    return at_ms;
}

static void stop(struct lk_lockbank *base, bool reachable, int64_t now_ms)
{
    struct gpiobank *self = self_of(base);
    (void)reachable; /* it may always drive. The lines stay ours, and off, until destroy */
    self->open_at_ms = INT64_MAX;
    self->on = NOBODY;
    end_asking(self, now_ms);
    int r = is_open(self) ? lk_gpio_write(self->gpio, self->locks, 0) : -EBADF;
    r = r ? r : lk_gpio_read(self->gpio, &self->levels);
    lk_bank_end(base, r == 0 && (self->levels & self->locks) == 0);
}

static int fd(const struct lk_lockbank *base)
{
    return lk_gpio_fd(((const struct gpiobank *)base)->gpio);
}

static const char *complaint(const struct lk_lockbank *base)
{
    return lk_gpio_complaint(((const struct gpiobank *)base)->gpio);
}

static void destroy(struct lk_lockbank *base)
{
    lk_gpio_destroy(self_of(base)->gpio);
    free(base);
}

static const struct lk_lockbank_ops gpio_ops = {
    .name = "gpio",
    .may_drive = may_drive,
    .start = start,
    .pulse = pulse,
    .look_closely = look_closely,
    .confirm = confirm,
    .ready = ready,
    .fd = fd,
    .tick = tick,
    .next_at_ms = next_at_ms,
    .stop = stop,
    .complaint = complaint,
    .destroy = destroy,
};

/* --- making one */

static unsigned pulse_of(const struct lk_gpiobank_config *config)
{
    return config->pulse_ms ? config->pulse_ms : LK_GPIOBANK_PULSE_MS;
}

static unsigned ceiling_of(const struct lk_gpiobank_config *config)
{
    unsigned ms = pulse_of(config) + MARGIN_MS;
    return ms < LK_GPIOBANK_CEILING_MS ? ms : LK_GPIOBANK_CEILING_MS;
}

int lk_gpiobank_lines(const struct lk_gpiobank_config *config, struct lk_gpio_config *ret_lines)
{
    if (config->doors < 1 || config->doors > LK_LOCKBANK_DOORS_MAX || pulse_of(config) < LK_GPIOBANK_PULSE_MIN_MS ||
        pulse_of(config) > LK_GPIOBANK_CEILING_MS) {
        return -EINVAL;
    }
    struct lk_gpio_config lines = {.ceiling_ms = ceiling_of(config), .poll_ms = POLL_MS, .lines_n = 2 * config->doors};
    (void)lk_text_copy(lines.chip, sizeof(lines.chip), config->chip);
    (void)lk_text_copy(lines.consumer, sizeof(lines.consumer), config->consumer[0] ? config->consumer : "lockerd");
    for (unsigned d = 0; d < config->doors; d++) {
        struct lk_gpio_line *lock = &lines.lines[d], *sensor = &lines.lines[config->doors + d];
        *lock = (struct lk_gpio_line){.direction = LK_GPIO_OUT, .active_low = config->lock_active_low};
        *sensor = (struct lk_gpio_line){
            .direction = LK_GPIO_IN_EDGES, .bias = config->bias, .debounce_ms = config->debounce_ms};
        (void)lk_text_copy(lock->name, sizeof(lock->name), config->locks[d]);
        (void)lk_text_copy(sensor->name, sizeof(sensor->name), config->sensors[d]);
    }
    int r = lk_gpio_config_check(&lines);
    if (r == 0) {
        *ret_lines = lines;
    }
    return r;
}

int lk_gpiobank_create(const struct lk_gpiobank_config *config, struct lk_gpio *gpio, struct lk_supply *supply,
                       const struct lk_lockbank_sink *sink, void *user, struct lk_lockbank **ret_bank)
{
    struct lk_gpio_config lines;
    int r = lk_gpiobank_lines(config, &lines);
    if (r) {
        return r;
    }
    struct gpiobank *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    struct lk_bank_config common = {.doors = config->doors,
                                    .pulse_ms = lines.ceiling_ms,
                                    .confirm_ms = config->confirm_ms,
                                    .sensor_closed_level = config->sensor_closed_level};
    lk_bank_init(&self->base, &gpio_ops, &common, supply, sink, user);
    self->gpio = gpio;
    self->pulse_ms = pulse_of(config);
    self->locks = bit((int)config->doors) - 1;
    self->asked = self->on = NOBODY;
    self->open_at_ms = self->look_at_ms = INT64_MAX;
    *ret_bank = &self->base;
    return 0;
}
