#include "face_private.h"

#include "core/state.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Two instants this close are the same deadline, computed twice. */
enum { SAME_MS = 250 };

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool same_instant(int64_t a, int64_t b)
{
    return a == b || (a != LK_NEVER && b != LK_NEVER && a != 0 && b != 0 && llabs(a - b) <= SAME_MS);
}

static int64_t still_ms(int64_t at_ms, int64_t now)
{
    return at_ms > now ? at_ms - now : 0;
}

void lk_face_snapshot(const struct lk_face *face, struct lk_text *t)
{
    int64_t now = now_ms();
    int64_t left = face->falls_back_at_ms == LK_NEVER ? -1 : still_ms(face->falls_back_at_ms, now);

    lk_text_addf(t, "{%s,\"window\":%s,\"keyed\":%u,\"left_ms\":%lld,\"locked_ms\":%lld}", face->picture, face->window,
                 face->keyed, (long long)left, (long long)still_ms(face->unlocked_at_ms, now));
}

static void send_all(struct lk_face *face, const char *text, size_t length)
{
    for (size_t i = 0; i < LK_FACE_STREAMS; i++) {
        if (face->stream[i] && lk_http_stream_send(face->stream[i], text, length) < 0) {
            face->stream[i] = NULL;
            face->streams--;
        }
    }
}

static size_t view_event(const struct lk_face *face, char text[LK_FACE_SNAPSHOT_MAX + 32])
{
    struct lk_text t = lk_text_init(text, LK_FACE_SNAPSHOT_MAX + 32);

    lk_text_add(&t, "event: view\ndata: ");
    lk_face_snapshot(face, &t);
    lk_text_add(&t, "\n\n");
    return t.len;
}

void lk_face_show(struct lk_face *face, const struct lk_view *view)
{
    char picture[LK_VIEW_JSON_MAX], text[LK_FACE_SNAPSHOT_MAX + 32];
    int64_t now = now_ms();
    int64_t falls_back = view->left_ms < 0 ? LK_NEVER : now + view->left_ms;
    int64_t unlocked = view->locked_ms > 0 ? now + view->locked_ms : 0;

    lk_view_json(view, picture);
    face->view = *view;
    if (strcmp(picture, face->picture) == 0 && same_instant(falls_back, face->falls_back_at_ms) &&
        same_instant(unlocked, face->unlocked_at_ms)) {
        return;
    }
    memcpy(face->picture, picture, sizeof(picture));
    face->falls_back_at_ms = falls_back;
    face->unlocked_at_ms = unlocked;
    send_all(face, text, view_event(face, text));
}

void lk_face_keyed(struct lk_face *face, unsigned digits)
{
    char text[LK_FACE_SNAPSHOT_MAX + 32];

    if (digits != face->keyed) {
        face->keyed = digits;
        send_all(face, text, view_event(face, text));
    }
}

void lk_face_window(struct lk_face *face, const struct lk_face_window *window)
{
    char told[LK_WINDOW_JSON_MAX], text[LK_FACE_SNAPSHOT_MAX + 32];

    (void)lk_window_json(window, told);
    if (strcmp(told, face->window) != 0) {
        memcpy(face->window, told, sizeof(told));
        send_all(face, text, view_event(face, text));
    }
}

int lk_face_stream_open(struct lk_face *face, struct lk_http_conn *conn)
{
    char text[LK_FACE_SNAPSHOT_MAX + 32];

    for (size_t i = 0; i < LK_FACE_STREAMS; i++) {
        if (!face->stream[i]) {
            face->stream[i] = conn;
            face->streams++;
            lk_http_stream(conn, "text/event-stream; charset=utf-8");
            return lk_http_stream_send(conn, text, view_event(face, text));
        }
    }
    return -EAGAIN;
}

void lk_face_forget(struct lk_face *face, const struct lk_http_conn *conn)
{
    for (size_t i = 0; i < LK_FACE_STREAMS; i++) {
        if (face->stream[i] == conn) {
            face->stream[i] = NULL;
            face->streams--;
        }
    }
    for (size_t i = 0; i < LK_FACE_CONNECTIONS; i++) {
        if (face->held[i].conn == conn) {
            face->held[i].conn = NULL;
        }
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    static const char tick[] = "event: tick\ndata: {}\n\n";

    (void)fd;
    (void)what;
    send_all(arg, tick, sizeof(tick) - 1);
}

int lk_face_ticks_start(struct lk_face *face, struct event_base *base, int tick_ms)
{
    struct timeval period = {.tv_sec = tick_ms / 1000, .tv_usec = (tick_ms % 1000) * 1000};

    face->ticker = event_new(base, -1, EV_PERSIST, on_tick, face);
    if (!face->ticker || event_add(face->ticker, &period) < 0) {
        return -ENOMEM;
    }
    return 0;
}

unsigned lk_face_streams(const struct lk_face *face)
{
    return face->streams;
}
