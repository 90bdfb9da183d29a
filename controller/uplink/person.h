/*
 * What a command says about a person, cut down before anybody else sees it (law 12). Pure; any thread.
 */
#ifndef UPLINK_PERSON_H
#define UPLINK_PERSON_H

#include <stdbool.h>
#include <stddef.h>

enum {
    LK_PERSON_NAME_MOST = 64,  /* characters of a name */
    LK_PERSON_PHONE_LEAST = 5, /* digits of a phone number */
};

/* A name with all but its first character replaced by `*`: one star per character, as many as fit into `size` bytes.
 * A masked one (first character and stars) stays as it is. False, and masked "" : empty, longer than
 * LK_PERSON_NAME_MOST, not UTF-8, beginning with a blank, or with a control character inside. */
bool lk_person_mask(const char *name, char *masked, size_t size);

/* The last four digits of a phone number: 5 to 20 digits, or + and 5 to 19. False, and tail untouched: it is none. */
bool lk_person_tail(const char *phone, char tail[5]);

#endif
