/*
 * docs/contract keeps its word: every example of what the locker hears is taken by the program, and the page shows
 * every example as it is.
 */
#include "check.h"

#include "base/cleanup.h"
#include "token.h"
#include "uplink/command_verify.h"
#include "uplink/outbox.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 65536, NOW_S = 1772439310 };

static char *read_file(const char *path)
{
    char *text = calloc(1, FILE_MOST);
    FILE *f = fopen(path, "re");
    if (!f) {
        fail_msg("cannot read %s", path);
    }
    assert_true(fread(text, 1, FILE_MOST - 1, f) < FILE_MOST - 1);
    (void)fclose(f);
    return text;
}

static char *example(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/docs/contract/examples/%s", LK_SOURCE_DIR, name);
    return read_file(path);
}

static void acks_are_taken(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) char *up_to = example("ack.json");
    LK_CLEANUP(lk_freep) char *replay = example("replay.json");
    struct lk_ack ack;
    char why[64];
    assert_int_equal(lk_ack_parse(up_to, strlen(up_to), &ack, why), 0);
    assert_true(!ack.replay && ack.seq == 42);
    assert_int_equal(lk_ack_parse(replay, strlen(replay), &ack, why), 0);
    assert_true(ack.replay && ack.seq == 17);
}

static struct lk_command_keys *keys_of(EVP_PKEY *key)
{
    char folder[] = "/tmp/contract-test-XXXXXX", path[128], jwk[512], why[LK_COMMAND_WHY_MAX];
    struct lk_command_keys *keys = NULL;
    assert_non_null(mkdtemp(folder));
    token_jwk(key, "upstream-1", "", jwk, sizeof(jwk));
    token_write_file(folder, "key.json", jwk, path, sizeof(path));
    assert_int_equal(lk_command_keys_load(path, &keys, why), 0);
    (void)unlink(path);
    (void)rmdir(folder);
    return keys;
}

static void commands_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum lk_command_kind kind;
    } rows[] = {
        {"command-announce.json", LK_CMD_ITEM_ANNOUNCE},      {"command-update.json", LK_CMD_ITEM_UPDATE},
        {"command-cancel.json", LK_CMD_ITEM_CANCEL},          {"command-transfer.json", LK_CMD_ITEM_TRANSFER},
        {"command-extend.json", LK_CMD_ITEM_EXTEND},          {"command-delivered.json", LK_CMD_ITEM_DELIVERED},
        {"command-received.json", LK_CMD_ITEM_RECEIVED},      {"command-reissue.json", LK_CMD_CODE_REISSUE},
        {"command-revoke.json", LK_CMD_CODE_REVOKE},          {"command-grant.json", LK_CMD_DELEGATE_GRANT},
        {"command-ungrant.json", LK_CMD_DELEGATE_REVOKE},     {"command-open.json", LK_CMD_COMPARTMENT_OPEN},
        {"command-status.json", LK_CMD_STATUS_GET},           {"command-block.json", LK_CMD_COMPARTMENT_BLOCK},
        {"command-unblock.json", LK_CMD_COMPARTMENT_UNBLOCK}, {"command-staff-upsert.json", LK_CMD_STAFF_UPSERT},
        {"command-staff-remove.json", LK_CMD_STAFF_REMOVE},   {"command-replay.json", LK_CMD_EVENTS_REPLAY},
    };
    _Static_assert(LK_ARRAY_SIZE(rows) == LK_COMMANDS, "an example for each command");
    static char token[TOKEN_MOST];
    EVP_PKEY *key = token_new_key();
    struct lk_command_keys *keys = keys_of(key);
    struct lk_command_context context = {.site = {"yulin", "hall-1"}, .now_wall_s = NOW_S, .quality = LK_CLOCK_SYNCED};
    LK_CLEANUP(lk_freep) char *header = example("command-header.json");
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        LK_CLEANUP(lk_freep) char *claims = example(rows[i].name);
        struct lk_command command;
        char why[LK_COMMAND_WHY_MAX];
        token_sign(key, header, claims, token);
        if (lk_command_verify(keys, &context, token, strlen(token), &command, why) != LK_REASON_NONE) {
            fail_msg("%s: %s", rows[i].name, why);
        }
        assert_int_equal(command.kind, rows[i].kind);
    }
    (void)lk_command_keys_free(keys);
    EVP_PKEY_free(key);
}

static void the_page_shows_every_example(void **state)
{
    (void)state;
    unsigned count = 0;
    LK_CLEANUP(lk_freep) char *page = read_file(LK_SOURCE_DIR "/docs/contract/README.md");
    DIR *dir = opendir(LK_SOURCE_DIR "/docs/contract/examples");
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (!strstr(e->d_name, ".json")) {
            continue;
        }
        LK_CLEANUP(lk_freep) char *text = example(e->d_name);
        if (!strstr(page, text) || !strstr(page, e->d_name)) {
            fail_msg("docs/contract/README.md does not show %s as it is", e->d_name);
        }
        count++;
    }
    (void)closedir(dir);
    assert_true(count >= 27);
}

static void the_page_names_every_event_type(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) char *page = read_file(LK_SOURCE_DIR "/docs/contract/README.md");
    LK_CLEANUP(lk_freep) char *events = example("events.json");
    for (int type = 0; type < LK_EVENT_TYPES; type++) {
        char row[64], member[64];
        const char *name = lk_event_type_name((enum lk_event_type)type);
        (void)snprintf(row, sizeof(row), "\n| `%s` |", name);
        (void)snprintf(member, sizeof(member), "\n  \"%s\": {", name);
        if (!strstr(page, row) || !strstr(events, member)) {
            fail_msg("docs/contract does not name %s, or shows no example of it", name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acks_are_taken),
        cmocka_unit_test(commands_are_taken),
        cmocka_unit_test(the_page_shows_every_example),
        cmocka_unit_test(the_page_names_every_event_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
