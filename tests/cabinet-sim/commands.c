#include "call.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

struct command {
    const char *name;
    const char *takes; /* keys besides cmd and id, separated by blanks */
    int (*run)(struct lk_cab_call *c);
};

/* ---- status, log, subscribe ---- */

static int run_status(struct lk_cab_call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    int door = lk_cab_has(c, "door") ? lk_cab_find_named(c, "door", lk_cab_world_find_door) : -1;
    int board = lk_cab_has(c, "board") ? lk_cab_find_named(c, "board", lk_cab_world_find_board) : -1;
    if ((lk_cab_has(c, "door") && door < 0) || (lk_cab_has(c, "board") && board < 0)) {
        return -EINVAL;
    }
    json_t *lines = json_array(), *boards = json_array(), *doors = json_array();
    for (unsigned i = 0; i < w->lines && door < 0; i++) {
        (void)json_array_append_new(lines, lk_cab_line_json(c->sim, i));
    }
    for (unsigned i = 0; i < w->boards && door < 0; i++) {
        if (board < 0 || (unsigned)board == i) {
            (void)json_array_append_new(boards, lk_cab_board_json(c->sim, i));
        }
    }
    for (unsigned i = 0; i < w->doors; i++) {
        bool wanted = door >= 0 ? (unsigned)door == i : board < 0 || (unsigned)board == w->door[i].board;
        if (wanted) {
            (void)json_array_append_new(doors, lk_cab_door_json(c->sim, i));
        }
    }
    (void)json_object_set_new(c->answer, "now_ns", json_integer(c->now_ns));
    (void)json_object_set_new(c->answer, "seed", json_integer((json_int_t)w->seed));
    (void)json_object_set_new(c->answer, "last_seq", json_integer((json_int_t)w->history.last_seq));
    (void)json_object_set_new(c->answer, "lines", lines);
    (void)json_object_set_new(c->answer, "boards", boards);
    (void)json_object_set_new(c->answer, "doors", doors);
    return 0;
}

static int take_kinds(struct lk_cab_call *c, uint64_t *ret_kinds)
{
    json_t *list = json_object_get(c->args, "events");
    uint64_t kinds = 0;
    size_t i;
    json_t *item;
    if (!list) {
        *ret_kinds = ~UINT64_C(0);
        return 0;
    }
    if (!json_is_array(list)) {
        return lk_cab_fail(c, -EINVAL, "events: must be a list of names");
    }
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        enum lk_cab_kind kind = name ? lk_cab_kind_from_name(name) : LK_CAB_KINDS;
        if (kind == LK_CAB_KINDS) {
            return lk_cab_fail(c, -EINVAL, "events: there is no kind \"%.40s\"", name ? name : "?");
        }
        kinds |= UINT64_C(1) << kind;
    }
    *ret_kinds = kinds;
    return 0;
}

static int run_log(struct lk_cab_call *c)
{
    const struct lk_cab_history *h = &c->sim->world.history;
    int64_t since = 1, last = INT64_MAX;
    uint64_t kinds;
    if (lk_cab_take_int(c, "since", 0, INT64_MAX, &since) < 0 || lk_cab_take_int(c, "last", 1, INT64_MAX, &last) < 0 ||
        take_kinds(c, &kinds) < 0) {
        return -EINVAL;
    }
    uint64_t seq = lk_cab_history_oldest(h);
    seq = (uint64_t)since > seq ? (uint64_t)since : seq;
    json_t *list = json_array();
    for (; seq <= h->last_seq; seq++) {
        const struct lk_cab_happening *one = lk_cab_history_get(h, seq);
        if (kinds >> one->kind & 1) {
            (void)json_array_append_new(list, lk_cab_happening_json(c->sim, one));
        }
    }
    while (json_array_size(list) > (uint64_t)last) {
        (void)json_array_remove(list, 0);
    }
    (void)json_object_set_new(c->answer, "log", list);
    (void)json_object_set_new(c->answer, "last_seq", json_integer((json_int_t)h->last_seq));
    return 0;
}

static int run_subscribe(struct lk_cab_call *c)
{
    int64_t since = -1;
    uint64_t kinds;
    if (!c->client) {
        return lk_cab_fail(c, -ENOTSUP, "subscribe: needs a connection");
    }
    if (take_kinds(c, &kinds) < 0 || lk_cab_take_int(c, "since", 0, INT64_MAX, &since) < 0) {
        return -EINVAL;
    }
    lk_cab_client_subscribe(c->client, kinds);
    if (since >= 0) {
        lk_cab_client_replay(c->client, (uint64_t)since);
    }
    (void)json_object_set_new(c->answer, "last_seq", json_integer((json_int_t)c->sim->world.history.last_seq));
    return 0;
}

/* ---- power and lines ---- */

static int run_power(struct lk_cab_call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    bool on = true, all = false;
    if (lk_cab_take_bool(c, "all", &all) < 0 || lk_cab_take_bool(c, "on", &on) < 0) {
        return -EINVAL;
    }
    if (!lk_cab_has(c, "on")) {
        return lk_cab_fail(c, -EINVAL, "on: missing");
    }
    int board = all ? -1 : lk_cab_find_named(c, "board", lk_cab_world_find_board);
    for (unsigned i = 0; i < w->boards; i++) {
        if (all || (board >= 0 && (unsigned)board == i)) {
            lk_cab_board_power(w, &w->board[i], on, c->now_ns);
        }
    }
    return all || board >= 0 ? 0 : board;
}

static int rtu_action(struct lk_cab_call *c, int line, const char *action)
{
    if (strcmp(action, "unplug") == 0) {
        lk_cab_sim_unplug(c->sim, line);
        return 0;
    }
    if (strcmp(action, "plug") == 0) {
        int r = lk_cab_sim_plug(c->sim, line);
        return r < 0 ? lk_cab_fail(c, r, "plug: %s", r == -EALREADY ? "is plugged in" : strerror(-r)) : 0;
    }
    return lk_cab_fail(c, -EINVAL, "action: an RTU line can unplug, plug or set, not \"%.40s\"", action);
}

static int tcp_action(struct lk_cab_call *c, int line, const char *action)
{
    struct lk_cab_tcp *t = &c->sim->port[line].tcp;
    if (strcmp(action, "reset") == 0) {
        lk_cab_tcp_reset(t);
    } else if (strcmp(action, "refuse") == 0) {
        lk_cab_tcp_refuse(t);
        lk_cab_tcp_reset(t);
    } else if (strcmp(action, "accept") == 0) {
        int r = lk_cab_tcp_listen(t);
        return r < 0 ? lk_cab_fail(c, r, "accept: %s", strerror(-r)) : 0;
    } else if (strcmp(action, "stall") == 0 || strcmp(action, "resume") == 0) {
        lk_cab_tcp_stall(t, action[0] == 's');
    } else {
        return lk_cab_fail(c, -EINVAL,
                           "action: a TCP line can reset, refuse, accept, stall, resume or set, not \"%.40s\"", action);
    }
    return 0;
}

static int set_line(struct lk_cab_call *c, int line)
{
    struct lk_cab_rtu_config *r = &c->sim->port[line].rtu.config;
    bool tcp = c->sim->world.line[line].medium == LK_CAB_TCP;
    int64_t baud = r->baud, turnaround_us = -1;
    bool strict = r->strict;
    if (tcp && (lk_cab_has(c, "baud") || lk_cab_has(c, "strict"))) {
        return lk_cab_fail(c, -EINVAL, "baud, strict: a TCP line has none");
    }
    if (lk_cab_take_int(c, "baud", 0, 1000000, &baud) < 0 || lk_cab_take_bool(c, "strict", &strict) < 0 ||
        lk_cab_take_int(c, "turnaround_us", 0, 10000000, &turnaround_us) < 0) {
        return -EINVAL;
    }
    r->baud = (unsigned)baud;
    r->strict = strict;
    if (turnaround_us >= 0) {
        *(tcp ? &c->sim->port[line].tcp.turnaround_ns : &r->turnaround_ns) = turnaround_us * 1000;
    }
    return 0;
}

static int run_line(struct lk_cab_call *c)
{
    int line = lk_cab_find_named(c, "line", lk_cab_world_find_line);
    const char *action = line < 0 ? NULL : lk_cab_need_text(c, "action");
    if (!action) {
        return -EINVAL;
    }
    if (strcmp(action, "set") == 0) {
        return set_line(c, line);
    }
    return c->sim->world.line[line].medium == LK_CAB_TCP ? tcp_action(c, line, action) : rtu_action(c, line, action);
}

static int run_reset(struct lk_cab_call *c)
{
    lk_cab_world_reset(&c->sim->world, c->now_ns);
    return 0;
}

static int run_quit(struct lk_cab_call *c)
{
    c->sim->quit = true;
    return 0;
}

static const struct command commands[] = {
    {"status", "door board", run_status},
    {"log", "since last events", run_log},
    {"subscribe", "since events", run_subscribe},
    {"door", "door board all action item ms do after_ms close_after_ms close times", lk_cab_run_door},
    {"fault", "door board fault p n fc ms value bytes with", lk_cab_run_fault},
    {"clear", "door board all fault", lk_cab_run_clear},
    {"bounce", "door board all value ms", lk_cab_run_bounce},
    {"power", "board all on", run_power},
    {"line", "line action baud strict turnaround_us", run_line},
    {"reset", "", run_reset},
    {"quit", "", run_quit},
};

static int check_keys(struct lk_cab_call *c, const struct command *command)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)c->args, key, value)
    {
        if (strcmp(key, "cmd") != 0 && strcmp(key, "id") != 0 && !lk_cab_word_in(command->takes, key)) {
            return lk_cab_fail(c, -EINVAL, "%s: there is no key \"%.40s\"", command->name, key);
        }
    }
    return 0;
}

static int dispatch(struct lk_cab_call *c)
{
    const char *name = lk_cab_need_text(c, "cmd");
    if (!name) {
        return -EINVAL;
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            int r = check_keys(c, &commands[i]);
            return r < 0 ? r : commands[i].run(c);
        }
    }
    return lk_cab_fail(c, -EINVAL, "cmd: there is no \"%.40s\"", name);
}

json_t *lk_cab_command_run(struct lk_cab_sim *sim, struct lk_cab_client *client, const char *line, size_t n)
{
    json_error_t where;
    json_t *args = json_loadb(line, n, JSON_REJECT_DUPLICATES, &where);
    struct lk_cab_call c = {
        .sim = sim, .client = client, .args = args, .answer = json_object(), .now_ns = lk_cab_now()};
    int r = json_is_object(args)
                ? dispatch(&c)
                : lk_cab_fail(&c, -EINVAL, "not a JSON object: %.100s", args ? "another kind of value" : where.text);
    if (r < 0) {
        json_decref(c.answer);
        c.answer = json_pack("{s:s}", "error", c.error[0] ? c.error : strerror(-r));
        c.answer = c.answer ? c.answer : json_pack("{s:s}", "error", "not to be said in UTF-8");
    }
    (void)json_object_set_new(c.answer, "ok", json_boolean(r == 0));
    (void)json_object_set(c.answer, "id", json_object_get(args, "id"));
    json_decref(args);
    return c.answer;
}
