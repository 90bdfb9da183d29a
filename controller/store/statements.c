#include "sql.h"

#define ITEM_COLUMNS                                                                                                   \
    "i.id, i.custody, i.channel, i.size, "                                                                             \
    "COALESCE(i.door, (SELECT c.label FROM compartment c WHERE c.item = i.id)), "                                      \
    "i.cancelled, i.low_reach, i.phone_tail, i.deposited_wall_ms, i.retain_until_wall_ms, "                            \
    "EXISTS (SELECT 1 FROM secret l WHERE l.item = i.rid AND l.live = 1), "                                            \
    "i.rejected, i.dropoff, i.second_factor, i.extended, i.phone_mac, i.name, i.case_id, i.site, i.waybill, "          \
    "i.reminded, i.overdue_told, "                                                                                     \
    "EXISTS (SELECT 1 FROM secret r WHERE r.item = i.rid AND r.live = 1 AND r.holder = 'recipient'), "                 \
    "EXISTS (SELECT 1 FROM secret d WHERE d.item = i.rid AND d.live = 1 AND d.holder = 'delegate') "

/* What a code still opens; what upstream took back or the recipient refused waits for staff. */
#define OPENS "i.custody = 'in_locker' AND i.cancelled = 0 AND i.rejected = 0 "

/* The youngest set of secrets that a holder of an item had: live ones, or what the pickup used up. */
#define YOUNGEST_SET                                                                                                   \
    "(SELECT y.mac FROM item p JOIN secret y ON y.item = p.rid WHERE p.id = ?1 AND y.holder = ?2 AND "                 \
    "y.made_wall_ms = (SELECT z.made_wall_ms FROM secret z WHERE z.item = p.rid AND z.holder = ?2 "                    \
    "ORDER BY z.rid DESC LIMIT 1)) "

#define OVER    "i.custody IN ('collected', 'returned') "
#define REMIND  OPENS "AND i.dropoff = 0 AND i.reminded = 0 AND i.overdue_told = 0 "
#define OVERDUE OPENS "AND i.dropoff = 0 AND i.overdue_told = 0 "

/* The last intent that is older than a time for certain; what a clock that proves nothing dated after it may be younger
 * (law 11). */
#define LAST_BEFORE(time)                                                                                              \
    "COALESCE((SELECT b.id FROM intent b WHERE b.dated = 1 AND b.made_wall_ms <= " time                                \
    " ORDER BY b.id DESC LIMIT 1), 0)"

#define STAFF_COLUMNS "id, role, pin, badge IS NOT NULL, removed "

const char *const lk_statements[ST_COUNT] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_PROBE] = "UPDATE site SET probes = probes + 1",

    [ST_ITEM_UPDATE] = "UPDATE item SET channel = ?2, size = ?3, low_reach = ?4, phone_tail = ?5, phone_mac = ?6, "
                       "name = ?7, case_id = ?8, site = ?9, second_factor = ?10, dropoff = ?11, changed_wall_ms = ?12, "
                       "erased = 0 WHERE id = ?1",
    [ST_ITEM_INSERT] = "INSERT INTO item (id, channel, size, low_reach, phone_tail, phone_mac, name, case_id, site, "
                       "second_factor, dropoff, changed_wall_ms, custody, cancelled) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [ST_ITEM_RID] = "SELECT rid FROM item WHERE id = ?1",
    [ST_ITEM_CUSTODY] = "UPDATE item SET custody = ?3, door = ?4, changed_wall_ms = ?5, "
                        "deposited_wall_ms = CASE WHEN ?6 OR (?3 = 'in_locker' AND deposited_wall_ms IS NULL) THEN ?5 "
                        "ELSE deposited_wall_ms END, "
                        "retain_until_wall_ms = CASE WHEN ?6 OR (?3 = 'in_locker' AND retain_until_wall_ms IS NULL) "
                        "THEN ?7 + extra_ms ELSE retain_until_wall_ms END, "
                        "ended_wall_ms = ?8 WHERE id = ?1 AND custody = ?2",
    [ST_ITEM_PLACED] = "UPDATE item SET channel = 'locker', waybill = '', extended = 0, extra_ms = 0, reminded = 0, "
                       "overdue_told = 0 WHERE id = ?1",
    [ST_ITEM_CANCEL] = "UPDATE item SET cancelled = 1, changed_wall_ms = ?2 WHERE id = ?1",
    [ST_ITEM_REJECT] = "UPDATE item SET rejected = 1, changed_wall_ms = ?2 WHERE id = ?1",
    [ST_ITEM_REMINDED] = "UPDATE item SET reminded = 1 WHERE id = ?1",
    [ST_ITEM_OVERDUE] = "UPDATE item SET overdue_told = 1 WHERE id = ?1",
    [ST_ITEM_EXTEND] = "UPDATE item SET extended = extended + 1, extra_ms = extra_ms + ?2, "
                       "retain_until_wall_ms = max(retain_until_wall_ms, ?3) + ?2, reminded = 0, overdue_told = 0 "
                       "WHERE id = ?1",
    [ST_ITEM_WAYBILL] = "UPDATE item SET waybill = ?2 WHERE id = ?1",
    [ST_ITEM_ERASE] = "UPDATE item SET name = '', phone_tail = '', phone_mac = NULL, case_id = '', low_reach = 0, "
                      "second_factor = 0, erased = 1 WHERE id = ?1 AND custody IN ('collected', 'returned')",
    [ST_ITEM_RETAIN] = "UPDATE item SET retain_until_wall_ms = ?1 + extra_ms "
                       "WHERE custody = 'in_locker' AND retain_until_wall_ms IS NULL",
    [ST_ITEM_END] = "UPDATE item SET ended_wall_ms = ?1 "
                    "WHERE custody IN ('collected', 'returned') AND ended_wall_ms IS NULL",

    [ST_SECRET_KILL] = "UPDATE secret SET live = 0, ended_wall_ms = ?2 WHERE item = ?1 AND live = 1",
    [ST_SECRET_REVOKE] = "UPDATE secret SET live = 0, ended_wall_ms = ?2 WHERE item = ?1 AND live = 1 AND holder = ?3",
    [ST_SECRET_ADD] = "INSERT INTO secret (item, kind, algorithm, mac, live, made_wall_ms, holder, tail) "
                      "VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7)",
    [ST_SECRET_CLASH] = "SELECT 1 FROM secret s JOIN item o ON o.rid = s.item JOIN item n ON n.rid = ?1 "
                        "WHERE s.mac = ?2 AND s.live = 1 AND (s.kind <> ?3 OR s.holder <> ?4 OR o.rid = n.rid OR "
                        "o.phone_mac IS NULL OR n.phone_mac IS NULL OR o.phone_mac <> n.phone_mac)",
    [ST_SECRET_FORGET] = "DELETE FROM secret WHERE item = ?1",

    [ST_DOOR_USE] = "INSERT INTO compartment (label, use, item, reason) VALUES (?1, ?2, ?3, ?4) "
                    "ON CONFLICT (label) DO UPDATE SET use = excluded.use, item = excluded.item, "
                    "reason = excluded.reason",
    [ST_DOUBT] = "INSERT INTO compartment (label, doubt_purpose, doubt_from, doubt_item) VALUES (?1, ?2, ?3, ?4) "
                 "ON CONFLICT (label) DO UPDATE SET doubt_purpose = excluded.doubt_purpose, "
                 "doubt_from = excluded.doubt_from, doubt_item = excluded.doubt_item",

    [ST_INTENT_ADD] = "INSERT INTO intent (id, door, item, purpose, actor, who, custody_from, jti, made_wall_ms, "
                      "custody_to, wiring, waybill, dated) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [ST_INTENT_TURN] = "UPDATE intent SET turn = ?2 WHERE id = ?1",
    [ST_INTENT_FORGET] = "DELETE FROM intent WHERE finished = 1 AND id < (SELECT max(id) FROM intent) AND item IN "
                         "(SELECT id FROM item i WHERE i.erased = 1 AND i.ended_wall_ms <= ?1)",
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
    [ST_WEAR_PUT] = "INSERT INTO wear (label, lock_cycles, relay_cycles, openings, jams, lock_resets, relay_resets, "
                    "attempts, attempts_known, baseline_ms, recent, raised) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (label) DO UPDATE SET "
                    "lock_cycles = ?2, relay_cycles = ?3, openings = ?4, jams = ?5, lock_resets = ?6, "
                    "relay_resets = ?7, attempts = ?8, attempts_known = ?9, baseline_ms = ?10, recent = ?11, "
                    "raised = ?12",
    [ST_WEAR_ALL] = "SELECT label, lock_cycles, relay_cycles, openings, jams, lock_resets, relay_resets, attempts, "
                    "attempts_known, baseline_ms, recent, raised FROM wear",
    [ST_WEAR_LOCK_NEW] = "INSERT INTO wear (label, lock_resets) VALUES (?1, 1) ON CONFLICT (label) DO UPDATE SET "
                         "lock_resets = lock_resets + 1, lock_cycles = 0, openings = 0, jams = 0, attempts = 0, "
                         "attempts_known = 0, baseline_ms = 0, recent = x''",
    [ST_WEAR_RELAY_NEW] = "INSERT INTO wear (label, relay_resets) VALUES (?1, 1) ON CONFLICT (label) DO UPDATE SET "
                          "relay_resets = relay_resets + 1, relay_cycles = 0",
    [ST_WEAR_DISK_PUT] = "INSERT INTO wear_disk (one, device_bytes, own_bytes, hours, raised) "
                         "VALUES (1, ?1, ?2, ?3, ?4) ON CONFLICT (one) DO UPDATE SET device_bytes = ?1, "
                         "own_bytes = ?2, hours = ?3, raised = ?4",
    [ST_WEAR_DISK] = "SELECT device_bytes, own_bytes, hours, raised FROM wear_disk WHERE one = 1",
    [ST_LOCKOUT] = "UPDATE site SET tries = ?1, level = ?2, lock_ms = ?3",

    [ST_COMMAND_PUT] = "INSERT INTO command (jti, digest, result, reason, outcome, made_wall_ms, sealed) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (jti) DO UPDATE SET result = excluded.result, "
                       "reason = excluded.reason, outcome = excluded.outcome WHERE digest = excluded.digest",
    [ST_COMMAND_ANSWER] = "UPDATE command SET result = ?2, reason = ?3, outcome = ?4 WHERE jti = ?1",
    [ST_COMMAND_FIND] = "SELECT digest, result, reason, outcome, sealed FROM command WHERE jti = ?1",
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
    [ST_CURSOR_LEFT_OUT] = "UPDATE cursor SET left_out = ?1",
    [ST_RESTORE_LEFT_OUT] = "SELECT left_out FROM cursor",
    /* Of the oldest events so many are past their time for certain: the last of them with a date that can be believed
     * is, and what stands before it is older, whatever a wrong clock wrote there (law 11). ?3: how many to look at. */
    [ST_EVENTS_OVER] = "SELECT max(seq) FROM (SELECT seq, time, quality FROM event WHERE seq >= ?1 AND seq <= ?2 "
                       "ORDER BY seq LIMIT ?3) WHERE quality = 'synced' AND time <= ?4",
    [ST_CURSOR_ANCHOR] = "SELECT epoch, acked, purged, purged_hash, (SELECT max(seq) FROM event) FROM cursor, site",

    /* Of several items of one person the one that can be taken out, by door. */
    [ST_FIND_LIVE] = "SELECT " ITEM_COLUMNS ", s.holder, s.tail FROM secret s JOIN item i ON i.rid = s.item "
                     "WHERE s.mac = ?1 AND s.live = 1 AND s.kind = ?2 ORDER BY (" OPENS ") DESC, i.door, i.id",
    [ST_FIND_DEAD] = "SELECT " ITEM_COLUMNS ", s.holder, s.tail FROM secret s JOIN item i ON i.rid = s.item "
                     "WHERE s.mac = ?1 AND s.live = 0 AND s.kind = ?2 ORDER BY s.rid DESC LIMIT 1",
    [ST_COUNT_MORE] = "SELECT count(DISTINCT i.door) FROM secret s JOIN item i ON i.rid = s.item "
                      "WHERE s.mac = ?1 AND s.live = 1 AND s.kind = ?2 AND " OPENS "AND i.door IS NOT ?3",
    [ST_FIND_SIBLING] = "SELECT " ITEM_COLUMNS ", s.holder, s.tail FROM secret s JOIN item i ON i.rid = s.item "
                        "WHERE s.mac IN " YOUNGEST_SET "AND s.live = 1 AND s.holder = ?2 AND i.id <> ?1 AND " OPENS
                        "ORDER BY i.door, i.id LIMIT 1",
    [ST_COUNT_SIBLINGS] = "SELECT count(DISTINCT i.door) FROM secret s JOIN item i ON i.rid = s.item "
                          "WHERE s.mac IN " YOUNGEST_SET "AND s.live = 1 AND s.holder = ?2 AND i.id <> ?1 AND " OPENS
                          "AND i.door IS NOT ?3",
    [ST_FIND_COMPANION] = "SELECT i.door FROM item n JOIN item i ON i.case_id = n.case_id AND "
                          "i.phone_mac = n.phone_mac WHERE n.id = ?1 AND n.case_id <> '' AND i.id <> n.id AND "
                          "i.case_id <> '' AND " OPENS "ORDER BY i.door LIMIT 1",
    [ST_FIND_ITEM] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.id = ?1",
    [ST_CODE_OWNER] = "SELECT i.id FROM secret s JOIN item i ON i.rid = s.item WHERE s.mac = ?1 AND s.live = 1 AND "
                      "i.id <> ?2 AND (?3 IS NULL OR i.phone_mac IS NULL OR i.phone_mac <> ?3) LIMIT 1",
    [ST_CODE_SHARED] = "SELECT 1 FROM item i JOIN secret s ON s.item = i.rid AND s.live = 1 "
                       "JOIN secret o ON o.mac = s.mac AND o.live = 1 AND o.item <> s.item WHERE i.id = ?1 LIMIT 1",
    [ST_PROOF_CODE] = "SELECT 1 FROM secret s JOIN item i ON i.rid = s.item "
                      "WHERE s.mac = ?1 AND s.live = 1 AND s.kind = 'code' AND i.id = ?2",
    [ST_DUE_REMINDER] = "SELECT " ITEM_COLUMNS "FROM item i WHERE " REMIND
                        "AND i.retain_until_wall_ms <= ?1 AND i.retain_until_wall_ms > ?2 "
                        "ORDER BY i.retain_until_wall_ms LIMIT 1",
    [ST_DUE_OVERDUE] = "SELECT " ITEM_COLUMNS "FROM item i WHERE " OVERDUE
                       "AND i.retain_until_wall_ms <= ?1 ORDER BY i.retain_until_wall_ms LIMIT 1",
    [ST_DUE_ERASE] = "SELECT " ITEM_COLUMNS "FROM item i WHERE " OVER
                     "AND i.erased = 0 AND i.ended_wall_ms <= ?1 ORDER BY i.ended_wall_ms LIMIT 1",
    [ST_COUNT_ERASE] = "SELECT count(*) FROM item i WHERE " OVER "AND i.erased = 0 AND i.ended_wall_ms <= ?1",
    [ST_COUNT_RECORDS] = "SELECT count(*) FROM item i WHERE i.erased = 1 AND i.ended_wall_ms <= ?1",
    [ST_RECORDS_PURGE] = "DELETE FROM item WHERE erased = 1 AND ended_wall_ms <= ?1",
    [ST_LIST_ALL] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.id > ?1 ORDER BY i.id LIMIT ?2",
    [ST_LIST_CUSTODY] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.custody = ?3 AND i.id > ?1 ORDER BY i.id LIMIT ?2",
    [ST_LIST_RECALLS] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.custody = 'in_locker' "
                        "ORDER BY (i.cancelled OR i.rejected OR COALESCE(i.retain_until_wall_ms <= ?1, 0)) DESC, "
                        "i.door, i.id "
                        "LIMIT ?2",
    [ST_LIST_DUE_OF_DOOR] = "SELECT " ITEM_COLUMNS "FROM item i WHERE i.door = ?1 AND i.custody = 'in_locker' AND "
                            "(i.cancelled OR i.rejected OR i.dropoff OR i.channel <> 'locker' OR "
                            "COALESCE(i.retain_until_wall_ms <= ?2, 0)) ORDER BY i.id",
    [ST_LIST_DEPOSITS] = "SELECT " ITEM_COLUMNS ", t.door FROM intent t JOIN item i ON i.id = t.item "
                         "WHERE t.id >= ?1 AND t.purpose = 'deposit' AND t.who = ?2 AND t.outcome = 'opened' AND "
                         "t.finished = 1 AND t.withdrawn = 0 AND i.custody IN ('in_locker', 'collected') AND t.id = "
                         "(SELECT max(n.id) FROM intent n WHERE n.item = t.item AND n.id >= ?1 AND "
                         "n.purpose = 'deposit') ORDER BY t.id LIMIT ?3",
    [ST_COUNT_ITEMS] = "SELECT custody, count(*) FROM item GROUP BY custody",
    [ST_COUNT_SECRETS] = "SELECT count(*) FILTER (WHERE kind = 'code'), count(*) FILTER (WHERE kind = 'token') "
                         "FROM secret WHERE live = 1",

    [ST_STAFF_PUT] = "INSERT INTO staff (id, role, pin, badge, changed_wall_ms) VALUES (?1, ?2, ?3, ?4, ?5) "
                     "ON CONFLICT (id) DO UPDATE SET role = excluded.role, pin = excluded.pin, "
                     "badge = excluded.badge, removed = 0, changed_wall_ms = excluded.changed_wall_ms",
    /* What is not given stays; nobody signs in as one whose PIN was erased. */
    [ST_STAFF_UPSERT] = "INSERT INTO staff (id, role, pin, badge, changed_wall_ms) VALUES (?1, ?2, ?3, ?4, ?5) "
                        "ON CONFLICT (id) DO UPDATE SET role = excluded.role, "
                        "pin = CASE excluded.pin WHEN '' THEN staff.pin ELSE excluded.pin END, "
                        "badge = coalesce(excluded.badge, staff.badge), removed = 0, "
                        "changed_wall_ms = excluded.changed_wall_ms",
    [ST_STAFF_REMOVE] = "UPDATE staff SET removed = 1, pin = '', badge = NULL, changed_wall_ms = ?2 "
                        "WHERE id = ?1 AND removed = 0",
    [ST_STAFF_BY_ID] = "SELECT " STAFF_COLUMNS "FROM staff WHERE id = ?1 AND removed = 0",
    [ST_STAFF_BY_BADGE] = "SELECT " STAFF_COLUMNS "FROM staff WHERE badge = ?1 AND removed = 0",
    [ST_STAFF_LIST] = "SELECT " STAFF_COLUMNS "FROM staff ORDER BY id",

    [ST_ROUND_NOTE] = "UPDATE site SET round_wall_ms = ?1",
    [ST_ROUND_DATE] = "UPDATE site SET round_wall_ms = ?1 WHERE round_wall_ms = ?2",
    [ST_ROUND_LAST] = "SELECT round_wall_ms FROM site",

    [ST_BACKUP_NOTE] = "INSERT INTO backup (path, wall_ms, bytes, last_seq, sha256) VALUES (?1, ?2, ?3, ?4, ?5)",
    [ST_BACKUP_LAST] = "SELECT path, wall_ms, bytes, last_seq, sha256 FROM backup ORDER BY n DESC LIMIT 1",

    [ST_RESTORE_DOORS] = "SELECT c.label, c.use, c.item, c.reason, c.doubt_purpose, c.doubt_from, c.doubt_item, "
                         "COALESCE(i.dropoff, 0) FROM compartment c LEFT JOIN item i ON i.id = c.item ORDER BY c.label",
    [ST_RESTORE_EXTRAS] = "SELECT i.door, i.id, i.custody = 'unknown' FROM item i "
                          "JOIN compartment c ON c.label = i.door WHERE i.custody IN ('in_locker', 'unknown') AND "
                          "c.item IS NOT NULL AND c.item <> i.id ORDER BY i.rid",
    [ST_RESTORE_SERVICE] =
        "SELECT door FROM intent WHERE purpose = 'service' AND id > " LAST_BEFORE("?1") " ORDER BY id DESC LIMIT 1",
    [ST_RESTORE_INTENTS] = "SELECT id, door, item, purpose, outcome, actor, who, custody_from, custody_to, withdrawn, "
                           "(SELECT c.jti FROM command c WHERE c.jti = o.jti AND c.result = 'pending'), wiring, "
                           "waybill, turn "
                           "FROM intent o WHERE finished = 0 AND id = "
                           "(SELECT max(id) FROM intent n WHERE n.door = o.door AND n.finished = 0) ORDER BY id",
    [ST_RESTORE_BANKS] = "SELECT bank, reason FROM bank_stop ORDER BY bank",
    [ST_RESTORE_WIRING] = "SELECT confirmed = ?2, seen = ?2 FROM wiring WHERE label = ?1",
    [ST_RESTORE_LOCKOUT] = "SELECT tries, level, lock_ms FROM site",
    [ST_RESTORE_REMOTE] = "SELECT count(*) FROM (SELECT id FROM intent WHERE purpose = 'remote' "
                          "ORDER BY id DESC LIMIT ?1) WHERE id > " LAST_BEFORE("?2"),
    [ST_RESTORE_NEXT] = "SELECT COALESCE(max(id), 0) + 1 FROM intent",
};
