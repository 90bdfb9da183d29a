/*
 * face-demo: the real face with a scripted app behind it, for the browser tests and for looking at screens by hand.
 *
 * usage: face-demo [--port N] [--phone TEXT] [--tick MS]
 * stdin, JSON lines: {"view": {...}} shows a snapshot (members as in GET /api/v1/view; without "window" there is none),
 * {"recalls": [...]} and {"receipt": [...]} set the lists, {"answer": {"result": "...", "reason": "..."}} what acts are
 * answered from now on and the one that waits,
 * {"answer": null} not at all, {"keyed": N} digits at the keypad beside it. stdout, JSON lines: {"url": "..."} once,
 * then one line for each act. End of input ends it.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "core/state.h"
#include "face/face.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct demo {
    struct event_base *base;
    struct lk_face *face;
    json_t *recalls, *receipt;
    bool silent;
    uint64_t unanswered; /* the act that came last while silent; 0: none */
    enum lk_result result;
    enum lk_reason reason;
};

static void on_act(void *user, const struct lk_face_act *act, uint64_t request)
{
    struct demo *demo = user;
    static const char *const kinds[] = {"code", "scan", "sign_in", "button"};
    json_t *line =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "act", kinds[act->kind], "text", act->text, "staff",
                  act->staff, "pin", act->pin, "button", act->kind == LK_FACE_BUTTON ? lk_button_name(act->button) : "",
                  "size", lk_size_name(act->size), "item", act->item, "rating", (int)act->rating);

    json_dumpf(line, stdout, JSON_COMPACT);
    puts("");
    fflush(stdout);
    json_decref(line);
    demo->unanswered = demo->silent ? request : 0;
    if (!demo->silent) {
        lk_face_reply(demo->face, request, demo->result, demo->reason);
    }
}

static void copy_text(const json_t *view, const char *name, char *dst, size_t cap)
{
    const char *value = json_string_value(json_object_get(view, name));

    if (value && lk_text_copy(dst, cap, value) < 0) {
        fprintf(stderr, "face-demo: %s is too long\n", name);
    }
}

static bool flag(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static int add_rows(const json_t *rows, bool recalls, struct lk_face_list *list)
{
    size_t at;
    const json_t *row;

    if (!json_is_array(rows)) {
        return -EIO;
    }
    json_array_foreach(rows, at, row)
    {
        struct lk_item item = {.size = LK_SIZE_S,
                               .overdue = flag(row, "overdue"),
                               .cancelled = flag(row, "cancelled"),
                               .rejected = flag(row, "rejected"),
                               .dropoff = flag(row, "dropoff")};
        const char *size = json_string_value(json_object_get(row, "size"));
        const char *door = json_string_value(json_object_get(row, "door"));
        copy_text(row, "item", item.id, sizeof(item.id));
        copy_text(row, "name", item.name, sizeof(item.name));
        if (size && lk_size_parse(size, &item.size) < 0) {
            fprintf(stderr, "face-demo: no size %s\n", size);
        }
        if (recalls) {
            lk_face_recall_add(list, &item, door, flag(row, "due"));
        } else {
            lk_face_receipt_add(list, &item, door);
        }
    }
    return 0;
}

static int on_recalls(void *user, struct lk_face_list *list)
{
    struct demo *demo = user;

    return add_rows(demo->recalls, true, list);
}

static int on_receipt(void *user, struct lk_face_list *list)
{
    struct demo *demo = user;

    return add_rows(demo->receipt, false, list);
}

static int64_t number(const json_t *view, const char *name, int64_t standard)
{
    const json_t *value = json_object_get(view, name);

    return value ? (int64_t)json_integer_value(value) : standard;
}

static enum lk_screen screen_of(const json_t *view)
{
    const char *name = json_string_value(json_object_get(view, "screen"));

    for (int i = 0; name && i < LK_SCREENS; i++) {
        if (strcmp(lk_screen_name((enum lk_screen)i), name) == 0) {
            return (enum lk_screen)i;
        }
    }
    fprintf(stderr, "face-demo: no screen %s\n", name ? name : "named");
    return LK_SCREEN_HOME;
}

static void read_lists(const json_t *view, struct lk_view *v)
{
    size_t at;
    const json_t *name;
    enum lk_button button;

    json_array_foreach(json_object_get(view, "buttons"), at, name)
    {
        if (lk_button_parse(json_string_value(name), &button) == 0) {
            v->button[button] = true;
        }
    }
    for (int i = 0; i < LK_SIZES; i++) {
        v->free[i] = (unsigned)number(json_object_get(view, "free"), lk_size_name((enum lk_size)i), 0);
    }
}

static void read_custody(const json_t *view, struct lk_view *v)
{
    const char *name = json_string_value(json_object_get(view, "custody"));

    if (name && lk_custody_parse(name, &v->custody) < 0) {
        fprintf(stderr, "face-demo: no custody %s\n", name);
    }
}

static void show_window(struct demo *demo, const json_t *window)
{
    static const char *const states[] = {"none", "open", "closed", "unknown"};
    struct lk_face_window shown = {.state = LK_FACE_WINDOW_NONE};
    const char *state = json_string_value(json_object_get(window, "state"));

    for (size_t i = 0; state && i < LK_ARRAY_SIZE(states); i++) {
        shown.state = strcmp(state, states[i]) == 0 ? (enum lk_face_window_state)i : shown.state;
    }
    copy_text(window, "name", shown.name, sizeof(shown.name));
    copy_text(window, "day", shown.day, sizeof(shown.day));
    copy_text(window, "at", shown.at, sizeof(shown.at));
    lk_face_window(demo->face, &shown);
}

static void show(struct demo *demo, const json_t *view)
{
    struct lk_view v = {.screen = screen_of(view),
                        .left_ms = number(view, "left_ms", -1),
                        .locked_ms = number(view, "locked_ms", 0),
                        .tries_left = (unsigned)number(view, "tries_left", 5),
                        .doors_open = (unsigned)number(view, "doors_open", 0),
                        .more = (unsigned)number(view, "more", 0),
                        .placed = (unsigned)number(view, "placed", 0),
                        .out_of_service = flag(view, "out_of_service"),
                        .round = flag(view, "round"),
                        .post = flag(view, "post"),
                        .tail = flag(view, "tail")};
    const char *reason = json_string_value(json_object_get(view, "reason"));
    const char *role = json_string_value(json_object_get(view, "role"));

    copy_text(view, "door", v.door, sizeof(v.door));
    copy_text(view, "item", v.item, sizeof(v.item));
    copy_text(view, "staff", v.staff, sizeof(v.staff));
    copy_text(view, "open_door", v.open_door, sizeof(v.open_door));
    copy_text(view, "receipt", v.receipt, sizeof(v.receipt));
    copy_text(view, "name", v.name, sizeof(v.name));
    copy_text(view, "join", v.join, sizeof(v.join));
    read_custody(view, &v);
    if ((reason && lk_reason_parse(reason, &v.reason) < 0) || (role && lk_actor_parse(role, &v.role) < 0)) {
        fprintf(stderr, "face-demo: no such reason or role\n");
    }
    read_lists(view, &v);
    show_window(demo, json_object_get(view, "window"));
    lk_face_show(demo->face, &v);
}

static void set_answer(struct demo *demo, const json_t *answer)
{
    const char *result = json_string_value(json_object_get(answer, "result"));
    const char *reason = json_string_value(json_object_get(answer, "reason"));

    demo->silent = !result || lk_result_parse(result, &demo->result) < 0;
    demo->reason = LK_REASON_NONE;
    if (reason && lk_reason_parse(reason, &demo->reason) < 0) {
        fprintf(stderr, "face-demo: no such reason\n");
    }
    if (!demo->silent && demo->unanswered != 0) {
        lk_face_reply(demo->face, demo->unanswered, demo->result, demo->reason);
        demo->unanswered = 0;
    }
}

static void keep_list(const json_t *command, const char *name, json_t **list)
{
    json_t *rows = json_object_get(command, name);

    if (rows) {
        json_decref(*list);
        *list = json_incref(rows);
    }
}

static void obey(struct demo *demo, const char *line)
{
    json_t *command = json_loads(line, 0, NULL);

    if (json_object_get(command, "view")) {
        show(demo, json_object_get(command, "view"));
    }
    if (json_object_get(command, "answer")) {
        set_answer(demo, json_object_get(command, "answer"));
    }
    if (json_object_get(command, "keyed")) {
        lk_face_keyed(demo->face, (unsigned)json_integer_value(json_object_get(command, "keyed")));
    }
    keep_list(command, "recalls", &demo->recalls);
    keep_list(command, "receipt", &demo->receipt);
    json_decref(command);
}

static void on_input(struct bufferevent *bev, void *arg)
{
    struct evbuffer *input = bufferevent_get_input(bev);

    for (char *line = evbuffer_readln(input, NULL, EVBUFFER_EOL_LF); line;
         line = evbuffer_readln(input, NULL, EVBUFFER_EOL_LF)) {
        obey(arg, line);
        free(line);
    }
}

static void on_end(struct bufferevent *bev, short what, void *arg)
{
    struct demo *demo = arg;

    (void)bev;
    (void)what;
    event_base_loopbreak(demo->base);
}

static void read_options(int argc, char **argv, struct lk_face_config *config)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = 0;
        if (strcmp(argv[i], "--phone") == 0) {
            config->support_phone = argv[i + 1];
        } else if (strcmp(argv[i], "--port") == 0 && lk_text_parse_u64(argv[i + 1], 65535, &value) == 0) {
            config->port = (uint16_t)value;
        } else if (strcmp(argv[i], "--tick") == 0 && lk_text_parse_u64(argv[i + 1], 1000000, &value) == 0) {
            config->tick_ms = (int)value;
        }
    }
}

int main(int argc, char **argv)
{
    struct demo demo = {.base = event_base_new(), .result = LK_RESULT_OK};
    struct lk_face_config config = {.site_name = "榆林市政务服务中心 · 文件取件柜"};
    const struct lk_face_ops ops = {on_act, on_recalls, on_receipt};

    signal(SIGPIPE, SIG_IGN);
    read_options(argc, argv, &config);
    int error = lk_face_create(&config, &ops, &demo, demo.base, &demo.face);
    if (error < 0) {
        fprintf(stderr, "face-demo: %s\n", strerror(-error));
        return 1;
    }
    printf("{\"url\": \"%s\"}\n", lk_face_url(demo.face));
    fflush(stdout);
    evutil_make_socket_nonblocking(0);
    struct bufferevent *input = bufferevent_socket_new(demo.base, 0, 0);
    bufferevent_setcb(input, on_input, NULL, on_end, &demo);
    bufferevent_enable(input, EV_READ);
    event_base_dispatch(demo.base);
    bufferevent_free(input);
    lk_face_destroy(demo.face);
    event_base_free(demo.base);
    json_decref(demo.recalls);
    json_decref(demo.receipt);
    return 0;
}
