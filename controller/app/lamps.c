#include "lamps.h"

#include "app.h"
#include "base/log.h"
#include "drivers/panel.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)LK_CONFIG_PANEL_OUTPUTS == (int)LK_PANEL_OUTPUTS, "the configuration names every output");

/* What the panel was last told about. */
struct seen {
    enum lk_screen screen;
    enum lk_reason reason;
    unsigned tries_left;
    bool left_open, alarm;
};

struct lk_lamps {
    struct lk_app *app;
    struct lk_panel *panel;
    struct event *timer, *readable;
    int fd; /* watched now, or -1 */
    struct seen seen;
};

static int64_t now_of(const struct lk_lamps *lamps)
{
    return lk_engine_now_ms(lamps->app->engine);
}

/* --- the loop
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void on_panel(evutil_socket_t fd, short what, void *user);

static void watch(struct lk_lamps *lamps)
{
    int fd = lk_panel_fd(lamps->panel);
    if (fd == lamps->fd) {
        return;
    }
    if (lamps->readable) {
        event_free(lamps->readable);
        lamps->readable = NULL;
    }
    lamps->fd = fd;
    if (fd >= 0) {
        lamps->readable = event_new(lamps->app->base, fd, EV_READ | EV_PERSIST, on_panel, lamps);
        (void)(lamps->readable ? event_add(lamps->readable, NULL) : 0); /* it has nothing to say that we must know */
    }
}

static void arm(struct lk_lamps *lamps)
{
    int64_t at_ms = lk_panel_next_at_ms(lamps->panel), now_ms = now_of(lamps);
    watch(lamps);
    if (at_ms == INT64_MAX) {
        (void)event_del(lamps->timer);
        return;
    }
    int64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : 1;
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(lamps->timer, &tv);
}

static void on_panel(evutil_socket_t fd, short what, void *user)
{
    struct lk_lamps *lamps = user;
    (void)fd;
    if (what & EV_READ) {
        lk_panel_ready(lamps->panel, now_of(lamps));
    } else {
        lk_panel_tick(lamps->panel, now_of(lamps));
    }
    arm(lamps);
}

/* --- what is said
 * ----------------------------------------------------------------------------------------------------------------- */

static bool is_good_news(enum lk_reason reason)
{
    return reason == LK_REASON_NONE || reason == LK_REASON_SIGNED_OUT || reason == LK_REASON_CANCELLED_BY_PERSON ||
           reason == LK_REASON_TIMED_OUT || reason == LK_REASON_REJECTED || reason == LK_REASON_DISPUTED ||
           reason == LK_REASON_EXTENDED || reason == LK_REASON_RECEIVED || reason == LK_REASON_HANDED_OVER ||
           reason == LK_REASON_SENT_BY_POST;
}

static enum lk_panel_sound sound_of(const struct lk_view *view)
{
    switch (view->screen) {
    case LK_SCREEN_TAKE:
    case LK_SCREEN_DROP_PUT:
    case LK_SCREEN_RECALL_TAKE:
        return LK_PANEL_OK;
    case LK_SCREEN_PUT: /* the second scan read another item */
        return view->reason == LK_REASON_MISLOAD ? LK_PANEL_REFUSED : LK_PANEL_OK;
    case LK_SCREEN_SECOND: /* these stay when something wrong was typed or scanned */
    case LK_SCREEN_DROP_CASE:
    case LK_SCREEN_WAYBILL:
    case LK_SCREEN_HAND_OVER:
        return view->reason == LK_REASON_NONE ? LK_PANEL_SILENCE : LK_PANEL_REFUSED;
    case LK_SCREEN_NOTICE:
        return is_good_news(view->reason) ? LK_PANEL_SILENCE : LK_PANEL_REFUSED;
    case LK_SCREEN_JAM:
    case LK_SCREEN_PUT_JAM:
    case LK_SCREEN_RECALL_JAM:
    case LK_SCREEN_PUT_BACK:
    case LK_SCREEN_CHECK:
    case LK_SCREEN_DROP_JAM:
    case LK_SCREEN_DROP_BACK:
        return LK_PANEL_REFUSED;
    case LK_SCREEN_HOME:
    case LK_SCREEN_OPENING:
    case LK_SCREEN_TAKEN:
    case LK_SCREEN_STAFF_MENU:
    case LK_SCREEN_SCAN:
    case LK_SCREEN_SIZE:
    case LK_SCREEN_PUT_OPENING:
    case LK_SCREEN_PLACED:
    case LK_SCREEN_RECALL_LIST:
    case LK_SCREEN_RECALL_OPENING:
    case LK_SCREEN_RECALL_TAKEN:
    case LK_SCREEN_REFUSE_ASK:
    case LK_SCREEN_GIVE_BACK:
    case LK_SCREEN_EXTEND:
    case LK_SCREEN_DROP_SIZE:
    case LK_SCREEN_DROP_OPENING:
    case LK_SCREEN_DROP_PLACED:
    case LK_SCREEN_ASK:
    case LK_SCREEN_WINDOW:
    case LK_SCREEN_WINDOW_ITEM:
    case LK_SCREEN_RECEIPT:
    case LK_SCREENS:
        break;
    }
    return LK_PANEL_SILENCE;
}

/* A door was forced, or a wrong one opened: its bank is stopped until staff resume it. */
static bool is_alarm(const struct lk_core_config *cfg, const struct lk_core *core)
{
    bool alarm = false;
    for (int i = 0; i < cfg->banks; i++) {
        alarm = alarm || core->bank[i].stopped_by_us;
    }
    for (int i = 0; i < cfg->doors; i++) {
        alarm = alarm || core->door[i].state == LK_DOOR_FORCED;
    }
    return alarm;
}

static bool is_part_away(const struct lk_core_config *cfg, const struct lk_core *core)
{
    bool away = false;
    for (int i = 0; i < cfg->banks; i++) {
        away = away || core->bank[i].state != LK_BANK_READY;
    }
    return away;
}

static enum lk_panel_mood mood_of(const struct lk_lamps *lamps, const struct lk_view *view, const struct seen *now)
{
    const struct lk_core_config *cfg = lk_engine_core_config(lamps->app->engine);
    if (view->out_of_service) {
        return LK_PANEL_OUT_OF_ORDER;
    }
    bool look = now->left_open || now->alarm || is_part_away(cfg, lk_engine_core(lamps->app->engine)) ||
                lk_engine_stalled(lamps->app->engine);
    return look ? LK_PANEL_ATTENTION : LK_PANEL_READY;
}

/* A state that lasts is heard when it begins, and not any more when it ends. */
static void follow(struct lk_lamps *lamps, bool was, bool is, enum lk_panel_sound sound)
{
    if (is && !was) {
        lk_panel_sound(lamps->panel, sound, now_of(lamps));
    } else if (was && !is) {
        lk_panel_hush(lamps->panel, sound, now_of(lamps));
    }
}

void lk_lamps_show(struct lk_lamps *lamps, const struct lk_view *view)
{
    if (!lamps) {
        return;
    }
    struct seen was = lamps->seen;
    struct seen now = {
        .screen = view->screen,
        .reason = view->reason,
        .tries_left = view->tries_left,
        .left_open = view->open_door[0] != '\0',
        .alarm = is_alarm(lk_engine_core_config(lamps->app->engine), lk_engine_core(lamps->app->engine)),
    };
    lamps->seen = now;
    lk_panel_mood(lamps->panel, mood_of(lamps, view, &now), now_of(lamps));
    if (now.screen != was.screen || now.reason != was.reason || now.tries_left != was.tries_left) {
        lk_panel_sound(lamps->panel, sound_of(view), now_of(lamps));
    }
    follow(lamps, was.left_open, now.left_open, LK_PANEL_LEFT_OPEN);
    follow(lamps, was.alarm, now.alarm, LK_PANEL_ALARM);
    arm(lamps);
}

int lk_lamps_test(struct lk_lamps *lamps)
{
    if (!lamps) {
        return -ENOENT;
    }
    int error = lk_panel_error(lamps->panel);
    if (error < 0) {
        return error;
    }
    lk_panel_test(lamps->panel, now_of(lamps));
    arm(lamps);
    return 0;
}

static void on_state(void *user, int error, int64_t now_ms)
{
    struct lk_lamps *lamps = user;
    (void)now_ms;
    if (error == 0) {
        lk_log(LK_NOTICE, LK_BLAME_NONE, "panel: there");
        return;
    }
    const char *complaint = lk_panel_complaint(lamps->panel);
    lk_log(LK_WARN, LK_BLAME_DEVICE, "panel: %s; trying again, doors work without it",
           complaint[0] != '\0' ? complaint : strerror(-error));
}

/* --- making it
 * ---------------------------------------------------------------------------------------------------------------------
 */

static const struct lk_panel_sink sink = {.state = on_state};

static int make_on_gpio(struct lk_lamps *lamps)
{
    const struct lk_config_panel *from = &lamps->app->config->panel;
    struct lk_gpio_config config = {.consumer = "lockerd panel"};
    struct lk_gpio *gpio = NULL;
    int line[LK_PANEL_OUTPUTS];
    (void)lk_text_copy(config.chip, sizeof(config.chip), from->chip);
    for (int i = 0; i < LK_PANEL_OUTPUTS; i++) {
        line[i] = -1;
        if (from->output[i][0] != '\0') {
            struct lk_gpio_line *to = &config.lines[config.lines_n];
            (void)lk_text_copy(to->name, sizeof(to->name), from->output[i]);
            to->direction = LK_GPIO_OUT;
            to->active_low = from->active == LK_CONFIG_LOW;
            line[i] = (int)config.lines_n++;
        }
    }
    int r = lamps->app->backends.gpio ? lamps->app->backends.gpio(&config, &gpio) : -EOPNOTSUPP;
    return r < 0 ? r : lk_panel_create_gpio(gpio, line, &sink, lamps, &lamps->panel);
}

static int make_on_coils(struct lk_lamps *lamps)
{
    const struct lk_config_panel *from = &lamps->app->config->panel;
    struct lk_panel_coils coils = {
        .unit = (uint8_t)from->unit,
        .profile = lk_board_profile_find(from->profile),
        .verified = from->verified,
    };
    memcpy(coils.channel, from->channel, sizeof(coils.channel));
    return lk_panel_create_coils(&coils, lk_cabinet_fieldbus(lamps->app->cabinet, from->fieldbus_index), &sink, lamps,
                                 &lamps->panel);
}

static void on_completion(void *user, const struct lk_fb_completion *done)
{
    lk_lamps_completion(user, done);
}

int lk_lamps_create(struct lk_app *app, struct lk_lamps **ret_lamps, struct lk_text *why)
{
    bool coils = app->config->panel.kind == LK_CONFIG_PANEL_COILS;
    if (!app->config->panel.present) {
        return 0;
    }
    struct lk_lamps *lamps = calloc(1, sizeof(*lamps));
    int r = lamps ? 0 : -ENOMEM;
    if (lamps) {
        *lamps = (struct lk_lamps){.app = app, .fd = -1, .timer = event_new(app->base, -1, 0, on_panel, lamps)};
        r = !lamps->timer ? -ENOMEM : coils ? make_on_coils(lamps) : make_on_gpio(lamps);
    }
    if (r < 0) {
        lk_text_addf(why, "the panel cannot be set up: %s",
                     r == -EPERM ? "its board is unverified; panel.verified = yes after a try on the bench"
                                 : strerror(-r));
        (void)lk_lamps_destroy(lamps);
        return r;
    }
    if (coils) {
        lk_cabinet_set_other(app->cabinet, on_completion, lamps);
    }
    lk_panel_mood(lamps->panel, LK_PANEL_OUT_OF_ORDER, now_of(lamps)); /* until a board has answered */
    lk_panel_tick(lamps->panel, now_of(lamps));
    arm(lamps);
    *ret_lamps = lamps;
    return 0;
}

struct lk_lamps *lk_lamps_destroy(struct lk_lamps *lamps)
{
    if (!lamps) {
        return NULL;
    }
    lk_cabinet_set_other(lamps->app->cabinet, NULL, NULL);
    if (lamps->readable) {
        event_free(lamps->readable);
    }
    if (lamps->timer) {
        event_free(lamps->timer);
    }
    lamps->panel = lk_panel_destroy(lamps->panel);
    free(lamps);
    return NULL;
}

void lk_lamps_completion(struct lk_lamps *lamps, const struct lk_fb_completion *done)
{
    if (lamps && lk_lockbank_tag_bank(done->tag) == LK_PANEL_TAG) {
        lk_panel_completion(lamps->panel, done, now_of(lamps));
        arm(lamps);
    }
}

void lk_lamps_stop(struct lk_lamps *lamps)
{
    if (lamps) {
        lk_panel_stop(lamps->panel, now_of(lamps));
        arm(lamps);
    }
}

bool lk_lamps_stopped(const struct lk_lamps *lamps)
{
    return !lamps || lk_panel_stopped(lamps->panel);
}

bool lk_lamps_state(const struct lk_lamps *lamps, struct lk_readers_state *ret_state)
{
    if (!lamps) {
        return false;
    }
    int error = lk_panel_error(lamps->panel);
    const char *complaint = lk_panel_complaint(lamps->panel);
    const struct lk_config_panel *config = &lamps->app->config->panel;
    *ret_state = (struct lk_readers_state){
        .name = "panel",
        .device = config->kind == LK_CONFIG_PANEL_GPIO ? config->chip : config->fieldbus,
        .error = error,
        .detail = error == 0             ? "there"
                  : complaint[0] != '\0' ? complaint
                                         : strerror(-error),
    };
    return true;
}
