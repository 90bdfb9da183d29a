#include "sql.h"

#include "base/cleanup.h"
#include "files.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

void lk_store_health(struct lk_store *store, struct lk_store_health *ret_health)
{
    LK_CLEANUP(lk_freep) char *wal = lk_file_beside(store->path, "-wal");
    int64_t bytes = lk_file_size(store->path), wal_bytes = wal ? lk_file_size(wal) : 0;
    struct statvfs disk;
    int64_t disk_free = statvfs(store->path, &disk) < 0 ? -1 : (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    *ret_health = (struct lk_store_health){
        .degraded = store->error != 0,
        .error = store->error,
        .failures = store->failures,
        .commits = store->commits,
        .bytes = bytes < 0 ? 0 : bytes,
        .wal_bytes = wal_bytes < 0 ? 0 : wal_bytes,
        .disk_free = disk_free,
        .schema = store->schema,
    };
    memcpy(ret_health->doing, store->doing, sizeof(ret_health->doing));
}
