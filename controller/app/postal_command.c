#include "crash_point.h"
#include "facts.h"
#include "postal_impl.h"
#include "store/log.h"
#include "store/memory.h"
#include "uplink/envelope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_EXPIRY_S = 3600 }; /* who wants it later sends the same token again */

/* --- where answers go
 * -------------------------------------------------------------------------------------------------------------------
 */

static void forget_reply(struct lk_postal_reply *reply)
{
    free(reply->topic);
    free(reply->correlation);
    memset(reply, 0, sizeof(*reply));
}

void lk_postal_forget_replies(struct lk_postal *p)
{
    for (unsigned i = 0; i < REPLIES_KEPT; i++) {
        forget_reply(&p->reply[i]);
    }
}

static struct lk_postal_reply *find_reply(struct lk_postal *p, const char *jti)
{
    for (unsigned i = 0; i < REPLIES_KEPT; i++) {
        if (p->reply[i].topic && strcmp(p->reply[i].jti, jti) == 0) {
            return &p->reply[i];
        }
    }
    return NULL;
}

/* The command's own place when it comes again, else an empty one; only when all wait, they give way in turn. */
static struct lk_postal_reply *place_for_reply(struct lk_postal *p, const char *jti)
{
    struct lk_postal_reply *reply = find_reply(p, jti);
    for (unsigned i = 0; !reply && i < REPLIES_KEPT; i++) {
        reply = p->reply[i].topic ? NULL : &p->reply[i];
    }
    if (!reply) {
        reply = &p->reply[p->next_reply];
        p->next_reply = (p->next_reply + 1) % REPLIES_KEPT;
    }
    return reply;
}

static void keep_reply(struct lk_postal *p, const char *jti, const struct lk_uplink_reply_to *to)
{
    if (!to->topic) {
        return;
    }
    struct lk_postal_reply *reply = place_for_reply(p, jti);
    forget_reply(reply);
    reply->topic = strdup(to->topic);
    if (!reply->topic) {
        return; /* the answer still goes to rsp */
    }
    (void)lk_text_copy(reply->jti, sizeof(reply->jti), jti);
    reply->correlation = to->correlation_len ? malloc(to->correlation_len) : NULL;
    if (reply->correlation) {
        memcpy(reply->correlation, to->correlation, to->correlation_len);
        reply->correlation_len = to->correlation_len;
    }
}

static void respond(struct lk_postal *p, const struct lk_envelope_answer *timeless)
{
    char time[LK_TIME_MAX];
    struct lk_envelope_answer answer = *timeless;
    lk_postal_now_text(p, time);
    answer.time = time;
    struct lk_text t = lk_text_init(p->payload, sizeof(p->payload));
    lk_envelope_answer(&t, &answer);
    struct lk_postal_reply *reply = find_reply(p, answer.jti);
    struct lk_uplink_reply_to to = {0};
    if (reply) {
        to = (struct lk_uplink_reply_to){reply->topic, reply->correlation, reply->correlation_len};
    }
    lk_crash_point("answer-before");
    struct lk_uplink_extra extra = {.expiry_s = ANSWER_EXPIRY_S, .user = {{.name = "result"}}};
    (void)lk_text_copy(extra.user[0].value, sizeof(extra.user[0].value), lk_result_name(answer.result));
    (void)lk_uplink_respond(p->uplink, reply ? &to : NULL, t.buf, t.len, &extra);
    lk_crash_point("answer-after");
    if (reply) {
        forget_reply(reply);
    }
}

/* --- refusals
 * ------------------------------------------------------------------------------------------------------------------------------
 */

/* Reported in the log of events too, but not without measure: a stranger must not be able to fill our disk. */
static void report_refusal(struct lk_postal *p, enum lk_reason reason, const char *jti, const char *why)
{
    unsigned dropped = 0;
    if (!lk_log_allowed(&p->refused_lines, lk_clock_mono_ms(p->clock), &dropped)) {
        return;
    }
    lk_log(LK_WARN, LK_BLAME_PEER, "a command is refused (%s): %s (%u more before this one)", lk_reason_name(reason),
           why, dropped);
    struct lk_input in = lk_engine_input(LK_IN_COMMAND_REFUSED);
    in.reason = reason;
    (void)lk_text_copy(in.jti, sizeof(in.jti), jti);
    (void)lk_engine_submit(p->engine, &in);
}

static void refuse(struct lk_postal *p, enum lk_reason reason, const struct lk_command *command, const char *why)
{
    report_refusal(p, reason, command->jti, why);
    if (command->jti[0] != '\0') {
        struct lk_envelope_answer answer = {
            .jti = command->jti, .result = LK_RESULT_REFUSED, .reason = reason, .why = why};
        respond(p, &answer);
    }
}

/* --- a command comes in
 * -------------------------------------------------------------------------------------------------------------------------
 */

static enum lk_reason verify(struct lk_postal *p, const struct lk_uplink_notice *notice, struct lk_command *command,
                             char *why)
{
    struct lk_command_context context = {
        .site = p->site,
        .now_wall_s = lk_clock_wall_ms(p->clock) / 1000,
        .quality = lk_engine_quality(p->clock),
        .retained = notice->retained,
    };
    memset(command, 0, sizeof(*command));
    if (notice->retained) {
        (void)lk_text_copy(why, LK_COMMAND_WHY_MAX, "the broker kept it (retained); commands must not be retained");
        return LK_REASON_RETAINED;
    }
    if (notice->oversize) {
        (void)lk_text_copy(why, LK_COMMAND_WHY_MAX, "longer than 16 KiB");
        return LK_REASON_OVERSIZE;
    }
    if (!p->trust.keys) {
        (void)lk_text_copy(why, LK_COMMAND_WHY_MAX, "no command keys are configured (uplink.command_keys)");
        return LK_REASON_UNKNOWN_KEY;
    }
    return lk_command_verify(p->trust.keys, &context, notice->payload, notice->len, command, why);
}

/* The same id again: the stored answer, without doing anything. One still under way is answered when it is known. */
static void repeat_answer(struct lk_postal *p, const struct lk_command *command, const struct lk_store_command *known)
{
    if (known->result == LK_RESULT_PENDING) {
        return;
    }
    bool door = lk_core_find_door(lk_engine_core_config(p->engine), command->compartment) != LK_NO_DOOR;
    struct lk_envelope_answer answer = {
        .jti = command->jti,
        .result = known->result,
        .reason = known->reason,
        .outcome = known->outcome,
        .compartment = door ? command->compartment : NULL,
        .sealed = known->sealed[0] != '\0' ? known->sealed : NULL,
    };
    respond(p, &answer);
}

/* A code of another length could never be typed at this site's keypad. */
static bool has_usable_code(const struct lk_postal *p, const struct lk_command *command)
{
    return command->code[0] == '\0' || strlen(command->code) == p->config->code_digits;
}

/* Not remembered: the same command may come again when it can be done. */
static void could_not(struct lk_postal *p, const struct lk_command *command)
{
    struct lk_envelope_answer answer = {.jti = command->jti,
                                        .result = LK_RESULT_FAILED,
                                        .reason = LK_REASON_STORE_FAILED,
                                        .why = "nothing could be made durable, so nothing was done"};
    respond(p, &answer);
}

static void decide(struct lk_postal *p, struct lk_command *command)
{
    char sealed_text[LK_SEALED_MAX + 1];
    struct lk_text sealed = lk_text_init(sealed_text, sizeof(sealed_text));
    struct lk_stamp now = lk_engine_stamp(p->engine);
    struct lk_input in;
    int r = lk_postal_make_codes(p, command, &sealed);
    r = r < 0 ? r : lk_facts_command(p->store, &now, lk_engine_core_config(p->engine), command, &in);
    if (r == -EINVAL) {
        refuse(p, LK_REASON_BAD_ARGUMENT, command, "args.phone: not a phone number");
        return;
    }
    r = r < 0 ? r : lk_engine_submit(p->engine, &in);
    if (r < 0) {
        could_not(p, command);
    }
}

static void run(struct lk_postal *p, struct lk_command *command)
{
    if (!has_usable_code(p, command)) {
        refuse(p, LK_REASON_BAD_ARGUMENT, command, "args.code: its length is not this site's codes.digits");
    } else if ((command->make_code || command->make_token) && !lk_postal_makes_codes(p)) {
        refuse(p, LK_REASON_NO_SEAL_KEY, command, "no key to seal codes to is configured (codes.seal_key)");
    } else {
        decide(p, command);
    }
}

void lk_postal_take_command(struct lk_postal *p, const struct lk_uplink_notice *notice)
{
    struct lk_command command;
    struct lk_store_command known = {0};
    char why[LK_COMMAND_WHY_MAX] = "";
    if (!p->engine) {
        return; /* not serving yet: the broker gives it again or upstream repeats it */
    }
    enum lk_reason reason = verify(p, notice, &command, why);
    if (reason == LK_REASON_NONE || command.jti[0] != '\0') {
        keep_reply(p, command.jti, &notice->reply_to);
    }
    if (reason != LK_REASON_NONE) {
        refuse(p, reason, &command, why);
    } else if (lk_store_find_command(p->store, command.jti, command.digest, &known) < 0) {
        refuse(p, LK_REASON_STORE_FAILED, &command, "the store cannot be read");
    } else if (known.known == LK_STORE_KNOWN_OTHER) {
        refuse(p, LK_REASON_ID_REUSED, &command, "the id was used before for another command");
    } else if (known.known == LK_STORE_KNOWN_SAME) {
        repeat_answer(p, &command, &known);
    } else {
        run(p, &command);
    }
    explicit_bzero(&command, sizeof(command));
}

void lk_postal_command(struct lk_postal *p, const struct lk_effect *fx)
{
    if (!p || fx->result == LK_RESULT_PENDING) {
        return;
    }
    const struct lk_core_config *cfg = lk_engine_core_config(p->engine);
    char status[LK_ENVELOPE_SMALL_MAX - 1024];
    struct lk_text t = lk_text_init(status, sizeof(status));
    bool wants_status = fx->status;
    if (wants_status) {
        lk_postal_health_text(p, &t);
    }
    struct lk_envelope_answer answer = {
        .jti = fx->jti,
        .result = fx->result,
        .reason = fx->reason,
        .outcome = fx->outcome,
        .compartment = fx->door != LK_NO_DOOR ? lk_core_label(cfg, fx->door) : NULL,
        .sealed = fx->sealed,
        .extra = wants_status ? status : NULL,
    };
    respond(p, &answer);
    if (wants_status) {
        lk_postal_publish_states(p);
    }
}
