/*
 * A face with a scripted app behind it, for the tests that ask it over real sockets. cmocka's own functions fail the
 * test.
 */
#ifndef TESTS_FACE_WORLD_H
#define TESTS_FACE_WORLD_H

#include "base/cleanup.h"
#include "base/text.h"
#include "client.h"
#include "core/state.h"
#include "face/face.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum answer { ANSWER_AT_ONCE, ANSWER_NEVER, ANSWER_LATER };

struct world {
    struct event_base *base;
    struct lk_face *face;
    uint16_t port;
    char token[40];
    enum answer answer;
    unsigned acts;
    struct lk_face_act act;
    uint64_t request;
    int recalls;         /* how many to list, or a negative errno */
    int receipt;         /* the same */
    struct lk_view view; /* for tests to change and show */
};

/* The scripted app: answers acts as world.answer says, lists what world.recalls and world.receipt say. */
extern const struct lk_face_ops face_world_ops;

/* The request with {H} and {T} replaced by this face's host and token. Static buffer. */
const char *face_fill(const struct world *w, const char *text);
/* Sends a request and returns the whole answer (static buffer) and its status. */
const char *face_ask(struct world *w, const char *request, int *ret_status);
const char *face_body_of(const char *answer);
void face_expect(struct world *w, const char *request, int status, const char *words);
/* The text of a POST of body with everything right. Static buffer. */
const char *face_post(const char *body);
void face_read_token(struct world *w);
int face_start(void **state);
int face_stop(void **state);
json_t *face_get_json(struct world *w, const char *path, int *ret_status);
const char *face_text_of(const json_t *object, const char *name);

/* A test with a face of its own. */
#define WITH_FACE(f) cmocka_unit_test_setup_teardown(f, face_start, face_stop)

#endif
