/* Which hashes of PINs are taken from the wire: the form of Argon2id, and nothing that could hurt this machine. */
#include "pin_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SALT "MDEyMzQ1Njc4OWFiY2RlZg"
#define HASH "BIotcOTEc5pwkHsyACG4V1kXL6H9K3aNg5lFfcALGZU"

static void takes_what_argon2_writes(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=8192,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=4,p=4$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc$" HASH,
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!lk_pin_hash_ok(rows[i])) {
            fail_msg("%s", rows[i]);
        }
    }
}

static void refuses_every_other_text(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "1357",
        "$argon2id$",
        "$argon2i$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=16$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=8191,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=65537,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=4194304,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=0,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=5,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=5$" SALT "$" HASH,
        "$argon2id$v=19$m=019456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=-19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$t=2,m=19456,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT,
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$",
        "$argon2id$v=19$m=19456,t=2,p=1$$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "=",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "$",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "\n",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH HASH HASH,
        " $argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (lk_pin_hash_ok(rows[i])) {
            fail_msg("%s is taken", rows[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_argon2_writes),
        cmocka_unit_test(refuses_every_other_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
