#include "open.h"

#include "base/cleanup.h"
#include "files.h"
#include "schema.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WHAT_TO_DO " Nothing was changed. Restore the last backup (lockerctl restore)."

/* Source: sqlite.org/fileformat2.html, 1.3 "The Database Header". */
enum { HEADER_BYTES = 100, PAGE_SIZE_AT = 16, WRITE_VERSION_AT = 18, PAGES_AT = 28, APPLICATION_ID_AT = 68 };
enum { VERSION_WAL = 2 };

static bool is_there(const char *path, const char *suffix)
{
    LK_CLEANUP(lk_freep) char *beside = lk_file_beside(path, suffix);
    return beside && lk_file_exists(beside);
}

static int check_missing(const struct lk_store_config *config, struct lk_text *why)
{
    const char *orphan = lk_file_has_bytes(config->path, "-wal")       ? "-wal"
                         : lk_file_has_bytes(config->path, "-journal") ? "-journal"
                                                                       : NULL;
    if (orphan) {
        return lk_why(why, -EUCLEAN,
                      "The database %s is missing, but its %s file with the latest changes is here." WHAT_TO_DO,
                      config->path, orphan);
    }
    if (lk_file_exists(config->key_path) && !is_there(config->path, ".new")) {
        return lk_why(why, -EUCLEAN,
                      "The code key %s is here, but the database %s is missing." WHAT_TO_DO
                      " To give all items up and start anew, move the code key away.",
                      config->key_path, config->path);
    }
    return 0;
}

static uint32_t big_endian(const uint8_t *bytes, int n)
{
    uint32_t v = 0;
    for (int i = 0; i < n; i++) {
        v = v << 8 | bytes[i];
    }
    return v;
}

/* With nothing in the log, the file is exactly as long as its header says. SQLite itself fills a cut page with zeros.
 */
static bool is_cut(const struct lk_store_config *config, const uint8_t *header)
{
    int64_t page = big_endian(header + PAGE_SIZE_AT, 2), size = lk_file_size(config->path);
    page = page == 1 ? 65536 : page;
    return !lk_file_has_bytes(config->path, "-wal") && !lk_file_has_bytes(config->path, "-journal") &&
           size != page * (int64_t)big_endian(header + PAGES_AT, 4);
}

static int check_header(const struct lk_store_config *config, const uint8_t *header, struct lk_text *why)
{
    if (memcmp(header, "SQLite format 3", 16) != 0) {
        return lk_why(why, -EUCLEAN, "The file %s is damaged or not a database." WHAT_TO_DO, config->path);
    }
    if (big_endian(header + APPLICATION_ID_AT, 4) != LK_APPLICATION_ID) {
        return lk_why(why, -EUCLEAN, "The file %s is a database of some other program." WHAT_TO_DO, config->path);
    }
    if (header[WRITE_VERSION_AT] != VERSION_WAL && lk_file_has_bytes(config->path, "-wal")) {
        return lk_why(why, -EUCLEAN,
                      "The write-ahead log %s-wal does not belong to the database beside it (was a backup put in its "
                      "place?). Nothing was changed. Move the -wal file away if the database is a restored backup.",
                      config->path);
    }
    if (is_cut(config, header)) {
        return lk_why(why, -EUCLEAN, "The database %s is damaged: it was cut off or grew." WHAT_TO_DO, config->path);
    }
    return 0;
}

static int check_present(const struct lk_store_config *config, struct lk_text *why)
{
    uint8_t header[HEADER_BYTES];
    LK_CLEANUP(lk_closep) int fd = open(config->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int e = errno;
        return lk_why(why, -e, "The database %s cannot be opened: %s.", config->path, strerror(e));
    }
    ssize_t n = read(fd, header, sizeof(header));
    if (n < 0) {
        int e = errno;
        return lk_why(why, e == EISDIR ? -EUCLEAN : -e, "The database %s cannot be read: %s.", config->path,
                      strerror(e));
    }
    if (n != (ssize_t)sizeof(header)) {
        return lk_why(why, -EUCLEAN, "The database %s is empty or cut off." WHAT_TO_DO, config->path);
    }
    return check_header(config, header, why);
}

int lk_files_check(const struct lk_store_config *config, bool *ret_fresh, struct lk_text *why)
{
    *ret_fresh = !lk_file_exists(config->path);
    return *ret_fresh ? check_missing(config, why) : check_present(config, why);
}

int lk_db_check(sqlite3 *db, const char *pragma, char finding[160])
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, pragma, -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    struct lk_text t = lk_text_init(finding, 160);
    if (rc != SQLITE_ROW) {
        lk_text_add(&t, sqlite3_errmsg(db));
        return rc == SQLITE_DONE ? -EUCLEAN : lk_sql_errno(db, rc);
    }
    const char *text = lk_sql_text(stmt, 0);
    lk_text_add(&t, text);
    return strcmp(text, "ok") == 0 ? 0 : -EUCLEAN;
}
