#include "uplink/seal.h"

#include "base/cleanup.h"
#include "command_keys.h"
#include "uplink/envelope.h"

#include <errno.h>
#include <jose/b64.h>
#include <jose/jwe.h>
#include <jose/jwk.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN_MAX = 640, CEK = 32, Z_MAX = 32 };

struct lk_seal_key {
    struct lk_command_keys *keys; /* exactly one */
};

static void decrefp(json_t **json)
{
    json_decref(*json);
}

static void kdf_freep(EVP_KDF **kdf)
{
    EVP_KDF_free(*kdf);
}

static void kdf_ctx_freep(EVP_KDF_CTX **ctx)
{
    EVP_KDF_CTX_free(*ctx);
}

int lk_seal_key_load(const char *file, struct lk_seal_key **ret_key, char *why)
{
    static const struct lk_key_purpose sealing = {"enc", "ECDH-ES", "not a key for encryption with ECDH-ES"};
    struct lk_seal_key *key = calloc(1, sizeof(*key));
    if (!key) {
        return -ENOMEM;
    }
    int r = lk_public_keys_load(&sealing, file, &key->keys, why);
    if (r == 0 && key->keys->count != 1) {
        struct lk_text t = lk_text_init(why, LK_COMMAND_WHY_MAX);
        lk_text_addf(&t, "%s: more than one key; it has to be one", file);
        r = -EINVAL;
    }
    if (r < 0) {
        (void)lk_seal_key_free(key);
        return r;
    }
    (void)json_object_del(key->keys->key[0].jwk, "alg"); /* libjose compares it with its own word for the exchange */
    *ret_key = key;
    return 0;
}

struct lk_seal_key *lk_seal_key_free(struct lk_seal_key *key)
{
    if (key) {
        (void)lk_command_keys_free(key->keys);
        free(key);
    }
    return NULL;
}

const char *lk_seal_key_id(const struct lk_seal_key *key)
{
    return key->keys->key[0].kid;
}

/* RFC 7518, section 4.6.2: Concat KDF of SP 800-56A with SHA-256, without party information; it is what OpenSSL calls
 * SSKDF. */
static bool derive(const uint8_t *z, size_t z_len, uint8_t ret_cek[CEK])
{
    static uint8_t info[] = {0, 0, 0, 7, 'A', '2', '5', '6', 'G', 'C', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    static char sha256[] = "SHA256";
    LK_CLEANUP(kdf_freep) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SSKDF", NULL);
    LK_CLEANUP(kdf_ctx_freep) EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)z, z_len),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof(info)),
                           OSSL_PARAM_construct_end()};
    return ctx && EVP_KDF_derive(ctx, ret_cek, CEK, params) == 1;
}

/* The key both sides come to: of our key for this once, and theirs. NULL when OpenSSL would not. */
static json_t *agree(const json_t *epk, const json_t *theirs)
{
    uint8_t z[Z_MAX], cek[CEK];
    LK_CLEANUP(decrefp) json_t *point = jose_jwk_exc(NULL, epk, theirs);
    size_t len = point ? jose_b64_dec(json_object_get(point, "x"), z, sizeof(z)) : 0;
    json_t *key = NULL;
    if (len == sizeof(z) && derive(z, len, cek)) {
        key = json_pack("{s:s, s:s, s:o}", "kty", "oct", "alg", "A256GCM", "k", jose_b64_enc(cek, sizeof(cek)));
    }
    explicit_bzero(z, sizeof(z));
    explicit_bzero(cek, sizeof(cek));
    return key;
}

static json_t *new_epk(void)
{
    json_t *epk = json_pack("{s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "alg", "ECDH");
    if (epk && !jose_jwk_gen(NULL, epk)) {
        json_decref(epk);
        epk = NULL;
    }
    return epk;
}

static void write_plain(struct lk_text *t, const struct lk_seal_secret *s)
{
    const struct {
        const char *key, *value;
    } rows[] = {{"site", s->site}, {"item_id", s->item_id}, {"holder", s->holder},
                {"jti", s->jti},   {"code", s->code},       {"token", s->token}};
    lk_text_addf(t, "{\"iat\":%lld", s->iat);
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (rows[i].value[0] != '\0') {
            lk_text_addf(t, ",\"%s\":", rows[i].key);
            lk_envelope_string(t, rows[i].value);
        }
    }
    lk_text_add(t, "}");
}

/* protected..iv.ciphertext.tag: with direct key agreement there is no encrypted key between the dots. */
static int add_compact(struct lk_text *ret, const json_t *jwe)
{
    static const char *const parts[] = {"protected", "", "iv", "ciphertext", "tag"};
    for (size_t i = 0; i < LK_ARRAY_SIZE(parts); i++) {
        const char *part = parts[i][0] ? json_string_value(json_object_get(jwe, parts[i])) : "";
        if (!part) {
            return -EIO;
        }
        lk_text_addf(ret, i > 0 ? ".%s" : "%s", part);
    }
    return ret->truncated ? -ENOSPC : 0;
}

int lk_seal(const struct lk_seal_key *key, const struct lk_seal_secret *secret, struct lk_text *ret)
{
    char plain[PLAIN_MAX];
    struct lk_text t = lk_text_init(plain, sizeof(plain));
    LK_CLEANUP(decrefp) json_t *epk = new_epk();
    LK_CLEANUP(decrefp) json_t *cek = epk ? agree(epk, key->keys->key[0].jwk) : NULL;
    LK_CLEANUP(decrefp)
    json_t *jwe = cek ? json_pack("{s:{s:s, s:s, s:s, s:{s:s, s:s, s:O, s:O}}}", "protected", "alg", "ECDH-ES", "enc",
                                  "A256GCM", "kid", lk_seal_key_id(key), "epk", "kty", "EC", "crv", "P-256", "x",
                                  json_object_get(epk, "x"), "y", json_object_get(epk, "y"))
                      : NULL;
    write_plain(&t, secret);
    bool sealed = jwe && !t.truncated && jose_jwe_enc_cek(NULL, jwe, cek, t.buf, t.len);
    int r = t.truncated ? -ENOSPC : sealed ? add_compact(ret, jwe) : -EIO;
    explicit_bzero(plain, sizeof(plain));
    return r;
}
