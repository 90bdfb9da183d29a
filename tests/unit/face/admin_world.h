/* An admin server with a table of small commands, and clients that ask it; for the tests of the admin socket. */
#ifndef UNIT_FACE_ADMIN_WORLD_H
#define UNIT_FACE_ADMIN_WORLD_H

#include "client.h"
#include "face/admin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
    struct event_base *base;
    struct lk_admin *admin;
    char folder[64];
    char path[96];
    struct lk_admin_request *kept[16]; /* by the "keep" command */
    unsigned keeps, cancelled, auths, slices;
    char staff[64], pin[64];         /* of the last ops.auth */
    struct lk_admin_request *asking; /* waits for auth_done */
    bool auth_at_once;
    enum lk_actor role; /* of whoever has the right PIN, 2468 */
};

/* echo, nothing, keep, fail, follow, long read; change, window, override change, window and override for clerks and
 * supervisors only. Ends with the row whose name is NULL. */
extern const struct lk_admin_command world_commands[];

/* Setup and teardown of one test. */
int world_start(void **state);
int world_stop(void **state);

/* A server at the world's path; lk_admin_create()'s result. */
int world_create(struct world *w, struct lk_admin **ret_admin);

/* One line out, the given words back. */
void expect(struct world *w, const char *line, const char *words);

#define WITH_ADMIN(f) cmocka_unit_test_setup_teardown(f, world_start, world_stop)

#endif
