/* lockerd: reads the options and the configuration, chooses the real backends, runs. Everything else is elsewhere. */
#include "app.h"
#include "base/log.h"
#include "hal/clock_linux.h"
#include "hal/fieldbus_linux.h"
#include "hal/gpio_linux.h"
#include "hal/input_linux.h"
#include "hal/journal_linux.h"
#include "hal/serial_linux.h"
#include "hal/watchdog_linux.h"
#include "reinstate.h"
#include "wiring.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>

struct options {
    const char *path;
    bool check_only;
    struct lk_restore_options restore; /* .backup NULL: run the daemon */
};

static void print_help(FILE *out)
{
    (void)fprintf(
        out,
        "lockerd %s - the pickup locker controller\n"
        "\n"
        "usage: lockerd [--config FILE] [--check-config | --restore FILE [--dry-run]]\n"
        "  -c, --config FILE   configuration (default %s)\n"
        "      --check-config  read and check the configuration, start nothing\n"
        "      --help-config   print every configuration key\n"
        "      --restore FILE  put a backup in the place of the database, and stop; lockerctl restore asks first.\n"
        "                      --dry-run looks only; --why TEXT for the event log; --although-whole\n"
        "      --version       print the version\n"
        "  -h, --help          print this\n"
        "\n"
        "exit: 0 stopped by SIGTERM or SIGINT, 64 usage, 65 database damaged or not ours, 70 our fault: start anew,\n"
        "      71 system error, 75 another process has the database, the line or the port, 78 configuration error\n"
        "See lockerd(8), lockerd.conf(5), lockerctl(1).\n",
        LK_VERSION, LK_CONFIG_PATH);
}

/* EX_OK: go on; -1: done, exit 0; else exit with it. */
static int read_options(int argc, char **argv, struct options *options)
{
    enum { CHECK = 256, HELP_CONFIG, VERSION, RESTORE, DRY_RUN, WHY, WHOLE };
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, CHECK},
        {"help-config", no_argument, NULL, HELP_CONFIG},
        {"version", no_argument, NULL, VERSION},
        {"restore", required_argument, NULL, RESTORE},
        {"dry-run", no_argument, NULL, DRY_RUN},
        {"why", required_argument, NULL, WHY},
        {"although-whole", no_argument, NULL, WHOLE},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    for (int c = 0; (c = getopt_long(argc, argv, "c:h", table, NULL)) != -1;) {
        if (c == 'c') {
            options->path = optarg;
        } else if (c == CHECK) {
            options->check_only = true;
        } else if (c == RESTORE) {
            options->restore.backup = optarg;
        } else if (c == DRY_RUN) {
            options->restore.dry_run = true;
        } else if (c == WHY) {
            options->restore.why = optarg;
        } else if (c == WHOLE) {
            options->restore.although_whole = true;
        } else if (c == HELP_CONFIG) {
            lk_config_print_keys(stdout);
            return -1;
        } else if (c == VERSION) {
            (void)printf("lockerd %s\n", LK_VERSION);
            return -1;
        } else if (c == 'h') {
            print_help(stdout);
            return -1;
        } else {
            print_help(stderr);
            return EX_USAGE;
        }
    }
    bool of_restore = options->restore.dry_run || options->restore.although_whole || options->restore.why;
    if (of_restore && !options->restore.backup) {
        (void)fprintf(stderr, "lockerd: --dry-run, --why and --although-whole go with --restore\n");
        return EX_USAGE;
    }
    if (options->restore.why &&
        (strlen(options->restore.why) > LK_NOTE_MAX || !lk_text_is_line(options->restore.why))) {
        (void)fprintf(stderr, "lockerd: --why: one line of text, at most %d bytes\n", LK_NOTE_MAX);
        return EX_USAGE;
    }
    if (optind < argc) {
        (void)fprintf(stderr, "lockerd: unexpected argument: %s\n", argv[optind]);
        return EX_USAGE;
    }
    return EX_OK;
}

static int load_config(const struct options *options, struct lk_config **ret_config)
{
    struct lk_config_profile profiles[LK_CABINET_PROFILES];
    size_t count = lk_cabinet_profiles(profiles, LK_CABINET_PROFILES);
    struct lk_config_errors *errors = calloc(1, sizeof(*errors));
    int r = errors ? lk_config_load(options->path, profiles, count, ret_config, errors) : -ENOMEM;
    for (unsigned i = 0; r < 0 && errors && i < errors->count; i++) {
        (void)fprintf(stderr, "%s\n", errors->text[i]);
    }
    if (r < 0 && errors && errors->more > 0) {
        (void)fprintf(stderr, "... and %u more\n", errors->more);
    }
    free(errors);
    r = r == 0 ? lk_wiring_fill(*ret_config) : r;
    return r == 0 ? EX_OK : r == -EINVAL ? EX_CONFIG : EX_OSERR;
}

/* Each of up to 18 threads would get a heap of its own, and the 19 MiB that a PIN's hash takes for a moment would stay:
 * freeing one big block teaches the allocator to keep the next. */
static void bound_memory(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 256 * 1024);
}

static void prepare_process(void)
{
    bound_memory();
    (void)signal(SIGPIPE, SIG_IGN);
#ifndef LK_TEST_HOOKS
    (void)prctl(PR_SET_DUMPABLE, 0); /* no core dump may hold a code or a PIN (law 12) */
#endif
    lk_face_wipe_json();
}

static int restore(const struct lk_config *config, const struct lk_restore_options *options)
{
    struct lk_clock *clock = NULL;
    int code = EX_OSERR;
    if (lk_clock_linux_create(0, &clock) < 0) {
        (void)fprintf(stderr, "lockerd: the clock cannot be used\n");
    } else {
        code = lk_app_reinstate(config, options, clock);
    }
    (void)lk_clock_destroy(clock);
    return code;
}

static int run(const struct lk_config *config)
{
    if (lk_journal_linux_is_stderr()) {
        (void)lk_journal_linux_open(LK_JOURNAL_SOCKET); /* else as text: nothing is lost but the fields */
    }
    struct lk_app app = {0};
    struct lk_backends backends = {.fieldbus = lk_fieldbus_linux_create,
                                   .serial = lk_serial_linux_create,
                                   .input = lk_input_linux_create,
                                   .gpio = lk_gpio_linux_create};
    char text[512] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    int code = EX_OSERR;
    if (lk_clock_linux_create(0, &backends.clock) < 0 || lk_watchdog_linux_create(&backends.watchdog) < 0) {
        lk_log(LK_ERR, LK_BLAME_NONE, "cannot start: the clock or the service manager's watchdog cannot be used");
    } else {
        code = lk_app_start(&app, config, &backends, &why);
        if (code == EX_OK) {
            code = lk_app_run(&app);
        } else {
            lk_log(LK_ERR, code == EX_CONFIG ? LK_BLAME_CONFIG : LK_BLAME_NONE, "cannot start: %s", text);
        }
        lk_app_end(&app);
    }
    (void)lk_watchdog_destroy(backends.watchdog);
    (void)lk_clock_destroy(backends.clock);
    return code;
}

int main(int argc, char **argv)
{
    struct options options = {.path = LK_CONFIG_PATH};
    struct lk_config *config = NULL;
    int code = read_options(argc, argv, &options);
    if (code != EX_OK) {
        return code == -1 ? EX_OK : code;
    }
    prepare_process();
    code = load_config(&options, &config);
    if (code == EX_OK && options.check_only) {
        (void)printf("%s: ok: %d doors in %u banks on %u fieldbuses\n", options.path, config->core.doors, config->banks,
                     config->fieldbuses);
    } else if (code == EX_OK && options.restore.backup) {
        code = restore(config, &options.restore);
    } else if (code == EX_OK) {
        lk_log_set_level(config->log_level);
        code = run(config);
    }
    (void)lk_config_free(config);
    return code;
}
