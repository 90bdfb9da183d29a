#include "program.h"

#include "base/text.h"
#include "commission/site.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int lk_program_find(const char *given, char *buf, size_t cap)
{
    static const char *const places[] = {"lockerd", "../sbin/lockerd"};
    char self[LK_COM_PATH] = "";
    if (given) {
        return lk_text_copy(buf, cap, given) < 0 || access(buf, X_OK) < 0 ? -ENOENT : 0;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = n > 0 ? strrchr(self, '/') : NULL;
    for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
        struct lk_text t = lk_text_init(buf, cap);
        lk_text_addf(&t, "%.*s/%s", (int)(slash - self), self, places[i]);
        if (!t.truncated && access(buf, X_OK) == 0) {
            return 0;
        }
    }
    return lk_text_copy(buf, cap, "/usr/sbin/lockerd") < 0 || access(buf, X_OK) < 0 ? -ENOENT : 0;
}

static void become(const char *path, const char *const *argv, int out, bool all)
{
    (void)dup2(out, STDOUT_FILENO);
    if (all) {
        (void)dup2(out, STDERR_FILENO);
    }
    (void)execv(path, (char *const *)argv);
    _exit(127);
}

int lk_program_run(const char *path, const char *const *argv, bool all, char *ret_words, size_t cap)
{
    int pipes[2], status = 0;
    size_t len = 0;
    char rest[512];
    if (pipe2(pipes, O_CLOEXEC) < 0) {
        return -errno;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(path, argv, pipes[1], all);
    }
    int error = pid < 0 ? errno : 0;
    (void)close(pipes[1]);
    for (ssize_t n = 1; pid > 0 && n > 0;) {
        bool full = len == cap - 1;
        n = read(pipes[0], full ? rest : ret_words + len, full ? sizeof(rest) : cap - 1 - len);
        len += n > 0 && !full ? (size_t)n : 0;
        n = n < 0 && errno == EINTR ? 1 : n;
    }
    ret_words[len] = '\0';
    (void)close(pipes[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return error ? -error : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
