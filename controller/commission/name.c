#include "com.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static bool is_taken(const struct lk_com *com, const char *bank)
{
    return lk_com_bank_of(com->known, bank) || (com->setup.bank_taken && com->setup.bank_taken(com->user, bank));
}

/* A..Z, then A..Z followed by digits: as the daemon's configuration wants it. */
static bool is_bank_name(const char *text)
{
    size_t n = strlen(text);
    return n >= 1 && n < LK_COM_BANK && text[0] >= 'A' && text[0] <= 'Z' &&
           (n == 1 || lk_text_is_digits(text + 1, 1, LK_COM_BANK - 2));
}

static void next_free(const struct lk_com *com, char ret_name[LK_COM_BANK])
{
    ret_name[0] = 'A';
    ret_name[1] = '\0';
    while (ret_name[0] < 'Z' && is_taken(com, ret_name)) {
        ret_name[0]++;
    }
}

int com_name(struct lk_com *com, unsigned board)
{
    const struct lk_com_board *b = &com->known->board[board];
    char text[LK_COM_ANSWER], preset[LK_COM_BANK];
    next_free(com, preset);
    struct lk_com_say q = com_say("which_bank");
    com_word(&q, "unit", "%u", b->unit);
    com_word(&q, "profile", "%s", b->profile->name);
    com_word(&q, "preset", "%s", preset);
    q.preset = preset;
    int r = com_ask(com, &q, text);
    if (r < 0) {
        return r;
    }
    bool no_locks = strcmp(text, "-") == 0;
    if (no_locks || (is_bank_name(text) && !is_taken(com, text))) {
        struct lk_com_fact fact = {.kind = LK_COM_NAMED, .unit = b->unit};
        (void)lk_text_copy(fact.text, sizeof(fact.text), no_locks ? "" : text);
        return com_note(com, &fact);
    }
    struct lk_com_say say = com_say(is_bank_name(text) ? "bank_taken" : "bank_wrong");
    com_word(&say, "bank", "%s", text);
    com_tell(com, &say);
    return 0;
}

/* The board cannot be used: its locks stay out of this commissioning. */
static int leave_board(struct lk_com *com, const struct lk_com_board *b)
{
    struct lk_com_fact fact = {.kind = LK_COM_NAMED, .unit = b->unit};
    struct lk_com_say say = com_say("not_used");
    com_word(&say, "unit", "%u", b->unit);
    com_tell(com, &say);
    return com_note(com, &fact);
}

static int ask_all(struct lk_com *com, const struct lk_com_board *b, const char *const *keys, size_t n, bool *ret_all)
{
    *ret_all = true;
    for (size_t i = 0; i < n && *ret_all; i++) {
        struct lk_com_say q = com_say(keys[i]);
        com_word(&q, "unit", "%u", b->unit);
        com_word(&q, "profile", "%s", b->profile->name);
        com_word(&q, "source", "%s", b->profile->source);
        int r = com_ask_yes(com, &q, ret_all);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static void tell_doubts(struct lk_com *com, const struct lk_com_board *b)
{
    for (size_t i = 0; i < b->profile->doubts_n; i++) {
        struct lk_com_say say = com_say("profile_doubt");
        com_word(&say, "profile", "%s", b->profile->name);
        com_word(&say, "field", "%s", b->profile->doubts[i].field);
        com_word(&say, "because", "%s", b->profile->doubts[i].because);
        com_tell(com, &say);
    }
}

/* Where sources disagree about the command of a timed pulse, the person says which one the board obeyed. */
static int ask_mode(struct lk_com *com, const struct lk_com_board *b)
{
    const struct lk_board_profile *p = b->profile;
    char text[LK_COM_ANSWER], list[LK_COM_TEXT], preset[8];
    struct lk_text t = lk_text_init(list, sizeof(list)), first = lk_text_init(preset, sizeof(preset));
    struct lk_com_fact fact = {.kind = LK_COM_MODE, .unit = b->unit};
    uint64_t mode = 0;
    bool known = p->pulse_modes_n < 2;
    for (size_t i = 0; i < p->pulse_modes_n; i++) {
        lk_text_addf(&t, i > 0 ? ", %u" : "%u", p->pulse_modes[i]);
    }
    lk_text_addf(&first, "%u", p->pulse_modes[0]);
    while (!known) {
        struct lk_com_say q = com_say("which_mode");
        com_word(&q, "unit", "%u", b->unit);
        com_word(&q, "list", "%s", list);
        q.preset = preset;
        int r = com_ask(com, &q, text);
        if (r < 0) {
            return r;
        }
        bool number = lk_text_parse_u64(text, UINT8_MAX, &mode) == 0;
        for (size_t i = 0; number && i < p->pulse_modes_n; i++) {
            known = known || p->pulse_modes[i] == mode;
        }
    }
    fact.number = (unsigned)mode;
    return mode > 0 ? com_note(com, &fact) : 0;
}

int com_verify(struct lk_com *com, unsigned board)
{
    static const char *const keys[] = {"bench_seen", "bench_lets_go", "bench_own_relay"};
    const struct lk_com_board *b = &com->known->board[board];
    bool yes = false;
    tell_doubts(com, b);
    int r = ask_all(com, b, keys, sizeof(keys) / sizeof(keys[0]), &yes);
    struct lk_com_fact fact = {.kind = LK_COM_VERIFIED, .unit = b->unit};
    r = r == 0 && yes ? ask_mode(com, b) : r;
    return r < 0 ? r : yes ? com_note(com, &fact) : leave_board(com, b);
}

int com_software(struct lk_com *com, unsigned board)
{
    static const char *const keys[] = {"software_pulse"};
    const struct lk_com_board *b = &com->known->board[board];
    bool yes = false;
    int r = ask_all(com, b, keys, 1, &yes);
    struct lk_com_fact fact = {.kind = LK_COM_SOFTWARE, .unit = b->unit};
    return r < 0 ? r : yes ? com_note(com, &fact) : leave_board(com, b);
}

int com_current(struct lk_com *com, unsigned board)
{
    const struct lk_com_board *b = &com->known->board[board];
    char text[LK_COM_ANSWER];
    uint64_t ma = 0;
    struct lk_com_say q = com_say("which_current");
    com_word(&q, "unit", "%u", b->unit);
    com_word(&q, "profile", "%s", b->profile->name);
    com_word(&q, "limit", "%u", b->profile->output_limit_ma);
    int r = com_ask(com, &q, text);
    bool number = r == 0 && lk_text_parse_u64(text, 20000, &ma) == 0 && ma > 0;
    if (r == 0 && !number && strcmp(text, "none") != 0) {
        struct lk_com_say say = com_say("not_understood");
        com_word(&say, "text", "%s", text);
        com_tell(com, &say);
        return 0;
    }
    if (r < 0) {
        return r;
    }
    if (!number || ma > b->profile->output_limit_ma) {
        return leave_board(com, b);
    }
    struct lk_com_fact fact = {.kind = LK_COM_CURRENT, .unit = b->unit, .number = (unsigned)ma};
    return com_note(com, &fact);
}

/* "S:1-20 M:21" has letters, digits and the signs of a list; whether it fits is the daemon's to check. */
static bool is_sizes(const char *text)
{
    return strchr(text, ':') && strspn(text, "SMLX:0123456789-, ") == strlen(text);
}

int com_sizes(struct lk_com *com, unsigned board)
{
    const struct lk_com_board *b = &com->known->board[board];
    char text[LK_COM_ANSWER], preset[LK_COM_TEXT];
    unsigned highest;
    struct lk_text t = lk_text_init(preset, sizeof(preset));
    (void)lk_com_doors(b, &highest);
    lk_text_addf(&t, highest > 1 ? "S:1-%u" : "S:1", highest);
    struct lk_com_say q = com_say("which_sizes");
    com_word(&q, "bank", "%s", b->bank);
    com_word(&q, "doors", "%u", highest);
    com_word(&q, "preset", "%s", preset);
    q.preset = preset;
    int r = com_ask(com, &q, text);
    if (r < 0) {
        return r;
    }
    if (is_sizes(text)) {
        struct lk_com_fact fact = {.kind = LK_COM_SIZES, .unit = b->unit};
        (void)lk_text_copy(fact.text, sizeof(fact.text), text);
        return com_note(com, &fact);
    }
    struct lk_com_say say = com_say("not_understood");
    com_word(&say, "text", "%s", text);
    com_tell(com, &say);
    return 0;
}
