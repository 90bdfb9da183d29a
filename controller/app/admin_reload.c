/* Admin commands about the daemon itself. reload: keys, certificates and the broker's password are read anew, as by
 * SIGHUP, with an answer.
 */
#include "app.h"
#include "drivers/panel.h"

#include <errno.h>
#include <string.h>

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

/* Which outputs are wired is what a person in front of the panel compares with what they see. */
void lk_admin_lamps(void *user, struct lk_admin_request *request, const json_t *args)
{
    static const char *const names[LK_CONFIG_PANEL_OUTPUTS] = {"ready", "attention", "out_of_order", "buzzer"};
    struct lk_app *app = user;
    int r = lk_lamps_test(app->lamps);
    (void)args;
    if (r == -ENOENT) {
        lk_admin_fail(request, LK_REASON_NOT_NOW, "no panel is configured: there are no lamps");
        return;
    }
    if (r < 0) {
        lk_admin_fail(request, LK_REASON_DEVICE_MISSING, strerror(-r));
        return;
    }
    json_t *wired = json_array();
    for (size_t i = 0; i < LK_CONFIG_PANEL_OUTPUTS; i++) {
        if (app->config->panel.output[i][0] != '\0') {
            json_array_append_new(wired, json_string(names[i]));
        }
    }
    lk_admin_ok(request, json_pack("{s:o, s:i}", "outputs", wired, "ms", (int)LK_PANEL_TEST_MS));
}
