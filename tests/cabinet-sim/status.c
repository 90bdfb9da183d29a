#include "control.h"

/* What `value` and `text` are called in each kind of happening; NULL = not shown. */
static const struct {
    const char *value, *text;
} words[LK_CAB_KINDS] = {
    [LK_CAB_REQUEST] = {"start_ns", "hex"},
    [LK_CAB_REPLY] = {"start_ns", "hex"},
    [LK_CAB_UNANSWERED] = {"unit", NULL},
    [LK_CAB_GARBLED] = {"start_ns", "hex"},
    [LK_CAB_GAP_VIOLATION] = {"gap_ns", NULL},
    [LK_CAB_DROPPED] = {"start_ns", "hex"},
    [LK_CAB_PULSE_START] = {NULL, NULL},
    [LK_CAB_PULSE_END] = {"length_ns", NULL},
    [LK_CAB_UNLATCHED] = {NULL, NULL},
    [LK_CAB_DOOR_OPENED] = {NULL, NULL},
    [LK_CAB_DOOR_CLOSED] = {NULL, NULL},
    [LK_CAB_INPUT] = {"value", NULL},
    [LK_CAB_ITEM_PUT] = {NULL, "item"},
    [LK_CAB_ITEM_TAKEN] = {NULL, "item"},
    [LK_CAB_FAULT_SET] = {NULL, "fault"},
    [LK_CAB_FAULT_CLEARED] = {NULL, "fault"},
    [LK_CAB_POWER_OFF] = {NULL, NULL},
    [LK_CAB_POWER_ON] = {NULL, NULL},
    [LK_CAB_LINE] = {NULL, "what"},
};

static void put_int(json_t *o, const char *key, int64_t value)
{
    (void)json_object_set_new(o, key, json_integer(value));
}

static void put_text(json_t *o, const char *key, const char *value)
{
    (void)json_object_set_new(o, key, json_string(value));
}

static void put_bool(json_t *o, const char *key, bool value)
{
    (void)json_object_set_new(o, key, json_boolean(value));
}

json_t *lk_cab_happening_json(const struct lk_cab_sim *sim, const struct lk_cab_happening *h)
{
    const struct lk_cab_world *w = &sim->world;
    json_t *o = json_object();
    put_text(o, "event", lk_cab_kind_name(h->kind));
    put_int(o, "seq", (int64_t)h->seq);
    put_int(o, "at_ns", h->at_ns);
    if (h->line >= 0) {
        put_text(o, "line", w->line[h->line].name);
    }
    if (h->board >= 0) {
        put_text(o, "board", w->board[h->board].name);
    }
    if (h->channel >= 0) {
        put_int(o, "channel", h->channel);
    }
    if (h->door >= 0) {
        put_text(o, "door", w->door[h->door].name);
    }
    if (words[h->kind].value) {
        put_int(o, words[h->kind].value, h->value);
    }
    if (words[h->kind].text) {
        put_text(o, words[h->kind].text, h->text);
    }
    return o;
}

static void put_rtu(json_t *o, const struct lk_cab_port *port)
{
    const struct lk_cab_rtu_config *c = &port->rtu.config;
    put_text(o, "medium", "rtu");
    put_text(o, "path", port->link);
    put_text(o, "device", port->pty.device);
    put_bool(o, "plugged", lk_cab_pty_plugged(&port->pty));
    put_bool(o, "open", port->pty.openers > 0);
    put_int(o, "baud", c->baud);
    put_int(o, "baud_set", lk_cab_pty_baud(&port->pty));
    put_int(o, "bits", c->bits);
    put_int(o, "gap_ns", lk_cab_rtu_gap_ns(c));
    put_int(o, "turnaround_ns", c->turnaround_ns < 0 ? lk_cab_rtu_gap_ns(c) : c->turnaround_ns);
    put_bool(o, "strict", c->strict);
}

static void put_tcp(json_t *o, const struct lk_cab_tcp *tcp)
{
    put_text(o, "medium", "tcp");
    put_text(o, "host", tcp->bind);
    put_int(o, "port", tcp->port);
    put_bool(o, "accepting", tcp->listener.fd >= 0);
    put_bool(o, "stalled", tcp->stalled);
    put_int(o, "connected", lk_cab_tcp_connections(tcp));
    put_int(o, "turnaround_ns", tcp->turnaround_ns);
}

static void put_stats(json_t *o, const struct lk_cab_line_stats *s)
{
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        {"requests", (int64_t)s->requests},
        {"replies", (int64_t)s->replies},
        {"unanswered", (int64_t)s->unanswered},
        {"garbled", (int64_t)s->garbled},
        {"gap_violations", (int64_t)s->gap_violations},
        {"dropped", (int64_t)s->dropped},
        {"collisions", (int64_t)s->collisions},
        {"overruns", (int64_t)s->overruns},
        {"bytes_in", (int64_t)s->bytes_in},
        {"bytes_out", (int64_t)s->bytes_out},
        {"wire_ns", s->wire_ns},
        {"shortest_gap_ns", s->shortest_gap_ns == INT64_MAX ? -1 : s->shortest_gap_ns},
        {"worst_late_ns", s->worst_late_ns},
        {"connections", (int64_t)s->connections},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_int(o, rows[i].name, rows[i].value);
    }
}

json_t *lk_cab_line_json(const struct lk_cab_sim *sim, unsigned line)
{
    json_t *o = json_object();
    put_text(o, "name", sim->world.line[line].name);
    if (sim->world.line[line].medium == LK_CAB_TCP) {
        put_tcp(o, &sim->port[line].tcp);
    } else {
        put_rtu(o, &sim->port[line]);
    }
    put_stats(o, &sim->world.line[line].stats);
    return o;
}

static json_t *faults_json(const struct lk_cab_fault_state *faults, unsigned from, unsigned to)
{
    json_t *a = json_array();
    for (unsigned i = from; i < to; i++) {
        if (faults[i].on) {
            (void)json_array_append_new(a, json_string(lk_cab_fault_row((enum lk_cab_fault)i)->name));
        }
    }
    return a;
}

json_t *lk_cab_board_json(struct lk_cab_sim *sim, unsigned board)
{
    const struct lk_cab_board *b = &sim->world.board[board];
    json_t *o = json_object();
    put_text(o, "name", b->name);
    put_text(o, "line", sim->world.line[b->line].name);
    put_int(o, "unit", b->unit);
    put_text(o, "profile", b->profile->name);
    put_int(o, "channels", b->channels);
    put_bool(o, "power", b->power);
    put_int(o, "requests", (int64_t)b->requests);
    put_int(o, "replies", (int64_t)b->replies);
    json_t *relays = json_array(), *pulses = json_array(), *commands = json_array(), *links = json_array();
    int64_t sum = 0;
    for (unsigned ch = 0; ch < b->channels; ch++) {
        (void)json_array_append_new(relays, json_integer(b->channel[ch].contact));
        (void)json_array_append_new(pulses, json_integer((int64_t)b->channel[ch].pulses));
        (void)json_array_append_new(commands, json_integer((int64_t)b->channel[ch].commands));
        (void)json_array_append_new(links, json_integer(b->channel[ch].link));
        sum += (int64_t)b->channel[ch].pulses;
    }
    put_int(o, "pulses_total", sum);
    (void)json_object_set_new(o, "relays", relays);
    (void)json_object_set_new(o, "pulses", pulses);
    (void)json_object_set_new(o, "commands", commands);
    (void)json_object_set_new(o, "links", links);
    (void)json_object_set_new(o, "faults", faults_json(b->faults, 0, LK_CAB_BOARD_FAULTS));
    return o;
}

json_t *lk_cab_door_json(struct lk_cab_sim *sim, unsigned door)
{
    const struct lk_cab_door *d = &sim->world.door[door];
    const struct lk_cab_board *b = &sim->world.board[d->board];
    const struct lk_cab_channel *c = &b->channel[d->channel];
    json_t *o = json_object();
    put_text(o, "name", d->name);
    put_text(o, "board", b->name);
    put_int(o, "channel", d->channel);
    put_bool(o, "open", d->open);
    put_bool(o, "latched", d->latched);
    put_bool(o, "relay", c->contact);
    put_bool(o, "coil", d->coil);
    put_int(o, "input", lk_cab_door_input(d));
    (void)json_object_set_new(o, "item", d->item[0] ? json_string(d->item) : json_null());
    put_bool(o, "auto", d->person.does != LK_CAB_AUTO_OFF);
    put_int(o, "pulses", (int64_t)c->pulses);
    put_int(o, "commands", (int64_t)c->commands);
    put_int(o, "energised", (int64_t)d->energised);
    put_int(o, "openings", (int64_t)d->openings);
    put_int(o, "closings", (int64_t)d->closings);
    (void)json_object_set_new(o, "faults", faults_json(d->faults, LK_CAB_BOARD_FAULTS, LK_CAB_FAULTS));
    return o;
}
