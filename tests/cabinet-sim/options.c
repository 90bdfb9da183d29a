#include "options.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 1, TCP, BOARD, CONTROL, SEED, LOG, PARENT, REALTIME, HELP, VERSION };

static const struct option long_options[] = {
    {"line", required_argument, NULL, LINE},
    {"tcp", required_argument, NULL, TCP},
    {"board", required_argument, NULL, BOARD},
    {"control", required_argument, NULL, CONTROL},
    {"seed", required_argument, NULL, SEED},
    {"log", required_argument, NULL, LOG},
    {"die-with-parent", no_argument, NULL, PARENT},
    {"realtime", no_argument, NULL, REALTIME},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "cabinet-sim - a pickup cabinet that is not there: boards, locks, doors, people, and what goes wrong\n"
    "\n"
    "usage: cabinet-sim [--line NAME=PATH,...]... [--tcp NAME=PORT,...]... --board NAME,... [options]\n"
    "\n"
    "  --line NAME=PATH[,baud=9600][,bits=10][,turnaround_us=N][,strict][,same_baud]\n"
    "        a Modbus RTU line: a pseudo terminal, PATH becomes a symbolic link to it. baud=0 does not pace.\n"
    "        bits of a character: 10 for 8N1, 11 for 8E1. turnaround_us: from the end of a request to the start of\n"
    "        the reply, by default one silent gap. strict: a request that starts inside the gap is thrown away.\n"
    "        same_baud: boards hear only who has set this baud at the port.\n"
    "  --tcp NAME=PORT[,bind=127.0.0.1][,turnaround_us=0]\n"
    "        a Modbus TCP port; port 0 lets the system choose.\n"
    "  --board NAME,line=LINE[,unit=1][,channels=32][,inputs=CHANNELS][,doors=CHANNELS][,profile=waveshare-relay]\n"
    "          [,sensors=BOARD][,sensors_from=0][,sensor=closed1][,latch_ms=50][,open_ms=60][,bounce=2][,bounce_ms=8]\n"
    "        a board with its doors NAME01, NAME02, ... (channel 0, 1, ...). sensor: the input reads 1 (closed1) or 0\n"
    "        (closed0) when the door is shut. latch_ms: the coil must pull this long. open_ms: then the spring takes\n"
    "        this long. bounce: extra pairs of edges of the sensor at each movement, within bounce_ms.\n"
    "        inputs=0: a board without inputs. sensors: the switches of its doors are wired to that board, named\n"
    "        before it, from the input sensors_from on.\n"
    "        profiles: waveshare-relay, jy-dam, eletechsup-r4d, plain-coil, wirenboard-mr.\n"
    "  --control PATH       control socket: JSON lines, see README.md beside the source\n"
    "  --seed N             for everything left to chance (default 1)\n"
    "  --log N              happenings kept for the log command (default 8192)\n"
    "  --die-with-parent    end when the starting process ends\n"
    "  --realtime           ask for real-time scheduling, so that a busy machine does not blur the pace; without the\n"
    "                       right to it the program says so and goes on\n"
    "  --help, --version\n"
    "\n"
    "When everything is open one JSON line is written to the standard output: "
    "{\"ready\":true,\"pid\":...,\"lines\":[...]}\n"
    "with the path or port of each line. SIGTERM, SIGINT or the command quit end it; links and socket are removed.\n"
    "Exit codes: 0 ended as asked, 1 it could not be opened, 64 wrong usage.\n";

/* A key of a composite option. */
struct key {
    const char *name;
    enum { NUMBER, TEXT, FLAG } type;
    uint64_t max;
    uint64_t number;
    const char *text;
    bool given;
};

static int refuse(const char *option, const char *what, const char *why)
{
    (void)fprintf(stderr, "cabinet-sim: --%s: %s: %s\n", option, what, why);
    return -EINVAL;
}

static int read_key(const char *option, char *item, struct key *keys, size_t count)
{
    char *value = strchr(item, '=');
    if (value) {
        *value++ = '\0';
    }
    for (size_t i = 0; i < count; i++) {
        struct key *k = &keys[i];
        if (strcmp(k->name, item) != 0) {
            continue;
        }
        if (k->given) {
            return refuse(option, item, "given twice");
        }
        k->given = true;
        if (k->type == FLAG) {
            return value ? refuse(option, item, "takes no value") : 0;
        }
        if (!value || value[0] == '\0') {
            return refuse(option, item, "needs a value");
        }
        k->text = value;
        return k->type == NUMBER && lk_text_parse_u64(value, k->max, &k->number) < 0
                   ? refuse(option, item, "not a number, or too large")
                   : 0;
    }
    return refuse(option, item, "there is no such key");
}

/* Cuts "head,key=value,flag" in place. *ret_head points into text. */
static int read_keys(const char *option, char *text, struct key *keys, size_t count, char **ret_head)
{
    char *rest = NULL;
    *ret_head = strtok_r(text, ",", &rest);
    if (!*ret_head) {
        return refuse(option, "value", "is empty");
    }
    for (char *item; (item = strtok_r(NULL, ",", &rest)) != NULL;) {
        int r = read_key(option, item, keys, count);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

/* Cuts "NAME=VALUE". */
static int cut_name(const char *option, char *head, char **ret_value)
{
    char *equals = strchr(head, '=');
    if (!equals || equals[1] == '\0') {
        return refuse(option, head, "must be NAME=VALUE");
    }
    *equals = '\0';
    *ret_value = equals + 1;
    return 0;
}

static int report(const char *option, const char *name, int r)
{
    static const struct {
        int code;
        const char *text;
    } rows[] = {
        {-EEXIST, "that name, unit or path is taken"}, {-EINVAL, "not a usable name or number"}, {-ENOSPC, "too many"}};
    for (size_t i = 0; r < 0 && i < LK_ARRAY_SIZE(rows); i++) {
        if (rows[i].code == r) {
            (void)refuse(option, name, rows[i].text);
            return r;
        }
    }
    if (r < 0) {
        (void)refuse(option, name, strerror(-r));
    }
    return r < 0 ? r : 0;
}

static int build_line(struct lk_cab_sim *sim, char *text)
{
    enum { BAUD, BITS, TURNAROUND, STRICT, SAME_BAUD };
    struct key k[] = {[BAUD] = {"baud", NUMBER, 1000000, 9600, NULL, false},
                      [BITS] = {"bits", NUMBER, 12, 10, NULL, false},
                      [TURNAROUND] = {"turnaround_us", NUMBER, 10000000, 0, NULL, false},
                      [STRICT] = {"strict", FLAG, 0, 0, NULL, false},
                      [SAME_BAUD] = {"same_baud", FLAG, 0, 0, NULL, false}};
    char *name, *path;
    int r = read_keys("line", text, k, LK_ARRAY_SIZE(k), &name);
    r = r < 0 ? r : cut_name("line", name, &path);
    if (r < 0) {
        return r;
    }
    if (k[BITS].number < 9) {
        return refuse("line", "bits", "must be 9 to 12");
    }
    const struct lk_cab_rtu_config c = {.baud = (unsigned)k[BAUD].number,
                                        .bits = (unsigned)k[BITS].number,
                                        .turnaround_ns =
                                            k[TURNAROUND].given ? (int64_t)k[TURNAROUND].number * 1000 : -1,
                                        .strict = k[STRICT].given,
                                        .same_baud = k[SAME_BAUD].given};
    return report("line", name, lk_cab_sim_add_rtu(sim, name, path, &c));
}

static int build_tcp(struct lk_cab_sim *sim, char *text)
{
    enum { BIND, TURNAROUND };
    struct key k[] = {[BIND] = {"bind", TEXT, 0, 0, "127.0.0.1", false},
                      [TURNAROUND] = {"turnaround_us", NUMBER, 10000000, 0, NULL, false}};
    char *name, *value;
    uint64_t port;
    int r = read_keys("tcp", text, k, LK_ARRAY_SIZE(k), &name);
    r = r < 0 ? r : cut_name("tcp", name, &value);
    if (r < 0) {
        return r;
    }
    if (lk_text_parse_u64(value, 65535, &port) < 0) {
        return refuse("tcp", value, "not a port");
    }
    r = lk_cab_sim_add_tcp(sim, name, k[BIND].text, (uint16_t)port, (int64_t)k[TURNAROUND].number * 1000);
    return report("tcp", name, r);
}

enum {
    B_LINE,
    B_UNIT,
    B_CHANNELS,
    B_INPUTS,
    B_DOORS,
    B_PROFILE,
    B_SENSORS,
    B_SENSORS_FROM,
    B_SENSOR,
    B_LATCH,
    B_OPEN,
    B_BOUNCE,
    B_BOUNCE_MS,
    B_KEYS
};

/* Where the switches go, when not to the board itself. */
static int fill_sensors(const struct lk_cab_sim *sim, const struct key *k, struct lk_cab_board_config *ret_c)
{
    if (!k[B_SENSORS].given) {
        return k[B_SENSORS_FROM].given ? refuse("board", "sensors_from", "needs sensors=") : 0;
    }
    int board = lk_cab_world_find_board(&sim->world, k[B_SENSORS].text);
    if (board < 0) {
        return refuse("board", k[B_SENSORS].text, "there is no such board before this one");
    }
    ret_c->sensors_elsewhere = true;
    ret_c->sensors_board = (unsigned)board;
    ret_c->sensors_first = (unsigned)k[B_SENSORS_FROM].number;
    return 0;
}

static int fill_board(const struct lk_cab_sim *sim, const char *name, const struct key *k,
                      struct lk_cab_board_config *ret_c)
{
    if (!k[B_LINE].given) {
        return refuse("board", name, "line= is missing");
    }
    int line = lk_cab_world_find_line(&sim->world, k[B_LINE].text);
    const struct lk_cab_profile *profile = lk_cab_profile_find(k[B_PROFILE].text);
    bool closed0 = strcmp(k[B_SENSOR].text, "closed0") == 0;
    if (line < 0) {
        return refuse("board", k[B_LINE].text, "there is no such line");
    }
    if (!profile) {
        return refuse("board", k[B_PROFILE].text, "there is no such profile");
    }
    if (!closed0 && strcmp(k[B_SENSOR].text, "closed1") != 0) {
        return refuse("board", "sensor", "must be closed0 or closed1");
    }
    *ret_c = (struct lk_cab_board_config){
        .name = name,
        .line = line,
        .unit = (uint8_t)k[B_UNIT].number,
        .channels = (unsigned)k[B_CHANNELS].number,
        .inputs = (unsigned)(k[B_INPUTS].given ? k[B_INPUTS].number : k[B_CHANNELS].number),
        .doors = (unsigned)(k[B_DOORS].given ? k[B_DOORS].number : k[B_CHANNELS].number),
        .profile = profile,
        .door = {.latch_ns = (int64_t)k[B_LATCH].number * LK_CAB_MS,
                 .spring_ns = (int64_t)k[B_OPEN].number * LK_CAB_MS,
                 .bounce = (unsigned)k[B_BOUNCE].number,
                 .bounce_ns = (int64_t)k[B_BOUNCE_MS].number * LK_CAB_MS,
                 .closed_reads1 = !closed0},
    };
    return fill_sensors(sim, k, ret_c);
}

static int build_board(struct lk_cab_sim *sim, char *text)
{
    struct key k[B_KEYS] = {[B_LINE] = {"line", TEXT, 0, 0, NULL, false},
                            [B_UNIT] = {"unit", NUMBER, 255, 1, NULL, false},
                            [B_CHANNELS] = {"channels", NUMBER, LK_CAB_CHANNELS_MAX, 32, NULL, false},
                            [B_INPUTS] = {"inputs", NUMBER, LK_CAB_CHANNELS_MAX, 0, NULL, false},
                            [B_SENSORS] = {"sensors", TEXT, 0, 0, NULL, false},
                            [B_SENSORS_FROM] = {"sensors_from", NUMBER, LK_CAB_CHANNELS_MAX, 0, NULL, false},
                            [B_DOORS] = {"doors", NUMBER, LK_CAB_CHANNELS_MAX, 0, NULL, false},
                            [B_PROFILE] = {"profile", TEXT, 0, 0, "waveshare-relay", false},
                            [B_SENSOR] = {"sensor", TEXT, 0, 0, "closed1", false},
                            [B_LATCH] = {"latch_ms", NUMBER, 10000, 50, NULL, false},
                            [B_OPEN] = {"open_ms", NUMBER, 10000, 60, NULL, false},
                            [B_BOUNCE] = {"bounce", NUMBER, 1000, 2, NULL, false},
                            [B_BOUNCE_MS] = {"bounce_ms", NUMBER, 10000, 8, NULL, false}};
    char *name;
    struct lk_cab_board_config c;
    int r = read_keys("board", text, k, B_KEYS, &name);
    r = r < 0 ? r : fill_board(sim, name, k, &c);
    return r < 0 ? r : report("board", name, lk_cab_world_add_board(&sim->world, &c));
}

static int read_number(const char *option, uint64_t min, uint64_t max, uint64_t *ret_value)
{
    if (lk_text_parse_u64(optarg, max, ret_value) < 0 || *ret_value < min) {
        return refuse(option, optarg, "not a number, or out of range");
    }
    return 0;
}

static int read_one(int option, struct lk_cab_options *o)
{
    uint64_t number;
    int r = 0;
    switch (option) {
    case CONTROL:
        o->control = optarg;
        break;
    case SEED:
        r = read_number("seed", 0, UINT64_MAX, &o->seed);
        break;
    case LOG:
        r = read_number("log", 1, 1000000, &number);
        o->log = r < 0 ? o->log : (size_t)number;
        break;
    case PARENT:
        o->die_with_parent = true;
        break;
    case REALTIME:
        o->realtime = true;
        break;
    case HELP:
        o->help = true;
        break;
    case VERSION:
        o->version = true;
        break;
    case '?':
        r = -EINVAL;
        break;
    }
    return r;
}

int lk_cab_options_read(int argc, char **argv, struct lk_cab_options *ret_options)
{
    *ret_options = (struct lk_cab_options){.seed = 1, .log = 8192};
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        int r = read_one(option, ret_options);
        if (r < 0) {
            return r;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "cabinet-sim: %s: not an option\n", argv[optind]);
        return -EINVAL;
    }
    return 0;
}

/* Second and third pass: boards may be named before their line. */
static int build_all(struct lk_cab_sim *sim, int argc, char **argv, bool boards)
{
    int r = 0;
    optind = 1;
    for (int option; r == 0 && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        char text[1024];
        if ((option != LINE && option != TCP && option != BOARD) || (option == BOARD) != boards) {
            continue;
        }
        if (lk_text_copy(text, sizeof text, optarg) < 0) {
            return refuse(option == BOARD ? "board" : "line", "value", "too long");
        }
        r = option == LINE ? build_line(sim, text) : option == TCP ? build_tcp(sim, text) : build_board(sim, text);
    }
    return r;
}

int lk_cab_options_build(struct lk_cab_sim *sim, int argc, char **argv)
{
    int r = build_all(sim, argc, argv, false);
    return r < 0 ? r : build_all(sim, argc, argv, true);
}

void lk_cab_options_help(void)
{
    (void)fputs(help_text, stdout);
}
