#include "drivers/panel.h"

#include <errno.h>
#include <stdlib.h>

#include "panel_driver.h"
#include "plug.h"

struct lk_panel {
    struct lk_panel_port *port;
    const struct lk_panel_sink *sink;
    void *user;
    struct lk_plug plug; /* only what was told */
    enum lk_panel_mood mood;
    enum lk_panel_sound sound;
    int64_t mood_at_ms, sound_at_ms, test_at_ms;
    int64_t noise_ms, noise_at_ms; /* how much noise is still allowed, as of then */
    int64_t refreshed_at_ms;       /* shown is as of then */
    uint32_t shown;
    bool stopping;
};

/* --- the tables
 * -------------------------------------------------------------------------------------------------------------- */

/* on_ms of 0: dark. off_ms of 0: steady. */
struct blink {
    int on_ms, off_ms;
};

static const struct blink lamps[LK_PANEL_MOODS][LK_PANEL_BUZZER] = {
    [LK_PANEL_READY] = {[LK_PANEL_LAMP_READY] = {1, 0}},
    [LK_PANEL_ATTENTION] = {[LK_PANEL_LAMP_READY] = {1, 0}, [LK_PANEL_LAMP_ATTENTION] = {1000, 1000}},
    [LK_PANEL_OUT_OF_ORDER] = {[LK_PANEL_LAMP_OUT_OF_ORDER] = {1, 0}},
};

/* beeps of on_ms and off_ms, then a pause, all that so many rounds. */
struct melody {
    int on_ms, off_ms, beeps, pause_ms, rounds;
};

static const struct melody melodies[LK_PANEL_SOUNDS] = {
    [LK_PANEL_OK] = {150, 50, 1, 0, 1},
    [LK_PANEL_REFUSED] = {400, 200, 2, 0, 1},
    [LK_PANEL_LEFT_OPEN] = {200, 200, 3, 7800, 7},
    [LK_PANEL_ALARM] = {500, 300, 3, 1600, 15},
};

/* A lamp test: every lamp for a while, the buzzer for a moment of it. */
enum { TEST_MS = LK_PANEL_TEST_MS, TEST_BEEP_MS = 400 };

/* --- what is on
 * -------------------------------------------------------------------------------------------------------------- */

static bool blinks_on(const struct blink *b, int64_t t_ms)
{
    return b->on_ms > 0 && (b->off_ms == 0 || t_ms % (b->on_ms + b->off_ms) < b->on_ms);
}

static int64_t blink_left_ms(const struct blink *b, int64_t t_ms)
{
    if (b->on_ms == 0 || b->off_ms == 0) {
        return INT64_MAX;
    }
    int64_t at_ms = t_ms % (b->on_ms + b->off_ms);
    return at_ms < b->on_ms ? b->on_ms - at_ms : b->on_ms + b->off_ms - at_ms;
}

static int64_t round_ms(const struct melody *m)
{
    return (int64_t)m->beeps * (m->on_ms + m->off_ms) + m->pause_ms;
}

static bool is_over(const struct melody *m, int64_t t_ms)
{
    return t_ms >= round_ms(m) * m->rounds;
}

static bool beeps(const struct melody *m, int64_t t_ms)
{
    int64_t at_ms = is_over(m, t_ms) ? INT64_MAX : t_ms % round_ms(m);
    return at_ms < (int64_t)m->beeps * (m->on_ms + m->off_ms) && at_ms % (m->on_ms + m->off_ms) < m->on_ms;
}

static int64_t melody_left_ms(const struct melody *m, int64_t t_ms)
{
    if (is_over(m, t_ms)) {
        return INT64_MAX;
    }
    int64_t at_ms = t_ms % round_ms(m), beat_ms = m->on_ms + m->off_ms;
    if (at_ms >= m->beeps * beat_ms) {
        return round_ms(m) - at_ms;
    }
    int64_t in_beat_ms = at_ms % beat_ms;
    return in_beat_ms < m->on_ms ? m->on_ms - in_beat_ms : beat_ms - in_beat_ms;
}

static bool is_noisy(const struct lk_panel *panel)
{
    return (panel->shown & 1U << LK_PANEL_BUZZER) != 0;
}

/* Noise spends, silence gives back. */
static void keep_books(struct lk_panel *panel, int64_t now_ms)
{
    int64_t passed_ms = now_ms - panel->noise_at_ms;
    if (is_noisy(panel)) {
        panel->noise_ms -= passed_ms;
        panel->noise_at_ms = now_ms;
    } else if (passed_ms >= LK_PANEL_DUTY_SHARE) {
        panel->noise_ms += passed_ms / LK_PANEL_DUTY_SHARE;
        panel->noise_at_ms += passed_ms / LK_PANEL_DUTY_SHARE * LK_PANEL_DUTY_SHARE;
    }
    panel->noise_ms = panel->noise_ms < LK_PANEL_DUTY_MS ? panel->noise_ms : LK_PANEL_DUTY_MS;
}

static int64_t test_left_ms(const struct lk_panel *panel, int64_t now_ms)
{
    int64_t t_ms = now_ms - panel->test_at_ms;
    return t_ms < 0 || t_ms >= TEST_MS ? INT64_MAX : t_ms < TEST_BEEP_MS ? TEST_BEEP_MS - t_ms : TEST_MS - t_ms;
}

static uint32_t wanted(struct lk_panel *panel, int64_t now_ms)
{
    uint32_t on = 0;
    if (panel->stopping) {
        return 0;
    }
    if (test_left_ms(panel, now_ms) != INT64_MAX) {
        bool beep = now_ms - panel->test_at_ms < TEST_BEEP_MS && panel->noise_ms > 0;
        return panel->port->wired & ~(beep ? 0U : 1U << LK_PANEL_BUZZER);
    }
    for (int lamp = 0; lamp < LK_PANEL_BUZZER; lamp++) {
        on |= blinks_on(&lamps[panel->mood][lamp], now_ms - panel->mood_at_ms) ? 1U << lamp : 0;
    }
    const struct melody *m = &melodies[panel->sound];
    if (panel->sound != LK_PANEL_SILENCE && is_over(m, now_ms - panel->sound_at_ms)) {
        panel->sound = LK_PANEL_SILENCE;
    } else if (panel->sound != LK_PANEL_SILENCE && panel->noise_ms > 0 && beeps(m, now_ms - panel->sound_at_ms)) {
        on |= 1U << LK_PANEL_BUZZER;
    }
    return on & panel->port->wired;
}

static void tell(struct lk_panel *panel, int64_t now_ms)
{
    if (panel->port->tried && lk_plug_set(&panel->plug, panel->port->error, 0)) {
        panel->sink->state(panel->user, panel->port->error, now_ms);
    }
}

static void refresh(struct lk_panel *panel, int64_t now_ms)
{
    keep_books(panel, now_ms);
    panel->refreshed_at_ms = now_ms;
    uint32_t on = wanted(panel, now_ms);
    if (on != panel->shown) {
        panel->shown = on;
        panel->noise_at_ms = now_ms;
        panel->port->ops->show(panel->port, on, now_ms);
    }
}

/* --- the caller's calls
 * ------------------------------------------------------------------------------------------------------ */

int lk_panel_create_on(struct lk_panel_port *port, const struct lk_panel_sink *sink, void *user,
                       struct lk_panel **ret_panel)
{
    struct lk_panel *panel = port->wired ? calloc(1, sizeof(*panel)) : NULL;
    if (!panel) {
        int r = port->wired ? -ENOMEM : -EINVAL;
        port->ops->destroy(port);
        return r;
    }
    port->error = -ENODEV;
    panel->port = port;
    panel->sink = sink;
    panel->user = user;
    panel->noise_ms = LK_PANEL_DUTY_MS;
    panel->test_at_ms = INT64_MIN / 2;
    lk_plug_init(&panel->plug);
    *ret_panel = panel;
    return 0;
}

struct lk_panel *lk_panel_destroy(struct lk_panel *panel)
{
    if (panel) {
        panel->port->ops->destroy(panel->port);
        free(panel);
    }
    return NULL;
}

void lk_panel_mood(struct lk_panel *panel, enum lk_panel_mood mood, int64_t now_ms)
{
    if (mood != panel->mood) {
        panel->mood = mood;
        panel->mood_at_ms = now_ms;
    }
    refresh(panel, now_ms);
}

void lk_panel_sound(struct lk_panel *panel, enum lk_panel_sound sound, int64_t now_ms)
{
    refresh(panel, now_ms); /* what is over is no competitor */
    if (sound > panel->sound || (sound == panel->sound && sound < LK_PANEL_LEFT_OPEN)) {
        panel->sound = sound;
        panel->sound_at_ms = now_ms;
        refresh(panel, now_ms);
    }
}

void lk_panel_hush(struct lk_panel *panel, enum lk_panel_sound sound, int64_t now_ms)
{
    if (panel->sound == sound) {
        panel->sound = LK_PANEL_SILENCE;
        refresh(panel, now_ms);
    }
}

void lk_panel_test(struct lk_panel *panel, int64_t now_ms)
{
    panel->test_at_ms = now_ms;
    refresh(panel, now_ms);
}

void lk_panel_stop(struct lk_panel *panel, int64_t now_ms)
{
    panel->stopping = true;
    refresh(panel, now_ms);
}

bool lk_panel_stopped(const struct lk_panel *panel)
{
    return panel->stopping && panel->port->ops->settled(panel->port);
}

void lk_panel_tick(struct lk_panel *panel, int64_t now_ms)
{
    refresh(panel, now_ms);
    panel->port->ops->tick(panel->port, now_ms);
    tell(panel, now_ms);
}

void lk_panel_ready(struct lk_panel *panel, int64_t now_ms)
{
    if (panel->port->ops->ready) {
        panel->port->ops->ready(panel->port, now_ms);
        tell(panel, now_ms);
    }
}

void lk_panel_completion(struct lk_panel *panel, const struct lk_fb_completion *completion, int64_t now_ms)
{
    if (panel->port->ops->completion) {
        panel->port->ops->completion(panel->port, completion, now_ms);
        tell(panel, now_ms);
    }
}

static int64_t sooner(int64_t at_ms, int64_t from_ms, int64_t left_ms)
{
    return left_ms != INT64_MAX && from_ms + left_ms < at_ms ? from_ms + left_ms : at_ms;
}

int64_t lk_panel_next_at_ms(const struct lk_panel *panel)
{
    int64_t at_ms = panel->port->ops->next_at_ms(panel->port);
    if (panel->stopping) {
        return at_ms;
    }
    int64_t now_ms = panel->refreshed_at_ms;
    for (int lamp = 0; lamp < LK_PANEL_BUZZER; lamp++) {
        at_ms = sooner(at_ms, now_ms, blink_left_ms(&lamps[panel->mood][lamp], now_ms - panel->mood_at_ms));
    }
    at_ms = sooner(at_ms, now_ms, test_left_ms(panel, now_ms));
    if (panel->sound != LK_PANEL_SILENCE) {
        at_ms = sooner(at_ms, now_ms, melody_left_ms(&melodies[panel->sound], now_ms - panel->sound_at_ms));
    }
    return is_noisy(panel) ? sooner(at_ms, panel->noise_at_ms, panel->noise_ms) : at_ms;
}

int lk_panel_fd(const struct lk_panel *panel)
{
    return panel->port->ops->fd ? panel->port->ops->fd(panel->port) : -1;
}

int lk_panel_error(const struct lk_panel *panel)
{
    return panel->port->error;
}

const char *lk_panel_complaint(const struct lk_panel *panel)
{
    return panel->port->ops->complaint ? panel->port->ops->complaint(panel->port) : "";
}

uint32_t lk_panel_shown(const struct lk_panel *panel)
{
    return panel->shown;
}
