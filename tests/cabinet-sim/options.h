/*
 * The command line. One table row per option and per key of the composite ones; every refusal names the option, the
 * key and what would have been right. Thread: the main one. Blocking: opening the lines.
 */
#ifndef LK_CAB_OPTIONS_H
#define LK_CAB_OPTIONS_H

#include "sim.h"

struct lk_cab_options {
    uint64_t seed;
    size_t log;          /* happenings kept */
    const char *control; /* NULL = no control socket */
    bool die_with_parent;
    bool realtime;
    bool help, version;
};

/* Reads what must be known before there is a sim. 0, or -EINVAL with the reason on stderr. */
int lk_cab_options_read(int argc, char **argv, struct lk_cab_options *ret_options);

/* Adds the lines, then the boards. 0, or negative errno with the reason on stderr. */
int lk_cab_options_build(struct lk_cab_sim *sim, int argc, char **argv);

void lk_cab_options_help(void);

#endif
