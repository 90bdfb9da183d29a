/*
 * JSON from outside, before anything in it is believed. Any thread.
 */
#ifndef UPLINK_JSON_IN_H
#define UPLINK_JSON_IN_H

#include <jansson.h>
#include <stddef.h>

/* Parses one JSON object of at most 16 KiB: UTF-8 without NUL, no key twice, nested at most LK_COMMAND_DEPTH_MOST deep,
 * nothing behind it. Returns it (the caller's, json_decref) or NULL with *ret_fault a static English text. */
json_t *lk_json_in(const char *bytes, size_t len, const char **ret_fault);

#endif
