#include "check.h"

#include "base/cleanup.h"
#include "token.h"
#include "uplink/command_verify.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/keys-test-XXXXXX";
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

/* Loads one file of this text; returns the result and leaves the fault in why. */
static int load(const char *name, const char *text, struct lk_command_keys **ret_keys, char *why)
{
    char path[256];
    token_write_file(folder, name, text, path, sizeof(path));
    why[0] = '\0';
    int r = lk_command_keys_load(path, ret_keys, why);
    (void)unlink(path);
    return r;
}

static void public_pem(EVP_PKEY *from, char *buf, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, from), 1);
    int n = BIO_read(bio, buf, (int)cap - 1);
    buf[n] = '\0';
    BIO_free(bio);
}

static enum lk_reason try_kid(const struct lk_command_keys *keys, const char *kid)
{
    static char token[TOKEN_MOST];
    char header[128], why[LK_COMMAND_WHY_MAX];
    struct lk_command command;
    struct lk_command_context context = {
        .site = {"yulin", "hall-1"}, .now_wall_s = 1790000005, .quality = LK_CLOCK_SYNCED};
    (void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
    token_sign(key, header,
               "{\"iss\":\"u\",\"aud\":\"yulin/hall-1\",\"jti\":\"j\",\"iat\":1790000000,\"exp\":1790000060,"
               "\"cmd\":\"status.get\"}",
               token);
    return lk_command_verify(keys, &context, token, strlen(token), &command, why);
}

static void reads_a_single_jwk_and_a_pem(void **state)
{
    (void)state;
    struct lk_command_keys *keys = NULL;
    char jwk[512], pem[512], why[LK_COMMAND_WHY_MAX];
    token_jwk(key, "k1", ",\"use\":\"sig\",\"alg\":\"ES256\",\"x5t\":\"whatever\"", jwk, sizeof(jwk));
    assert_int_equal(load("one.jwk", jwk, &keys, why), 0);
    assert_int_equal(try_kid(keys, "k1"), LK_REASON_NONE);
    keys = lk_command_keys_free(keys);
    public_pem(key, pem, sizeof(pem));
    assert_int_equal(load("upstream-2026.pem", pem, &keys, why), 0);
    assert_int_equal(try_kid(keys, "upstream-2026"), LK_REASON_NONE);
    assert_int_equal(try_kid(keys, "upstream-2026.pem"), LK_REASON_UNKNOWN_KEY);
    assert_null(lk_command_keys_free(keys));
}

static void reads_several_files(void **state)
{
    (void)state;
    struct lk_command_keys *keys = NULL;
    char jwk[512], a[256], b[256], both[600], why[LK_COMMAND_WHY_MAX];
    token_jwk(key, "old", "", jwk, sizeof(jwk));
    token_write_file(folder, "a.json", jwk, a, sizeof(a));
    token_jwk(key, "new", "", jwk, sizeof(jwk));
    token_write_file(folder, "b.json", jwk, b, sizeof(b));
    (void)snprintf(both, sizeof(both), " %s  %s ", a, b);
    assert_int_equal(lk_command_keys_load(both, &keys, why), 0);
    assert_int_equal(lk_command_keys_count(keys), 2);
    assert_int_equal(try_kid(keys, "old"), LK_REASON_NONE);
    assert_int_equal(try_kid(keys, "new"), LK_REASON_NONE);
    (void)lk_command_keys_free(keys);
    (void)unlink(a);
    (void)unlink(b);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    char good[512], twice[1200], mine[600], pem384[512], used[600];
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    token_jwk(key, "k1", "", good, sizeof(good));
    token_jwk(key, "k1", ",\"d\":\"AAAA\"", mine, sizeof(mine));
    token_jwk(key, "k1", ",\"use\":\"enc\"", used, sizeof(used));
    (void)snprintf(twice, sizeof(twice), "{\"keys\":[%s,%s]}", good, good);
    public_pem(p384, pem384, sizeof(pem384));
    EVP_PKEY_free(p384);
    const struct {
        const char *name, *text, *want;
    } rows[] = {
        {"a.json", "", "neither JSON nor PEM"},
        {"a.json", "nonsense", "neither JSON nor PEM"},
        {"a.json", "[]", "neither JSON nor PEM"},
        {"a.json", "{}", "not an EC key"},
        {"a.json", "{\"keys\":[]}", "without keys"},
        {"a.json", "{\"keys\":5}", "without keys"},
        {"a.json", "{\"kty\":\"RSA\",\"kid\":\"k\"}", "not an EC key"},
        {"a.json", "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"k\"}", "not an EC key"},
        {"a.json", "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\",\"kid\":\"k\"}", "not an EC key"},
        {"a.json", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\"}", "no x and y"},
        {"a.json", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\",\"kid\":\"k\"}", "no point of P-256"},
        {"a.json", mine, "private key"},
        {"a.json", used, "not a key for ES256"},
        {"a.json", twice, "another key has already"},
        {"a.pem", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "private key"},
        {"a.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not a PEM public key"},
        {"a.pem", pem384, "not an EC key"},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        struct lk_command_keys *keys = NULL;
        char why[LK_COMMAND_WHY_MAX];
        int r = load(rows[i].name, rows[i].text, &keys, why);
        if (r != -EINVAL || keys || !strstr(why, rows[i].want)) {
            fail_msg("%s: %d \"%s\" instead of \"%s\"", rows[i].text, r, why, rows[i].want);
        }
    }
}

static void names_what_cannot_be_read(void **state)
{
    (void)state;
    struct lk_command_keys *keys = NULL;
    char why[LK_COMMAND_WHY_MAX] = "";
    assert_int_equal(lk_command_keys_load("/nonexistent/keys.json", &keys, why), -ENOENT);
    assert_non_null(strstr(why, "/nonexistent/keys.json"));
    assert_int_equal(lk_command_keys_load("   ", &keys, why), -EINVAL);
    assert_null(lk_command_keys_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_single_jwk_and_a_pem),
        cmocka_unit_test(reads_several_files),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(names_what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
