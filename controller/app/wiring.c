#include "wiring.h"

#include "base/log.h"
#include "store/store.h"

static const char *level(bool high)
{
    return high ? "high" : "low";
}

static void board_text(const struct lk_config *config, const struct lk_config_bank *bank, unsigned door,
                       struct lk_text *out)
{
    const struct lk_config_fieldbus *line = &config->fieldbus[bank->fieldbus_index];
    if (line->transport == LK_CONFIG_RTU) {
        lk_text_addf(out, "rtu|%s|", line->device);
    } else {
        lk_text_addf(out, "tcp|%s:%u|", line->host, line->port);
    }
    bool own = bank->inputs_unit == 0;
    lk_text_addf(out, "%u|%s|%u|", bank->unit, bank->profile, bank->channels.at[door] + 1u);
    lk_text_addf(out, "%u|%s|%u|", own ? bank->unit : bank->inputs_unit, own ? bank->profile : bank->inputs_profile,
                 bank->inputs.at[door] + 1u);
}

void lk_wiring_text(const struct lk_config *config, unsigned b, unsigned door, struct lk_text *out)
{
    const struct lk_config_bank *bank = &config->bank[b];
    lk_text_add(out, "1|");
    if (bank->gpio) {
        lk_text_addf(out, "gpio|%s|%s|%s|%s|", bank->gpio_chip, bank->locks.name[door],
                     level(bank->lock_active == LK_CONFIG_HIGH), bank->sensors.name[door]);
    } else {
        board_text(config, bank, door, out);
    }
    lk_text_add(out, level((bank->sensor_closed >> door & 1) != 0));
}

const char *lk_wiring_held(const struct lk_core_config *cfg, const struct lk_core *core, int bank, unsigned n)
{
    for (int i = 0; i < cfg->doors; i++) {
        if (core->door[i].wiring_held && (bank < 0 || cfg->door[i].bank == bank) && n-- == 0) {
            return cfg->door[i].label;
        }
    }
    return NULL;
}

void lk_wiring_say(const struct lk_core_config *cfg, const struct lk_core *core)
{
    for (int b = 0; b < cfg->banks; b++) {
        char text[LK_CONFIG_BANK_DOORS * (LK_LABEL_MAX + 1) + 1];
        struct lk_text labels = lk_text_init(text, sizeof(text));
        const char *label;
        for (unsigned n = 0; (label = lk_wiring_held(cfg, core, b, n)) != NULL; n++) {
            lk_text_addf(&labels, " %s", label);
        }
        if (labels.len > 0) {
            lk_log(
                LK_WARN, LK_BLAME_CONFIG,
                "bank %s: wired otherwise than confirmed, opened for maintenance only until \"lockerctl confirm\":%s",
                cfg->bank_name[b], text);
        }
    }
}

int lk_wiring_fill(struct lk_config *config)
{
    unsigned n = 0;
    int r = 0;
    for (unsigned b = 0; r == 0 && b < config->banks; b++) {
        for (unsigned d = 0; r == 0 && d < config->bank[b].doors; d++) {
            char buf[LK_WIRING_TEXT];
            struct lk_text text = lk_text_init(buf, sizeof(buf));
            lk_wiring_text(config, b, d, &text);
            r = lk_store_fingerprint(buf, config->core.door[n++].wiring);
        }
    }
    return r;
}
