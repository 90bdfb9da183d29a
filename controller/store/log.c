#include "store/log.h"

#include "base/cleanup.h"
#include "sql.h"

#include <errno.h>
#include <string.h>

const char *lk_store_epoch(const struct lk_store *store)
{
    return store->epoch;
}

uint64_t lk_store_last_seq(const struct lk_store *store)
{
    return store->last_seq;
}

uint64_t lk_store_first_seq(const struct lk_store *store)
{
    return store->first_seq;
}

const char *lk_store_head_hash(const struct lk_store *store)
{
    return store->head;
}

uint64_t lk_store_acked(const struct lk_store *store)
{
    return store->acked;
}

int lk_store_set_acked(struct lk_store *store, uint64_t up_to)
{
    if (up_to > store->last_seq) {
        return -ERANGE;
    }
    if (up_to <= store->acked) {
        return 0;
    }
    int r = lk_tx_begin(store, "ack");
    if (r < 0) {
        return r;
    }
    r = LK_RUN_ONE(store, ST_CURSOR_ACK, LK_I(up_to));
    r = r < 0 ? lk_tx_abort(store, "ack", r) : lk_tx_commit(store, "ack");
    if (r == 0) {
        store->acked = up_to;
    }
    return r;
}

int lk_store_oldest_unacked(struct lk_store *store, uint64_t *ret_seq, char ret_time[32])
{
    if (store->acked >= store->last_seq) {
        *ret_seq = 0;
        ret_time[0] = '\0';
        return 0;
    }
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, ST_EVENT_HASH, LK_I(store->acked + 1));
    int r = lk_sql_row(store, stmt);
    if (r <= 0) {
        return r < 0 ? r : -EUCLEAN;
    }
    *ret_seq = store->acked + 1;
    return lk_text_copy(ret_time, 32, lk_sql_text(stmt, 1)) < 0 ? -EUCLEAN : 0;
}

static int quality_parse(const char *name, enum lk_clock_quality *ret_quality)
{
    for (int i = 0; i < LK_CLOCK_QUALITIES; i++) {
        if (strcmp(name, lk_clock_quality_name((enum lk_clock_quality)i)) == 0) {
            *ret_quality = (enum lk_clock_quality)i;
            return 0;
        }
    }
    return -EUCLEAN;
}

static int read_record(const struct lk_store *store, sqlite3_stmt *stmt, struct lk_record *ret_record)
{
    struct lk_chain_row row;
    int r = lk_chain_read(stmt, &row);
    if (r < 0 || lk_event_type_parse(row.type, &ret_record->type) < 0 ||
        quality_parse(row.quality, &ret_record->quality) < 0 ||
        lk_text_copy(ret_record->time, sizeof(ret_record->time), row.time) < 0) {
        return -EUCLEAN;
    }
    ret_record->seq = row.seq;
    ret_record->data = row.data;
    memcpy(ret_record->epoch, store->epoch, sizeof(ret_record->epoch));
    memcpy(ret_record->prevhash, row.prevhash, sizeof(ret_record->prevhash));
    memcpy(ret_record->hash, row.hash, sizeof(ret_record->hash));
    return 0;
}

int lk_store_read_events(struct lk_store *store, uint64_t after, unsigned limit, lk_store_record_row *row, void *user)
{
    uint64_t from = after > INT64_MAX ? INT64_MAX : after;
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt = LK_START(store, ST_EVENTS_AFTER, LK_I(from), LK_I(limit ? limit : 100));
    int r;
    while ((r = lk_sql_row(store, stmt)) > 0) {
        struct lk_record record;
        r = read_record(store, stmt, &record);
        if (r < 0) {
            return r;
        }
        if (!row(user, &record)) {
            return 0;
        }
    }
    return r;
}

void lk_store_chain_begin(struct lk_store *store, struct lk_store_chain *ret_chain)
{
    *ret_chain = (struct lk_store_chain){.next_seq = store->first_seq, .prevhash = LK_CHAIN_GENESIS};
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, ST_CURSOR_ANCHOR, NULL, 0);
    if (lk_sql_row(store, stmt) > 0 && sqlite3_column_bytes(stmt, 3) == 32) {
        lk_text_hex(ret_chain->prevhash, sqlite3_column_blob(stmt, 3), 32);
    }
}

int lk_store_chain_step(struct lk_store *store, struct lk_store_chain *chain, unsigned limit)
{
    chain->finished = chain->first_bad_seq != 0;
    int r = lk_chain_walk(store->db, store->st[ST_EVENTS_AFTER], store->sha, store->epoch, chain, limit ? limit : 1000);
    if (r == 0 && chain->finished && chain->first_bad_seq == 0 && chain->next_seq <= store->last_seq) {
        chain->first_bad_seq = chain->next_seq;
    }
    return r;
}
