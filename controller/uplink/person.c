#include "person.h"

#include "base/text.h"

#include <string.h>

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* How many characters; 0 when it is not a name. */
static unsigned characters(const char *name)
{
    unsigned n = 0;
    for (const char *s = name; *s; s++) {
        n += !is_tail(*s);
    }
    return lk_text_is_line(name) && n <= LK_PERSON_NAME_MOST ? n : 0;
}

/* Bytes of the first character. */
static size_t first_of(const char *name)
{
    size_t len = 1;
    while (is_tail(name[len])) {
        len++;
    }
    return len;
}

bool lk_person_mask(const char *name, char *masked, size_t size)
{
    unsigned n = characters(name);
    size_t first = n > 0 ? first_of(name) : size;
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
