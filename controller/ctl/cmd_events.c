#include "show.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <string.h>

enum { DEFAULT_LAST = 20 };

/* "locker.door.opened.v1" -> "door.opened"; anything else as it is. */
static const char *short_type(const char *type, char *buf)
{
    size_t n = strlen(type);
    if (strncmp(type, "locker.", 7) != 0 || n < 11 || n >= LK_SHOW_CELL || strcmp(type + n - 3, ".v1") != 0) {
        return type;
    }
    memcpy(buf, type + 7, n - 10);
    buf[n - 10] = '\0';
    return buf;
}

/* "A01 A02" of a list of texts; "" when it is none. */
static const char *list_text(const json_t *list, char *buf)
{
    struct lk_text t = lk_text_init(buf, LK_SHOW_CELL);
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one)
    {
        lk_text_addf(&t, "%s%s", i == 0 ? "" : " ", json_is_string(one) ? json_string_value(one) : "?");
    }
    return buf;
}

/* The details of an event, in the order the daemon gave them, values in the reader's words where there are such. */
static void add_details(struct lk_ctl *ctl, struct lk_text *out, json_t *data)
{
    static const struct {
        const char *key, *prefix;
    } worded[] = {{"reason", "reason"},       {"outcome", "ctl.outcome"}, {"actor", "ctl.role"},
                  {"purpose", "ctl.purpose"}, {"from", "ctl.custody"},    {"to", "ctl.custody"},
                  {"clock", "ctl.clock"},     {"via", "ctl.channel"}};
    const char *key;
    json_t *value;
    json_object_foreach(data, key, value)
    {
        char raw[LK_SHOW_CELL], buf[LK_SHOW_CELL];
        const char *text = json_is_array(value) ? list_text(value, raw) : lk_ctl_get(data, key, raw, sizeof(raw));
        for (size_t i = 0; i < LK_ARRAY_SIZE(worded) && json_is_string(value); i++) {
            text = strcmp(worded[i].key, key) == 0
                       ? lk_say_word(ctl->lang, worded[i].prefix, json_string_value(value), buf, sizeof(buf))
                       : text;
        }
        if (text[0] != '\0') {
            lk_text_add(out, "  ");
            lk_say_clean(out, key);
            lk_text_add(out, "=");
            lk_say_clean(out, text);
        }
    }
}

static void print_event(struct lk_ctl *ctl, const char *name, const json_t *event)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL], d[LK_SHOW_CELL], line[2048];
    if (strcmp(name, "event") != 0) {
        return;
    }
    if (ctl->json) {
        lk_ctl_print_json(event);
        return;
    }
    struct lk_text t = lk_text_init(line, sizeof(line));
    const char *type = short_type(lk_ctl_get(event, "type", a, sizeof(a)), b);
    lk_text_addf(&t, "%6s  ", lk_ctl_get(event, "seq", c, sizeof(c)));
    lk_say_clean(&t, lk_show_time(lk_ctl_get(event, "time", d, sizeof(d)), a));
    char word[LK_SHOW_CELL];
    lk_text_addf(&t, "  %s", lk_say_word(ctl->lang, "ctl.event", type, word, sizeof(word)));
    add_details(ctl, &t, json_object_get(event, "data"));
    fprintf(stdout, "%s\n", line);
    fflush(stdout);
}

/* The seq before the first event to show. */
static int first_after(struct lk_ctl *ctl, uint64_t *ret_after)
{
    json_t *status = NULL;
    uint64_t last = ctl->last_given ? ctl->last : DEFAULT_LAST;
    if (ctl->after != NULL) {
        if (lk_text_parse_u64(ctl->after, INT64_MAX, ret_after) < 0) {
            return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.number",
                                   LK_WORDS({"option", "--after"}, {"value", ctl->after}));
        }
        return LK_EXIT_OK;
    }
    int code = lk_ctl_call(ctl, "status", NULL, false, NULL, &status);
    if (code == LK_EXIT_OK) {
        uint64_t seq = (uint64_t)lk_ctl_int(status, "seq");
        *ret_after = seq > last ? seq - last : 0;
        json_decref(status);
    }
    return code;
}

int lk_cmd_events(struct lk_ctl *ctl)
{
    json_t *result = NULL;
    uint64_t after = 0;
    int code = first_after(ctl, &after);
    if (code != LK_EXIT_OK) {
        return code;
    }
    json_t *args = json_pack("{s:I}", "after", (json_int_t)after);
    if (ctl->limit != 0) {
        json_object_set_new(args, "limit", json_integer((json_int_t)ctl->limit));
    }
    if (ctl->follow) {
        json_object_set_new(args, "follow", json_true());
        ctl->timeout_ms = -1;
    }
    code = lk_ctl_call(ctl, "events", args, false, print_event, &result);
    json_decref(result);
    return code;
}
