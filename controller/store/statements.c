#include "sql.h"

#define ITEM_COLUMNS                                                                                                   \
    "i.id, i.custody, i.channel, i.size, "                                                                             \
    "COALESCE(i.door, (SELECT c.label FROM compartment c WHERE c.item = i.id)), "                                      \
    "i.cancelled, i.low_reach, i.phone_tail, i.deposited_wall_ms, i.retain_until_wall_ms, "                            \
    "EXISTS (SELECT 1 FROM secret l WHERE l.item = i.rid AND l.live = 1) "

#define STAFF_COLUMNS "id, role, pin, badge IS NOT NULL, removed "

const char *const lk_statements[ST_COUNT] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_PROBE] = "UPDATE site SET probes = probes + 1",

    [ST_ITEM_UPDATE] = "UPDATE item SET channel = ?2, size = ?3, low_reach = ?4, phone_tail = ?5, changed_wall_ms = ?6 "
                       "WHERE id = ?1",
    [ST_ITEM_INSERT] = "INSERT INTO item (id, channel, size, low_reach, phone_tail, changed_wall_ms, custody, "
                       "cancelled) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ST_ITEM_RID] = "SELECT rid FROM item WHERE id = ?1",
    [ST_ITEM_CUSTODY] = "UPDATE item SET custody = ?3, door = ?4, changed_wall_ms = ?5, "
                        "deposited_wall_ms = CASE WHEN ?6 THEN ?5 ELSE deposited_wall_ms END, "
                        "retain_until_wall_ms = CASE WHEN ?6 THEN ?7 ELSE retain_until_wall_ms END "
                        "WHERE id = ?1 AND custody = ?2",
    [ST_ITEM_CANCEL] = "UPDATE item SET cancelled = 1, changed_wall_ms = ?2 WHERE id = ?1",
    [ST_ITEM_RETAIN] = "UPDATE item SET retain_until_wall_ms = ?1 "
                       "WHERE custody = 'in_locker' AND retain_until_wall_ms IS NULL",

    [ST_SECRET_KILL] = "UPDATE secret SET live = 0, ended_wall_ms = ?2 WHERE item = ?1 AND live = 1",
    [ST_SECRET_ADD] = "INSERT INTO secret (item, kind, algorithm, mac, live, made_wall_ms) "
                      "VALUES (?1, ?2, ?3, ?4, 1, ?5)",

    [ST_DOOR_USE] = "INSERT INTO compartment (label, use, item, reason) VALUES (?1, ?2, ?3, ?4) "
                    "ON CONFLICT (label) DO UPDATE SET use = excluded.use, item = excluded.item, "
                    "reason = excluded.reason",
    [ST_DOUBT] = "INSERT INTO compartment (label, doubt_purpose, doubt_from) VALUES (?1, ?2, ?3) "
                 "ON CONFLICT (label) DO UPDATE SET doubt_purpose = excluded.doubt_purpose, "
                 "doubt_from = excluded.doubt_from",

    [ST_INTENT_ADD] = "INSERT INTO intent (id, door, item, purpose, actor, who, custody_from, jti, made_wall_ms, "
                      "cancelled, wiring) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [ST_INTENT_SETTLE] = "UPDATE intent SET outcome = ?2, settled_wall_ms = ?3 WHERE id = ?1",
    [ST_INTENT_WITHDRAW] = "UPDATE intent SET withdrawn = 1 WHERE id = ?1",
    [ST_INTENT_FINISH] = "UPDATE intent SET finished = 1 WHERE id = ?1",

    [ST_BANK_STOP] = "INSERT INTO bank_stop (bank, reason) VALUES (?1, ?2) "
                     "ON CONFLICT (bank) DO UPDATE SET reason = excluded.reason",
    [ST_BANK_RESUME] = "DELETE FROM bank_stop WHERE bank = ?1",
    [ST_WIRING_SEEN] = "INSERT INTO wiring (label, confirmed, seen, changed_wall_ms) VALUES (?1, ?2, ?2, ?3) "
                       "ON CONFLICT (label) DO UPDATE SET seen = excluded.seen, "
                       "changed_wall_ms = excluded.changed_wall_ms WHERE seen <> excluded.seen",
    [ST_WIRING_CONFIRM] = "UPDATE wiring SET confirmed = ?2, seen = ?2, changed_wall_ms = ?3 WHERE label = ?1",
    [ST_LOCKOUT] = "UPDATE site SET tries = ?1, level = ?2, lock_ms = ?3",

    [ST_COMMAND_PUT] = "INSERT INTO command (jti, digest, result, reason, outcome, made_wall_ms) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (jti) DO UPDATE SET result = excluded.result, "
                       "reason = excluded.reason, outcome = excluded.outcome WHERE digest = excluded.digest",
    [ST_COMMAND_ANSWER] = "UPDATE command SET result = ?2, reason = ?3, outcome = ?4 WHERE jti = ?1",
    [ST_COMMAND_FIND] = "SELECT digest, result, reason, outcome FROM command WHERE jti = ?1",
    [ST_COMMAND_PURGE] = "DELETE FROM command WHERE made_wall_ms < ?1 AND result <> 'pending' AND "
                         "n <= (SELECT max(n) FROM command) - ?2",

    [ST_EVENT_ADD] = "INSERT INTO event (seq, type, time, quality, data, prevhash, hash) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [ST_EVENTS_AFTER] = "SELECT seq, type, time, quality, data, prevhash, hash FROM event WHERE seq > ?1 ORDER BY seq "
                        "LIMIT ?2",
    [ST_EVENT_HASH] = "SELECT hash, time FROM event WHERE seq = ?1",
    [ST_EVENT_PURGE] = "DELETE FROM event WHERE seq <= ?1",
    [ST_CURSOR_PURGE] = "UPDATE cursor SET purged_hash = (SELECT hash FROM event WHERE seq = ?1), purged = ?1",
    [ST_CURSOR_ACK] = "UPDATE cursor SET acked = ?1",
    [ST_CURSOR_ANCHOR] = "SELECT epoch, acked, purged, purged_hash, (SELECT max(seq) FROM event) FROM cursor, site",

    [ST_FIND_LIVE] = "SELECT " ITEM_COLUMNS
                     "FROM secret s JOIN item i ON i.rid = s.item WHERE s.mac = ?1 AND s.live = 1 AND s.kind = ?2",
    [ST_FIND_DEAD] = "SELECT " ITEM_COLUMNS "FROM secret s JOIN item i ON i.rid = s.item "
                     "WHERE s.mac = ?1 AND s.live = 0 AND s.kind = ?2 ORDER BY s.rid DESC LIMIT 1",
    [ST_FIND_ITEM] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.id = ?1",
    [ST_CODE_OWNER] = "SELECT i.id FROM secret s JOIN item i ON i.rid = s.item WHERE s.mac = ?1 AND s.live = 1",
    [ST_LIST_ALL] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.id > ?1 ORDER BY i.id LIMIT ?2",
    [ST_LIST_CUSTODY] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.custody = ?3 AND i.id > ?1 ORDER BY i.id LIMIT ?2",
    [ST_LIST_RECALLS] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.custody = 'in_locker' "
                        "ORDER BY (i.cancelled OR COALESCE(i.retain_until_wall_ms <= ?1, 0)) DESC, i.door, i.id "
                        "LIMIT ?2",
    [ST_COUNT_ITEMS] = "SELECT custody, count(*) FROM item GROUP BY custody",
    [ST_COUNT_SECRETS] = "SELECT count(*) FILTER (WHERE kind = 'code'), count(*) FILTER (WHERE kind = 'token') "
                         "FROM secret WHERE live = 1",

    [ST_STAFF_PUT] = "INSERT INTO staff (id, role, pin, badge, changed_wall_ms) VALUES (?1, ?2, ?3, ?4, ?5) "
                     "ON CONFLICT (id) DO UPDATE SET role = excluded.role, pin = excluded.pin, "
                     "badge = excluded.badge, removed = 0, changed_wall_ms = excluded.changed_wall_ms",
    [ST_STAFF_REMOVE] = "UPDATE staff SET removed = 1, pin = '', badge = NULL, changed_wall_ms = ?2 "
                        "WHERE id = ?1 AND removed = 0",
    [ST_STAFF_BY_ID] = "SELECT " STAFF_COLUMNS "FROM staff WHERE id = ?1 AND removed = 0",
    [ST_STAFF_BY_BADGE] = "SELECT " STAFF_COLUMNS "FROM staff WHERE badge = ?1 AND removed = 0",
    [ST_STAFF_LIST] = "SELECT " STAFF_COLUMNS "FROM staff ORDER BY id",

    [ST_BACKUP_NOTE] = "INSERT INTO backup (path, wall_ms, bytes, last_seq, sha256) VALUES (?1, ?2, ?3, ?4, ?5)",
    [ST_BACKUP_LAST] = "SELECT path, wall_ms, bytes, last_seq, sha256 FROM backup ORDER BY n DESC LIMIT 1",

    [ST_RESTORE_DOORS] = "SELECT label, use, item, reason, doubt_purpose, doubt_from FROM compartment ORDER BY label",
    [ST_RESTORE_INTENTS] = "SELECT id, door, item, purpose, outcome, actor, who, custody_from, cancelled, withdrawn, "
                           "(SELECT c.jti FROM command c WHERE c.jti = o.jti AND c.result = 'pending'), wiring "
                           "FROM intent o WHERE finished = 0 AND id = "
                           "(SELECT max(id) FROM intent n WHERE n.door = o.door AND n.finished = 0) ORDER BY id",
    [ST_RESTORE_BANKS] = "SELECT bank, reason FROM bank_stop ORDER BY bank",
    [ST_RESTORE_WIRING] = "SELECT confirmed = ?2, seen = ?2 FROM wiring WHERE label = ?1",
    [ST_RESTORE_LOCKOUT] = "SELECT tries, level, lock_ms FROM site",
    [ST_RESTORE_REMOTE] = "SELECT count(*) FROM (SELECT made_wall_ms FROM intent WHERE purpose = 'remote' "
                          "ORDER BY id DESC LIMIT ?1) WHERE made_wall_ms > ?2",
    [ST_RESTORE_NEXT] = "SELECT COALESCE(max(id), 0) + 1 FROM intent",
};
