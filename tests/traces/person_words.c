/* The scenario language's words for what citizens do. */
#include "scenario.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

bool person_policy(struct lk_core_config *cfg, const char *name, const char *value)
{
    if (strcmp(name, "rating") == 0) {
        cfg->rating = true;
    } else if (strcmp(name, "no-refusal") == 0) {
        cfg->refusable = false;
    } else if (strcmp(name, "dropoff") == 0) {
        cfg->dropoff = true;
        cfg->dropoff_most = value[0] != '\0' ? (unsigned)strtoul(value, NULL, 10) : cfg->dropoff_most;
    } else if (strcmp(name, "extend") == 0) {
        cfg->extend_days = (unsigned)strtoul(value, NULL, 10);
    } else {
        return false;
    }
    return true;
}

/* second DIGITS: the last four of the phone */
void do_second(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_SECOND);
    bool four = lk_text_is_digits(l->word[1], 4, 4);
    (void)lk_text_copy(in.tail, sizeof(in.tail), four ? l->word[1] : "");
    site_step(site, &in);
}

/* case NUMBER RECEIPT: typed or scanned where a drop-off asks for it */
void do_case(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_CASE);
    bool good = lk_text_is_id(l->word[1], LK_ITEM_ID_MAX);
    (void)lk_text_copy(in.text, sizeof(in.text), good ? l->word[1] : "");
    (void)lk_text_copy(in.item.id, sizeof(in.item.id), l->word[2]);
    site_step(site, &in);
}

bool person_facts(struct site *site, struct lk_input *in, const struct line *l)
{
    const struct lk_session *session = &site->core.session;
    if (in->button == LK_BUTTON_RATE) {
        in->rating = (unsigned)strtoul(l->word[2], NULL, 10);
    } else if (in->button == LK_BUTTON_NEXT && session->staff == LK_ACTOR_SYSTEM) {
        model_store_sibling(&site->store, session->item.id, session->item.holder, in);
    } else {
        return false;
    }
    return true;
}
