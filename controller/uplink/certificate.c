#include "uplink/certificate.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void x509_freep(X509 **cert)
{
    X509_free(*cert);
}

static void pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void md_freep(EVP_MD_CTX **md)
{
    EVP_MD_CTX_free(*md);
}

static int fault(char *why, int error, const char *file, const char *text)
{
    struct lk_text t = lk_text_init(why, LK_UPLINK_ERROR_MAX);
    lk_text_addf(&t, "%s: %s", file, text);
    ERR_clear_error();
    return error;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm = {0};
    return time && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MIN;
}

int lk_certificate_ends(const char *file, int64_t *ret_wall_s)
{
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(file, "re");
    int64_t soonest = INT64_MAX;
    if (!f) {
        return -errno;
    }
    for (;;) {
        LK_CLEANUP(x509_freep) X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
        if (!cert) {
            break;
        }
        int64_t ends = seconds_of(X509_get0_notAfter(cert));
        soonest = ends < soonest ? ends : soonest;
    }
    ERR_clear_error(); /* the end of the file is one */
    if (soonest == INT64_MAX || soonest == INT64_MIN) {
        return -EINVAL;
    }
    *ret_wall_s = soonest;
    return 0;
}

/* A key with a pass phrase would wait for somebody to type it. */
static int no_pass_phrase(char *buf, int size, int writing, void *user)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static int check_pair(const char *cert_file, const char *key_file, char *why)
{
    LK_CLEANUP(lk_fclosep) FILE *cf = fopen(cert_file, "re");
    LK_CLEANUP(lk_fclosep) FILE *kf = fopen(key_file, "re");
    if (!cf || !kf) {
        return fault(why, -errno, cf ? key_file : cert_file, strerror(errno));
    }
    LK_CLEANUP(x509_freep) X509 *cert = PEM_read_X509(cf, NULL, NULL, NULL);
    if (!cert) {
        return fault(why, -EINVAL, cert_file, "holds no PEM certificate");
    }
    LK_CLEANUP(pkey_freep) EVP_PKEY *key = PEM_read_PrivateKey(kf, NULL, no_pass_phrase, NULL);
    if (!key) {
        return fault(why, -EINVAL, key_file, "holds no PEM private key, or one with a pass phrase");
    }
    if (X509_check_private_key(cert, key) != 1) {
        return fault(why, -EINVAL, key_file, "is not the key of the certificate in uplink.cert");
    }
    return 0;
}

static int check_ca(const char *file, char *why)
{
    int64_t ends;
    int r = lk_certificate_ends(file, &ends);
    return r == -EINVAL ? fault(why, r, file, "holds no PEM certificate")
           : r < 0      ? fault(why, r, file, strerror(-r))
                        : 0;
}

static int add_file(EVP_MD_CTX *md, const char *file)
{
    char bytes[4096];
    LK_CLEANUP(lk_fclosep) FILE *f = file && file[0] ? fopen(file, "re") : NULL;
    size_t n;
    while (f && (n = fread(bytes, 1, sizeof(bytes), f)) > 0) {
        (void)EVP_DigestUpdate(md, bytes, n);
    }
    explicit_bzero(bytes, sizeof(bytes));
    return EVP_DigestUpdate(md, "|", 1) == 1 ? 0 : -EIO;
}

static int print_of(const struct lk_uplink_config *c, uint8_t ret_print[LK_CERTIFICATE_PRINT])
{
    const char *const files[] = {c->ca_file, c->cert_file, c->key_file, c->password_file};
    LK_CLEANUP(md_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; ok && i < LK_ARRAY_SIZE(files); i++) {
        ok = add_file(md, files[i]) == 0;
    }
    return ok && EVP_DigestFinal_ex(md, ret_print, NULL) == 1 ? 0 : -EIO;
}

int lk_certificates_check(const struct lk_uplink_config *config, uint8_t ret_print[LK_CERTIFICATE_PRINT], char *why)
{
    struct lk_uplink_settings set;
    int r = lk_uplink_settings_read(config, &set, why); /* files there, password readable */
    r = r == 0 && set.ca_file[0] ? check_ca(set.ca_file, why) : r;
    r = r == 0 && set.cert_file[0] ? check_pair(set.cert_file, set.key_file, why) : r;
    explicit_bzero(&set, sizeof(set));
    if (r == 0 && ret_print && print_of(config, ret_print) < 0) {
        r = fault(why, -EIO, "uplink", "the files cannot be compared");
    }
    return r;
}
