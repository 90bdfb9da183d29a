/* The key that codes are sealed to: what is taken and what is refused; what comes out of it is a JWE that says nothing.
 * That it opens is shown by two other programs in tests/system/whole/codes_whole.py. */
#include "check.h"

#include "base/cleanup.h"
#include "token.h"
#include "uplink/command_verify.h"
#include "uplink/seal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/seal-test-XXXXXX";
static EVP_PKEY *key;

static int set_up(void **state)
{
    (void)state;
    key = token_new_key();
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return rmdir(folder);
}

static int load(const char *text, struct lk_seal_key **ret_key, char *why)
{
    char path[256];
    token_write_file(folder, "seal.jwk", text, path, sizeof(path));
    why[0] = '\0';
    int r = lk_seal_key_load(path, ret_key, why);
    (void)unlink(path);
    return r;
}

static struct lk_seal_key *good_key(void)
{
    struct lk_seal_key *made = NULL;
    char jwk[512], why[LK_COMMAND_WHY_MAX];
    token_jwk(key, "k1", ",\"use\":\"enc\",\"alg\":\"ECDH-ES\"", jwk, sizeof(jwk));
    assert_int_equal(load(jwk, &made, why), 0);
    return made;
}

static void takes_one_public_key_for_encryption(void **state)
{
    (void)state;
    struct lk_seal_key *made = good_key();
    assert_string_equal(lk_seal_key_id(made), "k1");
    assert_null(lk_seal_key_free(made));
    assert_null(lk_seal_key_free(NULL));
    char jwk[512], why[LK_COMMAND_WHY_MAX];
    token_jwk(key, "k2", "", jwk, sizeof(jwk)); /* says nothing of its use */
    assert_int_equal(load(jwk, &made, why), 0);
    (void)lk_seal_key_free(made);
}

static void refuses_every_other_key(void **state)
{
    (void)state;
    static const struct {
        const char *more, *why;
    } rows[] = {
        {",\"use\":\"sig\"", "not a key for encryption"},
        {",\"alg\":\"ES256\"", "not a key for encryption"},
        {",\"alg\":\"RSA-OAEP\"", "not a key for encryption"},
        {",\"d\":\"AAAA\"", "holds a private key"},
    };
    char jwk[512], why[LK_COMMAND_WHY_MAX];
    struct lk_seal_key *made = NULL;
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        token_jwk(key, "k1", rows[i].more, jwk, sizeof(jwk));
        assert_int_equal(load(jwk, &made, why), -EINVAL);
        assert_non_null(strstr(why, rows[i].why));
    }
    char first[512], set[1100];
    token_jwk(key, "k1", "", first, sizeof(first));
    token_jwk(key, "k2", "", jwk, sizeof(jwk));
    (void)snprintf(set, sizeof(set), "{\"keys\":[%s,%s]}", first, jwk);
    assert_int_equal(load(set, &made, why), -EINVAL);
    assert_non_null(strstr(why, "more than one key"));
    assert_int_equal(lk_seal_key_load("/nonexistent/seal.jwk", &made, why), -ENOENT);
    assert_null(made);
}

static void what_is_sealed_is_new_each_time_and_says_nothing(void **state)
{
    (void)state;
    struct lk_seal_key *made = good_key();
    const struct lk_seal_secret secret = {"hall-1", "case-1", "recipient", "jti-1", "48201957", "", 1790000000};
    char text[2][1536];
    for (int i = 0; i < 2; i++) {
        struct lk_text t = lk_text_init(text[i], sizeof(text[i]));
        assert_int_equal(lk_seal(made, &secret, &t), 0);
        assert_null(strstr(text[i], "48201957"));
        assert_non_null(strstr(text[i], "..")); /* no encrypted key: both sides agree on it */
    }
    assert_string_not_equal(text[0], text[1]);
    char small[64];
    struct lk_text t = lk_text_init(small, sizeof(small));
    assert_int_equal(lk_seal(made, &secret, &t), -ENOSPC);
    (void)lk_seal_key_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_one_public_key_for_encryption),
        cmocka_unit_test(refuses_every_other_key),
        cmocka_unit_test(what_is_sealed_is_new_each_time_and_says_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
