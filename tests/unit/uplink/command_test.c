/*
 * Law 7 at the door: what may get in, and 80 odd ways of trying that must not.
 */
#include "check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "token.h"
#include "uplink/command_verify.h"

#include <openssl/ec.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER         "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"JWT\"}"
#define IDENTITY       "\"iss\":\"upstream\",\"aud\":\"yulin/hall-1\",\"jti\":\"j-1\""
#define TIMES          "\"iat\":1790000000,\"exp\":1790000060"
#define CLAIMS(rest)   "{" IDENTITY "," TIMES "," rest "}"
#define STATUS         "\"cmd\":\"status.get\",\"args\":{}"
#define ANNOUNCE(args) CLAIMS("\"cmd\":\"item.announce\",\"args\":{" args "}")

enum { NOW_S = 1790000005 };

static EVP_PKEY *key, *stranger, *p384;
static char jwk_text[512];
static struct lk_command_keys *keys;

static struct lk_command_context context_of(void)
{
    return (struct lk_command_context){
        .site = {"yulin", "hall-1"}, .now_wall_s = NOW_S, .quality = LK_CLOCK_SYNCED, .retained = false};
}

static enum lk_reason verify_token(const char *token, struct lk_command *command)
{
    char why[LK_COMMAND_WHY_MAX];
    struct lk_command_context context = context_of();
    enum lk_reason reason = lk_command_verify(keys, &context, token, strlen(token), command, why);
    assert_true((reason == LK_REASON_NONE) == (why[0] == '\0'));
    return reason;
}

static enum lk_reason verify(const char *header, const char *payload, struct lk_command *command)
{
    static char token[TOKEN_MOST];
    token_sign(key, header, payload, token);
    return verify_token(token, command);
}

static int set_up(void **state)
{
    (void)state;
    char folder[] = "/tmp/command-test-XXXXXX", path[128], set[1200], why[LK_COMMAND_WHY_MAX];
    char second[512];
    assert_non_null(mkdtemp(folder));
    key = token_new_key();
    stranger = token_new_key();
    p384 = EVP_EC_gen("P-384");
    token_jwk(key, "k1", "", jwk_text, sizeof(jwk_text));
    EVP_PKEY *other = token_new_key();
    token_jwk(other, "k2", "", second, sizeof(second));
    EVP_PKEY_free(other);
    (void)snprintf(set, sizeof(set), "{\"keys\":[%s,%s]}", jwk_text, second);
    token_write_file(folder, "set.json", set, path, sizeof(path));
    assert_int_equal(lk_command_keys_load(path, &keys, why), 0);
    assert_int_equal(lk_command_keys_count(keys), 2);
    (void)unlink(path);
    (void)rmdir(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keys = lk_command_keys_free(keys);
    EVP_PKEY_free(key);
    EVP_PKEY_free(stranger);
    EVP_PKEY_free(p384);
    return 0;
}

static void reads_an_announcement(void **state)
{
    (void)state;
    struct lk_command c;
    char token[TOKEN_MOST];
    uint8_t digest[32];
    token_sign(key, HEADER,
               ANNOUNCE("\"item_id\":\"case-1\",\"channel\":\"window\",\"size\":\"L\",\"code\":\"48201957\","
                        "\"token\":\"q7Jx2mVb9sTfYw4LkR8dPz\",\"phone_tail\":\"4821\",\"low_reach\":true"),
               token);
    assert_int_equal(verify_token(token, &c), LK_REASON_NONE);
    assert_int_equal(c.kind, LK_CMD_ITEM_ANNOUNCE);
    assert_string_equal(c.jti, "j-1");
    assert_string_equal(c.issuer, "upstream");
    assert_string_equal(c.item.id, "case-1");
    assert_int_equal(c.item.channel, LK_CHANNEL_WINDOW);
    assert_int_equal(c.item.size, LK_SIZE_L);
    assert_int_equal(c.item.door, LK_NO_DOOR);
    assert_true(c.item.low_reach);
    assert_string_equal(c.item.phone_tail, "4821");
    assert_string_equal(c.code, "48201957");
    assert_string_equal(c.token, "q7Jx2mVb9sTfYw4LkR8dPz");
    assert_int_equal(c.door, LK_NO_DOOR);
    (void)SHA256((const unsigned char *)token, strlen(token), digest);
    assert_memory_equal(c.digest, digest, sizeof(digest));
}

static void reads_the_other_commands(void **state)
{
    (void)state;
    struct lk_command c;
    assert_int_equal(verify(HEADER, ANNOUNCE("\"item_id\":\"case-1\""), &c), LK_REASON_NONE);
    assert_true(c.item.channel == LK_CHANNEL_LOCKER && c.item.size == LK_SIZE_S && c.code[0] == '\0');
    assert_int_equal(verify(HEADER, CLAIMS("\"cmd\":\"item.cancel\",\"args\":{\"item_id\":\"case-2\"}"), &c),
                     LK_REASON_NONE);
    assert_int_equal(c.kind, LK_CMD_ITEM_CANCEL);
    assert_string_equal(c.item.id, "case-2");
    assert_int_equal(verify(HEADER, CLAIMS("\"cmd\":\"compartment.open\",\"args\":{\"compartment\":\"A07\"}"), &c),
                     LK_REASON_NONE);
    assert_int_equal(c.kind, LK_CMD_COMPARTMENT_OPEN);
    assert_string_equal(c.compartment, "A07");
    assert_int_equal(verify(HEADER, CLAIMS(STATUS), &c), LK_REASON_NONE);
    assert_int_equal(c.kind, LK_CMD_STATUS_GET);
    assert_int_equal(verify(HEADER, CLAIMS("\"cmd\":\"status.get\""), &c), LK_REASON_NONE);
    assert_int_equal(verify("{\"kid\":\"k1\",\"alg\":\"ES256\"}", CLAIMS(STATUS), &c), LK_REASON_NONE);
}

struct hostile {
    const char *name, *header, *payload;
    enum lk_reason reason;
    const char *jti; /* what may be told of it */
};

#define J "j-1"

static const struct hostile hostiles[] = {
    /* headers */
    {"alg none", "{\"alg\":\"none\",\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"alg None", "{\"alg\":\"None\",\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"alg HS256", "{\"alg\":\"HS256\",\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"alg ES384", "{\"alg\":\"ES384\",\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"alg es256", "{\"alg\":\"es256\",\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"alg a list", "{\"alg\":[\"ES256\"],\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"no alg", "{\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"alg twice", "{\"alg\":\"ES256\",\"alg\":\"none\",\"kid\":\"k1\"}", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"unknown kid", "{\"alg\":\"ES256\",\"kid\":\"k9\"}", CLAIMS(STATUS), LK_REASON_UNKNOWN_KEY, ""},
    {"no kid", "{\"alg\":\"ES256\"}", CLAIMS(STATUS), LK_REASON_UNKNOWN_KEY, ""},
    {"kid a number", "{\"alg\":\"ES256\",\"kid\":1}", CLAIMS(STATUS), LK_REASON_UNKNOWN_KEY, ""},
    {"kid of another key", "{\"alg\":\"ES256\",\"kid\":\"k2\"}", CLAIMS(STATUS), LK_REASON_BAD_SIGNATURE, ""},
    {"kid a path", "{\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}", CLAIMS(STATUS), LK_REASON_UNKNOWN_KEY, ""},
    {"crit", "{\"alg\":\"ES256\",\"kid\":\"k1\",\"crit\":[\"exp\"]}", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"jku", "{\"alg\":\"ES256\",\"kid\":\"k1\",\"jku\":\"http://x/\"}", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"x5u", "{\"alg\":\"ES256\",\"kid\":\"k1\",\"x5u\":\"http://x/\"}", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"b64 false", "{\"alg\":\"ES256\",\"kid\":\"k1\",\"b64\":false}", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"typ a number", "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":7}", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"header a list", "[\"ES256\",\"k1\"]", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"header no JSON", "ES256", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    {"header deep", "{\"alg\":\"ES256\",\"kid\":[[[[[[[[[[]]]]]]]]]]}", CLAIMS(STATUS), LK_REASON_MALFORMED, ""},
    /* payloads as a whole */
    {"payload a list", HEADER, "[1,2]", LK_REASON_MALFORMED, ""},
    {"payload a text", HEADER, "\"open\"", LK_REASON_MALFORMED, ""},
    {"payload no JSON", HEADER, "open sesame", LK_REASON_MALFORMED, ""},
    {"payload cut", HEADER, "{" IDENTITY "," TIMES "," STATUS, LK_REASON_MALFORMED, ""},
    {"payload with a tail", HEADER, CLAIMS(STATUS) "{}", LK_REASON_MALFORMED, ""},
    {"payload not UTF-8", HEADER, "{\"iss\":\"\xff\"," TIMES "," STATUS "}", LK_REASON_MALFORMED, ""},
    {"payload with a NUL escaped", HEADER, CLAIMS("\"cmd\":\"status.get\\u0000x\""), LK_REASON_MALFORMED, ""},
    {"jti twice", HEADER, CLAIMS("\"jti\":\"j-2\"," STATUS), LK_REASON_MALFORMED, ""},
    {"args twice", HEADER, CLAIMS(STATUS ",\"args\":{}"), LK_REASON_MALFORMED, ""},
    {"arg twice", HEADER, ANNOUNCE("\"item_id\":\"a\",\"item_id\":\"b\""), LK_REASON_MALFORMED, ""},
    {"deep", HEADER, CLAIMS("\"cmd\":\"status.get\",\"args\":{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]}"), LK_REASON_MALFORMED,
     ""},
    {"an unknown claim", HEADER, CLAIMS(STATUS ",\"nbf\":1"), LK_REASON_MALFORMED, J},
    {"admin claim", HEADER, CLAIMS(STATUS ",\"role\":\"admin\""), LK_REASON_MALFORMED, J},
    /* who and whom */
    {"no jti", HEADER, "{\"iss\":\"u\",\"aud\":\"yulin/hall-1\"," TIMES "," STATUS "}", LK_REASON_MALFORMED, ""},
    {"jti empty", HEADER, "{\"iss\":\"u\",\"aud\":\"yulin/hall-1\",\"jti\":\"\"," TIMES "," STATUS "}",
     LK_REASON_MALFORMED, ""},
    {"jti a number", HEADER, "{\"iss\":\"u\",\"aud\":\"yulin/hall-1\",\"jti\":5," TIMES "," STATUS "}",
     LK_REASON_MALFORMED, ""},
    {"jti with a quote", HEADER, "{\"iss\":\"u\",\"aud\":\"yulin/hall-1\",\"jti\":\"a\\\"b\"," TIMES "," STATUS "}",
     LK_REASON_MALFORMED, ""},
    {"jti too long", HEADER,
     "{\"iss\":\"u\",\"aud\":\"yulin/hall-1\",\"jti\":\"0123456789012345678901234567890123456789012345678901234567890"
     "1234\"," TIMES "," STATUS "}",
     LK_REASON_MALFORMED, ""},
    {"no iss", HEADER, "{\"aud\":\"yulin/hall-1\",\"jti\":\"j-1\"," TIMES "," STATUS "}", LK_REASON_MALFORMED, J},
    {"iss a list", HEADER, "{\"iss\":[],\"aud\":\"yulin/hall-1\",\"jti\":\"j-1\"," TIMES "," STATUS "}",
     LK_REASON_MALFORMED, J},
    {"no aud", HEADER, "{\"iss\":\"u\",\"jti\":\"j-1\"," TIMES "," STATUS "}", LK_REASON_MALFORMED, J},
    {"aud a list", HEADER, "{\"iss\":\"u\",\"aud\":[\"yulin/hall-1\"],\"jti\":\"j-1\"," TIMES "," STATUS "}",
     LK_REASON_MALFORMED, J},
    {"another site", HEADER, "{\"iss\":\"u\",\"aud\":\"yulin/hall-2\",\"jti\":\"j-1\"," TIMES "," STATUS "}",
     LK_REASON_WRONG_AUDIENCE, J},
    {"another operator", HEADER, "{\"iss\":\"u\",\"aud\":\"york/hall-1\",\"jti\":\"j-1\"," TIMES "," STATUS "}",
     LK_REASON_WRONG_AUDIENCE, J},
    {"all sites", HEADER, "{\"iss\":\"u\",\"aud\":\"yulin/+\",\"jti\":\"j-1\"," TIMES "," STATUS "}",
     LK_REASON_WRONG_AUDIENCE, J},
    {"a longer site", HEADER, "{\"iss\":\"u\",\"aud\":\"yulin/hall-10\",\"jti\":\"j-1\"," TIMES "," STATUS "}",
     LK_REASON_WRONG_AUDIENCE, J},
    {"aud empty", HEADER, "{\"iss\":\"u\",\"aud\":\"\",\"jti\":\"j-1\"," TIMES "," STATUS "}", LK_REASON_WRONG_AUDIENCE,
     J},
    /* when */
    {"no exp", HEADER, "{" IDENTITY ",\"iat\":1790000000," STATUS "}", LK_REASON_MALFORMED, J},
    {"no iat", HEADER, "{" IDENTITY ",\"exp\":1790000060," STATUS "}", LK_REASON_MALFORMED, J},
    {"exp a text", HEADER, "{" IDENTITY ",\"iat\":1790000000,\"exp\":\"1790000060\"," STATUS "}", LK_REASON_MALFORMED,
     J},
    {"exp a fraction", HEADER, "{" IDENTITY ",\"iat\":1790000000,\"exp\":1790000060.5," STATUS "}", LK_REASON_MALFORMED,
     J},
    {"exp huge", HEADER, "{" IDENTITY ",\"iat\":1790000000,\"exp\":9223372036854775807," STATUS "}",
     LK_REASON_MALFORMED, J},
    {"iat negative", HEADER, "{" IDENTITY ",\"iat\":-9223372036854775807,\"exp\":1790000060," STATUS "}",
     LK_REASON_MALFORMED, J},
    {"beyond any integer", HEADER, "{" IDENTITY ",\"iat\":1790000000,\"exp\":99999999999999999999," STATUS "}",
     LK_REASON_MALFORMED, ""},
    {"exp before iat", HEADER, "{" IDENTITY ",\"iat\":1790000060,\"exp\":1790000010," STATUS "}", LK_REASON_MALFORMED,
     J},
    {"expired", HEADER, "{" IDENTITY ",\"iat\":1789999900,\"exp\":1790000000," STATUS "}", LK_REASON_EXPIRED, J},
    {"expired this second", HEADER, "{" IDENTITY ",\"iat\":1789999990,\"exp\":1790000005," STATUS "}",
     LK_REASON_EXPIRED, J},
    {"valid for 121 s", HEADER, "{" IDENTITY ",\"iat\":1790000000,\"exp\":1790000121," STATUS "}",
     LK_REASON_LIFETIME_TOO_LONG, J},
    {"valid for years", HEADER, "{" IDENTITY ",\"iat\":1790000000,\"exp\":1990000000," STATUS "}",
     LK_REASON_LIFETIME_TOO_LONG, J},
    {"from the future", HEADER, "{" IDENTITY ",\"iat\":1790000036,\"exp\":1790000060," STATUS "}",
     LK_REASON_NOT_YET_VALID, J},
    {"from the far future", HEADER, "{" IDENTITY ",\"iat\":1990000000,\"exp\":1990000060," STATUS "}",
     LK_REASON_NOT_YET_VALID, J},
    /* what */
    {"no cmd", HEADER, CLAIMS("\"args\":{}"), LK_REASON_UNKNOWN_COMMAND, J},
    {"cmd a number", HEADER, CLAIMS("\"cmd\":1,\"args\":{}"), LK_REASON_UNKNOWN_COMMAND, J},
    {"open everything", HEADER, CLAIMS("\"cmd\":\"compartment.open_all\",\"args\":{}"), LK_REASON_UNKNOWN_COMMAND, J},
    {"cmd in capitals", HEADER, CLAIMS("\"cmd\":\"STATUS.GET\",\"args\":{}"), LK_REASON_UNKNOWN_COMMAND, J},
    {"args a list", HEADER, CLAIMS("\"cmd\":\"status.get\",\"args\":[]"), LK_REASON_BAD_ARGUMENT, J},
    {"args null", HEADER, CLAIMS("\"cmd\":\"status.get\",\"args\":null"), LK_REASON_BAD_ARGUMENT, J},
    {"arg of another command", HEADER,
     CLAIMS("\"cmd\":\"item.cancel\",\"args\":{\"item_id\":\"a\",\"code\":\"12345678\"}"), LK_REASON_BAD_ARGUMENT, J},
    {"unknown arg", HEADER, ANNOUNCE("\"item_id\":\"a\",\"id_number\":\"110101\""), LK_REASON_BAD_ARGUMENT, J},
    {"no item_id", HEADER, ANNOUNCE("\"size\":\"S\""), LK_REASON_BAD_ARGUMENT, J},
    {"item_id empty", HEADER, ANNOUNCE("\"item_id\":\"\""), LK_REASON_BAD_ARGUMENT, J},
    {"item_id a number", HEADER, ANNOUNCE("\"item_id\":5"), LK_REASON_BAD_ARGUMENT, J},
    {"item_id with SQL", HEADER, ANNOUNCE("\"item_id\":\"a'; DROP TABLE item;--\""), LK_REASON_BAD_ARGUMENT, J},
    {"item_id too long", HEADER,
     ANNOUNCE("\"item_id\":\"01234567890123456789012345678901234567890123456789012345678901234\""),
     LK_REASON_BAD_ARGUMENT, J},
    {"channel unknown", HEADER, ANNOUNCE("\"item_id\":\"a\",\"channel\":\"drone\""), LK_REASON_BAD_ARGUMENT, J},
    {"size unknown", HEADER, ANNOUNCE("\"item_id\":\"a\",\"size\":\"XXL\""), LK_REASON_BAD_ARGUMENT, J},
    {"code a number", HEADER, ANNOUNCE("\"item_id\":\"a\",\"code\":12345678"), LK_REASON_BAD_ARGUMENT, J},
    {"code too short", HEADER, ANNOUNCE("\"item_id\":\"a\",\"code\":\"12345\""), LK_REASON_BAD_ARGUMENT, J},
    {"code too long", HEADER, ANNOUNCE("\"item_id\":\"a\",\"code\":\"12345678901234567\""), LK_REASON_BAD_ARGUMENT, J},
    {"code with letters", HEADER, ANNOUNCE("\"item_id\":\"a\",\"code\":\"1234567O\""), LK_REASON_BAD_ARGUMENT, J},
    {"code empty", HEADER, ANNOUNCE("\"item_id\":\"a\",\"code\":\"\""), LK_REASON_BAD_ARGUMENT, J},
    {"token too short", HEADER, ANNOUNCE("\"item_id\":\"a\",\"token\":\"123456789012345678901\""),
     LK_REASON_BAD_ARGUMENT, J},
    {"token with a blank", HEADER, ANNOUNCE("\"item_id\":\"a\",\"token\":\"1234567890 123456789012\""),
     LK_REASON_BAD_ARGUMENT, J},
    {"token not ASCII", HEADER,
     ANNOUNCE("\"item_id\":\"a\",\"token\":\"\xe6\x96\x87"
              "1234567890123456789012\""),
     LK_REASON_BAD_ARGUMENT, J},
    {"whole phone number", HEADER, ANNOUNCE("\"item_id\":\"a\",\"phone_tail\":\"13800138000\""), LK_REASON_BAD_ARGUMENT,
     J},
    {"low_reach a text", HEADER, ANNOUNCE("\"item_id\":\"a\",\"low_reach\":\"yes\""), LK_REASON_BAD_ARGUMENT, J},
    {"no compartment", HEADER, CLAIMS("\"cmd\":\"compartment.open\",\"args\":{}"), LK_REASON_BAD_ARGUMENT, J},
    {"all compartments", HEADER, CLAIMS("\"cmd\":\"compartment.open\",\"args\":{\"compartment\":\"*\"}"),
     LK_REASON_BAD_ARGUMENT, J},
    {"list of compartments", HEADER,
     CLAIMS("\"cmd\":\"compartment.open\",\"args\":{\"compartment\":[\"A01\",\"A02\"]}"), LK_REASON_BAD_ARGUMENT, J},
    {"compartment too long", HEADER, CLAIMS("\"cmd\":\"compartment.open\",\"args\":{\"compartment\":\"ABCDE123\"}"),
     LK_REASON_BAD_ARGUMENT, J},
    {"status with args", HEADER, CLAIMS("\"cmd\":\"status.get\",\"args\":{\"verbose\":true}"), LK_REASON_BAD_ARGUMENT,
     J},
};

/* A refused command leaves nothing to act upon. */
static void assert_empty_but_identity(const struct lk_command *c, const char *name, const char *jti)
{
    struct lk_command empty;
    memset(&empty, 0, sizeof(empty));
    empty.door = LK_NO_DOOR;
    empty.item.door = LK_NO_DOOR;
    memcpy(empty.jti, c->jti, sizeof(empty.jti));
    memcpy(empty.issuer, c->issuer, sizeof(empty.issuer));
    memcpy(empty.digest, c->digest, sizeof(empty.digest));
    if (strcmp(c->jti, jti) != 0) {
        fail_msg("%s: tells jti \"%s\"", name, c->jti);
    }
    if (memcmp(c, &empty, sizeof(empty)) != 0) {
        fail_msg("%s: leaves something in the command", name);
    }
}

static void refuses_hostile_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(hostiles); i++) {
        const struct hostile *h = &hostiles[i];
        struct lk_command c;
        enum lk_reason reason = verify(h->header, h->payload, &c);
        if (reason != h->reason) {
            fail_msg("%s: %s instead of %s", h->name, lk_reason_name(reason), lk_reason_name(h->reason));
        }
        assert_empty_but_identity(&c, h->name, h->jti);
    }
    print_message("%zu hostile tokens refused\n", LK_ARRAY_SIZE(hostiles));
}

static void refuses_forged_signatures(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    struct lk_command c;
    token_sign(stranger, HEADER, CLAIMS(STATUS), token);
    assert_int_equal(verify_token(token, &c), LK_REASON_BAD_SIGNATURE);
    assert_empty_but_identity(&c, "stranger", "");
    /* The public key as an HMAC secret: with a header that says so, and with one that lies. */
    token_sign_hmac(jwk_text, "{\"alg\":\"HS256\",\"kid\":\"k1\"}", CLAIMS(STATUS), token);
    assert_int_equal(verify_token(token, &c), LK_REASON_BAD_SIGNATURE);
    token_sign_hmac(jwk_text, HEADER, CLAIMS(STATUS), token);
    assert_int_equal(verify_token(token, &c), LK_REASON_BAD_SIGNATURE);
    /* A key of the attacker's own in the header. */
    char header[1024], jwk[512];
    token_jwk(stranger, "k1", "", jwk, sizeof(jwk));
    (void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"k1\",\"jwk\":%s}", jwk);
    token_sign(stranger, header, CLAIMS(STATUS), token);
    assert_int_equal(verify_token(token, &c), LK_REASON_MALFORMED);
    /* All zeros, the "psychic" signature. */
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    memset(strrchr(token, '.') + 1, 'A', 86);
    assert_int_equal(verify_token(token, &c), LK_REASON_BAD_SIGNATURE);
}

static void any_changed_byte_is_found(void **state)
{
    (void)state;
    static char token[TOKEN_MOST], changed[TOKEN_MOST];
    struct lk_command c;
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    size_t len = strlen(token);
    for (size_t i = 0; i < len - 1; i++) { /* the last character carries four bits that mean nothing */
        memcpy(changed, token, len + 1);
        changed[i] = token[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify_token(changed, &c), LK_REASON_NONE);
        assert_string_equal(c.jti, "");
    }
}

static void any_truncation_is_found(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    struct lk_command_context context = context_of();
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    for (size_t len = 0; len < strlen(token); len++) {
        char *exact = malloc(len + 1); /* so that a read beyond the end is seen by the sanitizer */
        memcpy(exact, token, len);
        assert_int_not_equal(lk_command_verify(keys, &context, exact, len, &c, why), LK_REASON_NONE);
        free(exact);
    }
}

static void refuses_what_is_no_token(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b",
        "....",
        "{}",
        "{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\"}",
        "e30.e30.",
        "e30..e30",
        ".e30.e30",
        "e30=.e30=.e30=",
        "e30.e30.e30\n",
        " e30.e30.e30",
        "e+0.e/0.e30",
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        struct lk_command c;
        assert_int_equal(verify_token(rows[i], &c), LK_REASON_MALFORMED);
    }
    /* Five parts, as in JWE; a good token with something behind it. */
    static char token[TOKEN_MOST];
    struct lk_command c;
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    strcat(token, ".e30.e30");
    assert_int_equal(verify_token(token, &c), LK_REASON_MALFORMED);
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    strcat(token, "\n");
    assert_int_equal(verify_token(token, &c), LK_REASON_MALFORMED);
}

static void refuses_oversize_before_looking(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    static char payload[20000];
    struct lk_command c;
    struct lk_text t = lk_text_init(payload, sizeof(payload));
    lk_text_add(&t, "{" IDENTITY "," TIMES ",\"cmd\":\"status.get\"");
    while (t.len < 13000) {
        lk_text_add(&t, "          ");
    }
    lk_text_add(&t, "}");
    token_sign(key, HEADER, payload, token);
    assert_true(strlen(token) > LK_COMMAND_TOKEN_MAX);
    assert_int_equal(verify_token(token, &c), LK_REASON_OVERSIZE);
    /* Just below the limit it is a token like others. */
    memmove(payload + 11900, payload + t.len - 1, 2);
    token_sign(key, HEADER, payload, token);
    assert_true(strlen(token) <= LK_COMMAND_TOKEN_MAX);
    assert_int_equal(verify_token(token, &c), LK_REASON_NONE);
}

static void refuses_retained_before_anything(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    struct lk_command_context context = context_of();
    context.retained = true;
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    assert_int_equal(lk_command_verify(keys, &context, token, strlen(token), &c, why), LK_REASON_RETAINED);
    assert_empty_but_identity(&c, "retained", "");
    assert_int_equal(lk_command_verify(keys, &context, "x", 1, &c, why), LK_REASON_RETAINED);
}

static void without_a_clock_nothing_is_obeyed(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    struct lk_command_context context = context_of();
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    context.quality = LK_CLOCK_UNSYNCED;
    assert_int_equal(lk_command_verify(keys, &context, token, strlen(token), &c, why), LK_REASON_CLOCK_UNSYNCED);
    assert_empty_but_identity(&c, "unsynced", "j-1");
    context.quality = LK_CLOCK_RTC;
    assert_int_equal(lk_command_verify(keys, &context, token, strlen(token), &c, why), LK_REASON_NONE);
}

static void edges_of_time(void **state)
{
    (void)state;
    struct lk_command c;
    assert_int_equal(verify(HEADER, "{" IDENTITY ",\"iat\":1790000035,\"exp\":1790000155," STATUS "}", &c),
                     LK_REASON_NONE); /* 30 s ahead, 120 s long */
    assert_int_equal(verify(HEADER, "{" IDENTITY ",\"iat\":1789999886,\"exp\":1790000006," STATUS "}", &c),
                     LK_REASON_NONE); /* its last second */
}

static void without_keys_nothing_is_obeyed(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    struct lk_command_context context = context_of();
    token_sign(key, HEADER, CLAIMS(STATUS), token);
    assert_int_equal(lk_command_verify(NULL, &context, token, strlen(token), &c, why), LK_REASON_UNKNOWN_KEY);
}

static void random_bytes_never_get_in(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    uint64_t random = 88172645463325252u;
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    struct lk_command_context context = context_of();
    for (int i = 0; i < 20000; i++) {
        size_t len = 0;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for (size_t n = random % 300; len < n; len++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            token[len] = (random >> 60) == 0 ? '.' : (char)(random >> 33);
        }
        assert_int_not_equal(lk_command_verify(keys, &context, token, len, &c, why), LK_REASON_NONE);
    }
}

static void why_never_tells_a_secret(void **state)
{
    (void)state;
    static char token[TOKEN_MOST];
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    struct lk_command_context context = context_of();
    token_sign(key, HEADER, ANNOUNCE("\"item_id\":\"a\",\"code\":\"4820195x\",\"token\":\"SECRET\""), token);
    assert_int_equal(lk_command_verify(keys, &context, token, strlen(token), &c, why), LK_REASON_BAD_ARGUMENT);
    assert_null(strstr(why, "4820195"));
    assert_null(strstr(why, "SECRET"));
    assert_non_null(strstr(why, "code"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_announcement),
        cmocka_unit_test(reads_the_other_commands),
        cmocka_unit_test(refuses_hostile_tokens),
        cmocka_unit_test(refuses_forged_signatures),
        cmocka_unit_test(any_changed_byte_is_found),
        cmocka_unit_test(any_truncation_is_found),
        cmocka_unit_test(refuses_what_is_no_token),
        cmocka_unit_test(refuses_oversize_before_looking),
        cmocka_unit_test(refuses_retained_before_anything),
        cmocka_unit_test(without_a_clock_nothing_is_obeyed),
        cmocka_unit_test(edges_of_time),
        cmocka_unit_test(without_keys_nothing_is_obeyed),
        cmocka_unit_test(random_bytes_never_get_in),
        cmocka_unit_test(why_never_tells_a_secret),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
