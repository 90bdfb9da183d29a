/* The admin command reload: keys, certificates and the broker's password are read anew, as by SIGHUP, with an answer.
 */
#include "app.h"

void lk_admin_reload(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    char buf[256];
    struct lk_text why = lk_text_init(buf, sizeof(buf));
    struct lk_postal_reloaded done;
    (void)args;
    if (!app->postal) {
        lk_admin_fail(request, LK_REASON_NOT_NOW, "no uplink is configured: there is nothing to read anew");
    } else if (lk_postal_reload(app->postal, &done, &why) < 0) {
        lk_admin_fail(request, LK_REASON_RELOAD_FAILED, why.buf);
    } else {
        lk_admin_ok(request, json_pack("{s:i, s:s, s:b}", "command_keys", (int)done.command_keys, "seal_key",
                                       done.seal_key, "reconnects", done.reconnects));
    }
}
