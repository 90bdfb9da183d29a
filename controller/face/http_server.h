/*
 * HTTP connections on 127.0.0.1: one request each, then an answer with Content-Length, or a stream that ends with the
 * connection. One request a connection leaves nothing to pipeline or to smuggle, and on loopback costs nothing.
 *
 * Every state of a connection has a deadline of its own. At LK_FACE_CONNECTIONS a new client displaces the oldest one
 * that has not finished its request, so that idle or dripping clients cannot lock the page out.
 *
 * Thread: the event_base's owner. A connection belongs to the server; the user's pointer to it is valid until it gives
 * the answer or its gone() is called.
 */
#ifndef FACE_HTTP_SERVER_H
#define FACE_HTTP_SERVER_H

#include "http_head.h"

#include <stdint.h>

struct event_base;
struct lk_http_server;
struct lk_http_conn;

struct lk_http_ops {
    /* A whole request. Answer, hold or start a stream, in this call. body ends with NUL and is overwritten after the
     * call; head's texts are valid during the call. */
    void (*request)(void *user, struct lk_http_conn *conn, const struct lk_http_head *head, const char *body,
                    size_t length);
    /* The request's form is wrong: answer with that status in this call. */
    void (*refused)(void *user, struct lk_http_conn *conn, int status, const char *why);
    /* A held connection's time is over: answer it in this call. */
    void (*expired)(void *user, struct lk_http_conn *conn);
    /* A held connection or a stream has ended by itself; its pointer is dead after this call. */
    void (*gone)(void *user, struct lk_http_conn *conn);
};

struct lk_http_config {
    uint16_t port;
    int request_timeout_ms;
    int hold_timeout_ms;
    const char *fields; /* header lines sent with every answer, each with its CRLF; outlives the server */
};

/* Listens. 0, or a negative errno of socket or bind, or -ENOMEM. */
int lk_http_server_create(const struct lk_http_config *config, const struct lk_http_ops *ops, void *user,
                          struct event_base *base, struct lk_http_server **ret_server);

/* Closes everything without a further callback. NULL is fine. Returns NULL. */
struct lk_http_server *lk_http_server_destroy(struct lk_http_server *server);

uint16_t lk_http_server_port(const struct lk_http_server *server);

/* Sends an answer and ends the connection. fields: further header lines, each with its CRLF, or "". */
void lk_http_answer(struct lk_http_conn *conn, int status, const char *type, const char *fields, const char *body,
                    size_t length);

/* Keeps the request open for a later lk_http_answer(). */
void lk_http_hold(struct lk_http_conn *conn);

/* Answers 200 with an endless body of that type. */
void lk_http_stream(struct lk_http_conn *conn, const char *type);

/* Sends more of a stream. 0, or -EPIPE: the client does not keep up and was closed (gone() is not called). */
int lk_http_stream_send(struct lk_http_conn *conn, const char *text, size_t length);

#endif
