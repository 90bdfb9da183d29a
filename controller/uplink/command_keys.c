#include "command_keys.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FILE_MAX = 65536, KEY_PATH_MAX = 4096 };

static int fault(char *why, const char *file, const char *text)
{
    struct lk_text t = lk_text_init(why, LK_COMMAND_WHY_MAX);
    lk_text_addf(&t, "%s: %s", file, text);
    return -EINVAL;
}

const json_t *lk_command_key_find(const struct lk_command_keys *keys, const char *kid)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->key[i].kid, kid) == 0) {
            return keys->key[i].jwk;
        }
    }
    return NULL;
}

size_t lk_command_keys_count(const struct lk_command_keys *keys)
{
    return keys->count;
}

struct lk_command_keys *lk_command_keys_free(struct lk_command_keys *keys)
{
    if (keys) {
        for (size_t i = 0; i < keys->count; i++) {
            json_decref(keys->key[i].jwk);
        }
        free(keys);
    }
    return NULL;
}

static bool says(const json_t *object, const char *key, const char *value)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, value) == 0;
}

static bool absent_or(const json_t *object, const char *key, const char *value)
{
    return !json_object_get(object, key) || says(object, key, value);
}

/* OpenSSL checks that the point is on the curve. */
static bool is_usable(json_t *jwk)
{
    EVP_PKEY *key = jose_openssl_jwk_to_EVP_PKEY(NULL, jwk);
    EVP_PKEY_free(key);
    return key != NULL;
}

static const char *check_jwk(const struct lk_key_purpose *purpose, const json_t *jwk)
{
    if (json_object_get(jwk, "d")) {
        return "holds a private key; give only the public one to this machine";
    }
    if (!says(jwk, "kty", "EC") || !says(jwk, "crv", "P-256")) {
        return "not an EC key on P-256";
    }
    if (!absent_or(jwk, "use", purpose->use) || !absent_or(jwk, "alg", purpose->alg)) {
        return purpose->misfit;
    }
    if (!json_is_string(json_object_get(jwk, "x")) || !json_is_string(json_object_get(jwk, "y"))) {
        return "has no x and y";
    }
    return NULL;
}

static int add_jwk(struct lk_command_keys *keys, const json_t *from, const char *kid, const char *file, char *why)
{
    const char *bad = check_jwk(keys->purpose, from);
    if (bad) {
        return fault(why, file, bad);
    }
    if (!kid || !lk_text_is_printable(kid, LK_COMMAND_KID_MAX)) {
        return fault(why, file, "a key without a kid of 1 to 64 printable characters");
    }
    if (lk_command_key_find(keys, kid)) {
        return fault(why, file, "a kid that another key has already");
    }
    if (keys->count == LK_COMMAND_KEYS_MOST) {
        return fault(why, file, "more than 16 keys");
    }
    json_t *jwk = json_pack("{s:s,s:s,s:s,s:O,s:O}", "kty", "EC", "crv", "P-256", "alg", keys->purpose->alg, "x",
                            json_object_get(from, "x"), "y", json_object_get(from, "y"));
    if (!jwk || !is_usable(jwk)) {
        json_decref(jwk);
        return fault(why, file, "x and y are no point of P-256");
    }
    struct lk_command_key *key = &keys->key[keys->count++];
    (void)lk_text_copy(key->kid, sizeof(key->kid), kid);
    key->jwk = jwk;
    return 0;
}

static int add_json(struct lk_command_keys *keys, const json_t *root, const char *file, char *why)
{
    const json_t *set = json_object_get(root, "keys");
    if (!set) {
        return add_jwk(keys, root, json_string_value(json_object_get(root, "kid")), file, why);
    }
    size_t i;
    json_t *jwk;
    json_array_foreach(set, i, jwk)
    {
        int r = add_jwk(keys, jwk, json_string_value(json_object_get(jwk, "kid")), file, why);
        if (r < 0) {
            return r;
        }
    }
    return json_array_size(set) > 0 ? 0 : fault(why, file, "a key set without keys");
}

static int add_json_text(struct lk_command_keys *keys, const char *text, size_t len, const char *file, char *why)
{
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    int r = json_is_object(root) ? add_json(keys, root, file, why) : fault(why, file, "neither JSON nor PEM");
    json_decref(root);
    return r;
}

static void kid_of_file(const char *file, char *buf, size_t cap)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    size_t len = strlen(name);
    if (len > 4 && strcmp(name + len - 4, ".pem") == 0) {
        len -= 4;
    }
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "%.*s", (int)len, name);
    if (t.truncated) {
        buf[0] = '\0';
    }
}

static int add_pem(struct lk_command_keys *keys, const char *text, size_t len, const char *file, char *why)
{
    if (strstr(text, "PRIVATE KEY")) {
        return fault(why, file, "holds a private key; give only the public one to this machine");
    }
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    json_t *jwk = key ? jose_openssl_jwk_from_EVP_PKEY(NULL, key) : NULL;
    char kid[LK_COMMAND_KID_MAX + 1];
    kid_of_file(file, kid, sizeof(kid));
    int r = jwk ? add_jwk(keys, jwk, kid, file, why) : fault(why, file, "not a PEM public key");
    json_decref(jwk);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return r;
}

static int read_all(const char *file, char *buf, size_t cap, size_t *ret_len, char *why)
{
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(file, "re");
    if (!f) {
        int err = -errno;
        (void)fault(why, file, strerror(-err));
        return err;
    }
    size_t len = fread(buf, 1, cap - 1, f);
    if (ferror(f) || len == cap - 1) {
        return fault(why, file, len == cap - 1 ? "longer than 64 KiB" : "cannot be read");
    }
    buf[len] = '\0';
    *ret_len = len;
    return 0;
}

static int add_file(struct lk_command_keys *keys, const char *file, char *why)
{
    LK_CLEANUP(lk_freep) char *text = malloc(KEY_FILE_MAX);
    size_t len = 0;
    if (!text) {
        return -ENOMEM;
    }
    int r = read_all(file, text, KEY_FILE_MAX, &len, why);
    if (r < 0) {
        return r;
    }
    return strstr(text, "-----BEGIN ") ? add_pem(keys, text, len, file, why)
                                       : add_json_text(keys, text, len, file, why);
}

static int add_files(struct lk_command_keys *keys, const char *files, char *why)
{
    char list[KEY_PATH_MAX];
    char *rest = NULL;
    if (lk_text_copy(list, sizeof(list), files) < 0) {
        return fault(why, "keys", "the list of files is too long");
    }
    for (char *file = strtok_r(list, " \t", &rest); file; file = strtok_r(NULL, " \t", &rest)) {
        int r = add_file(keys, file, why);
        if (r < 0) {
            return r;
        }
    }
    return keys->count > 0 ? 0 : fault(why, "keys", "no file is named");
}

int lk_command_keys_load(const char *files, struct lk_command_keys **ret_keys, char *why)
{
    static const struct lk_key_purpose signing = {"sig", "ES256", "not a key for ES256 signatures"};
    return lk_public_keys_load(&signing, files, ret_keys, why);
}

int lk_public_keys_load(const struct lk_key_purpose *purpose, const char *files, struct lk_command_keys **ret_keys,
                        char *why)
{
    struct lk_command_keys *keys = calloc(1, sizeof(*keys));
    if (!keys) {
        return -ENOMEM;
    }
    keys->purpose = purpose;
    int r = add_files(keys, files, why);
    if (r < 0) {
        (void)lk_command_keys_free(keys);
        return r;
    }
    *ret_keys = keys;
    return 0;
}
