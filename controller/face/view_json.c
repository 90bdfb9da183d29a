#include "view_json.h"

#include "json_text.h"

static void add_member(struct lk_text *t, const char *name, const char *value)
{
    lk_text_addf(t, "\"%s\":", name);
    lk_json_add_string(t, value);
    lk_text_add(t, ",");
}

static void add_buttons(struct lk_text *t, const struct lk_view *view)
{
    const char *comma = "";

    lk_text_add(t, "\"buttons\":[");
    for (int i = 0; i < LK_BUTTONS; i++) {
        if (view->button[i]) {
            lk_text_addf(t, "%s\"%s\"", comma, lk_button_name((enum lk_button)i));
            comma = ",";
        }
    }
    lk_text_add(t, "],");
}

static void add_free(struct lk_text *t, const struct lk_view *view)
{
    lk_text_add(t, "\"free\":{");
    for (int i = 0; i < LK_SIZES; i++) {
        lk_text_addf(t, "%s\"%s\":%u", i > 0 ? "," : "", lk_size_name((enum lk_size)i), view->free[i]);
    }
    lk_text_add(t, "},");
}

size_t lk_view_json(const struct lk_view *view, char text[LK_VIEW_JSON_MAX])
{
    struct lk_text t = lk_text_init(text, LK_VIEW_JSON_MAX);

    add_member(&t, "screen", lk_screen_name(view->screen));
    add_member(&t, "reason", lk_reason_name(view->reason));
    add_member(&t, "door", view->door);
    add_member(&t, "item", view->item);
    add_member(&t, "staff", view->staff);
    add_member(&t, "role", lk_actor_name(view->role));
    add_buttons(&t, view);
    add_free(&t, view);
    lk_text_addf(&t, "\"tries_left\":%u,\"out_of_service\":%s,\"doors_open\":%u,", view->tries_left,
                 view->out_of_service ? "true" : "false", view->doors_open);
    lk_text_add(&t, "\"open_door\":");
    lk_json_add_string(&t, view->open_door);
    return t.len;
}
