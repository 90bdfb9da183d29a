#include "config_impl.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void lk_config_fault(struct lk_config_reader *r, struct lk_config_place at, const char *fmt, ...)
{
    if (r->fault_count == LK_CONFIG_ERRORS) {
        r->faults_more++;
        return;
    }
    struct lk_config_fault *fault = &r->fault[r->fault_count++];
    fault->at = at;
    va_list ap;
    va_start(ap, fmt);
    struct lk_text t = lk_text_init(fault->text, sizeof(fault->text));
    lk_text_vaddf(&t, fmt, ap);
    va_end(ap);
}

const char *lk_config_title(const struct lk_config_found *s, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "%s%s%s", lk_config_kinds[s->kind].word, s->name[0] == '\0' ? "" : " ", s->name);
    return buf;
}

void *lk_config_base(struct lk_config *config, enum lk_config_section kind, unsigned index)
{
    switch (kind) {
    case LK_SEC_FIELDBUS:
        return &config->fieldbus[index];
    case LK_SEC_BANK:
        return &config->bank[index];
    case LK_SEC_WINDOW:
        return &config->window[index];
    case LK_SEC_HOLIDAYS:
        return &config->calendar.year[index];
    case LK_SEC_SITE:
    case LK_SEC_PATHS:
    case LK_SEC_UPLINK:
    case LK_SEC_KIOSK:
    case LK_SEC_ADMIN:
    case LK_SEC_SCANNER:
    case LK_SEC_KEYPAD:
    case LK_SEC_CARD:
    case LK_SEC_PANEL:
    case LK_SEC_CODES:
    case LK_SEC_DEPOSIT:
    case LK_SEC_TIMING:
    case LK_SEC_LOCKOUT:
    case LK_SEC_REMOTE:
    case LK_SEC_METRICS:
    case LK_SEC_WEAR:
    case LK_SEC_LOG:
    case LK_SEC_PICKUP:
    case LK_SEC_DROPOFF:
    case LK_SEC_STAFF:
    case LK_SEC_RETENTION:
    case LK_SEC_STATUS_CODES:
    case LK_SECTIONS:
        break;
    }
    return config;
}

struct lk_config_found *lk_config_find(struct lk_config_reader *r, enum lk_config_section kind, const char *name)
{
    for (unsigned i = 0; i < r->found_count; i++) {
        struct lk_config_found *s = &r->found[i];
        if (s->kind == kind && (name == NULL || strcmp(s->name, name) == 0)) {
            return s;
        }
    }
    return NULL;
}

const struct lk_config_key *lk_config_key_find(enum lk_config_section kind, const char *key)
{
    for (size_t i = 0; i < lk_config_key_count; i++) {
        if (lk_config_keys[i].section == kind && strcmp(lk_config_keys[i].key, key) == 0) {
            return &lk_config_keys[i];
        }
    }
    return NULL;
}

struct lk_config_place lk_config_key_place(const struct lk_config_found *s, const char *key)
{
    const struct lk_config_key *row = lk_config_key_find(s->kind, key);
    return s->key_at[row - lk_config_keys].line != 0 ? s->key_at[row - lk_config_keys] : s->head;
}

bool lk_config_key_given(const struct lk_config_found *s, const char *key)
{
    return s->key_at[lk_config_key_find(s->kind, key) - lk_config_keys].line != 0;
}

static bool stands_after(struct lk_config_place a, struct lk_config_place b)
{
    return a.file != b.file ? a.file > b.file : a.line > b.line;
}

/* Insertion sort: at most fifty, and equal lines keep the order in which they were found. */
static void sort_faults(struct lk_config_reader *r)
{
    for (unsigned i = 1; i < r->fault_count; i++) {
        for (unsigned k = i; k > 0 && stands_after(r->fault[k - 1].at, r->fault[k].at); k--) {
            struct lk_config_fault swap = r->fault[k];
            r->fault[k] = r->fault[k - 1];
            r->fault[k - 1] = swap;
        }
    }
}

static void give_faults(struct lk_config_reader *r, struct lk_config_errors *errors)
{
    sort_faults(r);
    errors->count = r->fault_count;
    errors->more = r->faults_more;
    for (unsigned i = 0; i < r->fault_count; i++) {
        const struct lk_config_fault *fault = &r->fault[i];
        struct lk_text t = lk_text_init(errors->text[i], sizeof(errors->text[i]));
        lk_text_add(&t, r->file[fault->at.file]);
        if (fault->at.line != 0) {
            lk_text_addf(&t, ":%u", fault->at.line);
        }
        lk_text_addf(&t, ": %s", fault->text);
    }
}

static void set_all_defaults(struct lk_config_reader *r)
{
    lk_core_config_defaults(&r->config->core);
    for (unsigned kind = 0; kind < LK_SECTIONS; kind++) {
        if (!lk_config_kinds[kind].named) {
            lk_config_set_defaults(r, (enum lk_config_section)kind, 0);
        }
    }
}

int lk_config_load(const char *path, const struct lk_config_profile *profiles, size_t profile_count,
                   struct lk_config **ret_config, struct lk_config_errors *errors)
{
    LK_CLEANUP(lk_freep) struct lk_config_reader *r = calloc(1, sizeof(*r));
    LK_CLEANUP(lk_freep) struct lk_config *config = calloc(1, sizeof(*config));
    errors->count = 0;
    errors->more = 0;
    if (r == NULL || config == NULL) {
        return -ENOMEM;
    }
    r->config = config;
    r->profiles = profiles;
    r->profile_count = profile_count;
    set_all_defaults(r);
    int rc = lk_config_read(r, path);
    if (rc < 0) {
        return rc;
    }
    lk_config_check(r);
    give_faults(r, errors);
    if (errors->count > 0) {
        return -EINVAL;
    }
    *ret_config = LK_STEAL(config);
    return 0;
}

struct lk_config *lk_config_free(struct lk_config *config)
{
    free(config);
    return NULL;
}

const char *lk_config_status_code(const struct lk_config *config, enum lk_event_type type)
{
    return (int)type < LK_CONFIG_ITEM_EVENTS ? config->status_code[type] : "";
}

void lk_config_core(const struct lk_config *config, struct lk_core_config *ret_core)
{
    *ret_core = config->core;
}

static void print_default(FILE *out, const struct lk_config_key *key)
{
    if (key->def == NULL) {
        fputs(key->shown != NULL ? key->shown : "required", out);
    } else if (key->def[0] == '\0') {
        fputs("empty", out);
    } else {
        fprintf(out, "`%s`", key->def);
    }
}

void lk_config_print_keys(FILE *out)
{
    fputs("| section | key | default | allowed | meaning |\n|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < lk_config_key_count; i++) {
        const struct lk_config_key *key = &lk_config_keys[i];
        char allowed[256];
        struct lk_text t = lk_text_init(allowed, sizeof(allowed));
        lk_config_allowed(key, &t);
        const struct lk_config_kind *kind = &lk_config_kinds[key->section];
        const char *name = key->section == LK_SEC_HOLIDAYS ? " YEAR" : kind->named ? " NAME" : "";
        fprintf(out, "| `[%s%s]` | `%s` | ", kind->word, name, key->key);
        print_default(out, key);
        fprintf(out, " | %s | %s |\n", allowed, key->help);
    }
}
