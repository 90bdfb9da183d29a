#include "com.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum { LISTEN_MS = 400, LOOKS = 3, READ_REGISTERS = 3, WRITE_REGISTER = 6, SETTLE_MS = 500 };

/* Where boards of this kind keep their address, and tell it to everybody. */
struct place {
    unsigned address;
};

static bool address_place(const struct lk_com *com, struct place *ret_place)
{
    const struct lk_board_profile *p;
    for (size_t i = 0; (p = lk_board_profile_at(i)); i++) {
        bool meant = !com->setup.profile || strcmp(p->name, com->setup.profile) == 0;
        if (meant && p->has_address_register && p->address_by_broadcast) {
            ret_place->address = p->address_register;
            return true;
        }
    }
    return false;
}

static int say(struct lk_com *com, const char *key, unsigned unit, unsigned to)
{
    struct lk_com_say s = com_say(key);
    com_word(&s, "unit", "%u", unit);
    com_word(&s, "to", "%u", to);
    com_tell(com, &s);
    return 0;
}

/* One broadcast read; it must be answered once, by a board that names the address it answers under. */
static int look(struct lk_com *com, const struct place *place, unsigned *ret_unit)
{
    struct lk_fb_completion c;
    struct lk_fb_request request = com_read(0, READ_REGISTERS, place->address, 1);
    request.priority = LK_FB_PROBE;
    request.listen_ms = LISTEN_MS;
    int r = com_exchange(com, &request, &c);
    if (r < 0) {
        return r;
    }
    if (c.status == -ETIMEDOUT) {
        return -ENXIO;
    }
    unsigned told = (unsigned)c.data[0] << 8 | c.data[1];
    if (c.status != 0 || c.doubled || told < 1 || told > LK_FB_UNIT_MAX || (c.unit != 0 && c.unit != told)) {
        return c.status == -ENODEV ? -EIO : -EEXIST;
    }
    *ret_unit = told;
    return 0;
}

/* Several looks: two boards that speak at once may be mistaken for one, but hardly each time. */
static int look_well(struct lk_com *com, const struct place *place, unsigned *ret_unit)
{
    unsigned first = 0;
    for (unsigned i = 0; i < LOOKS; i++) {
        unsigned unit = 0;
        int r = look(com, place, &unit);
        if (r < 0) {
            return i > 0 && r == -ENXIO ? -EEXIST : r;
        }
        if (first != 0 && unit != first) {
            return -EEXIST;
        }
        first = unit;
    }
    *ret_unit = first;
    return 0;
}

static int find_one(struct lk_com *com, const struct place *place, unsigned *ret_unit)
{
    for (unsigned p = 0; p < com->setup.parities; p++) {
        for (unsigned b = 0; b < com->setup.bauds; b++) {
            int r = com_open(com, com->setup.baud[b], com->setup.parity[p]);
            r = r == 0 ? look_well(com, place, ret_unit) : r;
            if (r != -ENXIO) {
                return r;
            }
        }
    }
    return -ENXIO;
}

/* Whether a board answers at this address, and what it says its address is. */
static int read_at(struct lk_com *com, const struct place *place, unsigned unit, int *ret_status, unsigned *ret_told)
{
    struct lk_fb_completion c;
    struct lk_fb_request request = com_read(unit, READ_REGISTERS, place->address, 1);
    request.priority = LK_FB_PROBE;
    int r = com_exchange(com, &request, &c);
    if (r == 0) {
        *ret_status = c.status;
        *ret_told = c.status == 0 ? (unsigned)c.data[0] << 8 | c.data[1] : 0;
    }
    return r;
}

static int write_it(struct lk_com *com, const struct place *place, unsigned unit, unsigned to)
{
    struct lk_com_fact fact = {.kind = LK_COM_ADDRESS, .unit = unit, .to = to};
    struct lk_fb_completion c;
    struct lk_fb_request request = {
        .unit = 0,
        .pdu_len = 5,
        .pdu = {WRITE_REGISTER, (uint8_t)(place->address >> 8), (uint8_t)place->address, 0, (uint8_t)to},
        .expect = LK_FB_ECHO,
        .priority = LK_FB_PROBE,
        .timeout_ms = LK_COM_PROBE_MS};
    int r = com_note(com, &fact);
    r = r == 0 ? com_exchange(com, &request, &c) : r;
    for (int64_t until_ms = com_now(com) + SETTLE_MS; r == 0 && com_now(com) < until_ms;) {
        r = com_pass(com, until_ms);
    }
    return r; /* no matter what came back: reading at the new address proves it */
}

static int prove(struct lk_com *com, const struct place *place, unsigned unit, unsigned to)
{
    int status = 0;
    unsigned told = 0;
    int r = read_at(com, place, to, &status, &told);
    if (r < 0 || status != 0 || told != to) {
        (void)say(com, "address_unproven", unit, to);
        return r < 0 ? r : -EIO;
    }
    struct lk_com_fact fact = {.kind = LK_COM_MOVED, .unit = unit, .to = to};
    r = com_note(com, &fact);
    return r < 0 ? r : say(com, "address_done", unit, to);
}

static int agree(struct lk_com *com, unsigned unit, unsigned to)
{
    bool yes = false;
    struct lk_com_say q = com_say("only_one");
    com_word(&q, "unit", "%u", unit);
    com_word(&q, "to", "%u", to);
    int r = com_ask_yes(com, &q, &yes);
    return r < 0 ? r : yes ? 0 : -EINTR;
}

static int set_address(struct lk_com *com, unsigned to)
{
    struct place place;
    unsigned unit = 0, told = 0;
    int status = 0;
    if (com->setup.line.transport != LK_FB_RTU || !address_place(com, &place)) {
        return -ENOTSUP;
    }
    int r = find_one(com, &place, &unit);
    if (r < 0) {
        return r;
    }
    if (unit == to) {
        return say(com, "address_same", unit, to);
    }
    r = read_at(com, &place, to, &status, &told);
    if (r < 0 || status != -ETIMEDOUT) {
        return r < 0 ? r : -EEXIST;
    }
    r = agree(com, unit, to);
    r = r == 0 ? look_well(com, &place, &unit)
               : r; /* while the person read the question, another may have been plugged */
    r = r == 0 ? write_it(com, &place, unit, to) : r;
    return r == 0 ? prove(com, &place, unit, to) : r;
}

int lk_com_set_address(struct lk_com *com, unsigned to)
{
    int r = set_address(com, to);
    com_close(com);
    if (r == -EEXIST) {
        (void)say(com, "address_two", 0, to);
    } else if (r == -ENXIO) {
        (void)say(com, "nobody", 0, to);
    } else if (r == -ENOTSUP) {
        (void)say(com, "address_not", 0, to);
    }
    return r;
}
