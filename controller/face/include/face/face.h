/*
 * The face: the kiosk page's local HTTP server with a live stream (Server-Sent Events), on 127.0.0.1 only.
 *
 * The page draws what lk_face_show() was given and posts what a person did; it decides nothing. The face checks form
 * (HTTP, Host, Origin, token, JSON, types, lengths), never meaning: whether a code is lawful or a button fits the
 * screen is the core's to say.
 *
 * Promises:
 * - every request is answered or its connection is closed within a bounded time, whatever the client does;
 * - every act handed to the app is answered once: by lk_face_reply(), or after act_timeout_ms with "unknown";
 * - what a person typed (code, PIN, token) is overwritten in our buffers as soon as the app's callback has returned,
 *   and never shows up in an answer.
 *
 * Thread: the owner thread of the event_base, for all calls and all callbacks. Nothing blocks. Allocates per connection
 * and per snapshot; connections are bounded by LK_FACE_CONNECTIONS.
 * Source: RFC 9112 (HTTP/1.1), WHATWG HTML 9.2 (Server-Sent Events), CSP Level 3.
 */
#ifndef FACE_FACE_H
#define FACE_FACE_H

#include "core/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct lk_face;
struct lk_face_list;

enum {
    LK_FACE_CONNECTIONS = 64, /* at once, streams included; further ones are closed at once */
    LK_FACE_STREAMS = 8,      /* live streams at once; the ninth gets 503 */
    LK_FACE_BODY_MAX = 16384, /* bytes of a request's body; more gets 413 */
    LK_FACE_HEAD_MAX = 8192,  /* bytes of request line and headers; more gets 431 */
    LK_FACE_TEXT_MAX = 256,   /* bytes of a code or of a scanned text */
    LK_FACE_PIN_MAX = 32,     /* bytes of a PIN */
    LK_FACE_LIST_MAX = 512,   /* rows of the recall list, and of a receipt */
    LK_FACE_WINDOW_MAX = 32,  /* bytes of a window's name */
    LK_FACE_URL_MAX = 40,     /* bytes of "http://127.0.0.1:65535/" with room, NUL included */
};

/* What a person did at the kiosk. */
enum lk_face_act_kind {
    LK_FACE_CODE,    /* .text: a pickup code as typed; maybe of a wrong length, maybe not even digits */
    LK_FACE_SCAN,    /* .text: a barcode or QR text, typed by hand or by a keyboard-wedge scanner */
    LK_FACE_SIGN_IN, /* .staff, .pin: not checked yet */
    LK_FACE_BUTTON,  /* .button; .size with LK_BUTTON_SIZE; .item with LK_BUTTON_RECALL_ITEM; .rating with
                        LK_BUTTON_RATE */
};

/* One act, parsed. Texts are well-formed UTF-8 without control characters and end with NUL. What a kind does not use is
 * zero. Valid during the callback only; it holds secrets: copy what is needed, and overwrite the copy after use. */
struct lk_face_act {
    enum lk_face_act_kind kind;
    char text[LK_FACE_TEXT_MAX + 1];
    char staff[LK_STAFF_ID_MAX + 1]; /* lk_text_is_id() holds */
    char pin[LK_FACE_PIN_MAX + 1];
    enum lk_button button;
    enum lk_size size;             /* lawful only with LK_BUTTON_SIZE, and then always given */
    char item[LK_ITEM_ID_MAX + 1]; /* lawful only with LK_BUTTON_RECALL_ITEM; lk_text_is_id() holds */
    unsigned rating;               /* 1 to 5; lawful only with LK_BUTTON_RATE, and then always given */
};

/* What the face asks of the app. All are required. */
struct lk_face_ops {
    /* A person did something. Answer with lk_face_reply(request), in the callback or later. request is never 0 and
     * never used again during the life of the face. */
    void (*act)(void *user, const struct lk_face_act *act, uint64_t request);
    /* The recall list is wanted: call lk_face_recall_add() for each item, in the order to show them, before returning.
     * 0, or a negative errno: the page is told that the list cannot be had now. Only asked while the snapshot shown
     * last has somebody of the staff signed in. */
    int (*recalls)(void *user, struct lk_face_list *list);
    /* The same for what the one who is signed in put where: lk_face_receipt_add(). Only asked while the snapshot shown
     * last is the receipt. */
    int (*receipt)(void *user, struct lk_face_list *list);
};

/* How a face is made. Everything is copied by create. A duration of 0 means the value in brackets. */
struct lk_face_config {
    uint16_t port;              /* on 127.0.0.1; 0: the kernel chooses, see lk_face_port() */
    const char *site_name;      /* shown at the top of the page, UTF-8; NULL: none */
    const char *support_phone;  /* whom to call, shown as given; NULL: the page says "the staff at the service desk" */
    unsigned code_digits;       /* how many digits the keypad offers (8) */
    const char *frame_ancestor; /* an origin that may show the page in a frame (the demo); NULL: nobody may */
    int act_timeout_ms;         /* for the app to answer an act (10 000) */
    int tick_ms;                /* between two `tick` events of a stream (5 000) */
    int request_timeout_ms;     /* for a client to send a whole request, and again to take the answer (10 000) */
};

/* Binds and listens. 0 and *ret_face (owner: caller, lk_face_destroy), or -EADDRINUSE, -EACCES, -ENOMEM, -EINVAL (texts
 * too long or not UTF-8), or the errno of getrandom(2). base must outlive the face. */
int lk_face_create(const struct lk_face_config *config, const struct lk_face_ops *ops, void *user,
                   struct event_base *base, struct lk_face **ret_face);

/* Closes all connections without further answers, frees everything. NULL is fine. Returns NULL. Not from a callback of
 * the face. */
struct lk_face *lk_face_destroy(struct lk_face *face);

/* The port it listens on, and the page's address ("http://127.0.0.1:8080/"); valid until destroy. */
uint16_t lk_face_port(const struct lk_face *face);
const char *lk_face_url(const struct lk_face *face);

/* Live streams now. */
unsigned lk_face_streams(const struct lk_face *face);

/* The new picture. Cheap when nothing but the passing of time changed: left_ms and locked_ms are taken as instants, and
 * the page counts down by itself. Else a full snapshot goes to every stream as event `view`. A stream that does not
 * take its events is closed; the page comes back and gets the snapshot. Call it after every step. */
void lk_face_show(struct lk_face *face, const struct lk_view *view);

/* How many digits were typed at a keypad beside the screen: the page shows so many dots. Only the count, never a digit,
 * and only until the next one. Cheap when it did not change. */
void lk_face_keyed(struct lk_face *face, unsigned digits);

/* The answer to an act. A request that is over (answered, timed out, client gone) is ignored. LK_RESULT_PENDING is our
 * bug and answered as "unknown". */
void lk_face_reply(struct lk_face *face, uint64_t request, enum lk_result result, enum lk_reason reason);

/* What people are told of the office's window (of the one that serves them best, when there are several). */
enum lk_face_window_state {
    LK_FACE_WINDOW_NONE,   /* none is configured: the page says nothing of it */
    LK_FACE_WINDOW_OPEN,   /* until .at */
    LK_FACE_WINDOW_CLOSED, /* opens on .day at .at; both "" when it does not within the days looked at */
    LK_FACE_WINDOW_UNKNOWN /* the clock is not worth an answer */
};

struct lk_face_window {
    enum lk_face_window_state state;
    char name[LK_FACE_WINDOW_MAX + 1]; /* UTF-8 */
    char day[11];                      /* "today" or "YYYY-MM-DD" */
    char at[6];                        /* "17:00", local time of the site */
};

/* Until the next call, streams are told when it changed. Cheap when it did not. Nothing before the first call. */
void lk_face_window(struct lk_face *face, const struct lk_face_window *window);

/* One row of the recall list: the item, its door's label, and whether a round takes it along. 0, or -ENOSPC when the
 * list is full (the page then says that there are more). Only during ops.recalls. */
int lk_face_recall_add(struct lk_face_list *list, const struct lk_item *item, const char *door_label, bool due);

/* One row of a receipt. The same; only during ops.receipt. */
int lk_face_receipt_add(struct lk_face_list *list, const struct lk_item *item, const char *door_label);

/* Makes jansson overwrite all memory it frees, for the whole process: its parser keeps copies of what a person typed.
 * Call it once, first thing in main, before any thread and any JSON. */
void lk_face_wipe_json(void);

#endif
