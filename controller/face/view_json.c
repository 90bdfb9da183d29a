#include "view_json.h"

#include "json_text.h"

static void add_member(struct lk_text *t, const char *name, const char *value)
{
    lk_text_addf(t, "\"%s\":", name);
    lk_json_add_string(t, value);
    lk_text_add(t, ",");
}

static void add_flag(struct lk_text *t, const char *name, bool value)
{
    lk_text_addf(t, "\"%s\":%s,", name, value ? "true" : "false");
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
    add_flag(&t, "out_of_service", view->out_of_service);
    add_flag(&t, "round", view->round);
    add_flag(&t, "post", view->post);
    add_flag(&t, "tail", view->tail);
    add_member(&t, "open_door", view->open_door);
    add_member(&t, "receipt", view->receipt);
    add_member(&t, "custody", lk_custody_name(view->custody));
    add_member(&t, "name", view->name);
    add_member(&t, "join", view->join);
    lk_text_addf(&t, "\"tries_left\":%u,\"doors_open\":%u,\"more\":%u,\"placed\":%u", view->tries_left,
                 view->doors_open, view->more, view->placed);
    return t.len;
}

size_t lk_window_json(const struct lk_face_window *window, char text[LK_WINDOW_JSON_MAX])
{
    static const char *const states[] = {
        [LK_FACE_WINDOW_OPEN] = "open",
        [LK_FACE_WINDOW_CLOSED] = "closed",
        [LK_FACE_WINDOW_UNKNOWN] = "unknown",
    };
    struct lk_text t = lk_text_init(text, LK_WINDOW_JSON_MAX);

    if (window->state == LK_FACE_WINDOW_NONE) {
        lk_text_add(&t, "null");
        return t.len;
    }
    lk_text_add(&t, "{");
    add_member(&t, "name", window->name);
    add_member(&t, "state", states[window->state]);
    add_member(&t, "day", window->day);
    lk_text_add(&t, "\"at\":");
    lk_json_add_string(&t, window->at);
    lk_text_add(&t, "}");
    return t.len;
}
