#include "person.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* The character that well-formed UTF-8 begins with; its length in bytes. */
static size_t read_character(const char *s, uint32_t *ret_point)
{
    static const unsigned char keep[] = {0x7F, 0x7F, 0x1F, 0x0F, 0x07};
    size_t len = 1;
    while (((unsigned char)s[len] & 0xC0) == 0x80) {
        len++;
    }
    uint32_t point = (unsigned char)s[0] & keep[len];
    for (size_t i = 1; i < len; i++) {
        point = point << 6 | ((unsigned char)s[i] & 0x3F);
    }
    *ret_point = point;
    return len;
}

/* Characters that are no part of a name and could make a screen show something else than what is there. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

/* How many characters; 0 when it is not a name. */
static unsigned characters(const char *name)
{
    unsigned n = 0;
    uint32_t point = 0;
    if (!lk_text_is_utf8(name, strlen(name))) {
        return 0;
    }
    for (; *name; n++) {
        name += read_character(name, &point);
        if (is_control(point) || n == LK_PERSON_NAME_MOST) {
            return 0;
        }
    }
    return n;
}

bool lk_person_mask(const char *name, char *masked, size_t size)
{
    uint32_t point = 0;
    unsigned n = characters(name);
    size_t first = n > 0 ? read_character(name, &point) : size;
    masked[0] = '\0';
    if (first >= size || name[0] == ' ') {
        return false;
    }
    size_t stars = n - 1 < size - 1 - first ? n - 1 : size - 1 - first;
    memcpy(masked, name, first);
    memset(masked + first, '*', stars);
    masked[first + stars] = '\0';
    return true;
}

bool lk_person_tail(const char *phone, char tail[5])
{
    bool plus = phone[0] == '+';
    const char *digits = phone + plus;
    if (!lk_text_is_digits(digits, LK_PERSON_PHONE_LEAST, 20 - plus)) {
        return false;
    }
    memcpy(tail, digits + strlen(digits) - 4, 5);
    return true;
}
