#include "panel_driver.h"

#include <errno.h>
#include <stdlib.h>

enum { WRITE_COIL = 0x05, WRITE_REGISTER = 0x06, PDU = 5, NONE = -1 };

struct coil_port {
    struct lk_panel_port base;
    struct lk_fieldbus *fb;
    struct lk_panel_coils coils;
    uint32_t outputs; /* what is to be shown */
    uint32_t known;   /* outputs whose coil is as `proven` says */
    uint32_t proven;
    int asked; /* the output under way, or NONE */
    bool asked_on;
    uint64_t asked_tag;
    int64_t retry_at_ms;   /* after a failure: not before then */
    int64_t refresh_at_ms; /* everything is written anew */
};

static struct coil_port *self_of(struct lk_panel_port *port)
{
    return (struct coil_port *)port;
}

/* The first output that is not proven to be as it should be, or NONE. */
static int next_output(const struct coil_port *self)
{
    uint32_t wrong = (~self->known | (self->outputs ^ self->proven)) & self->base.wired;
    for (int i = LK_PANEL_OUTPUTS - 1; i >= 0; i--) { /* the buzzer first: its time is short */
        if ((wrong & 1U << i) != 0) {
            return i;
        }
    }
    return NONE;
}

/* A beep is a pulse that the board ends by itself where it can: no silence depends on us. */
static bool is_timed(const struct lk_board_profile *p, int output, bool on)
{
    return output == LK_PANEL_BUZZER && on && p->pulse_kind == LK_PULSE_COIL_TIMED && p->pulse_unit_ms > 0;
}

static void put_command(const struct coil_port *self, int output, bool on, uint8_t pdu[PDU])
{
    const struct lk_board_profile *p = self->coils.profile;
    uint16_t address = p->coil_address, value = on ? 0xff00 : 0;
    pdu[0] = p->coil_kind == LK_COIL_REGISTER ? WRITE_REGISTER : WRITE_COIL;
    if (is_timed(p, output, on)) {
        pdu[0] = WRITE_COIL;
        address = p->pulse_address;
        value = (uint16_t)((LK_PANEL_BEEP_MAX_MS + p->pulse_unit_ms - 1) / p->pulse_unit_ms);
    } else if (p->coil_kind == LK_COIL_REGISTER) {
        value = on ? p->coil_on : p->coil_off;
    }
    address = (uint16_t)(address + self->coils.channel[output]);
    pdu[1] = (uint8_t)(address >> 8);
    pdu[2] = (uint8_t)address;
    pdu[3] = (uint8_t)(value >> 8);
    pdu[4] = (uint8_t)value;
}

static void ask(struct coil_port *self, int64_t now_ms)
{
    int output = next_output(self);
    if (self->asked != NONE || output == NONE || now_ms < self->retry_at_ms) {
        return;
    }
    bool on = (self->outputs & 1U << output) != 0;
    struct lk_fb_request request = {
        .tag = (uint64_t)LK_PANEL_TAG << 48 | (++self->asked_tag & 0xffffffff),
        .unit = self->coils.unit,
        .pdu_len = PDU,
        .expect = LK_FB_ECHO,
        .priority = LK_FB_NORMAL,
        .timeout_ms = self->coils.profile->timeout_ms,
    };
    put_command(self, output, on, request.pdu);
    if (lk_fieldbus_submit(self->fb, &request) < 0) {
        self->retry_at_ms = now_ms + LK_PANEL_RETRY_MS;
        return;
    }
    self->asked_tag = request.tag;
    self->asked = output;
    self->asked_on = on;
}

static void show(struct lk_panel_port *port, uint32_t outputs, int64_t now_ms)
{
    self_of(port)->outputs = outputs;
    ask(self_of(port), now_ms);
}

static void failed(struct coil_port *self, int error, int64_t now_ms)
{
    self->known = 0; /* a board that was away may have forgotten everything */
    self->base.error = error;
    self->retry_at_ms = now_ms + LK_PANEL_RETRY_MS;
}

static void completion(struct lk_panel_port *port, const struct lk_fb_completion *done, int64_t now_ms)
{
    struct coil_port *self = self_of(port);
    if (self->asked == NONE || done->tag != self->asked_tag) {
        return;
    }
    uint32_t bit = 1U << self->asked;
    self->base.tried = true;
    self->asked = NONE;
    if (done->status < 0) {
        /* A board in quarantine is silent, and is asked now and then: one state, not two in turn. */
        failed(self, done->status == -EHOSTDOWN ? -ETIMEDOUT : done->status, now_ms);
        return;
    }
    self->base.error = 0;
    self->known |= bit;
    self->proven = self->asked_on ? self->proven | bit : self->proven & ~bit;
    ask(self, now_ms);
}

/* The buzzer's beeps end by themselves: to write them anew would be a new beep. */
static void tick(struct lk_panel_port *port, int64_t now_ms)
{
    struct coil_port *self = self_of(port);
    if (now_ms >= self->refresh_at_ms) {
        self->refresh_at_ms = now_ms + LK_PANEL_REFRESH_MS;
        self->known &= self->proven & 1U << LK_PANEL_BUZZER;
    }
    ask(self, now_ms);
}

static int64_t next_at_ms(const struct lk_panel_port *port)
{
    const struct coil_port *self = (const struct coil_port *)port;
    bool waits = self->asked == NONE && next_output(self) != NONE;
    return waits && self->retry_at_ms < self->refresh_at_ms ? self->retry_at_ms : self->refresh_at_ms;
}

/* After a failure there is nothing to wait for: the end of the daemon does not hang on a lamp. */
static bool settled(const struct lk_panel_port *port)
{
    const struct coil_port *self = (const struct coil_port *)port;
    return self->asked == NONE && (next_output(self) == NONE || self->base.error != 0);
}

static void destroy(struct lk_panel_port *port)
{
    free(port);
}

static const struct lk_panel_port_ops ops = {
    .name = "coils",
    .show = show,
    .tick = tick,
    .next_at_ms = next_at_ms,
    .settled = settled,
    .destroy = destroy,
    .completion = completion,
};

static int check(const struct lk_panel_coils *coils)
{
    for (int i = 0; i < LK_PANEL_OUTPUTS; i++) {
        if (coils->channel[i] >= (int)coils->profile->channels) {
            return -EINVAL;
        }
    }
    return coils->profile->verified || coils->verified ? 0 : -EPERM;
}

int lk_panel_create_coils(const struct lk_panel_coils *coils, struct lk_fieldbus *fb, const struct lk_panel_sink *sink,
                          void *user, struct lk_panel **ret_panel)
{
    int r = check(coils);
    struct coil_port *self = r == 0 ? calloc(1, sizeof(*self)) : NULL;
    if (!self) {
        return r < 0 ? r : -ENOMEM;
    }
    self->base.ops = &ops;
    self->fb = fb;
    self->coils = *coils;
    self->asked = NONE;
    self->retry_at_ms = self->refresh_at_ms = INT64_MIN;
    for (int i = 0; i < LK_PANEL_OUTPUTS; i++) {
        self->base.wired |= coils->channel[i] >= 0 ? 1U << i : 0;
    }
    return lk_panel_create_on(&self->base, sink, user, ret_panel);
}
