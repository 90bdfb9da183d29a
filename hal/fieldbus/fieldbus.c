#include <errno.h>
#include <string.h>

#include "fb_sched.h"

enum { DEFAULT_TIMEOUT_MS = 300, DEFAULT_SLOTS = 64, SPARE_COMMANDS = 64, CHAR_BITS_PLAIN = 10, CHAR_BITS_PARITY = 11 };

enum command_kind { SUBMIT, POLL_SET, POLL_DROP, FOCUS };

struct command {
    enum command_kind kind;
    union {
        struct lk_fb_request request;
        struct lk_fb_poll poll;
        struct {
            uint64_t tag;
            int64_t until_ns;
        } focus;
    } u;
};

static bool timeout_ok(unsigned ms)
{
    return ms == 0 || (ms >= LK_FB_TIMEOUT_MIN_MS && ms <= LK_FB_TIMEOUT_MAX_MS);
}

static bool baud_ok(unsigned baud)
{
    static const unsigned known[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i] == baud) {
            return true;
        }
    }
    return false;
}

static bool text_ok(const char *s, size_t cap)
{
    return s[0] != '\0' && memchr(s, '\0', cap);
}

static bool config_ok(const struct lk_fieldbus_config *c)
{
    if (!memchr(c->name, '\0', sizeof(c->name)) || !timeout_ok(c->timeout_ms) || c->queue_slots > LK_FB_SLOTS_MAX) {
        return false;
    }
    switch (c->transport) {
    case LK_FB_RTU:
        return text_ok(c->device, sizeof(c->device)) && baud_ok(c->baud) && c->parity <= LK_FB_PARITY_ODD;
    case LK_FB_TCP:
        return text_ok(c->host, sizeof(c->host)) && c->port >= 1 && c->port <= UINT16_MAX;
    }
    return false;
}

/* The counters make sure that there is room in the ring: as many one-shots as slots, as many news as polls. */
static bool emit(void *user, const struct lk_fb_completion *completion)
{
    struct lk_fieldbus *fb = user;
    if (completion->is_poll) {
        if (atomic_load(&fb->polls_unreaped) >= LK_FB_POLLS_MAX) {
            return false;
        }
        atomic_fetch_add(&fb->polls_unreaped, 1);
    }
    return lk_ring_push(fb->completions, completion) == 0;
}

static void give_back(void *user)
{
    struct lk_fieldbus *fb = user;
    atomic_fetch_sub(&fb->unreaped, 1);
}

static int make_sched(struct lk_fieldbus *fb)
{
    struct lk_fb_sched_config config = {.slots = fb->config.queue_slots,
                                        .timeout_ms = fb->config.timeout_ms,
                                        .char_ns = lk_fb_wire_ns(&fb->config, 1),
                                        .replies_owed = fb->config.transport == LK_FB_RTU};
    struct lk_fb_sink sink = {emit, give_back, fb};
    return lk_fb_sched_create(&config, &sink, &fb->sched);
}

static int make_rings(struct lk_fieldbus *fb)
{
    unsigned slots = fb->config.queue_slots;
    int r = lk_ring_create(slots + SPARE_COMMANDS, sizeof(struct command), &fb->commands);
    return r ? r : lk_ring_create(slots + LK_FB_POLLS_MAX, sizeof(struct lk_fb_completion), &fb->completions);
}

int lk_fieldbus_init(struct lk_fieldbus *fb, const struct lk_fieldbus_config *config, const struct lk_fieldbus_ops *ops)
{
    if (!config_ok(config)) {
        return -EINVAL;
    }
    *fb = (struct lk_fieldbus){.ops = ops, .config = *config};
    fb->config.timeout_ms = config->timeout_ms ? config->timeout_ms : DEFAULT_TIMEOUT_MS;
    fb->config.queue_slots = config->queue_slots ? config->queue_slots : DEFAULT_SLOTS;
    (void)pthread_mutex_init(&fb->sched_lock, NULL);
    int r = make_rings(fb);
    r = r ? r : make_sched(fb);
    if (r) {
        lk_fieldbus_fini(fb);
    }
    return r;
}

void lk_fieldbus_fini(struct lk_fieldbus *fb)
{
    fb->sched = lk_fb_sched_destroy(fb->sched);
    fb->commands = lk_ring_destroy(fb->commands);
    fb->completions = lk_ring_destroy(fb->completions);
    (void)pthread_mutex_destroy(&fb->sched_lock);
}

int lk_fieldbus_start(struct lk_fieldbus *fb)
{
    if (atomic_load(&fb->accepting)) {
        return -EALREADY;
    }
    int r = fb->ops->start(fb);
    if (r == 0) {
        atomic_store(&fb->accepting, true);
    }
    return r;
}

void lk_fieldbus_stop(struct lk_fieldbus *fb)
{
    if (atomic_exchange(&fb->accepting, false)) {
        fb->ops->stop(fb);
    }
}

struct lk_fieldbus *lk_fieldbus_destroy(struct lk_fieldbus *fb)
{
    if (fb) {
        lk_fieldbus_stop(fb);
        fb->ops->destroy(fb);
    }
    return NULL;
}

const char *lk_fieldbus_name(const struct lk_fieldbus *fb)
{
    return fb->config.name;
}

int lk_fieldbus_fd(const struct lk_fieldbus *fb)
{
    return lk_ring_fd(fb->completions);
}

static bool pdu_ok(uint8_t pdu_len)
{
    return pdu_len >= 1 && pdu_len <= LK_FB_PDU_MAX;
}

static bool unit_ok(uint8_t unit)
{
    return unit >= 1 && unit <= LK_FB_UNIT_MAX;
}

static bool then_ok(const struct lk_fb_request *r)
{
    return r->then_pdu_len == 0 || (r->then_pdu_len <= LK_FB_THEN_MAX && r->then_after_ms >= LK_FB_THEN_AFTER_MIN_MS &&
                                    r->then_after_ms <= LK_FB_THEN_AFTER_MAX_MS);
}

static bool broadcast_ok(const struct lk_fieldbus *fb, const struct lk_fb_request *r)
{
    return r->unit == 0 && fb->config.transport == LK_FB_RTU && r->priority == LK_FB_PROBE && r->expect != LK_FB_HEAD &&
           r->then_pdu_len == 0;
}

static bool request_ok(const struct lk_fieldbus *fb, const struct lk_fb_request *r)
{
    bool read_ok = r->expect != LK_FB_READ || (r->read_bytes >= 1 && r->read_bytes <= LK_FB_DATA_MAX);
    return (unit_ok(r->unit) || broadcast_ok(fb, r)) && pdu_ok(r->pdu_len) && read_ok && timeout_ok(r->timeout_ms) &&
           r->priority <= LK_FB_NORMAL && r->expect <= LK_FB_READ && then_ok(r) && r->listen_ms <= LK_FB_LISTEN_MAX_MS;
}

int lk_fieldbus_submit(struct lk_fieldbus *fb, const struct lk_fb_request *request)
{
    if (!atomic_load(&fb->accepting)) {
        return -ESHUTDOWN;
    }
    if (!request_ok(fb, request)) {
        return -EINVAL;
    }
    unsigned completions = request->then_pdu_len > 0 ? 2 : 1;
    if (atomic_load(&fb->unreaped) + completions > fb->config.queue_slots) {
        return -EAGAIN;
    }
    struct command command = {.kind = SUBMIT, .u.request = *request};
    atomic_fetch_add(&fb->unreaped, completions);
    int r = lk_ring_push(fb->commands, &command);
    if (r) {
        atomic_fetch_sub(&fb->unreaped, completions);
    }
    return r;
}

bool lk_fieldbus_reap(struct lk_fieldbus *fb, struct lk_fb_completion *ret_completion)
{
    bool some = lk_ring_pop(fb->completions, ret_completion);
    if (!some) {
        /* Empty: reset the wake-up, then look once more for what came in between. */
        lk_ring_clear(fb->completions);
        some = lk_ring_pop(fb->completions, ret_completion);
    }
    if (some) {
        atomic_fetch_sub(ret_completion->is_poll ? &fb->polls_unreaped : &fb->unreaped, 1);
    }
    return some;
}

static unsigned poll_index(const struct lk_fieldbus *fb, uint64_t tag)
{
    unsigned i = 0;
    while (i < fb->polls && fb->poll_tags[i] != tag) {
        i++;
    }
    return i;
}

int lk_fieldbus_poll_set(struct lk_fieldbus *fb, const struct lk_fb_poll *poll)
{
    if (!unit_ok(poll->unit) || !pdu_ok(poll->pdu_len) || poll->read_bytes < 1 || poll->read_bytes > LK_FB_DATA_MAX ||
        !timeout_ok(poll->timeout_ms)) {
        return -EINVAL;
    }
    unsigned i = poll_index(fb, poll->tag);
    if (i == LK_FB_POLLS_MAX) {
        return -ENOSPC;
    }
    struct command command = {.kind = POLL_SET, .u.poll = *poll};
    int r = lk_ring_push(fb->commands, &command);
    if (r == 0) {
        fb->poll_tags[i] = poll->tag;
        fb->polls = i < fb->polls ? fb->polls : i + 1;
    }
    return r;
}

int lk_fieldbus_poll_drop(struct lk_fieldbus *fb, uint64_t tag)
{
    unsigned i = poll_index(fb, tag);
    if (i == fb->polls) {
        return 0;
    }
    struct command command = {.kind = POLL_DROP, .u.focus.tag = tag};
    int r = lk_ring_push(fb->commands, &command);
    if (r == 0) {
        fb->poll_tags[i] = fb->poll_tags[--fb->polls];
    }
    return r;
}

int lk_fieldbus_focus(struct lk_fieldbus *fb, uint64_t tag, int64_t until_ms)
{
    struct command command = {.kind = FOCUS, .u.focus = {tag, until_ms * 1000000}};
    return lk_ring_push(fb->commands, &command);
}

bool lk_fieldbus_up(const struct lk_fieldbus *fb)
{
    return atomic_load(&fb->up);
}

int lk_fieldbus_stats(struct lk_fieldbus *fb, uint8_t unit, struct lk_fb_stats *ret_stats)
{
    pthread_mutex_lock(&fb->sched_lock);
    int r = lk_fb_sched_stats(fb->sched, unit, ret_stats);
    pthread_mutex_unlock(&fb->sched_lock);
    return r;
}

static void obey(struct lk_fb_sched *s, const struct command *command, int64_t now_ns)
{
    switch (command->kind) {
    case SUBMIT:
        lk_fb_sched_submit(s, &command->u.request, now_ns);
        break;
    case POLL_SET:
        lk_fb_sched_poll_set(s, &command->u.poll, now_ns);
        break;
    case POLL_DROP:
        lk_fb_sched_poll_drop(s, command->u.focus.tag);
        break;
    case FOCUS:
        lk_fb_sched_focus(s, command->u.focus.tag, command->u.focus.until_ns);
        break;
    }
}

void lk_fb_take_commands(struct lk_fieldbus *fb, int64_t now_ns)
{
    struct command command;
    lk_ring_clear(fb->commands);
    pthread_mutex_lock(&fb->sched_lock);
    while (lk_ring_pop(fb->commands, &command)) {
        obey(fb->sched, &command, now_ns);
    }
    pthread_mutex_unlock(&fb->sched_lock);
}

bool lk_fb_next(struct lk_fieldbus *fb, int64_t now_ns, struct lk_fb_job *ret_job, int64_t *ret_at_ns)
{
    pthread_mutex_lock(&fb->sched_lock);
    bool some = lk_fb_sched_next(fb->sched, now_ns, ret_job, ret_at_ns);
    pthread_mutex_unlock(&fb->sched_lock);
    return some;
}

enum lk_fb_verdict lk_fb_judge(struct lk_fieldbus *fb, const struct lk_fb_job *job, uint8_t unit, const uint8_t *pdu,
                               size_t n, struct lk_fb_outcome *outcome, int64_t now_ns)
{
    pthread_mutex_lock(&fb->sched_lock);
    enum lk_fb_verdict v = lk_fb_sched_judge(fb->sched, job, unit, pdu, n, outcome, now_ns);
    pthread_mutex_unlock(&fb->sched_lock);
    return v;
}

void lk_fb_done(struct lk_fieldbus *fb, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome)
{
    pthread_mutex_lock(&fb->sched_lock);
    lk_fb_sched_done(fb->sched, job, outcome);
    pthread_mutex_unlock(&fb->sched_lock);
}

bool lk_fb_stray(struct lk_fieldbus *fb, uint8_t unit, const uint8_t *pdu, size_t n, int64_t now_ns)
{
    pthread_mutex_lock(&fb->sched_lock);
    bool stray = lk_fb_sched_stray(fb->sched, unit, pdu, n, now_ns);
    pthread_mutex_unlock(&fb->sched_lock);
    return stray;
}

void lk_fb_free(struct lk_fieldbus *fb, const struct lk_fb_job *job, int64_t begun_ns, int64_t free_ns)
{
    pthread_mutex_lock(&fb->sched_lock);
    lk_fb_sched_free(fb->sched, job->request.unit, begun_ns, free_ns);
    pthread_mutex_unlock(&fb->sched_lock);
}

bool lk_fb_last(struct lk_fieldbus *fb, int64_t now_ns, struct lk_fb_job *ret_job)
{
    pthread_mutex_lock(&fb->sched_lock);
    bool some = lk_fb_sched_last(fb->sched, now_ns, ret_job);
    pthread_mutex_unlock(&fb->sched_lock);
    return some;
}

bool lk_fb_follows(struct lk_fieldbus *fb)
{
    pthread_mutex_lock(&fb->sched_lock);
    bool some = lk_fb_sched_follows(fb->sched);
    pthread_mutex_unlock(&fb->sched_lock);
    return some;
}

void lk_fb_paced(struct lk_fieldbus *fb, bool paced)
{
    pthread_mutex_lock(&fb->sched_lock);
    lk_fb_sched_paced(fb->sched, paced);
    pthread_mutex_unlock(&fb->sched_lock);
}

void lk_fb_line(struct lk_fieldbus *fb, bool up, int64_t now_ns)
{
    atomic_store(&fb->up, up);
    pthread_mutex_lock(&fb->sched_lock);
    lk_fb_sched_line(fb->sched, up, now_ns);
    pthread_mutex_unlock(&fb->sched_lock);
}

void lk_fb_cancel_all(struct lk_fieldbus *fb, int64_t now_ns)
{
    lk_fb_take_commands(fb, now_ns);
    atomic_store(&fb->up, false);
    pthread_mutex_lock(&fb->sched_lock);
    lk_fb_sched_cancel_all(fb->sched, now_ns);
    pthread_mutex_unlock(&fb->sched_lock);
}

int64_t lk_fb_wire_ns(const struct lk_fieldbus_config *config, size_t n)
{
    if (config->transport == LK_FB_TCP) {
        return 0;
    }
    int64_t bits = config->parity == LK_FB_PARITY_NONE ? CHAR_BITS_PLAIN : CHAR_BITS_PARITY;
    return (int64_t)n * bits * 1000000000 / config->baud;
}

int64_t lk_fb_gap_ns(const struct lk_fieldbus_config *config)
{
    enum { FIXED_ABOVE_BAUD = 19200, FIXED_NS = 1750000 };
    if (config->transport == LK_FB_TCP) {
        return 0;
    }
    return config->baud > FIXED_ABOVE_BAUD ? FIXED_NS : lk_fb_wire_ns(config, 7) / 2;
}
