#include "show.h"

#include <string.h>
#include <time.h>

void lk_show_label(struct lk_ctl *ctl, struct lk_table *t, const char *label, const char *value)
{
    const char *cells[] = {lk_say_text(ctl->lang, label), value};
    lk_table_add(t, cells);
}

/* One row "label  value", the value being a filled catalogue text. */
void lk_show_row(struct lk_ctl *ctl, struct lk_table *t, const char *label, const char *text,
                 const struct lk_word *words)
{
    char value[2 * LK_TABLE_CELL];
    struct lk_text v = lk_text_init(value, sizeof(value));
    lk_say_fill(&v, lk_say_text(ctl->lang, text), words);
    lk_show_label(ctl, t, label, value);
}

void lk_show_header(struct lk_ctl *ctl, struct lk_table *t, const char *const *keys)
{
    const char *cells[LK_TABLE_COLUMNS];
    for (size_t i = 0; i < t->columns; i++) {
        cells[i] = lk_say_text(ctl->lang, keys[i]);
    }
    lk_table_add(t, cells);
}

/* The word of an enumeration's value, looked up in the catalogue; "" stays "". */
const char *lk_show_word(struct lk_ctl *ctl, const json_t *o, const char *key, const char *prefix, char *buf)
{
    char raw[LK_SHOW_CELL];
    const char *name = lk_ctl_get(o, key, raw, sizeof(raw));
    if (name[0] == '\0' || strcmp(name, "none") == 0) {
        return "";
    }
    return lk_say_word(ctl->lang, prefix, name, buf, LK_SHOW_CELL);
}

const char *lk_show_duration(struct lk_ctl *ctl, const json_t *o, const char *key, char *buf)
{
    struct lk_text t = lk_text_init(buf, LK_SHOW_CELL);
    if (json_is_number(json_object_get(o, key))) {
        lk_say_duration(&t, ctl->lang, lk_ctl_int(o, key));
    }
    return buf;
}

const char *lk_show_bytes(const json_t *o, const char *key, char *buf)
{
    struct lk_text t = lk_text_init(buf, LK_SHOW_CELL);
    lk_say_bytes(&t, lk_ctl_int(o, key));
    return buf;
}

/* A 32-bit time_t ends in 2038; what it cannot hold is shown in UTC. */
static const char *local_time(int64_t at_s, char *buf)
{
    struct tm tm;
    time_t at = (time_t)at_s;
    if (at != at_s) {
        struct lk_text t = lk_text_init(buf, LK_SHOW_CELL);
        lk_text_add_utc(&t, at_s * 1000);
        return buf;
    }
    localtime_r(&at, &tm);
    strftime(buf, LK_SHOW_CELL, "%F %T", &tm);
    return buf;
}

const char *lk_show_time(const char *utc, char *buf)
{
    struct tm tm = {0};
    const char *end = strptime(utc, "%Y-%m-%dT%H:%M:%S", &tm);
    if (end == NULL || utc[strlen(utc) - 1] != 'Z') {
        return utc;
    }
    time_t at = timegm(&tm);
    return at == -1 ? utc : local_time(at, buf);
}

const char *lk_show_wall_ms(const json_t *o, const char *key, char *buf)
{
    return local_time(lk_ctl_int(o, key) / 1000, buf);
}

const char *lk_show_yes_no(struct lk_ctl *ctl, const json_t *v)
{
    return lk_say_text(ctl->lang, json_is_true(v) ? "ctl.word.yes" : "ctl.word.no");
}

/* Fetches and shows one answer. verdict may be NULL. */
int lk_show(struct lk_ctl *ctl, const char *cmd, json_t *args, void (*human)(struct lk_ctl *, const json_t *),
            int (*verdict)(const json_t *))
{
    json_t *result = NULL;
    int code = lk_ctl_call(ctl, cmd, args, false, NULL, &result);
    if (code != LK_EXIT_OK) {
        return code;
    }
    if (ctl->json) {
        lk_ctl_print_json(result);
    } else {
        human(ctl, result);
    }
    code = verdict != NULL ? verdict(result) : LK_EXIT_OK;
    json_decref(result);
    return code;
}

int lk_show_change(struct lk_ctl *ctl, const char *cmd, json_t *args, const char *done, const struct lk_word *words)
{
    json_t *result = NULL;
    int code = lk_ctl_call(ctl, cmd, args, true, NULL, &result);
    if (code != LK_EXIT_OK) {
        return code;
    }
    if (ctl->json) {
        lk_ctl_print_json(result);
    } else {
        lk_say(stdout, ctl->lang, done, words);
    }
    json_decref(result);
    return LK_EXIT_OK;
}
