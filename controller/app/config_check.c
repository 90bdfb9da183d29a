#include "config_impl.h"

#include <inttypes.h>
#include <string.h>

/* Where a missing section is to be reported: the first line of the main file. */
static const struct lk_config_place top = {.file = 0, .line = 1};

/* Of an item whose retention is longer than that. */
enum { REMIND_DAYS = 3 };

static void check_required_keys(struct lk_config_reader *r, const struct lk_config_found *s)
{
    char title[64], allowed[256];
    for (size_t i = 0; i < lk_config_key_count; i++) {
        const struct lk_config_key *key = &lk_config_keys[i];
        if (key->section != s->kind || key->def != NULL || key->shown != NULL || s->key_at[i].line != 0) {
            continue;
        }
        struct lk_text t = lk_text_init(allowed, sizeof(allowed));
        lk_config_allowed(key, &t);
        lk_config_fault(r, s->head, "%s.%s: missing; allowed: %s", lk_config_title(s, title, sizeof(title)), key->key,
                        allowed);
    }
}

static void need_section(struct lk_config_reader *r, enum lk_config_section kind)
{
    if (lk_config_find(r, kind, NULL) == NULL) {
        const char *word = lk_config_kinds[kind].word;
        const char *name = lk_config_kinds[kind].named ? " NAME" : "";
        lk_config_fault(r, top, "%s: there is no [%s%s] section; allowed: at least one", word, word, name);
    }
}

void lk_config_check_pointless(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                               const char *only_with)
{
    if (lk_config_key_given(s, key)) {
        char title[64];
        lk_config_fault(r, lk_config_key_place(s, key), "%s.%s: has no meaning here; allowed: only with %s",
                        lk_config_title(s, title, sizeof(title)), key, only_with);
    }
}

void lk_config_check_needed(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                            const char *needed_for)
{
    if (!lk_config_key_given(s, key)) {
        char title[64], allowed[256];
        struct lk_text t = lk_text_init(allowed, sizeof(allowed));
        lk_config_allowed(lk_config_key_find(s->kind, key), &t);
        lk_config_fault(r, s->head, "%s.%s: missing, needed for %s; allowed: %s",
                        lk_config_title(s, title, sizeof(title)), key, needed_for, allowed);
    }
}

static bool same_line(const struct lk_config_fieldbus *a, const struct lk_config_fieldbus *b)
{
    if (a->transport != b->transport) {
        return false;
    }
    if (a->transport == LK_CONFIG_RTU) {
        return a->device[0] != '\0' && strcmp(a->device, b->device) == 0;
    }
    return a->host[0] != '\0' && a->port == b->port && strcmp(a->host, b->host) == 0;
}

static void check_fieldbus(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_config_fieldbus *bus = &r->config->fieldbus[s->index];
    bool rtu = bus->transport == LK_CONFIG_RTU;
    static const char *const rtu_keys[] = {"device", "baud", "parity"};
    static const char *const tcp_keys[] = {"host", "port"};
    if (!lk_config_key_given(s, "transport")) {
        return;
    }
    lk_config_check_needed(r, s, rtu ? "device" : "host", rtu ? "transport = rtu" : "transport = tcp");
    for (size_t i = 0; i < (rtu ? 2 : 3); i++) {
        lk_config_check_pointless(r, s, rtu ? tcp_keys[i] : rtu_keys[i], rtu ? "transport = tcp" : "transport = rtu");
    }
    for (unsigned i = 0; i < s->index; i++) {
        const struct lk_config_fieldbus *other = &r->config->fieldbus[i];
        if (same_line(bus, other)) {
            lk_config_fault(r, lk_config_key_place(s, rtu ? "device" : "host"),
                            "fieldbus %s.%s: fieldbus %s has the same %s; allowed: one fieldbus for each", bus->name,
                            rtu ? "device" : "host", other->name, rtu ? "device" : "host and port");
        }
    }
}

static void check_uplink(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_config_uplink *up = &r->config->uplink;
    static const char *const tls[] = {"ca", "cert", "key"};
    r->config->uplink.present = true;
    if (strncmp(up->url, "mqtts:", 6) == 0) {
        lk_config_check_needed(r, s, "ca", "mqtts://");
    } else if (up->url[0] != '\0') {
        for (size_t i = 0; i < 3; i++) {
            lk_config_check_pointless(r, s, tls[i], "an mqtts:// url");
        }
    }
    if (lk_config_key_given(s, "cert") != lk_config_key_given(s, "key")) {
        const char *missing = up->cert[0] != '\0' ? "key" : "cert";
        lk_config_fault(r, s->head, "uplink.%s: missing; allowed: cert and key together, or neither", missing);
    }
    if (lk_config_key_given(s, "password_file") && up->username[0] == '\0') {
        lk_config_fault(r, s->head, "uplink.username: missing; allowed: a username with every password_file");
    }
}

static void check_lockout(struct lk_config_reader *r, const struct lk_config_found *s)
{
    const struct lk_core_config *core = &r->config->core;
    if (core->lockout_most_ms < core->lockout_first_ms) {
        const char *key = lk_config_key_given(s, "most_s") ? "most_s" : "first_s";
        lk_config_fault(r, lk_config_key_place(s, key),
                        "lockout.%s: most_s (%" PRId64 ") is less than first_s (%" PRId64 "); allowed: first_s or more",
                        key, core->lockout_most_ms / 1000, core->lockout_first_ms / 1000);
    }
}

static void check_section(struct lk_config_reader *r, const struct lk_config_found *s)
{
    check_required_keys(r, s);
    switch (s->kind) {
    case LK_SEC_FIELDBUS:
        check_fieldbus(r, s);
        break;
    case LK_SEC_BANK:
        lk_config_check_bank(r, s);
        break;
    case LK_SEC_UPLINK:
        check_uplink(r, s);
        break;
    case LK_SEC_SCANNER:
    case LK_SEC_KEYPAD:
    case LK_SEC_CARD:
    case LK_SEC_PANEL:
        lk_config_check_device(r, s);
        break;
    case LK_SEC_LOCKOUT:
        check_lockout(r, s);
        break;
    case LK_SEC_SITE:
    case LK_SEC_PATHS:
    case LK_SEC_KIOSK:
    case LK_SEC_ADMIN:
    case LK_SEC_CODES:
    case LK_SEC_DEPOSIT:
    case LK_SEC_TIMING:
    case LK_SEC_REMOTE:
    case LK_SEC_METRICS:
    case LK_SEC_WEAR:
    case LK_SEC_LOG:
    case LK_SEC_PICKUP:
    case LK_SEC_DROPOFF:
    case LK_SEC_STAFF:
    case LK_SEC_RETENTION:
    case LK_SEC_STATUS_CODES:
    case LK_SEC_WINDOW:
    case LK_SEC_HOLIDAYS:
    case LK_SECTIONS:
        break;
    }
}

static void check_retention(struct lk_config_reader *r)
{
    struct lk_config *c = r->config;
    const struct lk_config_found *s = lk_config_find(r, LK_SEC_RETENTION, NULL);
    if (s == NULL || !lk_config_key_given(s, "remind_days")) {
        c->remind_days = c->retention_days > REMIND_DAYS ? REMIND_DAYS : c->retention_days - 1;
    } else if (c->remind_days >= c->retention_days) {
        lk_config_fault(r, lk_config_key_place(s, "remind_days"),
                        "retention.remind_days: %u is not less than deposit.retention_days (%u); allowed: less",
                        c->remind_days, c->retention_days);
    }
    if (c->records_days < c->personal_days) {
        const char *key = s != NULL && lk_config_key_given(s, "records_days") ? "records_days" : "personal_days";
        lk_config_fault(r, s != NULL ? lk_config_key_place(s, key) : top,
                        "retention.%s: records_days (%u) is less than personal_days (%u); allowed: as many or more",
                        key, c->records_days, c->personal_days);
    }
}

static void derive_supplies(struct lk_config *c)
{
    for (unsigned b = 0; b < c->banks; b++) {
        unsigned i = 0;
        while (i < b && strcmp(c->bank[i].supply, c->bank[b].supply) != 0) {
            i++;
        }
        c->bank[b].supply_index = i < b ? c->bank[i].supply_index : c->supplies++;
    }
}

/* A path the file did not give: dir/name. Too long a dir is an error of dir's section. */
static void derive_path(struct lk_config_reader *r, char *field, size_t cap, const char *dir, const char *name,
                        size_t most)
{
    if (field[0] != '\0') {
        return;
    }
    int n = snprintf(field, cap, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= (most < cap ? most : cap)) {
        const struct lk_config_found *s = lk_config_find(r, LK_SEC_PATHS, NULL);
        lk_config_fault(r, s != NULL ? s->head : top, "paths: %s/%s is too long; allowed: at most %zu bytes", dir, name,
                        (most < cap ? most : cap) - 1);
    }
}

static void derive_core(struct lk_config *c)
{
    struct lk_core_config *core = &c->core;
    core->banks = (int)c->banks;
    core->doors = 0;
    for (unsigned b = 0; b < c->banks; b++) {
        const struct lk_config_bank *bank = &c->bank[b];
        (void)lk_text_copy(core->bank_name[b], sizeof(core->bank_name[b]), bank->name);
        for (unsigned d = 0; d < bank->doors && core->doors < LK_MAX_DOORS; d++) {
            struct lk_door_config *door = &core->door[core->doors++];
            struct lk_text t = lk_text_init(door->label, sizeof(door->label));
            lk_text_addf(&t, "%s%02u", bank->name, d + 1);
            door->bank = (int)b;
            door->size = bank->size[d];
            door->low_reach = (bank->low_reach & (UINT32_C(1) << d)) != 0;
        }
    }
    (void)lk_text_copy(core->site, sizeof(core->site), c->site.id);
}

void lk_config_check(struct lk_config_reader *r)
{
    struct lk_config *c = r->config;
    need_section(r, LK_SEC_SITE);
    need_section(r, LK_SEC_BANK);
    for (unsigned i = 0; i < r->found_count; i++) {
        check_section(r, &r->found[i]);
    }
    lk_config_check_banks(r);
    check_retention(r);
    lk_config_check_windows(r);
    derive_path(r, c->paths.database, sizeof(c->paths.database), c->paths.state_dir, "lockerd.db", SIZE_MAX);
    derive_path(r, c->paths.code_key, sizeof(c->paths.code_key), c->paths.state_dir, "code.key", SIZE_MAX);
    derive_path(r, c->admin_socket, sizeof(c->admin_socket), c->paths.run_dir, "admin.sock", 108);
    snprintf(c->site.key, sizeof(c->site.key), "%s/%s", c->site.operator_id, c->site.id);
    derive_supplies(c);
    derive_core(c);
}
