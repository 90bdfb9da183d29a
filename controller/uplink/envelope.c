#include "uplink/envelope.h"

#include <inttypes.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at s (n bytes left), or 0. */
static size_t sequence(const char *s, size_t n)
{
    for (size_t len = 1; len <= 4 && len <= n; len++) {
        if (lk_text_is_utf8(s, len)) {
            return len;
        }
    }
    return 0;
}

static void add_escaped(struct lk_text *t, char c)
{
    if (c == '"' || c == '\\') {
        lk_text_addf(t, "\\%c", c);
    } else if (c == '\n') {
        lk_text_add(t, "\\n");
    } else {
        lk_text_addf(t, "\\u%04x", (unsigned)(unsigned char)c);
    }
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

static size_t plain_run(const char *s)
{
    size_t n = 0;
    while (is_plain(s[n])) {
        n++;
    }
    return n;
}

/* Adds one character that is not plain; returns how many bytes of s it was. */
static size_t add_special(struct lk_text *t, const char *s, size_t left)
{
    size_t len = sequence(s, left);
    if (len == 0) {
        lk_text_add(t, "\xef\xbf\xbd");
        return 1;
    }
    if (len == 1) {
        add_escaped(t, *s);
    } else {
        lk_text_addf(t, "%.*s", (int)len, s);
    }
    return len;
}

void lk_envelope_string(struct lk_text *t, const char *s)
{
    const char *end = s + strlen(s);
    lk_text_add(t, "\"");
    while (s < end) {
        size_t n = plain_run(s);
        if (n > 0) {
            lk_text_addf(t, "%.*s", (int)n, s);
        } else {
            n = add_special(t, s, (size_t)(end - s));
        }
        s += n;
    }
    lk_text_add(t, "\"");
}

static void add_key(struct lk_text *t, const char *key)
{
    if (t->len > 0 && t->buf[t->len - 1] != '{') {
        lk_text_add(t, ",");
    }
    lk_text_addf(t, "\"%s\":", key);
}

static void add_text(struct lk_text *t, const char *key, const char *value)
{
    add_key(t, key);
    lk_envelope_string(t, value);
}

static void add_number(struct lk_text *t, const char *key, uint64_t value)
{
    add_key(t, key);
    lk_text_addf(t, "%" PRIu64, value);
}

/* As it is: already JSON. */
static void add_json(struct lk_text *t, const char *key, const char *json)
{
    add_key(t, key);
    lk_text_add(t, json);
}

void lk_envelope_event(struct lk_text *t, const struct lk_uplink_site *site, const struct lk_record *record,
                       const char *status)
{
    lk_text_add(t, "{");
    add_text(t, "specversion", "1.0");
    add_key(t, "id");
    lk_text_addf(t, "\"%s:%s:%" PRIu64 "\"", site->site_id, record->epoch, record->seq);
    add_key(t, "source");
    lk_text_addf(t, "\"/locker/%s/%s\"", site->operator_id, site->site_id);
    add_key(t, "type");
    lk_text_addf(t, "\"locker.%s.v1\"", lk_event_type_name(record->type));
    add_text(t, "time", record->time);
    add_text(t, "datacontenttype", "application/json");
    add_number(t, "seq", record->seq);
    add_text(t, "epoch", record->epoch);
    add_text(t, "timequality", lk_clock_quality_name(record->quality));
    add_text(t, "prevhash", record->prevhash);
    add_text(t, "hash", record->hash);
    if (status[0] != '\0') {
        add_text(t, "postalstatus", status);
    }
    add_json(t, "data", record->data);
    lk_text_add(t, "}");
}

static const char *state_word(enum lk_door_state state)
{
    return state == LK_DOOR_LOST ? lk_door_state_name(LK_DOOR_UNKNOWN) : lk_door_state_name(state);
}

void lk_envelope_compartments(struct lk_text *t, const char *epoch, uint64_t seq, const char *time,
                              const struct lk_envelope_compartment *all, size_t count)
{
    lk_text_add(t, "{");
    add_text(t, "epoch", epoch);
    add_number(t, "seq", seq);
    add_text(t, "time", time);
    add_json(t, "compartments", "[");
    for (size_t i = 0; i < count; i++) {
        lk_text_add(t, i > 0 ? ",{" : "{");
        add_text(t, "compartment", all[i].label);
        add_text(t, "state", state_word(all[i].state));
        add_text(t, "use", lk_use_name(all[i].use));
        lk_text_add(t, "}");
    }
    lk_text_add(t, "]}");
}

static void add_faults(struct lk_text *t, const struct lk_envelope_fault *fault, size_t count)
{
    add_json(t, "faults", "[");
    for (size_t i = 0; i < count; i++) {
        lk_text_add(t, i > 0 ? ",{" : "{");
        add_text(t, "what", fault[i].what);
        if (fault[i].place[0] != '\0') {
            add_text(t, "place", fault[i].place);
        }
        add_text(t, "reason", lk_reason_name(fault[i].reason));
        lk_text_add(t, "}");
    }
    lk_text_add(t, "]");
}

void lk_envelope_health(struct lk_text *t, const struct lk_envelope_health *health)
{
    lk_text_add(t, "{");
    add_text(t, "epoch", health->epoch);
    add_text(t, "time", health->time);
    add_text(t, "timequality", lk_clock_quality_name(health->quality));
    add_text(t, "version", health->version);
    add_number(t, "uptime_s", health->uptime_s);
    add_number(t, "seq", health->seq);
    add_text(t, "hash", health->hash);
    add_number(t, "acked", health->acked);
    add_number(t, "firstSeq", health->first_seq);
    if (health->left_out > 0) {
        add_number(t, "leftOut", health->left_out);
    }
    if (health->acked < health->seq) {
        add_number(t, "oldestUnacked", health->acked + 1);
        add_text(t, "oldestUnackedTime", health->oldest_unacked_time);
    }
    add_faults(t, health->fault, health->faults);
    lk_text_add(t, "}");
}

void lk_envelope_presence(struct lk_text *t, const char *state, const char *epoch, const char *time,
                          const char *version)
{
    lk_text_add(t, "{");
    add_text(t, "state", state);
    add_text(t, "epoch", epoch);
    add_text(t, "time", time);
    add_text(t, "version", version);
    lk_text_add(t, "}");
}

void lk_envelope_answer(struct lk_text *t, const struct lk_envelope_answer *answer)
{
    lk_text_add(t, "{");
    add_text(t, "id", answer->jti);
    add_text(t, "result", lk_result_name(answer->result));
    if (answer->reason != LK_REASON_NONE) {
        add_text(t, "reason", lk_reason_name(answer->reason));
    }
    if (answer->outcome != LK_OUTCOME_PENDING) {
        add_text(t, "outcome", lk_outcome_name(answer->outcome));
    }
    if (answer->compartment) {
        add_text(t, "compartment", answer->compartment);
    }
    if (answer->why) {
        add_text(t, "why", answer->why);
    }
    add_text(t, "time", answer->time);
    if (answer->sealed) {
        add_text(t, "sealed", answer->sealed);
    }
    if (answer->extra) {
        add_json(t, "status", answer->extra);
    }
    lk_text_add(t, "}");
}

void lk_envelope_time(char *buf, int64_t wall_ms)
{
    struct lk_text t = lk_text_init(buf, LK_TIME_MAX);
    lk_text_add_utc(&t, wall_ms);
}
