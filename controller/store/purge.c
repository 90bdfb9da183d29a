#include "apply.h"
#include "open.h"
#include "store/care.h"

#include "base/cleanup.h"

#include <errno.h>

static int remove_to(struct lk_store *store, uint64_t to)
{
    int r = LK_RUN_ONE(store, ST_CURSOR_PURGE, LK_I(to));
    return r < 0 ? r : LK_RUN(store, ST_EVENT_PURGE, LK_I(to));
}

int lk_tx_events_purge(struct lk_tx *tx, const struct lk_effect *fx)
{
    uint64_t to = tx->kept_from + fx->count - 1;
    if (fx->count == 0 || to > tx->store->acked) {
        return -EINVAL;
    }
    int r = remove_to(tx->store, to);
    tx->kept_from = r < 0 ? tx->kept_from : to + 1;
    return r;
}

static int purge_to(struct lk_store *store, uint64_t to)
{
    int r = lk_tx_begin(store, "purge");
    if (r < 0) {
        return r;
    }
    r = remove_to(store, to);
    return r < 0 ? lk_tx_abort(store, "purge", r) : lk_tx_commit(store, "purge");
}

int lk_store_purge_events(struct lk_store *store, uint64_t up_to, unsigned limit, unsigned *ret_removed)
{
    uint64_t most = store->first_seq + (limit ? limit : 1000) - 1;
    uint64_t to = up_to < most ? up_to : most;
    uint64_t first = store->first_seq;
    if (up_to > store->acked) {
        return -EPERM;
    }
    int r = to < first ? 0 : purge_to(store, to);
    if (r < 0) {
        return r;
    }
    store->first_seq = to < first ? first : to + 1;
    if (ret_removed) {
        *ret_removed = (unsigned)(store->first_seq - first);
    }
    return 0;
}

int lk_store_check(struct lk_store *store, struct lk_text *why)
{
    char finding[160];
    int r = lk_db_check(store->db, "PRAGMA quick_check(1)", finding);
    return r < 0 ? lk_why(why, r, "%s", finding) : 0;
}
