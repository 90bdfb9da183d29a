#include "config_impl.h"

#include <string.h>

/* --- one device, one user
 * ------------------------------------------------------------------------------------------------------ */

/* The sections that name a device of their own, in the order in which the later one is blamed. */
static const struct {
    enum lk_config_section section;
    const char *word;
    size_t device;
} users[] = {
    {LK_SEC_SCANNER, "scanner", offsetof(struct lk_config, scanner.device)},
    {LK_SEC_KEYPAD, "keypad", offsetof(struct lk_config, keypad.device)},
    {LK_SEC_CARD, "card", offsetof(struct lk_config, card.device)},
};
enum { USERS = sizeof(users) / sizeof(users[0]) };

static const char *device_of(const struct lk_config *config, size_t user)
{
    return (const char *)config + users[user].device;
}

static void fault_shared(struct lk_config_reader *r, const struct lk_config_found *s, const char *holder)
{
    lk_config_fault(r, lk_config_key_place(s, "device"),
                    "%s.device: %s has the same device; allowed: a device of its own", lk_config_kinds[s->kind].word,
                    holder);
}

static void check_device(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_config *config = r->config;
    size_t self = 0;
    while (users[self].section != s->kind) {
        self++;
    }
    const char *device = device_of(config, self);
    if (device[0] == '\0') {
        return;
    }
    for (unsigned i = 0; i < config->fieldbuses; i++) {
        const struct lk_config_fieldbus *bus = &config->fieldbus[i];
        if (bus->transport == LK_CONFIG_RTU && strcmp(bus->device, device) == 0) {
            char holder[64];
            struct lk_text t = lk_text_init(holder, sizeof(holder));
            lk_text_addf(&t, "fieldbus %s", bus->name);
            fault_shared(r, s, holder);
        }
    }
    for (size_t i = 0; i < self; i++) {
        if (strcmp(device_of(config, i), device) == 0) {
            fault_shared(r, s, users[i].word);
        }
    }
}

static void check_scanner(struct lk_config_reader *r, const struct lk_config_found *s)
{
    r->config->scanner.present = true;
    if (r->config->scanner.kind == LK_CONFIG_SCANNER_KEYBOARD) {
        lk_config_check_pointless(r, s, "baud", "kind = serial");
        lk_config_check_pointless(r, s, "mode", "kind = serial");
    }
}

/* --- panel
 * ---------------------------------------------------------------------------------------------------------------------
 */

static const char *const outputs[LK_CONFIG_PANEL_OUTPUTS] = {"ready", "attention", "out_of_order", "buzzer"};

static const struct lk_config_profile *find_profile(const struct lk_config_reader *r, const char *name)
{
    for (size_t i = 0; i < r->profile_count; i++) {
        if (strcmp(r->profiles[i].name, name) == 0) {
            return &r->profiles[i];
        }
    }
    return NULL;
}

static void check_channels(struct lk_config_reader *r, const struct lk_config_found *s)
{
    struct lk_config_panel *panel = &r->config->panel;
    const struct lk_config_profile *p = find_profile(r, panel->profile);
    unsigned most = p != NULL && p->channels != 0 ? p->channels : LK_CONFIG_BANK_DOORS;
    for (size_t i = 0; i < LK_CONFIG_PANEL_OUTPUTS; i++) {
        uint64_t channel = 0;
        if (panel->output[i][0] == '\0') {
            continue;
        }
        if (lk_text_parse_u64(panel->output[i], most, &channel) < 0 || channel == 0) {
            lk_config_fault(r, lk_config_key_place(s, outputs[i]), "panel.%s: \"%s\" is no channel; allowed: 1..%u",
                            outputs[i], panel->output[i], most);
            continue;
        }
        panel->channel[i] = (int)channel - 1;
    }
}

static void check_outputs(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_config_panel *panel = &r->config->panel;
    unsigned wired = 0;
    for (size_t i = 0; i < LK_CONFIG_PANEL_OUTPUTS; i++) {
        wired += panel->output[i][0] != '\0';
        for (size_t k = 0; k < i; k++) {
            if (panel->output[i][0] != '\0' && strcmp(panel->output[i], panel->output[k]) == 0) {
                lk_config_fault(r, lk_config_key_place(s, outputs[i]),
                                "panel.%s: %s is \"%s\" too; allowed: each line or channel once", outputs[i],
                                outputs[k], panel->output[i]);
            }
        }
    }
    if (wired == 0) {
        lk_config_fault(r, s->head,
                        "panel: nothing is wired; allowed: at least one of ready, attention, out_of_order, "
                        "buzzer");
    }
}

static void check_board(struct lk_config_reader *r, const struct lk_config_found *s)
{
    struct lk_config_panel *panel = &r->config->panel;
    const struct lk_config_found *bus = lk_config_find(r, LK_SEC_FIELDBUS, panel->fieldbus);
    if (panel->profile[0] != '\0' && find_profile(r, panel->profile) == NULL) {
        lk_config_fault(r, lk_config_key_place(s, "profile"),
                        "panel.profile: \"%s\" is not known; allowed: as for a bank", panel->profile);
    }
    if (panel->fieldbus[0] == '\0') {
        return;
    }
    if (bus == NULL) {
        lk_config_fault(r, lk_config_key_place(s, "fieldbus"),
                        "panel.fieldbus: there is no [fieldbus %s]; allowed: the name of a [fieldbus NAME] section",
                        panel->fieldbus);
        return;
    }
    panel->fieldbus_index = bus->index;
    for (unsigned i = 0; i < r->config->banks; i++) {
        const struct lk_config_bank *bank = &r->config->bank[i];
        if (panel->unit != 0 && bank->unit == panel->unit && strcmp(bank->fieldbus, panel->fieldbus) == 0) {
            lk_config_fault(r, lk_config_key_place(s, "unit"),
                            "panel.unit: bank %s is unit %u on fieldbus %s, and a bank switches all its coils off; "
                            "allowed: a board of its own",
                            bank->name, panel->unit, panel->fieldbus);
        }
    }
}

static void check_panel(struct lk_config_reader *r, const struct lk_config_found *s)
{
    static const char *const gpio_keys[] = {"chip", "active"};
    static const char *const coil_keys[] = {"fieldbus", "unit", "profile", "verified"};
    struct lk_config_panel *panel = &r->config->panel;
    bool gpio = panel->kind == LK_CONFIG_PANEL_GPIO;
    panel->present = true;
    for (size_t i = 0; i < LK_CONFIG_PANEL_OUTPUTS; i++) {
        panel->channel[i] = -1;
    }
    if (!lk_config_key_given(s, "kind")) {
        return;
    }
    check_outputs(r, s);
    for (size_t i = 0; i < (gpio ? 4 : 2); i++) {
        lk_config_check_pointless(r, s, gpio ? coil_keys[i] : gpio_keys[i], gpio ? "kind = coils" : "kind = gpio");
    }
    for (size_t i = 0; i < (gpio ? 1 : 3); i++) {
        lk_config_check_needed(r, s, gpio ? gpio_keys[i] : coil_keys[i], gpio ? "kind = gpio" : "kind = coils");
    }
    if (!gpio) {
        check_board(r, s);
        check_channels(r, s);
    }
}

void lk_config_check_device(struct lk_config_reader *r, const struct lk_config_found *s)
{
    if (s->kind == LK_SEC_PANEL) {
        check_panel(r, s);
        return;
    }
    check_device(r, s);
    if (s->kind == LK_SEC_SCANNER) {
        check_scanner(r, s);
    }
    r->config->keypad.present = r->config->keypad.present || s->kind == LK_SEC_KEYPAD;
    r->config->card.present = r->config->card.present || s->kind == LK_SEC_CARD;
}
