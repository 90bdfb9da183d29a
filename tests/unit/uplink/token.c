#include "check.h"

#include "token.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

size_t token_base64url(char *dst, const void *bytes, size_t len)
{
    static const char map[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *in = bytes;
    size_t out = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned v = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0u);
        for (size_t k = 0; k < (left > 2 ? 4 : left + 1); k++) {
            dst[out++] = map[v >> (18 - 6 * k) & 63];
        }
    }
    dst[out] = '\0';
    return out;
}

EVP_PKEY *token_new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    return key;
}

void token_jwk(EVP_PKEY *key, const char *kid, const char *extra, char *buf, size_t cap)
{
    unsigned char point[65];
    char x[64], y[64];
    size_t len = 0;
    (void)EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &len), 1);
    assert_int_equal(len, 65);
    (void)token_base64url(x, point + 1, 32);
    (void)token_base64url(y, point + 33, 32);
    (void)snprintf(buf, cap, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}", kid, x, y,
                   extra);
}

static size_t write_parts(const char *header, const char *payload, char *buf)
{
    size_t n = token_base64url(buf, header, strlen(header));
    buf[n++] = '.';
    n += token_base64url(buf + n, payload, strlen(payload));
    return n;
}

void token_sign(EVP_PKEY *key, const char *header, const char *payload, char *buf)
{
    size_t n = write_parts(header, payload, buf);
    unsigned char der[128], raw[64];
    size_t der_len = sizeof(der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &der_len, (unsigned char *)buf, n), 1);
    EVP_MD_CTX_free(ctx);
    const unsigned char *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32), 32);
    ECDSA_SIG_free(sig);
    buf[n++] = '.';
    (void)token_base64url(buf + n, raw, sizeof(raw));
}

void token_sign_hmac(const char *secret, const char *header, const char *payload, char *buf)
{
    size_t n = write_parts(header, payload, buf);
    unsigned char mac[64] = {0}; /* padded to the length of an ES256 signature, so that it passes for one */
    unsigned len = 0;
    (void)HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)buf, n, mac, &len);
    buf[n++] = '.';
    (void)token_base64url(buf + n, mac, sizeof(mac));
}

void token_write_file(const char *folder, const char *name, const char *text, char *path, size_t cap)
{
    (void)snprintf(path, cap, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    (void)fputs(text, f);
    assert_int_equal(fclose(f), 0);
}
