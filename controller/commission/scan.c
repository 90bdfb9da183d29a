#include "com.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    CHUNK = 8, /* units between two words of progress; a line object knows LK_FB_UNITS_MAX of them */
    LISTEN_MS = 30,
    SHAPES = 8,
    CANDIDATES = 32,
    SHOWN = 4, /* of them, the likeliest; any other is chosen by its name */
    READ_REGISTERS = 3,
};

struct found {
    unsigned unit;
    bool doubtful; /* two boards may have this address */
    const struct lk_board_profile *profile;
};

struct scan {
    struct found found[LK_COM_BOARDS];
    unsigned n;
    unsigned baud;
    enum lk_fb_parity parity;
};

/* --- is anybody there */

static bool on_this_line(const struct lk_com *com, const struct lk_board_profile *p)
{
    enum lk_board_line other = com->setup.line.transport == LK_FB_TCP ? LK_BOARD_RTU_ONLY : LK_BOARD_TCP_ONLY;
    return p->line != other && (!com->setup.profile || strcmp(p->name, com->setup.profile) == 0);
}

/* The harmless reads with which the boards we know tell that they are there: one for each place of the coils. */
static unsigned shapes(const struct lk_com *com, const struct lk_board_profile *ret_shape[SHAPES])
{
    const struct lk_board_profile *p;
    unsigned n = 0;
    for (size_t i = 0; (p = lk_board_profile_at(i)); i++) {
        bool there = !on_this_line(com, p);
        for (unsigned k = 0; k < n && !there; k++) {
            there = ret_shape[k]->coils_read == p->coils_read && ret_shape[k]->coils_address == p->coils_address;
        }
        if (!there && n < SHAPES) {
            ret_shape[n++] = p;
        }
    }
    return n;
}

/* An exception is an answer too: somebody lives there. */
static bool is_answer(const struct lk_fb_completion *c)
{
    return c->status == 0 || c->status == -EREMOTEIO;
}

static int probe(struct lk_com *com, unsigned unit, unsigned function, unsigned address, unsigned count,
                 struct lk_fb_completion *ret)
{
    struct lk_fb_request request = com_read(unit, function, address, count);
    request.priority = LK_FB_PROBE;
    request.listen_ms = com->setup.line.transport == LK_FB_RTU ? LISTEN_MS : 0;
    return com_exchange(com, &request, ret);
}

/* Nobody, a board, or something that is no single board: two answers, or bytes that nobody can read, twice. */
static int knock(struct lk_com *com, unsigned unit, bool *ret_there, bool *ret_doubtful)
{
    const struct lk_board_profile *shape[SHAPES];
    unsigned n = shapes(com, shape), bad = 0;
    *ret_there = *ret_doubtful = false;
    for (unsigned i = 0; i < n && !*ret_there; i++) {
        for (unsigned tries = 0; tries < 2 && !*ret_there; tries++) {
            struct lk_fb_completion c;
            int r = probe(com, unit, shape[i]->coils_read, shape[i]->coils_address, 1, &c);
            if (r < 0) {
                return r;
            }
            if (c.status == -ENODEV) {
                return -EIO;
            }
            bad += c.status == -EBADMSG;
            *ret_there = is_answer(&c);
            *ret_doubtful = *ret_doubtful || c.doubled || bad >= 2;
            if (c.status == -ETIMEDOUT || c.status == -EHOSTDOWN) {
                break;
            }
        }
    }
    *ret_there = *ret_there || *ret_doubtful;
    return 0;
}

/* --- which board is it */

/* Everything that a profile says can be read, can be read. */
static int fits(struct lk_com *com, unsigned unit, const struct lk_board_profile *p, bool *ret_fits)
{
    struct lk_fb_completion c;
    *ret_fits = false;
    if (!lk_board_profile_unit_ok(p, unit)) {
        return 0;
    }
    int r = probe(com, unit, p->coils_read, p->coils_address, p->channels, &c);
    if (r == 0 && c.status == 0 && p->inputs > 0) {
        r = probe(com, unit, p->inputs_read, p->inputs_address, p->inputs, &c);
    }
    if (r == 0 && c.status == 0 && p->has_link_modes) {
        r = probe(com, unit, READ_REGISTERS, p->link_modes_address, p->inputs, &c);
    }
    if (r == 0 && c.status == 0 && p->has_identity) {
        r = probe(com, unit, READ_REGISTERS, p->identity_address, 1, &c);
        unsigned told = r == 0 && c.status == 0 ? (unsigned)c.data[0] << 8 | c.data[1] : 0;
        c.status = c.status == 0 && (told < p->identity_min || told > p->identity_max) ? -EBADMSG : c.status;
    }
    *ret_fits = r == 0 && c.status == 0;
    return r;
}

/* What was tried and fitted says more than what a board has; more channels and inputs more than fewer; and a board that
 * can switch a lock is likelier in a locker. */
static unsigned rank(const struct lk_board_profile *p)
{
    unsigned can = (p->verified ? 2U : 0U) + (p->output_limit_ma == 0 ? 1U : 0U);
    return (p->has_identity ? 4000U : 0U) + (p->has_link_modes ? 2000U : 0U) + 10 * (2 * p->channels + p->inputs) + can;
}

/* The profiles that fit, the likeliest first. */
static int candidates(struct lk_com *com, unsigned unit, const struct lk_board_profile *ret[CANDIDATES],
                      unsigned *ret_n)
{
    const struct lk_board_profile *p;
    *ret_n = 0;
    for (size_t i = 0; (p = lk_board_profile_at(i)); i++) {
        bool good = false;
        int r = on_this_line(com, p) ? fits(com, unit, p, &good) : 0;
        if (r < 0) {
            return r;
        }
        if (!good || *ret_n == CANDIDATES) {
            continue;
        }
        unsigned at = (*ret_n)++;
        for (; at > 0 && rank(ret[at - 1]) < rank(p); at--) {
            ret[at] = ret[at - 1];
        }
        ret[at] = p;
    }
    return 0;
}

static const struct lk_board_profile *chosen(const char *text, const struct lk_board_profile *const *list, unsigned n)
{
    uint64_t number;
    if (lk_text_parse_u64(text, n, &number) == 0 && number > 0) {
        return list[number - 1];
    }
    return lk_board_profile_find(text);
}

static int choose(struct lk_com *com, unsigned unit, const struct lk_board_profile *const *list, unsigned n,
                  const struct lk_board_profile **ret_profile)
{
    char text[LK_COM_ANSWER], names[LK_COM_TEXT];
    struct lk_text t = lk_text_init(names, sizeof(names));
    for (unsigned i = 0; i < n && i < SHOWN; i++) {
        lk_text_addf(&t, "%s%u = %s", i > 0 ? ", " : "", i + 1, list[i]->name);
    }
    struct lk_com_say q = com_say(n > 0 ? "which_profile" : "which_profile_none");
    com_word(&q, "unit", "%u", unit);
    com_word(&q, "list", "%s", names);
    q.preset = n > 0 ? "1" : "none";
    for (;;) {
        int r = com_ask(com, &q, text);
        if (r < 0) {
            return r;
        }
        *ret_profile = chosen(text, list, n);
        if (*ret_profile || strcmp(text, "none") == 0) {
            return 0;
        }
        struct lk_com_say say = com_say("no_such_profile");
        com_word(&say, "name", "%s", text);
        com_tell(com, &say);
    }
}

static int identify(struct lk_com *com, unsigned unit, const struct lk_board_profile **ret_profile)
{
    const struct lk_board_profile *list[CANDIDATES];
    unsigned n;
    int r = candidates(com, unit, list, &n);
    if (r < 0) {
        return r;
    }
    if (com->setup.profile && n == 1) {
        *ret_profile = list[0];
        return 0;
    }
    return choose(com, unit, list, n, ret_profile);
}

/* --- the whole line */

static int look_at(struct lk_com *com, unsigned unit, struct scan *s)
{
    bool there, doubtful;
    int r = knock(com, unit, &there, &doubtful);
    if (r < 0 || !there || s->n == LK_COM_BOARDS) {
        return r;
    }
    struct lk_com_say say = com_say(doubtful ? "duplicate" : "found");
    com_word(&say, "unit", "%u", unit);
    com_tell(com, &say);
    s->found[s->n++] = (struct found){.unit = unit, .doubtful = doubtful};
    return 0;
}

static const char *parity_letter(enum lk_fb_parity parity)
{
    return parity == LK_FB_PARITY_EVEN ? "E" : parity == LK_FB_PARITY_ODD ? "O" : "N";
}

static int scan_speed(struct lk_com *com, struct scan *s)
{
    for (unsigned unit = com->setup.unit_first; unit <= com->setup.unit_last; unit++) {
        unsigned nth = unit - com->setup.unit_first;
        if (nth % CHUNK == 0) {
            unsigned last = unit + CHUNK - 1 < com->setup.unit_last ? unit + CHUNK - 1 : com->setup.unit_last;
            struct lk_com_say say = com_say("scanning");
            com_word(&say, "first", "%u", unit);
            com_word(&say, "last", "%u", last);
            com_word(&say, "speed", "%u 8%s1", s->baud, parity_letter(s->parity));
            com_tell(com, &say);
        }
        int r = nth % LK_FB_UNITS_MAX == 0 ? com_open(com, s->baud, s->parity) : 0; /* its table of units is full */
        r = r == 0 ? look_at(com, unit, s) : r;
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

/* All speeds, until boards answer at one: all boards of a line have the same. */
static int scan_line(struct lk_com *com, struct scan *s)
{
    bool tcp = com->setup.line.transport == LK_FB_TCP;
    unsigned bauds = tcp ? 1 : com->setup.bauds, parities = tcp ? 1 : com->setup.parities;
    for (unsigned p = 0; p < parities && s->n == 0; p++) {
        for (unsigned b = 0; b < bauds && s->n == 0; b++) {
            s->baud = tcp ? 0 : com->setup.baud[b];
            s->parity = tcp ? LK_FB_PARITY_NONE : com->setup.parity[p];
            int r = scan_speed(com, s);
            if (r < 0) {
                return r;
            }
        }
    }
    return s->n > 0 ? 0 : -ENXIO;
}

static int identify_all(struct lk_com *com, struct scan *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        int r = com_open(com, s->baud, s->parity); /* anew: nobody is in quarantine for what was asked before */
        r = r == 0 ? identify(com, s->found[i].unit, &s->found[i].profile) : r;
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int note_all(struct lk_com *com, const struct scan *s)
{
    struct lk_com_fact speed = {.kind = LK_COM_SPEED, .number = s->baud, .to = (unsigned)s->parity};
    struct lk_com_fact scanned = {.kind = LK_COM_SCANNED};
    int r = com_note(com, &speed);
    for (unsigned i = 0; i < s->n && r == 0; i++) {
        if (s->found[i].profile) {
            struct lk_com_fact board = {.kind = LK_COM_BOARD, .unit = s->found[i].unit};
            (void)lk_text_copy(board.text, sizeof(board.text), s->found[i].profile->name);
            r = com_note(com, &board);
        }
    }
    return r == 0 ? com_note(com, &scanned) : r;
}

static bool any_doubtful(const struct scan *s)
{
    bool any = false;
    for (unsigned i = 0; i < s->n; i++) {
        any = any || s->found[i].doubtful;
    }
    return any;
}

static bool any_board(const struct scan *s)
{
    bool any = false;
    for (unsigned i = 0; i < s->n; i++) {
        any = any || s->found[i].profile;
    }
    return any;
}

static int agree(struct lk_com *com, const struct scan *s, bool *ret_agreed)
{
    char list[LK_COM_TEXT];
    struct lk_text t = lk_text_init(list, sizeof(list));
    unsigned n = 0;
    for (unsigned i = 0; i < s->n; i++) {
        if (s->found[i].profile) {
            lk_text_addf(&t, "%s%u (%s)", n++ > 0 ? ", " : "", s->found[i].unit, s->found[i].profile->name);
        }
    }
    struct lk_com_say q = com_say("boards_right");
    com_word(&q, "n", "%u", n);
    com_word(&q, "list", "%s", list);
    q.preset = "y";
    return com_ask_yes(com, &q, ret_agreed);
}

int com_scan(struct lk_com *com)
{
    struct scan s = {0};
    bool agreed = false;
    int r = scan_line(com, &s);
    if (r == -ENXIO) {
        struct lk_com_say say = com_say("nobody");
        com_tell(com, &say);
        return r;
    }
    if (r < 0) {
        return r;
    }
    if (any_doubtful(&s)) {
        /* A lock behind such an address is never opened: two doors would move, and nobody could tell whose. */
        struct lk_com_say q = com_say("scan_again");
        q.preset = "";
        char text[LK_COM_ANSWER];
        return com_ask(com, &q, text);
    }
    r = identify_all(com, &s);
    if (r < 0) {
        return r;
    }
    if (any_board(&s)) {
        r = agree(com, &s, &agreed);
    }
    return r < 0 ? r : agreed ? note_all(com, &s) : 0;
}
