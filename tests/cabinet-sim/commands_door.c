#include "call.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

static int act_error(struct lk_cab_call *c, const struct lk_cab_door *d, int code)
{
    static const struct {
        int code;
        const char *text;
    } rows[] = {{-EALREADY, "is already so"},
                {-EACCES, "is shut"},
                {-EEXIST, "already holds something"},
                {-ENOENT, "is empty"},
                {-EINVAL, "cannot take that item: its name is empty or too long"}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (rows[i].code == code) {
            return lk_cab_fail(c, code, "door %s %s", d->name, rows[i].text);
        }
    }
    return code;
}

static int do_act(struct lk_cab_call *c, struct lk_cab_door *d, enum lk_cab_action action)
{
    int64_t push_ms = 1000;
    const char *item = "";
    if (action == LK_CAB_PUT && !(item = lk_cab_need_text(c, "item"))) {
        return -EINVAL;
    }
    if (action == LK_CAB_PUT && item[0] == '\0') {
        return act_error(c, d, -EINVAL);
    }
    if (lk_cab_take_int(c, "ms", 1, 3600000, &push_ms) < 0) {
        return -EINVAL;
    }
    if (action == LK_CAB_TAKE && d->item[0] != '\0') {
        (void)json_object_set_new(c->answer, "item", json_string(d->item));
    }
    int r = lk_cab_door_act(&c->sim->world, d, action, item, push_ms * LK_CAB_MS, c->now_ns);
    return r < 0 ? act_error(c, d, r) : 0;
}

static int take_person(struct lk_cab_call *c, struct lk_cab_person *ret_person)
{
    static const char *const words[] = {"off", "nothing", "put", "take"};
    struct lk_cab_person p = {0};
    const char *does = lk_cab_need_text(c, "do");
    int64_t after_ms = 1000, close_ms = 500, times = 0;
    bool closes = true;
    unsigned i = 0;
    if (!does) {
        return -EINVAL;
    }
    while (i < LK_ARRAY_SIZE(words) && strcmp(words[i], does) != 0) {
        i++;
    }
    if (i == LK_ARRAY_SIZE(words)) {
        return lk_cab_fail(c, -EINVAL, "do: must be off, nothing, put or take");
    }
    if (lk_cab_take_int(c, "after_ms", 0, 86400000, &after_ms) < 0 ||
        lk_cab_take_int(c, "times", 0, 1000000, &times) < 0 ||
        lk_cab_take_int(c, "close_after_ms", 0, 86400000, &close_ms) < 0 || lk_cab_take_bool(c, "close", &closes) < 0) {
        return -EINVAL;
    }
    if (lk_cab_has(c, "item") &&
        (!lk_cab_need_text(c, "item") || lk_text_copy(p.item, sizeof p.item, lk_cab_need_text(c, "item")) < 0)) {
        return lk_cab_fail(c, -EINVAL, "item: must be a text of at most %u bytes", LK_CAB_ITEM_MAX - 1);
    }
    p.does = (enum lk_cab_auto)i;
    p.after_ns = after_ms * LK_CAB_MS;
    p.close_after_ns = closes ? close_ms * LK_CAB_MS : -1;
    p.left = (unsigned)times;
    *ret_person = p;
    return 0;
}

/* Calls `each` for the door, for all doors of the board, or with "all": true for every door. */
static int for_doors(struct lk_cab_call *c, void (*each)(struct lk_cab_call *c, struct lk_cab_door *d, const void *arg),
                     const void *arg)
{
    struct lk_cab_world *w = &c->sim->world;
    bool all = false;
    if (lk_cab_take_bool(c, "all", &all) < 0) {
        return -EINVAL;
    }
    int door = lk_cab_has(c, "door") ? lk_cab_find_named(c, "door", lk_cab_world_find_door) : -1;
    int board = lk_cab_has(c, "board") ? lk_cab_find_named(c, "board", lk_cab_world_find_board) : -1;
    if (!all && door < 0 && board < 0) {
        return c->error[0] ? -EINVAL : lk_cab_fail(c, -EINVAL, "door: missing (or board, or all)");
    }
    for (unsigned i = 0; i < w->doors; i++) {
        if (all || (door >= 0 ? (unsigned)door == i : (unsigned)board == w->door[i].board)) {
            each(c, &w->door[i], arg);
        }
    }
    return 0;
}

static void set_person(struct lk_cab_call *c, struct lk_cab_door *d, const void *arg)
{
    (void)c;
    d->person = *(const struct lk_cab_person *)arg;
    d->person_at_ns = d->person.does == LK_CAB_AUTO_OFF ? 0 : d->person_at_ns;
}

static void close_one(struct lk_cab_call *c, struct lk_cab_door *d, const void *arg)
{
    (void)arg;
    (void)lk_cab_door_act(&c->sim->world, d, LK_CAB_CLOSE, NULL, 0, c->now_ns);
}

int lk_cab_run_door(struct lk_cab_call *c)
{
    static const char *const words[] = {"force", "close", "put", "take", "push"};
    const char *action = lk_cab_need_text(c, "action");
    if (!action) {
        return -EINVAL;
    }
    if (strcmp(action, "auto") == 0) {
        struct lk_cab_person person;
        int r = take_person(c, &person);
        return r < 0 ? r : for_doors(c, set_person, &person);
    }
    if (strcmp(action, "close") == 0 && !lk_cab_has(c, "door")) {
        return for_doors(c, close_one, NULL);
    }
    for (unsigned i = 0; i < LK_ARRAY_SIZE(words); i++) {
        if (strcmp(words[i], action) == 0) {
            int door = lk_cab_find_named(c, "door", lk_cab_world_find_door);
            return door < 0 ? door : do_act(c, &c->sim->world.door[door], (enum lk_cab_action)i);
        }
    }
    return lk_cab_fail(c, -EINVAL, "action: must be force, close, put, take, push or auto, not \"%.40s\"", action);
}

struct bounce {
    int64_t pairs, ms;
};

static void set_bounce(struct lk_cab_call *c, struct lk_cab_door *d, const void *arg)
{
    const struct bounce *b = arg;
    (void)c;
    d->config.bounce = (unsigned)b->pairs;
    d->config.bounce_ns = b->ms * LK_CAB_MS;
}

int lk_cab_run_bounce(struct lk_cab_call *c)
{
    struct bounce b = {3, 10};
    if (lk_cab_take_int(c, "value", 0, 1000, &b.pairs) < 0 || lk_cab_take_int(c, "ms", 0, 10000, &b.ms) < 0) {
        return -EINVAL;
    }
    return for_doors(c, set_bounce, &b);
}
