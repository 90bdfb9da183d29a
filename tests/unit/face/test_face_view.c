/* What the kiosk's server tells: snapshots, their stream, and the lists beside them. */
#include "face_world.h"

static void shows_every_member_of_the_view(void **state)
{
    struct world *w = *state;
    struct lk_view view = {.screen = LK_SCREEN_SIZE,
                           .reason = LK_REASON_NO_FREE_DOOR,
                           .door = "A07",
                           .item = "YL-1",
                           .staff = "c1001",
                           .role = LK_ACTOR_COURIER,
                           .left_ms = 60000,
                           .locked_ms = 30000,
                           .tries_left = 3,
                           .doors_open = 2,
                           .open_door = "B02"};
    int status;

    view.button[LK_BUTTON_SIZE] = true;
    view.button[LK_BUTTON_BACK] = true;
    view.free[LK_SIZE_M] = 9;
    lk_face_show(w->face, &view);
    json_t *v = face_get_json(w, "/api/v1/view", &status);
    assert_int_equal(status, 200);
    assert_string_equal(face_text_of(v, "screen"), "size");
    assert_string_equal(face_text_of(v, "reason"), "no_free_door");
    assert_string_equal(face_text_of(v, "door"), "A07");
    assert_string_equal(face_text_of(v, "item"), "YL-1");
    assert_string_equal(face_text_of(v, "staff"), "c1001");
    assert_string_equal(face_text_of(v, "role"), "courier");
    assert_string_equal(face_text_of(v, "open_door"), "B02");
    assert_int_equal(json_array_size(json_object_get(v, "buttons")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(v, "free"), "M")), 9);
    assert_int_equal(json_integer_value(json_object_get(v, "tries_left")), 3);
    assert_int_equal(json_integer_value(json_object_get(v, "doors_open")), 2);
    assert_true(json_is_false(json_object_get(v, "out_of_service")));
    assert_in_range(json_integer_value(json_object_get(v, "left_ms")), 59000, 60000);
    assert_in_range(json_integer_value(json_object_get(v, "locked_ms")), 29000, 30000);
    json_decref(v);
}

static void shows_the_members_of_the_newer_stories(void **state)
{
    struct world *w = *state;
    struct lk_view view = {.screen = LK_SCREEN_WINDOW_ITEM,
                           .more = 2,
                           .receipt = "D123456789",
                           .custody = LK_CUSTODY_AT_WINDOW,
                           .name = "王*",
                           .join = "A09",
                           .placed = 7,
                           .round = true,
                           .left_ms = -1};
    int status;

    lk_face_show(w->face, &view);
    json_t *v = face_get_json(w, "/api/v1/view", &status);
    assert_int_equal(json_integer_value(json_object_get(v, "more")), 2);
    assert_int_equal(json_integer_value(json_object_get(v, "placed")), 7);
    assert_string_equal(face_text_of(v, "receipt"), "D123456789");
    assert_string_equal(face_text_of(v, "custody"), "at_window");
    assert_string_equal(face_text_of(v, "name"), "王*");
    assert_string_equal(face_text_of(v, "join"), "A09");
    assert_true(json_is_true(json_object_get(v, "round")));
    assert_true(json_is_false(json_object_get(v, "post")));
    assert_true(json_is_false(json_object_get(v, "tail")));
    json_decref(v);
    view = (struct lk_view){.post = true, .tail = true, .left_ms = -1};
    lk_face_show(w->face, &view);
    v = face_get_json(w, "/api/v1/view", &status);
    assert_true(json_is_false(json_object_get(v, "round")));
    assert_true(json_is_true(json_object_get(v, "post")));
    assert_true(json_is_true(json_object_get(v, "tail")));
    assert_string_equal(face_text_of(v, "custody"), "none");
    json_decref(v);
}

static void fits_the_largest_view(void **state)
{
    struct world *w = *state;
    struct lk_view view = {.left_ms = INT64_MAX / 4,
                           .locked_ms = INT64_MAX / 4,
                           .doors_open = UINT32_MAX,
                           .tries_left = UINT32_MAX,
                           .more = UINT32_MAX,
                           .placed = UINT32_MAX};
    struct lk_face_window window = {.state = LK_FACE_WINDOW_UNKNOWN, .day = "2026-02-28", .at = "17:00"};
    int status;

    memset(view.item, '"', LK_ITEM_ID_MAX); /* cannot be, and must not break the text */
    memset(view.receipt, '\x01', LK_ITEM_ID_MAX);
    memset(view.staff, '\x01', LK_STAFF_ID_MAX);
    memset(view.name, '\x01', LK_NAME_MAX);
    memset(view.door, '\x01', LK_LABEL_MAX);
    memset(view.join, '\x01', LK_LABEL_MAX);
    memset(view.open_door, '\x01', LK_LABEL_MAX);
    memset(view.button, 1, sizeof(view.button));
    memset(view.free, 0xff, sizeof(view.free));
    memset(window.name, '\x01', LK_FACE_WINDOW_MAX);
    lk_face_show(w->face, &view);
    lk_face_window(w->face, &window);
    json_t *v = face_get_json(w, "/api/v1/view", &status);
    assert_int_equal(strlen(face_text_of(v, "item")), LK_ITEM_ID_MAX);
    assert_int_equal(strlen(face_text_of(v, "receipt")), LK_ITEM_ID_MAX);
    assert_int_equal(strlen(face_text_of(v, "name")), LK_NAME_MAX);
    assert_int_equal(strlen(face_text_of(json_object_get(v, "window"), "name")), LK_FACE_WINDOW_MAX);
    json_decref(v);
}

static struct client *open_stream(struct world *w)
{
    struct client *c = client_tcp(w->base, w->port);

    client_say(c, face_fill(w, "GET /api/v1/events?token={T} HTTP/1.1\r\nHost: {H}\r\n\r\n"));
    return c;
}

static void tells_of_the_window_and_only_when_that_changed(void **state)
{
    struct world *w = *state;
    struct lk_face_window window = {.state = LK_FACE_WINDOW_OPEN, .name = "3 号", .day = "today", .at = "17:00"};
    int status;
    json_t *v = face_get_json(w, "/api/v1/view", &status);
    assert_true(json_is_null(json_object_get(v, "window")));
    json_decref(v);

    struct client *c = open_stream(w);
    client_expect(c, "\"window\":null,");
    client_forget(c);
    lk_face_window(w->face, &window);
    client_expect(c, "event: view");
    client_expect(c, "\"window\":{\"name\":\"3 号\",\"state\":\"open\",\"day\":\"today\",\"at\":\"17:00\"}");
    client_forget(c);
    lk_face_window(w->face, &window);
    turn(w->base, 20);
    client_expect(c, "tick");
    assert_null(strstr(c->got, "view"));
    lk_face_window(w->face, &(struct lk_face_window){LK_FACE_WINDOW_CLOSED, "3 号", "2026-10-09", "09:00"});
    client_expect(c, "\"state\":\"closed\",\"day\":\"2026-10-09\",\"at\":\"09:00\"}");
    lk_face_window(w->face, &(struct lk_face_window){.state = LK_FACE_WINDOW_UNKNOWN, .name = "3 号"});
    client_expect(c, "\"state\":\"unknown\",\"day\":\"\",\"at\":\"\"}");
    client_close(c);
}

static void streams_snapshots_and_ticks(void **state)
{
    struct world *w = *state;
    struct client *c = open_stream(w);

    client_expect(c, "HTTP/1.1 200 ");
    client_expect(c, "Content-Type: text/event-stream");
    client_expect(c, "event: view\ndata: {\"screen\":\"home\"");
    client_expect(c, "\n\nevent: tick\ndata: {}\n\n");
    assert_int_equal(lk_face_streams(w->face), 1);
    face_expect(w, "GET /api/v1/pages HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "{\"pages\":1}");
    client_forget(c);
    w->view.screen = LK_SCREEN_TAKE;
    lk_face_show(w->face, &w->view);
    client_expect(c, "event: view\ndata: {\"screen\":\"take\"");
    client_close(c);
    UNTIL(w->base, lk_face_streams(w->face) == 0);
    face_expect(w, "GET /api/v1/pages HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "{\"pages\":0}");
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void says_nothing_when_only_time_passed(void **state)
{
    struct world *w = *state;
    struct client *c = open_stream(w);

    w->view.screen = LK_SCREEN_TAKEN;
    w->view.left_ms = 60000;
    int64_t shown_ms = now_ms();
    lk_face_show(w->face, &w->view);
    client_expect(c, "\"left_ms\":");
    turn(w->base, 50);
    client_forget(c);
    w->view.left_ms -= now_ms() - shown_ms;
    lk_face_show(w->face, &w->view);
    turn(w->base, 20);
    client_expect(c, "tick");
    assert_null(strstr(c->got, "view"));
    w->view.left_ms = 60000 + 2000; /* the deadline moved */
    lk_face_show(w->face, &w->view);
    client_expect(c, "event: view");
    client_close(c);
}

static void tells_how_many_digits_a_keypad_has_and_only_when_that_changed(void **state)
{
    struct world *w = *state;
    struct client *c = open_stream(w);

    client_expect(c, "\"keyed\":0,");
    client_forget(c);
    lk_face_keyed(w->face, 3);
    client_expect(c, "event: view");
    client_expect(c, "\"keyed\":3,");
    client_forget(c);
    lk_face_keyed(w->face, 3);
    turn(w->base, 20);
    client_expect(c, "tick");
    assert_null(strstr(c->got, "view"));
    lk_face_show(w->face, &w->view); /* the same picture: the count stays */
    lk_face_keyed(w->face, 0);
    client_expect(c, "\"keyed\":0,");
    client_close(c);
}

static void gives_eight_streams(void **state)
{
    struct world *w = *state;
    struct client *c[LK_FACE_STREAMS];

    for (size_t i = 0; i < LK_FACE_STREAMS; i++) {
        c[i] = open_stream(w);
        client_expect(c[i], "event: view");
    }
    face_expect(w, "GET /api/v1/events HTTP/1.1\r\nHost: {H}\r\nX-Locker-Token: {T}\r\n\r\n", 503, "not_now");
    client_close(c[3]);
    UNTIL(w->base, lk_face_streams(w->face) == LK_FACE_STREAMS - 1);
    struct client *ninth = open_stream(w);
    client_expect(ninth, "event: view");
    client_close(ninth);
    for (size_t i = 0; i < LK_FACE_STREAMS; i++) {
        if (i != 3) {
            client_close(c[i]);
        }
    }
}

/* A stream whose client does not read is ended; the others do not notice. */
static void drops_a_stream_that_does_not_read(void **state)
{
    struct world *w = *state;
    struct client *deaf = open_stream(w), *good = open_stream(w);

    client_expect(deaf, "event: view");
    client_expect(good, "event: view");
    for (int i = 0; i < 100000 && lk_face_streams(w->face) == 2; i++) {
        w->view.doors_open = (unsigned)i;
        lk_face_show(w->face, &w->view);
        if (i % 20 == 0) {
            client_is_quiet(good, 1);
            client_forget(good);
        }
    }
    assert_int_equal(lk_face_streams(w->face), 1);
    w->view.doors_open = 4711;
    lk_face_show(w->face, &w->view);
    client_expect(good, "4711");
    client_close(deaf);
    client_close(good);
}

/* --- recall list ------------------------------------------------------------------------------------------------ */

static void lists_recalls_for_staff_only(void **state)
{
    struct world *w = *state;
    int status;

    w->recalls = 5;
    json_decref(face_get_json(w, "/api/v1/recalls", &status));
    assert_int_equal(status, 403);
    w->view.role = LK_ACTOR_CLERK;
    lk_face_show(w->face, &w->view);
    json_t *list = face_get_json(w, "/api/v1/recalls", &status);
    assert_int_equal(status, 200);
    const json_t *rows = json_object_get(list, "items");
    assert_int_equal(json_array_size(rows), 5);
    assert_string_equal(face_text_of(json_array_get(rows, 0), "item"), "YL-0000");
    assert_string_equal(face_text_of(json_array_get(rows, 0), "door"), "A07");
    assert_string_equal(face_text_of(json_array_get(rows, 0), "size"), "M");
    assert_true(json_is_true(json_object_get(json_array_get(rows, 0), "overdue")));
    assert_true(json_is_true(json_object_get(json_array_get(rows, 1), "cancelled")));
    assert_string_equal(face_text_of(json_array_get(rows, 0), "name"), "王*");
    static const char *const flags[] = {"overdue", "cancelled", "rejected", "dropoff"};
    for (size_t i = 0; i < 5; i++) {
        for (size_t f = 0; f < LK_ARRAY_SIZE(flags); f++) {
            assert_true(json_is_boolean(json_object_get(json_array_get(rows, i), flags[f])));
            assert_int_equal(json_is_true(json_object_get(json_array_get(rows, i), flags[f])), i == f);
        }
        assert_int_equal(json_is_true(json_object_get(json_array_get(rows, i), "due")), i < 4);
    }
    assert_true(json_is_false(json_object_get(list, "more")));
    json_decref(list);
}

static void gives_the_receipt_on_its_screen_only(void **state)
{
    struct world *w = *state;
    int status;

    w->receipt = 2;
    w->view.role = LK_ACTOR_COURIER;
    w->view.screen = LK_SCREEN_STAFF_MENU;
    lk_face_show(w->face, &w->view);
    json_decref(face_get_json(w, "/api/v1/receipt", &status));
    assert_int_equal(status, 403);
    w->view.screen = LK_SCREEN_RECEIPT;
    lk_face_show(w->face, &w->view);
    json_t *list = face_get_json(w, "/api/v1/receipt", &status);
    assert_int_equal(status, 200);
    const json_t *rows = json_object_get(list, "items");
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(face_text_of(json_array_get(rows, 1), "item"), "YL-0001");
    assert_string_equal(face_text_of(json_array_get(rows, 1), "door"), "B02");
    assert_string_equal(face_text_of(json_array_get(rows, 1), "size"), "L");
    assert_null(json_object_get(json_array_get(rows, 1), "name"));
    assert_true(json_is_false(json_object_get(list, "more")));
    json_decref(list);
    w->receipt = LK_FACE_LIST_MAX + 1;
    list = face_get_json(w, "/api/v1/receipt", &status);
    assert_int_equal(json_array_size(json_object_get(list, "items")), LK_FACE_LIST_MAX);
    assert_true(json_is_true(json_object_get(list, "more")));
    json_decref(list);
    w->receipt = -EIO;
    json_decref(face_get_json(w, "/api/v1/receipt", &status));
    assert_int_equal(status, 503);
    w->view.role = LK_ACTOR_SYSTEM;
    lk_face_show(w->face, &w->view);
    json_decref(face_get_json(w, "/api/v1/receipt", &status));
    assert_int_equal(status, 403);
}

static void says_that_there_are_more_recalls(void **state)
{
    struct world *w = *state;
    int status;

    w->recalls = LK_FACE_LIST_MAX + 10;
    w->view.role = LK_ACTOR_COURIER;
    lk_face_show(w->face, &w->view);
    json_t *list = face_get_json(w, "/api/v1/recalls", &status);
    assert_int_equal(json_array_size(json_object_get(list, "items")), LK_FACE_LIST_MAX);
    assert_true(json_is_true(json_object_get(list, "more")));
    json_decref(list);
    w->recalls = -EIO;
    json_decref(face_get_json(w, "/api/v1/recalls", &status));
    assert_int_equal(status, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FACE(shows_every_member_of_the_view),
        WITH_FACE(shows_the_members_of_the_newer_stories),
        WITH_FACE(fits_the_largest_view),
        WITH_FACE(tells_of_the_window_and_only_when_that_changed),
        WITH_FACE(streams_snapshots_and_ticks),
        WITH_FACE(says_nothing_when_only_time_passed),
        WITH_FACE(tells_how_many_digits_a_keypad_has_and_only_when_that_changed),
        WITH_FACE(gives_eight_streams),
        WITH_FACE(drops_a_stream_that_does_not_read),
        WITH_FACE(lists_recalls_for_staff_only),
        WITH_FACE(says_that_there_are_more_recalls),
        WITH_FACE(gives_the_receipt_on_its_screen_only),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
