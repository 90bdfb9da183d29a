#include "store/care.h"

#include "base/cleanup.h"
#include "files.h"
#include "open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct lk_store_backup {
    struct lk_store *store;
    char *path, *tmp;
    sqlite3 *copy;
    sqlite3_backup *work;
    bool copied, finished;
    char epoch[LK_EPOCH_MAX + 1]; /* the live database at the moment of the copy */
    uint64_t first_seq, last_seq;
    char head[LK_HASH_HEX + 1];
};

static int open_copy(const char *tmp, sqlite3 **ret_db)
{
    (void)unlink(tmp); /* of a copy that was cut short */
    LK_CLEANUP(lk_closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return -errno;
    }
    int r = lk_db_open(tmp, SQLITE_OPEN_READWRITE, ret_db);
    return r < 0 ? r : lk_sql_exec(*ret_db, "PRAGMA synchronous = OFF"); /* synced as a whole at the end */
}

int lk_db_seal(sqlite3 *db)
{
    return lk_sql_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE");
}

int lk_db_copy(sqlite3 *db, const char *path)
{
    LK_CLEANUP(lk_freep) char *tmp = lk_file_beside(path, ".tmp");
    LK_CLEANUP(lk_db_closep) sqlite3 *copy = NULL;
    if (!tmp || lk_file_exists(path)) {
        return tmp ? -EEXIST : -ENOMEM;
    }
    int r = open_copy(tmp, &copy);
    sqlite3_backup *work = r < 0 ? NULL : sqlite3_backup_init(copy, "main", db, "main");
    if (work) {
        (void)sqlite3_backup_step(work, -1);
        r = lk_sql_errno(copy, sqlite3_backup_finish(work));
    } else if (r == 0) {
        r = lk_sql_errno(copy, sqlite3_errcode(copy));
    }
    r = r < 0 ? r : lk_db_seal(copy);
    char finding[160];
    r = r < 0 ? r : lk_db_check(copy, "PRAGMA integrity_check(1)", finding);
    lk_db_closep(&copy);
    r = r < 0 ? r : lk_file_sync(tmp);
    r = r < 0 ? r : lk_file_rename(tmp, path);
    if (r < 0) {
        (void)unlink(tmp);
    }
    return r;
}

static struct lk_store_backup *allocate(struct lk_store *store, const char *path)
{
    struct lk_store_backup *backup = calloc(1, sizeof(*backup));
    if (backup) {
        backup->store = store;
        backup->path = strdup(path);
        backup->tmp = lk_file_beside(path, ".tmp");
        store->copying = true;
    }
    return backup;
}

static int begin(struct lk_store_backup *backup)
{
    int r = backup->path && backup->tmp ? open_copy(backup->tmp, &backup->copy) : -ENOMEM;
    if (r < 0) {
        return r;
    }
    backup->work = sqlite3_backup_init(backup->copy, "main", backup->store->db, "main");
    return backup->work ? 0 : lk_sql_errno(backup->copy, sqlite3_errcode(backup->copy));
}

int lk_store_backup_begin(struct lk_store *store, const char *path, struct lk_store_backup **ret_backup,
                          struct lk_text *why)
{
    if (store->copying) {
        return lk_why(why, -EEXIST, "Another backup is under way.");
    }
    if (lk_file_exists(path)) {
        return lk_why(why, -EEXIST, "There is something at %s already; a backup replaces nothing.", path);
    }
    struct lk_store_backup *backup = allocate(store, path);
    int r = backup ? begin(backup) : -ENOMEM;
    if (r < 0) {
        (void)lk_store_backup_end(backup);
        return lk_why(why, r, "The backup %s cannot be written: %s.", path, strerror(-r));
    }
    *ret_backup = backup;
    return 0;
}

/* All pages are over: the copy is the database as it is at this moment. */
static int complete(struct lk_store_backup *backup)
{
    const struct lk_store *store = backup->store;
    int rc = sqlite3_backup_finish(backup->work);
    backup->work = NULL;
    backup->copied = rc == SQLITE_OK;
    memcpy(backup->epoch, store->epoch, sizeof(backup->epoch));
    memcpy(backup->head, store->head, sizeof(backup->head));
    backup->first_seq = store->first_seq;
    backup->last_seq = store->last_seq;
    return lk_sql_errno(backup->copy, rc);
}

int lk_store_backup_step(struct lk_store_backup *backup, unsigned pages, struct lk_store_progress *ret_progress)
{
    if (!backup->work) {
        return -EINVAL;
    }
    int rc = sqlite3_backup_step(backup->work, pages ? (int)pages : 1);
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        return lk_sql_errno(backup->copy, rc);
    }
    unsigned total = (unsigned)sqlite3_backup_pagecount(backup->work);
    unsigned done = total - (unsigned)sqlite3_backup_remaining(backup->work);
    int r = rc == SQLITE_DONE ? complete(backup) : 0;
    if (r == 0) {
        *ret_progress = (struct lk_store_progress){.done = done, .total = total, .finished = rc == SQLITE_DONE};
    }
    return r;
}

static int hash_file(const char *path, struct lk_sha *sha, struct lk_store_backup_result *result)
{
    uint8_t buffer[16384], hash[32];
    LK_CLEANUP(lk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 0;
    lk_sha_begin(sha);
    result->bytes = 0;
    while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0) {
        lk_sha_add(sha, buffer, (size_t)n);
        result->bytes += n;
    }
    if (n < 0) {
        return -errno;
    }
    int r = lk_sha_end(sha, hash);
    lk_text_hex(result->sha256, hash, sizeof(hash));
    return r;
}

static int anchor(sqlite3 *db, char prevhash[LK_HASH_HEX + 1])
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT purged_hash FROM cursor", -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    if (rc != SQLITE_ROW || sqlite3_column_bytes(stmt, 0) != 32) {
        return -EUCLEAN;
    }
    lk_text_hex(prevhash, sqlite3_column_blob(stmt, 0), 32);
    return 0;
}

static int prove_chain(const struct lk_store_backup *backup, sqlite3 *db, struct lk_sha *sha)
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    struct lk_store_chain chain = {.next_seq = backup->first_seq};
    int r = anchor(db, chain.prevhash);
    if (r == 0 && sqlite3_prepare_v2(db, lk_statements[ST_EVENTS_AFTER], -1, &stmt, NULL) != SQLITE_OK) {
        r = -EUCLEAN;
    }
    while (r == 0 && !chain.finished) {
        r = lk_chain_walk(db, stmt, sha, backup->epoch, &chain, 10000);
    }
    bool whole =
        chain.first_bad_seq == 0 && chain.next_seq == backup->last_seq + 1 && strcmp(chain.prevhash, backup->head) == 0;
    return r < 0 ? r : whole ? 0 : -EUCLEAN;
}

static int prove(const struct lk_store_backup *backup, struct lk_sha *sha, struct lk_text *why)
{
    char finding[160];
    int64_t foreign = 0;
    LK_CLEANUP(lk_db_closep) sqlite3 *db = NULL;
    int r = lk_db_open(backup->tmp, SQLITE_OPEN_READONLY, &db);
    r = r < 0 ? r : lk_db_check(db, "PRAGMA integrity_check(1)", finding);
    if (r < 0) {
        return lk_why(why, r, "The copy is damaged (%s); it was removed.", db ? finding : "it cannot be opened");
    }
    r = lk_sql_int(db, "SELECT count(*) FROM pragma_foreign_key_check", &foreign);
    r = r < 0 ? r : foreign != 0 ? -EUCLEAN : prove_chain(backup, db, sha);
    return r < 0 ? lk_why(why, r, "The copy's %s not what the database had; it was removed.",
                          foreign ? "rows are" : "event chain is")
                 : 0;
}

int lk_store_backup_finish(struct lk_store_backup *backup, struct lk_store_backup_result *ret_result,
                           struct lk_text *why)
{
    struct lk_store_backup_result result = {.last_seq = backup->last_seq};
    struct lk_sha *sha = NULL;
    if (!backup->copied || backup->finished) {
        return lk_why(why, -EINVAL, "The copy is not complete.");
    }
    int r = lk_db_seal(backup->copy);
    lk_db_closep(&backup->copy);
    r = r < 0 ? r : lk_sha_create(&sha);
    r = r < 0 ? r : prove(backup, sha, why);
    r = r < 0 ? r : hash_file(backup->tmp, sha, &result);
    r = r < 0 ? r : lk_file_sync(backup->tmp);
    r = r < 0 ? r : lk_file_rename(backup->tmp, backup->path);
    (void)lk_sha_free(sha);
    if (r < 0) {
        backup->copied = false;
        return why && why->len ? r : lk_why(why, r, "The backup %s cannot be written: %s.", backup->path, strerror(-r));
    }
    backup->finished = true;
    memcpy(result.head_hash, backup->head, sizeof(result.head_hash));
    *ret_result = result;
    return 0;
}

struct lk_store_backup *lk_store_backup_end(struct lk_store_backup *backup)
{
    if (!backup) {
        return NULL;
    }
    (void)sqlite3_backup_finish(backup->work);
    lk_db_closep(&backup->copy);
    if (!backup->finished && backup->tmp) {
        LK_CLEANUP(lk_freep) char *journal = lk_file_beside(backup->tmp, "-journal");
        (void)unlink(backup->tmp);
        if (journal) {
            (void)unlink(journal);
        }
    }
    backup->store->copying = false;
    free(backup->path);
    free(backup->tmp);
    free(backup);
    return NULL;
}

int lk_store_note_backup(struct lk_store *store, const char *path, const struct lk_store_backup_result *result,
                         const struct lk_stamp *now)
{
    int r = lk_tx_begin(store, "note");
    if (r < 0) {
        return r;
    }
    r = LK_RUN(store, ST_BACKUP_NOTE, LK_T(path), LK_I(now->wall_ms), LK_I(result->bytes), LK_I(result->last_seq),
               LK_T(result->sha256));
    return r < 0 ? lk_tx_abort(store, "note", r) : lk_tx_commit(store, "note");
}

int lk_store_last_backup(struct lk_store *store, struct lk_store_last_backup *ret_last)
{
    struct lk_store_last_backup last = {0};
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, ST_BACKUP_LAST, NULL, 0);
    int r = lk_sql_row(store, stmt);
    if (r < 0) {
        return r;
    }
    if (r > 0) {
        const char *path = lk_sql_text(stmt, 0);
        size_t n = strlen(path), most = sizeof(last.path) - 1;
        last.any = true;
        (void)lk_text_copy(last.path, sizeof(last.path), n > most ? path + (n - most) : path);
        last.wall_ms = sqlite3_column_int64(stmt, 1);
        last.bytes = sqlite3_column_int64(stmt, 2);
        last.last_seq = (uint64_t)sqlite3_column_int64(stmt, 3);
        (void)lk_text_copy(last.sha256, sizeof(last.sha256), lk_sql_text(stmt, 4));
    }
    *ret_last = last;
    return 0;
}
