/*
 * What commissioning has to know of the site's configuration as it is: where the database lies, which lines and banks
 * there are already. A lenient reader of the same files that the daemon reads strictly (the verdict is
 * `lockerd --check-config`'s); a file that cannot be read is an error, for a database that is overlooked is one that
 * somebody's letters are in.
 *
 * Thread: one. Blocking: small local files.
 */
#ifndef COMMISSION_SITE_H
#define COMMISSION_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "commission/known.h"

enum { LK_COM_SITE_LINES = 16, LK_COM_SITE_BANKS = 64, LK_COM_PATH = 256, LK_COM_SITE_FILES = 64 };

struct lk_com_site {
    char config[LK_COM_PATH]; /* lockerd.conf */
    char folder[LK_COM_PATH]; /* conf.d beside it */
    char database[LK_COM_PATH];
    char socket[LK_COM_PATH];
    unsigned lines, banks;
    struct {
        char name[LK_COM_NAME];
        char place[LK_COM_PATH];  /* device, or host:port */
        char baud[16], parity[8]; /* as in the file; "" for the defaults */
        char file[LK_COM_PATH];   /* where the section begins, without its folder */
    } line[LK_COM_SITE_LINES];
    struct {
        char name[LK_COM_NAME];
        char fieldbus[LK_COM_NAME];
        char file[LK_COM_PATH];
    } bank[LK_COM_SITE_BANKS];
};

/* Reads path and conf.d beside it. No file at path is fine: a cabinet that is commissioned first. 0, -ENAMETOOLONG, or
 * the errno of a file, whose name is then in ret->config. */
int lk_com_site_read(const char *path, struct lk_com_site *ret);

/* The name of the [fieldbus] of that place, or NULL. */
const char *lk_com_site_line(const struct lk_com_site *site, const char *place);

/* Whether that section has this speed. */
bool lk_com_site_speed(const struct lk_com_site *site, const char *name, unsigned baud, enum lk_fb_parity parity);

/* The daemon's database is there and not empty; or it cannot be told, for lack of permission. */
bool lk_com_site_in_use(const struct lk_com_site *site);

/* A bank of another line, or one defined in a file that commissioning does not write, has that name. */
bool lk_com_site_bank_taken(const struct lk_com_site *site, const char *bank, const char *fieldbus);

#endif
