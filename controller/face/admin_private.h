/* What admin.c (socket, connections, lines) and admin_request.c (requests, dispatch, answers) share. Owner thread. */
#ifndef FACE_ADMIN_PRIVATE_H
#define FACE_ADMIN_PRIVATE_H

#include "face/admin.h"

#include <event2/buffer.h>
#include <sys/queue.h>
#include <sys/types.h>

struct bufferevent;
struct evconnlistener;
struct event;

enum { LK_ADMIN_PIN_MAX = 64 };

struct lk_admin_client {
    TAILQ_ENTRY(lk_admin_client) link;
    struct lk_admin *admin;
    struct bufferevent *bev;
    struct event *timer; /* a begun line, or the last bytes to a client that is being dropped */
    uid_t uid;
    bool privileged;
    bool closing; /* its last line is on its way; nothing more is read */
    unsigned under_way;
};

struct lk_admin_request {
    TAILQ_ENTRY(lk_admin_request) link;
    struct lk_admin *admin;
    struct lk_admin_client *client; /* NULL once it left */
    bool told;                      /* ops.cancelled was called, or need not be */
    json_int_t id;
    const struct lk_admin_command *command;
    json_t *args;
    struct lk_staff who, with;
    bool asked_second; /* the second person's PIN is being, or was, checked */
    char with_id[LK_STAFF_ID_MAX + 1], with_pin[LK_ADMIN_PIN_MAX + 1]; /* until asked; the PIN is overwritten then */
    void *data;
    bool due; /* more is to be called in this round */
    void (*more)(void *user, struct lk_admin_request *request);
};

struct lk_admin {
    struct event_base *base;
    const struct lk_admin_ops *ops;
    void *user;
    const struct lk_admin_command *commands;
    int line_timeout_ms;
    char path[LK_ADMIN_PATH_MAX + 1];
    dev_t device; /* of the socket file we made */
    ino_t inode;
    struct evconnlistener *listener;
    struct event *sweep; /* tells the app of clients that left, from the loop and not from inside its own calls */
    unsigned clients_count;
    TAILQ_HEAD(client_list, lk_admin_client) clients;
    TAILQ_HEAD(request_list, lk_admin_request) requests;
};

/* One line from a client, without its newline; overwritten by the caller afterwards. */
void lk_admin_line(struct lk_admin_client *client, const char *line, size_t length);

/* What was written is out: runs what waited for that. The client may be gone afterwards. */
void lk_admin_written(struct lk_admin *admin, const struct lk_admin_client *client);

/* Its requests live on without it; the sweep will tell the app. */
void lk_admin_abandon(struct lk_admin_client *client);

void lk_admin_request_free(struct lk_admin_request *request);

/* Writes {"id": id, name: value} as one line; takes the reference to value. 0, or -EPIPE when the client is gone, is
 * being dropped, or was dropped just now because of its backlog. */
int lk_admin_send(struct lk_admin_client *client, json_int_t id, const char *name, json_t *value);

/* Writes one line given in parts, its newline included, with the same result. client may be NULL. */
int lk_admin_write(struct lk_admin_client *client, struct evbuffer_iovec *parts, int count);

/* {"id": id or null when negative, "ok": false, ...}. */
void lk_admin_refuse(struct lk_admin_client *client, json_int_t id, enum lk_reason reason, const char *message);

/* No more reading; closed once what was written is out, or after a while. */
void lk_admin_client_end(struct lk_admin_client *client);

#endif
