#include "control.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One command under way. */
struct call {
    struct lk_cab_sim *sim;
    struct lk_cab_client *client;
    const json_t *args;
    json_t *answer;
    int64_t now_ns;
    char error[200];
};

struct command {
    const char *name;
    const char *takes; /* keys besides cmd and id, separated by blanks */
    int (*run)(struct call *c);
};

static int fail(struct call *c, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct call *c, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(c->error, sizeof c->error, fmt, ap);
    va_end(ap);
    return code;
}

/* ---- arguments ---- */

static bool word_in(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; n > 0 && (at = strstr(at, word)) != NULL; at += n) {
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool has(const struct call *c, const char *key)
{
    return json_object_get(c->args, key) != NULL;
}

/* NULL with the error set when the key is absent or no text. */
static const char *need_text(struct call *c, const char *key)
{
    const char *text = json_string_value(json_object_get(c->args, key));
    if (!text) {
        (void)fail(c, -EINVAL, "%s: %s", key, has(c, key) ? "must be a text" : "missing");
    }
    return text;
}

/* Leaves *value alone when the key is absent. */
static int take_int(struct call *c, const char *key, int64_t min, int64_t max, int64_t *value)
{
    const json_t *j = json_object_get(c->args, key);
    if (!j) {
        return 0;
    }
    if (!json_is_integer(j) || json_integer_value(j) < min || json_integer_value(j) > max) {
        return fail(c, -EINVAL, "%s: must be a whole number from %lld to %lld", key, (long long)min, (long long)max);
    }
    *value = json_integer_value(j);
    return 0;
}

static int take_bool(struct call *c, const char *key, bool *value)
{
    const json_t *j = json_object_get(c->args, key);
    if (j && !json_is_boolean(j)) {
        return fail(c, -EINVAL, "%s: must be true or false", key);
    }
    *value = j ? json_is_true(j) : *value;
    return 0;
}

static int find(struct call *c, const char *key, int (*look_up)(const struct lk_cab_world *, const char *))
{
    const char *name = need_text(c, key);
    int r = name ? look_up(&c->sim->world, name) : -EINVAL;
    return r == -ENOENT ? fail(c, r, "%s: there is no \"%.40s\"", key, name) : r;
}

/* ---- status, log, subscribe ---- */

static int run_status(struct call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    int door = has(c, "door") ? find(c, "door", lk_cab_world_find_door) : -1;
    int board = has(c, "board") ? find(c, "board", lk_cab_world_find_board) : -1;
    if ((has(c, "door") && door < 0) || (has(c, "board") && board < 0)) {
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

static int take_kinds(struct call *c, uint64_t *ret_kinds)
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
        return fail(c, -EINVAL, "events: must be a list of names");
    }
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        enum lk_cab_kind kind = name ? lk_cab_kind_from_name(name) : LK_CAB_KINDS;
        if (kind == LK_CAB_KINDS) {
            return fail(c, -EINVAL, "events: there is no kind \"%.40s\"", name ? name : "?");
        }
        kinds |= UINT64_C(1) << kind;
    }
    *ret_kinds = kinds;
    return 0;
}

static int run_log(struct call *c)
{
    const struct lk_cab_history *h = &c->sim->world.history;
    int64_t since = 1, last = INT64_MAX;
    uint64_t kinds;
    if (take_int(c, "since", 0, INT64_MAX, &since) < 0 || take_int(c, "last", 1, INT64_MAX, &last) < 0 ||
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

static int run_subscribe(struct call *c)
{
    int64_t since = -1;
    uint64_t kinds;
    if (!c->client) {
        return fail(c, -ENOTSUP, "subscribe: needs a connection");
    }
    if (take_kinds(c, &kinds) < 0 || take_int(c, "since", 0, INT64_MAX, &since) < 0) {
        return -EINVAL;
    }
    lk_cab_client_subscribe(c->client, kinds);
    if (since >= 0) {
        lk_cab_client_replay(c->client, (uint64_t)since);
    }
    (void)json_object_set_new(c->answer, "last_seq", json_integer((json_int_t)c->sim->world.history.last_seq));
    return 0;
}

/* ---- doors ---- */

static int act_error(struct call *c, const struct lk_cab_door *d, int code)
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
            return fail(c, code, "door %s %s", d->name, rows[i].text);
        }
    }
    return code;
}

static int do_act(struct call *c, struct lk_cab_door *d, enum lk_cab_action action)
{
    int64_t push_ms = 1000;
    const char *item = "";
    if (action == LK_CAB_PUT && !(item = need_text(c, "item"))) {
        return -EINVAL;
    }
    if (action == LK_CAB_PUT && item[0] == '\0') {
        return act_error(c, d, -EINVAL);
    }
    if (take_int(c, "ms", 1, 3600000, &push_ms) < 0) {
        return -EINVAL;
    }
    if (action == LK_CAB_TAKE && d->item[0] != '\0') {
        (void)json_object_set_new(c->answer, "item", json_string(d->item));
    }
    int r = lk_cab_door_act(&c->sim->world, d, action, item, push_ms * LK_CAB_MS, c->now_ns);
    return r < 0 ? act_error(c, d, r) : 0;
}

static int take_person(struct call *c, struct lk_cab_person *ret_person)
{
    static const char *const words[] = {"off", "nothing", "put", "take"};
    struct lk_cab_person p = {0};
    const char *does = need_text(c, "do");
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
        return fail(c, -EINVAL, "do: must be off, nothing, put or take");
    }
    if (take_int(c, "after_ms", 0, 86400000, &after_ms) < 0 || take_int(c, "times", 0, 1000000, &times) < 0 ||
        take_int(c, "close_after_ms", 0, 86400000, &close_ms) < 0 || take_bool(c, "close", &closes) < 0) {
        return -EINVAL;
    }
    if (has(c, "item") && (!need_text(c, "item") || lk_text_copy(p.item, sizeof p.item, need_text(c, "item")) < 0)) {
        return fail(c, -EINVAL, "item: must be a text of at most %u bytes", LK_CAB_ITEM_MAX - 1);
    }
    p.does = (enum lk_cab_auto)i;
    p.after_ns = after_ms * LK_CAB_MS;
    p.close_after_ns = closes ? close_ms * LK_CAB_MS : -1;
    p.left = (unsigned)times;
    *ret_person = p;
    return 0;
}

/* Calls `each` for the door, for all doors of the board, or with "all": true for every door. */
static int for_doors(struct call *c, void (*each)(struct call *c, struct lk_cab_door *d, const void *arg),
                     const void *arg)
{
    struct lk_cab_world *w = &c->sim->world;
    bool all = false;
    if (take_bool(c, "all", &all) < 0) {
        return -EINVAL;
    }
    int door = has(c, "door") ? find(c, "door", lk_cab_world_find_door) : -1;
    int board = has(c, "board") ? find(c, "board", lk_cab_world_find_board) : -1;
    if (!all && door < 0 && board < 0) {
        return c->error[0] ? -EINVAL : fail(c, -EINVAL, "door: missing (or board, or all)");
    }
    for (unsigned i = 0; i < w->doors; i++) {
        if (all || (door >= 0 ? (unsigned)door == i : (unsigned)board == w->door[i].board)) {
            each(c, &w->door[i], arg);
        }
    }
    return 0;
}

static void set_person(struct call *c, struct lk_cab_door *d, const void *arg)
{
    (void)c;
    d->person = *(const struct lk_cab_person *)arg;
    d->person_at_ns = d->person.does == LK_CAB_AUTO_OFF ? 0 : d->person_at_ns;
}

static void close_one(struct call *c, struct lk_cab_door *d, const void *arg)
{
    (void)arg;
    (void)lk_cab_door_act(&c->sim->world, d, LK_CAB_CLOSE, NULL, 0, c->now_ns);
}

static int run_door(struct call *c)
{
    static const char *const words[] = {"force", "close", "put", "take", "push"};
    const char *action = need_text(c, "action");
    if (!action) {
        return -EINVAL;
    }
    if (strcmp(action, "auto") == 0) {
        struct lk_cab_person person;
        int r = take_person(c, &person);
        return r < 0 ? r : for_doors(c, set_person, &person);
    }
    if (strcmp(action, "close") == 0 && !has(c, "door")) {
        return for_doors(c, close_one, NULL);
    }
    for (unsigned i = 0; i < LK_ARRAY_SIZE(words); i++) {
        if (strcmp(words[i], action) == 0) {
            int door = find(c, "door", lk_cab_world_find_door);
            return door < 0 ? door : do_act(c, &c->sim->world.door[door], (enum lk_cab_action)i);
        }
    }
    return fail(c, -EINVAL, "action: must be force, close, put, take, push or auto, not \"%.40s\"", action);
}

/* ---- faults ---- */

static int take_parameters(struct call *c, enum lk_cab_fault fault, struct lk_cab_fault_state *s)
{
    static const char *const own[] = {"ms", "value", "bytes", "with"};
    const struct lk_cab_fault_row *row = lk_cab_fault_row(fault);
    int64_t n = 0, fc = 0, value = s->value, bytes = s->bytes;
    for (size_t i = 0; i < LK_ARRAY_SIZE(own); i++) {
        if (has(c, own[i]) && !word_in(row->takes, own[i])) {
            return fail(c, -EINVAL, "%s: fault %s does not take it", own[i], row->name);
        }
    }
    if (take_int(c, "n", 1, 1000000, &n) < 0 || take_int(c, "fc", 1, 127, &fc) < 0 ||
        take_int(c, "ms", 0, 3600000, &s->ms) < 0 || take_int(c, "bytes", 0, 32, &bytes) < 0 ||
        take_int(c, "value", row->value_min, row->value_max, &value) < 0) {
        return -EINVAL;
    }
    const json_t *p = json_object_get(c->args, "p");
    if (p && (!json_is_number(p) || !(json_number_value(p) >= 0.0 && json_number_value(p) <= 1.0))) {
        return fail(c, -EINVAL, "p: must be a number from 0 to 1");
    }
    s->p = p ? json_number_value(p) : s->p;
    s->left = (unsigned)n;
    s->fc = (uint8_t)fc;
    s->value = (int)value;
    s->bytes = (unsigned)bytes;
    s->other = word_in(row->takes, "with") ? find(c, "with", lk_cab_world_find_door) : -1;
    return word_in(row->takes, "with") && s->other < 0 ? -EINVAL : 0;
}

/* The fault named by the key, of the board's or the door's kind. */
static int take_fault(struct call *c, bool of_door, enum lk_cab_fault *ret_fault)
{
    const char *name = need_text(c, "fault");
    if (!name) {
        return -EINVAL;
    }
    *ret_fault = lk_cab_fault_from_name(name);
    if (*ret_fault == LK_CAB_FAULTS) {
        return fail(c, -EINVAL, "fault: there is no \"%.40s\"", name);
    }
    if ((*ret_fault >= LK_CAB_BOARD_FAULTS) != of_door) {
        return fail(c, -EINVAL, "fault: %s is for a %s", name, of_door ? "board" : "door");
    }
    return 0;
}

static int run_fault(struct call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    enum lk_cab_fault fault;
    bool of_door = has(c, "door");
    int at = of_door ? find(c, "door", lk_cab_world_find_door) : find(c, "board", lk_cab_world_find_board);
    if (at < 0 || take_fault(c, of_door, &fault) < 0) {
        return -EINVAL;
    }
    struct lk_cab_fault_state state = lk_cab_fault_row(fault)->defaults;
    if (take_parameters(c, fault, &state) < 0) {
        return -EINVAL;
    }
    int r = of_door ? lk_cab_world_fault_door(w, &w->door[at], fault, &state, c->now_ns)
                    : lk_cab_world_fault_board(w, &w->board[at], fault, &state, c->now_ns);
    return r < 0 ? fail(c, r, "with: that door's wires cannot be swapped (same door, or swapped already)") : 0;
}

static int run_clear(struct call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    enum lk_cab_fault fault = LK_CAB_FAULTS;
    bool of_door = has(c, "door"), of_board = has(c, "board"), all = false;
    if (take_bool(c, "all", &all) < 0 || (has(c, "fault") && !all && take_fault(c, of_door, &fault) < 0)) {
        return -EINVAL;
    }
    if (of_door || of_board) {
        int at = of_door ? find(c, "door", lk_cab_world_find_door) : find(c, "board", lk_cab_world_find_board);
        if (at >= 0 && of_door) {
            lk_cab_world_clear_door(w, &w->door[at], fault, c->now_ns);
        } else if (at >= 0) {
            lk_cab_world_clear_board(w, &w->board[at], fault, c->now_ns);
        }
        return at < 0 ? at : 0;
    }
    if (!all) {
        return fail(c, -EINVAL, "door: missing (or board, or all)");
    }
    for (unsigned i = 0; i < w->boards; i++) {
        lk_cab_world_clear_board(w, &w->board[i], LK_CAB_FAULTS, c->now_ns);
    }
    for (unsigned i = 0; i < w->doors; i++) {
        lk_cab_world_clear_door(w, &w->door[i], LK_CAB_FAULTS, c->now_ns);
    }
    return 0;
}

struct bounce {
    int64_t pairs, ms;
};

static void set_bounce(struct call *c, struct lk_cab_door *d, const void *arg)
{
    const struct bounce *b = arg;
    (void)c;
    d->config.bounce = (unsigned)b->pairs;
    d->config.bounce_ns = b->ms * LK_CAB_MS;
}

static int run_bounce(struct call *c)
{
    struct bounce b = {3, 10};
    if (take_int(c, "value", 0, 1000, &b.pairs) < 0 || take_int(c, "ms", 0, 10000, &b.ms) < 0) {
        return -EINVAL;
    }
    return for_doors(c, set_bounce, &b);
}

/* ---- power and lines ---- */

static int run_power(struct call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    bool on = true, all = false;
    if (take_bool(c, "all", &all) < 0 || take_bool(c, "on", &on) < 0) {
        return -EINVAL;
    }
    if (!has(c, "on")) {
        return fail(c, -EINVAL, "on: missing");
    }
    int board = all ? -1 : find(c, "board", lk_cab_world_find_board);
    for (unsigned i = 0; i < w->boards; i++) {
        if (all || (board >= 0 && (unsigned)board == i)) {
            lk_cab_board_power(w, &w->board[i], on, c->now_ns);
        }
    }
    return all || board >= 0 ? 0 : board;
}

static int rtu_action(struct call *c, int line, const char *action)
{
    if (strcmp(action, "unplug") == 0) {
        lk_cab_sim_unplug(c->sim, line);
        return 0;
    }
    if (strcmp(action, "plug") == 0) {
        int r = lk_cab_sim_plug(c->sim, line);
        return r < 0 ? fail(c, r, "plug: %s", r == -EALREADY ? "is plugged in" : strerror(-r)) : 0;
    }
    return fail(c, -EINVAL, "action: an RTU line can unplug, plug or set, not \"%.40s\"", action);
}

static int tcp_action(struct call *c, int line, const char *action)
{
    struct lk_cab_tcp *t = &c->sim->port[line].tcp;
    if (strcmp(action, "reset") == 0) {
        lk_cab_tcp_reset(t);
    } else if (strcmp(action, "refuse") == 0) {
        lk_cab_tcp_refuse(t);
        lk_cab_tcp_reset(t);
    } else if (strcmp(action, "accept") == 0) {
        int r = lk_cab_tcp_listen(t);
        return r < 0 ? fail(c, r, "accept: %s", strerror(-r)) : 0;
    } else if (strcmp(action, "stall") == 0 || strcmp(action, "resume") == 0) {
        lk_cab_tcp_stall(t, action[0] == 's');
    } else {
        return fail(c, -EINVAL, "action: a TCP line can reset, refuse, accept, stall, resume or set, not \"%.40s\"",
                    action);
    }
    return 0;
}

static int set_line(struct call *c, int line)
{
    struct lk_cab_rtu_config *r = &c->sim->port[line].rtu.config;
    bool tcp = c->sim->world.line[line].medium == LK_CAB_TCP;
    int64_t baud = r->baud, turnaround_us = -1;
    bool strict = r->strict;
    if (tcp && (has(c, "baud") || has(c, "strict"))) {
        return fail(c, -EINVAL, "baud, strict: a TCP line has none");
    }
    if (take_int(c, "baud", 0, 1000000, &baud) < 0 || take_bool(c, "strict", &strict) < 0 ||
        take_int(c, "turnaround_us", 0, 10000000, &turnaround_us) < 0) {
        return -EINVAL;
    }
    r->baud = (unsigned)baud;
    r->strict = strict;
    if (turnaround_us >= 0) {
        *(tcp ? &c->sim->port[line].tcp.turnaround_ns : &r->turnaround_ns) = turnaround_us * 1000;
    }
    return 0;
}

static int run_line(struct call *c)
{
    int line = find(c, "line", lk_cab_world_find_line);
    const char *action = line < 0 ? NULL : need_text(c, "action");
    if (!action) {
        return -EINVAL;
    }
    if (strcmp(action, "set") == 0) {
        return set_line(c, line);
    }
    return c->sim->world.line[line].medium == LK_CAB_TCP ? tcp_action(c, line, action) : rtu_action(c, line, action);
}

static int run_reset(struct call *c)
{
    lk_cab_world_reset(&c->sim->world, c->now_ns);
    return 0;
}

static int run_quit(struct call *c)
{
    c->sim->quit = true;
    return 0;
}

static const struct command commands[] = {
    {"status", "door board", run_status},
    {"log", "since last events", run_log},
    {"subscribe", "since events", run_subscribe},
    {"door", "door board all action item ms do after_ms close_after_ms close times", run_door},
    {"fault", "door board fault p n fc ms value bytes with", run_fault},
    {"clear", "door board all fault", run_clear},
    {"bounce", "door board all value ms", run_bounce},
    {"power", "board all on", run_power},
    {"line", "line action baud strict turnaround_us", run_line},
    {"reset", "", run_reset},
    {"quit", "", run_quit},
};

static int check_keys(struct call *c, const struct command *command)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)c->args, key, value)
    {
        if (strcmp(key, "cmd") != 0 && strcmp(key, "id") != 0 && !word_in(command->takes, key)) {
            return fail(c, -EINVAL, "%s: there is no key \"%.40s\"", command->name, key);
        }
    }
    return 0;
}

static int dispatch(struct call *c)
{
    const char *name = need_text(c, "cmd");
    if (!name) {
        return -EINVAL;
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            int r = check_keys(c, &commands[i]);
            return r < 0 ? r : commands[i].run(c);
        }
    }
    return fail(c, -EINVAL, "cmd: there is no \"%.40s\"", name);
}

json_t *lk_cab_command_run(struct lk_cab_sim *sim, struct lk_cab_client *client, const char *line, size_t n)
{
    json_error_t where;
    json_t *args = json_loadb(line, n, JSON_REJECT_DUPLICATES, &where);
    struct call c = {.sim = sim, .client = client, .args = args, .answer = json_object(), .now_ns = lk_cab_now()};
    int r = json_is_object(args)
                ? dispatch(&c)
                : fail(&c, -EINVAL, "not a JSON object: %.100s", args ? "another kind of value" : where.text);
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
