/*
 * The configuration file: read once at start, checked completely, never changed afterwards.
 *
 * INI (lexed by inih) against one strict table, one row per key (config_keys.c): section, key, type, unit, range,
 * default, help. Everything that is wrong is found in one go and named "file:line: section.key: what is wrong, what is
 * allowed"; one error and nothing is started (sysexits.h EX_CONFIG, 78). Unknown sections and keys are errors: a typing
 * mistake must not silently leave a default in force.
 *
 * Files: PATH, then conf.d/<name>.conf beside it in byte order of their names. A drop-in may add sections and may add
 * keys to a section of an earlier file; a key set twice is an error wherever the two stand.
 *
 * Memory: one allocation per configuration, owned by the caller. Blocking: reads small local files. Thread: any, one
 * call at a time per object (inih keeps no state). Nothing here logs. Reference for people: docs/configuration.md,
 * lockerd.conf(5); both are compared with the table by tests/unit/config.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/hours.h"
#include "base/log.h"
#include "core/config.h"
#include "core/wear.h"

#define LK_CONFIG_PATH "/etc/lockerd/lockerd.conf"

/* Bounds of the fixed arrays. Text lengths are bytes and count the NUL. */
enum {
    LK_CONFIG_BUSES = 16,      /* fieldbuses */
    LK_CONFIG_BANK_DOORS = 32, /* doors of one bank */
    LK_CONFIG_NAME = 32,       /* names and ids: letters, digits and . _ - (a fieldbus has no room for more) */
    LK_CONFIG_BANK_NAME = 6,   /* A..Z then A..Z0..9, so that name and two digits fit LK_LABEL_MAX */
    LK_CONFIG_TEXT = 128,      /* free UTF-8 text for people */
    LK_CONFIG_ITEM_EVENTS = LK_EV_ITEM_ERASED + 1, /* the events about items, from 0 */
    LK_CONFIG_PATH_LEN = 200, /* absolute paths; sun_path limits the two sockets further (107 characters) */
    LK_CONFIG_ERRORS = 50,    /* errors kept; further ones are only counted */
    LK_CONFIG_ERROR_TEXT = 480,
    LK_CONFIG_FILES = 65,         /* the main file and its drop-ins */
    LK_CONFIG_LINE_NAME = 32,     /* name of a GPIO line: the kernel has no longer ones */
    LK_CONFIG_CHIP_NAME = 64,     /* "label:NAME" or a path */
    LK_CONFIG_CHANNEL_MOST = 128, /* relays or inputs of one board, at most */
    LK_CONFIG_PROFILE_MODES = 4,
    LK_CONFIG_PROFILE_CATCH_ALL = 2,
};

/* `profile` of a bank whose locks and door switches hang on GPIO lines instead of a board on a fieldbus. */
#define LK_CONFIG_GPIO "gpio"

/* How the line is made; how its characters are checked (8N1, 8E1, 8O1). */
enum lk_config_transport { LK_CONFIG_RTU, LK_CONFIG_TCP };
enum lk_config_parity { LK_CONFIG_PARITY_NONE, LK_CONFIG_PARITY_EVEN, LK_CONFIG_PARITY_ODD };
/* What an input reads; LOW is 0 on the wire. */
enum lk_config_level { LK_CONFIG_LOW, LK_CONFIG_HIGH };
/* AUTO begins with 5 and falls back when the broker refuses it. */
enum lk_config_mqtt { LK_CONFIG_MQTT_AUTO, LK_CONFIG_MQTT_5, LK_CONFIG_MQTT_311 };
/* How a line of a board is held while nothing drives it; AS_IS leaves what the machine set. */
enum lk_config_bias { LK_CONFIG_BIAS_AS_IS, LK_CONFIG_BIAS_NONE, LK_CONFIG_BIAS_UP, LK_CONFIG_BIAS_DOWN };

/* What the configuration has to know about a board profile. The caller fills the list from the drivers' table
 * (lk_cabinet_profiles()), so that this module needs no driver. 0 or false everywhere: that check is left to the
 * driver, but for inputs, where it means that the board has none. GPIO banks need no row. */
struct lk_config_profile {
    const char *name;
    unsigned channels;      /* relays */
    unsigned inputs;        /* 0: the door switches need another board (inputs_unit) */
    unsigned pulse_unit_ms; /* pulse_ms must be a multiple */
    unsigned pulse_min_ms;
    unsigned pulse_max_ms;
    bool needs_software_pulse;                      /* the bank must say accept_software_pulse = yes */
    bool rtu_only, tcp_only;                        /* on this kind of fieldbus only */
    uint8_t pulse_modes[LK_CONFIG_PROFILE_MODES];   /* what pulse_mode may be; ends with 0 */
    uint8_t catch_all[LK_CONFIG_PROFILE_CATCH_ALL]; /* addresses it answers besides its own; ends with 0 */
    unsigned output_limit_ma;                       /* the bank's lock_ma must be given and not above it; 0: none */
};

/* A list of channels or inputs in the file's order. Number n of the file is n-1 here. */
struct lk_config_list {
    unsigned count;
    uint8_t at[LK_CONFIG_BANK_DOORS];
};

/* GPIO lines in the file's order: the line's name, or "#OFFSET". */
struct lk_config_lines {
    unsigned count;
    char name[LK_CONFIG_BANK_DOORS][LK_CONFIG_LINE_NAME];
};

/* [site]: who and where we are. operator and id are parts of every MQTT topic and event id. */
struct lk_config_site {
    char operator_id[LK_CONFIG_NAME];
    char id[LK_CONFIG_NAME];
    char key[2 * LK_CONFIG_NAME];       /* "operator/id": the audience of commands; made here, not a key of the file */
    char name[LK_CONFIG_TEXT];          /* shown at the cabinet; "" is fine */
    char support_phone[LK_CONFIG_TEXT]; /* shown where a person needs help; "" is fine */
    char time_zone[LK_CONFIG_TEXT];     /* whose hours the windows keep; looked for on this machine when there is one */
};

/* [paths]. database, code_key default to files in state_dir. */
struct lk_config_paths {
    char state_dir[LK_CONFIG_PATH_LEN];
    char run_dir[LK_CONFIG_PATH_LEN];
    char database[LK_CONFIG_PATH_LEN];
    char code_key[LK_CONFIG_PATH_LEN];
};

/* [fieldbus NAME]. RTU: device, baud, parity. TCP: host (a numeric address), port. Characters are 8 bits with 1 stop
 * bit. */
struct lk_config_fieldbus {
    char name[LK_CONFIG_NAME];
    enum lk_config_transport transport;
    char device[LK_CONFIG_PATH_LEN];
    unsigned baud;
    enum lk_config_parity parity;
    char host[LK_CONFIG_NAME + 16]; /* numeric IPv4 or IPv6 */
    unsigned port;
    unsigned timeout_ms; /* for a reply, unless the bank says otherwise */
};

/* [bank NAME]: the doors of one board, or of one set of GPIO lines. Door d (from 1 in the file) is bit and index d-1
 * here. */
struct lk_config_bank {
    char name[LK_CONFIG_BANK_NAME];
    char profile[LK_CONFIG_NAME];
    bool gpio; /* profile = gpio; made here */

    /* Only with a board on a fieldbus. */
    char fieldbus[LK_CONFIG_NAME];
    unsigned fieldbus_index;             /* into lk_config.fieldbus */
    unsigned unit;                       /* Modbus address 1..247 */
    struct lk_config_list channels;      /* door -> relay, one for each door; 1..doors unless the file says otherwise */
    struct lk_config_list inputs;        /* door -> input of its switch; as channels unless the file says otherwise */
    unsigned inputs_unit;                /* the board with the door switches; 0: they are on the bank's own board */
    char inputs_profile[LK_CONFIG_NAME]; /* its kind; "" without inputs_unit */
    bool accept_software_pulse;          /* a board that cannot time a pulse may drive these locks */
    unsigned pulse_mode;                 /* 0: the profile's default */
    unsigned timeout_ms;                 /* 0: the profile's */
    unsigned poll_ms;                    /* 0: as fast as an RTU line allows, 100 over TCP is set here */
    bool verified;                       /* a technician confirmed an unverified profile on the bench */

    /* Only with GPIO lines. */
    char gpio_chip[LK_CONFIG_CHIP_NAME];   /* "label:NAME" or a path of a device */
    struct lk_config_lines locks, sensors; /* door -> line; one of each for every door */
    enum lk_config_level lock_active;      /* what energises a lock */
    enum lk_config_bias bias;              /* of the sensor lines */
    unsigned debounce_ms;                  /* of the sensor lines */

    unsigned doors;
    enum lk_size size[LK_CONFIG_BANK_DOORS];
    uint32_t low_reach;          /* bit set: a seated person reaches it */
    uint32_t sensor_closed;      /* bit set: this door's input reads high (1 on the wire) while the door is shut */
    unsigned pulse_ms;           /* 0: the profile's */
    unsigned lock_ma;            /* what a lock draws; 0: not told */
    char supply[LK_CONFIG_NAME]; /* banks with the same name share one power supply for coils */
    unsigned supply_index;       /* 0..supplies-1, banks with equal names have equal indices */
    unsigned confirm_ms;
};

/* [uplink]; present false: there is no such section and no MQTT connection is made. Empty text: not given. */
struct lk_config_uplink {
    bool present;
    char url[LK_CONFIG_PATH_LEN]; /* mqtt://host:port or mqtts://host:port; the port may be left out */
    char ca[LK_CONFIG_PATH_LEN], cert[LK_CONFIG_PATH_LEN], key[LK_CONFIG_PATH_LEN];
    char username[LK_CONFIG_TEXT];
    char password_file[LK_CONFIG_PATH_LEN];
    char command_keys[LK_CONFIG_PATH_LEN]; /* public keys of upstream; "" means: every command is refused */
    enum lk_config_mqtt mqtt_version;
    unsigned keepalive_s, health_s;
    unsigned expiry_warn_days;
    unsigned outbox_most;          /* events that may wait for upstream's acknowledgement */
    unsigned outbox_alarm_percent; /* of that: from there on people are told */
    unsigned refusals_per_minute;  /* refused commands that are recorded; a stranger must not fill the disk */
};

/* [scanner]; present false: no scanner. baud and mode mean nothing to a keyboard. */
enum lk_config_scanner_kind { LK_CONFIG_SCANNER_SERIAL, LK_CONFIG_SCANNER_KEYBOARD };
enum lk_config_scanner_mode { LK_CONFIG_SCANNER_CONTINUOUS, LK_CONFIG_SCANNER_HOST };
struct lk_config_scanner {
    bool present;
    char device[LK_CONFIG_PATH_LEN];
    enum lk_config_scanner_kind kind;
    unsigned baud;
    enum lk_config_scanner_mode mode;
};

/* [keypad]; present false: none. */
struct lk_config_keypad {
    bool present;
    char device[LK_CONFIG_PATH_LEN];
    int64_t idle_ms;
};

/* [card]; present false: no ID-card reader. */
struct lk_config_card {
    bool present;
    char device[LK_CONFIG_PATH_LEN];
    unsigned baud;
};

/* [panel]; present false: none. Outputs in the order of enum lk_panel_output (drivers/panel.h): ready, attention,
 * out_of_order, buzzer; "" is not wired. */
enum lk_config_panel_kind { LK_CONFIG_PANEL_GPIO, LK_CONFIG_PANEL_COILS };
enum { LK_CONFIG_PANEL_OUTPUTS = 4 };
struct lk_config_panel {
    bool present;
    enum lk_config_panel_kind kind;
    char output[LK_CONFIG_PANEL_OUTPUTS][LK_CONFIG_NAME]; /* as written */
    int channel[LK_CONFIG_PANEL_OUTPUTS];                 /* coils: from 0; -1: not wired */
    char chip[LK_CONFIG_NAME * 2];
    enum lk_config_level active;
    char fieldbus[LK_CONFIG_NAME];
    unsigned fieldbus_index; /* into lk_config.fieldbus */
    unsigned unit;
    char profile[LK_CONFIG_NAME];
    bool verified;
};

/* The whole configuration. A value without pointers; may be copied. */
struct lk_config {
    struct lk_config_site site;
    struct lk_config_paths paths;
    unsigned fieldbuses;
    struct lk_config_fieldbus fieldbus[LK_CONFIG_BUSES];
    unsigned banks;
    struct lk_config_bank bank[LK_MAX_BANKS];
    unsigned supplies; /* different names among the banks' supply keys */
    struct lk_config_uplink uplink;
    unsigned kiosk_port; /* 0: any free one, for tests */
    char admin_socket[LK_CONFIG_PATH_LEN];
    char admin_group[LK_CONFIG_NAME]; /* "": only root and the daemon's own user */
    struct lk_config_scanner scanner;
    struct lk_config_keypad keypad;
    struct lk_config_card card;
    struct lk_config_panel panel;
    unsigned code_digits;                 /* [codes] digits: 6..16 */
    char seal_key[LK_CONFIG_PATH_LEN];    /* [codes]; "": the locker makes no codes */
    unsigned inspect_every_days;          /* [staff]; 0: rounds are not asked for */
    unsigned retention_days;              /* [deposit] */
    unsigned remind_days;                 /* [retention]: less than retention_days; 0: nobody is reminded */
    unsigned personal_days, records_days; /* personal_days is not more than records_days */
    unsigned events_days, commands_days;  /* of the event log, of the answers to commands */
    char status_code[LK_CONFIG_ITEM_EVENTS][LK_CONFIG_NAME]; /* [status_codes], by enum lk_event_type; "": none */
    unsigned windows;
    struct lk_window window[LK_WINDOWS];
    struct lk_calendar calendar;               /* [holidays YEAR] */
    struct lk_core_config core;                /* banks, doors, durations and limits, ready for the core */
    char metrics_textfile[LK_CONFIG_PATH_LEN]; /* "": none is written */
    struct lk_wear_rules wear;                 /* [wear] */
    enum lk_level log_level;
    char trace_file[LK_CONFIG_PATH_LEN]; /* "": no trace */
};

/* What was wrong, in the order of files and lines. */
struct lk_config_errors {
    unsigned count; /* entries in text[] */
    unsigned more;  /* found but not kept */
    char text[LK_CONFIG_ERRORS][LK_CONFIG_ERROR_TEXT];
};

/*
 * Reads path and its conf.d. profiles: the board profiles that exist (borrowed during the call).
 * 0 with *ret_config (free with lk_config_free) and errors->count 0; -EINVAL when anything in the files is wrong,
 * including a file that cannot be read (errors says what); -ENOMEM. *ret_config is untouched on failure.
 * errors must not be NULL and is overwritten.
 */
int lk_config_load(const char *path, const struct lk_config_profile *profiles, size_t profile_count,
                   struct lk_config **ret_config, struct lk_config_errors *errors);

/* Frees what lk_config_load gave. Everything is inside the one allocation, so pointers into it (names, paths) end with
 * it. NULL is fine. Returns NULL. */
struct lk_config *lk_config_free(struct lk_config *config);

/* The postal status code that the configuration gives to this event; "" when it gives none. Valid as long as config. */
const char *lk_config_status_code(const struct lk_config *config, enum lk_event_type type);

/* A copy of what the core needs: the same as config->core. Doors are numbered bank by bank in the order in which the
 * banks first appear in the files, so door 0 is the first bank's door 1; labels, not numbers, survive a change of the
 * configuration. */
void lk_config_core(const struct lk_config *config, struct lk_core_config *ret_core);

/* The table of all keys as Markdown, one row per key: what docs/configuration.md contains and `lockerd --help-config`
 * prints. */
void lk_config_print_keys(FILE *out);

#endif
