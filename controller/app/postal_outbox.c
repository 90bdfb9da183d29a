/* Events out of the store's log, and what upstream says about them on `ack`. */
#include "crash_point.h"
#include "postal_impl.h"
#include "store/log.h"
#include "uplink/envelope.h"

#include <event2/event.h>
#include <stdio.h>

enum { BATCH = 16 }; /* some 0.3 ms: then whoever else waits has a turn */

static void arm_outbox(struct lk_postal *p)
{
    int64_t at_ms = lk_outbox_next_at_ms(&p->outbox);
    if (at_ms == INT64_MAX) {
        (void)event_del(p->outbox_timer);
        return;
    }
    int64_t wait_ms = at_ms - lk_clock_mono_ms(p->clock);
    wait_ms = wait_ms > 0 ? wait_ms : 1;
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(p->outbox_timer, &tv);
}

/* One event from the log, if it is the one that goes out next. */
static bool publish_record(void *user, const struct lk_record *record)
{
    struct lk_postal *p = user;
    uint64_t wanted = 0;
    int64_t now_ms = lk_clock_mono_ms(p->clock);
    if (!lk_outbox_next(&p->outbox, now_ms, &wanted) || wanted != record->seq) {
        return false;
    }
    struct lk_text t = lk_text_init(p->payload, sizeof(p->payload));
    lk_envelope_event(&t, &p->site, record, lk_config_status_code(p->config, record->type));
    lk_crash_point("publish-before");
    struct lk_uplink_extra extra = {.user = {{.name = "type"}, {.name = "seq"}}};
    (void)lk_text_copy(extra.user[0].value, sizeof(extra.user[0].value), lk_event_type_name(record->type));
    (void)snprintf(extra.user[1].value, sizeof(extra.user[1].value), "%llu", (unsigned long long)record->seq);
    int r = lk_uplink_publish(p->uplink, LK_TOPIC_EVT, lk_topic_class(record->type), t.buf, t.len, record->seq, &extra);
    lk_crash_point("publish-after");
    if (r < 0) {
        return false;
    }
    lk_outbox_sent(&p->outbox, now_ms);
    p->sent++;
    return true;
}

/* A bounded number of events; when there is room for more, the loop comes back here at once, after everybody else. */
void lk_postal_pump(struct lk_postal *p)
{
    uint64_t seq = 0, before = p->sent;
    int64_t now_ms = lk_clock_mono_ms(p->clock);
    arm_outbox(p);
    if (!lk_outbox_next(&p->outbox, now_ms, &seq) ||
        lk_store_read_events(p->store, seq - 1, BATCH, publish_record, p) < 0 || p->sent == before) {
        return; /* nothing to do, the queue is full, or the store cannot be read: DELIVERED or the timer goes on */
    }
    arm_outbox(p);
    if (lk_outbox_next(&p->outbox, now_ms, &seq)) {
        event_active(p->outbox_timer, EV_TIMEOUT, 0);
    }
}

void lk_postal_on_outbox_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    lk_postal_pump(user);
}

void lk_postal_replay(struct lk_postal *p, uint64_t from_seq)
{
    if (p) {
        struct lk_ack ack = {.replay = true, .seq = from_seq};
        (void)lk_outbox_ack(&p->outbox, &ack, lk_clock_mono_ms(p->clock));
        lk_log(LK_NOTICE, LK_BLAME_NONE, "a command asks for events from %llu again", (unsigned long long)from_seq);
        lk_postal_pump(p);
    }
}

void lk_postal_look_at_room(struct lk_postal *p)
{
    const struct lk_config_uplink *c = &p->config->uplink;
    enum lk_outbox_level level = lk_outbox_level(p->level, lk_store_last_seq(p->store) - lk_store_acked(p->store),
                                                 c->outbox_most, c->outbox_alarm_percent);
    if (p->engine && (level != p->level || !p->level_told)) {
        struct lk_input in = lk_engine_input(LK_IN_OUTBOX);
        in.outbox = p->level = level;
        p->level_told = true;
        lk_engine_post(p->engine, &in);
    }
}

void lk_postal_take_ack(struct lk_postal *p, const struct lk_uplink_notice *notice)
{
    struct lk_ack ack;
    char why[64] = "longer than 16 KiB";
    if (notice->oversize || lk_ack_parse(notice->payload, notice->len, &ack, why) < 0) {
        lk_log(LK_WARN, LK_BLAME_PEER, "a message on ack is refused: %s", why);
        return;
    }
    if (ack.replay && ack.seq < lk_store_first_seq(p->store)) {
        lk_log(LK_WARN, LK_BLAME_PEER, "upstream asks for event %llu again, but the oldest kept is %llu",
               (unsigned long long)ack.seq, (unsigned long long)lk_store_first_seq(p->store));
        ack.seq = lk_store_first_seq(p->store);
    }
    switch (lk_outbox_ack(&p->outbox, &ack, lk_clock_mono_ms(p->clock))) {
    case LK_ACK_MOVED:
        lk_crash_point("ack-before");
        if (lk_store_set_acked(p->store, p->outbox.acked) < 0) {
            lk_log(LK_WARN, LK_BLAME_DEVICE, "an acknowledgement could not be stored; upstream will get events again");
        }
        lk_crash_point("ack-after");
        lk_postal_look_at_room(p);
        break;
    case LK_ACK_REPLAYING:
        lk_log(LK_NOTICE, LK_BLAME_NONE, "upstream asks for events from %llu again", (unsigned long long)ack.seq);
        break;
    case LK_ACK_FOREIGN_EPOCH:
        lk_log(LK_WARN, LK_BLAME_PEER, "an acknowledgement is about another database (epoch %s)", ack.epoch);
        break;
    case LK_ACK_BEYOND:
        lk_log(LK_WARN, LK_BLAME_PEER, "an acknowledgement names event %llu, which does not exist",
               (unsigned long long)ack.seq);
        break;
    case LK_ACK_OLD:
        break;
    }
}
