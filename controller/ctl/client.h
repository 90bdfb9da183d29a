/*
 * The client's end of the admin socket: one connection, JSON lines out and in.
 * Thread: one. Blocking: up to the timeout given. Source: the admin protocol, face/admin.h.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct lk_client {
    int fd; /* -1: not connected */
    char *buf;
    size_t len, cap;
};

enum { LK_CLIENT_LINE_MAX = 8 << 20 }; /* bytes of an answer; a cabinet of 512 doors needs less than a hundredth */

/* 0, -ENAMETOOLONG, or connect(2)'s errno. The client is the caller's; close it with lk_client_close. */
int lk_client_open(struct lk_client *client, const char *path);

/* Sends one line. Does not take the reference. The text is wiped from memory afterwards: it may hold a PIN.
 * 0, -ENOMEM, or send(2)'s errno (-EPIPE when the daemon left). */
int lk_client_send(struct lk_client *client, const json_t *request);

/* Waits for the next line, timeout_ms from now; negative waits for ever. 0 with *ret_line (the caller's reference);
 * -ETIMEDOUT; -EPIPE (the daemon closed the connection); -EPROTO (not one JSON object of lawful length); -ENOMEM. */
int lk_client_next(struct lk_client *client, int timeout_ms, json_t **ret_line);

/* Closes and frees what the client holds. For LK_CLEANUP too. */
void lk_client_close(struct lk_client *client);

#endif
