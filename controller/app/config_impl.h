/*
 * The parts of the configuration reader: files -> lines -> sections and keys (config_read.c), the table of keys
 * (config_keys.c), one value (config_value.c, lists in config_list.c), checks over several keys (config_check.c, banks
 * in config_bank.c), errors and the public calls (config.c). Private to those files.
 */
#ifndef APP_CONFIG_IMPL_H
#define APP_CONFIG_IMPL_H

#include "app/config.h"
#include "base/text.h"

enum lk_config_section {
    LK_SEC_SITE,
    LK_SEC_PATHS,
    LK_SEC_FIELDBUS,
    LK_SEC_BANK,
    LK_SEC_UPLINK,
    LK_SEC_KIOSK,
    LK_SEC_ADMIN,
    LK_SEC_SCANNER,
    LK_SEC_KEYPAD,
    LK_SEC_CARD,
    LK_SEC_PANEL,
    LK_SEC_CODES,
    LK_SEC_DEPOSIT,
    LK_SEC_TIMING,
    LK_SEC_LOCKOUT,
    LK_SEC_REMOTE,
    LK_SEC_METRICS,
    LK_SEC_WEAR,
    LK_SEC_LOG,
    LK_SEC_PICKUP,
    LK_SEC_DROPOFF,
    LK_SEC_STAFF,
    LK_SEC_RETENTION,
    LK_SEC_STATUS_CODES,
    LK_SEC_WINDOW,
    LK_SEC_HOLIDAYS,
    LK_SECTIONS
};

/* How a value is written in the file and kept in the structure (in brackets). */
enum lk_config_type {
    LK_TYPE_UINT,    /* decimal, min..max [unsigned] */
    LK_TYPE_ONE_OF,  /* decimal, one of choices [unsigned] */
    LK_TYPE_MS,      /* decimal milliseconds, min..max [int64_t ms] */
    LK_TYPE_S,       /* decimal seconds, min..max [int64_t ms] */
    LK_TYPE_BOOL,    /* yes or no [bool] */
    LK_TYPE_CHOICE,  /* one word of choices [enum: min + its place] */
    LK_TYPE_ID,      /* letters, digits and . _ - [char array] */
    LK_TYPE_TEXT,    /* UTF-8 without control characters, may be empty [char array] */
    LK_TYPE_PATH,    /* absolute path [char array] */
    LK_TYPE_SOCKET,  /* absolute path that fits sun_path [char array] */
    LK_TYPE_ADDRESS, /* numeric IPv4 or IPv6 [char array] */
    LK_TYPE_URL,     /* mqtt://host[:port] or mqtts://host[:port] [char array] */
    LK_TYPE_SIZES,   /* S:1-20 M:21,22 [enum lk_size array] */
    LK_TYPE_DOORS,   /* 5-28 30 [uint32_t] */
    LK_TYPE_NUMBERS, /* 1 2 5-8, order counts [lk_config_list] */
    LK_TYPE_LEVELS,  /* high low:3,7 [uint32_t, bit set: high] */
    LK_TYPE_LINES,   /* GPIO5 #13 #16-19 [lk_config_lines] */
    LK_TYPE_CHIP,    /* label:NAME or an absolute path [char array] */
    LK_TYPE_ZONE,    /* name of a time zone [char array] */
    LK_TYPE_COUNTS,  /* S:2 M:1 [unsigned array] */
    LK_TYPE_HOURS,   /* mon-fri 09:00-17:00 [lk_day_hours array] */
    LK_TYPE_CLOSED,  /* dates [lk_holidays] */
    LK_TYPE_WORKING, /* dates and weekdays [lk_holidays] */
};

struct lk_config_key {
    enum lk_config_section section;
    const char *key;
    enum lk_config_type type;
    size_t offset; /* in the section's structure: lk_config_fieldbus, lk_config_bank, lk_window, lk_holidays, else
                      lk_config */
    size_t size;
    uint64_t min, max;
    const char *choices; /* "rtu|tcp" */
    const char *def;     /* as it would be written in the file; NULL: none */
    const char *shown;   /* what to print as default when def is NULL; NULL with def NULL: the key is required */
    const char *help;
};

extern const struct lk_config_key lk_config_keys[];
extern const size_t lk_config_key_count;
enum { LK_CONFIG_KEYS_MOST = 192 };

/* A section kind: its word in the file, and whether it carries a name ("[bank A]"). */
struct lk_config_kind {
    const char *word;
    bool named;
    unsigned most; /* named: how many at most */
};
extern const struct lk_config_kind lk_config_kinds[LK_SECTIONS];

/* Where something stands. line 0: the file as a whole. */
struct lk_config_place {
    unsigned file, line;
};

/* One section as met in the files. */
struct lk_config_found {
    enum lk_config_section kind;
    char name[LK_CONFIG_NAME];
    unsigned index;              /* named: into lk_config.fieldbus, .bank, .window or .calendar.year */
    struct lk_config_place head; /* its first heading */
    unsigned last_file;          /* the file whose heading opened it last, for duplicates within one file */
    struct lk_config_place key_at[LK_CONFIG_KEYS_MOST]; /* by row of the table; line 0: not set */
    uint32_t sized;                                     /* bank: doors that `sizes` names */
    uint32_t levelled;                                  /* bank: doors that `sensor_closed` names */
    uint32_t wrong_lists;                               /* bank: bit type - LK_TYPE_SIZES: said already about it */
};

struct lk_config_fault {
    struct lk_config_place at;
    char text[LK_CONFIG_ERROR_TEXT];
};

enum { LK_CONFIG_FOUND_MOST = LK_SECTIONS + LK_CONFIG_BUSES + LK_MAX_BANKS + LK_WINDOWS + LK_HOLIDAY_YEARS };

struct lk_config_reader {
    struct lk_config *config;
    const struct lk_config_profile *profiles;
    size_t profile_count;
    char file[LK_CONFIG_FILES][LK_CONFIG_ERROR_TEXT / 2];
    unsigned files;
    unsigned found_count;
    struct lk_config_found found[LK_CONFIG_FOUND_MOST];
    struct lk_config_found *current; /* the section the lines belong to; NULL: none, or one that is to be skipped */
    bool skipping;                   /* inside a section that was reported: its keys are not looked at */
    struct lk_config_place at;       /* the line being read */
    unsigned fault_count, faults_more;
    struct lk_config_fault fault[LK_CONFIG_ERRORS];
};

/* Records one error. text: "section.key: what is wrong, what is allowed". */
void lk_config_fault(struct lk_config_reader *r, struct lk_config_place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "bank A" or "site", in buf. */
const char *lk_config_title(const struct lk_config_found *s, char *buf, size_t cap);

/* What a key allows, in words: "1..247", "rtu or tcp". */
void lk_config_allowed(const struct lk_config_key *key, struct lk_text *out);

/* The section's structure inside the configuration. */
void *lk_config_base(struct lk_config *config, enum lk_config_section kind, unsigned index);

/* Reads value into the key's field; a wrong one becomes an error at r->at. */
void lk_config_set(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                   const char *value);

/* Says what is wrong with the value of the key being read, and what is allowed. */
void lk_config_fault_value(struct lk_config_reader *r, const struct lk_config_found *s, const struct lk_config_key *key,
                           const char *value, const char *what);

/* The types that are lists (config_list.c). field is the key's. */
void lk_config_set_sizes(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field);
void lk_config_set_doors(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field);
void lk_config_set_numbers(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                           const char *value, void *field);
void lk_config_set_levels(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                          const char *value, void *field);
void lk_config_set_lines(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field);

void lk_config_set_counts(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                          const char *value, void *field);

/* Windows' hours and the days of a year (config_hours.c). */
void lk_config_set_hours(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field);
/* The year of "[holidays 2026]". 0 or -EINVAL. */
int lk_config_year(const char *name, int *ret_year);
/* Windows need a time zone that this machine knows. */
void lk_config_check_windows(struct lk_config_reader *r);

/* Doors (bits) as "3 5-7", for messages. */
void lk_config_list_doors(uint32_t mask, struct lk_text *out);

/* Puts the default of every key of this kind into its structure. */
void lk_config_set_defaults(struct lk_config_reader *r, enum lk_config_section kind, unsigned index);

/* Reads path and its drop-ins into r. 0 or -ENOMEM; everything else is recorded as an error. */
int lk_config_read(struct lk_config_reader *r, const char *path);

/* Missing keys, contradictions between keys, and what is derived from them. */
void lk_config_check(struct lk_config_reader *r);

/* Devices beside the doors: scanner, keypad, card reader, panel (config_check_devices.c). */
void lk_config_check_device(struct lk_config_reader *r, const struct lk_config_found *s);

/* The part of lk_config_check() for one [bank NAME] (config_bank.c), and for all of them together: two doors on one
 * coil, input or line. */
void lk_config_check_bank(struct lk_config_reader *r, const struct lk_config_found *s);
void lk_config_check_banks(struct lk_config_reader *r);

/* A key that only makes sense with another setting must not be given; a key that another setting needs must be. */
void lk_config_check_pointless(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                               const char *only_with);
void lk_config_check_needed(struct lk_config_reader *r, const struct lk_config_found *s, const char *key,
                            const char *needed_for);

/* The first section of this kind (and name, unless NULL), or NULL. */
struct lk_config_found *lk_config_find(struct lk_config_reader *r, enum lk_config_section kind, const char *name);

/* The row of a key, or NULL. */
const struct lk_config_key *lk_config_key_find(enum lk_config_section kind, const char *key);

/* Where the key was set, or the section's heading when it was not. */
struct lk_config_place lk_config_key_place(const struct lk_config_found *s, const char *key);
bool lk_config_key_given(const struct lk_config_found *s, const char *key);

#endif
