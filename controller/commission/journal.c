#include "commission/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { LINE_MAX_BYTES = 1024, SIZE_MAX_BYTES = 8 << 20 };

struct lk_com_journal {
    int fd;
    bool broken;
};

/* --- one fact */

static bool is_about_channel(enum lk_com_kind kind)
{
    return kind == LK_COM_PULSE || kind == LK_COM_LEARNED || kind == LK_COM_LEFT || kind == LK_COM_AGAIN;
}

static void set_number(json_t *o, const char *key, unsigned n, bool given)
{
    if (given) {
        json_object_set_new(o, key, json_integer(n));
    }
}

static void set_text(json_t *o, const char *key, const char *text)
{
    if (text[0] != '\0') {
        json_object_set_new(o, key, json_string(text));
    }
}

int lk_com_fact_write(const struct lk_com_fact *f, int64_t wall_s, char *buf, size_t cap)
{
    char at[32] = "";
    time_t t = (time_t)wall_s;
    struct tm tm;
    bool learned = f->kind == LK_COM_LEARNED;
    if (gmtime_r(&t, &tm)) {
        (void)strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    json_t *o = json_pack("{s:s, s:s}", "at", at, "fact", lk_com_kind_name(f->kind));
    set_number(o, "unit", f->unit, f->unit != 0);
    set_number(o, "channel", f->channel + 1, is_about_channel(f->kind));
    set_number(o, "door", f->door, f->door != 0);
    set_number(o, "input_unit", f->input_unit, learned);
    set_number(o, "input", f->input + 1, learned);
    set_number(o, "closed_level", f->level, learned);
    set_number(o, "proved_off", f->level, f->kind == LK_COM_STOPPED);
    set_number(o, "number", f->number, f->number != 0);
    set_number(o, "to", f->to, f->to != 0);
    set_text(o, "who", f->who);
    set_text(o, "text", f->text);
    size_t n = json_dumpb(o, buf, cap - 1, JSON_COMPACT);
    json_decref(o);
    if (n == 0 || n > cap - 1) {
        return -ENOBUFS;
    }
    buf[n] = '\0';
    return 0;
}

static bool get_number(const json_t *o, const char *key, unsigned least, unsigned *ret)
{
    const json_t *v = json_object_get(o, key);
    json_int_t n = v ? json_integer_value(v) : least;
    *ret = (unsigned)n - least;
    return (!v || json_is_integer(v)) && n >= least && n <= 1000000;
}

static bool get_text(const json_t *o, const char *key, char *buf, size_t cap)
{
    const json_t *v = json_object_get(o, key);
    return !v || (json_is_string(v) && lk_text_copy(buf, cap, json_string_value(v)) == 0);
}

int lk_com_fact_read(const char *line, size_t n, struct lk_com_fact *ret_fact)
{
    struct lk_com_fact f = {0};
    unsigned closed = 0, off = 0;
    json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    const char *kind = json_string_value(json_object_get(o, "fact"));
    f.kind = kind ? lk_com_kind_of(kind) : LK_COM_KINDS;
    bool good = f.kind < LK_COM_KINDS && get_number(o, "unit", 0, &f.unit) && get_number(o, "channel", 1, &f.channel) &&
                get_number(o, "door", 0, &f.door) && get_number(o, "input_unit", 0, &f.input_unit) &&
                get_number(o, "input", 1, &f.input) && get_number(o, "closed_level", 0, &closed) &&
                get_number(o, "proved_off", 0, &off) && get_number(o, "number", 0, &f.number) &&
                get_number(o, "to", 0, &f.to) && get_text(o, "who", f.who, sizeof(f.who)) &&
                get_text(o, "text", f.text, sizeof(f.text));
    f.level = closed + off > 0;
    json_decref(o);
    if (good) {
        *ret_fact = f;
    }
    return good ? 0 : -EBADMSG;
}

/* --- the file */

/* Folds all whole lines; *ret_whole is where the last of them ends. */
static int replay(const char *text, size_t size, struct lk_com_known *known, size_t *ret_whole, unsigned *ret_line)
{
    size_t at = 0;
    *ret_line = 0;
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        struct lk_com_fact fact;
        if (!end) {
            break;
        }
        ++*ret_line;
        int r = lk_com_fact_read(text + at, (size_t)(end - text) - at, &fact);
        if (r < 0 || lk_com_fold(known, &fact) < 0) {
            return -EBADMSG;
        }
        at = (size_t)(end - text) + 1;
    }
    *ret_whole = at;
    return 0;
}

static int read_all(int fd, struct lk_com_known *known, unsigned *ret_line)
{
    struct stat st;
    size_t whole = 0;
    if (fstat(fd, &st) < 0 || st.st_size > SIZE_MAX_BYTES) {
        return -EBADMSG;
    }
    LK_CLEANUP(lk_freep) char *text = malloc((size_t)st.st_size + 1);
    if (!text) {
        return -ENOMEM;
    }
    ssize_t n = pread(fd, text, (size_t)st.st_size, 0);
    if (n != st.st_size) {
        return n < 0 ? -errno : -EIO;
    }
    int r = replay(text, (size_t)n, known, &whole, ret_line);
    if (r == 0 && (ftruncate(fd, (off_t)whole) < 0 || lseek(fd, 0, SEEK_END) < 0)) {
        r = -errno;
    }
    return r;
}

/* A new file's name must survive, too. */
static int sync_folder(const char *path)
{
    char copy[PATH_MAX];
    if (lk_text_copy(copy, sizeof(copy), path) < 0) {
        return -ENAMETOOLONG;
    }
    LK_CLEANUP(lk_closep) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int lk_com_journal_open(const char *path, bool resume, struct lk_com_known *known, unsigned *ret_line,
                        struct lk_com_journal **ret_journal)
{
    memset(known, 0, sizeof(*known));
    *ret_line = 0;
    LK_CLEANUP(lk_closep) int fd = open(path, O_RDWR | O_CLOEXEC | (resume ? 0 : O_CREAT | O_EXCL), 0640);
    if (fd < 0) {
        return -errno;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    }
    int r = read_all(fd, known, ret_line);
    r = r == 0 ? sync_folder(path) : r;
    struct lk_com_journal *journal = r == 0 ? calloc(1, sizeof(*journal)) : NULL;
    if (!journal) {
        return r < 0 ? r : -ENOMEM;
    }
    journal->fd = lk_steal_fd(&fd);
    *ret_journal = journal;
    return 0;
}

int lk_com_journal_note(struct lk_com_journal *journal, const struct lk_com_fact *fact, int64_t wall_s)
{
    char line[LINE_MAX_BYTES];
    int r = journal->broken ? -EIO : lk_com_fact_write(fact, wall_s, line, sizeof(line) - 1);
    if (r < 0) {
        return r;
    }
    size_t n = strlen(line);
    line[n++] = '\n';
    ssize_t written = write(journal->fd, line, n);
    if (written != (ssize_t)n || fsync(journal->fd) < 0) {
        r = written >= 0 && written != (ssize_t)n ? -ENOSPC : -errno;
        journal->broken = true; /* what is behind a line that was cut off would never be read */
    }
    return r;
}

struct lk_com_journal *lk_com_journal_close(struct lk_com_journal *journal)
{
    if (journal) {
        (void)close(journal->fd);
        free(journal);
    }
    return NULL;
}
