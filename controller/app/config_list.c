#include "config_impl.h"

#include <errno.h>
#include <string.h>

/* Takes "7", "1-20" at *at and moves behind it. 0 or -EINVAL. */
static int take_range(const char **at, unsigned least, unsigned most, unsigned *ret_first, unsigned *ret_last)
{
    unsigned number[2] = {0, 0};
    int count = 0;
    do {
        size_t n = strspn(*at, "0123456789");
        if (n == 0 || n > 5) {
            return -EINVAL;
        }
        for (size_t i = 0; i < n; i++) {
            number[count] = number[count] * 10 + (unsigned)((*at)[i] - '0');
        }
        *at += n;
        count++;
    } while (count == 1 && **at == '-' && (*at)++ != NULL);
    *ret_first = number[0];
    *ret_last = count == 2 ? number[1] : number[0];
    return *ret_first >= least && *ret_last >= *ret_first && *ret_last <= most ? 0 : -EINVAL;
}

/* Takes "1-20,22" into *mask. 0, -EINVAL, or -EEXIST with *ret_door when a door is already there. */
static int take_doors(const char **at, uint32_t *mask, unsigned *ret_door)
{
    for (;;) {
        unsigned first, last;
        if (take_range(at, 1, LK_CONFIG_BANK_DOORS, &first, &last) < 0) {
            return -EINVAL;
        }
        for (unsigned d = first; d <= last; d++) {
            if ((*mask & (UINT32_C(1) << (d - 1))) != 0) {
                *ret_door = d;
                return -EEXIST;
            }
            *mask |= UINT32_C(1) << (d - 1);
        }
        if (**at != ',') {
            return 0;
        }
        (*at)++;
    }
}

static int take_size(const char **at, enum lk_size *ret_size)
{
    char word[4];
    size_t n = strcspn(*at, ":");
    if ((*at)[n] != ':' || n >= sizeof(word)) {
        return -EINVAL;
    }
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n + 1;
    return lk_size_parse(word, ret_size);
}

static bool at_word_end(const char **at)
{
    if (**at != '\0' && **at != ' ' && **at != '\t') {
        return false;
    }
    *at += strspn(*at, " \t");
    return true;
}

/* Says what is wrong with a list: a number named twice, or what it is not. */
static void fault_list(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                       const char *value, int rc, const char *twice, const char *otherwise)
{
    s->wrong_lists |= UINT32_C(1) << (key->type - LK_TYPE_SIZES);
    char what[96];
    struct lk_text t = lk_text_init(what, sizeof(what));
    if (rc == -EEXIST) {
        lk_text_addf(&t, "names %.40s twice", twice);
    } else {
        lk_text_add(&t, otherwise);
    }
    lk_config_fault_value(r, s, key, value, what);
}

void lk_config_set_sizes(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field)
{
    enum lk_size *size = field;
    unsigned twice = 0;
    int rc = *value == '\0' ? -EINVAL : 0;
    s->sized = 0;
    for (const char *at = value; rc == 0 && *at != '\0';) {
        enum lk_size word = LK_SIZE_S;
        uint32_t before = s->sized;
        rc = take_size(&at, &word);
        rc = rc == 0 ? take_doors(&at, &s->sized, &twice) : rc;
        rc = rc == 0 && !at_word_end(&at) ? -EINVAL : rc;
        for (unsigned d = 0; d < LK_CONFIG_BANK_DOORS; d++) {
            if ((s->sized & ~before & (UINT32_C(1) << d)) != 0) {
                size[d] = word;
            }
        }
    }
    if (rc < 0) {
        char door[24];
        snprintf(door, sizeof(door), "door %u", twice);
        fault_list(r, s, key, value, rc, door, "is not a list of sizes and doors");
    }
}

void lk_config_set_doors(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field)
{
    uint32_t doors = 0;
    unsigned twice;
    int rc = 0;
    for (const char *at = value; rc == 0 && *at != '\0';) {
        rc = take_doors(&at, &doors, &twice);
        rc = rc == 0 && !at_word_end(&at) ? -EINVAL : rc;
    }
    if (rc < 0) {
        fault_list(r, s, key, value, rc, "a door", "is not a list of doors");
        return;
    }
    *(uint32_t *)field = doors;
}

/* Adds first..last (from 1) to list. 0, -E2BIG, or -EEXIST with *ret_twice. */
static int add_numbers(struct lk_config_list *list, unsigned first, unsigned last, unsigned *ret_twice)
{
    for (unsigned n = first; n <= last; n++) {
        for (unsigned i = 0; i < list->count; i++) {
            if (list->at[i] == n - 1) {
                *ret_twice = n;
                return -EEXIST;
            }
        }
        if (list->count == LK_CONFIG_BANK_DOORS) {
            return -E2BIG;
        }
        list->at[list->count++] = (uint8_t)(n - 1);
    }
    return 0;
}

void lk_config_set_numbers(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                           const char *value, void *field)
{
    struct lk_config_list list = {0};
    unsigned twice = 0;
    int rc = *value == '\0' ? -EINVAL : 0;
    for (const char *at = value; rc == 0 && *at != '\0';) {
        unsigned first = 0, last = 0;
        rc = take_range(&at, 1, LK_CONFIG_CHANNEL_MOST, &first, &last);
        rc = rc == 0 && !at_word_end(&at) ? -EINVAL : rc;
        rc = rc == 0 ? add_numbers(&list, first, last, &twice) : rc;
    }
    if (rc < 0) {
        char number[16];
        snprintf(number, sizeof(number), "%u", twice);
        fault_list(r, s, key, value, rc, number,
                   rc == -E2BIG ? "has more numbers than a bank has doors" : "is not a list of numbers");
        return;
    }
    *(struct lk_config_list *)field = list;
}

/* Takes the word "low" or "high" at *at, up to a blank, ':' or the end. */
static int take_level(const char **at, bool *ret_high)
{
    size_t n = strcspn(*at, ": \t");
    bool high = n == 4 && memcmp(*at, "high", 4) == 0;
    if (!high && (n != 3 || memcmp(*at, "low", 3) != 0)) {
        return -EINVAL;
    }
    *at += n;
    *ret_high = high;
    return 0;
}

void lk_config_set_levels(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                          const char *value, void *field)
{
    const char *at = value;
    uint32_t other = 0;
    unsigned twice = 0;
    bool high = false, exception = false;
    int rc = take_level(&at, &high);
    rc = rc == 0 && !at_word_end(&at) ? -EINVAL : rc;
    while (rc == 0 && *at != '\0') {
        rc = take_level(&at, &exception);
        rc = rc == 0 && (exception == high || *at++ != ':') ? -EINVAL : rc;
        rc = rc == 0 ? take_doors(&at, &other, &twice) : rc;
        rc = rc == 0 && !at_word_end(&at) ? -EINVAL : rc;
    }
    if (rc < 0) {
        char door[24];
        snprintf(door, sizeof(door), "door %u", twice);
        fault_list(r, s, key, value, rc, door, "is not known here");
        return;
    }
    s->levelled = other;
    *(uint32_t *)field = high ? ~other : other;
}

static int add_line(struct lk_config_lines *lines, const char *name)
{
    for (unsigned i = 0; i < lines->count; i++) {
        if (strcmp(lines->name[i], name) == 0) {
            return -EEXIST;
        }
    }
    if (lines->count == LK_CONFIG_BANK_DOORS) {
        return -E2BIG;
    }
    return lk_text_copy(lines->name[lines->count++], LK_CONFIG_LINE_NAME, name);
}

/* Takes one word, a name or "#13" or "#16-19". word gets the line that is meant when something is wrong with it. */
static int take_lines(const char **at, struct lk_config_lines *lines, char word[LK_CONFIG_LINE_NAME])
{
    size_t n = strcspn(*at, " \t");
    unsigned first = 0, last = 0;
    if (n >= LK_CONFIG_LINE_NAME || n == 0) {
        return -EINVAL;
    }
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n + strspn(*at + n, " \t");
    if (word[0] != '#') {
        return lk_text_is_printable(word, LK_CONFIG_LINE_NAME) ? add_line(lines, word) : -EINVAL;
    }
    const char *numbers = word + 1;
    int rc = take_range(&numbers, 0, 65535, &first, &last);
    rc = rc == 0 && *numbers != '\0' ? -EINVAL : rc;
    for (unsigned i = first; rc == 0 && i <= last; i++) {
        snprintf(word, LK_CONFIG_LINE_NAME, "#%u", i);
        rc = add_line(lines, word);
    }
    return rc;
}

void lk_config_set_lines(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field)
{
    char word[LK_CONFIG_LINE_NAME] = "";
    struct lk_config_lines lines = {0};
    int rc = *value == '\0' ? -EINVAL : 0;
    for (const char *at = value; rc == 0 && *at != '\0';) {
        rc = take_lines(&at, &lines, word);
    }
    if (rc < 0) {
        fault_list(r, s, key, value, rc, word,
                   rc == -E2BIG ? "has more lines than a bank has doors" : "is not a list of lines");
    } else {
        *(struct lk_config_lines *)field = lines;
    }
}

void lk_config_set_counts(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                          const char *value, void *field)
{
    unsigned counts[LK_SIZES] = {0};
    bool seen[LK_SIZES] = {false};
    enum lk_size size = LK_SIZE_S;
    int rc = 0;
    for (const char *at = value; rc == 0 && *at != '\0';) {
        unsigned first = 0, last = 0;
        rc = take_size(&at, &size);
        rc = rc == 0 ? take_range(&at, 0, LK_MAX_DOORS, &first, &last) : rc;
        rc = rc == 0 && (first != last || !at_word_end(&at)) ? -EINVAL : rc;
        rc = rc == 0 && seen[size] ? -EEXIST : rc;
        seen[size] = true;
        counts[size] = first;
    }
    if (rc < 0) {
        fault_list(r, s, key, value, rc, lk_size_name(size), "is not a list of sizes and numbers");
    } else {
        memcpy(field, counts, sizeof(counts));
    }
}

void lk_config_list_doors(uint32_t mask, struct lk_text *out)
{
    for (unsigned d = 0; d < LK_CONFIG_BANK_DOORS; d++) {
        unsigned last = d;
        if ((mask & (UINT32_C(1) << d)) == 0) {
            continue;
        }
        while (last + 1 < LK_CONFIG_BANK_DOORS && (mask & (UINT32_C(1) << (last + 1))) != 0) {
            last++;
        }
        lk_text_addf(out, out->len == 0 ? "%u" : " %u", d + 1);
        if (last > d) {
            lk_text_addf(out, "-%u", last + 1);
        }
        d = last;
    }
}
