#include "readers.h"

#include "app.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "drivers/card.h"
#include "drivers/keypad.h"
#include "drivers/scanner.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum kind { SCANNER, KEYPAD, CARD };
enum { STATIONS = 3 };

/* One reader on the loop. */
struct station {
    struct lk_readers *readers;
    enum kind kind;
    bool present;
    int fd; /* watched now, or -1 */
    struct event *readable, *timer;
    unsigned reads;
};

struct lk_readers {
    struct lk_app *app;
    struct lk_scanner *scanner;
    struct lk_keypad *keypad;
    struct lk_card *card;
    bool takes_digits;  /* the screen is one where a keypad's digits mean something */
    bool can_go_home;   /* or one that a first digit may leave */
    bool went_home;     /* which it just did: it is the first of what comes now */
    bool scan_wanted;   /* or one where a scan is taken */
    bool busy;          /* inside a driver: it must not be called again from its own news */
    enum lk_screen now; /* what the digits are for; HOME while they are for nothing */
    enum lk_screen was; /* what the keypad was told about */
    struct station station[STATIONS];
};

/* --- the drivers behind one table
 * ----------------------------------------------------------------------------------------------- */

static void scanner_tick(struct lk_readers *r, int64_t now_ms)
{
    lk_scanner_tick(r->scanner, now_ms);
}

static void scanner_ready(struct lk_readers *r, int64_t now_ms)
{
    lk_scanner_ready(r->scanner, now_ms);
}

static int64_t scanner_next(const struct lk_readers *r)
{
    return lk_scanner_next_at_ms(r->scanner);
}

static int scanner_fd(const struct lk_readers *r)
{
    return lk_scanner_fd(r->scanner);
}

static int scanner_error(const struct lk_readers *r)
{
    return lk_scanner_error(r->scanner);
}

static void keypad_tick(struct lk_readers *r, int64_t now_ms)
{
    lk_keypad_tick(r->keypad, now_ms);
}

static void keypad_ready(struct lk_readers *r, int64_t now_ms)
{
    lk_keypad_ready(r->keypad, now_ms);
}

static int64_t keypad_next(const struct lk_readers *r)
{
    return lk_keypad_next_at_ms(r->keypad);
}

static int keypad_fd(const struct lk_readers *r)
{
    return lk_keypad_fd(r->keypad);
}

static int keypad_error(const struct lk_readers *r)
{
    return lk_keypad_error(r->keypad);
}

static void card_tick(struct lk_readers *r, int64_t now_ms)
{
    lk_card_tick(r->card, now_ms);
}

static void card_ready(struct lk_readers *r, int64_t now_ms)
{
    lk_card_ready(r->card, now_ms);
}

static int64_t card_next(const struct lk_readers *r)
{
    return lk_card_next_at_ms(r->card);
}

static int card_fd(const struct lk_readers *r)
{
    return lk_card_fd(r->card);
}

static int card_error(const struct lk_readers *r)
{
    return lk_card_error(r->card);
}

static int make_scanner(struct lk_readers *r);
static int make_keypad(struct lk_readers *r);
static int make_card(struct lk_readers *r);

static const struct {
    const char *word;    /* in answers of the admin socket */
    const char *name;    /* for people */
    const char *without; /* what a person at the cabinet can do meanwhile */
    size_t present, device;
    int (*make)(struct lk_readers *r);
    void (*tick)(struct lk_readers *r, int64_t now_ms);
    void (*ready)(struct lk_readers *r, int64_t now_ms);
    int64_t (*next_at_ms)(const struct lk_readers *r);
    int (*fd)(const struct lk_readers *r);
    int (*error)(const struct lk_readers *r);
} kinds[STATIONS] = {
    [SCANNER] = {"scanner", "scanner", "the keypad still works", offsetof(struct lk_config, scanner.present),
                 offsetof(struct lk_config, scanner.device), make_scanner, scanner_tick, scanner_ready, scanner_next,
                 scanner_fd, scanner_error},
    [KEYPAD] = {"keypad", "keypad", "the screen still works", offsetof(struct lk_config, keypad.present),
                offsetof(struct lk_config, keypad.device), make_keypad, keypad_tick, keypad_ready, keypad_next,
                keypad_fd, keypad_error},
    [CARD] = {"card", "card reader", "codes still work", offsetof(struct lk_config, card.present),
              offsetof(struct lk_config, card.device), make_card, card_tick, card_ready, card_next, card_fd,
              card_error},
};

static const char *device_of(const struct station *station)
{
    return (const char *)station->readers->app->config + kinds[station->kind].device;
}

static int64_t now_of(const struct lk_readers *r)
{
    return lk_engine_now_ms(r->app->engine);
}

/* --- the loop
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void on_station(evutil_socket_t fd, short what, void *user);

/* Watches the descriptor that the driver has now. A closed one is forgotten first: its number may have come back. */
static void watch(struct station *station)
{
    int fd = kinds[station->kind].fd(station->readers);
    if (fd == station->fd) {
        return;
    }
    if (station->readable) {
        event_free(station->readable);
        station->readable = NULL;
    }
    station->fd = fd;
    if (fd >= 0) {
        station->readable = event_new(station->readers->app->base, fd, EV_READ | EV_PERSIST, on_station, station);
        if (!station->readable || event_add(station->readable, NULL) < 0) {
            lk_log(LK_ERR, LK_BLAME_NONE, "%s: cannot be watched: out of memory", kinds[station->kind].name);
        }
    }
}

static void arm(struct station *station)
{
    int64_t at_ms = kinds[station->kind].next_at_ms(station->readers);
    watch(station);
    if (at_ms == INT64_MAX) {
        (void)event_del(station->timer);
        return;
    }
    int64_t wait_ms = at_ms > now_of(station->readers) ? at_ms - now_of(station->readers) : 1;
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(station->timer, &tv);
}

/* How many digits people type on a screen at most. */
static size_t digits_of(const struct lk_config *config, enum lk_screen screen)
{
    return screen == LK_SCREEN_SECOND ? 4 : screen == LK_SCREEN_DROP_CASE ? LK_KEYPAD_DIGITS_MAX : config->code_digits;
}

/* Brings the drivers in line with the screen. */
static void apply(struct lk_readers *r)
{
    bool other = r->now != r->was && !r->went_home;
    if (r->keypad && (!r->takes_digits || other) && lk_keypad_length(r->keypad) > 0) {
        lk_keypad_clear(r->keypad, now_of(r));
    }
    if (r->keypad) {
        lk_keypad_expect(r->keypad, digits_of(r->app->config, r->now), now_of(r));
        arm(&r->station[KEYPAD]);
    }
    r->was = r->now;
    r->went_home = false;
    if (r->scanner) {
        lk_scanner_want(r->scanner, r->scan_wanted, now_of(r));
        arm(&r->station[SCANNER]);
    }
}

static void on_station(evutil_socket_t fd, short what, void *user)
{
    struct station *station = user;
    (void)fd;
    station->readers->busy = true;
    if (what & EV_READ) {
        kinds[station->kind].ready(station->readers, now_of(station->readers));
    } else {
        kinds[station->kind].tick(station->readers, now_of(station->readers));
    }
    station->readers->busy = false;
    arm(station);
    apply(station->readers);
}

/* --- what they tell
 * ------------------------------------------------------------------------------------------------------------------ */

static const char *state_words(int error)
{
    switch (-error) {
    case 0:
        return "there";
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return "not plugged in";
    case EBUSY:
        return "another process holds it";
    case EACCES:
        return "no right to open it: is the daemon in the group of the device?";
    case ENOTTY:
        return "this is no device of that kind";
    case ETIMEDOUT:
        return "does not answer: is it on, and at this speed?";
    default:
        return strerror(-error);
    }
}

static void tell_state(struct lk_readers *r, enum kind kind, int error)
{
    const struct station *station = &r->station[kind];
    if (error == 0) {
        lk_log(LK_NOTICE, LK_BLAME_NONE, "%s %s: there", kinds[kind].name, device_of(station));
    } else {
        lk_log(LK_WARN, LK_BLAME_DEVICE, "%s %s: %s; trying again, %s", kinds[kind].name, device_of(station),
               state_words(error), kinds[kind].without);
    }
}

static void scanner_state(void *user, int error, int64_t now_ms)
{
    (void)now_ms;
    tell_state(user, SCANNER, error);
}

static void keypad_state(void *user, int error, int64_t now_ms)
{
    (void)now_ms;
    tell_state(user, KEYPAD, error);
}

static void card_state(void *user, int error, int64_t now_ms)
{
    (void)now_ms;
    tell_state(user, CARD, error);
}

static void scanner_line(void *user, const char *line, int64_t now_ms)
{
    (void)now_ms;
    struct lk_readers *r = user;
    r->station[SCANNER].reads++;
    if (!r->app->stopping) {
        lk_kiosk_scan(r->app, line, 0);
    }
}

static void scanner_drop(void *user, enum lk_reader_drop why, int64_t now_ms)
{
    static struct lk_log_limit limit = {.burst = 5, .window_ms = 60000}; /* owner thread only */
    (void)user;
    unsigned dropped = 0;
    if (lk_log_allowed(&limit, now_ms, &dropped)) {
        lk_log(LK_WARN, LK_BLAME_DEVICE, "scanner: a line was dropped (%s); the person scans again (%u more)",
               lk_reader_drop_name(why), dropped);
    }
}

static void keypad_length(void *user, size_t length, int64_t now_ms)
{
    (void)now_ms;
    struct lk_readers *r = user;
    if (length > 0 && !r->takes_digits && r->can_go_home && !r->app->stopping) {
        r->went_home = true;
        lk_kiosk_go_home(r->app); /* the first digit is the touch on "back" */
    }
    lk_face_keyed(r->app->face, r->takes_digits ? (unsigned)length : 0);
}

static void keypad_entered(void *user, const char *digits, int64_t now_ms)
{
    (void)now_ms;
    struct lk_readers *r = user;
    if (!r->app->stopping && r->takes_digits) {
        r->station[KEYPAD].reads++;
        lk_kiosk_code(r->app, digits, 0);
    }
}

/* Nothing of the card comes up to here. There is nothing to compare it with either: items know no ID (law 12). */
static void card_result(void *user, enum lk_card_result result, int64_t now_ms)
{
    static struct lk_log_limit limit = {.burst = 5, .window_ms = 60000}; /* owner thread only */
    struct lk_readers *r = user;
    unsigned dropped = 0;
    r->station[CARD].reads += result != LK_CARD_NOT_READ;
    if (lk_log_allowed(&limit, now_ms, &dropped)) {
        lk_log(LK_INFO, LK_BLAME_NONE, "card reader: a card: %s (%u more)", lk_card_result_name(result), dropped);
    }
}

/* --- making them
 * ---------------------------------------------------------------------------------------------------------------------
 */

static int make_scanner(struct lk_readers *r)
{
    static const struct lk_scanner_sink sink = {.reader = {.line = scanner_line, .drop = scanner_drop},
                                                .state = scanner_state};
    const struct lk_config_scanner *config = &r->app->config->scanner;
    struct lk_input_device *device = NULL;
    struct lk_serial *serial = NULL;
    int e;
    if (config->kind == LK_CONFIG_SCANNER_KEYBOARD) {
        e = r->app->backends.input(config->device, &device);
        return e < 0 ? e : lk_scanner_create_keyboard(device, &sink, r, &r->scanner);
    }
    e = r->app->backends.serial(config->device, config->baud, &serial);
    if (e == 0) {
        e = lk_scanner_create(serial, &sink, r, &r->scanner);
    }
    if (e == 0 && config->mode == LK_CONFIG_SCANNER_HOST) {
        e = lk_scanner_host_mode(r->scanner, &lk_reader_trigger_gm65);
    }
    return e;
}

static int make_keypad(struct lk_readers *r)
{
    static const struct lk_keypad_sink sink = {
        .length = keypad_length, .entered = keypad_entered, .state = keypad_state};
    struct lk_input_device *device = NULL;
    int e = r->app->backends.input(r->app->config->keypad.device, &device);
    if (e < 0) {
        return e;
    }
    return lk_keypad_create(device, r->app->config->code_digits, r->app->config->keypad.idle_ms, &sink, r, &r->keypad);
}

static int make_card(struct lk_readers *r)
{
    static const struct lk_card_sink sink = {.result = card_result, .state = card_state};
    struct lk_serial *serial = NULL;
    int e = r->app->backends.serial(r->app->config->card.device, r->app->config->card.baud, &serial);
    return e < 0 ? e : lk_card_create(serial, &sink, r, &r->card);
}

static int make_station(struct lk_readers *r, enum kind kind)
{
    struct station *station = &r->station[kind];
    *station = (struct station){.readers = r, .kind = kind, .fd = -1};
    if (!*(const bool *)((const char *)r->app->config + kinds[kind].present)) {
        return 0;
    }
    int e = kinds[kind].make(r);
    if (e == 0) {
        station->present = true;
        station->timer = event_new(r->app->base, -1, 0, on_station, station);
        e = station->timer ? 0 : -ENOMEM;
    }
    return e;
}

int lk_readers_create(struct lk_app *app, struct lk_readers **ret_readers, struct lk_text *why)
{
    struct lk_readers *r = calloc(1, sizeof(*r));
    int e = r ? 0 : -ENOMEM;
    if (r) {
        r->app = app;
    }
    for (size_t i = 0; e == 0 && i < STATIONS; i++) {
        e = make_station(r, (enum kind)i);
        if (e < 0) {
            lk_text_addf(why, "the %s %s cannot be set up: %s", kinds[i].name, device_of(&r->station[i]), strerror(-e));
        }
    }
    if (e < 0) {
        (void)lk_readers_destroy(r);
        return e;
    }
    for (size_t i = 0; i < STATIONS; i++) {
        if (r->station[i].present) {
            kinds[i].tick(r, now_of(r));
            arm(&r->station[i]);
        }
    }
    *ret_readers = r;
    return 0;
}

struct lk_readers *lk_readers_destroy(struct lk_readers *r)
{
    if (!r) {
        return NULL;
    }
    for (size_t i = 0; i < STATIONS; i++) {
        if (r->station[i].readable) {
            event_free(r->station[i].readable);
        }
        if (r->station[i].timer) {
            event_free(r->station[i].timer);
        }
    }
    r->scanner = lk_scanner_destroy(r->scanner);
    r->keypad = lk_keypad_destroy(r->keypad);
    r->card = lk_card_destroy(r->card);
    free(r);
    return NULL;
}

/* --- the screen
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* Where a scan would be taken: everywhere but while somebody's door is on its way. */
static bool waits_for_scan(enum lk_screen screen)
{
    switch (screen) {
    case LK_SCREEN_HOME:
    case LK_SCREEN_NOTICE:
    case LK_SCREEN_TAKEN:
    case LK_SCREEN_SCAN:
    case LK_SCREEN_PLACED:
    case LK_SCREEN_PUT:
    case LK_SCREEN_CHECK:
    case LK_SCREEN_DROP_CASE:
    case LK_SCREEN_WAYBILL:
    case LK_SCREEN_WINDOW:
    case LK_SCREEN_WINDOW_ITEM:
    case LK_SCREEN_HAND_OVER:
    case LK_SCREEN_EXTEND:
        return true;
    case LK_SCREEN_OPENING:
    case LK_SCREEN_TAKE:
    case LK_SCREEN_JAM:
    case LK_SCREEN_STAFF_MENU:
    case LK_SCREEN_SIZE:
    case LK_SCREEN_PUT_OPENING:
    case LK_SCREEN_PUT_BACK:
    case LK_SCREEN_PUT_JAM:
    case LK_SCREEN_RECALL_LIST:
    case LK_SCREEN_RECALL_OPENING:
    case LK_SCREEN_RECALL_TAKE:
    case LK_SCREEN_RECALL_TAKEN:
    case LK_SCREEN_RECALL_JAM:
    case LK_SCREEN_SECOND:
    case LK_SCREEN_REFUSE_ASK:
    case LK_SCREEN_GIVE_BACK:
    case LK_SCREEN_DROP_SIZE:
    case LK_SCREEN_DROP_OPENING:
    case LK_SCREEN_DROP_PUT:
    case LK_SCREEN_DROP_BACK:
    case LK_SCREEN_DROP_PLACED:
    case LK_SCREEN_DROP_JAM:
    case LK_SCREEN_ASK:
    case LK_SCREEN_RECEIPT:
    case LK_SCREENS:
        break;
    }
    return false;
}

/* A code, a phone tail or a case number may be typed: never while the keypad is locked. */
static bool takes_digits(const struct lk_view *view)
{
    bool staff = view->role != LK_ACTOR_SYSTEM;
    bool home = view->screen == LK_SCREEN_HOME && !view->out_of_service;
    bool person = home || view->screen == LK_SCREEN_SECOND || view->screen == LK_SCREEN_EXTEND ||
                  view->screen == LK_SCREEN_DROP_CASE;
    return view->locked_ms == 0 && (staff ? view->screen == LK_SCREEN_HAND_OVER : person);
}

void lk_readers_show(struct lk_readers *r, const struct lk_view *view)
{
    if (!r) {
        return;
    }
    r->takes_digits = takes_digits(view);
    r->now = r->takes_digits ? view->screen : LK_SCREEN_HOME;
    r->can_go_home =
        view->role == LK_ACTOR_SYSTEM && view->locked_ms == 0 &&
        (view->screen == LK_SCREEN_NOTICE || view->screen == LK_SCREEN_TAKEN || view->screen == LK_SCREEN_DROP_PLACED);
    r->scan_wanted = waits_for_scan(view->screen);
    if (!r->busy) {
        apply(r);
    }
}

/* --- status
 * --------------------------------------------------------------------------------------------------------------------------
 */

static unsigned dropped_by(const struct lk_readers *r, enum kind kind)
{
    struct lk_scanner_counts lines = {0};
    struct lk_card_counts cards = {0};
    unsigned n = 0;
    if (kind == SCANNER) {
        lk_scanner_counts(r->scanner, &lines);
    } else if (kind == CARD) {
        lk_card_counts(r->card, &cards);
    }
    for (size_t i = 0; i < LK_READER_DROPS; i++) {
        n += lines.drops[i];
    }
    return n + cards.results[LK_CARD_NOT_READ];
}

size_t lk_readers_list(const struct lk_app *app, struct lk_readers_state list[LK_READERS_MOST])
{
    const struct lk_readers *r = app->readers;
    size_t n = 0;
    for (size_t i = 0; r && i < STATIONS; i++) {
        if (r->station[i].present) {
            int error = kinds[i].error(r);
            list[n++] = (struct lk_readers_state){.name = kinds[i].word,
                                                  .device = device_of(&r->station[i]),
                                                  .error = error,
                                                  .detail = state_words(error),
                                                  .reads = r->station[i].reads,
                                                  .dropped = dropped_by(r, (enum kind)i)};
        }
    }
    return n + lk_lamps_state(app->lamps, &list[n]);
}

json_t *lk_readers_json(const struct lk_app *app)
{
    struct lk_readers_state list[LK_READERS_MOST];
    json_t *json = json_array();
    size_t n = lk_readers_list(app, list);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(json, json_pack("{s:s, s:s, s:b, s:s, s:i, s:i}", "name", list[i].name, "device",
                                              list[i].device, "ok", list[i].error == 0, "detail", list[i].detail,
                                              "reads", (int)list[i].reads, "dropped", (int)list[i].dropped));
    }
    return json;
}

bool lk_readers_scanner(const struct lk_readers *r, struct lk_scanner_counts *ret_counts)
{
    if (!r || !r->scanner) {
        return false;
    }
    lk_scanner_counts(r->scanner, ret_counts);
    return true;
}
