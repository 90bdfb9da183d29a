#include "base/text.h"
#include "json_in.h"
#include "uplink/outbox.h"

#include <errno.h>
#include <jansson.h>

enum { WHY_MAX = 64 };

static int refuse(char *why, const char *text)
{
    (void)lk_text_copy(why, WHY_MAX, text);
    return -EINVAL;
}

static int read_epoch(const json_t *root, struct lk_ack *ack, char *why)
{
    const json_t *epoch = json_object_get(root, "epoch");
    if (!epoch) {
        return 0;
    }
    if (!json_is_string(epoch) || lk_text_copy(ack->epoch, sizeof(ack->epoch), json_string_value(epoch)) < 0) {
        return refuse(why, "epoch is not the text of an epoch");
    }
    ack->has_epoch = true;
    return 0;
}

static int read_seq(const json_t *seq, json_int_t least, struct lk_ack *ack, char *why)
{
    if (!json_is_integer(seq) || json_integer_value(seq) < least) {
        return refuse(why, least > 0 ? "replayFrom is not a number from 1" : "upTo is not a number from 0");
    }
    ack->seq = (uint64_t)json_integer_value(seq);
    return 0;
}

static int read_fields(const json_t *root, struct lk_ack *ack, char *why)
{
    const json_t *up_to = json_object_get(root, "upTo");
    const json_t *from = json_object_get(root, "replayFrom");
    if (!up_to == !from) {
        return refuse(why, "needs exactly one of upTo and replayFrom");
    }
    int r = read_epoch(root, ack, why);
    if (r < 0) {
        return r;
    }
    if (up_to && !ack->has_epoch) {
        return refuse(why, "upTo needs the epoch beside it");
    }
    ack->replay = from != NULL;
    return read_seq(from ? from : up_to, from ? 1 : 0, ack, why);
}

int lk_ack_parse(const char *payload, size_t len, struct lk_ack *ret_ack, char *why)
{
    struct lk_ack ack = {0};
    const char *fault;
    json_t *root = lk_json_in(payload, len, &fault);
    if (!root) {
        return refuse(why, fault);
    }
    int r = read_fields(root, &ack, why);
    json_decref(root);
    if (r == 0) {
        *ret_ack = ack;
    }
    return r;
}
