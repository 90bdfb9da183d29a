#include "commission/conf.h"

#include <errno.h>
#include <string.h>

void lk_com_conf_bank_name(const struct lk_com_board *board, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "30-bank-%s.conf", board->bank);
}

void lk_com_conf_line_name(const char *fieldbus, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "20-fieldbus-%s.conf", fieldbus);
}

/* --- a bank */

/* Numbers, one for each door, as "1-4 7 5": rising runs are drawn together. */
static void add_list(struct lk_text *out, const char *key, const unsigned *number, unsigned n)
{
    lk_text_addf(out, "%s =", key);
    for (unsigned i = 0; i < n; i++) {
        unsigned last = i;
        while (last + 1 < n && number[last + 1] == number[last] + 1) {
            last++;
        }
        lk_text_addf(out, last > i ? " %u-%u" : " %u", number[i], number[last]);
        i = last;
    }
    lk_text_add(out, "\n");
}

static bool is_plain(const unsigned *number, unsigned n)
{
    bool plain = true;
    for (unsigned i = 0; i < n; i++) {
        plain = plain && number[i] == i + 1;
    }
    return plain;
}

/* "high", or "high low:3,7" where doors 3 and 7 are the other way round. */
static void add_polarity(struct lk_text *out, const bool *closed_level, unsigned n)
{
    unsigned high = 0, others = 0;
    for (unsigned i = 0; i < n; i++) {
        high += closed_level[i];
    }
    bool mostly = high * 2 >= n;
    lk_text_addf(out, "sensor_closed = %s", mostly ? "high" : "low");
    for (unsigned i = 0; i < n; i++) {
        if (closed_level[i] != mostly) {
            lk_text_addf(out, others++ > 0 ? ",%u" : mostly ? " low:%u" : " high:%u", i + 1);
        }
    }
    lk_text_add(out, "\n");
}

static void add_inputs_board(const struct lk_com_known *known, const struct lk_com_board *b, unsigned unit,
                             struct lk_text *out)
{
    const struct lk_com_board *other = lk_com_board_of(known, unit);
    if (unit != b->unit && other) {
        lk_text_addf(out, "inputs_unit = %u\n", unit);
        lk_text_addf(out, "inputs_profile = %s\n", other->profile->name);
    }
}

static void add_consents(const struct lk_com_board *b, struct lk_text *out)
{
    if (!b->profile->verified) {
        lk_text_add(out, "verified = yes\n");
    }
    if (b->software) {
        lk_text_add(out, "accept_software_pulse = yes\n");
    }
    if (b->pulse_mode > 0) {
        lk_text_addf(out, "pulse_mode = %u\n", b->pulse_mode);
    }
    if (b->lock_ma > 0) {
        lk_text_addf(out, "lock_ma = %u\n", b->lock_ma);
    }
}

int lk_com_conf_bank(const struct lk_com_known *known, const struct lk_com_board *b, const char *fieldbus,
                     struct lk_text *out)
{
    unsigned channel[LK_COM_CHANNELS], input[LK_COM_CHANNELS], highest, unit = 0;
    bool level[LK_COM_CHANNELS];
    unsigned n = lk_com_doors(b, &highest);
    if (n == 0 || n != highest) {
        return -EINVAL;
    }
    for (unsigned d = 0; d < n; d++) {
        unsigned ch = (unsigned)lk_com_channel_of_door(b, d + 1);
        const struct lk_com_channel *c = &b->channel[ch];
        if (unit != 0 && c->input_unit != unit) {
            return -EINVAL;
        }
        unit = c->input_unit;
        channel[d] = ch + 1;
        input[d] = c->input + 1;
        level[d] = c->closed_level;
    }
    lk_text_addf(out,
                 "# Learned at the cabinet by lockerctl commission. After a change of the wiring, commission again.\n"
                 "[bank %s]\nfieldbus = %s\nunit = %u\nprofile = %s\ndoors = %u\nsizes = %s\n",
                 b->bank, fieldbus, b->unit, b->profile->name, n, b->sizes);
    if (!is_plain(channel, n)) {
        add_list(out, "channels", channel, n);
    }
    /* Without `inputs` the switches are on the inputs of the same numbers as the doors' channels. */
    if (memcmp(input, channel, n * sizeof(input[0])) != 0) {
        add_list(out, "inputs", input, n);
    }
    add_inputs_board(known, b, unit, out);
    add_polarity(out, level, n);
    add_consents(b, out);
    return out->truncated ? -ENOBUFS : 0;
}

int lk_com_conf_line(const struct lk_com_known *known, const struct lk_fieldbus_config *line, const char *fieldbus,
                     struct lk_text *out)
{
    static const char *const parity[] = {"none", "even", "odd"};
    lk_text_addf(out, "# The line that lockerctl commission found boards on.\n[fieldbus %s]\n", fieldbus);
    if (line->transport == LK_FB_RTU) {
        lk_text_addf(out, "transport = rtu\ndevice = %s\nbaud = %u\nparity = %s\n", line->device, known->baud,
                     parity[known->parity]);
    } else {
        lk_text_addf(out, "transport = tcp\nhost = %s\nport = %u\n", line->host, line->port);
    }
    return out->truncated ? -ENOBUFS : 0;
}

/* --- what people added */

/* Whether the line is "key = ..." with a key that commissioning writes, or begins a section, or says nothing. */
static bool is_ours(const char *line, size_t n)
{
    static const char *const keys[] = {"fieldbus", "unit",          "profile",    "doors",     "sizes",
                                       "channels", "inputs",        "verified",   "transport", "inputs_unit",
                                       "device",   "sensor_closed", "baud",       "parity",    "inputs_profile",
                                       "host",     "port",          "pulse_mode", "lock_ma",   "accept_software_pulse"};
    size_t start = 0;
    while (start < n && (line[start] == ' ' || line[start] == '\t')) {
        start++;
    }
    if (start == n || strchr("#;[", line[start])) {
        return true;
    }
    size_t word = strcspn(line + start, " \t=:\n");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strlen(keys[i]) == word && strncmp(line + start, keys[i], word) == 0) {
            return true;
        }
    }
    return false;
}

int lk_com_conf_keep(const char *old_text, struct lk_text *out)
{
    while (*old_text != '\0') {
        size_t n = strcspn(old_text, "\n");
        if (!is_ours(old_text, n)) {
            lk_text_addf(out, "%.*s\n", (int)n, old_text);
        }
        old_text += n + (old_text[n] == '\n');
    }
    return out->truncated ? -ENOBUFS : 0;
}
