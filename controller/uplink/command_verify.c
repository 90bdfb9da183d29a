#include "uplink/command_verify.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "command_args.h"
#include "command_keys.h"
#include "json_in.h"

#include <jose/b64.h>
#include <jose/jws.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_TEXT_MAX = 1024, SIGNATURE_TEXT = 86, EXACT_INTEGER_MOST_BITS = 53 };

static const char *const header_fields[] = {"alg", "kid", "typ"};
static const char *const claim_fields[] = {"iss", "aud", "iat", "exp", "jti", "cmd", "args"};

/* A token cut at its dots. Borrows the token. */
struct parts {
    const char *header, *payload, *signature;
    size_t header_len, payload_len, signature_len;
};

static enum lk_reason say(char *why, enum lk_reason reason, const char *text)
{
    (void)lk_text_copy(why, LK_COMMAND_WHY_MAX, text);
    return reason;
}

static bool is_base64url(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\0' || !strchr(JOSE_B64_MAP, s[i])) {
            return false;
        }
    }
    return len > 0;
}

static bool cut(const char *token, size_t len, struct parts *ret_parts)
{
    const char *end = token + len;
    const char *first = memchr(token, '.', len);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second) {
        return false;
    }
    *ret_parts = (struct parts){
        .header = token,
        .header_len = (size_t)(first - token),
        .payload = first + 1,
        .payload_len = (size_t)(second - first - 1),
        .signature = second + 1,
        .signature_len = (size_t)(end - second - 1),
    };
    return is_base64url(ret_parts->header, ret_parts->header_len) && ret_parts->header_len <= HEADER_TEXT_MAX &&
           is_base64url(ret_parts->payload, ret_parts->payload_len) &&
           is_base64url(ret_parts->signature, ret_parts->signature_len) && ret_parts->signature_len == SIGNATURE_TEXT;
}

/* Decodes base64url and parses the object inside; the decoded bytes, which may hold a code, are erased. */
static json_t *decode(const char *text, size_t len, const char **ret_fault)
{
    size_t size = jose_b64_dec_buf(NULL, len, NULL, 0);
    char *bytes = size != SIZE_MAX ? malloc(size + 1) : NULL;
    json_t *object = NULL;
    *ret_fault = "not base64url";
    if (bytes && jose_b64_dec_buf(text, len, bytes, size) == size) {
        object = lk_json_in(bytes, size, ret_fault);
    }
    if (bytes) {
        OPENSSL_cleanse(bytes, size);
    }
    free(bytes);
    return object;
}

static bool only_has(const json_t *object, const char *const *names, size_t count)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        known += json_object_get(object, names[i]) != NULL;
    }
    return json_object_size(object) == known;
}

static enum lk_reason choose_key(const struct lk_command_keys *keys, const json_t *header, const json_t **ret_jwk,
                                 char *why)
{
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *kid = json_string_value(json_object_get(header, "kid"));
    const json_t *typ = json_object_get(header, "typ");
    if (!only_has(header, header_fields, LK_ARRAY_SIZE(header_fields)) || (typ && !json_is_string(typ))) {
        return say(why, LK_REASON_MALFORMED, "header: only alg, kid and typ are understood");
    }
    if (!alg || strcmp(alg, "ES256") != 0) {
        return say(why, LK_REASON_BAD_SIGNATURE, "header: alg must be ES256");
    }
    *ret_jwk = kid && keys ? lk_command_key_find(keys, kid) : NULL;
    return *ret_jwk ? LK_REASON_NONE : say(why, LK_REASON_UNKNOWN_KEY, "header: no key of that kid is trusted here");
}

static enum lk_reason check_signature(const struct lk_command_keys *keys, const struct parts *p, char *why)
{
    const char *fault = NULL;
    const json_t *jwk = NULL;
    json_t *header = decode(p->header, p->header_len, &fault);
    if (!header) {
        return say(why, LK_REASON_MALFORMED, "header: not a base64url JSON object");
    }
    enum lk_reason reason = choose_key(keys, header, &jwk, why);
    json_decref(header);
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    json_t *jws = json_pack("{s:s%,s:s%,s:s%}", "protected", p->header, p->header_len, "payload", p->payload,
                            p->payload_len, "signature", p->signature, p->signature_len);
    bool right = jws && jose_jws_ver(NULL, jws, NULL, jwk, false);
    json_decref(jws);
    return right ? LK_REASON_NONE : say(why, LK_REASON_BAD_SIGNATURE, "the signature does not fit");
}

static bool take_id(const json_t *claims, const char *name, char *dst, size_t cap)
{
    const char *text = json_string_value(json_object_get(claims, name));
    return text && lk_text_is_id(text, cap - 1) && lk_text_copy(dst, cap, text) == 0;
}

static bool take_time(const json_t *claims, const char *name, int64_t *ret_s)
{
    const json_t *value = json_object_get(claims, name);
    json_int_t v = json_integer_value(value);
    if (!json_is_integer(value) || v < 0 || v >> EXACT_INTEGER_MOST_BITS != 0) {
        return false;
    }
    *ret_s = v;
    return true;
}

static enum lk_reason check_audience(const json_t *claims, const struct lk_uplink_site *site, char *why)
{
    const char *aud = json_string_value(json_object_get(claims, "aud"));
    char own[LK_OPERATOR_MAX + LK_SITE_MAX + 2];
    struct lk_text t = lk_text_init(own, sizeof(own));
    lk_text_addf(&t, "%s/%s", site->operator_id, site->site_id);
    if (!aud) {
        return say(why, LK_REASON_MALFORMED, "aud: not a text");
    }
    return strcmp(aud, own) == 0 ? LK_REASON_NONE : say(why, LK_REASON_WRONG_AUDIENCE, "aud: another site's command");
}

static enum lk_reason check_times(const json_t *claims, const struct lk_command_context *context, char *why)
{
    int64_t iat, exp;
    if (!take_time(claims, "iat", &iat) || !take_time(claims, "exp", &exp)) {
        return say(why, LK_REASON_MALFORMED, "iat and exp: whole seconds since 1970");
    }
    if (exp <= iat) {
        return say(why, LK_REASON_MALFORMED, "exp is not after iat");
    }
    if (exp - iat > LK_COMMAND_LIFETIME_MOST_S) {
        return say(why, LK_REASON_LIFETIME_TOO_LONG, "valid for more than 120 seconds");
    }
    if (context->quality == LK_CLOCK_UNSYNCED) {
        return say(why, LK_REASON_CLOCK_UNSYNCED, "our clock is not set: cannot tell whether it expired");
    }
    if (iat > context->now_wall_s + LK_COMMAND_SKEW_S) {
        return say(why, LK_REASON_NOT_YET_VALID, "iat is in the future");
    }
    return exp > context->now_wall_s ? LK_REASON_NONE : say(why, LK_REASON_EXPIRED, "expired");
}

static enum lk_reason check_claims(const json_t *claims, const struct lk_command_context *context,
                                   struct lk_command *command, char *why)
{
    if (!take_id(claims, "jti", command->jti, sizeof(command->jti))) {
        return say(why, LK_REASON_MALFORMED, "jti: 1 to 64 of letters, digits and . _ -");
    }
    if (!take_id(claims, "iss", command->issuer, sizeof(command->issuer))) {
        return say(why, LK_REASON_MALFORMED, "iss: 1 to 32 of letters, digits and . _ -");
    }
    if (!only_has(claims, claim_fields, LK_ARRAY_SIZE(claim_fields))) {
        return say(why, LK_REASON_MALFORMED, "a claim that is not understood");
    }
    enum lk_reason reason = check_audience(claims, &context->site, why);
    if (reason == LK_REASON_NONE) {
        reason = check_times(claims, context, why);
    }
    return reason == LK_REASON_NONE ? lk_command_read_args(claims, command, why) : reason;
}

/* What a refused command may still say: who sent it and under which id, nothing to act upon. */
static void keep_identity_only(struct lk_command *command)
{
    struct lk_command kept;
    memset(&kept, 0, sizeof(kept));
    kept.door = LK_NO_DOOR;
    kept.item.door = LK_NO_DOOR;
    memcpy(kept.jti, command->jti, sizeof(kept.jti));
    memcpy(kept.issuer, command->issuer, sizeof(kept.issuer));
    memcpy(kept.digest, command->digest, sizeof(kept.digest));
    OPENSSL_cleanse(command, sizeof(*command));
    *command = kept;
}

static enum lk_reason read_payload(const struct lk_command_context *context, const struct parts *p,
                                   struct lk_command *command, char *why)
{
    const char *fault = NULL;
    json_t *claims = decode(p->payload, p->payload_len, &fault);
    if (!claims) {
        return say(why, LK_REASON_MALFORMED, fault);
    }
    enum lk_reason reason = check_claims(claims, context, command, why);
    json_decref(claims);
    return reason;
}

enum lk_reason lk_command_verify(const struct lk_command_keys *keys, const struct lk_command_context *context,
                                 const char *token, size_t len, struct lk_command *ret_command, char *why)
{
    struct parts p;
    memset(ret_command, 0, sizeof(*ret_command));
    ret_command->door = LK_NO_DOOR;
    ret_command->item.door = LK_NO_DOOR;
    why[0] = '\0';
    if (context->retained) {
        return say(why, LK_REASON_RETAINED, "a retained message");
    }
    if (len > LK_COMMAND_TOKEN_MAX) {
        return say(why, LK_REASON_OVERSIZE, "longer than 16 KiB");
    }
    if (!cut(token, len, &p)) {
        return say(why, LK_REASON_MALFORMED, "not a compact JWS with an ES256 signature");
    }
    enum lk_reason reason = check_signature(keys, &p, why);
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    (void)SHA256((const unsigned char *)token, len, ret_command->digest);
    reason = read_payload(context, &p, ret_command, why);
    if (reason != LK_REASON_NONE) {
        keep_identity_only(ret_command);
    }
    return reason;
}
