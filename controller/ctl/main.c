/* lockerctl: reads the command line, finds the command in the table, and runs it. */
#include "ctl.h"

#include "base/cleanup.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define READ_S   10
#define CHECK_S  120 /* quick_check and the chain of a large database take their time */
#define CHANGE_S 60  /* a pulse may wait 30 s for its supply, and then for the door */

#define O(name) (UINT64_C(1) << LK_OPT_##name)
#define COMMISSION_OPTIONS                                                                                             \
    (O(DEVICE) | O(HOST) | O(LINE) | O(BAUD) | O(PARITY) | O(UNITS) | O(PROFILE) | O(JOURNAL) | O(RESUME) | O(EMPTY) | \
     O(ANSWERS) | O(DRY_RUN) | O(CONFIG) | O(SET_ADDRESS) | O(LOCKERD) | O(WHY))
#define SECOND_OPTIONS  (O(WITH) | O(WITH_PIN_FILE))
#define INSPECT_OPTIONS (O(WHY) | O(ONLY) | O(REPORT) | O(JOURNAL) | O(RESUME) | O(ANSWERS) | O(ROUND) | SECOND_OPTIONS)

const struct lk_ctl_command lk_ctl_commands[] = {
    {"status", 0, 0, 0, READ_S, lk_cmd_status},
    {"doors", 0, 0, 0, READ_S, lk_cmd_doors},
    {"items", 0, 0, O(CUSTODY) | O(ITEM) | O(LIMIT) | O(AFTER), READ_S, lk_cmd_items},
    {"events", 0, 0, O(FOLLOW) | O(AFTER) | O(LAST) | O(LIMIT), READ_S, lk_cmd_events},
    {"open", 1, 1, O(WHY) | SECOND_OPTIONS, CHANGE_S, lk_cmd_open},
    {"block", 1, 1, O(WHY), CHANGE_S, lk_cmd_block},
    {"unblock", 1, 1, O(WHY), CHANGE_S, lk_cmd_unblock},
    {"confirm", 1, 1, O(WHY), CHANGE_S, lk_cmd_confirm},
    {"settle", 2, 2, O(WHY), CHANGE_S, lk_cmd_settle},
    {"backup", 1, 1, 0, CHECK_S, lk_cmd_backup},
    {"selfcheck", 0, 0, 0, CHECK_S, lk_cmd_selfcheck},
    {"bus", 0, 0, 0, READ_S, lk_cmd_bus},
    {"metrics", 0, 0, 0, READ_S, lk_cmd_metrics},
    {"uplink", 0, 0, 0, READ_S, lk_cmd_uplink},
    {"store", 0, 0, 0, CHECK_S, lk_cmd_store},
    {"staff", 1, 2, O(ROLE) | O(BADGE) | O(BADGE_FILE) | O(NEW_PIN_FILE), CHANGE_S, lk_cmd_staff},
    {"commission", 0, 0, COMMISSION_OPTIONS, CHANGE_S, lk_cmd_commission},
    {"item", 2, 3, O(WHY) | O(CODE_FILE), CHANGE_S, lk_cmd_item},
    {"recalls", 0, 0, O(ROUND), READ_S, lk_cmd_recalls},
    {"purge", 0, 0, O(DRY_RUN), CHECK_S, lk_cmd_purge},
    {"reload", 0, 0, 0, CHANGE_S, lk_cmd_reload},
    {"wear", 0, 2, O(WHY) | O(PART), CHANGE_S, lk_cmd_wear},
    {"lamps", 0, 0, 0, CHANGE_S, lk_cmd_lamps},
    {"replace", 1, 1, O(ANSWERS), READ_S, lk_cmd_replace},
    {"menu", 0, 0, O(ANSWERS), READ_S, lk_cmd_menu},
    {"restore", 1, 1, O(DRY_RUN) | O(YES) | O(WHOLE) | O(WHY) | O(CONFIG) | O(LOCKERD) | O(ANSWERS), CHANGE_S,
     lk_cmd_restore},
    {"inspect", 0, 600, INSPECT_OPTIONS, CHANGE_S, lk_cmd_inspect},
};
const size_t lk_ctl_command_count = LK_ARRAY_SIZE(lk_ctl_commands);

/* Options of every command, behind those of some; getopt() wants numbers that are no characters. */
enum { FIRST = 256, G_SOCKET = FIRST + LK_OPTIONS, G_JSON, G_LANG, G_STAFF, G_PIN_FILE, G_TIMEOUT, G_HELP, G_VERSION };

static const struct option options[] = {
    {"socket", required_argument, NULL, G_SOCKET},
    {"json", no_argument, NULL, G_JSON},
    {"lang", required_argument, NULL, G_LANG},
    {"staff", required_argument, NULL, G_STAFF},
    {"pin-file", required_argument, NULL, G_PIN_FILE},
    {"timeout", required_argument, NULL, G_TIMEOUT},
    {"help", no_argument, NULL, G_HELP},
    {"version", no_argument, NULL, G_VERSION},
    {"follow", no_argument, NULL, FIRST + LK_OPT_FOLLOW},
    {"after", required_argument, NULL, FIRST + LK_OPT_AFTER},
    {"last", required_argument, NULL, FIRST + LK_OPT_LAST},
    {"limit", required_argument, NULL, FIRST + LK_OPT_LIMIT},
    {"why", required_argument, NULL, FIRST + LK_OPT_WHY},
    {"custody", required_argument, NULL, FIRST + LK_OPT_CUSTODY},
    {"item", required_argument, NULL, FIRST + LK_OPT_ITEM},
    {"role", required_argument, NULL, FIRST + LK_OPT_ROLE},
    {"badge", no_argument, NULL, FIRST + LK_OPT_BADGE},
    {"badge-file", required_argument, NULL, FIRST + LK_OPT_BADGE_FILE},
    {"new-pin-file", required_argument, NULL, FIRST + LK_OPT_NEW_PIN_FILE},
    {"device", required_argument, NULL, FIRST + LK_OPT_DEVICE},
    {"host", required_argument, NULL, FIRST + LK_OPT_HOST},
    {"line", required_argument, NULL, FIRST + LK_OPT_LINE},
    {"baud", required_argument, NULL, FIRST + LK_OPT_BAUD},
    {"parity", required_argument, NULL, FIRST + LK_OPT_PARITY},
    {"units", required_argument, NULL, FIRST + LK_OPT_UNITS},
    {"profile", required_argument, NULL, FIRST + LK_OPT_PROFILE},
    {"journal", required_argument, NULL, FIRST + LK_OPT_JOURNAL},
    {"resume", no_argument, NULL, FIRST + LK_OPT_RESUME},
    {"cabinet-is-empty", no_argument, NULL, FIRST + LK_OPT_EMPTY},
    {"answers", required_argument, NULL, FIRST + LK_OPT_ANSWERS},
    {"dry-run", no_argument, NULL, FIRST + LK_OPT_DRY_RUN},
    {"config", required_argument, NULL, FIRST + LK_OPT_CONFIG},
    {"set-address", required_argument, NULL, FIRST + LK_OPT_SET_ADDRESS},
    {"lockerd", required_argument, NULL, FIRST + LK_OPT_LOCKERD},
    {"report", required_argument, NULL, FIRST + LK_OPT_REPORT},
    {"only", required_argument, NULL, FIRST + LK_OPT_ONLY},
    {"round", no_argument, NULL, FIRST + LK_OPT_ROUND},
    {"with", required_argument, NULL, FIRST + LK_OPT_WITH},
    {"with-pin-file", required_argument, NULL, FIRST + LK_OPT_WITH_PIN_FILE},
    {"code-file", required_argument, NULL, FIRST + LK_OPT_CODE_FILE},
    {"part", required_argument, NULL, FIRST + LK_OPT_PART},
    {"yes", no_argument, NULL, FIRST + LK_OPT_YES},
    {"although-whole", no_argument, NULL, FIRST + LK_OPT_WHOLE},
    {NULL, 0, NULL, 0},
};

struct line {
    bool help, version;
    uint64_t given;    /* bit n: option n of enum lk_option */
    const char *wrong; /* an option whose value is wrong, or one that is not known */
    const char *value;
};

static enum lk_lang language_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *v = getenv(names[i]);
        if (v != NULL && v[0] != '\0') {
            return strncmp(v, "zh", 2) == 0 ? LK_LANG_ZH : LK_LANG_EN;
        }
    }
    return LK_LANG_EN;
}

static bool set_language(struct lk_ctl *ctl, const char *value)
{
    bool zh = strcmp(value, "zh") == 0;
    if (!zh && strcmp(value, "en") != 0) {
        return false;
    }
    ctl->lang = zh ? LK_LANG_ZH : LK_LANG_EN;
    return true;
}

static bool set_number(const char *value, uint64_t max, uint64_t *ret)
{
    return lk_text_parse_u64(value, max, ret) == 0 && *ret > 0;
}

static bool set_global(struct lk_ctl *ctl, struct line *l, int option, const char *value)
{
    uint64_t n;
    switch (option) {
    case G_SOCKET:
        ctl->socket = value;
        return true;
    case G_JSON:
        ctl->json = true;
        return true;
    case G_LANG:
        return set_language(ctl, value);
    case G_STAFF:
        ctl->staff = value;
        return true;
    case G_PIN_FILE:
        ctl->pin_file = value;
        return true;
    case G_TIMEOUT:
        if (!set_number(value, 86400, &n)) {
            return false;
        }
        ctl->timeout_ms = (int)n * 1000;
        return true;
    case G_HELP:
        l->help = true;
        return true;
    case G_VERSION:
        l->version = true;
        return true;
    default:
        return false;
    }
}

/* Options below LK_OPT_DEVICE whose value is kept as a text. */
static const struct {
    enum lk_option option;
    size_t at;
} texts[] = {
    {LK_OPT_AFTER, offsetof(struct lk_ctl, after)},
    {LK_OPT_WHY, offsetof(struct lk_ctl, why)},
    {LK_OPT_CUSTODY, offsetof(struct lk_ctl, custody)},
    {LK_OPT_ITEM, offsetof(struct lk_ctl, item)},
    {LK_OPT_ROLE, offsetof(struct lk_ctl, role)},
    {LK_OPT_BADGE_FILE, offsetof(struct lk_ctl, badge_file)},
    {LK_OPT_NEW_PIN_FILE, offsetof(struct lk_ctl, new_pin_file)},
    {LK_OPT_WITH, offsetof(struct lk_ctl, with)},
};

static void keep_text(struct lk_ctl *ctl, enum lk_option option, const char *value)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(texts); i++) {
        if (texts[i].option == option) {
            *(const char **)(void *)((char *)ctl + texts[i].at) = value;
        }
    }
}

static bool set_own(struct lk_ctl *ctl, enum lk_option option, const char *value)
{
    if (option >= LK_OPT_DEVICE) {
        ctl->more[option - LK_OPT_DEVICE] = value != NULL ? value : "";
        return value == NULL || value[0] != '\0';
    }
    keep_text(ctl, option, value);
    ctl->follow = ctl->follow || option == LK_OPT_FOLLOW;
    ctl->badge = ctl->badge || option == LK_OPT_BADGE;
    ctl->last_given = ctl->last_given || option == LK_OPT_LAST;
    if (option == LK_OPT_LAST) {
        return lk_text_parse_u64(value, 1000000000, &ctl->last) == 0;
    }
    if (option == LK_OPT_LIMIT) {
        return set_number(value, 1000000000, &ctl->limit);
    }
    if (option == LK_OPT_WHY) {
        return value[0] != '\0' && lk_text_is_utf8(value, strlen(value)) && strlen(value) <= 200;
    }
    return option != LK_OPT_WITH || lk_text_is_id(value, LK_SECRET_MAX);
}

static const char *option_name(int value)
{
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (options[i].val == value) {
            return options[i].name;
        }
    }
    return "?";
}

/* getopt_long() takes "--pin" for "--pin-file"; here a name has to be whole, so that a secret never ends up where it
 * was not meant to be and scripts keep their meaning when options are added. */
static bool is_whole(const char *word, int option)
{
    const char *name = option_name(option);
    size_t n = strlen(name);
    return strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, n) == 0 &&
           (word[n + 2] == '\0' || word[n + 2] == '=');
}

static bool set_option(struct lk_ctl *ctl, struct line *l, int option)
{
    if (option >= G_SOCKET) {
        return set_global(ctl, l, option, optarg);
    }
    l->given |= UINT64_C(1) << (option - FIRST);
    return set_own(ctl, (enum lk_option)(option - FIRST), optarg);
}

/* Reads all options, wherever they stand. What is wrong is kept for later: --json or --lang may follow it. */
static void read_options(struct lk_ctl *ctl, struct line *l, int argc, char **argv)
{
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        char *last = argv[optind - 1];
        char *word = optarg != NULL && optarg == last ? argv[optind - 2] : last;
        bool known = option != '?' && is_whole(word, option);
        bool good = known && set_option(ctl, l, option);
        if (!good && l->wrong == NULL) {
            l->wrong = known ? option_name(option) : word;
            l->value = known ? optarg : NULL;
        }
    }
}

static const struct lk_ctl_command *find_command(const char *name)
{
    for (size_t i = 0; i < lk_ctl_command_count; i++) {
        if (strcmp(lk_ctl_commands[i].name, name) == 0) {
            return &lk_ctl_commands[i];
        }
    }
    return NULL;
}

static int help(const struct lk_ctl *ctl, const struct lk_ctl_command *command)
{
    char key[64];
    struct lk_text t = lk_text_init(key, sizeof(key));
    lk_text_addf(&t, "ctl.help.%s", command == NULL ? "main" : command->name);
    printf("%s\n", lk_say_text(ctl->lang, key));
    if (command != NULL) {
        printf("\n%s\n", lk_say_text(ctl->lang, "ctl.help.global"));
    }
    return LK_EXIT_OK;
}

/* LK_EXIT_OK when the command line is lawful for the command. */
static int check_line(struct lk_ctl *ctl, const struct line *l, const struct lk_ctl_command *command, const char *name)
{
    if (l->wrong != NULL) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", l->value != NULL ? "ctl.error.value" : "ctl.error.option",
                               LK_WORDS({"option", l->wrong}, {"value", l->value != NULL ? l->value : ""}));
    }
    if (command == NULL) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.command", LK_WORDS({"command", name}));
    }
    if (ctl->pin_file != NULL && ctl->staff == NULL) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.staff", NULL);
    }
    if (lk_ctl_more(ctl, LK_OPT_WITH_PIN_FILE) != NULL && ctl->with == NULL) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.with", NULL);
    }
    uint64_t foreign = l->given & ~command->options;
    if (foreign != 0) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.foreign",
                               LK_WORDS({"option", option_name(FIRST + __builtin_ctzll(foreign))}, {"command", name}));
    }
    if (ctl->word_count < command->words_least || ctl->word_count > command->words_most) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.words", LK_WORDS({"command", name}));
    }
    return LK_EXIT_OK;
}

static int run(struct lk_ctl *ctl, const struct lk_ctl_command *command)
{
    if (ctl->timeout_ms == 0) {
        ctl->timeout_ms = command->timeout_s * 1000;
    }
    int code = command->run(ctl);
    lk_client_close(&ctl->client);
    explicit_bzero(ctl->pin, sizeof(ctl->pin));
    explicit_bzero(ctl->with_pin, sizeof(ctl->with_pin));
    return code;
}

int main(int argc, char **argv)
{
    const char *socket = getenv("LOCKERD_SOCKET");
    struct lk_ctl ctl = {
        .lang = language_of_environment(),
        .socket = socket != NULL && socket[0] != '\0' ? socket : "/run/lockerd/admin.sock",
        .client = {.fd = -1},
    };
    struct line line = {0};
    read_options(&ctl, &line, argc, argv);
    const char *name = optind < argc ? argv[optind] : NULL;
    const struct lk_ctl_command *command = name != NULL ? find_command(name) : NULL;
    ctl.words = argv + optind + 1;
    ctl.word_count = argc - optind - 1;
    if (line.version) {
        printf("lockerctl %s\n", LK_VERSION);
        return LK_EXIT_OK;
    }
    if (line.help && (name == NULL || command != NULL)) {
        return help(&ctl, command);
    }
    if (name == NULL && line.wrong == NULL) {
        fprintf(stderr, "%s\n", lk_say_text(ctl.lang, "ctl.help.main"));
        return LK_EXIT_USAGE;
    }
    int code = check_line(&ctl, &line, command, name != NULL ? name : "");
    return code != LK_EXIT_OK ? code : run(&ctl, command);
}
