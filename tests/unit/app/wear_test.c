/* The wear of a site over days of virtual time: the books of the disk, what the kernel's files may look like, what is
 * told and when, what is kept over a restart. The engine is a list of what was posted to it. */
#include "unit/app/rig.h"

#include "wear.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MINUTE = 60000, HOUR = 60 * MINUTE, POSTS = 64, MB = 1000000 };

static struct {
    struct rig rig;
    struct lk_wear *wear;
    int64_t now_ms;
    struct lk_input post[POSTS];
    unsigned posts;
    char disk[RIG_PATH];
} t;

void __wrap_lk_engine_post(struct lk_engine *engine, const struct lk_input *input);

void __wrap_lk_engine_post(struct lk_engine *engine, const struct lk_input *input)
{
    (void)engine;
    assert_true(t.posts < POSTS);
    t.post[t.posts++] = *input;
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[RIG_PATH * 2];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Bytes written to the disk since the kernel started; by us since we did. */
static void written(uint64_t device, uint64_t own)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "7 0 56 3 1 0 %llu 5 0 4 9\n", (unsigned long long)device / 512);
    put(t.disk, "stat", text);
    (void)snprintf(text, sizeof(text), "rchar: 1\nread_bytes: 9\nwrite_bytes: %llu\ncancelled_write_bytes: 77\n",
                   (unsigned long long)own);
    put(t.rig.dir, "proc/self/io", text);
}

static void make(void)
{
    char text[256] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    if (lk_wear_create(t.rig.config, t.rig.store, &t.wear, &why) < 0) {
        fail_msg("%s", text);
    }
}

static int begin(void **state)
{
    struct stat st;
    (void)state;
    memset(&t, 0, sizeof(t));
    rig_make(&t.rig, "[wear]\ndisk_daily_mb = 4000\nlock_cycles = 10\nrelay_cycles = 0\nwarn_percent = 50\n");
    rig_open_store(&t.rig);
    assert_int_equal(stat(t.rig.config->paths.state_dir, &st), 0);
    (void)snprintf(t.disk, sizeof(t.disk), "%s/sys/dev/block/%u:%u", t.rig.dir, major(st.st_dev), minor(st.st_dev));
    assert_int_equal(setenv("LOCKERD_TEST_ROOT", t.rig.dir, 1), 0);
    make();
    return 0;
}

static int end(void **state)
{
    (void)state;
    t.wear = lk_wear_destroy(t.wear);
    rig_end(&t.rig);
    return unsetenv("LOCKERD_TEST_ROOT");
}

static void restart(void)
{
    assert_int_equal(lk_wear_save(t.wear, t.rig.store), 0);
    t.wear = lk_wear_destroy(t.wear);
    make();
}

static void look_after(int64_t ms)
{
    t.now_ms += ms;
    lk_wear_look(t.wear, NULL, t.now_ms);
}

static void a_day_of_writing_is_a_warning_and_a_calm_one_ends_it(void **state)
{
    (void)state;
    uint64_t device = 5000ULL * MB, own = 0;
    written(device, own);
    look_after(0);
    for (int hour = 1; hour <= 24; hour++) {
        assert_int_equal(t.posts, 0);
        for (int i = 0; i < 60; i++) {
            device += 4 * MB; /* 5,760 a day */
            own += MB / 10;
            written(device, own);
            look_after(MINUTE);
        }
        assert_int_equal(lk_wear_disk_of(t.wear)->hours, hour);
    }
    assert_int_equal(t.posts, 1);
    assert_int_equal(t.post[0].reason, LK_REASON_DISK_WEARING);
    assert_int_equal(t.post[0].door, LK_NO_DOOR);
    const struct lk_store_disk *disk = lk_wear_disk_of(t.wear);
    assert_in_range(lk_wear_daily(disk->device_kib, disk->hours), 5750ULL * MB, 5760ULL * MB);
    assert_in_range(lk_wear_daily(disk->own_kib, disk->hours), 143ULL * MB, 144ULL * MB);

    restart(); /* told already; the kernel's own books begin anew with it */
    written(3 * MB, 0);
    look_after(0);
    assert_int_equal(t.posts, 1);
    assert_int_equal(lk_wear_disk_of(t.wear)->hours, 24);
    assert_int_equal(lk_wear_disk_of(t.wear)->device_bytes, 5760ULL * MB);
    for (int hour = 0; hour < 24; hour++) {
        written(hour < 5 ? 3 * MB : 0, 0); /* a disk that was plugged in again begins anew, too */
        look_after(HOUR);
    }
    assert_int_equal(lk_wear_disk_of(t.wear)->device_bytes, 5760ULL * MB);
    assert_int_equal(t.posts, 2);
    assert_int_equal(t.post[1].reason, LK_REASON_RECOVERED);
    assert_string_equal(t.post[1].note, "disk_wearing");
}

static void what_this_machine_cannot_tell_is_not_known(void **state)
{
    (void)state;
    look_after(0);
    put(t.disk, "stat", "nonsense\n");
    put(t.disk, "device/life_time", "0x00 0x00\n"); /* "not defined" */
    put(t.disk, "device/pre_eol_info", "0x77\n");
    put(t.rig.dir, "sys/class/thermal/thermal_zone0/temp", "\n");
    put(t.rig.dir, "sys/class/thermal/thermal_zone1/temp", "-273150\n");
    put(t.rig.dir, "sys/class/thermal/thermal_zone2/temp", "9999999999\n");
    for (int i = 0; i < 30; i++) {
        look_after(HOUR);
    }
    const struct lk_wear_site *site = lk_wear_site_of(t.wear);
    assert_int_equal(site->temperature, LK_WEAR_NO_VALUE);
    assert_int_equal(site->disk_life_percent, LK_WEAR_NO_VALUE);
    assert_int_equal(site->disk_pre_eol, 0);
    assert_false(site->daily_known);
    assert_int_equal(t.posts, 0);
}

/* The real one, after the daemon's own "no dump of me": what is written to a real disk is counted. */
static void this_very_machine(void **state)
{
    (void)state;
    struct lk_machine before, after;
    static char much[1 << 20];
    char path[] = "/var/tmp/lk-wear-XXXXXX";
    assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
    lk_machine_look("", "/var/tmp", &before);
    int fd = mkstemp(path);
    assert_true(fd >= 0 && unlink(path) == 0);
    assert_int_equal(write(fd, much, sizeof(much)), sizeof(much));
    assert_int_equal(fsync(fd), 0);
    lk_machine_look("", "/var/tmp", &after);
    assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
    (void)close(fd);
    assert_true(before.own_known && after.own_known);
    struct statfs fs;
    assert_int_equal(statfs("/var/tmp", &fs), 0);
    bool on_disk = fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC;
    if (on_disk) { /* tmpfs and the like write to no disk */
        assert_true(after.own_bytes >= before.own_bytes + sizeof(much));
    }
    assert_true(after.disk_bytes >= before.disk_bytes);
}

/* Five of ten pulses: told once, over a restart and a probe that failed. */
static void a_door_is_told_of_once(void **state)
{
    (void)state;
    uint16_t order[LK_MAX_DOORS];
    const char *place = NULL;
    enum lk_reason reason = LK_REASON_NONE;
    for (uint32_t n = 1; n <= 5; n++) {
        assert_int_equal(t.posts, 0);
        lk_wear_pulse(t.wear, 3, n, true, t.now_ms);
        lk_wear_open(t.wear, 3, t.now_ms + 120);
        lk_wear_open(t.wear, 3, t.now_ms + 130); /* opened again by hand: no pulse, no time */
        lk_wear_outcome(t.wear, 3, LK_OUTCOME_OPENED);
        look_after(1000);
    }
    assert_int_equal(t.posts, 1);
    assert_int_equal(t.post[0].door, 3);
    assert_int_equal(t.post[0].reason, LK_REASON_LOCK_NEAR_RATING);
    lk_wear_pulse(t.wear, 4, 1, false, t.now_ms); /* unproven: the lock may have moved; its time is not known */
    lk_wear_open(t.wear, 4, t.now_ms + 90);
    restart();
    look_after(1000);
    assert_int_equal(t.posts, 1);
    const struct lk_wear_door *d = lk_wear_door_of(t.wear, 3);
    assert_int_equal(d->lock_cycles, 5);
    assert_int_equal(d->openings, 5);
    assert_int_equal(d->recent, 5);
    assert_int_equal(d->recent_ms[4], 120);
    assert_int_equal(lk_wear_door_of(t.wear, 4)->lock_cycles, 1);
    assert_int_equal(lk_wear_door_of(t.wear, 4)->recent, 0);
    lk_wear_order(t.wear, order);
    assert_int_equal(order[0], 3);
    assert_int_equal(order[1], 4);
    assert_true(lk_wear_fault(t.wear, order, 0, &place, &reason));
    assert_string_equal(place, t.rig.config->core.door[3].label);
    assert_int_equal(reason, LK_REASON_LOCK_NEAR_RATING);
    assert_false(lk_wear_fault(t.wear, order, 1, &place, &reason));
    lk_wear_part(t.wear, 3, LK_REASON_LOCK_REPLACED);
    look_after(1000);
    assert_int_equal(t.posts, 2);
    assert_int_equal(t.post[1].reason, LK_REASON_RECOVERED);
    assert_string_equal(t.post[1].note, "lock_near_rating");
    assert_int_equal(t.post[1].door, 3);
}

/* Every news is a commit: a rating that was set lower must not hold up the loop. */
static void a_whole_hall_is_told_of_bit_by_bit(void **state)
{
    (void)state;
    int doors = t.rig.config->core.doors;
    for (int i = 0; i < doors; i++) {
        lk_wear_pulse(t.wear, i, 9, true, t.now_ms);
    }
    for (unsigned told = 0; told < (unsigned)doors;) {
        look_after(1000);
        assert_in_range(t.posts - told, 1, 4);
        told = t.posts;
    }
    look_after(1000);
    assert_int_equal(t.posts, doors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_day_of_writing_is_a_warning_and_a_calm_one_ends_it, begin, end),
        cmocka_unit_test_setup_teardown(what_this_machine_cannot_tell_is_not_known, begin, end),
        cmocka_unit_test_setup_teardown(a_door_is_told_of_once, begin, end),
        cmocka_unit_test(this_very_machine),
        cmocka_unit_test_setup_teardown(a_whole_hall_is_told_of_bit_by_bit, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
