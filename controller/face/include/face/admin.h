/*
 * The admin socket: JSON lines on a Unix stream socket, for lockerctl.
 *
 * Here are framing, limits, who is asking, and dispatch by the app's table of commands; what a command does is the
 * app's. Request: {"id": 7, "cmd": "open", "args": {...}, "staff": "id", "pin": "...", "with": {"staff": "id", "pin":
 * "..."}} (args, staff and pin, with are optional; with: a second person who agrees).
 * Answer: {"id": 7, "ok": true, "result": ...} or {"id": 7, "ok": false, "reason": "...", "message": "..."}, before it
 * any number of {"id": 7, "progress": {...}} and {"id": 7, "event": {...}}.
 *
 * Who may do what: the file mode (0660, the configured group) lets only root, our own user and that group connect.
 * SO_PEERCRED uid 0 or our own uid acts as maintenance; anybody else reads, and changes need "staff" and "pin", checked
 * by the app. Credentials that were sent are checked for everybody, so that the log names the person.
 *
 * There are no sessions here: a PIN counts for the one request it came with, its check begins after the request was
 * read and the handler runs as soon as it is over. So whoever overrides something (LK_ADMIN_OVERRIDE) has given the PIN
 * for this very act, and the second person has, too. A request without one gets sign_in_again, whatever was sent before
 * on the same connection. Which roles may give a command is in its row; a privileged user is asked as maintenance.
 *
 * A request belongs to the app from the moment its handler (or ops.auth) is called until its final answer: exactly one
 * lk_admin_ok() or lk_admin_fail(), now or later, which frees it. That also holds when its client left meanwhile: the
 * answer then goes nowhere. So a pointer kept by a worker's job never dangles, unless the server is destroyed first.
 *
 * Thread: the owner thread of the event_base, for all calls and all callbacks. Nothing blocks but create (bind, chmod).
 * Source: unix(7) for SO_PEERCRED.
 */
#ifndef FACE_ADMIN_H
#define FACE_ADMIN_H

#include "core/input.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct event_base;
struct lk_admin;
struct lk_admin_request;

enum {
    LK_ADMIN_CONNECTIONS = 16,      /* at once; one more is told so and closed */
    LK_ADMIN_LINE_MAX = 16384,      /* bytes of a request line, newline not counted; a longer one ends the connection */
    LK_ADMIN_UNDER_WAY = 8,         /* requests of one connection not answered yet; one more is refused */
    LK_ADMIN_DEPTH_MAX = 16,        /* nesting of a request's JSON */
    LK_ADMIN_BACKLOG_MAX = 1 << 18, /* bytes waiting for a client that does not read; then a follower is dropped */
    LK_ADMIN_PATH_MAX = 107,        /* bytes of the socket's path: sun_path less its NUL */
};

/* READ changes nothing. CHANGE needs the privilege described above. OVERRIDE is a change that goes past what codes and
 * sensors say: the same, but for the reason with which a request without a PIN is refused. */
enum lk_admin_kind { LK_ADMIN_READ, LK_ADMIN_CHANGE, LK_ADMIN_OVERRIDE };

/* One row of the app's table. args is an object (empty when the client sent none), borrowed for the call: json_incref()
 * to keep it. Its keys and types are the handler's to check. roles: bits 1 << enum lk_actor of those who may; 0:
 * whoever the kind lets through. */
struct lk_admin_command {
    const char *name;
    enum lk_admin_kind kind;
    void (*handler)(void *user, struct lk_admin_request *request, const json_t *args);
    unsigned roles;
};

/* What the server asks of the app; both are required. */
struct lk_admin_ops {
    /* Check a staff member's PIN; answer with lk_admin_auth_done(), now or later (Argon2id is a worker's job). pin is
     * overwritten when the call returns: copy it, and overwrite the copy after use. Called once more for a request with
     * a second person, when the first one was found right. */
    void (*auth)(void *user, struct lk_admin_request *request, const char *staff, const char *pin);
    /* The client of a request left, or was dropped because it did not read. The request still wants its final answer,
     * which may be given from here. Never called from inside another lk_admin_ call; called at most once a request. */
    void (*cancelled)(void *user, struct lk_admin_request *request);
};

/* How a server is made. Texts are copied; the table must outlive the server. */
struct lk_admin_config {
    const char *path;                        /* of the socket; its folder exists and only we may write there */
    gid_t group;                             /* who may connect; (gid_t)-1: the process' own group */
    const struct lk_admin_command *commands; /* ends with a row whose name is NULL */
    int line_timeout_ms;                     /* for a client to finish a line it began; 0 means 10 000 */
};

/* Binds and listens. A socket file nobody listens on any more is replaced. 0 and *ret_admin (owner: caller,
 * lk_admin_destroy), or -EBUSY (another process listens there, or the path is something else than a socket),
 * -ENAMETOOLONG, -EINVAL, -ENOMEM, or the errno of socket, bind, chown or chmod. base must outlive the server. */
int lk_admin_create(const struct lk_admin_config *config, const struct lk_admin_ops *ops, void *user,
                    struct event_base *base, struct lk_admin **ret_admin);

/* Closes all connections, frees all requests (none may be answered any more; cancelled is not called), removes the
 * socket file if it is still ours. NULL is fine. Returns NULL. Not from a callback. */
struct lk_admin *lk_admin_destroy(struct lk_admin *admin);

/* Clients connected now. */
unsigned lk_admin_clients(const struct lk_admin *admin);

/* The verdict on ops.auth: who->ok false means a wrong PIN or nobody by that name, and the client gets sign_in_failed.
 * Else the command's handler runs, inside this call. Copies *who. */
void lk_admin_auth_done(struct lk_admin_request *request, const struct lk_staff *who);

/* On whose behalf the handler acts: the checked staff member, else {ok, MAINTENANCE, "uid-0"} for a privileged user,
 * else {not ok, SYSTEM, "uid-1000"} for a reader. Valid until the final answer. */
const struct lk_staff *lk_admin_who(const struct lk_admin_request *request);

/* The second person, whose PIN was checked like the first one's; not ok when none was named. It may be the same
 * person: that is the core's to judge. Valid until the final answer. */
const struct lk_staff *lk_admin_with(const struct lk_admin_request *request);

/* The command's name as in the table. */
const char *lk_admin_name_of(const struct lk_admin_request *request);

/* True once the client left or was dropped: further work may be pointless. */
bool lk_admin_gone(const struct lk_admin_request *request);

/* A pointer the app may keep with the request; NULL at first; never touched by the server. */
void lk_admin_set_data(struct lk_admin_request *request, void *data);
void *lk_admin_data(const struct lk_admin_request *request);

/* The final answer. Takes the reference to result (NULL: {}; also taken when the client left) and ends the request. */
void lk_admin_ok(struct lk_admin_request *request, json_t *result);

/* The final answer when nothing, or nothing certain, came of it; message: English, names what was wrong, no secrets.
 * LK_REASON_OUTCOME_UNPROVEN and the like tell the client what kind of failure it was. Ends the request. */
void lk_admin_fail(struct lk_admin_request *request, enum lk_reason reason, const char *message);

/* A line before the final answer. Takes the reference. 0, or -EPIPE when the client left or was dropped just now for
 * not reading (a follower's last line says so): stop sending, and give the final answer when convenient. */
int lk_admin_progress(struct lk_admin_request *request, json_t *progress);
int lk_admin_event(struct lk_admin_request *request, json_t *event);

/* As lk_admin_event() for an event that is JSON text already (an object, one line, UTF-8): it is sent as it is. */
int lk_admin_event_text(struct lk_admin_request *request, const char *text, size_t length);

/* For long lists: calls more(user, request) once, from the loop, when everything written to this client so far is out;
 * never when the client leaves (cancelled tells). Send a slice of well under LK_ADMIN_BACKLOG_MAX, ask for more,
 * return: so a client that reads is never dropped, and one that does not costs nothing. NULL takes the wish back. */
void lk_admin_when_written(struct lk_admin_request *request,
                           void (*more)(void *user, struct lk_admin_request *request));

#endif
