#include "machine.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "core/wear.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { PATH_CAP = 512, FILE_CAP = 1024, ZONES_MOST = 64, SECTOR = 512, HOTTEST = 200, COLDEST = -60 };

/* A small file's text; "" when it cannot be read. */
static const char *read_text(const char *path, char *buf, size_t cap)
{
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(buf, 1, cap - 1, file) : 0;
    buf[n] = '\0';
    if (file) {
        (void)fclose(file);
    }
    return buf;
}

static int temperature(const char *root)
{
    int hottest = LK_WEAR_NO_VALUE;
    for (int zone = 0; zone < ZONES_MOST; zone++) {
        char path[PATH_CAP], text[FILE_CAP];
        (void)snprintf(path, sizeof(path), "%s/sys/class/thermal/thermal_zone%d/temp", root, zone);
        char *end = text;
        long value = strtol(read_text(path, text, sizeof(text)), &end, 10) / 1000;
        bool sane = end != text && value > COLDEST && value < HOTTEST; /* a broken sensor reads -273 or the like */
        hottest = sane && value > hottest ? (int)value : hottest;
    }
    return hottest;
}

/* 01: 0 to 10 percent used ... 0A: 90 to 100, 0B: more. */
static int life(const char *text)
{
    unsigned a = 0, b = 0;
    if (sscanf(text, "%x %x", &a, &b) < 1) {
        return LK_WEAR_NO_VALUE;
    }
    unsigned worse = a > b ? a : b;
    return worse == 0 || worse > 0x0B ? LK_WEAR_NO_VALUE : (int)worse * 10;
}

/* A partition's folder has its disk's above it; sysfs resolves "..". */
static void look_at_device(const char *base, struct lk_machine *m)
{
    static const char *const above[] = {"device", "../device"};
    char path[PATH_CAP], text[FILE_CAP];
    for (size_t i = 0; i < LK_ARRAY_SIZE(above) && m->disk_life_percent == LK_WEAR_NO_VALUE; i++) {
        unsigned eol = 0;
        (void)snprintf(path, sizeof(path), "%s/%s/life_time", base, above[i]);
        m->disk_life_percent = life(read_text(path, text, sizeof(text)));
        (void)snprintf(path, sizeof(path), "%s/%s/pre_eol_info", base, above[i]);
        if (sscanf(read_text(path, text, sizeof(text)), "%x", &eol) == 1 && eol <= 3) {
            m->disk_pre_eol = (int)eol;
        }
    }
}

/* The whole disk's books: what wears is the chip, whichever partition is written to. */
static void look_at_writes(const char *base, struct lk_machine *m)
{
    static const char *const files[] = {"../stat", "stat"};
    char path[PATH_CAP], text[FILE_CAP];
    for (size_t i = 0; i < LK_ARRAY_SIZE(files) && !m->disk_known; i++) {
        uint64_t sectors = 0;
        (void)snprintf(path, sizeof(path), "%s/%s", base, files[i]);
        m->disk_known = sscanf(read_text(path, text, sizeof(text)), "%*u %*u %*u %*u %*u %*u %" SCNu64, &sectors) == 1;
        m->disk_bytes = sectors * SECTOR;
    }
}

static void look_at_own(const char *root, struct lk_machine *m)
{
    char path[PATH_CAP], text[FILE_CAP];
    (void)snprintf(path, sizeof(path), "%s/proc/self/io", root);
    const char *at = strstr(read_text(path, text, sizeof(text)), "\nwrite_bytes:");
    m->own_known = at && sscanf(at, "\nwrite_bytes: %" SCNu64, &m->own_bytes) == 1;
}

void lk_machine_look(const char *root, const char *folder, struct lk_machine *ret_machine)
{
    struct lk_machine m = {.temperature = temperature(root), .disk_life_percent = LK_WEAR_NO_VALUE};
    struct stat st;
    if (stat(folder, &st) == 0) {
        char base[PATH_CAP / 2];
        (void)snprintf(base, sizeof(base), "%s/sys/dev/block/%u:%u", root, major(st.st_dev), minor(st.st_dev));
        look_at_device(base, &m);
        look_at_writes(base, &m);
    }
    look_at_own(root, &m);
    *ret_machine = m;
}
