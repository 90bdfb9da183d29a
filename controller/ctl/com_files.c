#include "com_files.h"

#include "program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* --- texts */

static int add(struct lk_com_files *files, const struct lk_com_site *site, struct lk_text *text)
{
    unsigned i = files->n;
    int r = lk_com_get(site->folder, files->file[i].name, files->file[i].old_text, LK_COM_FILE_MAX);
    r = r == 0 ? lk_com_conf_keep(files->file[i].old_text, text) : r;
    if (r == 0) {
        files->file[i].changes = strcmp(files->file[i].old_text, files->file[i].new_text) != 0;
        files->changed += files->file[i].changes;
        files->n++;
    }
    return r;
}

int lk_com_files_make(const struct lk_com_site *site, const struct lk_com_known *known,
                      const struct lk_fieldbus_config *line, const char *fieldbus, bool has_line,
                      struct lk_com_files *ret)
{
    int r = 0;
    if (has_line) {
        struct lk_text text = lk_text_init(ret->file[0].new_text, LK_COM_FILE_MAX);
        lk_com_conf_line_name(fieldbus, ret->file[0].name, sizeof(ret->file[0].name));
        r = lk_com_conf_line(known, line, fieldbus, &text);
        r = r == 0 ? add(ret, site, &text) : r;
    }
    for (unsigned b = 0; b < known->boards && r == 0; b++) {
        const struct lk_com_board *board = &known->board[b];
        struct lk_text text = lk_text_init(ret->file[ret->n].new_text, LK_COM_FILE_MAX);
        if (board->bank[0] == '\0' || lk_com_doors(board, NULL) == 0) {
            continue;
        }
        lk_com_conf_bank_name(board, ret->file[ret->n].name, sizeof(ret->file[0].name));
        r = lk_com_conf_bank(known, board, fieldbus, &text);
        r = r == 0 ? add(ret, site, &text) : r;
    }
    return r;
}

static void path_of(const char *folder, const char *name, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "%s/%s", folder, name);
}

void lk_com_files_show(struct lk_person *person, const struct lk_com_site *site, const struct lk_com_files *files)
{
    for (unsigned i = 0; i < files->n; i++) {
        static char diff[4 * LK_COM_FILE_MAX];
        char path[PATH_MAX];
        struct lk_text t = lk_text_init(diff, sizeof(diff));
        path_of(site->folder, files->file[i].name, path, sizeof(path));
        const char *old_name = files->file[i].old_text[0] != '\0' ? path : "/dev/null";
        if (!files->file[i].changes ||
            lk_com_diff(old_name, files->file[i].old_text, path, files->file[i].new_text, &t) < 0) {
            continue;
        }
        if (person->ctl->json) {
            json_t *o = json_pack("{s:s, s:s, s:s}", "say", "diff", "path", path, "text", diff);
            lk_ctl_print_json(o);
            json_decref(o);
        } else {
            (void)fputs(diff, stdout);
        }
    }
}

/* --- the daemon's verdict */

static bool is_ours(const struct lk_com_files *files, const char *name)
{
    bool ours = false;
    for (unsigned i = 0; i < files->n; i++) {
        ours = ours || strcmp(files->file[i].name, name) == 0;
    }
    return ours;
}

static bool is_conf(const char *name)
{
    size_t n = strlen(name);
    return name[0] != '.' && n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

static int copy(const char *from_folder, const char *from, const char *to_folder, const char *to)
{
    char text[4 * LK_COM_FILE_MAX];
    int r = lk_com_get(from_folder, from, text, sizeof(text));
    return r < 0 ? r : lk_com_put(to_folder, to, text);
}

/* The other drop-ins, as they are. */
static int copy_others(const struct lk_com_site *site, const struct lk_com_files *files, const char *to)
{
    DIR *d = opendir(site->folder);
    int r = 0;
    if (!d) {
        return errno == ENOENT ? 0 : -errno;
    }
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        if (is_conf(e->d_name) && !is_ours(files, e->d_name)) {
            r = copy(site->folder, e->d_name, to, e->d_name);
        }
    }
    (void)closedir(d);
    return r;
}

static int make_trial(const struct lk_com_site *site, const struct lk_com_files *files, const char *temp,
                      const char *drop_ins)
{
    char main_folder[LK_COM_PATH];
    const char *slash = strrchr(site->config, '/');
    struct lk_text t = lk_text_init(main_folder, sizeof(main_folder));
    lk_text_addf(&t, "%.*s", slash ? (int)(slash - site->config) : 1, slash ? site->config : ".");
    int r = copy(main_folder, slash ? slash + 1 : site->config, temp, "lockerd.conf");
    r = r == 0 && mkdir(drop_ins, 0700) < 0 ? -errno : r;
    r = r == 0 ? copy_others(site, files, drop_ins) : r;
    for (unsigned i = 0; i < files->n && r == 0; i++) {
        r = lk_com_put(drop_ins, files->file[i].name, files->file[i].new_text);
    }
    return r;
}

static void remove_all(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            (void)unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    (void)rmdir(folder);
}

/* Its words, with the trial's folder called by the name of the real one. */
static void take_words(const char *words, const char *temp, const char *real, struct lk_text *out)
{
    size_t n = strlen(temp);
    const char *at;
    while ((at = strstr(words, temp))) {
        lk_text_addf(out, "%.*s%s", (int)(at - words), words, real);
        words = at + n;
    }
    lk_text_add(out, words);
}

static int run_check(const char *program, const char *config, char *ret_words, size_t cap)
{
    const char *const argv[] = {"lockerd", "--config", config, "--check-config", NULL};
    int code = lk_program_run(program, argv, true, ret_words, cap);
    return code < 0 ? code : code == 0 ? 0 : 1;
}

int lk_com_files_check(const struct lk_com_site *site, const struct lk_com_files *files, const char *program,
                       struct lk_text *ret_text)
{
    char path[LK_COM_PATH], temp[LK_COM_PATH], drop_ins[PATH_MAX], config[PATH_MAX], words[LK_COM_FILE_MAX] = "";
    char real[LK_COM_PATH];
    const char *tmp = getenv("TMPDIR");
    int r = lk_program_find(program, path, sizeof(path));
    if (r < 0) {
        return r;
    }
    (void)snprintf(temp, sizeof(temp), "%.200s/lockerctl-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
    if (!mkdtemp(temp)) {
        return -errno;
    }
    path_of(temp, "conf.d", drop_ins, sizeof(drop_ins));
    path_of(temp, "lockerd.conf", config, sizeof(config));
    r = make_trial(site, files, temp, drop_ins);
    r = r == 0 ? run_check(path, config, words, sizeof(words)) : r;
    remove_all(drop_ins);
    remove_all(temp);
    const char *slash = strrchr(site->config, '/');
    (void)snprintf(real, sizeof(real), "%.*s", slash ? (int)(slash - site->config) : 1, slash ? site->config : ".");
    take_words(words, temp, real, ret_text);
    return r;
}
