/*
 * From what was learned to configuration files: their text, what it changes, and how it gets onto the disk.
 * Pure but for lk_com_put(). Thread: one. Source of the keys: docs/configuration.md.
 */
#ifndef COMMISSION_CONF_H
#define COMMISSION_CONF_H

#include "base/text.h"
#include "commission/known.h"

enum { LK_COM_FILE_MAX = 16 << 10 /* bytes of a file's text */ };

/* "30-bank-A.conf", "20-fieldbus-rs485-a.conf". */
void lk_com_conf_bank_name(const struct lk_com_board *board, char *buf, size_t cap);
void lk_com_conf_line_name(const char *fieldbus, char *buf, size_t cap);

/* The [bank X] section of a board whose doors are numbered without a gap and whose inputs are all on one board. The
 * same facts make the same text. 0; -EINVAL for such a bank, -ENOBUFS. */
int lk_com_conf_bank(const struct lk_com_known *known, const struct lk_com_board *board, const char *fieldbus,
                     struct lk_text *out);

/* The [fieldbus NAME] section. */
int lk_com_conf_line(const struct lk_com_known *known, const struct lk_fieldbus_config *line, const char *fieldbus,
                     struct lk_text *out);

/* Appends the lines of the old text of the same file whose keys commissioning does not write (low_reach, supply,
 * pulse_ms, ...): what people added stays. */
int lk_com_conf_keep(const char *old_text, struct lk_text *out);

/* A unified diff; "" when the texts are equal. old_name "/dev/null" for a file that is not there. 0 or -ENOBUFS,
 * -ENOMEM. */
int lk_com_diff(const char *old_name, const char *old_text, const char *new_name, const char *new_text,
                struct lk_text *out);

/* Writes folder/name so that after a crash either the old or the new text is there, whole. What was there is kept as
 * folder/name.bak. 0 or an errno. Blocking: fsync. */
int lk_com_put(const char *folder, const char *name, const char *text);

/* Reads folder/name, "" when it is not there. 0 or an errno; -EFBIG when it does not fit. */
int lk_com_get(const char *folder, const char *name, char *buf, size_t cap);

#endif
