/*
 * The end of a commissioning: what its files will say, what that changes, what the daemon thinks of it, and then the
 * files themselves. Thread: one. Blocking: disk, and the run of `lockerd --check-config`.
 */
#ifndef CTL_COM_FILES_H
#define CTL_COM_FILES_H

#include "commission/conf.h"
#include "commission/site.h"
#include "person.h"

enum { LK_COM_FILES = LK_COM_BOARDS + 1 };

struct lk_com_files {
    unsigned n, changed;
    struct {
        char name[64];
        bool changes;
        char old_text[LK_COM_FILE_MAX], new_text[LK_COM_FILE_MAX];
    } file[LK_COM_FILES];
};

/* Makes the texts and reads what is on the disk. has_line: the [fieldbus] is not defined elsewhere. 0 or an errno. */
int lk_com_files_make(const struct lk_com_site *site, const struct lk_com_known *known,
                      const struct lk_fieldbus_config *line, const char *fieldbus, bool has_line,
                      struct lk_com_files *ret);

/* Shows each change as a unified diff. */
void lk_com_files_show(struct lk_person *person, const struct lk_com_site *site, const struct lk_com_files *files);

/* Runs the daemon's check over a copy of the configuration with the new files in it, before anything is written.
 * program: of --lockerd, or NULL: looked for. Its words go to ret_text. 0: it is content; 1: it is not; -ENOENT: there
 * is no lockerd; other errnos. */
int lk_com_files_check(const struct lk_com_site *site, const struct lk_com_files *files, const char *program,
                       struct lk_text *ret_text);

#endif
