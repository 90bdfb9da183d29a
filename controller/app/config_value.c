#include "config_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/un.h>

/* The place of word among "a|b|c", or -1. */
static int choice_index(const char *choices, const char *word)
{
    size_t len = strlen(word);
    int i = 0;
    for (const char *at = choices; *at != '\0'; i++) {
        size_t n = strcspn(at, "|");
        if (n == len && memcmp(at, word, n) == 0) {
            return i;
        }
        at += n + (at[n] == '|');
    }
    return -1;
}

static void words_with_or(const char *choices, struct lk_text *out)
{
    const char *at = choices;
    while (*at != '\0') {
        size_t n = strcspn(at, "|");
        const char *next = at + n + (at[n] == '|');
        const char *glue = at == choices ? "" : *next == '\0' ? " or " : ", ";
        lk_text_addf(out, "%s%.*s", glue, (int)n, at);
        at = next;
    }
}

void lk_config_allowed(const struct lk_config_key *key, struct lk_text *out)
{
    switch (key->type) {
    case LK_TYPE_UINT:
    case LK_TYPE_MS:
    case LK_TYPE_S:
        lk_text_addf(out, "%" PRIu64 "..%" PRIu64, key->min, key->max);
        break;
    case LK_TYPE_ONE_OF:
    case LK_TYPE_CHOICE:
        words_with_or(key->choices, out);
        break;
    case LK_TYPE_BOOL:
        lk_text_add(out, "yes or no");
        break;
    case LK_TYPE_ID:
        lk_text_addf(out, "1 to %zu letters, digits and . _ -", key->size - 1);
        break;
    case LK_TYPE_TEXT:
        lk_text_addf(out, "UTF-8 text of at most %zu bytes", key->size - 1);
        break;
    case LK_TYPE_PATH:
        lk_text_addf(out, "absolute path of at most %zu bytes", key->size - 1);
        break;
    case LK_TYPE_SOCKET:
        lk_text_addf(out, "absolute path of at most %zu bytes", sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
        break;
    case LK_TYPE_ADDRESS:
        lk_text_add(out, "IPv4 or IPv6 address in numbers");
        break;
    case LK_TYPE_URL:
        lk_text_add(out, "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
        break;
    case LK_TYPE_SIZES:
        lk_text_add(out, "each door once, such as S:1-20 M:21,23 L:22 (S, M, L, XL)");
        break;
    case LK_TYPE_DOORS:
        lk_text_add(out, "door numbers, such as 5-28 30");
        break;
    case LK_TYPE_NUMBERS:
        lk_text_addf(out, "numbers of 1..%d, each once, such as 1 2 5-8", LK_CONFIG_CHANNEL_MOST);
        break;
    case LK_TYPE_LEVELS:
        lk_text_add(out, "low or high, with exceptions such as high low:3,7");
        break;
    case LK_TYPE_LINES:
        lk_text_add(out, "names or offsets of lines, each once, such as GPIO5 GPIO6 #13 #16-19");
        break;
    case LK_TYPE_CHIP:
        lk_text_addf(out, "label:NAME or an absolute path, of at most %zu bytes", key->size - 1);
        break;
    case LK_TYPE_ZONE:
        lk_text_add(out, "a name such as Asia/Shanghai");
        break;
    case LK_TYPE_COUNTS:
        lk_text_add(out, "each size once, such as S:2 M:1 (S, M, L, XL), up to 512 each");
        break;
    case LK_TYPE_HOURS:
        lk_text_add(out, "days and times, such as mon-fri 09:00-12:00 13:30-17:00, sat sun 10:00-16:00");
        break;
    case LK_TYPE_CLOSED:
        lk_text_add(out, "dates of the year, each once, such as 2026-01-01 2026-02-16..2026-02-22");
        break;
    case LK_TYPE_WORKING:
        lk_text_add(out, "dates of the year and the weekday each works like, such as 2026-02-14:fri");
        break;
    }
}

void lk_config_fault_value(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_key *key,
                           const char *value, const char *what)
{
    char title[64], allowed[256];
    struct lk_text t = lk_text_init(allowed, sizeof(allowed));
    lk_config_allowed(key, &t);
    lk_config_fault(r, r->at, "%s.%s: \"%.60s\" %s; allowed: %s", lk_config_title(s, title, sizeof(title)), key->key,
                    value, what, allowed);
}

static void set_number(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                       const char *value, void *field)
{
    uint64_t n;
    int rc = lk_text_parse_u64(value, UINT64_MAX, &n);
    if (rc < 0 && rc != -ERANGE) {
        lk_config_fault_value(r, s, key, value, "is not a whole number");
        return;
    }
    if (rc < 0 || n < key->min || n > key->max) {
        lk_config_fault_value(r, s, key, value, "is out of range");
        return;
    }
    if (key->type == LK_TYPE_UINT) {
        *(unsigned *)field = (unsigned)n;
    } else {
        *(int64_t *)field = (int64_t)n * (key->type == LK_TYPE_S ? 1000 : 1);
    }
}

static void set_choice(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                       const char *value, void *field)
{
    int i = choice_index(key->choices, value);
    if (i < 0) {
        lk_config_fault_value(r, s, key, value, "is not known here");
    } else if (key->type == LK_TYPE_CHOICE) {
        *(unsigned *)field = (unsigned)key->min + (unsigned)i;
    } else {
        uint64_t n = 0;
        lk_text_parse_u64(value, UINT32_MAX, &n);
        *(unsigned *)field = (unsigned)n;
    }
}

static void set_bool(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                     const char *value, bool *field)
{
    int i = choice_index("no|yes", value);
    if (i < 0) {
        lk_config_fault_value(r, s, key, value, "is neither");
        return;
    }
    *field = i == 1;
}

static bool is_text(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_address(const char *s)
{
    struct in6_addr any;
    return inet_pton(AF_INET, s, &any) == 1 || inet_pton(AF_INET6, s, &any) == 1;
}

/* Host name, IPv4, or IPv6 in brackets, then perhaps a port. */
static bool is_host_port(const char *s)
{
    size_t n = s[0] == '[' ? strcspn(s, "]") : strcspn(s, ":");
    if (s[0] == '[' ? s[n] != ']' || strspn(s + 1, "0123456789abcdefABCDEF:.%") != n - 1
                    : strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != n) {
        return false;
    }
    const char *rest = s[0] == '[' ? s + n + 1 : s + n;
    uint64_t port;
    if (n == 0 || (s[0] == '[' && n < 3)) {
        return false;
    }
    return *rest == '\0' || (*rest == ':' && lk_text_parse_u64(rest + 1, 65535, &port) == 0 && port > 0);
}

static bool is_url(const char *s)
{
    if (strncmp(s, "mqtt://", 7) == 0) {
        return is_host_port(s + 7);
    }
    return strncmp(s, "mqtts://", 8) == 0 && is_host_port(s + 8);
}

/* A path below the zoneinfo folder that cannot leave it. */
static bool is_zone(const char *s)
{
    return s[0] != '/' && s[0] != '.' && strstr(s, "..") == NULL &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-") == strlen(s);
}

static bool is_chip(const char *s)
{
    return s[0] == '/' || (strncmp(s, "label:", 6) == 0 && lk_text_is_printable(s + 6, LK_CONFIG_CHIP_NAME));
}

/* What is wrong with a text, or NULL. */
static const char *text_fault(enum lk_config_type type, const char *value, size_t cap)
{
    size_t len = strlen(value);
    bool path = type == LK_TYPE_PATH || type == LK_TYPE_SOCKET;
    if (len >= cap || (type == LK_TYPE_SOCKET && len >= sizeof(((struct sockaddr_un *)0)->sun_path))) {
        return "is too long";
    }
    if (len == 0 && type != LK_TYPE_TEXT) {
        return "is empty";
    }
    if (!is_text(value)) {
        return "holds control characters";
    }
    if (path && value[0] != '/') {
        return "does not begin with /";
    }
    if (type == LK_TYPE_ID && !lk_text_is_id(value, cap - 1)) {
        return "holds other characters";
    }
    if (type == LK_TYPE_ADDRESS && !is_address(value)) {
        return "is no such address";
    }
    if (type == LK_TYPE_ZONE && !is_zone(value)) {
        return "is no such name";
    }
    if (type == LK_TYPE_CHIP && !is_chip(value)) {
        return "is neither a label nor a path";
    }
    return type == LK_TYPE_URL && !is_url(value) ? "is no such address" : NULL;
}

static void set_text(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                     const char *value, char *field)
{
    const char *what = text_fault(key->type, value, key->size);
    if (what != NULL) {
        lk_config_fault_value(r, s, key, value, what);
        return;
    }
    (void)lk_text_copy(field, key->size, value);
}

void lk_config_set(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                   const char *value)
{
    void *field = (char *)lk_config_base(r->config, key->section, s->index) + key->offset;
    switch (key->type) {
    case LK_TYPE_UINT:
    case LK_TYPE_MS:
    case LK_TYPE_S:
        set_number(r, s, key, value, field);
        break;
    case LK_TYPE_ONE_OF:
    case LK_TYPE_CHOICE:
        set_choice(r, s, key, value, field);
        break;
    case LK_TYPE_BOOL:
        set_bool(r, s, key, value, field);
        break;
    case LK_TYPE_ID:
    case LK_TYPE_TEXT:
    case LK_TYPE_PATH:
    case LK_TYPE_SOCKET:
    case LK_TYPE_ADDRESS:
    case LK_TYPE_URL:
    case LK_TYPE_CHIP:
    case LK_TYPE_ZONE:
        set_text(r, s, key, value, field);
        break;
    case LK_TYPE_SIZES:
        lk_config_set_sizes(r, s, key, value, field);
        break;
    case LK_TYPE_DOORS:
        lk_config_set_doors(r, s, key, value, field);
        break;
    case LK_TYPE_NUMBERS:
        lk_config_set_numbers(r, s, key, value, field);
        break;
    case LK_TYPE_LEVELS:
        lk_config_set_levels(r, s, key, value, field);
        break;
    case LK_TYPE_LINES:
        lk_config_set_lines(r, s, key, value, field);
        break;
    case LK_TYPE_COUNTS:
        lk_config_set_counts(r, s, key, value, field);
        break;
    case LK_TYPE_HOURS:
    case LK_TYPE_CLOSED:
    case LK_TYPE_WORKING:
        lk_config_set_hours(r, s, key, value, field);
        break;
    }
}

void lk_config_set_defaults(struct lk_config_reader *r, enum lk_config_section kind, unsigned index)
{
    struct lk_config_found s = {.kind = kind, .index = index};
    for (size_t i = 0; i < lk_config_key_count; i++) {
        if (lk_config_keys[i].section == kind && lk_config_keys[i].def != NULL) {
            lk_config_set(r, &s, &lk_config_keys[i], lk_config_keys[i].def);
        }
    }
}
