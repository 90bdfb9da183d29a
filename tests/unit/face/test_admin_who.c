/* The admin socket: who may do what, and its file. */
#include "admin_world.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READER = 65534 }; /* nobody */

/* --- who may do what -------------------------------------------------------------------------------------------- */

static void checks_credentials_that_were_sent(void **state)
{
    struct world *w = *state;

    expect(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"2468\"}",
           "\"who\":\"c.7\",\"ok\":true,\"role\":\"clerk\"");
    assert_string_equal(w->staff, "c.7");
    assert_string_equal(w->pin, "2468");
    expect(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"1\"}", "\"reason\":\"sign_in_failed\"");
    expect(w, "{\"id\":1,\"cmd\":\"echo\",\"staff\":\"c.7\",\"pin\":\"1\"}", "\"reason\":\"sign_in_failed\"");
    assert_int_equal(w->auths, 3);
}

static void waits_for_the_verdict(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);
    const struct lk_staff who = {.ok = true, .role = LK_ACTOR_COURIER, .id = "c1"};

    w->auth_at_once = false;
    client_say(c, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c1\",\"pin\":\"2468\"}\n");
    assert_true(client_is_quiet(c, 30));
    lk_admin_auth_done(w->asking, &who);
    client_expect(c, "\"role\":\"courier\"");
    client_close(c);
}

static size_t lines_in(const char *text, size_t n)
{
    size_t lines = 0;

    for (size_t i = 0; i < n; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

/* Runs as another user in a child: connects, says the lines, prints what came back to a pipe. */
static int as_reader(const struct world *w, const char *line)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char answer[4096];
        strncpy(address.sun_path, w->path, sizeof(address.sun_path) - 1);
        if (setgid(getgid()) < 0 || setuid(READER) < 0) {
            _exit(1);
        }
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
            ssize_t told = write(ends[1], "refused", 7);
            _exit(told == 7 ? 0 : 1);
        }
        size_t n = 0, want = lines_in(line, strlen(line));
        ssize_t got = write(fd, line, strlen(line));
        while (got > 0 && lines_in(answer, n) < want) {
            got = read(fd, answer + n, sizeof(answer) - n);
            n += got > 0 ? (size_t)got : 0;
        }
        _exit(n > 0 && write(ends[1], answer, n) == (ssize_t)n ? 0 : 1);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return ends[0];
}

static void expect_reader(struct world *w, const char *line, const char *words)
{
    LK_CLEANUP(lk_closep) int fd = as_reader(w, line);
    char answer[4096] = "";
    ssize_t n = -1;
    int status;

    for (int i = 0; i < 500 && n <= 0; i++) {
        turn(w->base, 10);
        n = read(fd, answer, sizeof(answer) - 1);
    }
    while (wait(&status) < 0 && errno == EINTR) {
    }
    if (n <= 0 || !strstr(answer, words)) {
        fail_msg("a reader said %s, expected %s, got %s", line, words, answer);
    }
}

static void lets_a_member_of_the_group_read_only(void **state)
{
    struct world *w = *state;

    if (getuid() != 0) {
        skip(); /* only root can become somebody else */
    }
    expect_reader(w, "{\"id\":1,\"cmd\":\"echo\"}\n", "\"who\":\"uid-65534\",\"ok\":false,\"role\":\"system\"");
    expect_reader(
        w, "{\"id\":1,\"cmd\":\"change\"}\n",
        "\"reason\":\"not_allowed\",\"message\":\"this command changes something: staff and pin are needed\"");
    expect_reader(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"2468\"}\n", "\"who\":\"c.7\"");
    expect_reader(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"1\"}\n", "sign_in_failed");
    chmod(w->path, 0600);
    expect_reader(w, "{\"id\":1,\"cmd\":\"echo\"}\n", "refused"); /* the file mode is what keeps others out */
}

/* --- a second person, and overrides ------------------------------------------------------------------------------- */

static void asks_for_the_second_person_after_the_first(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);
    struct lk_staff who = {.ok = true, .role = LK_ACTOR_MAINTENANCE, .id = "m1"};

    w->auth_at_once = false;
    client_say(c, "{\"id\":1,\"cmd\":\"override\",\"staff\":\"m1\",\"pin\":\"1111\",\"with\":{\"staff\":\"m2\","
                  "\"pin\":\"2222\"}}\n");
    UNTIL(w->base, w->auths == 1);
    assert_string_equal(w->staff, "m1");
    lk_admin_auth_done(w->asking, &who);
    assert_int_equal(w->auths, 2);
    assert_string_equal(w->staff, "m2");
    assert_string_equal(w->pin, "2222");
    assert_true(client_is_quiet(c, 30));
    strcpy(who.id, "m2");
    lk_admin_auth_done(w->asking, &who);
    client_expect(c, "\"who\":\"m1\",\"ok\":true,\"role\":\"maintenance\",\"name\":\"override\",\"with\":\"m2\","
                     "\"with_ok\":true");
    client_close(c);
}

static void a_second_person_needs_the_right_pin(void **state)
{
    struct world *w = *state;

    expect(
        w,
        "{\"id\":1,\"cmd\":\"override\",\"staff\":\"m1\",\"pin\":\"2468\",\"with\":{\"staff\":\"m2\",\"pin\":\"1\"}}",
        "\"reason\":\"sign_in_failed\",\"message\":\"with: staff or pin is wrong\"");
    expect(
        w,
        "{\"id\":1,\"cmd\":\"override\",\"staff\":\"m1\",\"pin\":\"1\",\"with\":{\"staff\":\"m2\",\"pin\":\"2468\"}}",
        "\"reason\":\"sign_in_failed\",\"message\":\"staff or pin is wrong\"");
    assert_int_equal(w->auths, 3); /* who is not known cannot bring anybody along */
    expect(w, "{\"id\":1,\"cmd\":\"override\",\"with\":{\"staff\":\"m2\",\"pin\":\"2468\"}}",
           "\"role\":\"maintenance\",\"name\":\"override\",\"with\":\"m2\",\"with_ok\":true");
    expect(w, "{\"id\":1,\"cmd\":\"override\"}", "\"with\":\"\",\"with_ok\":false");
}

static const char *const bad_withs[] = {
    "{}",
    "{\"staff\":\"m2\"}",
    "{\"pin\":\"1\"}",
    "{\"staff\":\"m2\",\"pin\":1}",
    "{\"staff\":\"m 2\",\"pin\":\"1\"}",
    "{\"staff\":\"m2\",\"pin\":\"\"}",
    "{\"staff\":\"m2\",\"pin\":\"1\",\"role\":\"supervisor\"}",
};

static void a_second_person_has_to_be_named_lawfully(void **state)
{
    struct world *w = *state;
    char line[200];

    for (size_t i = 0; i < LK_ARRAY_SIZE(bad_withs); i++) {
        snprintf(line, sizeof(line), "{\"id\":1,\"cmd\":\"override\",\"with\":%s}", bad_withs[i]);
        expect(w, line, "\"reason\":\"bad_request\",\"message\":\"with: has to be staff and pin");
    }
    expect(w, "{\"id\":1,\"cmd\":\"override\",\"with\":\"m2\"}", "with: of a wrong type");
    assert_int_equal(w->auths, 0);
}

static void the_client_may_leave_between_the_two(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);
    const struct lk_staff who = {.ok = true, .role = LK_ACTOR_CLERK, .id = "c1"};

    w->auth_at_once = false;
    client_say(
        c, "{\"id\":1,\"cmd\":\"override\",\"staff\":\"c1\",\"pin\":\"1\",\"with\":{\"staff\":\"c2\",\"pin\":\"1\"}}"
           "\n");
    UNTIL(w->base, w->auths == 1);
    client_close(c);
    UNTIL(w->base, w->cancelled == 1);
    lk_admin_auth_done(w->asking, &who);
    assert_int_equal(w->auths, 2);
    lk_admin_auth_done(w->asking, &who);
    expect(w, "{\"id\":1,\"cmd\":\"nothing\"}", "true");
}

static void a_command_may_be_for_some_roles_only(void **state)
{
    struct world *w = *state;

    expect(w, "{\"id\":1,\"cmd\":\"window\",\"staff\":\"c1\",\"pin\":\"2468\"}", "\"role\":\"clerk\"");
    w->role = LK_ACTOR_SUPERVISOR;
    expect(w, "{\"id\":1,\"cmd\":\"window\",\"staff\":\"s1\",\"pin\":\"2468\"}", "\"role\":\"supervisor\"");
    w->role = LK_ACTOR_COURIER;
    w->auths = 0;
    expect(
        w,
        "{\"id\":1,\"cmd\":\"window\",\"staff\":\"p1\",\"pin\":\"2468\",\"with\":{\"staff\":\"c1\",\"pin\":\"2468\"}}",
        "\"reason\":\"not_allowed\",\"message\":\"this command is not for your role\"");
    assert_int_equal(w->auths, 1);
    expect(w, "{\"id\":1,\"cmd\":\"window\"}", "not_allowed"); /* we are maintenance */
    expect(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"p1\",\"pin\":\"2468\"}", "\"role\":\"courier\"");
}

/* What was proved a moment ago on the same connection counts for nothing. */
static void an_override_needs_a_pin_of_its_own(void **state)
{
    struct world *w = *state;

    if (getuid() != 0) {
        skip(); /* only root can become somebody else */
    }
    expect_reader(w,
                  "{\"id\":1,\"cmd\":\"override\",\"staff\":\"c.7\",\"pin\":\"2468\"}\n"
                  "{\"id\":2,\"cmd\":\"override\"}\n",
                  "{\"id\":2,\"ok\":false,\"reason\":\"sign_in_again\"");
    expect_reader(w, "{\"id\":3,\"cmd\":\"override\",\"with\":{\"staff\":\"c.7\",\"pin\":\"2468\"}}\n",
                  "{\"id\":3,\"ok\":false,\"reason\":\"sign_in_again\"");
}

static const struct lk_admin_ops no_ops;

/* --- the socket file -------------------------------------------------------------------------------------------- */

static void makes_the_file_for_the_group(void **state)
{
    struct world *w = *state;
    struct stat st;

    assert_int_equal(stat(w->path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_second_server_is_refused(void **state)
{
    struct world *w = *state;
    struct lk_admin *second = NULL;

    assert_int_equal(world_create(w, &second), -EBUSY);
    assert_null(second);
    expect(w, "{\"id\":1,\"cmd\":\"nothing\"}", "true");
}

static void replaces_a_stale_socket(void **state)
{
    struct world *w = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    w->admin = lk_admin_destroy(w->admin);
    strncpy(address.sun_path, w->path, sizeof(address.sun_path) - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd); /* as after SIGKILL: the file stays, nobody listens */
    assert_int_equal(access(w->path, F_OK), 0);
    assert_int_equal(world_create(w, &w->admin), 0);
    expect(w, "{\"id\":1,\"cmd\":\"nothing\"}", "true");
}

static void leaves_what_is_no_socket(void **state)
{
    struct world *w = *state;

    w->admin = lk_admin_destroy(w->admin);
    FILE *file = fopen(w->path, "w");
    fputs("mine", file);
    fclose(file);
    assert_int_equal(world_create(w, &w->admin), -EBUSY);
    assert_int_equal(access(w->path, F_OK), 0);
    unlink(w->path);
}

static void leaves_a_file_that_another_put_there(void **state)
{
    struct world *w = *state;

    unlink(w->path);
    FILE *file = fopen(w->path, "w");
    fclose(file);
    w->admin = lk_admin_destroy(w->admin);
    assert_int_equal(access(w->path, F_OK), 0);
    unlink(w->path);
}

static void refuses_a_bad_path(void **state)
{
    struct world *w = *state;
    char path[96];
    struct lk_admin *admin = NULL;

    memcpy(path, w->path, sizeof(path));
    strcpy(w->path, "");
    assert_int_equal(world_create(w, &admin), -EINVAL);
    snprintf(w->path, sizeof(w->path), "%s/none/admin.sock", w->folder);
    assert_int_equal(world_create(w, &admin), -ENOENT);
    memcpy(w->path, path, sizeof(path));
    char longer[160];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    const struct lk_admin_config config = {.path = longer, .group = (gid_t)-1, .commands = world_commands};
    assert_int_equal(lk_admin_create(&config, &no_ops, w, w->base, &admin), -ENAMETOOLONG);
    assert_null(admin);
    assert_null(lk_admin_destroy(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ADMIN(checks_credentials_that_were_sent),
        WITH_ADMIN(waits_for_the_verdict),
        WITH_ADMIN(lets_a_member_of_the_group_read_only),
        WITH_ADMIN(asks_for_the_second_person_after_the_first),
        WITH_ADMIN(a_second_person_needs_the_right_pin),
        WITH_ADMIN(a_second_person_has_to_be_named_lawfully),
        WITH_ADMIN(the_client_may_leave_between_the_two),
        WITH_ADMIN(a_command_may_be_for_some_roles_only),
        WITH_ADMIN(an_override_needs_a_pin_of_its_own),
        WITH_ADMIN(makes_the_file_for_the_group),
        WITH_ADMIN(a_second_server_is_refused),
        WITH_ADMIN(replaces_a_stale_socket),
        WITH_ADMIN(leaves_what_is_no_socket),
        WITH_ADMIN(leaves_a_file_that_another_put_there),
        WITH_ADMIN(refuses_a_bad_path),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
