#include "pins.h"

#include "base/text.h"

#include <argon2.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* OWASP's second recommendation: 19 MiB, two passes, one lane; about 20 ms on a development machine. */
enum { PASSES = 2, MEMORY_KIB = 19456, LANES = 1, SALT = 16, HASH = 32 };

struct pin_job {
    char pin[LK_PIN_MAX + 1];
    char encoded[LK_PIN_HASH_MAX + 1];
    int error;
    bool known, ok;
    lk_pin_checked *checked;
    lk_pin_hashed *hashed;
    void *user, *cookie;
};

static void make_hash(void *arg)
{
    struct pin_job *job = arg;
    uint8_t salt[SALT];
    if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt)) {
        job->error = -EIO;
        return;
    }
    int r = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, job->pin, strlen(job->pin), salt, sizeof(salt), HASH,
                                  job->encoded, sizeof(job->encoded));
    job->error = r == ARGON2_OK ? 0 : r == ARGON2_MEMORY_ALLOCATION_ERROR ? -ENOMEM : -EIO;
}

static void check_hash(void *arg)
{
    struct pin_job *job = arg;
    if (job->known) {
        job->ok = argon2id_verify(job->encoded, job->pin, strlen(job->pin)) == ARGON2_OK;
    } else {
        make_hash(job); /* as long as a real check, so that time does not tell who exists */
    }
}

static void free_job(struct pin_job *job)
{
    explicit_bzero(job, sizeof(*job));
    free(job);
}

static void checked(void *arg)
{
    struct pin_job *job = arg;
    job->checked(job->user, job->cookie, job->ok);
    free_job(job);
}

static void hashed(void *arg)
{
    struct pin_job *job = arg;
    job->hashed(job->user, job->cookie, job->error, job->encoded);
    free_job(job);
}

static int give(struct lk_worker *worker, struct pin_job *job, void (*run)(void *), void (*done)(void *))
{
    int r = lk_worker_give(worker, &(struct lk_job){.run = run, .done = done, .arg = job});
    if (r < 0) {
        free_job(job);
    }
    return r;
}

int lk_pin_check(struct lk_worker *worker, const char *pin, const char *encoded, lk_pin_checked *done, void *user,
                 void *cookie)
{
    struct pin_job *job = calloc(1, sizeof(*job));
    if (!job) {
        return -ENOMEM;
    }
    job->known = encoded && lk_text_copy(job->encoded, sizeof(job->encoded), encoded) == 0 &&
                 lk_text_copy(job->pin, sizeof(job->pin), pin) == 0;
    job->checked = done;
    job->user = user;
    job->cookie = cookie;
    return give(worker, job, check_hash, checked);
}

int lk_pin_hash(struct lk_worker *worker, const char *pin, lk_pin_hashed *done, void *user, void *cookie)
{
    if (!lk_text_is_digits(pin, LK_PIN_MIN, LK_PIN_MAX)) {
        return -EINVAL;
    }
    struct pin_job *job = calloc(1, sizeof(*job));
    if (!job) {
        return -ENOMEM;
    }
    (void)lk_text_copy(job->pin, sizeof(job->pin), pin);
    job->hashed = done;
    job->user = user;
    job->cookie = cookie;
    return give(worker, job, make_hash, hashed);
}
