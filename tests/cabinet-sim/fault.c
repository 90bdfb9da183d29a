#include "fault.h"

#include <string.h>

#define DEFAULTS(...)                                                                                                  \
    {                                                                                                                  \
        .on = true, .p = 1.0, __VA_ARGS__                                                                              \
    }

static const struct lk_cab_fault_row rows[LK_CAB_FAULTS] = {
    [LK_CAB_DEAD] = {"dead", "", DEFAULTS(.ms = 0), 0, 0},
    [LK_CAB_LOST] = {"lost", "", DEFAULTS(.ms = 0), 0, 0},
    [LK_CAB_ECHO_LOST] = {"echo-lost", "", DEFAULTS(.ms = 0), 0, 0},
    [LK_CAB_LATE] = {"late", "ms", DEFAULTS(.ms = 700), 0, 0},
    [LK_CAB_WRONG_UNIT] = {"wrong-unit", "value", DEFAULTS(.value = -1), 0, 255},
    [LK_CAB_NOISE] = {"noise", "", DEFAULTS(.ms = 0), 0, 0},
    [LK_CAB_TRUNCATED] = {"truncated", "bytes", DEFAULTS(.bytes = 3), 0, 0},
    [LK_CAB_EXCEPTION] = {"exception", "value", DEFAULTS(.value = 4), 1, 255},
    [LK_CAB_GARBAGE] = {"garbage", "bytes", DEFAULTS(.bytes = 3), 0, 0},
    [LK_CAB_DOUBLE_REPLY] = {"double-reply", "", DEFAULTS(.ms = 0), 0, 0},
    [LK_CAB_SAME_ADDRESS] = {"same-address", "value", DEFAULTS(.value = 1), 1, 255},
    [LK_CAB_PULSE_STAYS] = {"pulse-stays", "", DEFAULTS(.ms = 0), 0, 0},
    [LK_CAB_IGNORES_OFF] = {"ignores-off", "", DEFAULTS(.ms = 0), 0, 0},
    [LK_CAB_RELAY_WELDED] = {"relay-welded", "value", DEFAULTS(.value = 1), 0, 1},
    [LK_CAB_RELAY_OPEN] = {"relay-open", "value", DEFAULTS(.value = 1), 0, 1},
    [LK_CAB_SENSOR_STUCK] = {"sensor-stuck", "value", DEFAULTS(.value = 0), 0, 1},
    [LK_CAB_SENSOR_INVERTED] = {"sensor-inverted", "", DEFAULTS(.value = 0), 0, 0},
    [LK_CAB_BOUNCE] = {"bounce", "value ms", DEFAULTS(.value = 5, .ms = 40), 1, 1000},
    [LK_CAB_JAM] = {"jam", "value", DEFAULTS(.value = 0), 0, 1},
    [LK_CAB_WEAK_COIL] = {"weak-coil", "", {.on = true, .p = 0.5}, 0, 0},
    [LK_CAB_SLOW] = {"slow", "ms", DEFAULTS(.ms = 400), 0, 0},
    [LK_CAB_FORCED] = {"forced", "", DEFAULTS(.value = 0), 0, 0},
    [LK_CAB_SWAPPED_WIRES] = {"swapped-wires", "with", DEFAULTS(.other = -1), 0, 0},
};

const struct lk_cab_fault_row *lk_cab_fault_row(enum lk_cab_fault fault)
{
    return &rows[fault];
}

enum lk_cab_fault lk_cab_fault_from_name(const char *name)
{
    unsigned i = 0;
    while (i < LK_CAB_FAULTS && strcmp(rows[i].name, name) != 0) {
        i++;
    }
    return (enum lk_cab_fault)i;
}

bool lk_cab_fault_strikes(struct lk_cab_fault_state *f, struct lk_cab_rand *r, uint8_t fc)
{
    if (!f->on || (f->fc != 0 && f->fc != fc) || !lk_cab_rand_chance(r, f->p)) {
        return false;
    }
    f->struck++;
    if (f->left > 0 && --f->left == 0) {
        f->on = false;
    }
    return true;
}
