#include "face_private.h"
#include "json_text.h"

#include <errno.h>
#include <stdlib.h>

static const char media[] = "application/json";

void lk_face_answer(struct lk_http_conn *conn, int status, enum lk_result result, enum lk_reason reason,
                    const char *message)
{
    char body[512];
    struct lk_text t = lk_text_init(body, sizeof(body));

    lk_text_addf(&t, "{\"result\":\"%s\",\"reason\":\"%s\"", lk_result_name(result), lk_reason_name(reason));
    if (message) {
        lk_text_add(&t, ",\"message\":");
        lk_json_add_string(&t, message);
    }
    lk_text_add(&t, "}\n");
    lk_http_answer(conn, status, media, "", body, t.len);
}

void lk_face_answer_json(struct lk_http_conn *conn, const char *text, size_t length)
{
    lk_http_answer(conn, 200, media, "", text, length);
}

void lk_face_answer_list(struct lk_http_conn *conn, int (*fill)(void *user, struct lk_face_list *list), void *user)
{
    struct lk_face_list list = {0};

    list.out = open_memstream(&list.text, &list.length);
    if (!list.out) {
        lk_face_answer(conn, 503, LK_RESULT_FAILED, LK_REASON_NOT_NOW, "no memory for the list");
        return;
    }
    fputs("{\"items\":[", list.out);
    int error = fill(user, &list);
    fprintf(list.out, "],\"more\":%s}\n", list.more ? "true" : "false");
    if (fclose(list.out) != 0 || error < 0) {
        lk_face_answer(conn, 503, LK_RESULT_FAILED, LK_REASON_STORE_FAILED, "the list cannot be had now");
    } else {
        lk_face_answer_json(conn, list.text, list.length);
    }
    free(list.text);
}

/* Begins a row with what all lists show. False: the list is full. */
static bool begin_row(struct lk_face_list *list, struct lk_text *t, const struct lk_item *item, const char *door_label)
{
    if (list->count == LK_FACE_LIST_MAX) {
        list->more = true;
        return false;
    }
    lk_text_add(t, list->count > 0 ? ",{\"item\":" : "{\"item\":");
    lk_json_add_string(t, item->id);
    lk_text_add(t, ",\"door\":");
    lk_json_add_string(t, door_label);
    lk_text_addf(t, ",\"size\":\"%s\"", lk_size_name(item->size));
    list->count++;
    return true;
}

static void add_flag(struct lk_text *t, const char *name, bool value)
{
    lk_text_addf(t, ",\"%s\":%s", name, value ? "true" : "false");
}

int lk_face_recall_add(struct lk_face_list *list, const struct lk_item *item, const char *door_label, bool due)
{
    char row[1024];
    struct lk_text t = lk_text_init(row, sizeof(row));

    if (!begin_row(list, &t, item, door_label)) {
        return -ENOSPC;
    }
    lk_text_add(&t, ",\"name\":");
    lk_json_add_string(&t, item->name);
    add_flag(&t, "overdue", item->overdue);
    add_flag(&t, "cancelled", item->cancelled);
    add_flag(&t, "rejected", item->rejected);
    add_flag(&t, "dropoff", item->dropoff);
    add_flag(&t, "due", due);
    fprintf(list->out, "%s}", row);
    return 0;
}

int lk_face_receipt_add(struct lk_face_list *list, const struct lk_item *item, const char *door_label)
{
    char row[512];
    struct lk_text t = lk_text_init(row, sizeof(row));

    if (!begin_row(list, &t, item, door_label)) {
        return -ENOSPC;
    }
    fprintf(list->out, "%s}", row);
    return 0;
}
