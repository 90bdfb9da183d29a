#include "key.h"

#include "base/cleanup.h"
#include "files.h"
#include "sql.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32, KEY_TEXT = 2 * KEY_BYTES };

struct lk_key {
    EVP_MAC *mac;
    EVP_MAC_CTX *ctx;
    char *site;
};

int lk_key_make(const char *path, struct lk_text *why)
{
    uint8_t bytes[KEY_BYTES];
    char text[KEY_TEXT + 2];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return lk_why(why, -EIO, "The system gives no random numbers for a new code key.");
    }
    lk_text_hex(text, bytes, sizeof(bytes));
    text[KEY_TEXT] = '\n';
    int r = lk_file_create(path, text, KEY_TEXT + 1);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(text, sizeof(text));
    return r < 0 ? lk_why(why, r, "The code key %s cannot be written: %s.", path, strerror(-r)) : 0;
}

static int check_file(int fd, const char *path, struct lk_text *why)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return lk_why(why, -errno, "The code key %s cannot be read: %s.", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
        return lk_why(why, -EPERM,
                      "The code key %s must be a plain file of ours that nobody else may read or write "
                      "(now mode %04o, uid %u); put that right with chown and chmod 0600.",
                      path, (unsigned)(st.st_mode & 07777), (unsigned)st.st_uid);
    }
    return 0;
}

static int parse(int fd, const char *path, uint8_t bytes[KEY_BYTES], struct lk_text *why)
{
    char text[KEY_TEXT + 3];
    ssize_t n = read(fd, text, sizeof(text) - 1);
    while (n > 0 && text[n - 1] == '\n') {
        n--;
    }
    text[n > 0 ? n : 0] = '\0';
    int r = n == KEY_TEXT ? lk_text_unhex(bytes, KEY_BYTES, text) : -EINVAL;
    OPENSSL_cleanse(text, sizeof(text));
    if (r < 0) {
        return lk_why(why, -EKEYREJECTED,
                      "The code key %s is not 64 hex digits; nothing was changed. Put the key back that was saved with "
                      "the database.",
                      path);
    }
    return 0;
}

static int prepare(struct lk_key *key, const uint8_t bytes[KEY_BYTES])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    key->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    key->ctx = key->mac ? EVP_MAC_CTX_new(key->mac) : NULL;
    return key->ctx && EVP_MAC_init(key->ctx, bytes, KEY_BYTES, params) == 1 ? 0 : -ENOMEM;
}

int lk_key_load(const char *path, const char *site, struct lk_key **ret_key, struct lk_text *why)
{
    LK_CLEANUP(lk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return lk_why(why, -ENOKEY,
                      "The database is here but its code key %s is not; without it no code can be recognised. Nothing "
                      "was changed. Put the key back that was saved with the database.",
                      path);
    }
    if (fd < 0) {
        int e = errno == ELOOP ? EPERM : errno;
        return lk_why(why, -e, "The code key %s cannot be opened: %s.", path, strerror(errno));
    }
    uint8_t bytes[KEY_BYTES];
    int r = check_file(fd, path, why);
    r = r < 0 ? r : parse(fd, path, bytes, why);
    if (r < 0) {
        return r;
    }
    struct lk_key *key = calloc(1, sizeof(*key));
    if (key) {
        key->site = strdup(site);
    }
    r = key && key->site ? prepare(key, bytes) : -ENOMEM;
    OPENSSL_cleanse(bytes, sizeof(bytes));
    if (r < 0) {
        (void)lk_key_free(key);
        return lk_why(why, r, "There is no memory, or no HMAC-SHA256 in this OpenSSL.");
    }
    *ret_key = key;
    return 0;
}

struct lk_key *lk_key_free(struct lk_key *key)
{
    if (key) {
        EVP_MAC_CTX_free(key->ctx);
        EVP_MAC_free(key->mac);
        free(key->site);
        free(key);
    }
    return NULL;
}

int lk_key_mac(struct lk_key *key, enum lk_key_kind kind, const char *text, uint8_t ret_mac[32])
{
    const uint8_t separator = (uint8_t)kind;
    size_t size = 0;
    bool done = EVP_MAC_init(key->ctx, NULL, 0, NULL) == 1 &&
                EVP_MAC_update(key->ctx, (const uint8_t *)key->site, strlen(key->site)) == 1 &&
                EVP_MAC_update(key->ctx, &separator, 1) == 1 &&
                EVP_MAC_update(key->ctx, (const uint8_t *)text, strlen(text)) == 1 &&
                EVP_MAC_final(key->ctx, ret_mac, &size, 32) == 1;
    return done && size == 32 ? 0 : -ENOMEM;
}
