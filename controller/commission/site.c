#include "commission/site.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { LINE_BYTES = 1024 };

struct reading {
    struct lk_com_site *site;
    const char *file;
    char section[LINE_BYTES];
    char state_dir[LK_COM_PATH], run_dir[LK_COM_PATH], port[LK_COM_SITE_LINES][16];
    int line, bank; /* of the present section, or -1 */
};

static char *trim(char *s)
{
    s += strspn(s, " \t\r\n");
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r\n", s[n - 1])) {
        s[--n] = '\0';
    }
    return s;
}

/* The slot of a named section, made when it is new; -1 when there are too many (the daemon refuses that). */
static int line_slot(struct reading *r, const char *name)
{
    struct lk_com_site *s = r->site;
    for (unsigned i = 0; i < s->lines; i++) {
        if (strcmp(s->line[i].name, name) == 0) {
            return (int)i;
        }
    }
    if (s->lines == LK_COM_SITE_LINES) {
        return -1;
    }
    (void)lk_text_copy(s->line[s->lines].name, LK_COM_NAME, name);
    (void)lk_text_copy(s->line[s->lines].file, LK_COM_PATH, r->file);
    return (int)s->lines++;
}

static int bank_slot(struct reading *r, const char *name)
{
    struct lk_com_site *s = r->site;
    for (unsigned i = 0; i < s->banks; i++) {
        if (strcmp(s->bank[i].name, name) == 0) {
            return (int)i;
        }
    }
    if (s->banks == LK_COM_SITE_BANKS) {
        return -1;
    }
    (void)lk_text_copy(s->bank[s->banks].name, LK_COM_NAME, name);
    (void)lk_text_copy(s->bank[s->banks].file, LK_COM_PATH, r->file);
    return (int)s->banks++;
}

static void begin_section(struct reading *r, char *text)
{
    char *end = strchr(text, ']');
    if (end) {
        *end = '\0';
    }
    (void)lk_text_copy(r->section, sizeof(r->section), trim(text));
    r->line = strncmp(r->section, "fieldbus ", 9) == 0 ? line_slot(r, trim(r->section + 9)) : -1;
    r->bank = strncmp(r->section, "bank ", 5) == 0 ? bank_slot(r, trim(r->section + 5)) : -1;
}

static void take_key(struct reading *r, const char *key, const char *value)
{
    struct lk_com_site *s = r->site;
    const struct {
        const char *section, *key;
        char *to;
        size_t cap;
    } rows[] = {
        {"paths", "state_dir", r->state_dir, sizeof(r->state_dir)},
        {"paths", "run_dir", r->run_dir, sizeof(r->run_dir)},
        {"paths", "database", s->database, sizeof(s->database)},
        {"admin", "socket", s->socket, sizeof(s->socket)},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (strcmp(r->section, rows[i].section) == 0 && strcmp(key, rows[i].key) == 0) {
            (void)lk_text_copy(rows[i].to, rows[i].cap, value);
        }
    }
    if (r->line >= 0 && (strcmp(key, "device") == 0 || strcmp(key, "host") == 0)) {
        (void)lk_text_copy(s->line[r->line].place, LK_COM_PATH, value);
    } else if (r->line >= 0 && strcmp(key, "baud") == 0) {
        (void)lk_text_copy(s->line[r->line].baud, sizeof(s->line[0].baud), value);
    } else if (r->line >= 0 && strcmp(key, "parity") == 0) {
        (void)lk_text_copy(s->line[r->line].parity, sizeof(s->line[0].parity), value);
    } else if (r->line >= 0 && strcmp(key, "port") == 0) {
        (void)lk_text_copy(r->port[r->line], sizeof(r->port[0]), value);
    } else if (r->bank >= 0 && strcmp(key, "fieldbus") == 0) {
        (void)lk_text_copy(s->bank[r->bank].fieldbus, LK_COM_NAME, value);
    }
}

static int read_file(struct reading *r, const char *path, const char *name)
{
    char text[LINE_BYTES];
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(path, "re");
    r->file = name;
    r->section[0] = '\0';
    r->line = r->bank = -1;
    if (!f) {
        return -errno;
    }
    while (fgets(text, sizeof(text), f)) {
        char *s = trim(text), *equals = strchr(s, '=');
        if (s[0] == '[') {
            begin_section(r, s + 1);
        } else if (s[0] != '#' && s[0] != ';' && equals) {
            *equals = '\0';
            char *comment = strstr(equals + 1, " ;");
            if (comment) {
                *comment = '\0';
            }
            take_key(r, trim(s), trim(equals + 1));
        }
    }
    return ferror(f) ? -EIO : 0;
}

static int is_conf(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct reading *r)
{
    struct dirent **entries = NULL;
    int n = scandir(r->site->folder, &entries, is_conf, by_bytes), result = 0;
    if (n < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    for (int i = 0; i < n; i++) {
        char path[2 * LK_COM_PATH];
        struct lk_text t = lk_text_init(path, sizeof(path));
        lk_text_addf(&t, "%s/%s", r->site->folder, entries[i]->d_name);
        int e = result == 0 ? read_file(r, path, entries[i]->d_name) : 0;
        if (e < 0) {
            result = e;
            (void)lk_text_copy(r->site->config, sizeof(r->site->config), path);
        }
        free(entries[i]);
    }
    free(entries);
    return result;
}

/* What the keys leave open, as the daemon fills it in. */
static void fill_in(struct reading *r)
{
    struct lk_com_site *s = r->site;
    if (s->database[0] == '\0') {
        struct lk_text t = lk_text_init(s->database, sizeof(s->database));
        lk_text_addf(&t, "%s/lockerd.db", r->state_dir);
    }
    if (s->socket[0] == '\0') {
        struct lk_text t = lk_text_init(s->socket, sizeof(s->socket));
        lk_text_addf(&t, "%s/admin.sock", r->run_dir);
    }
    for (unsigned i = 0; i < s->lines; i++) {
        if (s->line[i].place[0] != '\0' && s->line[i].place[0] != '/') {
            char host[LK_COM_PATH];
            (void)lk_text_copy(host, sizeof(host), s->line[i].place);
            struct lk_text t = lk_text_init(s->line[i].place, LK_COM_PATH);
            lk_text_addf(&t, "%.200s:%s", host, r->port[i][0] != '\0' ? r->port[i] : "502");
        }
    }
}

int lk_com_site_read(const char *path, struct lk_com_site *ret)
{
    LK_CLEANUP(lk_freep) struct reading *r = calloc(1, sizeof(*r));
    memset(ret, 0, sizeof(*ret));
    const char *slash = strrchr(path, '/');
    struct lk_text folder = lk_text_init(ret->folder, sizeof(ret->folder));
    if (!r) {
        return -ENOMEM;
    }
    if (slash) {
        lk_text_addf(&folder, "%.*s/conf.d", (int)(slash - path), path);
    } else {
        lk_text_add(&folder, "conf.d");
    }
    if (folder.truncated || lk_text_copy(ret->config, sizeof(ret->config), path) < 0) {
        return -ENAMETOOLONG;
    }
    r->site = ret;
    (void)lk_text_copy(r->state_dir, sizeof(r->state_dir), "/var/lib/lockerd");
    (void)lk_text_copy(r->run_dir, sizeof(r->run_dir), "/run/lockerd");
    int e = read_file(r, path, slash ? slash + 1 : path);
    e = e == -ENOENT ? 0 : e;
    e = e == 0 ? read_folder(r) : e;
    fill_in(r);
    return e;
}

const char *lk_com_site_line(const struct lk_com_site *site, const char *place)
{
    for (unsigned i = 0; i < site->lines; i++) {
        if (strcmp(site->line[i].place, place) == 0) {
            return site->line[i].name;
        }
    }
    return NULL;
}

bool lk_com_site_speed(const struct lk_com_site *site, const char *name, unsigned baud, enum lk_fb_parity parity)
{
    static const char *const parities[] = {"none", "even", "odd"};
    bool same = false;
    for (unsigned i = 0; i < site->lines; i++) {
        const char *b = site->line[i].baud, *p = site->line[i].parity;
        if (strcmp(site->line[i].name, name) == 0) {
            same = strtoul(b[0] != '\0' ? b : "9600", NULL, 10) == baud &&
                   strcmp(p[0] != '\0' ? p : "none", parities[parity]) == 0;
        }
    }
    return same;
}

bool lk_com_site_in_use(const struct lk_com_site *site)
{
    struct stat st;
    if (stat(site->database, &st) < 0) {
        return errno != ENOENT && errno != ENOTDIR;
    }
    return st.st_size > 0;
}

bool lk_com_site_bank_taken(const struct lk_com_site *site, const char *bank, const char *fieldbus)
{
    char own[64];
    struct lk_text t = lk_text_init(own, sizeof(own));
    lk_text_addf(&t, "30-bank-%s.conf", bank);
    for (unsigned i = 0; i < site->banks; i++) {
        if (strcmp(site->bank[i].name, bank) == 0) {
            return strcmp(site->bank[i].file, own) != 0 || strcmp(site->bank[i].fieldbus, fieldbus) != 0;
        }
    }
    return false;
}
