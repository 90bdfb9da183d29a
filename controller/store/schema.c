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

/* The whole life of an item: window, post, refusal, drop-off, delegates, several items of one case in one compartment,
 * reminders, erasure. What of before has no date of a trusted clock gets one later, never an earlier one (law 11). */
static const char version_3[] =
    "ALTER TABLE item ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0 CHECK (rejected IN (0, 1));"
    "ALTER TABLE item ADD COLUMN dropoff INTEGER NOT NULL DEFAULT 0 CHECK (dropoff IN (0, 1));"
    "ALTER TABLE item ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0 CHECK (second_factor IN (0, 1));"
    "ALTER TABLE item ADD COLUMN phone_mac BLOB CHECK (phone_mac IS NULL OR length(phone_mac) = 32);"
    "ALTER TABLE item ADD COLUMN name TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE item ADD COLUMN case_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE item ADD COLUMN site TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE item ADD COLUMN waybill TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE item ADD COLUMN extended INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE item ADD COLUMN extra_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE item ADD COLUMN reminded INTEGER NOT NULL DEFAULT 0 CHECK (reminded IN (0, 1));"
    "ALTER TABLE item ADD COLUMN overdue_told INTEGER NOT NULL DEFAULT 0 CHECK (overdue_told IN (0, 1));"
    "ALTER TABLE item ADD COLUMN erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1));"
    "ALTER TABLE item ADD COLUMN ended_wall_ms INTEGER;"
    /* From here on another channel of what lies in a locker means that upstream wants it elsewhere. */
    "UPDATE item SET channel = 'locker' WHERE custody IN ('in_locker', 'unknown');"
    "CREATE INDEX item_retain ON item (retain_until_wall_ms) WHERE custody = 'in_locker';"
    "CREATE INDEX item_ended ON item (ended_wall_ms) WHERE erased = 0 AND ended_wall_ms IS NOT NULL;"
    "CREATE INDEX item_erased ON item (ended_wall_ms) WHERE erased = 1;"
    "CREATE INDEX item_case ON item (case_id, phone_mac) WHERE custody = 'in_locker' AND case_id <> '';"
    "CREATE INDEX item_door ON item (door) WHERE door IS NOT NULL;"

    "ALTER TABLE secret ADD COLUMN holder TEXT NOT NULL DEFAULT 'recipient' CHECK (holder IN ('recipient','delegate'));"
    "ALTER TABLE secret ADD COLUMN tail TEXT NOT NULL DEFAULT '' CHECK (length(tail) IN (0, 4));"
    "DROP INDEX secret_live;"
    "DROP INDEX secret_item;"
    "CREATE INDEX secret_live ON secret (mac) WHERE live = 1;"
    "CREATE INDEX secret_item ON secret (item, live);"
    /* One live value is one kind's and one holder's, and its items are one person's (law 8). */
    "CREATE TRIGGER secret_of_one_person BEFORE INSERT ON secret WHEN NEW.live = 1 AND EXISTS ("
    "SELECT 1 FROM secret s JOIN item o ON o.rid = s.item JOIN item n ON n.rid = NEW.item "
    "WHERE s.mac = NEW.mac AND s.live = 1 AND (s.kind <> NEW.kind OR s.holder <> NEW.holder OR o.rid = n.rid OR "
    "o.phone_mac IS NULL OR n.phone_mac IS NULL OR o.phone_mac <> n.phone_mac)) "
    "BEGIN SELECT RAISE (ABORT, 'a live code is one person''s'); END;"
    "CREATE TRIGGER secret_stays_with_person BEFORE UPDATE OF phone_mac ON item "
    "WHEN NEW.phone_mac IS NOT OLD.phone_mac AND EXISTS (SELECT 1 FROM secret a JOIN secret b ON b.mac = a.mac "
    "WHERE a.item = OLD.rid AND a.live = 1 AND b.live = 1 AND b.item <> a.item) "
    "BEGIN SELECT RAISE (ABORT, 'a live code is one person''s'); END;"
    "CREATE TRIGGER secret_stays_dead BEFORE UPDATE OF live, mac, item ON secret WHEN NEW.live = 1 "
    "BEGIN SELECT RAISE (ABORT, 'a used-up code stays used up'); END;"

    "ALTER TABLE compartment ADD COLUMN doubt_item TEXT;"

    "ALTER TABLE intent ADD COLUMN custody_to TEXT CHECK (custody_to IS NULL OR custody_to IN " CUSTODIES ");"
    "ALTER TABLE intent ADD COLUMN waybill TEXT;"
    "ALTER TABLE intent ADD COLUMN turn TEXT NOT NULL DEFAULT 'none';"
    "ALTER TABLE intent ADD COLUMN dated INTEGER NOT NULL DEFAULT 1 CHECK (dated IN (0, 1));"
    "UPDATE intent SET custody_to = CASE cancelled WHEN 1 THEN 'returned' ELSE 'at_window' END WHERE purpose = "
    "'recall';"
    "ALTER TABLE intent DROP COLUMN cancelled;"
    "CREATE INDEX intent_service ON intent (id) WHERE purpose = 'service';"

    "CREATE TABLE staff_3 ("
    " id TEXT PRIMARY KEY,"
    " role TEXT NOT NULL CHECK (role IN ('courier','clerk','maintenance','supervisor')),"
    " pin TEXT NOT NULL, badge BLOB CHECK (length(badge) = 32),"
    " removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),"
    " changed_wall_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO staff_3 SELECT id, role, pin, badge, removed, changed_wall_ms FROM staff;"
    "DROP TABLE staff;"
    "ALTER TABLE staff_3 RENAME TO staff;"
    "CREATE UNIQUE INDEX staff_badge ON staff (badge) WHERE badge IS NOT NULL;"

    "ALTER TABLE site ADD COLUMN round_wall_ms INTEGER NOT NULL DEFAULT 0;";

/* The contract's second half: a code the locker made is kept only sealed to upstream's key, with the answer that
 * carries it; what was counted instead of logged while the outbox was full is not forgotten by a restart. */
static const char version_4[] =
    "ALTER TABLE command ADD COLUMN sealed TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE cursor ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0 CHECK (left_out >= 0);";

/* What doors and disk have done (docs/wear.md). A count goes back only when a part was replaced. */
static const char version_5[] =
    "CREATE TABLE wear ("
    " label TEXT PRIMARY KEY,"
    " lock_cycles INTEGER NOT NULL DEFAULT 0, relay_cycles INTEGER NOT NULL DEFAULT 0,"
    " openings INTEGER NOT NULL DEFAULT 0, jams INTEGER NOT NULL DEFAULT 0,"
    " lock_resets INTEGER NOT NULL DEFAULT 0, relay_resets INTEGER NOT NULL DEFAULT 0,"
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " attempts_known INTEGER NOT NULL DEFAULT 0 CHECK (attempts_known BETWEEN 0 AND 64),"
    " baseline_ms INTEGER NOT NULL DEFAULT 0 CHECK (baseline_ms >= 0),"
    " recent BLOB NOT NULL DEFAULT x'' CHECK (length(recent) <= 64),"
    " raised INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER wear_forward BEFORE UPDATE ON wear"
    " WHEN NEW.lock_resets < OLD.lock_resets OR NEW.relay_resets < OLD.relay_resets OR"
    " (NEW.lock_resets = OLD.lock_resets AND"
    "  (NEW.lock_cycles < OLD.lock_cycles OR NEW.openings < OLD.openings OR NEW.jams < OLD.jams)) OR"
    " (NEW.relay_resets = OLD.relay_resets AND NEW.relay_cycles < OLD.relay_cycles)"
    " BEGIN SELECT RAISE (ABORT, 'what was counted stays counted'); END;"
    "CREATE TABLE wear_disk ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " device_bytes INTEGER NOT NULL, own_bytes INTEGER NOT NULL,"
    " hours BLOB NOT NULL CHECK (length(hours) <= 192), raised INTEGER NOT NULL) STRICT;";

const char *const lk_schema_steps[] = {version_1, version_2, version_3, version_4, version_5};
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
