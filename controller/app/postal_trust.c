/* Keys and certificates: read at the start and again when asked (SIGHUP, lockerctl reload), all of them or none; and
 * their dates, which are looked at every hour, so that nobody learns from a dead link that a certificate has expired.
 */
#include "postal_impl.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

enum { LOOK_EVERY_S = 3600, DAY_S = 86400 };

static const char *const places[LK_POSTAL_CERTIFICATES] = {"ca", "cert"};

static const char *file_of(const struct lk_postal *p, int which)
{
    return which == 0 ? p->config->uplink.ca : p->config->uplink.cert;
}

static struct lk_uplink_config files(const struct lk_postal *p)
{
    return lk_postal_uplink_config(p);
}

/* --- dates -------------------------------------------------------------------------------------------------------- */

static void tell(struct lk_postal *p, enum lk_reason reason, const char *place)
{
    struct lk_input in = lk_engine_input(LK_IN_SITE);
    in.reason = reason;
    (void)lk_text_copy(in.note, sizeof(in.note), place);
    lk_engine_post(p->engine, &in);
}

/* What the date of a file says now. A clock that is not set says nothing of dates, and one that nobody disciplines may
 * warn, for a site without a time service shall be warned too, but never say that it is too late (law 11). */
static enum lk_reason judge(const struct lk_postal *p, int which, int64_t *ret_days)
{
    int64_t ends_s = 0, now_s = lk_clock_wall_ms(p->clock) / 1000;
    const char *file = file_of(p, which);
    if (file[0] == '\0') {
        return LK_REASON_NONE;
    }
    if (lk_certificate_ends(file, &ends_s) < 0) {
        return LK_REASON_CERTIFICATE_BAD;
    }
    *ret_days = (ends_s - now_s) / DAY_S;
    enum lk_clock_quality quality = lk_engine_quality(p->clock);
    if (quality == LK_CLOCK_UNSYNCED || (quality != LK_CLOCK_SYNCED && ends_s <= now_s)) {
        return p->certificate[which]; /* as before */
    }
    return ends_s <= now_s                                                        ? LK_REASON_CERTIFICATE_EXPIRED
           : ends_s - now_s < (int64_t)p->config->uplink.expiry_warn_days * DAY_S ? LK_REASON_CERTIFICATE_EXPIRING
                                                                                  : LK_REASON_NONE;
}

static void say(const struct lk_postal *p, int which, enum lk_reason reason, int64_t days)
{
    const char *file = file_of(p, which);
    if (reason == LK_REASON_CERTIFICATE_EXPIRING) {
        lk_log(LK_WARN, LK_BLAME_PEER,
               "uplink: the certificate %s expires in %lld days; renew it, then lockerctl reload", file,
               (long long)days);
    } else if (reason == LK_REASON_CERTIFICATE_EXPIRED) {
        lk_log(LK_ERR, LK_BLAME_PEER, "uplink: the certificate %s has expired; renew it, then lockerctl reload", file);
    } else if (reason == LK_REASON_CERTIFICATE_BAD) {
        lk_log(LK_ERR, LK_BLAME_PEER, "uplink: the certificate %s cannot be read any more", file);
    } else {
        lk_log(LK_NOTICE, LK_BLAME_NONE, "uplink: the certificate %s is good again", file);
    }
}

void lk_postal_look_at_dates(struct lk_postal *p)
{
    for (int i = 0; p && p->engine && i < LK_POSTAL_CERTIFICATES; i++) {
        int64_t days = 0;
        enum lk_reason reason = judge(p, i, &days);
        if (reason != p->certificate[i]) {
            say(p, i, reason, days);
            p->certificate[i] = reason;
            tell(p, reason == LK_REASON_NONE ? LK_REASON_RECOVERED : reason, places[i]);
        }
    }
}

void lk_postal_on_trust_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_postal *p = user;
    struct timeval again = {.tv_sec = LOOK_EVERY_S};
    lk_postal_look_at_dates(p);
    (void)event_add(p->trust_timer, &again);
}

size_t lk_postal_trust_faults(const struct lk_postal *p, struct lk_envelope_fault *faults, size_t room)
{
    size_t n = 0;
    for (int i = 0; i < LK_POSTAL_CERTIFICATES && n < room; i++) {
        if (p->certificate[i] != LK_REASON_NONE) {
            faults[n++] = (struct lk_envelope_fault){"certificate", places[i], p->certificate[i]};
        }
    }
    if (p->reload_failed && n < room) {
        faults[n++] = (struct lk_envelope_fault){"keys", "", LK_REASON_RELOAD_FAILED};
    }
    return n;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int read_keys(const struct lk_postal *p, struct lk_command_keys **ret_keys, struct lk_text *why)
{
    char error[LK_COMMAND_WHY_MAX] = "";
    const char *list = p->config->uplink.command_keys;
    int r = list[0] ? lk_command_keys_load(list, ret_keys, error) : 0;
    if (r < 0) {
        lk_text_addf(why, "the command keys cannot be loaded: %s", error[0] ? error : strerror(-r));
    }
    return r;
}

static int read_seal(const struct lk_postal *p, struct lk_seal_key **ret_seal, struct lk_text *why)
{
    char error[LK_COMMAND_WHY_MAX] = "";
    int r = p->config->seal_key[0] ? lk_seal_key_load(p->config->seal_key, ret_seal, error) : 0;
    if (r < 0) {
        lk_text_addf(why, "the key that codes are sealed to cannot be loaded: %s", error[0] ? error : strerror(-r));
    }
    return r;
}

static int check_files(const struct lk_postal *p, uint8_t print[LK_CERTIFICATE_PRINT], struct lk_text *why)
{
    char error[LK_UPLINK_ERROR_MAX] = "";
    struct lk_uplink_config config = files(p);
    int r = lk_certificates_check(&config, print, error);
    if (r < 0) {
        lk_text_addf(why, "the uplink cannot be set up: %s", error[0] ? error : strerror(-r));
    }
    return r;
}

int lk_postal_read_trust(const struct lk_postal *p, struct lk_postal_trust *ret_trust, struct lk_text *why)
{
    struct lk_postal_trust trust = {0};
    int r = read_keys(p, &trust.keys, why);
    r = r < 0 ? r : read_seal(p, &trust.seal, why);
    r = r < 0 ? r : check_files(p, trust.print, why);
    if (r < 0) {
        lk_postal_free_trust(&trust);
        return r;
    }
    *ret_trust = trust;
    return 0;
}

void lk_postal_free_trust(struct lk_postal_trust *trust)
{
    trust->keys = lk_command_keys_free(trust->keys);
    trust->seal = lk_seal_key_free(trust->seal);
}

static void failed(struct lk_postal *p, const struct lk_text *why)
{
    lk_log(LK_ERR, LK_BLAME_PEER, "keys and certificates stay as they were: %s", why->buf);
    if (!p->reload_failed) {
        p->reload_failed = true;
        tell(p, LK_REASON_RELOAD_FAILED, "keys");
    }
}

int lk_postal_reload(struct lk_postal *p, struct lk_postal_reloaded *ret_done, struct lk_text *why)
{
    struct lk_postal_trust fresh;
    struct lk_uplink_config config = files(p);
    char error[LK_UPLINK_ERROR_MAX] = "";
    int r = lk_postal_read_trust(p, &fresh, why);
    bool other = r == 0 && memcmp(fresh.print, p->trust.print, sizeof(fresh.print)) != 0;
    if (other && (r = lk_uplink_renew(p->uplink, &config, error)) < 0) {
        lk_text_add(why, error);
        lk_postal_free_trust(&fresh);
    }
    if (r < 0) {
        failed(p, why);
        return r;
    }
    lk_postal_free_trust(&p->trust);
    p->trust = fresh;
    if (p->reload_failed) {
        p->reload_failed = false;
        tell(p, LK_REASON_RECOVERED, "keys");
    }
    *ret_done =
        (struct lk_postal_reloaded){.command_keys = fresh.keys ? (unsigned)lk_command_keys_count(fresh.keys) : 0,
                                    .seal_key = fresh.seal ? lk_seal_key_id(fresh.seal) : "",
                                    .reconnects = other};
    lk_log(LK_NOTICE, LK_BLAME_NONE, "keys and certificates were read anew: %u command keys%s", ret_done->command_keys,
           other ? "; the connection is made anew" : "");
    lk_postal_look_at_dates(p);
    return 0;
}
