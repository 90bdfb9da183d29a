#include "admin_private.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "json_text.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

void lk_admin_request_free(struct lk_admin_request *request)
{
    if (request->client) {
        request->client->under_way--;
    }
    TAILQ_REMOVE(&request->admin->requests, request, link);
    json_decref(request->args);
    explicit_bzero(request->with_pin, sizeof(request->with_pin));
    free(request);
}

void lk_admin_abandon(struct lk_admin_client *client)
{
    struct lk_admin_request *request;
    bool any = false;

    TAILQ_FOREACH(request, &client->admin->requests, link)
    {
        if (request->client == client) {
            request->client = NULL;
            client->under_way--;
            any = true;
        }
    }
    if (any) {
        event_active(client->admin->sweep, EV_TIMEOUT, 0);
    }
}

/* Takes the reference. NULL (out of memory, or a message that is not UTF-8) still has to end the client's waiting. */
static int send_line(struct lk_admin_client *client, json_t *line)
{
    static char sorry[] = "{\"id\":null,\"ok\":false,\"reason\":\"not_now\",\"message\":\"no answer could be made\"}";
    LK_CLEANUP(lk_freep) char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    char newline[] = "\n";
    struct evbuffer_iovec parts[] = {{text ? text : sorry, strlen(text ? text : sorry)}, {newline, 1}};

    json_decref(line);
    return lk_admin_write(client, parts, 2);
}

int lk_admin_send(struct lk_admin_client *client, json_int_t id, const char *name, json_t *value)
{
    return send_line(client, json_pack("{s:I, s:o}", "id", id, name, value));
}

void lk_admin_refuse(struct lk_admin_client *client, json_int_t id, enum lk_reason reason, const char *message)
{
    send_line(client, json_pack("{s:o, s:b, s:s, s:s}", "id", id < 0 ? json_null() : json_integer(id), "ok", 0,
                                "reason", lk_reason_name(reason), "message", message));
}

void lk_admin_ok(struct lk_admin_request *request, json_t *result)
{
    send_line(request->client,
              json_pack("{s:I, s:b, s:o}", "id", request->id, "ok", 1, "result", result ? result : json_object()));
    lk_admin_request_free(request);
}

void lk_admin_fail(struct lk_admin_request *request, enum lk_reason reason, const char *message)
{
    lk_admin_refuse(request->client, request->id, reason, message);
    lk_admin_request_free(request);
}

int lk_admin_progress(struct lk_admin_request *request, json_t *progress)
{
    return lk_admin_send(request->client, request->id, "progress", progress);
}

int lk_admin_event(struct lk_admin_request *request, json_t *event)
{
    return lk_admin_send(request->client, request->id, "event", event);
}

int lk_admin_event_text(struct lk_admin_request *request, const char *text, size_t length)
{
    char head[48], tail[] = "}\n";
    struct lk_text t = lk_text_init(head, sizeof(head));
    struct evbuffer_iovec parts[] = {
        {head, 0}, {(void *)(uintptr_t)text, length}, {tail, sizeof(tail) - 1}}; /* only read from */

    lk_text_addf(&t, "{\"id\":%" JSON_INTEGER_FORMAT ",\"event\":", request->id);
    parts[0].iov_len = t.len;
    return lk_admin_write(request->client, parts, 3);
}

void lk_admin_when_written(struct lk_admin_request *request, void (*more)(void *user, struct lk_admin_request *request))
{
    request->more = more;
    if (more && request->client) {
        bufferevent_trigger(request->client->bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
    }
}

void lk_admin_written(struct lk_admin *admin, const struct lk_admin_client *client)
{
    struct lk_admin_request *request;

    TAILQ_FOREACH(request, &admin->requests, link)
    {
        request->due = request->client == client && request->more;
    }
    /* The app may answer, and so free, any request from its callback: begin anew after each. */
    do {
        TAILQ_FOREACH(request, &admin->requests, link)
        {
            if (request->due && request->more) {
                void (*more)(void *, struct lk_admin_request *) = request->more;
                request->due = false;
                request->more = NULL;
                more(admin->user, request);
                break;
            }
        }
    } while (request);
}

const struct lk_staff *lk_admin_who(const struct lk_admin_request *request)
{
    return &request->who;
}

const struct lk_staff *lk_admin_with(const struct lk_admin_request *request)
{
    return &request->with;
}

const char *lk_admin_name_of(const struct lk_admin_request *request)
{
    return request->command->name;
}

bool lk_admin_gone(const struct lk_admin_request *request)
{
    return request->client == NULL;
}

void lk_admin_set_data(struct lk_admin_request *request, void *data)
{
    request->data = data;
}

void *lk_admin_data(const struct lk_admin_request *request)
{
    return request->data;
}

static bool may(const struct lk_admin_request *request)
{
    unsigned roles = request->command->roles;
    return roles == 0 || (roles >> request->who.role & 1U) != 0;
}

/* Who asks is known: then whether they may, who the second person is, and at last the command itself. */
static void go_on(struct lk_admin_request *request)
{
    char pin[LK_ADMIN_PIN_MAX + 1];
    struct lk_admin *admin = request->admin;

    if (!may(request)) {
        lk_admin_fail(request, LK_REASON_NOT_ALLOWED, "this command is not for your role");
    } else if (request->with_id[0] == '\0' || request->asked_second) {
        request->command->handler(admin->user, request, request->args);
    } else {
        request->asked_second = true;
        memcpy(pin, request->with_pin, sizeof(pin));
        explicit_bzero(request->with_pin, sizeof(request->with_pin));
        admin->ops->auth(admin->user, request, request->with_id, pin); /* which may have freed the request */
        explicit_bzero(pin, sizeof(pin));
    }
}

void lk_admin_auth_done(struct lk_admin_request *request, const struct lk_staff *who)
{
    bool second = request->asked_second;

    if (!who->ok) {
        lk_admin_fail(request, LK_REASON_SIGN_IN_FAILED,
                      second ? "with: staff or pin is wrong" : "staff or pin is wrong");
        return;
    }
    *(second ? &request->with : &request->who) = *who;
    go_on(request);
}

static const struct lk_admin_command *find_command(const struct lk_admin *admin, const char *name)
{
    for (const struct lk_admin_command *row = admin->commands; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

/* What a request line holds, checked for type but not for meaning. */
struct line_parts {
    const char *staff, *pin;
    const char *with_staff, *with_pin; /* the second person's */
    json_int_t id;
    const struct lk_admin_command *command;
    json_t *args; /* borrowed; NULL when not sent */
};

static const struct line_member {
    const char *name;
    json_type type;
    bool required;
} line_members[] = {
    {"id", JSON_INTEGER, true},    {"cmd", JSON_STRING, true},  {"args", JSON_OBJECT, false},
    {"staff", JSON_STRING, false}, {"pin", JSON_STRING, false}, {"with", JSON_OBJECT, false},
};

static bool known_members_only(json_t *object, struct lk_text *why)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        bool known = false;
        for (size_t i = 0; i < LK_ARRAY_SIZE(line_members); i++) {
            known = known || strcmp(name, line_members[i].name) == 0;
        }
        if (!known) {
            lk_text_addf(why, "%s: not a member of a request", lk_json_plain_name(name));
            return false;
        }
    }
    return true;
}

static bool typed_members(const json_t *object, struct lk_text *why)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(line_members); i++) {
        const json_t *value = json_object_get(object, line_members[i].name);
        if (!value && line_members[i].required) {
            lk_text_addf(why, "%s: missing", line_members[i].name);
            return false;
        }
        if (value && json_typeof(value) != line_members[i].type) {
            lk_text_addf(why, "%s: of a wrong type", line_members[i].name);
            return false;
        }
    }
    return true;
}

static bool lawful_credentials(const char *staff, const char *pin)
{
    return lk_text_is_id(staff, LK_STAFF_ID_MAX) && lk_text_is_printable(pin, LK_ADMIN_PIN_MAX);
}

/* {"staff": ..., "pin": ...} and nothing else. */
static bool read_with(const json_t *with, struct line_parts *parts, struct lk_text *why)
{
    parts->with_staff = json_string_value(json_object_get(with, "staff"));
    parts->with_pin = json_string_value(json_object_get(with, "pin"));
    if (with && (json_object_size(with) != 2 || !parts->with_staff || !parts->with_pin ||
                 !lawful_credentials(parts->with_staff, parts->with_pin))) {
        lk_text_add(why, "with: has to be staff and pin, both of a lawful form");
        return false;
    }
    return true;
}

/* LK_REASON_NONE, or why the line is refused; parts->id is already right when it could be read. */
static enum lk_reason read_parts(const struct lk_admin *admin, json_t *object, struct line_parts *parts,
                                 struct lk_text *why)
{
    const json_t *id = json_object_get(object, "id");

    parts->id = json_is_integer(id) && json_integer_value(id) >= 0 ? json_integer_value(id) : -1;
    if (!known_members_only(object, why) || !typed_members(object, why)) {
        return LK_REASON_BAD_REQUEST;
    }
    if (parts->id < 0) {
        lk_text_add(why, "id: has to be 0 or more");
        return LK_REASON_BAD_REQUEST;
    }
    parts->staff = json_string_value(json_object_get(object, "staff"));
    parts->pin = json_string_value(json_object_get(object, "pin"));
    parts->args = json_object_get(object, "args");
    if (!parts->staff != !parts->pin) {
        lk_text_add(why, "staff and pin: only both together");
        return LK_REASON_BAD_REQUEST;
    }
    if (parts->staff && !lawful_credentials(parts->staff, parts->pin)) {
        lk_text_add(why, "staff or pin: not of a lawful form");
        return LK_REASON_BAD_REQUEST;
    }
    if (!read_with(json_object_get(object, "with"), parts, why)) {
        return LK_REASON_BAD_REQUEST;
    }
    parts->command = find_command(admin, json_string_value(json_object_get(object, "cmd")));
    if (!parts->command) {
        lk_text_add(why, "cmd: there is no such command");
        return LK_REASON_UNKNOWN_COMMAND;
    }
    return LK_REASON_NONE;
}

static enum lk_reason admit(const struct lk_admin_client *client, const struct line_parts *parts, struct lk_text *why)
{
    const struct lk_admin_request *request;

    if (client->under_way >= LK_ADMIN_UNDER_WAY) {
        lk_text_add(why, "8 requests of this connection are under way already");
        return LK_REASON_NOT_NOW;
    }
    TAILQ_FOREACH(request, &client->admin->requests, link)
    {
        if (request->client == client && request->id == parts->id) {
            lk_text_add(why, "id: a request with this id is under way already");
            return LK_REASON_BAD_REQUEST;
        }
    }
    if (parts->command->kind != LK_ADMIN_READ && !client->privileged && !parts->staff) {
        bool override = parts->command->kind == LK_ADMIN_OVERRIDE;
        lk_text_add(why, override ? "this command overrides something: staff and pin are needed, with this very request"
                                  : "this command changes something: staff and pin are needed");
        return override ? LK_REASON_SIGN_IN_AGAIN : LK_REASON_NOT_ALLOWED;
    }
    return LK_REASON_NONE;
}

static struct lk_admin_request *request_new(struct lk_admin_client *client, const struct line_parts *parts)
{
    struct lk_admin_request *request = calloc(1, sizeof(*request));

    if (!request) {
        return NULL;
    }
    request->admin = client->admin;
    request->client = client;
    request->id = parts->id;
    request->command = parts->command;
    request->args = parts->args ? json_incref(parts->args) : json_object();
    request->who.ok = client->privileged;
    request->who.role = client->privileged ? LK_ACTOR_MAINTENANCE : LK_ACTOR_SYSTEM;
    struct lk_text t = lk_text_init(request->who.id, sizeof(request->who.id));
    lk_text_addf(&t, "uid-%u", (unsigned)client->uid);
    if (parts->with_staff) {
        (void)lk_text_copy(request->with_id, sizeof(request->with_id), parts->with_staff);
        (void)lk_text_copy(request->with_pin, sizeof(request->with_pin), parts->with_pin);
    }
    TAILQ_INSERT_TAIL(&client->admin->requests, request, link);
    client->under_way++;
    return request;
}

static void begin(struct lk_admin_client *client, const struct line_parts *parts)
{
    struct lk_admin *admin = client->admin;
    struct lk_admin_request *request = request_new(client, parts);

    if (!request) {
        lk_admin_refuse(client, parts->id, LK_REASON_NOT_NOW, "out of memory");
    } else if (parts->staff) {
        admin->ops->auth(admin->user, request, parts->staff, parts->pin);
    } else {
        go_on(request);
    }
}

void lk_admin_line(struct lk_admin_client *client, const char *line, size_t length)
{
    char text[128];
    struct lk_text why = lk_text_init(text, sizeof(text));
    struct line_parts parts = {.id = -1};
    json_t *object = lk_json_load_object(line, length, LK_ADMIN_DEPTH_MAX, &why);
    enum lk_reason reason = object ? read_parts(client->admin, object, &parts, &why) : LK_REASON_BAD_REQUEST;

    if (reason == LK_REASON_NONE) {
        reason = admit(client, &parts, &why);
    }
    if (reason == LK_REASON_NONE) {
        begin(client, &parts);
    } else {
        lk_admin_refuse(client, parts.id, reason, text);
    }
    lk_json_wipe(json_object_get(object, "pin"));
    lk_json_wipe(json_object_get(json_object_get(object, "with"), "pin"));
    json_decref(object);
}
