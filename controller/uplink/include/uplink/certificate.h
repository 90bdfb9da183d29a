/*
 * What the uplink's TLS files are worth, before a connection is tried with them: whether they can be read, whether the
 * key is the certificate's, and until when they are valid.
 *
 * Thread: any. Blocking: reads small files. Nothing is kept; no private key leaves these functions.
 */
#ifndef UPLINK_CERTIFICATE_H
#define UPLINK_CERTIFICATE_H

#include "uplink/uplink.h"

enum { LK_CERTIFICATE_PRINT = 32 };

/* Checks the files of the configuration ("" or NULL: not used): the CA's certificates and ours can be read, the key is
 * the one of our certificate and has no pass phrase, the password file has a password. 0; -EINVAL or a file's errno,
 * and `why` (LK_UPLINK_ERROR_MAX bytes) names file and fault. ret_print (may be NULL): SHA-256 over all of them, to
 * tell whether anything changed. */
int lk_certificates_check(const struct lk_uplink_config *config, uint8_t ret_print[LK_CERTIFICATE_PRINT], char *why);

/* The time from which on the file is of no use: the soonest notAfter of its certificates, in seconds since 1970.
 * 0; -EINVAL: there is none in it, or no date can be read; or the file's errno. */
int lk_certificate_ends(const char *file, int64_t *ret_wall_s);

#endif
