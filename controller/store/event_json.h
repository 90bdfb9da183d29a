/*
 * Inside the store: an event as the JSON object that is logged, hashed and sent. Fields: docs/store.md.
 */
#ifndef LK_STORE_EVENT_JSON_H
#define LK_STORE_EVENT_JSON_H

#include "core/config.h"
#include "core/item.h"

/* Compact JSON with the fields that are set, in the table's order. Owner: the caller (free). -ENOMEM, -EINVAL (a text
 * that is no UTF-8, a door that is none). */
int lk_event_json(const struct lk_core_config *cfg, const struct lk_event *event, char **ret_json);

#endif
