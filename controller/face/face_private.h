/* What face.c (routes), answers.c (JSON answers) and stream.c (snapshots, live streams) share. Owner thread. */
#ifndef FACE_FACE_PRIVATE_H
#define FACE_FACE_PRIVATE_H

#include "base/text.h"
#include "face/face.h"
#include "http_server.h"
#include "view_json.h"

#include <stdio.h>

struct event;

enum { LK_FACE_SNAPSHOT_MAX = LK_VIEW_JSON_MAX + LK_WINDOW_JSON_MAX + 128 };

/* One request on its way through the routes. */
struct lk_face_call {
    struct lk_http_conn *conn;
    const struct lk_http_head *head;
    const char *body;
    size_t length;
};

/* An act the app has not answered; conn NULL: a free slot. */
struct lk_face_held {
    struct lk_http_conn *conn;
    uint64_t request;
};

/* A list for the page while it is being made. */
struct lk_face_list {
    FILE *out;
    char *text;
    size_t length;
    unsigned count;
    bool more;
};

struct lk_face {
    const struct lk_face_ops *ops;
    void *user;
    struct lk_http_server *server;
    struct event *ticker;
    char fields[640];
    char host[2][24];
    char url[LK_FACE_URL_MAX];
    char token[33];
    char *page;
    size_t page_length;

    struct lk_view view;             /* shown last */
    char picture[LK_VIEW_JSON_MAX];  /* its text without the durations */
    int64_t falls_back_at_ms;        /* its left_ms as an instant; LK_NEVER: stays */
    int64_t unlocked_at_ms;          /* its locked_ms as an instant; 0: not locked */
    unsigned keyed;                  /* digits typed at the keypad beside the screen */
    char window[LK_WINDOW_JSON_MAX]; /* what is told of the office's window, as JSON */

    uint64_t last_request;
    struct lk_face_held held[LK_FACE_CONNECTIONS];
    struct lk_http_conn *stream[LK_FACE_STREAMS];
    unsigned streams;
};

/* Answers an act or a refused request. message: what a programmer wants to know; NULL: nothing. */
void lk_face_answer(struct lk_http_conn *conn, int status, enum lk_result result, enum lk_reason reason,
                    const char *message);

/* Answers 200 with this JSON. */
void lk_face_answer_json(struct lk_http_conn *conn, const char *text, size_t length);

/* Answers with the list that `fill` makes, or says that it cannot be had. */
void lk_face_answer_list(struct lk_http_conn *conn, int (*fill)(void *user, struct lk_face_list *list), void *user);

/* Adds the snapshot as JSON with the durations as of now. */
void lk_face_snapshot(const struct lk_face *face, struct lk_text *t);

/* Makes the connection a stream and sends it the snapshot. 0, or -EAGAIN: all streams are taken, nothing was sent. */
int lk_face_stream_open(struct lk_face *face, struct lk_http_conn *conn);

/* The connection is no longer a stream, nor waits for an answer. */
void lk_face_forget(struct lk_face *face, const struct lk_http_conn *conn);

/* Begins to send ticks. 0 or -ENOMEM. */
int lk_face_ticks_start(struct lk_face *face, struct event_base *base, int tick_ms);

#endif
