/* Shared by postal.c, postal_command.c, postal_outbox.c and postal_states.c only. */
#ifndef APP_POSTAL_IMPL_H
#define APP_POSTAL_IMPL_H

#include "base/log.h"
#include "postal.h"
#include "site_limits.h"
#include "uplink/certificate.h"
#include "uplink/command_verify.h"
#include "uplink/envelope.h"
#include "uplink/seal.h"
#include "uplink/uplink.h"
#include "wear.h"

#include <event2/util.h>

struct event;

enum { REPLIES_KEPT = 8, LK_POSTAL_CERTIFICATES = 2 };

/* Where the answer to a command that is still under way goes besides `rsp` (MQTT 5). */
struct lk_postal_reply {
    char jti[LK_JTI_MAX + 1];
    char *topic;
    void *correlation;
    size_t correlation_len;
};

/* What is read from the files of the configuration, all at once. */
struct lk_postal_trust {
    struct lk_command_keys *keys; /* NULL: none configured */
    struct lk_seal_key *seal;     /* NULL: none configured */
    uint8_t print[LK_CERTIFICATE_PRINT];
};

struct lk_postal {
    const struct lk_config *config;
    struct lk_store *store;
    const struct lk_wear *wear;
    const struct lk_limits *limits;
    struct lk_clock *clock;
    struct lk_engine *engine; /* NULL until serve */
    struct lk_uplink *uplink;
    struct lk_uplink_site site;
    struct lk_postal_trust trust;
    enum lk_reason certificate[LK_POSTAL_CERTIFICATES]; /* what was last told of each; NONE: it is good */
    bool reload_failed;
    struct lk_outbox outbox;
    struct event *readable, *outbox_timer, *snapshot_timer, *health_timer, *trust_timer;
    int64_t started_at_ms, since_ms;
    bool connected;
    char last_error[LK_UPLINK_ERROR_MAX];
    uint64_t sent, printed;
    enum lk_outbox_level level; /* what the core was last told */
    bool level_told;
    struct lk_log_limit lost_lines, refused_lines;
    struct lk_postal_reply reply[REPLIES_KEPT];
    unsigned next_reply;
    char payload[LK_UPLINK_PAYLOAD_MAX];
};

void lk_postal_pump(struct lk_postal *p);
/* Tells the core when the log has more or less room for what upstream has not acknowledged. */
void lk_postal_look_at_room(struct lk_postal *p);
void lk_postal_now_text(const struct lk_postal *p, char *buf);
void lk_postal_health_text(struct lk_postal *p, struct lk_text *t);
void lk_postal_publish_states(struct lk_postal *p);
void lk_postal_take_ack(struct lk_postal *p, const struct lk_uplink_notice *notice);
void lk_postal_on_outbox_timer(evutil_socket_t fd, short what, void *user);
void lk_postal_on_snapshot_timer(evutil_socket_t fd, short what, void *user);
void lk_postal_on_health_timer(evutil_socket_t fd, short what, void *user);
void lk_postal_take_command(struct lk_postal *p, const struct lk_uplink_notice *notice);
void lk_postal_forget_replies(struct lk_postal *p);
/* The configuration as the uplink wants it; borrows from p. */
struct lk_uplink_config lk_postal_uplink_config(const struct lk_postal *p);
/* All or nothing: 0, or negative errno with *why naming the file. */
int lk_postal_read_trust(const struct lk_postal *p, struct lk_postal_trust *ret_trust, struct lk_text *why);
void lk_postal_free_trust(struct lk_postal_trust *trust);
void lk_postal_on_trust_timer(evutil_socket_t fd, short what, void *user);
/* What is wrong with keys and certificates, for state/health; returns how many were written. */
size_t lk_postal_trust_faults(const struct lk_postal *p, struct lk_envelope_fault *faults, size_t room);
/* Whether there is a key to seal codes to. */
bool lk_postal_makes_codes(const struct lk_postal *p);
/* Makes the code and token that the command asks for: into the command, and sealed into `sealed`, which command->sealed
 * borrows. 0, also when it asks for none; -ENOSPC, -EIO. */
int lk_postal_make_codes(const struct lk_postal *p, struct lk_command *command, struct lk_text *sealed);
uint64_t lk_postal_fingerprint(const struct lk_core *core, int doors);

#endif
