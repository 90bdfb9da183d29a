/*
 * The control socket: JSON lines over a Unix stream socket, one answer line for each command line, plus the happenings
 * a client subscribed to. The commands are a table in commands.c; README.md describes them.
 * A line over 16 KiB, or a client that does not read 4 MiB of happenings, loses its connection.
 * Thread: the loop's. Blocking: never.
 */
#ifndef LK_CAB_CONTROL_H
#define LK_CAB_CONTROL_H

#include "sim.h"

#include <jansson.h>

struct lk_cab_client;

/* Listens at path (replacing a dead socket there, never anything else). 0; -EADDRINUSE somebody answers there; -EEXIST
 * no socket; or another negative errno. The sim owns it and destroys it. */
int lk_cab_control_create(struct lk_cab_sim *sim, const char *path, struct lk_cab_control **ret_control);

/* Closes all clients and removes the socket; NULL is fine. */
void lk_cab_control_destroy(struct lk_cab_control *control);

/* Which happenings the client of the running command is to get from now on (bit n = enum lk_cab_kind n). */
void lk_cab_client_subscribe(struct lk_cab_client *client, uint64_t kinds);

/* Runs one command; implemented in commands.c. Never NULL; the caller owns the answer. client may be NULL (then
 * "subscribe" is refused). */
json_t *lk_cab_command_run(struct lk_cab_sim *sim, struct lk_cab_client *client, const char *line, size_t n);

/* Sends what happened from `since` on to a new subscriber. */
void lk_cab_client_replay(struct lk_cab_client *client, uint64_t since);

/* A happening as JSON, implemented in status.c. The caller owns it. */
json_t *lk_cab_happening_json(const struct lk_cab_sim *sim, const struct lk_cab_happening *h);

/* Parts of the "status" answer, implemented in status.c. The caller owns them. */
json_t *lk_cab_line_json(const struct lk_cab_sim *sim, unsigned line);
json_t *lk_cab_board_json(struct lk_cab_sim *sim, unsigned board);
json_t *lk_cab_door_json(struct lk_cab_sim *sim, unsigned door);

#endif
