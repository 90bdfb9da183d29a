#include "store/wear.h"

#include "base/cleanup.h"
#include "sql.h"

#include <errno.h>
#include <string.h>

/* --- numbers in a blob, little endian ----------------------------------------------------------------------------- */

static void put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static uint32_t get_u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    put_u16(at, value & 0xFFFF);
    put_u16(at + 2, value >> 16);
}

static uint32_t get_u32(const uint8_t *at)
{
    return get_u16(at) | get_u16(at + 2) << 16;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static int put_door(struct lk_store *store, int door, const struct lk_wear_door *w)
{
    uint8_t recent[2 * LK_WEAR_WINDOW_MOST];
    for (uint32_t i = 0; i < w->recent; i++) {
        put_u16(recent + 2 * (size_t)i, w->recent_ms[i]);
    }
    return LK_RUN(store, ST_WEAR_PUT, LK_T(lk_store_label(store, door)), LK_I(w->lock_cycles), LK_I(w->relay_cycles),
                  LK_I(w->openings), LK_I(w->jams), LK_I(w->lock_resets), LK_I(w->relay_resets), LK_I(w->attempts),
                  LK_I(w->attempts_known), LK_I(w->baseline_ms), LK_B(recent, 2 * (size_t)w->recent), LK_I(w->raised));
}

static int put_disk(struct lk_store *store, const struct lk_store_disk *disk)
{
    uint8_t hours[8 * LK_STORE_WEAR_HOURS];
    for (uint32_t i = 0; i < disk->hours; i++) {
        put_u32(hours + 8 * (size_t)i, disk->device_kib[i]);
        put_u32(hours + 8 * (size_t)i + 4, disk->own_kib[i]);
    }
    return LK_RUN(store, ST_WEAR_DISK_PUT, LK_I(disk->device_bytes), LK_I(disk->own_bytes),
                  LK_B(hours, 8 * (size_t)disk->hours), LK_I(disk->raised));
}

static int put_all(struct lk_store *store, const struct lk_store_wear *wear)
{
    int r = 0;
    for (int i = 0; r == 0 && i < store->core->doors; i++) {
        r = wear->changed[i] ? put_door(store, i, &wear->doors[i]) : 0;
    }
    return r == 0 && wear->disk ? put_disk(store, wear->disk) : r;
}

int lk_store_probe_with(struct lk_store *store, const struct lk_store_wear *wear)
{
    int r = lk_tx_begin(store, "probe");
    if (r < 0) {
        return r;
    }
    r = lk_sql_run(store, ST_PROBE, NULL, 0);
    r = r == 0 && wear ? put_all(store, wear) : r;
    return r < 0 ? lk_tx_abort(store, "probe", r) : lk_tx_commit(store, "probe");
}

int lk_store_probe(struct lk_store *store)
{
    return lk_store_probe_with(store, NULL);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static uint32_t number(sqlite3_stmt *stmt, int column)
{
    return (uint32_t)sqlite3_column_int64(stmt, column);
}

static int get_door(sqlite3_stmt *stmt, struct lk_wear_door *w)
{
    const uint8_t *recent = sqlite3_column_blob(stmt, 10);
    int size = sqlite3_column_bytes(stmt, 10);
    *w = (struct lk_wear_door){.lock_cycles = number(stmt, 1),
                               .relay_cycles = number(stmt, 2),
                               .openings = number(stmt, 3),
                               .jams = number(stmt, 4),
                               .lock_resets = number(stmt, 5),
                               .relay_resets = number(stmt, 6),
                               .attempts = (uint64_t)sqlite3_column_int64(stmt, 7),
                               .attempts_known = number(stmt, 8),
                               .baseline_ms = number(stmt, 9),
                               .recent = (uint32_t)size / 2,
                               .raised = number(stmt, 11)};
    if (size % 2 != 0 || w->recent > LK_WEAR_WINDOW_MOST) {
        return -EUCLEAN;
    }
    for (uint32_t i = 0; i < w->recent; i++) {
        w->recent_ms[i] = (uint16_t)get_u16(recent + 2 * (size_t)i);
    }
    return 0;
}

static int load_doors(struct lk_store *store, struct lk_wear_door *doors)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, ST_WEAR_ALL, NULL, 0);
    int r;
    while ((r = lk_sql_row(store, stmt)) > 0) {
        int door = lk_store_door(store, lk_sql_text(stmt, 0));
        r = door == LK_NO_DOOR ? 0 : get_door(stmt, &doors[door]);
        if (r < 0) {
            return r;
        }
    }
    return r;
}

static int load_disk(struct lk_store *store, struct lk_store_disk *ret_disk)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, ST_WEAR_DISK, NULL, 0);
    int r = lk_sql_row(store, stmt);
    struct lk_store_disk disk = {0};
    if (r > 0) {
        const uint8_t *hours = sqlite3_column_blob(stmt, 2);
        disk.device_bytes = (uint64_t)sqlite3_column_int64(stmt, 0);
        disk.own_bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
        disk.hours = (uint32_t)sqlite3_column_bytes(stmt, 2) / 8;
        disk.raised = number(stmt, 3);
        if (disk.hours > LK_STORE_WEAR_HOURS) {
            return -EUCLEAN;
        }
        for (uint32_t i = 0; i < disk.hours; i++) {
            disk.device_kib[i] = get_u32(hours + 8 * (size_t)i);
            disk.own_kib[i] = get_u32(hours + 8 * (size_t)i + 4);
        }
    }
    *ret_disk = disk;
    return r < 0 ? r : 0;
}

int lk_store_wear_load(struct lk_store *store, struct lk_wear_door *doors, struct lk_store_disk *ret_disk)
{
    int r = load_doors(store, doors);
    return r < 0 ? r : load_disk(store, ret_disk);
}
