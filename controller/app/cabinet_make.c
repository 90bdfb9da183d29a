#include "cabinet_impl.h"

#include "base/log.h"
#include "drivers/gpiobank.h"
#include "drivers/profile.h"

#include <errno.h>
#include <string.h>

enum {
    REQUESTS_PER_BANK = 16
}; /* it asks one thing at a time, and a few about its coils; more waits inside the bank */

static unsigned banks_on(const struct lk_config *config, unsigned line)
{
    unsigned n = 0;
    for (unsigned i = 0; i < config->banks; i++) {
        n += !config->bank[i].gpio && config->bank[i].fieldbus_index == line;
    }
    return n;
}

int lk_cabinet_make_line(struct lk_cabinet *c, unsigned i, lk_fieldbus_make *make, struct lk_text *why)
{
    static const enum lk_fb_parity parities[] = {
        [LK_CONFIG_PARITY_NONE] = LK_FB_PARITY_NONE,
        [LK_CONFIG_PARITY_EVEN] = LK_FB_PARITY_EVEN,
        [LK_CONFIG_PARITY_ODD] = LK_FB_PARITY_ODD,
    };
    const struct lk_config_fieldbus *from = &c->config->fieldbus[i];
    struct lk_fieldbus_config config = {
        .transport = from->transport == LK_CONFIG_RTU ? LK_FB_RTU : LK_FB_TCP,
        .baud = from->baud,
        .parity = parities[from->parity],
        .port = from->port,
        .timeout_ms = from->timeout_ms,
        .queue_slots = (banks_on(c->config, i) + 1) * REQUESTS_PER_BANK,
    };
    (void)lk_text_copy(config.name, sizeof(config.name), from->name);
    (void)lk_text_copy(config.device, sizeof(config.device), from->device);
    (void)lk_text_copy(config.host, sizeof(config.host), from->host);
    struct lk_cabinet_line *line = &c->line[i];
    line->cabinet = c;
    line->heard_at_ms = lk_clock_mono_ms(c->clock);
    int r = make(&config, &line->fb);
    if (r < 0) {
        lk_text_addf(why, "fieldbus %s cannot be set up: %s", from->name, strerror(-r));
    }
    return r;
}

static int make_modbus(struct lk_cabinet *c, struct lk_cabinet_bank *bank, const struct lk_lockbank_sink *sink)
{
    const struct lk_config_bank *from = &c->config->bank[bank->index];
    struct lk_lockbank_config config = {
        .tag_base = (unsigned)bank->index,
        .unit = (uint8_t)from->unit,
        .profile = lk_board_profile_find(from->profile),
        .verified = from->verified,
        .doors = from->doors,
        .pulse_ms = from->pulse_ms,
        .sensor_closed_level = from->sensor_closed,
        .has_channels = true,
        .timeout_ms = from->timeout_ms,
        .confirm_ms = from->confirm_ms,
        .poll_ms = from->poll_ms,
        .has_inputs = true,
        .inputs_unit = (uint8_t)from->inputs_unit,
        .inputs_profile = from->inputs_unit != 0 ? lk_board_profile_find(from->inputs_profile) : NULL,
        .accept_software_pulse = from->accept_software_pulse,
        .pulse_mode = from->pulse_mode,
        .lock_ma = from->lock_ma,
    };
    memcpy(config.channels, from->channels.at, sizeof(config.channels));
    memcpy(config.inputs, from->inputs.at, sizeof(config.inputs));
    return lk_lockbank_create(&config, c->line[from->fieldbus_index].fb, c->supply[from->supply_index], sink, bank,
                              &bank->lockbank);
}

static int make_gpio(struct lk_cabinet *c, struct lk_cabinet_bank *bank, lk_gpio_make *make,
                     const struct lk_lockbank_sink *sink)
{
    static const enum lk_gpio_bias biases[] = {
        [LK_CONFIG_BIAS_AS_IS] = LK_GPIO_BIAS_AS_IS,
        [LK_CONFIG_BIAS_NONE] = LK_GPIO_BIAS_OFF,
        [LK_CONFIG_BIAS_UP] = LK_GPIO_BIAS_UP,
        [LK_CONFIG_BIAS_DOWN] = LK_GPIO_BIAS_DOWN,
    };
    const struct lk_config_bank *from = &c->config->bank[bank->index];
    struct lk_gpiobank_config config = {
        .consumer = "lockerd",
        .doors = from->doors,
        .lock_active_low = from->lock_active == LK_CONFIG_LOW,
        .sensor_closed_level = from->sensor_closed,
        .bias = biases[from->bias],
        .debounce_ms = from->debounce_ms,
        .pulse_ms = from->pulse_ms,
        .confirm_ms = from->confirm_ms,
    };
    struct lk_gpio_config lines = {0};
    struct lk_gpio *gpio = NULL;
    (void)lk_text_copy(config.chip, sizeof(config.chip), from->gpio_chip);
    memcpy(config.locks, from->locks.name, sizeof(config.locks));
    memcpy(config.sensors, from->sensors.name, sizeof(config.sensors));
    int r = make ? lk_gpiobank_lines(&config, &lines) : -EOPNOTSUPP;
    r = r == 0 ? make(&lines, &gpio) : r;
    r = r == 0 ? lk_gpiobank_create(&config, gpio, c->supply[from->supply_index], sink, bank, &bank->lockbank) : r;
    if (r < 0) {
        (void)lk_gpio_destroy(gpio);
    }
    return r;
}

_Static_assert(sizeof(((struct lk_gpiobank_config *)0)->locks) == sizeof(((struct lk_config_lines *)0)->name),
               "names of lines are copied whole");

int lk_cabinet_make_bank(struct lk_cabinet *c, unsigned i, lk_gpio_make *make, const struct lk_lockbank_sink *sink,
                         struct lk_text *why)
{
    const struct lk_config_bank *from = &c->config->bank[i];
    struct lk_cabinet_bank *bank = &c->bank[i];
    *bank = (struct lk_cabinet_bank){.cabinet = c, .index = (int)i, .first_door = c->doors, .fd = -1};
    int r = 0;
    if (!c->supply[from->supply_index]) {
        r = lk_supply_create(NULL, &c->supply[from->supply_index]);
    }
    if (r == 0) {
        r = from->gpio ? make_gpio(c, bank, make, sink) : make_modbus(c, bank, sink);
    }
    if (r < 0) {
        lk_text_addf(why, "bank %s cannot be set up: %s", from->name, strerror(-r));
        return r;
    }
    for (unsigned d = 0; d < from->doors; d++) {
        c->bank_of[c->doors++] = (int)i;
    }
    return 0;
}

void lk_cabinet_say_risks(const struct lk_cabinet *c)
{
    for (unsigned i = 0; i < c->config->banks; i++) {
        const struct lk_config_bank *bank = &c->config->bank[i];
        const struct lk_board_profile *profile = bank->gpio ? NULL : lk_board_profile_find(bank->profile);
        if (!profile || profile->pulse_kind != LK_PULSE_SOFTWARE) {
            continue;
        }
        if (profile->has_watchdog) {
            lk_log(LK_WARN, LK_BLAME_CONFIG,
                   "bank %s: %s cannot time a pulse; if its line breaks in the middle of one, the lock is energised "
                   "until the board's own watchdog lets go after %u ms",
                   bank->name, bank->profile, profile->watchdog_ms);
        } else {
            lk_log(LK_WARN, LK_BLAME_CONFIG,
                   "bank %s: %s cannot time a pulse; if its line breaks in the middle of one, the lock stays energised "
                   "and may burn out; accepted by accept_software_pulse",
                   bank->name, bank->profile);
        }
    }
}

static void fill_profile(struct lk_config_profile *to, const struct lk_board_profile *from)
{
    *to = (struct lk_config_profile){
        .name = from->name,
        .channels = from->channels,
        .inputs = from->inputs,
        .pulse_unit_ms = from->pulse_unit_ms,
        .pulse_min_ms = from->pulse_min_ms,
        .pulse_max_ms = from->pulse_max_ms,
        .needs_software_pulse = from->pulse_kind == LK_PULSE_SOFTWARE,
        .rtu_only = from->line == LK_BOARD_RTU_ONLY,
        .tcp_only = from->line == LK_BOARD_TCP_ONLY,
        .output_limit_ma = from->output_limit_ma,
    };
    memcpy(to->catch_all, from->catch_all, sizeof(to->catch_all));
    memcpy(to->pulse_modes, from->pulse_modes, from->pulse_modes_n);
}

_Static_assert((int)LK_CONFIG_PROFILE_CATCH_ALL == (int)LK_BOARD_CATCH_ALL_MAX, "addresses are copied whole");
_Static_assert((int)LK_CONFIG_PROFILE_MODES >= (int)LK_BOARD_PULSE_MODES_MAX, "modes are copied whole");

size_t lk_cabinet_profiles(struct lk_config_profile *list, size_t room)
{
    size_t n = 0;
    const struct lk_board_profile *profile = lk_board_profile_at(0);
    for (; n < room && profile; profile = lk_board_profile_at(++n)) {
        fill_profile(&list[n], profile);
    }
    return n;
}
