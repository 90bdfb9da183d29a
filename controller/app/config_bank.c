#include "config_impl.h"

#include <string.h>

/* The longest pulse on a GPIO line: nothing but us ends it, and no data sheet was asked. */
enum { GPIO_PULSE_MOST_MS = 500 };

static const struct lk_config_profile *find_profile(const struct lk_config_reader *r, const char *name)
{
    for (size_t i = 0; i < r->profile_count; i++) {
        if (strcmp(r->profiles[i].name, name) == 0) {
            return &r->profiles[i];
        }
    }
    return NULL;
}

/* --- a board on a fieldbus
 * ----------------------------------------------------------------------------------------------------------------- */

static void bus_unknown(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_bank *bank)
{
    char known[256];
    struct lk_text t = lk_text_init(known, sizeof(known));
    for (unsigned i = 0; i < r->config->fieldbuses; i++) {
        lk_text_addf(&t, "%s%s", i == 0 ? "" : ", ", r->config->fieldbus[i].name);
    }
    lk_config_fault(r, lk_config_key_place(s, "fieldbus"), "bank %s.fieldbus: there is no [fieldbus %s]; allowed: %s",
                    bank->name, bank->fieldbus, known[0] == '\0' ? "the name of a [fieldbus NAME] section" : known);
}

static void check_bus(struct lk_config_reader *r, const struct lk_config_found *s)
{
    struct lk_config_bank *bank = &r->config->bank[s->index];
    const struct lk_config_found *bus = lk_config_find(r, LK_SEC_FIELDBUS, bank->fieldbus);
    if (bank->fieldbus[0] == '\0') {
        return;
    }
    if (bus == NULL) {
        bus_unknown(r, s, bank);
        return;
    }
    bank->fieldbus_index = bus->index;
    if (!lk_config_key_given(s, "poll_ms") && r->config->fieldbus[bus->index].transport == LK_CONFIG_TCP) {
        bank->poll_ms = 100;
    }
}

static void profile_unknown(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                            const char *name)
{
    char known[400];
    struct lk_text t = lk_text_init(known, sizeof(known));
    for (size_t i = 0; i < r->profile_count; i++) {
        lk_text_addf(&t, "%s%s", i == 0 ? "" : ", ", r->profiles[i].name);
    }
    if (strcmp(key, "profile") == 0) {
        lk_text_addf(&t, "%s" LK_CONFIG_GPIO, t.len == 0 ? "" : ", ");
    }
    lk_config_fault(r, lk_config_key_place(s, key), "bank %s.%s: \"%s\" is not known; allowed: %s", s->name, key, name,
                    known);
}

static void check_pulse(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_bank *bank,
                        const struct lk_config_profile *p)
{
    struct lk_config_place at = lk_config_key_place(s, "pulse_ms");
    if (bank->pulse_ms == 0) {
        return;
    }
    if (p->pulse_max_ms != 0 && bank->pulse_ms > p->pulse_max_ms) {
        lk_config_fault(r, at, "bank %s.pulse_ms: %u ms is too long for %s; allowed: at most %u", bank->name,
                        bank->pulse_ms, p->name, p->pulse_max_ms);
    } else if (bank->pulse_ms < p->pulse_min_ms) {
        lk_config_fault(r, at, "bank %s.pulse_ms: %u ms is too short for %s; allowed: at least %u", bank->name,
                        bank->pulse_ms, p->name, p->pulse_min_ms);
    } else if (p->pulse_unit_ms != 0 && bank->pulse_ms % p->pulse_unit_ms != 0) {
        lk_config_fault(r, at, "bank %s.pulse_ms: %s counts in steps of %u ms; allowed: a multiple of %u", bank->name,
                        p->name, p->pulse_unit_ms, p->pulse_unit_ms);
    }
}

static void check_pulse_mode(struct lk_config_reader *r, const struct lk_config_found *s,
                             const struct lk_config_bank *bank, const struct lk_config_profile *p)
{
    char known[64];
    struct lk_text t = lk_text_init(known, sizeof(known));
    if (p->pulse_modes[0] == 0) {
        lk_config_check_pointless(r, s, "pulse_mode", "a board whose maker left the choice");
        return;
    }
    for (size_t i = 0; i < LK_CONFIG_PROFILE_MODES && p->pulse_modes[i] != 0; i++) {
        if (bank->pulse_mode == p->pulse_modes[i]) {
            return;
        }
        lk_text_addf(&t, "%s%u", i == 0 ? "" : ", ", p->pulse_modes[i]);
    }
    if (bank->pulse_mode != 0) {
        lk_config_fault(r, lk_config_key_place(s, "pulse_mode"), "bank %s.pulse_mode: %s has no mode %u; allowed: %s",
                        bank->name, p->name, bank->pulse_mode, known);
    }
}

/* What may be switched with this board at all. */
static void check_risks(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_bank *bank,
                        const struct lk_config_profile *p)
{
    struct lk_config_place at = lk_config_key_place(s, "profile");
    if (!p->needs_software_pulse) {
        lk_config_check_pointless(r, s, "accept_software_pulse", "a board that cannot time a pulse itself");
    } else if (!bank->accept_software_pulse) {
        lk_config_fault(
            r, at,
            "bank %s.profile: %s cannot time a pulse: a coil stays on when the line breaks in the middle of "
            "one; allowed: with accept_software_pulse = yes, or a board that times its pulses",
            bank->name, p->name);
    }
    if (p->output_limit_ma == 0) {
        return;
    }
    if (bank->lock_ma == 0) {
        lk_config_fault(r, at,
                        "bank %s.profile: the outputs of %s bear %u mA, and lock_ma does not say what a lock draws; "
                        "allowed: with lock_ma of at most %u",
                        bank->name, p->name, p->output_limit_ma, p->output_limit_ma);
    } else if (bank->lock_ma > p->output_limit_ma) {
        lk_config_fault(r, lk_config_key_place(s, "lock_ma"),
                        "bank %s.lock_ma: %u mA is too much for the outputs of %s; allowed: at most %u", bank->name,
                        bank->lock_ma, p->name, p->output_limit_ma);
    }
}

static void check_transport(struct lk_config_reader *r, const struct lk_config_found *s,
                            const struct lk_config_bank *bank, const struct lk_config_profile *p, const char *key)
{
    const struct lk_config_found *bus = lk_config_find(r, LK_SEC_FIELDBUS, bank->fieldbus);
    if (bus == NULL || !lk_config_key_given(bus, "transport")) {
        return;
    }
    bool rtu = r->config->fieldbus[bus->index].transport == LK_CONFIG_RTU;
    if (rtu ? p->tcp_only : p->rtu_only) {
        lk_config_fault(r, lk_config_key_place(s, key),
                        "bank %s.%s: %s cannot be on fieldbus %s; allowed: transport = %s", bank->name, key, p->name,
                        bank->fieldbus, rtu ? "tcp" : "rtu");
    }
}

static void check_catch_all(struct lk_config_reader *r, const struct lk_config_found *s, const char *key, unsigned unit,
                            const struct lk_config_profile *p)
{
    for (size_t i = 0; i < LK_CONFIG_PROFILE_CATCH_ALL; i++) {
        if (unit != 0 && p->catch_all[i] == unit) {
            lk_config_fault(r, lk_config_key_place(s, key),
                            "bank %s.%s: every %s answers to %u, whatever its own address; allowed: the board's own",
                            s->name, key, p->name, unit);
        }
    }
}

/* The key that says where a door's switch is. */
static const char *inputs_key(const struct lk_config_found *s)
{
    return lk_config_key_given(s, "inputs") ? "inputs" : lk_config_key_given(s, "channels") ? "channels" : "doors";
}

/* False with an error when a number (from 0) of the list is one that the board does not have. */
static bool check_reach(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                        const struct lk_config_list *list, unsigned most, const struct lk_config_profile *p,
                        const char *what)
{
    for (unsigned d = 0; most != 0 && d < list->count; d++) {
        if (list->at[d] >= most) {
            lk_config_fault(r, lk_config_key_place(s, key),
                            "bank %s.%s: door %u is on %s %u, but %s has %u; allowed: 1..%u", s->name, key, d + 1, what,
                            list->at[d] + 1u, p->name, most, most);
            return false;
        }
    }
    return true;
}

/* False with an error when a door has no relay on the board. */
static bool check_relays(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_bank *bank,
                         const struct lk_config_profile *p)
{
    if (lk_config_key_given(s, "channels")) {
        return check_reach(r, s, "channels", &bank->channels, p->channels, p, "relay");
    }
    if (p->channels == 0 || bank->doors <= p->channels) {
        return true;
    }
    lk_config_fault(r, lk_config_key_place(s, "doors"),
                    "bank %s.doors: %u doors, but %s has %u channels; allowed: 1..%u", bank->name, bank->doors, p->name,
                    p->channels, p->channels);
    return false;
}

static void check_own_board(struct lk_config_reader *r, const struct lk_config_found *s,
                            const struct lk_config_profile *p)
{
    const struct lk_config_bank *bank = &r->config->bank[s->index];
    check_pulse(r, s, bank, p);
    check_pulse_mode(r, s, bank, p);
    check_risks(r, s, bank, p);
    check_transport(r, s, bank, p, "profile");
    check_catch_all(r, s, "unit", bank->unit, p);
    bool reached = check_relays(r, s, bank, p);
    if (lk_config_key_given(s, "inputs_unit") || (!reached && !lk_config_key_given(s, "inputs"))) {
        return; /* inputs like the relays would only be said again */
    }
    if (p->inputs == 0) {
        lk_config_fault(r, lk_config_key_place(s, "profile"),
                        "bank %s.profile: %s has no inputs for door switches; allowed: with inputs_unit and "
                        "inputs_profile",
                        bank->name, p->name);
    } else {
        (void)check_reach(r, s, inputs_key(s), &bank->inputs, p->inputs, p, "input");
    }
}

static void check_inputs_board(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_config_bank *bank = &r->config->bank[s->index];
    const struct lk_config_profile *p = find_profile(r, bank->inputs_profile);
    if (!lk_config_key_given(s, "inputs_unit")) {
        lk_config_check_pointless(r, s, "inputs_profile", "inputs_unit");
        return;
    }
    lk_config_check_needed(r, s, "inputs_profile", "inputs_unit");
    if (bank->inputs_profile[0] == '\0') {
        return;
    }
    if (p == NULL) {
        profile_unknown(r, s, "inputs_profile", bank->inputs_profile);
        return;
    }
    check_transport(r, s, bank, p, "inputs_profile");
    check_catch_all(r, s, "inputs_unit", bank->inputs_unit, p);
    if (p->inputs == 0) {
        lk_config_fault(r, lk_config_key_place(s, "inputs_profile"),
                        "bank %s.inputs_profile: %s has no inputs; allowed: a board with inputs", bank->name, p->name);
    }
    (void)check_reach(r, s, inputs_key(s), &bank->inputs, p->inputs, p, "input");
}

/* The list as the file gives it has one number for each door; without one, door d is on number d or as in `otherwise`.
 */
static void fill_list(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                      struct lk_config_list *list, const struct lk_config_list *otherwise, unsigned doors)
{
    if (list->count == 0) {
        list->count = doors;
        for (unsigned d = 0; d < doors; d++) {
            list->at[d] = otherwise != NULL ? otherwise->at[d] : (uint8_t)d;
        }
    } else if (list->count != doors && doors != 0) {
        lk_config_fault(r, lk_config_key_place(s, key),
                        "bank %s.%s: %u numbers for %u doors; allowed: one for each door", s->name, key, list->count,
                        doors);
    }
}

static void check_board(struct lk_config_reader *r, const struct lk_config_found *s)
{
    static const char *const needed[] = {"fieldbus", "unit", "doors", "sizes"};
    static const char *const pointless[] = {"gpio_chip", "locks", "sensors", "lock_active", "bias", "debounce_ms"};
    struct lk_config_bank *bank = &r->config->bank[s->index];
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        lk_config_check_needed(r, s, needed[i], "a board");
    }
    for (size_t i = 0; i < sizeof(pointless) / sizeof(pointless[0]); i++) {
        lk_config_check_pointless(r, s, pointless[i], "profile = " LK_CONFIG_GPIO);
    }
    check_bus(r, s);
    fill_list(r, s, "channels", &bank->channels, NULL, bank->doors);
    fill_list(r, s, "inputs", &bank->inputs, &bank->channels, bank->doors);
    const struct lk_config_profile *p = find_profile(r, bank->profile);
    if (p != NULL) {
        check_own_board(r, s, p);
    } else if (bank->profile[0] != '\0') {
        profile_unknown(r, s, "profile", bank->profile);
    }
    check_inputs_board(r, s);
}

/* --- GPIO lines
 * ----------------------------------------------------------------------------------------------------------------- */

static void check_gpio(struct lk_config_reader *r, const struct lk_config_found *s)
{
    static const char *const needed[] = {"gpio_chip", "locks", "sensors", "lock_active"};
    static const char *const pointless[] = {"fieldbus",     "unit",           "channels",   "inputs",
                                            "inputs_unit",  "timeout_ms",     "pulse_mode", "accept_software_pulse",
                                            "relay_cycles", "inputs_profile", "poll_ms",    "verified"};
    struct lk_config_bank *bank = &r->config->bank[s->index];
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        lk_config_check_needed(r, s, needed[i], "profile = " LK_CONFIG_GPIO);
    }
    for (size_t i = 0; i < sizeof(pointless) / sizeof(pointless[0]); i++) {
        lk_config_check_pointless(r, s, pointless[i], "a board on a fieldbus");
    }
    if (!lk_config_key_given(s, "doors")) {
        bank->doors = bank->locks.count;
    }
    if (bank->locks.count != 0 && bank->locks.count != bank->doors) {
        lk_config_fault(r, lk_config_key_place(s, "locks"),
                        "bank %s.locks: %u lines for %u doors; allowed: one for each door", bank->name,
                        bank->locks.count, bank->doors);
    }
    if (bank->sensors.count != 0 && bank->locks.count != 0 && bank->sensors.count != bank->locks.count) {
        lk_config_fault(r, lk_config_key_place(s, "sensors"),
                        "bank %s.sensors: %u lines for %u locks; allowed: one for each door", bank->name,
                        bank->sensors.count, bank->locks.count);
    }
    if (bank->pulse_ms > GPIO_PULSE_MOST_MS) {
        lk_config_fault(r, lk_config_key_place(s, "pulse_ms"),
                        "bank %s.pulse_ms: %u ms is too long for GPIO lines; allowed: at most %d", bank->name,
                        bank->pulse_ms, GPIO_PULSE_MOST_MS);
    }
    for (unsigned d = 0; !lk_config_key_given(s, "sizes") && d < bank->doors; d++) {
        bank->size[d] = LK_SIZE_M;
    }
}

/* --- doors
 * ----------------------------------------------------------------------------------------------------------------- */

static void fault_doors(struct lk_config_reader *r, const struct lk_config_found *s, const char *key, uint32_t doors,
                        const char *what, unsigned most)
{
    if (doors != 0) {
        char text[128];
        struct lk_text t = lk_text_init(text, sizeof(text));
        lk_config_list_doors(doors, &t);
        lk_config_fault(r, lk_config_key_place(s, key), "bank %s.%s: %s: %s; allowed: each of doors 1..%u", s->name,
                        key, what, text, most);
    }
}

static void check_doors(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_config_bank *bank = &r->config->bank[s->index];
    if (bank->doors == 0) {
        return;
    }
    uint32_t wired = bank->doors == 32 ? UINT32_MAX : (UINT32_C(1) << bank->doors) - 1;
    if (lk_config_key_given(s, "sizes") && (s->wrong_lists & 1) == 0) {
        fault_doors(r, s, "sizes", wired & ~s->sized, "doors without a size", bank->doors);
        fault_doors(r, s, "sizes", s->sized & ~wired, "doors that are not there", bank->doors);
    }
    fault_doors(r, s, "low_reach", bank->low_reach & ~wired, "doors that are not there", bank->doors);
    fault_doors(r, s, "sensor_closed", s->levelled & ~wired, "doors that are not there", bank->doors);
}

void lk_config_check_bank(struct lk_config_reader *r, const struct lk_config_found *s)
{
    struct lk_config_bank *bank = &r->config->bank[s->index];
    bank->gpio = strcmp(bank->profile, LK_CONFIG_GPIO) == 0;
    if (bank->gpio) {
        check_gpio(r, s);
    } else {
        check_board(r, s);
    }
    check_doors(r, s);
}

/* --- several banks
 * ----------------------------------------------------------------------------------------------------------------- */

static bool same_bus(const struct lk_config_bank *a, const struct lk_config_bank *b)
{
    return !a->gpio && !b->gpio && a->fieldbus[0] != '\0' && strcmp(a->fieldbus, b->fieldbus) == 0;
}

static void check_own_units(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_config_bank *bank = &r->config->bank[s->index];
    if (!bank->gpio && bank->unit != 0 && bank->inputs_unit == bank->unit) {
        lk_config_fault(r, lk_config_key_place(s, "inputs_unit"),
                        "bank %s.inputs_unit: %u is the bank's own board; allowed: another board, or leave it out",
                        bank->name, bank->unit);
    }
}

/* Two boards at one address, or one address told to be two kinds of board. */
static void check_units(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_bank *bank,
                        const struct lk_config_bank *other)
{
    if (bank->unit != 0 && other->unit == bank->unit) {
        lk_config_fault(r, lk_config_key_place(s, "unit"),
                        "bank %s.unit: bank %s is unit %u on fieldbus %s too; allowed: each address once", bank->name,
                        other->name, bank->unit, bank->fieldbus);
    }
    if (bank->unit != 0 && other->inputs_unit == bank->unit) {
        lk_config_fault(r, lk_config_key_place(s, "unit"),
                        "bank %s.unit: %u is the inputs_unit of bank %s; allowed: each address once", bank->name,
                        bank->unit, other->name);
    }
    if (bank->inputs_unit == 0) {
        return;
    }
    if (other->unit == bank->inputs_unit) {
        lk_config_fault(r, lk_config_key_place(s, "inputs_unit"),
                        "bank %s.inputs_unit: %u is the unit of bank %s; allowed: a board without locks", bank->name,
                        bank->inputs_unit, other->name);
    } else if (other->inputs_unit == bank->inputs_unit && strcmp(other->inputs_profile, bank->inputs_profile) != 0) {
        lk_config_fault(r, lk_config_key_place(s, "inputs_profile"),
                        "bank %s.inputs_profile: bank %s says that unit %u is a %s; allowed: the same", bank->name,
                        other->name, bank->inputs_unit, other->inputs_profile);
    }
}

/* Two banks may share a board of inputs, but no input. */
static void check_inputs(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_bank *bank,
                         const struct lk_config_bank *other)
{
    if (bank->inputs_unit == 0 || bank->inputs_unit != other->inputs_unit) {
        return;
    }
    for (unsigned d = 0; d < bank->inputs.count; d++) {
        for (unsigned o = 0; o < other->inputs.count; o++) {
            if (bank->inputs.at[d] == other->inputs.at[o]) {
                lk_config_fault(
                    r, lk_config_key_place(s, lk_config_key_given(s, "inputs") ? "inputs" : "inputs_unit"),
                    "bank %s.inputs: door %u is on input %u of unit %u, as door %u of bank %s; allowed: each "
                    "input once",
                    bank->name, d + 1, bank->inputs.at[d] + 1u, bank->inputs_unit, o + 1, other->name);
                return;
            }
        }
    }
}

/* A line of one list that is in the other too. */
static void check_lines(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                        const struct lk_config_lines *lines, const struct lk_config_bank *other, const char *other_key,
                        const struct lk_config_lines *others)
{
    for (unsigned i = 0; i < lines->count; i++) {
        for (unsigned o = 0; o < others->count; o++) {
            if (strcmp(lines->name[i], others->name[o]) == 0) {
                lk_config_fault(r, lk_config_key_place(s, key),
                                "bank %s.%s: line %s is among the %s of bank %s too; allowed: each line once", s->name,
                                key, lines->name[i], other_key, other->name);
            }
        }
    }
}

static void check_chip(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_bank *bank,
                       const struct lk_config_bank *other)
{
    if (!bank->gpio || !other->gpio || strcmp(bank->gpio_chip, other->gpio_chip) != 0) {
        return;
    }
    check_lines(r, s, "locks", &bank->locks, other, "locks", &other->locks);
    check_lines(r, s, "locks", &bank->locks, other, "sensors", &other->sensors);
    check_lines(r, s, "sensors", &bank->sensors, other, "locks", &other->locks);
    check_lines(r, s, "sensors", &bank->sensors, other, "sensors", &other->sensors);
}

/* All banks together; the first one beyond is named. */
static void check_total(struct lk_config_reader *r)
{
    unsigned doors = 0;
    for (unsigned i = 0; i < r->found_count; i++) {
        const struct lk_config_found *s = &r->found[i];
        if (s->kind != LK_SEC_BANK) {
            continue;
        }
        doors += r->config->bank[s->index].doors;
        if (doors > LK_MAX_DOORS) {
            const char *key = lk_config_key_given(s, "doors") ? "doors" : "locks";
            lk_config_fault(r, lk_config_key_place(s, key),
                            "bank %s.%s: %u doors with the banks before it; allowed: %d in all banks together", s->name,
                            key, doors, LK_MAX_DOORS);
            return;
        }
    }
}

void lk_config_check_banks(struct lk_config_reader *r)
{
    check_total(r);
    for (unsigned i = 0; i < r->found_count; i++) {
        const struct lk_config_found *s = &r->found[i];
        if (s->kind != LK_SEC_BANK) {
            continue;
        }
        const struct lk_config_bank *bank = &r->config->bank[s->index];
        check_own_units(r, s);
        if (bank->gpio) {
            check_lines(r, s, "sensors", &bank->sensors, bank, "locks", &bank->locks);
        }
        for (unsigned b = 0; b < s->index; b++) {
            const struct lk_config_bank *other = &r->config->bank[b];
            if (same_bus(bank, other)) {
                check_units(r, s, bank, other);
                check_inputs(r, s, bank, other);
            }
            check_chip(r, s, bank, other);
        }
    }
}
