/*
 * A socket client for tests that run server and client on one thread: it turns the server's event loop while it waits.
 * Everything fails the running cmocka test instead of hanging: no wait is longer than WAIT_MS.
 */
#ifndef TEST_FACE_CLIENT_H
#define TEST_FACE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

enum { WAIT_MS = 5000, CLIENT_ROOM = 1 << 20 };

struct client {
    struct event_base *base;
    int fd;
    char *got; /* ends with NUL */
    size_t length;
    bool over; /* the server has closed */
};

struct client *client_tcp(struct event_base *base, uint16_t port);
struct client *client_unix(struct event_base *base, const char *path);
void client_close(struct client *c);

void client_send(struct client *c, const char *bytes, size_t n);
void client_say(struct client *c, const char *text);

/* Turns the loop for that long. */
void turn(struct event_base *base, int ms);

/* Turns the loop until it is so; fails the test when it does not become so. */
#define UNTIL(base, condition)                                                                                         \
    do {                                                                                                               \
        for (int until_i_ = 0; !(condition) && until_i_ < WAIT_MS; until_i_++) {                                       \
            turn((base), 1);                                                                                           \
        }                                                                                                              \
        assert_true(condition);                                                                                        \
    } while (0)

/* Until the text has been received; returns where it is. */
const char *client_expect(struct client *c, const char *text);

/* Until the server has closed. */
void client_expect_end(struct client *c);

/* Whether nothing but what was received before comes within ms, and the connection stays open. */
bool client_is_quiet(struct client *c, int ms);

/* Forgets (and overwrites) what was received. */
void client_forget(struct client *c);

#endif
