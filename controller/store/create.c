#include "open.h"

#include "base/cleanup.h"
#include "files.h"
#include "schema.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int lk_make_epoch(char epoch[LK_EPOCH_MAX + 1])
{
    uint8_t b[16];
    char hex[33];
    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b)) {
        return -EIO;
    }
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 4122, version 4 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    lk_text_hex(hex, b, sizeof(b));
    (void)snprintf(epoch, LK_EPOCH_MAX + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return 0;
}

static int insert_site(sqlite3 *db, const struct lk_store_config *config, const uint8_t key_check[32])
{
    char epoch[LK_EPOCH_MAX + 1];
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int r = lk_make_epoch(epoch);
    if (r < 0) {
        return r;
    }
    int rc = sqlite3_prepare_v2(db, "INSERT INTO site (one, epoch, operator, site, key_check) VALUES (1, ?, ?, ?, ?)",
                                -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, epoch, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, config->operator_id, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, config->site_id, -1, SQLITE_STATIC);
        sqlite3_bind_blob(stmt, 4, key_check, 32, SQLITE_STATIC);
        rc = sqlite3_step(stmt);
    }
    return lk_sql_errno(db, rc);
}

static int key_check_of(const struct lk_store_config *config, uint8_t ret_check[32], struct lk_text *why)
{
    struct lk_key *key = NULL;
    int r = lk_key_load(config->key_path, config->site_id, &key, why);
    if (r == 0) {
        r = lk_key_mac(key, LK_KEY_CHECK, "lockerd", ret_check);
    }
    (void)lk_key_free(key);
    return r;
}

static int fill(const char *path, const struct lk_store_config *config, const uint8_t key_check[32])
{
    char mark[64];
    LK_CLEANUP(lk_db_closep) sqlite3 *db = NULL;
    (void)snprintf(mark, sizeof(mark), "PRAGMA application_id = %d", LK_APPLICATION_ID);
    int r = lk_db_open(path, SQLITE_OPEN_READWRITE, &db);
    if (r == 0) {
        r = lk_sql_exec(db, mark);
    }
    if (r == 0) {
        r = lk_schema_migrate(db, lk_schema_steps, 0, lk_schema_latest);
    }
    if (r == 0) {
        r = lk_sql_exec(db, "VACUUM"); /* the steps leave free pages, and nobody would notice when those go bad */
    }
    return r < 0 ? r : insert_site(db, config, key_check);
}

static int make_database(const char *tmp, const struct lk_store_config *config, struct lk_text *why)
{
    uint8_t key_check[32];
    int r = key_check_of(config, key_check, why);
    if (r < 0) {
        return r;
    }
    r = fill(tmp, config, key_check);
    r = r < 0 ? r : lk_file_sync(tmp);
    r = r < 0 ? r : lk_file_rename(tmp, config->path);
    return r < 0 ? lk_why(why, r, "A new database %s cannot be made: %s.", config->path, strerror(-r)) : 0;
}

/* The order makes every cut recognisable: path.new, key, contents, name. A key beside a path.new is that of a creation
 * that never came to its end, and is used again. */
int lk_store_create(const struct lk_store_config *config, struct lk_text *why)
{
    LK_CLEANUP(lk_freep) char *tmp = lk_file_beside(config->path, ".new");
    LK_CLEANUP(lk_freep) char *journal = lk_file_beside(config->path, ".new-journal");
    if (!tmp || !journal) {
        return -ENOMEM;
    }
    bool key_was_there = lk_file_exists(config->key_path);
    (void)unlink(journal);
    LK_CLEANUP(lk_closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : lk_file_sync_folder(tmp);
    if (r < 0) {
        return lk_why(why, r, "A new database %s cannot be made: %s.", config->path, strerror(-r));
    }
    r = key_was_there ? 0 : lk_key_make(config->key_path, why);
    bool key_made = !key_was_there && r == 0;
    r = r < 0 ? r : make_database(tmp, config, why);
    if (r < 0) {
        if (key_made) {
            (void)unlink(config->key_path);
        }
        (void)unlink(journal);
        if (!key_was_there) {
            (void)unlink(tmp);
        }
    }
    return r;
}
