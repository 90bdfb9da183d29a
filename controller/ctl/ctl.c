#include "ctl.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

void lk_ctl_print_json(const json_t *result)
{
    json_dumpf(result, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    fflush(stdout);
}

const char *lk_ctl_get(const json_t *object, const char *key, char *buf, size_t cap)
{
    const json_t *v = json_object_get(object, key);
    struct lk_text t = lk_text_init(buf, cap);
    if (json_is_string(v)) {
        return json_string_value(v);
    }
    if (json_is_integer(v)) {
        lk_text_addf(&t, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_real(v)) {
        lk_text_addf(&t, "%g", json_real_value(v));
    } else if (json_is_boolean(v)) {
        lk_text_add(&t, json_is_true(v) ? "true" : "false");
    }
    return buf;
}

int64_t lk_ctl_int(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_real(v) ? (int64_t)json_real_value(v) : (int64_t)json_integer_value(v);
}

static void fail_json(const char *reason, const char *message)
{
    json_t *o = json_pack("{s:b,s:s,s:s%}", "ok", 0, "reason", reason, "message", message, strlen(message));
    if (o != NULL) {
        lk_ctl_print_json(o);
        json_decref(o);
    }
}

const char *lk_ctl_more(const struct lk_ctl *ctl, enum lk_option option)
{
    return ctl->more[option - LK_OPT_DEVICE];
}

int lk_ctl_complain(struct lk_ctl *ctl, int exit_code, const char *reason, const char *key, const struct lk_word *words)
{
    (void)lk_text_copy(ctl->reason, sizeof(ctl->reason), reason);
    char text[1024];
    struct lk_text t = lk_text_init(text, sizeof(text));
    lk_say_fill(&t, lk_say_text(ctl->json ? LK_LANG_EN : ctl->lang, key), words);
    if (ctl->json) {
        fail_json(reason, text);
    } else {
        fprintf(stderr, "lockerctl: %s\n", text);
    }
    return exit_code;
}

static int complain_connect(struct lk_ctl *ctl, int rc)
{
    const char *key = rc == -ENOENT || rc == -ECONNREFUSED ? "ctl.error.not_running"
                      : rc == -EACCES || rc == -EPERM      ? "ctl.error.no_permission"
                                                           : "ctl.error.connect";
    return lk_ctl_complain(ctl, LK_EXIT_UNREACHABLE, "unreachable", key,
                           LK_WORDS({"socket", ctl->socket}, {"error", strerror(-rc)}));
}

/* The connection broke or fell silent after the request was sent. */
static int complain_lost(struct lk_ctl *ctl, int rc, bool change)
{
    const char *what = rc == -ETIMEDOUT ? "timed_out" : rc == -EPROTO ? "not_understood" : "connection_lost";
    char key[64];
    struct lk_text t = lk_text_init(key, sizeof(key));
    lk_text_addf(&t, "ctl.error.%s%s", what, change ? "_change" : "");
    int code = change || rc == -EPROTO ? LK_EXIT_FAILED : LK_EXIT_UNREACHABLE;
    return lk_ctl_complain(ctl, code, what, key, NULL);
}

/* Reasons with which the daemon says that it tried: something may have happened. All others are refusals. */
static bool was_tried(const char *reason)
{
    static const char *const tried[] = {"door_jammed", "wrong_door",   "pulse_not_sent", "outcome_unproven",
                                        "coil_stuck",  "store_failed", "timed_out"};
    for (size_t i = 0; i < LK_ARRAY_SIZE(tried); i++) {
        if (strcmp(reason, tried[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int complain_refused(struct lk_ctl *ctl, const json_t *line)
{
    char a[32], b[32], key[96];
    const char *reason = lk_ctl_get(line, "reason", a, sizeof(a));
    const char *message = lk_ctl_get(line, "message", b, sizeof(b));
    int code = was_tried(reason) ? LK_EXIT_FAILED : LK_EXIT_REFUSED;
    (void)lk_text_copy(ctl->reason, sizeof(ctl->reason), reason);
    if (ctl->json) {
        fail_json(reason, message);
        return code;
    }
    const char *text = lk_say_word(ctl->lang, "reason", reason, key, sizeof(key));
    lk_say(stderr, ctl->lang, code == LK_EXIT_FAILED ? "ctl.error.failed" : "ctl.error.refused",
           LK_WORDS({"reason", text}, {"message", message}));
    return code;
}

/* Only an opening wants a second person. */
static bool names_second(const struct lk_ctl *ctl, const char *cmd)
{
    return ctl->with != NULL && strcmp(cmd, "open") == 0;
}

/* The PINs that go with this request, as far as they are not known yet. */
static int ask_pins(struct lk_ctl *ctl, const char *cmd)
{
    int code = LK_EXIT_OK;
    if (ctl->staff != NULL && ctl->pin[0] == '\0') {
        code = lk_ctl_secret(ctl, "ctl.ask.pin", ctl->pin_file, ctl->pin, sizeof(ctl->pin));
    }
    if (code == LK_EXIT_OK && names_second(ctl, cmd) && ctl->with_pin[0] == '\0') {
        code = lk_ctl_secret(ctl, "ctl.ask.with_pin", lk_ctl_more(ctl, LK_OPT_WITH_PIN_FILE), ctl->with_pin,
                             sizeof(ctl->with_pin));
    }
    return code;
}

static int send_request(struct lk_ctl *ctl, const char *cmd, json_t *args)
{
    json_t *request = json_pack("{s:i,s:s,s:o}", "id", 1, "cmd", cmd, "args", args != NULL ? args : json_object());
    if (request == NULL) {
        return -ENOMEM;
    }
    if (ctl->staff != NULL) {
        json_object_set_new(request, "staff", json_string(ctl->staff));
        json_object_set_new(request, "pin", json_string(ctl->pin));
    }
    if (names_second(ctl, cmd)) {
        json_object_set_new(request, "with", json_pack("{s:s,s:s}", "staff", ctl->with, "pin", ctl->with_pin));
    }
    int rc = lk_client_send(&ctl->client, request);
    json_decref(request);
    return rc;
}

/* Reads lines until the final one: 0 with *ret_line, or a negative errno. */
static int await(struct lk_ctl *ctl, lk_ctl_line *on_line, json_t **ret_line)
{
    for (;;) {
        json_t *line;
        int rc = lk_client_next(&ctl->client, ctl->timeout_ms, &line);
        if (rc < 0) {
            return rc;
        }
        json_t *ok = json_object_get(line, "ok");
        if (json_is_boolean(ok)) {
            *ret_line = line;
            return 0;
        }
        const char *name = json_object_get(line, "event") != NULL ? "event" : "progress";
        json_t *value = json_object_get(line, name);
        if (value != NULL && on_line != NULL) {
            on_line(ctl, name, value);
        }
        json_decref(line);
        if (value == NULL) {
            return -EPROTO;
        }
    }
}

int lk_ctl_call(struct lk_ctl *ctl, const char *cmd, json_t *args, bool change, lk_ctl_line *on_line,
                json_t **ret_result)
{
    json_t *line = NULL;
    int code = ask_pins(ctl, cmd);
    int rc = code != LK_EXIT_OK ? 0 : ctl->client.fd >= 0 ? 0 : lk_client_open(&ctl->client, ctl->socket);
    if (code != LK_EXIT_OK || rc < 0) {
        json_decref(args);
        return code != LK_EXIT_OK ? code : complain_connect(ctl, rc);
    }
    rc = send_request(ctl, cmd, args);
    int heard = await(ctl, on_line, &line); /* also after a failed send: the daemon may have said why it hung up */
    if (heard < 0) {
        return complain_lost(ctl, rc < 0 ? rc : heard, change && rc == 0);
    }
    if (!json_is_true(json_object_get(line, "ok"))) {
        code = complain_refused(ctl, line);
    } else if (!json_is_object(json_object_get(line, "result"))) {
        code = complain_lost(ctl, -EPROTO, change);
    } else {
        *ret_result = json_incref(json_object_get(line, "result"));
    }
    json_decref(line);
    return code;
}

static int take_line(struct lk_ctl *ctl, char *text, ssize_t n, const char *source)
{
    text[n < 0 ? 0 : n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (n <= 0 || text[0] == '\0' || !lk_text_is_printable(text, LK_SECRET_MAX)) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.secret", LK_WORDS({"path", source}));
    }
    return LK_EXIT_OK;
}

static int secret_from_file(struct lk_ctl *ctl, const char *path, char *text, size_t cap)
{
    LK_CLEANUP(lk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.secret_file",
                               LK_WORDS({"path", path}, {"error", strerror(errno)}));
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.secret_mode", LK_WORDS({"path", path}));
    }
    return take_line(ctl, text, read(fd, text, cap - 1), path);
}

static bool is_aborted(const char *text)
{
    return strchr(text, 3) != NULL;
}

int lk_ctl_secret(struct lk_ctl *ctl, const char *prompt_key, const char *file, char *text, size_t cap)
{
#ifndef __SANITIZE_ADDRESS__         /* whose leak check has to trace us */
    (void)prctl(PR_SET_DUMPABLE, 0); /* a secret never gets into a core dump */
#endif
    if (file != NULL) {
        return secret_from_file(ctl, file, text, cap);
    }
    LK_CLEANUP(lk_closep) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios before;
    if (tty < 0 || tcgetattr(tty, &before) < 0) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.no_terminal", NULL);
    }
    /* Without ISIG an interrupt arrives as a character, so that the echo is always switched on again. */
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    const char *prompt = lk_say_text(ctl->lang, prompt_key);
    tcsetattr(tty, TCSAFLUSH, &quiet);
    dprintf(tty, "%s ", prompt);
    ssize_t n = read(tty, text, cap - 1);
    tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    text[n < 0 ? 0 : n] = '\0';
    if (is_aborted(text)) {
        text[0] = '\0';
        n = 0;
    }
    return take_line(ctl, text, n, "/dev/tty");
}
