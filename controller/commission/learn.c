#include "com.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum { STEP_MS = 50, CHANGES = 8, FRESH_MS = 3000, SETTLE_LOOKS = 10 };

/* What a person may answer instead of a door. */
enum word { WORD_NONE, WORD_TWO, WORD_AGAIN, WORD_SKIP, WORD_BACK, WORD_UNUSED, WORD_OTHER };

static const struct {
    const char *text;
    enum word word;
} words[] = {
    {"none", WORD_NONE},   {"没有", WORD_NONE},  {"two", WORD_TWO},       {"两个", WORD_TWO},
    {"again", WORD_AGAIN}, {"重来", WORD_AGAIN}, {"skip", WORD_SKIP},     {"跳过", WORD_SKIP},
    {"back", WORD_BACK},   {"返回", WORD_BACK},  {"unused", WORD_UNUSED}, {"没接", WORD_UNUSED},
};

static enum word word_of(const char *text)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].text) == 0) {
            return words[i].word;
        }
    }
    return WORD_OTHER;
}

/* One try at one channel. */
struct
try {
    struct lk_com *com;
    unsigned board, channel;
    uint32_t before[LK_COM_BOARDS], seen[LK_COM_BOARDS]; /* inputs; those that moved */
    bool blind;                                          /* a board's inputs could not be read all the time */
    unsigned door;
    unsigned input_board, input;
};

static const struct lk_com_board *board_of(const struct try *t)
{
    return &t->com->known->board[t->board];
}

static struct lk_com_say about(const struct try *t, const char *key)
{
    struct lk_com_say say = com_say(key);
    com_word(&say, "bank", "%s", board_of(t)->bank);
    com_word(&say, "unit", "%u", board_of(t)->unit);
    com_word(&say, "channel", "%u", t->channel + 1);
    return say;
}

static struct lk_com_fact fact_of(const struct try *t, enum lk_com_kind kind)
{
    return (struct lk_com_fact){.kind = kind, .unit = board_of(t)->unit, .channel = t->channel};
}

static int forget(struct try *t)
{
    struct lk_com_fact fact = fact_of(t, LK_COM_AGAIN);
    return com_note(t->com, &fact);
}

static int leave(struct try *t, const char *why)
{
    struct lk_com_fact fact = fact_of(t, LK_COM_LEFT);
    (void)lk_text_copy(fact.text, sizeof(fact.text), why);
    return com_note(t->com, &fact);
}

/* --- inputs */

/* Readings asked for from now on: what came before may show a door that has been shut since. */
static int wait_fresh(struct lk_com *com)
{
    int64_t since_ms = com_now(com), until_ms = since_ms + FRESH_MS;
    bool fresh = false;
    while (!fresh && com_now(com) < until_ms) {
        int r = com_pass(com, com_now(com) + STEP_MS);
        if (r < 0) {
            return r;
        }
        fresh = com_inputs_known(com);
        for (unsigned i = 0; i < com->known->boards; i++) {
            fresh = fresh && (com->known->board[i].profile->inputs == 0 || com->board[i].at_ms > since_ms);
        }
    }
    return 0;
}

static bool same_inputs(const struct try *t)
{
    bool same = true;
    for (unsigned i = 0; i < t->com->known->boards; i++) {
        same = same && t->before[i] == t->com->board[i].inputs;
    }
    return same;
}

static void take_before(struct try *t)
{
    memset(t->seen, 0, sizeof(t->seen));
    t->blind = false;
    for (unsigned i = 0; i < t->com->known->boards; i++) {
        t->before[i] = t->com->board[i].inputs;
    }
}

/* How all inputs are before the pulse: read twice the same, unless somebody keeps moving doors. Those will then be seen
 * among what the pulse moved, and asked about. */
static int remember(struct try *t)
{
    int r = wait_fresh(t->com);
    for (unsigned i = 0; i < SETTLE_LOOKS && r == 0; i++) {
        take_before(t);
        r = wait_fresh(t->com);
        if (r == 0 && same_inputs(t)) {
            break;
        }
    }
    return r;
}

static bool look(struct try *t)
{
    bool any = false;
    for (unsigned i = 0; i < t->com->known->boards; i++) {
        t->seen[i] |= t->com->board[i].has_inputs ? t->com->board[i].inputs ^ t->before[i] : 0;
        any = any || t->seen[i] != 0;
    }
    t->blind = t->blind || !com_inputs_known(t->com);
    return any;
}

/* All inputs of all boards, until the change has come, and a while longer. */
static int watch(struct try *t)
{
    int64_t until_ms = com_now(t->com) + LK_COM_WATCH_MS;
    bool any = false;
    while (com_now(t->com) < until_ms) {
        int64_t step_ms = com_now(t->com) + STEP_MS;
        int r = com_pass(t->com, step_ms < until_ms ? step_ms : until_ms);
        if (r < 0) {
            return r;
        }
        if (look(t) && !any) {
            any = true;
            until_ms = com_now(t->com) + LK_COM_MORE_MS;
        }
    }
    return 0;
}

struct change {
    unsigned board, input;
};

static unsigned changes(const struct try *t, struct change ret[CHANGES])
{
    unsigned n = 0;
    for (unsigned b = 0; b < t->com->known->boards; b++) {
        for (unsigned i = 0; i < 32; i++) {
            if (t->seen[b] >> i & 1 && n < CHANGES) {
                ret[n++] = (struct change){b, i};
            }
        }
    }
    return n;
}

/* "1 = board 2 input 3, 2 = ..." */
static void add_changes(const struct try *t, struct lk_com_say *say)
{
    struct change list[CHANGES];
    char text[LK_COM_TEXT];
    struct lk_text x = lk_text_init(text, sizeof(text));
    unsigned n = changes(t, list);
    for (unsigned i = 0; i < n; i++) {
        lk_text_addf(&x, "%s%u = %u/%u", i > 0 ? ", " : "", i + 1, t->com->known->board[list[i].board].unit,
                     list[i].input + 1);
    }
    com_word(say, "inputs", "%s", n > 0 ? text : "-");
}

/* --- deciding */

/* What to do when nothing can be concluded. WORD_BACK and doors are no answers here. */
static int ask_again_or_leave(struct try *t, const char *key, const char *why)
{
    char text[LK_COM_ANSWER];
    for (;;) {
        struct lk_com_say q = about(t, key);
        add_changes(t, &q);
        int r = com_ask(t->com, &q, text);
        if (r < 0) {
            return r;
        }
        enum word word = word_of(text);
        if (word == WORD_AGAIN) {
            return forget(t);
        }
        if (word == WORD_SKIP || word == WORD_UNUSED) {
            return leave(t, word == WORD_SKIP ? "skip" : why);
        }
        struct lk_com_say say = com_say("not_understood");
        com_word(&say, "text", "%s", text);
        com_tell(t->com, &say);
    }
}

static int back(struct try *t)
{
    const struct lk_com_known *known = t->com->known;
    struct lk_com_fact last = {.kind = LK_COM_AGAIN, .unit = known->last_unit, .channel = known->last_channel};
    int r = forget(t);
    return r < 0 || last.unit == 0 ? r : com_note(t->com, &last);
}

/* A door of this board's bank, as a number or as its label. 0: not one. */
static unsigned door_of(const struct try *t, const char *text)
{
    const char *bank = board_of(t)->bank;
    uint64_t door;
    if (strncmp(text, bank, strlen(bank)) == 0) {
        text += strlen(bank);
    }
    while (text[0] == '0' && text[1] != '\0') {
        text++;
    }
    return lk_text_parse_u64(text, LK_COM_CHANNELS, &door) == 0 ? (unsigned)door : 0;
}

/* The input that is said to be this door's must not be another's. */
static bool is_free(struct try *t)
{
    char label[COM_LABEL];
    unsigned b, ch;
    unsigned unit = t->com->known->board[t->input_board].unit;
    if (!lk_com_input_owner(t->com->known, unit, t->input, &b, &ch)) {
        return true;
    }
    const struct lk_com_board *owner = &t->com->known->board[b];
    struct lk_com_say say = about(t, "input_taken");
    com_word(&say, "input", "%u/%u", unit, t->input + 1);
    com_word(&say, "door", "%s", com_door(owner, owner->channel[ch].door, label, sizeof(label)));
    com_tell(t->com, &say);
    return false;
}

/* Every input that moved is back, and no other one has moved. */
static bool all_back(const struct try *t)
{
    bool back = com_inputs_known(t->com);
    for (unsigned i = 0; i < t->com->known->boards; i++) {
        back = back && t->com->board[i].inputs == t->before[i];
    }
    return back;
}

static int wait_back(struct try *t, bool *ret_back)
{
    int64_t until_ms = com_now(t->com) + LK_COM_SHUT_MS;
    int r = 0;
    while (r == 0 && !all_back(t) && com_now(t->com) < until_ms) {
        r = com_pass(t->com, com_now(t->com) + STEP_MS);
    }
    *ret_back = all_back(t);
    return r;
}

/* The opposite edge proves polarity and sensor: only what went with the door and comes back with it is its switch. */
static int shut_and_learn(struct try *t)
{
    char text[LK_COM_ANSWER], label[COM_LABEL];
    struct lk_com_fact fact = fact_of(t, LK_COM_LEARNED);
    bool is_back = false;
    while (!is_back) {
        struct lk_com_say q = about(t, "shut_it");
        com_word(&q, "door", "%s", com_door(board_of(t), t->door, label, sizeof(label)));
        q.preset = "";
        int r = com_ask(t->com, &q, text);
        r = r == 0 ? wait_back(t, &is_back) : r;
        if (r < 0) {
            return r;
        }
        if (!is_back) {
            enum word word = word_of(text);
            if (word == WORD_AGAIN || word == WORD_SKIP) {
                return word == WORD_SKIP ? leave(t, "skip") : forget(t);
            }
            struct lk_com_say say = about(t, "still_open");
            com_tell(t->com, &say);
        }
    }
    fact.door = t->door;
    fact.input_unit = t->com->known->board[t->input_board].unit;
    fact.input = t->input;
    fact.level = t->before[t->input_board] >> t->input & 1;
    int r = com_note(t->com, &fact);
    if (r == 0) {
        struct lk_com_say say = about(t, "learned");
        com_word(&say, "door", "%s", label);
        com_word(&say, "input", "%u/%u", fact.input_unit, fact.input + 1);
        com_word(&say, "level", "%u", fact.level);
        com_tell(t->com, &say);
    }
    return r;
}

static int pick_input(struct try *t)
{
    struct change list[CHANGES];
    unsigned n = changes(t, list);
    char text[LK_COM_ANSWER];
    uint64_t number = 1;
    while (n > 1) {
        struct lk_com_say q = about(t, "which_input");
        add_changes(t, &q);
        int r = com_ask(t->com, &q, text);
        if (r < 0) {
            return r;
        }
        enum word word = word_of(text);
        if (word == WORD_AGAIN || word == WORD_SKIP) {
            r = word == WORD_SKIP ? leave(t, "skip") : forget(t);
            return r < 0 ? r : 1;
        }
        if (lk_text_parse_u64(text, n, &number) == 0 && number > 0) {
            break;
        }
    }
    t->input_board = list[number - 1].board;
    t->input = list[number - 1].input;
    return 0;
}

/* One door moved, says the person. */
static int one_door(struct try *t)
{
    struct change list[CHANGES];
    if (t->blind) {
        return ask_again_or_leave(t, "blind", "no_sensor");
    }
    if (changes(t, list) == 0) {
        return ask_again_or_leave(t, "no_sensor", "no_sensor");
    }
    int r = pick_input(t);
    if (r != 0) {
        return r < 0 ? r : 0;
    }
    if (!is_free(t)) {
        return ask_again_or_leave(t, "no_sensor", "no_sensor");
    }
    return shut_and_learn(t);
}

static int two_doors(struct try *t)
{
    char text[LK_COM_ANSWER];
    struct lk_com_say q = about(t, "two_doors");
    add_changes(t, &q);
    q.preset = "";
    int r = com_ask(t->com, &q, text);
    return r < 0 ? r : leave(t, "two");
}

/* 0: answered and noted; 1: ask once more. */
static int take_answer(struct try *t, const char *text)
{
    struct change list[CHANGES];
    struct lk_com_say say;
    char label[COM_LABEL];
    switch (word_of(text)) {
    case WORD_NONE:
        if (changes(t, list) == 0) {
            return ask_again_or_leave(t, "nothing", "dead");
        }
        say = about(t, "unseen"); /* an input moved: something did open, or a sensor is loose */
        add_changes(t, &say);
        com_tell(t->com, &say);
        return ask_again_or_leave(t, "unseen_what", "dead");
    case WORD_TWO:
        return two_doors(t);
    case WORD_AGAIN:
        return forget(t);
    case WORD_SKIP:
        return leave(t, "skip");
    case WORD_UNUSED:
        return leave(t, "unused");
    case WORD_BACK:
        return back(t);
    case WORD_OTHER:
        break;
    }
    t->door = door_of(t, text);
    bool taken = t->door > 0 && lk_com_channel_of_door(board_of(t), t->door) >= 0;
    if (t->door > 0 && !taken) {
        return one_door(t);
    }
    say = about(t, taken ? "door_taken" : "no_such_door");
    com_word(&say, "door", "%s", taken ? com_door(board_of(t), t->door, label, sizeof(label)) : text);
    com_tell(t->com, &say);
    return 1;
}

static int ask_which(struct try *t)
{
    char text[LK_COM_ANSWER];
    int r = 1;
    while (r == 1) {
        struct lk_com_say q = about(t, "which_door");
        add_changes(t, &q);
        r = com_ask(t->com, &q, text);
        r = r == 0 ? take_answer(t, text) : r;
    }
    return r;
}

int com_learn(struct lk_com *com, unsigned board, unsigned channel)
{
    struct try t = {.com = com, .board = board, .channel = channel};
    enum lk_lockbank_pulse_result result;
    int r = com_wake(com);
    r = r == 0 ? remember(&t) : r;
    if (r < 0) {
        return r;
    }
    struct lk_com_say say = about(&t, "pulsing");
    com_tell(com, &say);
    struct lk_com_fact fact = fact_of(&t, LK_COM_PULSE);
    (void)lk_text_copy(fact.who, sizeof(fact.who), com->setup.who);
    (void)lk_text_copy(fact.text, sizeof(fact.text), com->setup.why);
    r = com_note(com, &fact);
    r = r == 0 ? com_pulse(com, board, channel, &result) : r;
    if (r == 0 && result == LK_LOCKBANK_PULSE_NOT_SENT) {
        return ask_again_or_leave(&t, "not_sent", "dead");
    }
    r = r == 0 ? watch(&t) : r;
    return r == 0 ? ask_which(&t) : r;
}

/* The journal ends with a pulse of this lock. It is not pulsed again before somebody has looked. */
int com_doubt(struct lk_com *com, unsigned board, unsigned channel)
{
    struct try t = {.com = com, .board = board, .channel = channel};
    char text[LK_COM_ANSWER];
    struct lk_com_say q = about(&t, "doubt");
    q.preset = "again";
    int r = com_ask(com, &q, text);
    if (r < 0) {
        return r;
    }
    switch (word_of(text)) {
    case WORD_AGAIN:
        return forget(&t);
    case WORD_SKIP:
        return leave(&t, "skip");
    case WORD_UNUSED:
        return leave(&t, "unused");
    case WORD_NONE:
    case WORD_TWO:
    case WORD_BACK:
    case WORD_OTHER:
        break;
    }
    struct lk_com_say say = com_say("not_understood");
    com_word(&say, "text", "%s", text);
    com_tell(com, &say);
    return 0;
}
