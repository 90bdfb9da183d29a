#include "unit/store/disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum { SECTOR = 512, WATCHED = 4 };

struct change {
    sqlite3_int64 at; /* size of a truncate when bytes is NULL */
    unsigned char *bytes;
    int n;
};

/* One watched file: what is durable, what is only written. */
struct image {
    char path[256];
    unsigned char *durable;
    size_t size;
    struct change *pending;
    unsigned changes;
    unsigned char *cut; /* as the power cut left it */
    size_t cut_size;
};

static struct {
    sqlite3_vfs vfs, *real;
    unsigned count, fail_at, cut_at, seed;
    enum disk_failure failure;
    bool forever, failed, was_cut, watching;
    char prefix[256];
    struct image image[WATCHED];
} disk;

struct file {
    sqlite3_file base;
    struct image *image;
    sqlite3_file *real;
};

static unsigned dice(void)
{
    disk.seed = disk.seed * 1664525u + 1013904223u;
    return disk.seed >> 16;
}

static void put(unsigned char **bytes, size_t *size, sqlite3_int64 at, const unsigned char *from, size_t n)
{
    if ((size_t)at + n > *size) {
        *bytes = realloc(*bytes, (size_t)at + n);
        memset(*bytes + *size, 0, (size_t)at + n - *size);
        *size = (size_t)at + n;
    }
    memcpy(*bytes + at, from, n);
}

static void settle(unsigned char **bytes, size_t *size, const struct change *change, bool torn)
{
    if (!change->bytes) {
        *size = (size_t)change->at < *size ? (size_t)change->at : *size;
        return;
    }
    for (int done = 0; done < change->n;) {
        int room = SECTOR - (int)((change->at + done) % SECTOR);
        int n = change->n - done < room ? change->n - done : room;
        if (!torn || dice() % 2) {
            put(bytes, size, change->at + done, change->bytes + done, (size_t)n);
        }
        done += n;
    }
}

static void cut_power(void)
{
    for (int i = 0; i < WATCHED; i++) {
        struct image *image = &disk.image[i];
        image->cut = malloc(image->size + 1);
        image->cut_size = image->size;
        if (image->size > 0) {
            memcpy(image->cut, image->durable, image->size);
        }
        for (unsigned c = 0; c < image->changes; c++) {
            unsigned fate = dice() % 3;
            if (fate > 0) {
                settle(&image->cut, &image->cut_size, &image->pending[c], fate == 1);
            }
        }
    }
    disk.was_cut = true;
}

/* Counts a call; 0 or the error it has to fail with. */
static int count_call(enum disk_failure kind)
{
    disk.count++;
    if (disk.cut_at != 0 && disk.count == disk.cut_at) {
        cut_power();
    }
    bool now = disk.fail_at != 0 && (disk.count == disk.fail_at || (disk.forever && disk.count > disk.fail_at));
    if (!now) {
        return SQLITE_OK;
    }
    disk.failed = true;
    return disk.failure == DISK_FULL ? SQLITE_FULL : kind == DISK_IO_SYNC ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

static void remember(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    struct image *image = ((struct file *)f)->image;
    if (image) {
        image->pending = realloc(image->pending, (image->changes + 1) * sizeof(*image->pending));
        struct change *change = &image->pending[image->changes++];
        *change = (struct change){.at = at, .n = n, .bytes = bytes ? malloc((size_t)n) : NULL};
        if (bytes) {
            memcpy(change->bytes, bytes, (size_t)n);
        }
    }
}

static void make_durable(sqlite3_file *f)
{
    struct image *image = ((struct file *)f)->image;
    if (image) {
        for (unsigned c = 0; c < image->changes; c++) {
            settle(&image->durable, &image->size, &image->pending[c], false);
            free(image->pending[c].bytes);
        }
        image->changes = 0;
    }
}

static int file_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int file_read(sqlite3_file *f, void *buffer, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), buffer, n, at);
}

static int file_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    int rc = count_call(DISK_IO_WRITE);
    if (rc != SQLITE_OK) {
        (void)real_of(f)->pMethods->xWrite(real_of(f), bytes, n / 2, at);
        return rc;
    }
    remember(f, bytes, n, at);
    return real_of(f)->pMethods->xWrite(real_of(f), bytes, n, at);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = count_call(DISK_IO_WRITE);
    if (rc != SQLITE_OK) {
        return rc;
    }
    remember(f, NULL, 0, size);
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int file_sync(sqlite3_file *f, int flags)
{
    int rc = count_call(DISK_IO_SYNC);
    if (rc != SQLITE_OK) {
        return rc;
    }
    make_durable(f);
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int file_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int file_check_lock(sqlite3_file *f, int *held)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), held);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int file_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

/* Version 1: no shared memory, as for any connection that has the file to itself. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
};

static void load(struct image *image)
{
    unsigned char block[65536];
    FILE *f = fopen(image->path, "rb");
    size_t n;
    while (f && (n = fread(block, 1, sizeof(block), f)) > 0) {
        put(&image->durable, &image->size, (sqlite3_int64)image->size, block, n);
    }
    if (f) {
        (void)fclose(f);
    }
}

static struct image *image_of(const char *path)
{
    if (!disk.watching || !path || strncmp(path, disk.prefix, strlen(disk.prefix)) != 0) {
        return NULL;
    }
    for (int i = 0; i < WATCHED; i++) {
        if (disk.image[i].path[0] == '\0') {
            (void)snprintf(disk.image[i].path, sizeof(disk.image[i].path), "%s", path);
            load(&disk.image[i]);
        }
        if (strcmp(disk.image[i].path, path) == 0) {
            return &disk.image[i];
        }
    }
    return NULL;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out_flags)
{
    struct file *file = (struct file *)f;
    (void)vfs;
    file->real = (sqlite3_file *)(file + 1);
    file->image = image_of(path);
    int rc = disk.real->xOpen(disk.real, path, file->real, flags, out_flags);
    file->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

void disk_install(void)
{
    disk.real = sqlite3_vfs_find("unix");
    disk.vfs = *disk.real;
    disk.vfs.zName = "misbehaving";
    disk.vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
    disk.vfs.xOpen = vfs_open;
    (void)sqlite3_vfs_register(&disk.vfs, 1);
}

void disk_fail_at(unsigned n, enum disk_failure failure, bool forever)
{
    disk.fail_at = disk.count + n;
    disk.failure = failure;
    disk.forever = forever;
    disk.failed = false;
}

void disk_heal(void)
{
    disk.fail_at = 0;
}

bool disk_failed(void)
{
    return disk.failed;
}

void disk_watch(const char *prefix)
{
    disk_forget();
    (void)snprintf(disk.prefix, sizeof(disk.prefix), "%s", prefix);
    disk.watching = true;
}

void disk_cut_at(unsigned n, unsigned seed)
{
    disk.cut_at = disk.count + n;
    disk.seed = seed;
}

bool disk_was_cut(void)
{
    return disk.was_cut;
}

void disk_write_image(const char *folder)
{
    for (int i = 0; i < WATCHED; i++) {
        struct image *image = &disk.image[i];
        if (image->path[0] == '\0') {
            continue;
        }
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, strrchr(image->path, '/') + 1);
        FILE *f = fopen(path, "wb");
        (void)fwrite(image->cut, 1, image->cut_size, f);
        (void)fclose(f);
    }
}

void disk_forget(void)
{
    for (int i = 0; i < WATCHED; i++) {
        struct image *image = &disk.image[i];
        for (unsigned c = 0; c < image->changes; c++) {
            free(image->pending[c].bytes);
        }
        free(image->pending);
        free(image->durable);
        free(image->cut);
        *image = (struct image){.size = 0};
    }
    disk.was_cut = disk.watching = false;
    disk.cut_at = 0;
}
