/*
 * The claims `cmd` and `args` of a command whose signature was found right.
 */
#ifndef UPLINK_COMMAND_ARGS_H
#define UPLINK_COMMAND_ARGS_H

#include "core/command.h"

#include <jansson.h>

/* Reads both from the claims into *command: its kind and what its args say (core/command.h); the rest is left alone. Of
 * a person's name only the masked form gets there. LK_REASON_NONE, UNKNOWN_COMMAND or BAD_ARGUMENT; `why`
 * (LK_COMMAND_WHY_MAX bytes) names the field and never quotes its value. */
enum lk_reason lk_command_read_args(const json_t *claims, struct lk_command *command, char *why);

#endif
