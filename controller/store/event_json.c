#include "event_json.h"

#include "base/cleanup.h"

#include <errno.h>
#include <jansson.h>

/* A field's value; NULL: it cannot be said. Only called when the field is set. */
typedef json_t *field_value(const struct lk_core_config *cfg, const struct lk_event *event);
typedef bool field_is_set(const struct lk_event *event);

static json_t *label(const struct lk_core_config *cfg, int door)
{
    return door < cfg->doors ? json_string(cfg->door[door].label) : NULL;
}

#define FIELD(name, set, value)                                                                                        \
    static bool name##_is_set(const struct lk_event *e)                                                                \
    {                                                                                                                  \
        return (set);                                                                                                  \
    }                                                                                                                  \
    static json_t *name##_value(const struct lk_core_config *cfg, const struct lk_event *e)                            \
    {                                                                                                                  \
        (void)cfg;                                                                                                     \
        (void)e;                                                                                                       \
        return (value);                                                                                                \
    }

FIELD(item, e->item[0] != '\0', json_string(e->item))
FIELD(door, e->door >= 0, label(cfg, e->door))
FIELD(expected_door, e->type == LK_EV_DOOR_WRONG && e->expected_door >= 0, label(cfg, e->expected_door))
FIELD(bank, e->bank >= 0, e->bank < cfg->banks ? json_string(cfg->bank_name[e->bank]) : NULL)
/* The labels of the bank's doors whose bits are set. */
static json_t *labels(const struct lk_core_config *cfg, int bank, uint32_t doors)
{
    json_t *list = json_array();
    unsigned n = 0;
    for (int i = 0; i < cfg->doors && n < 32; i++) {
        if (cfg->door[i].bank == bank && (doors >> n++ & 1) != 0) {
            (void)json_array_append_new(list, json_string(cfg->door[i].label));
        }
    }
    return list;
}

FIELD(doors, e->doors != 0, labels(cfg, e->bank, e->doors))
FIELD(from, e->to != LK_CUSTODY_NONE && e->from != LK_CUSTODY_NONE, json_string(lk_custody_name(e->from)))
FIELD(to, e->to != LK_CUSTODY_NONE, json_string(lk_custody_name(e->to)))
FIELD(purpose, e->purpose != LK_PURPOSE_NONE, json_string(lk_purpose_name(e->purpose)))
FIELD(outcome, e->outcome != LK_OUTCOME_PENDING, json_string(lk_outcome_name(e->outcome)))
FIELD(actor, e->actor != LK_ACTOR_SYSTEM, json_string(lk_actor_name(e->actor)))
FIELD(who, e->who[0] != '\0', json_string(e->who))
FIELD(reason, e->reason != LK_REASON_NONE, json_string(lk_reason_name(e->reason)))
FIELD(intent, e->intent != 0, json_integer((json_int_t)e->intent))
FIELD(count, e->count != 0, json_integer(e->count))
FIELD(duration_s, e->duration_s != 0, json_integer(e->duration_s))
FIELD(alarm, e->alarm, json_true())
FIELD(command, e->jti[0] != '\0', json_string(e->jti))
FIELD(clock, e->type == LK_EV_SITE_CLOCK || e->type == LK_EV_SITE_STARTED, json_string(lk_clock_quality_name(e->clock)))

FIELD(via, e->has_via, json_string(lk_channel_name(e->via)))
FIELD(proof, e->proof != LK_PROOF_NONE, json_string(lk_proof_name(e->proof)))
FIELD(rating, e->rating != 0, json_integer(e->rating))
FIELD(waybill, e->waybill[0] != '\0', json_string(e->waybill))
FIELD(second, e->second[0] != '\0', json_string(e->second))
FIELD(staff, e->staff[0] != '\0', json_string(e->staff))
FIELD(note, e->note[0] != '\0', json_string(e->note))

/* `case` is a word of C. */
FIELD(case_id, e->case_id[0] != '\0', json_string(e->case_id))

#define ROW(name)                                                                                                      \
    {                                                                                                                  \
#name, name##_is_set, name##_value                                                                             \
    }

static const struct {
    const char *name;
    field_is_set *is_set;
    field_value *value;
} fields[] = {
    ROW(item),
    ROW(door),
    ROW(expected_door),
    ROW(bank),
    ROW(doors),
    ROW(from),
    ROW(to),
    ROW(purpose),
    ROW(outcome),
    ROW(actor),
    ROW(who),
    ROW(reason),
    ROW(intent),
    ROW(count),
    ROW(duration_s),
    ROW(alarm),
    ROW(command),
    ROW(clock),
    ROW(via),
    ROW(proof),
    ROW(rating),
    ROW(waybill),
    {"case", case_id_is_set, case_id_value},
    ROW(second),
    ROW(note),
    ROW(staff),
};

static void decrefp(json_t **json)
{
    json_decref(*json);
}

int lk_event_json(const struct lk_core_config *cfg, const struct lk_event *event, char **ret_json)
{
    LK_CLEANUP(decrefp) json_t *object = json_object();
    if (!object) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(fields); i++) {
        if (fields[i].is_set(event) && json_object_set_new(object, fields[i].name, fields[i].value(cfg, event)) < 0) {
            return -EINVAL;
        }
    }
    *ret_json = json_dumps(object, JSON_COMPACT);
    return *ret_json ? 0 : -ENOMEM;
}
