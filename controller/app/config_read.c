#include "config_impl.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 1 << 20 };

/* What inih reads from: a whole file in memory, handed out line by line. Lines are counted here because Debian's inih
 * does not tell its handler where a key stands, and headings are read here because it does not tell of them at all. */
struct source {
    struct lk_config_reader *r;
    const char *text;
    size_t len, pos;
};

static void heading_unknown(struct lk_config_reader *r, const char *title)
{
    char known[256];
    struct lk_text t = lk_text_init(known, sizeof(known));
    for (size_t i = 0; i < LK_SECTIONS; i++) {
        lk_text_addf(&t, "%s[%s%s]", i == 0 ? "" : " ", lk_config_kinds[i].word,
                     lk_config_kinds[i].named ? " NAME" : "");
    }
    lk_config_fault(r, r->at, "[%.60s]: unknown section; allowed: %s", title, known);
}

static bool is_bank_name(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n < LK_CONFIG_BANK_NAME && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n &&
           (s[0] < '0' || s[0] > '9');
}

/* Splits "bank A" into kind and name. False after an error was recorded. */
static bool parse_title(struct lk_config_reader *r, char *title, enum lk_config_section *ret_kind,
                        const char **ret_name)
{
    size_t n = strcspn(title, " \t");
    const char *name = title + n + strspn(title + n, " \t");
    for (unsigned k = 0; k < LK_SECTIONS; k++) {
        const struct lk_config_kind *kind = &lk_config_kinds[k];
        if (strlen(kind->word) != n || memcmp(kind->word, title, n) != 0) {
            continue;
        }
        if (!kind->named && *name != '\0') {
            break;
        }
        if (k == LK_SEC_BANK && !is_bank_name(name)) {
            lk_config_fault(r, r->at,
                            "[%.60s]: wrong name for a bank; allowed: 1 to 5 capital letters and digits, "
                            "beginning with a letter",
                            title);
            return false;
        }
        int year;
        if (k == LK_SEC_HOLIDAYS && lk_config_year(name, &year) < 0) {
            lk_config_fault(r, r->at, "[%.60s]: wrong or missing year; allowed: 1970 to 2199", title);
            return false;
        }
        if (kind->named && !lk_text_is_id(name, LK_CONFIG_NAME - 1)) {
            lk_config_fault(r, r->at, "[%.60s]: wrong or missing name; allowed: 1 to %d letters, digits and . _ -",
                            title, LK_CONFIG_NAME - 1);
            return false;
        }
        *ret_kind = (enum lk_config_section)k;
        *ret_name = name;
        return true;
    }
    heading_unknown(r, title);
    return false;
}

/* The next index of a named kind, or -ENOSPC after an error was recorded. */
static int take_index(struct lk_config_reader *r, enum lk_config_section kind)
{
    unsigned *count = kind == LK_SEC_BANK       ? &r->config->banks
                      : kind == LK_SEC_WINDOW   ? &r->config->windows
                      : kind == LK_SEC_HOLIDAYS ? &r->config->calendar.years
                                                : &r->config->fieldbuses;
    if (*count >= lk_config_kinds[kind].most) {
        lk_config_fault(r, r->at, "%s: too many sections; allowed: %u", lk_config_kinds[kind].word,
                        lk_config_kinds[kind].most);
        return -ENOSPC;
    }
    return (int)(*count)++;
}

static struct lk_config_found *open_section(struct lk_config_reader *r, enum lk_config_section kind, const char *name)
{
    int index = lk_config_kinds[kind].named ? take_index(r, kind) : 0;
    if (index < 0) {
        return NULL;
    }
    struct lk_config_found *s = &r->found[r->found_count++];
    *s = (struct lk_config_found){.kind = kind, .index = (unsigned)index, .head = r->at, .last_file = r->at.file};
    (void)lk_text_copy(s->name, sizeof(s->name), name);
    if (kind == LK_SEC_BANK) {
        struct lk_config_bank *bank = &r->config->bank[index];
        (void)lk_text_copy(bank->name, sizeof(bank->name), name);
    } else if (kind == LK_SEC_FIELDBUS) {
        struct lk_config_fieldbus *bus = &r->config->fieldbus[index];
        (void)lk_text_copy(bus->name, sizeof(bus->name), name);
    } else if (kind == LK_SEC_WINDOW) {
        struct lk_window *window = &r->config->window[index];
        (void)lk_text_copy(window->name, sizeof(window->name), name);
    } else if (kind == LK_SEC_HOLIDAYS) {
        (void)lk_config_year(name, &r->config->calendar.year[index].year);
    }
    if (lk_config_kinds[kind].named) {
        lk_config_set_defaults(r, kind, s->index);
    }
    return s;
}

/* line is "[...", its blanks at both ends removed. */
static void read_heading(struct lk_config_reader *r, char *line)
{
    r->current = NULL;
    r->skipping = true;
    size_t end = strcspn(line, "]");
    const char *rest = line[end] == ']' ? line + end + 1 + strspn(line + end + 1, " \t") : "?";
    if (strchr(";#", *rest) == NULL) { /* strchr finds the NUL too: nothing follows */
        lk_config_fault(r, r->at, "%.60s: not a heading; allowed: [SECTION] or [SECTION NAME]", line);
        return;
    }
    line[end] = '\0';
    enum lk_config_section kind = LK_SEC_SITE;
    const char *name = NULL;
    if (!parse_title(r, line + 1, &kind, &name)) {
        return;
    }
    struct lk_config_found *s = lk_config_find(r, kind, lk_config_kinds[kind].named ? name : NULL);
    if (s != NULL && s->last_file == r->at.file) {
        lk_config_fault(r, r->at, "[%.60s]: this section stands twice in the file, first in line %u; allowed: once",
                        line + 1, s->head.line);
        return;
    }
    s = s != NULL ? s : open_section(r, kind, name);
    if (s != NULL) {
        s->last_file = r->at.file;
        r->current = s;
        r->skipping = false;
    }
}

/* Whether inih should see the line. Errors are recorded; line is NUL-terminated, without its line end. */
static bool accept_line(struct lk_config_reader *r, char *line, size_t len, size_t most)
{
    if (!lk_text_is_utf8(line, len)) {
        lk_config_fault(r, r->at, "line: not UTF-8 text; allowed: UTF-8 without NUL");
        return false;
    }
    if (len > most) {
        lk_config_fault(r, r->at, "line: %zu bytes long; allowed: at most %zu", len, most);
        return false;
    }
    if (line[0] == '[') {
        read_heading(r, line);
        return false;
    }
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';' || r->skipping) {
        return false;
    }
    if (strpbrk(line, "=:") == NULL) {
        lk_config_fault(r, r->at, "%.60s: not understood; allowed: KEY = VALUE, [SECTION], # comment", line);
        return false;
    }
    return true;
}

/* inih's fgets: one line without leading blanks (a leading blank would mean "more of the last value" to inih), or an
 * empty one in place of what it should not see. */
static char *next_line(char *str, int num, void *stream)
{
    struct source *src = stream;
    if (src->pos >= src->len) {
        return NULL;
    }
    const char *start = src->text + src->pos;
    const char *end = memchr(start, '\n', src->len - src->pos);
    size_t len = end != NULL ? (size_t)(end - start) : src->len - src->pos;
    src->pos += len + 1;
    src->r->at.line++;
    while (len > 0 && strchr(" \t\r", start[len - 1]) != NULL) {
        len--;
    }
    while (len > 0 && (*start == ' ' || *start == '\t')) {
        start++;
        len--;
    }
    char line[512];
    size_t kept = len < sizeof(line) ? len : sizeof(line) - 1;
    memcpy(line, start, kept);
    line[kept] = '\0';
    bool whole = kept == len;
    const char *seen = whole ? line : "";
    if (!whole || !accept_line(src->r, line, len, (size_t)num - 3)) {
        if (!whole) {
            lk_config_fault(src->r, src->r->at, "line: %zu bytes long; allowed: at most %d", len, num - 3);
        }
        seen = "";
    }
    snprintf(str, (size_t)num, "%s\n", seen);
    return str;
}

static void key_unknown(struct lk_config_reader *r, const struct lk_config_found *s, const char *name)
{
    char known[400], title[64];
    struct lk_text t = lk_text_init(known, sizeof(known));
    for (size_t i = 0; i < lk_config_key_count; i++) {
        if (lk_config_keys[i].section == s->kind) {
            lk_text_addf(&t, "%s%s", t.len == 0 ? "" : ", ", lk_config_keys[i].key);
        }
    }
    lk_config_fault(r, r->at, "%s.%.60s: unknown key; allowed: %s", lk_config_title(s, title, sizeof(title)), name,
                    known);
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
    struct lk_config_reader *r = user;
    struct lk_config_found *s = r->current;
    char title[64];
    (void)section;
    if (s == NULL) {
        lk_config_fault(r, r->at, "%.60s: stands before the first [SECTION]; allowed: keys inside a section", name);
        return 1;
    }
    const struct lk_config_key *key = lk_config_key_find(s->kind, name);
    if (key == NULL) {
        key_unknown(r, s, name);
        return 1;
    }
    struct lk_config_place *place = &s->key_at[key - lk_config_keys];
    if (place->line != 0) {
        lk_config_fault(r, r->at, "%s.%s: set twice, first in %s:%u; allowed: once",
                        lk_config_title(s, title, sizeof(title)), name, r->file[place->file], place->line);
        return 1;
    }
    *place = r->at;
    lk_config_set(r, s, key, value);
    return 1;
}

/* The whole file, NUL-terminated, or NULL with errno. */
static char *slurp(const char *path, size_t *ret_len)
{
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(path, "re");
    LK_CLEANUP(lk_freep) char *text = NULL;
    if (f == NULL) {
        return NULL;
    }
    text = malloc(FILE_MOST + 1);
    if (text == NULL) {
        return NULL;
    }
    size_t len = fread(text, 1, FILE_MOST + 1, f);
    if (ferror(f) || len > FILE_MOST) {
        errno = ferror(f) ? errno : EFBIG;
        return NULL;
    }
    text[len] = '\0';
    *ret_len = len;
    return LK_STEAL(text);
}

/* Everything that can go wrong with one file is an error of the configuration, except lack of memory. */
static int read_file(struct lk_config_reader *r, const char *path)
{
    r->at = (struct lk_config_place){.file = r->files, .line = 0};
    r->current = NULL;
    r->skipping = false;
    if (lk_text_copy(r->file[r->files], sizeof(r->file[0]), path) < 0) {
        (void)lk_text_copy(r->file[r->files++], sizeof(r->file[0]), "(path too long)");
        lk_config_fault(r, r->at, "file: its path is too long; allowed: at most %zu bytes", sizeof(r->file[0]) - 1);
        return 0;
    }
    r->files++;
    struct source src = {.r = r};
    LK_CLEANUP(lk_freep) char *text = slurp(path, &src.len);
    if (text == NULL) {
        int err = errno;
        if (err == ENOMEM) {
            return -ENOMEM;
        }
        lk_config_fault(r, r->at, "file: cannot be read: %s; allowed: a text file of at most 1 MiB", strerror(err));
        return 0;
    }
    bool bom = src.len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    src.text = bom ? text + 3 : text;
    src.len -= bom ? 3 : 0;
    return ini_parse_stream(next_line, &src, on_key, r) == -2 ? -ENOMEM : 0;
}

static int is_drop_in(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0;
}

/* Not alphasort(3): its order depends on the locale, and a drop-in's place must not. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_in(struct lk_config_reader *r, const char *dir, const char *name)
{
    char path[LK_CONFIG_ERROR_TEXT / 2 + 256 + 2]; /* a folder of lk_config_read() and a NAME_MAX */
    if (r->files == LK_CONFIG_FILES) {
        lk_config_fault(r, r->at, "%s: too many files; allowed: %d", dir, LK_CONFIG_FILES - 1);
        return 0;
    }
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return read_file(r, path);
}

int lk_config_read(struct lk_config_reader *r, const char *path)
{
    char dir[LK_CONFIG_ERROR_TEXT / 2];
    const char *slash = strrchr(path, '/');
    int rc = read_file(r, path);
    if (rc < 0) {
        return rc;
    }
    int n = snprintf(dir, sizeof(dir), "%.*sconf.d", slash == NULL ? 0 : (int)(slash - path + 1), path);
    struct dirent **names = NULL;
    int count = n < (int)sizeof(dir) ? scandir(dir, &names, is_drop_in, by_bytes) : 0;
    if (count < 0 && errno != ENOENT && errno != ENOTDIR) {
        lk_config_fault(r, (struct lk_config_place){0, 0}, "%s: cannot be read: %s; allowed: a folder of .conf files",
                        dir, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        rc = rc == 0 ? read_drop_in(r, dir, names[i]->d_name) : rc;
        free(names[i]);
    }
    free(names);
    return rc;
}
