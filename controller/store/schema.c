#include "schema.h"

#include "base/cleanup.h"
#include "sql.h"

#include <stdio.h>

/* Names are those of core/words.h; a CHECK keeps a wrong one out whatever the program does. */
#define CUSTODIES "('expected','in_locker','at_window','with_courier','collected','returned','unknown')"
#define PURPOSES  "('deposit','pickup','recall','reopen','service','remote')"

static const char version_1[] =
    "CREATE TABLE site ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " epoch TEXT NOT NULL CHECK (length(epoch) = 36),"
    " operator TEXT NOT NULL, site TEXT NOT NULL,"
    " key_check BLOB NOT NULL CHECK (length(key_check) = 32),"
    " tries INTEGER NOT NULL DEFAULT 0, level INTEGER NOT NULL DEFAULT 0, lock_ms INTEGER NOT NULL DEFAULT 0,"
    " probes INTEGER NOT NULL DEFAULT 0) STRICT;"

    "CREATE TABLE item ("
    " rid INTEGER PRIMARY KEY,"
    " id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 64),"
    " custody TEXT NOT NULL CHECK (custody IN " CUSTODIES "),"
    " channel TEXT NOT NULL, size TEXT NOT NULL,"
    " door TEXT,"
    " cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),"
    " low_reach INTEGER NOT NULL DEFAULT 0 CHECK (low_reach IN (0, 1)),"
    " phone_tail TEXT NOT NULL DEFAULT '' CHECK (length(phone_tail) <= 4),"
    " changed_wall_ms INTEGER NOT NULL,"
    " deposited_wall_ms INTEGER,"
    " retain_until_wall_ms INTEGER,"
    " CHECK (custody <> 'in_locker' OR door IS NOT NULL)) STRICT;"
    "CREATE INDEX item_custody ON item (custody, id);"

    "CREATE TABLE secret ("
    " rid INTEGER PRIMARY KEY,"
    " item INTEGER NOT NULL REFERENCES item (rid),"
    " kind TEXT NOT NULL CHECK (kind IN ('code','token')),"
    " algorithm TEXT NOT NULL CHECK (algorithm IN ('hmac-sha256','hmac-sm3')),"
    " mac BLOB NOT NULL CHECK (length(mac) = 32),"
    " live INTEGER NOT NULL CHECK (live IN (0, 1)),"
    " made_wall_ms INTEGER NOT NULL, ended_wall_ms INTEGER) STRICT;"
    "CREATE UNIQUE INDEX secret_live ON secret (mac) WHERE live = 1;"
    "CREATE INDEX secret_dead ON secret (mac) WHERE live = 0;"
    "CREATE INDEX secret_item ON secret (item) WHERE live = 1;"

    "CREATE TABLE compartment ("
    " label TEXT PRIMARY KEY,"
    " use TEXT NOT NULL DEFAULT 'free' CHECK (use IN ('free','reserved','occupied','blocked')),"
    " item TEXT REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED,"
    " reason TEXT NOT NULL DEFAULT 'none',"
    " doubt_purpose TEXT CHECK (doubt_purpose IN " PURPOSES "),"
    " doubt_from TEXT CHECK (doubt_from IN " CUSTODIES ")) STRICT, WITHOUT ROWID;"
    "CREATE INDEX compartment_item ON compartment (item) WHERE item IS NOT NULL;"

    "CREATE TABLE intent ("
    " id INTEGER PRIMARY KEY CHECK (id > 0),"
    " door TEXT NOT NULL, item TEXT,"
    " purpose TEXT NOT NULL CHECK (purpose IN " PURPOSES "),"
    " actor TEXT NOT NULL, who TEXT,"
    " custody_from TEXT CHECK (custody_from IN " CUSTODIES "),"
    " cancelled INTEGER NOT NULL CHECK (cancelled IN (0, 1)),"
    " jti TEXT,"
    " outcome TEXT NOT NULL DEFAULT 'pending'"
    "  CHECK (outcome IN ('pending','opened','already_open','jammed','unknown')),"
    " withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),"
    " finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1)),"
    " made_wall_ms INTEGER NOT NULL, settled_wall_ms INTEGER) STRICT;"
    "CREATE INDEX intent_open ON intent (door, id) WHERE finished = 0;"
    "CREATE INDEX intent_remote ON intent (id) WHERE purpose = 'remote';"

    "CREATE TABLE bank_stop (bank TEXT PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE command ("
    " n INTEGER PRIMARY KEY,"
    " jti TEXT NOT NULL UNIQUE,"
    " digest BLOB NOT NULL CHECK (length(digest) = 32),"
    " result TEXT NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL,"
    " made_wall_ms INTEGER NOT NULL) STRICT;"

    "CREATE TABLE staff ("
    " id TEXT PRIMARY KEY,"
    " role TEXT NOT NULL CHECK (role IN ('courier','clerk','maintenance')),"
    " pin TEXT NOT NULL, badge BLOB CHECK (length(badge) = 32),"
    " removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),"
    " changed_wall_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX staff_badge ON staff (badge) WHERE badge IS NOT NULL;"

    "CREATE TABLE backup ("
    " n INTEGER PRIMARY KEY, path TEXT NOT NULL, wall_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " last_seq INTEGER NOT NULL, sha256 TEXT NOT NULL) STRICT;"

    "CREATE TABLE event ("
    " seq INTEGER PRIMARY KEY,"
    " type TEXT NOT NULL, time TEXT NOT NULL, quality TEXT NOT NULL, data TEXT NOT NULL,"
    " prevhash BLOB NOT NULL CHECK (length(prevhash) = 32),"
    " hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;"
    "CREATE TABLE cursor ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " acked INTEGER NOT NULL DEFAULT 0,"
    " purged INTEGER NOT NULL DEFAULT 0,"
    " purged_hash BLOB NOT NULL DEFAULT (zeroblob(32)) CHECK (length(purged_hash) = 32)) STRICT;"
    "INSERT INTO cursor (one) VALUES (1);"
    "CREATE TRIGGER event_in_order BEFORE INSERT ON event"
    " WHEN NEW.seq <> 1 + COALESCE((SELECT max(seq) FROM event), (SELECT purged FROM cursor))"
    " BEGIN SELECT RAISE (ABORT, 'events are appended without a gap'); END;"
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event"
    " BEGIN SELECT RAISE (ABORT, 'the event log is append-only'); END;"
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event WHEN OLD.seq > (SELECT purged FROM cursor)"
    " BEGIN SELECT RAISE (ABORT, 'the event log is append-only'); END;"
    "CREATE TRIGGER cursor_forward BEFORE UPDATE ON cursor"
    " WHEN NEW.acked < OLD.acked OR NEW.purged < OLD.purged OR NEW.purged > NEW.acked"
    " BEGIN SELECT RAISE (ABORT, 'the cursor only moves forward'); END;"
    "CREATE TRIGGER cursor_stays BEFORE DELETE ON cursor"
    " BEGIN SELECT RAISE (ABORT, 'the cursor stays'); END;";

/* How a door is wired (docs/decisions/0009): with each intent, and for each door what staff confirmed and what was last
 * told. Intents of before have none. */
static const char version_2[] =
    "ALTER TABLE intent ADD COLUMN wiring BLOB CHECK (wiring IS NULL OR length(wiring) = 32);"
    "CREATE TABLE wiring ("
    " label TEXT PRIMARY KEY,"
    " confirmed BLOB NOT NULL CHECK (length(confirmed) = 32),"
    " seen BLOB NOT NULL CHECK (length(seen) = 32),"
    " changed_wall_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

const char *const lk_schema_steps[] = {version_1, version_2};
const size_t lk_schema_latest = LK_ARRAY_SIZE(lk_schema_steps);

static int migrate_one(sqlite3 *db, const char *sql, size_t version)
{
    char mark[48];
    (void)snprintf(mark, sizeof(mark), "PRAGMA user_version = %zu", version);
    int r = lk_sql_exec(db, "BEGIN EXCLUSIVE");
    if (r == 0) {
        r = lk_sql_exec(db, sql);
    }
    if (r == 0) {
        r = lk_sql_exec(db, mark);
    }
    if (r == 0) {
        r = lk_sql_exec(db, "COMMIT");
    }
    if (r < 0 && !sqlite3_get_autocommit(db)) {
        (void)lk_sql_exec(db, "ROLLBACK");
    }
    return r;
}

int lk_schema_migrate(sqlite3 *db, const char *const *steps, size_t from, size_t count)
{
    for (size_t i = from; i < count; i++) {
        int r = migrate_one(db, steps[i], i + 1);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}
