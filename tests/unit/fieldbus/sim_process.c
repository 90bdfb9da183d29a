#include "sim_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

int64_t sim_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void run(const struct sim_process *p, unsigned baud, const char *const *boards)
{
    char line[128];
    const char *argv[7 + 2 * SIM_BOARDS_MAX] = {LK_CABINET_SIM, "--line",   line,
                                                "--control",    p->control, "--die-with-parent"};
    (void)snprintf(line, sizeof(line), "a=%s,baud=%u,strict", p->tty, baud);
    for (int b = 0; b < SIM_BOARDS_MAX && boards[b]; b++) {
        argv[6 + 2 * b] = "--board";
        argv[7 + 2 * b] = boards[b];
    }
    (void)!freopen("/dev/null", "w", stdout);
    (void)execv(LK_CABINET_SIM, (char *const *)argv);
    _exit(127);
}

static void connect_control(struct sim_process *p)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", p->control);
    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
            p->talk = fdopen(fd, "r+");
            return;
        }
        close(fd);
        (void)poll(NULL, 0, 10);
    }
    fail_msg("cabinet-sim did not come up");
}

void sim_begin(struct sim_process *p, unsigned baud, const char *const *boards)
{
    *p = (struct sim_process){.dir = "/tmp/lk-cabinet-XXXXXX"};
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->tty, sizeof(p->tty), "%s/tty", p->dir);
    (void)snprintf(p->control, sizeof(p->control), "%s/control", p->dir);
    p->pid = fork();
    if (p->pid == 0) {
        run(p, baud, boards);
    }
    connect_control(p);
}

void sim_end(struct sim_process *p)
{
    sim_order(p, "{\"cmd\":\"quit\"}");
    (void)fclose(p->talk);
    (void)waitpid(p->pid, NULL, 0);
    (void)unlink(p->tty);
    (void)unlink(p->control);
    (void)rmdir(p->dir);
}

json_t *sim_tell(struct sim_process *p, const char *command)
{
    LK_CLEANUP(lk_freep) char *answer = NULL;
    size_t room = 0;
    assert_true(fprintf(p->talk, "%s\n", command) > 0 && fflush(p->talk) == 0);
    assert_true(getline(&answer, &room, p->talk) > 0);
    json_t *j = json_loads(answer, 0, NULL);
    assert_non_null(j);
    return j;
}

void sim_order(struct sim_process *p, const char *command)
{
    json_t *j = sim_tell(p, command);
    assert_true(json_is_true(json_object_get(j, "ok")));
    json_decref(j);
}

int64_t sim_line_value(struct sim_process *p, const char *key)
{
    json_t *j = sim_tell(p, "{\"cmd\":\"status\"}");
    int64_t v = json_integer_value(json_object_get(json_array_get(json_object_get(j, "lines"), 0), key));
    json_decref(j);
    return v;
}

int64_t sim_door_value(struct sim_process *p, const char *door, const char *key)
{
    json_t *j = sim_tell(p, "{\"cmd\":\"status\"}"), *one;
    int64_t v = -1;
    size_t i;
    json_array_foreach(json_object_get(j, "doors"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), door) == 0) {
            json_t *value = json_object_get(one, key);
            v = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
        }
    }
    json_decref(j);
    assert_true(v >= 0);
    return v;
}
