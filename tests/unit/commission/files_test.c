/* Facts on the disk and back, the configuration's text, diffs, and files that survive. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "commission/conf.h"
#include "commission/journal.h"
#include "commission/site.h"

static char folder[64], path[128];
static struct lk_com_known known;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/com-files-XXXXXX");
    memset(&known, 0, sizeof(known));
    return mkdtemp(folder) ? snprintf(path, sizeof(path), "%s/journal", folder) < 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static void write_file(const char *name, const char *text)
{
    char at[256];
    snprintf(at, sizeof(at), "%s/%s", folder, name);
    FILE *f = fopen(at, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    fclose(f);
}

static const char *read_file(const char *name)
{
    static char text[LK_COM_FILE_MAX];
    assert_int_equal(lk_com_get(folder, name, text, sizeof(text)), 0);
    return text;
}

static const struct lk_com_fact story[] = {
    {.kind = LK_COM_BEGIN, .who = "m01", .text = "/dev/rig"},
    {.kind = LK_COM_SPEED, .number = 9600, .to = LK_FB_PARITY_EVEN},
    {.kind = LK_COM_BOARD, .unit = 1, .text = "waveshare-relay-8"},
    {.kind = LK_COM_SCANNED},
    {.kind = LK_COM_NAMED, .unit = 1, .text = "A"},
    {.kind = LK_COM_PULSE, .unit = 1, .who = "m01", .text = "\"quoted\" 接线"},
    {.kind = LK_COM_LEARNED, .unit = 1, .door = 2, .input_unit = 1, .input = 7, .level = true},
    {.kind = LK_COM_PULSE, .unit = 1, .channel = 1, .who = "m01"},
};
enum { STORY = sizeof(story) / sizeof(story[0]) };

static void tell(struct lk_com_journal *journal)
{
    for (unsigned i = 0; i < STORY; i++) {
        assert_int_equal(lk_com_journal_note(journal, &story[i], 1772352000), 0);
    }
}

/* --- facts */

static void every_fact_comes_back_as_it_was(void **state)
{
    (void)state;
    char line[1024];
    for (unsigned i = 0; i < STORY; i++) {
        struct lk_com_fact fact;
        assert_int_equal(lk_com_fact_write(&story[i], 1772352000, line, sizeof(line)), 0);
        assert_int_equal(lk_com_fact_read(line, strlen(line), &fact), 0);
        assert_memory_equal(&fact, &story[i], sizeof(fact));
    }
    assert_int_equal(lk_com_fact_write(&story[6], 1772352000, line, sizeof(line)), 0);
    assert_string_equal(line,
                        "{\"at\":\"2026-03-01T08:00:00Z\",\"fact\":\"learned\",\"unit\":1,\"channel\":1,\"door\":2,"
                        "\"input_unit\":1,\"input\":8,\"closed_level\":1}");
}

static void every_kind_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned k = 0; k < LK_COM_KINDS; k++) {
        assert_int_equal(lk_com_kind_of(lk_com_kind_name((enum lk_com_kind)k)), k);
    }
    assert_int_equal(lk_com_kind_of("nonsense"), LK_COM_KINDS);
}

static void facts_that_contradict_change_nothing(void **state)
{
    (void)state;
    const struct lk_com_fact wrong[] = {
        {.kind = LK_COM_BEGIN, .text = "/dev/other"},
        {.kind = LK_COM_BOARD, .unit = 2, .text = "no-such-board"},
        {.kind = LK_COM_BOARD, .unit = 248, .text = "waveshare-relay-8"},
        {.kind = LK_COM_NAMED, .unit = 9, .text = "B"},
        {.kind = LK_COM_NAMED, .unit = 1, .text = "ABCDEFG"},
        {.kind = LK_COM_PULSE, .unit = 1, .channel = 8},
        {.kind = LK_COM_LEARNED, .unit = 1, .channel = 1, .door = 2, .input_unit = 1, .input = 1}, /* door 2 is known */
        {.kind = LK_COM_LEARNED, .unit = 1, .channel = 1, .door = 3, .input_unit = 1, .input = 7}, /* so is input 8 */
        {.kind = LK_COM_LEARNED, .unit = 1, .channel = 1, .door = 33, .input_unit = 1, .input = 1},
        {.kind = LK_COM_LEARNED, .unit = 1, .channel = 1, .door = 3, .input_unit = 5, .input = 1},
        {.kind = LK_COM_NUMBER, .unit = 1, .door = 5, .to = 6},
        {.kind = LK_COM_CURRENT, .unit = 1},
        {.kind = LK_COM_SPEED, .number = 19200, .to = 3},
        {.kind = LK_COM_KINDS},
    };
    for (unsigned i = 0; i < STORY; i++) {
        assert_int_equal(lk_com_fold(&known, &story[i]), 0);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct lk_com_known before = known;
        assert_int_equal(lk_com_fold(&known, &wrong[i]), -EINVAL);
        assert_memory_equal(&known, &before, sizeof(known));
    }
}

/* --- the journal */

static void a_journal_is_gone_on_with(void **state)
{
    (void)state;
    struct lk_com_journal *journal;
    unsigned line;
    assert_int_equal(lk_com_journal_open(path, true, &known, &line, &journal), -ENOENT);
    assert_int_equal(lk_com_journal_open(path, false, &known, &line, &journal), 0);
    tell(journal);
    struct lk_com_journal *second;
    assert_int_equal(lk_com_journal_open(path, true, &known, &line, &second), -EBUSY);
    (void)lk_com_journal_close(journal);
    assert_int_equal(lk_com_journal_open(path, false, &known, &line, &journal), -EEXIST);
    assert_int_equal(lk_com_journal_open(path, true, &known, &line, &journal), 0);
    assert_int_equal(known.facts, STORY);
    assert_int_equal(known.parity, LK_FB_PARITY_EVEN);
    assert_int_equal(lk_com_next(&known).kind, LK_COM_STEP_DOUBT);
    (void)lk_com_journal_close(journal);
}

/* Cut after each byte, as a crash may: what is left is a prefix of whole facts, and the next fact comes behind it. */
static void cut_anywhere_it_is_a_prefix(void **state)
{
    (void)state;
    struct lk_com_journal *journal;
    unsigned line;
    assert_int_equal(lk_com_journal_open(path, false, &known, &line, &journal), 0);
    tell(journal);
    (void)lk_com_journal_close(journal);
    static char whole[LK_COM_FILE_MAX];
    strcpy(whole, read_file("journal"));
    for (size_t cut = 0; cut <= strlen(whole); cut++) {
        char part[LK_COM_FILE_MAX];
        snprintf(part, sizeof(part), "%.*s", (int)cut, whole);
        write_file("journal", part);
        unsigned facts = 0;
        for (size_t i = 0; i < cut; i++) {
            facts += whole[i] == '\n';
        }
        assert_int_equal(lk_com_journal_open(path, true, &known, &line, &journal), 0);
        assert_int_equal(known.facts, facts);
        if (facts < STORY) {
            assert_int_equal(lk_com_journal_note(journal, &story[facts], 1772352000), 0);
        }
        (void)lk_com_journal_close(journal);
        assert_int_equal(lk_com_journal_open(path, true, &known, &line, &journal), 0);
        assert_int_equal(known.facts, facts < STORY ? facts + 1 : facts);
        (void)lk_com_journal_close(journal);
    }
}

static void a_damaged_journal_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char *const damage[] = {"nonsense\n",
                                         "{\"fact\":\"fly\"}\n",
                                         "{\"fact\":\"pulse\",\"unit\":-1}\n",
                                         "{\"fact\":\"pulse\",\"unit\":1,\"channel\":0}\n",
                                         "{\"fact\":\"pulse\",\"unit\":1,\"unit\":1,\"channel\":1}\n",
                                         "\n"};
    for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
        struct lk_com_journal *journal;
        unsigned line;
        char text[512];
        snprintf(text, sizeof(text), "{\"fact\":\"begin\",\"text\":\"/dev/rig\"}\n%s{\"fact\":\"scanned\"}\n",
                 damage[i]);
        write_file("journal", text);
        assert_int_equal(lk_com_journal_open(path, true, &known, &line, &journal), -EBADMSG);
        assert_int_equal(line, 2);
    }
}

/* --- text */

static struct lk_com_board *board_with(unsigned n)
{
    memset(&known, 0, sizeof(known));
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(lk_com_fold(&known, &story[i]), 0);
    }
    for (unsigned ch = 0; ch < n; ch++) {
        struct lk_com_fact f = {.kind = LK_COM_LEARNED,
                                .unit = 1,
                                .channel = ch,
                                .door = ch + 1,
                                .input_unit = 1,
                                .input = ch,
                                .level = true};
        assert_int_equal(lk_com_fold(&known, &f), 0);
    }
    struct lk_com_fact sizes = {.kind = LK_COM_SIZES, .unit = 1, .text = "S:1-8"};
    assert_int_equal(lk_com_fold(&known, &sizes), 0);
    return &known.board[0];
}

static const char *conf(const struct lk_com_board *board)
{
    static char text[LK_COM_FILE_MAX];
    struct lk_text t = lk_text_init(text, sizeof(text));
    assert_int_equal(lk_com_conf_bank(&known, board, "rs485-a", &t), 0);
    return text;
}

static void consents_are_written(void **state)
{
    (void)state;
    struct lk_com_board *b = board_with(8);
    assert_null(strstr(conf(b), "verified"));
    b->profile = lk_board_profile_find("jy-dam-8");
    b->pulse_mode = 2;
    assert_non_null(strstr(conf(b), "verified = yes\npulse_mode = 2\n"));
    b->software = true;
    b->lock_ma = 300;
    assert_non_null(strstr(conf(b), "accept_software_pulse = yes\n"));
    assert_non_null(strstr(conf(b), "lock_ma = 300\n"));
}

static void a_bank_with_a_gap_has_no_text(void **state)
{
    (void)state;
    struct lk_com_board *b = board_with(3);
    char text[1024];
    struct lk_text t = lk_text_init(text, sizeof(text));
    b->channel[1].door = 7;
    assert_int_equal(lk_com_conf_bank(&known, b, "rs485-a", &t), -EINVAL);
    b->channel[1].door = 2;
    b->channel[1].input_unit = 2;
    assert_int_equal(lk_com_conf_bank(&known, b, "rs485-a", &t), -EINVAL);
}

static void the_line_is_written(void **state)
{
    (void)state;
    char text[1024];
    struct lk_text t = lk_text_init(text, sizeof(text));
    struct lk_fieldbus_config line = {.transport = LK_FB_RTU, .device = "/dev/rig"};
    (void)board_with(1);
    assert_int_equal(lk_com_conf_line(&known, &line, "rs485-a", &t), 0);
    assert_non_null(
        strstr(text, "[fieldbus rs485-a]\ntransport = rtu\ndevice = /dev/rig\nbaud = 9600\nparity = even\n"));
    struct lk_fieldbus_config tcp = {.transport = LK_FB_TCP, .host = "192.0.2.10", .port = 4196};
    t = lk_text_init(text, sizeof(text));
    assert_int_equal(lk_com_conf_line(&known, &tcp, "eth-1", &t), 0);
    assert_non_null(strstr(text, "transport = tcp\nhost = 192.0.2.10\nport = 4196\n"));
}

static void what_people_added_stays(void **state)
{
    (void)state;
    char text[1024];
    struct lk_text t = lk_text_init(text, sizeof(text));
    assert_int_equal(lk_com_conf_keep("# old\n[bank A]\nunit = 3\n  low_reach = 5-8\ndoors=4\nsupply = right\n\n", &t),
                     0);
    assert_string_equal(text, "  low_reach = 5-8\nsupply = right\n");
}

/* --- diffs: applied to the old text they make the new one */

static void patched(const char *old_text, const char *new_text)
{
    char diff[4096], command[512];
    struct lk_text t = lk_text_init(diff, sizeof(diff));
    assert_int_equal(lk_com_diff("old", old_text, "new", new_text, &t), 0);
    write_file("old", old_text);
    write_file("diff", diff);
    snprintf(command, sizeof(command), "cd %s && patch -s -u old < diff", folder);
    if (strcmp(old_text, new_text) == 0) {
        assert_string_equal(diff, "");
        return;
    }
    assert_int_equal(system(command), 0);
    assert_string_equal(read_file("old"), new_text);
}

static void diffs_are_true(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a\nb\nc\nd\ne\nf\ng\nh\n",    "a\nb\nc\nX\ne\nf\ng\nh\n", "x\n",
        "a\nb\nc\nd\ne\nf\ng\nh\ni\n", "b\nc\nd\ne\nf\ng\n",       "h\ng\nf\ne\nd\nc\nb\na\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            patched(texts[i], texts[j]);
        }
    }
    char diff[512];
    struct lk_text t = lk_text_init(diff, sizeof(diff));
    assert_int_equal(lk_com_diff("/dev/null", "", "new", "a\nb\n", &t), 0);
    assert_string_equal(diff, "--- /dev/null\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n");
}

/* --- files */

static void files_are_replaced_whole_and_kept(void **state)
{
    (void)state;
    assert_int_equal(lk_com_put(folder, "x.conf", "one\n"), 0);
    assert_int_equal(lk_com_put(folder, "x.conf", "two\n"), 0);
    assert_string_equal(read_file("x.conf"), "two\n");
    assert_string_equal(read_file("x.conf.bak"), "one\n");
    assert_string_equal(read_file(".x.conf.new"), "");
    assert_string_equal(read_file("not-there"), "");
    assert_int_equal(lk_com_put("/nonexistent/folder", "x.conf", "one\n"), -ENOENT);
}

static void the_site_is_read_as_the_daemon_would(void **state)
{
    (void)state;
    struct lk_com_site site;
    char config[128], database[256];
    snprintf(config, sizeof(config), "%s/lockerd.conf", folder);
    snprintf(database, sizeof(database), "%s/conf.d", folder);
    assert_int_equal(mkdir(database, 0755), 0);
    assert_int_equal(lk_com_site_read(config, &site), 0); /* nothing there yet */
    assert_string_equal(site.database, "/var/lib/lockerd/lockerd.db");
    assert_string_equal(site.socket, "/run/lockerd/admin.sock");
    char text[512];
    snprintf(text, sizeof(text), "# c\n[paths]\nstate_dir = %s\nrun_dir=/run/x ; y\n[fieldbus eth]\nhost = 192.0.2.1\n",
             folder);
    write_file("lockerd.conf", text);
    write_file("conf.d/10-a.conf",
               "[fieldbus rs485-a]\ndevice = /dev/ttyX\nbaud = 19200\nparity=even\n[bank A]\nfieldbus = rs485-a\n");
    write_file("conf.d/30-bank-B.conf", "[bank B]\nfieldbus = rs485-a\n");
    write_file("conf.d/ignored.bak", "[bank Z]\n");
    assert_int_equal(lk_com_site_read(config, &site), 0);
    snprintf(database, sizeof(database), "%s/lockerd.db", folder);
    assert_string_equal(site.database, database);
    assert_string_equal(site.socket, "/run/x/admin.sock");
    assert_string_equal(lk_com_site_line(&site, "/dev/ttyX"), "rs485-a");
    assert_string_equal(lk_com_site_line(&site, "192.0.2.1:502"), "eth");
    assert_null(lk_com_site_line(&site, "/dev/ttyY"));
    assert_true(lk_com_site_speed(&site, "rs485-a", 19200, LK_FB_PARITY_EVEN));
    assert_false(lk_com_site_speed(&site, "rs485-a", 19200, LK_FB_PARITY_NONE));
    assert_false(lk_com_site_speed(&site, "rs485-a", 9600, LK_FB_PARITY_EVEN));
    assert_true(lk_com_site_speed(&site, "eth", 9600, LK_FB_PARITY_NONE)); /* the defaults */
    assert_true(lk_com_site_bank_taken(&site, "A", "rs485-a"));            /* in somebody's own file */
    assert_false(lk_com_site_bank_taken(&site, "B", "rs485-a"));           /* written by commissioning: again */
    assert_true(lk_com_site_bank_taken(&site, "B", "rs485-b"));
    assert_false(lk_com_site_bank_taken(&site, "Z", "rs485-a"));
    assert_false(lk_com_site_in_use(&site));
    write_file("lockerd.db", "");
    assert_false(lk_com_site_in_use(&site));
    write_file("lockerd.db", "SQLite format 3");
    assert_true(lk_com_site_in_use(&site));
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_fact_comes_back_as_it_was),
        IN_FOLDER(every_kind_has_a_name_of_its_own),
        IN_FOLDER(facts_that_contradict_change_nothing),
        IN_FOLDER(a_journal_is_gone_on_with),
        IN_FOLDER(cut_anywhere_it_is_a_prefix),
        IN_FOLDER(a_damaged_journal_is_refused_with_its_line),
        IN_FOLDER(consents_are_written),
        IN_FOLDER(a_bank_with_a_gap_has_no_text),
        IN_FOLDER(the_line_is_written),
        IN_FOLDER(what_people_added_stays),
        IN_FOLDER(diffs_are_true),
        IN_FOLDER(files_are_replaced_whole_and_kept),
        IN_FOLDER(the_site_is_read_as_the_daemon_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
