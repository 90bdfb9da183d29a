/*
 * What the kiosk tells people of the office's windows: hours.h with the site's local time. Owner thread.
 */
#ifndef APP_WINDOWS_H
#define APP_WINDOWS_H

#include "app/config.h"
#include "face/face.h"
#include "store/store.h"

/* Makes the process's local time the site's, when windows are configured: nothing else here uses local time. Call it
 * before any thread is made. */
void lk_windows_zone(const struct lk_config *config);

/* UNKNOWN while the calendar is not synced: a wrong clock must not send anybody to a closed window. */
void lk_windows_now(const struct lk_config *config, const struct lk_stamp *now, struct lk_face_window *ret_window);

#endif
