#include "probe.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 4, VERDICT_MS = 700, HOST_MOST = 256, NAME_MOST = 96 };

static void close_fdp(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static void ctx_freep(SSL_CTX **ctx)
{
    SSL_CTX_free(*ctx);
}

static void ssl_freep(SSL **ssl)
{
    SSL_free(*ssl);
}

/* host and whether it is TLS, of mqtt[s]://host:port with or without brackets. */
static bool split(const struct lk_uplink_settings *set, char host[HOST_MOST], char port[8])
{
    bool tls = strncmp(set->url, "mqtts://", 8) == 0;
    const char *from = set->url + (tls ? 8 : 7);
    const char *colon = strrchr(from, ':');
    size_t len = colon ? (size_t)(colon - from) : strlen(from);
    if (len > 2 && from[0] == '[') {
        from++;
        len -= 2;
    }
    (void)snprintf(host, HOST_MOST, "%.*s", (int)len, from);
    (void)snprintf(port, 8, "%u", set->port);
    return tls;
}

static int reach(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        return -1;
    }
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* also of connect */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

/* --- what is wrong, in words ---------------------------------------------------------------------------------------
 */

static void date_of(const ASN1_TIME *time, char *buf, size_t cap)
{
    struct tm tm = {0};
    if (!time || ASN1_TIME_to_tm(time, &tm) != 1 || strftime(buf, cap, "%Y-%m-%d", &tm) == 0) {
        (void)snprintf(buf, cap, "?");
    }
}

static void name_of(const X509_NAME *name, char *buf, size_t cap)
{
    if (!name || X509_NAME_get_text_by_NID((X509_NAME *)name, NID_commonName, buf, (int)cap) < 0) {
        (void)snprintf(buf, cap, "?");
    }
    for (char *c = buf; *c; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
}

/* The broker's certificate against our CA and the name in the URL. */
static bool judge_certificate(const struct lk_uplink_settings *set, SSL *ssl, const char *host, struct lk_text *t)
{
    char date[16], name[NAME_MOST];
    X509 *cert = SSL_get0_peer_certificate(ssl);
    long verdict = SSL_get_verify_result(ssl);
    switch (verdict) {
    case X509_V_OK:
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        date_of(X509_get0_notAfter(cert), date, sizeof(date));
        lk_text_addf(t,
                     "the broker's certificate, or its CA's, has expired (%s): the broker's side has to renew it, if "
                     "this machine's clock is right",
                     date);
        return true;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        date_of(X509_get0_notBefore(cert), date, sizeof(date));
        lk_text_addf(t, "the broker's certificate is valid only from %s: is this machine's clock right?", date);
        return true;
    default:
        name_of(X509_get_issuer_name(cert), name, sizeof(name));
        lk_text_addf(t, "the broker's certificate, issued by \"%.40s\", is not from the CA in %s: %s", name,
                     set->ca_file[0] ? set->ca_file : "this system's store", X509_verify_cert_error_string(verdict));
        return true;
    }
    if (X509_check_host(cert, host, 0, 0, NULL) != 1 && X509_check_ip_asc(cert, host, 0) != 1) {
        name_of(X509_get_subject_name(cert), name, sizeof(name));
        lk_text_addf(t, "the broker's certificate is for \"%.60s\", not for %.60s (uplink.url)", name, host);
        return true;
    }
    return false;
}

/* What the other side said about us, or why no handshake came about. */
static void judge_alert(const struct lk_uplink_settings *set, unsigned long error, struct lk_text *t)
{
    bool own = set->cert_file[0] != '\0';
    switch (ERR_GET_REASON(error)) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
        lk_text_add(t,
                    "the broker offers only TLS older than 1.2, which is unsafe: its side has to allow TLS 1.2 or 1.3");
        break;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        lk_text_addf(t, "port %u of the broker does not speak TLS (uplink.url: mqtt:// instead of mqtts://?)",
                     set->port);
        break;
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        lk_text_add(t, "the broker wants a client certificate: set uplink.cert and uplink.key (scripts/site-cert)");
        break;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        lk_text_addf(t, "the broker does not know the CA of our certificate %s", set->cert_file);
        break;
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        lk_text_addf(t, "the broker says that our certificate %s has expired: renew it (scripts/site-cert)",
                     set->cert_file);
        break;
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        lk_text_addf(t, "the broker says that our certificate %s was revoked", set->cert_file);
        break;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        lk_text_add(t,
                    own ? "the broker and we have no cipher in common"
                        : "the broker ends the handshake: it may want a client certificate (uplink.cert, uplink.key)");
        break;
    case 0: /* no word at all */
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        lk_text_addf(t, "the broker ends the handshake without a word: does port %u speak TLS (uplink.url)?",
                     set->port);
        break;
    default:
        lk_text_addf(t, "TLS: %s", ERR_reason_error_string(error));
        break;
    }
}

/* --- the handshake -------------------------------------------------------------------------------------------------
 */

static SSL_CTX *context(const struct lk_uplink_settings *set)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx) {
        return NULL;
    }
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    if (set->ca_file[0]) {
        (void)SSL_CTX_load_verify_locations(ctx, set->ca_file, NULL);
    } else {
        (void)SSL_CTX_set_default_verify_paths(ctx);
    }
    if (set->cert_file[0]) {
        (void)SSL_CTX_use_certificate_chain_file(ctx, set->cert_file);
        (void)SSL_CTX_use_PrivateKey_file(ctx, set->key_file, SSL_FILETYPE_PEM);
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL); /* to hear all of what is wrong; nothing is ever sent over it */
    ERR_clear_error();
    return ctx;
}

/* With TLS 1.3 what the broker thinks of our certificate comes only after the handshake. */
static unsigned long later_alert(SSL *ssl, int fd)
{
    struct timeval wait = {.tv_usec = VERDICT_MS * 1000L};
    char byte;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    int n = SSL_read(ssl, &byte, 1);
    return n <= 0 && SSL_get_error(ssl, n) == SSL_ERROR_SSL ? ERR_peek_error() : 0;
}

static bool shake_hands(const struct lk_uplink_settings *set, int fd, const char *host, struct lk_text *t)
{
    LK_CLEANUP(ctx_freep) SSL_CTX *ctx = context(set);
    LK_CLEANUP(ssl_freep) SSL *ssl = ctx ? SSL_new(ctx) : NULL;
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        return false;
    }
    (void)SSL_set_tlsext_host_name(ssl, host);
    ERR_clear_error();
    if (SSL_connect(ssl) != 1) {
        judge_alert(set, ERR_peek_error(), t);
    } else if (!judge_certificate(set, ssl, host, t)) {
        unsigned long error = later_alert(ssl, fd);
        if (error) {
            judge_alert(set, error, t);
        }
    }
    ERR_clear_error();
    return t->len > 0;
}

/* --- which MQTT --------------------------------------------------------------------------------------------------- */

enum { MQTT_311 = 4, MQTT_5 = 5, CONNACK = 0x20, CONNECT_MOST = 64 };

static size_t connect_packet(unsigned char level, unsigned char buf[CONNECT_MOST])
{
    static const char name[] = "lockerd-probe";
    const size_t n = sizeof(name) - 1;
    size_t at = 2;
    memcpy(buf + at, "\0\4MQTT", 6);
    at += 6;
    buf[at++] = level;
    buf[at++] = 2; /* clean, nothing else */
    buf[at++] = 0;
    buf[at++] = 10; /* keep-alive, in s */
    if (level == MQTT_5) {
        buf[at++] = 0; /* no properties */
    }
    buf[at++] = 0;
    buf[at++] = (unsigned char)n;
    memcpy(buf + at, name, n);
    at += n;
    buf[0] = 0x10;
    buf[1] = (unsigned char)(at - 2);
    return at;
}

static bool answers_connect(const struct lk_uplink_settings *set, unsigned char level)
{
    char host[HOST_MOST], port[8];
    unsigned char packet[CONNECT_MOST], answer = 0;
    bool tls = split(set, host, port);
    size_t len = connect_packet(level, packet);
    LK_CLEANUP(close_fdp) int fd = reach(host, port);
    if (fd < 0) {
        return false;
    }
    if (!tls) {
        return send(fd, packet, len, MSG_NOSIGNAL) == (ssize_t)len && recv(fd, &answer, 1, 0) == 1 && answer == CONNACK;
    }
    LK_CLEANUP(ctx_freep) SSL_CTX *ctx = context(set);
    LK_CLEANUP(ssl_freep) SSL *ssl = ctx ? SSL_new(ctx) : NULL;
    bool up = ssl && SSL_set_fd(ssl, fd) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_connect(ssl) == 1;
    bool yes =
        up && SSL_write(ssl, packet, (int)len) == (int)len && SSL_read(ssl, &answer, 1) == 1 && answer == CONNACK;
    ERR_clear_error();
    return yes;
}

bool lk_probe_only_311(const struct lk_uplink_settings *set)
{
    return !answers_connect(set, MQTT_5) && answers_connect(set, MQTT_311);
}

enum lk_probe lk_probe(const struct lk_uplink_settings *set, char *text)
{
    char host[HOST_MOST], port[8];
    bool tls = split(set, host, port);
    LK_CLEANUP(close_fdp) int fd = reach(host, port);
    if (fd < 0) {
        return LK_PROBE_UNREACHABLE;
    }
    struct lk_text t = lk_text_init(text, LK_UPLINK_ERROR_MAX);
    return tls && shake_hands(set, fd, host, &t) ? LK_PROBE_TLS : LK_PROBE_OPEN;
}
