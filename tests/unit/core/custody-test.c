/* Custody against the table of docs/core.md: every from, to and actor. */
#include "doc.h"

#include "check.h"
#include "core/step.h"

static struct doc doc;

static const char *shown(enum lk_custody custody)
{
    return custody == LK_CUSTODY_NONE ? "–" : lk_custody_name(custody);
}

/* Whether the actors' cell, "courier, clerk", names this one. */
static int names(const char *cell, const char *actor)
{
    char text[DOC_TEXT];
    char *rest = NULL;
    (void)snprintf(text, sizeof(text), "%s", cell);
    for (char *word = strtok_r(text, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
        if (strcmp(word, actor) == 0) {
            return 1;
        }
    }
    return 0;
}

static int page_allows(const char *from, const char *to, const char *actor)
{
    for (int i = 1; i < doc.rows; i++) {
        if (strcmp(doc.cell[i][0], from) == 0 && strcmp(doc.cell[i][1], to) == 0) {
            return names(doc.cell[i][2], actor);
        }
    }
    return 0;
}

CASE(every_triple_is_as_the_page_says)
{
    int allowed = 0;
    doc_read(&doc, LK_SOURCE_DIR "/docs/core.md", "custody");
    for (int f = 0; f < LK_CUSTODIES; f++) {
        for (int t = 0; t < LK_CUSTODIES; t++) {
            for (int a = 0; a < LK_ACTORS; a++) {
                enum lk_custody from = (enum lk_custody)f, to = (enum lk_custody)t;
                const char *actor = lk_actor_name((enum lk_actor)a);
                int is = lk_custody_allowed(from, to, (enum lk_actor)a);
                if (is != page_allows(shown(from), shown(to), actor)) {
                    printf("# %s -> %s by %s\n", shown(from), shown(to), actor);
                }
                CHECK_INT(is, page_allows(shown(from), shown(to), actor));
                allowed += is;
            }
        }
    }
    CHECK_INT(allowed, 67);
}

CASE(the_page_names_no_pair_twice_and_no_stranger)
{
    doc_read(&doc, LK_SOURCE_DIR "/docs/core.md", "custody");
    for (int i = 1; i < doc.rows; i++) {
        enum lk_custody c;
        CHECK(strcmp(doc.cell[i][0], "–") == 0 || lk_custody_parse(doc.cell[i][0], &c) == 0);
        CHECK_INT(lk_custody_parse(doc.cell[i][1], &c), 0);
        for (int k = i + 1; k < doc.rows; k++) {
            CHECK(strcmp(doc.cell[i][0], doc.cell[k][0]) != 0 || strcmp(doc.cell[i][1], doc.cell[k][1]) != 0);
        }
    }
}

CASE(nothing_leaves_returned_and_only_a_dispute_collected)
{
    for (int t = 0; t < LK_CUSTODIES; t++) {
        for (int a = 0; a < LK_ACTORS; a++) {
            bool dispute = t == LK_CUSTODY_UNKNOWN && (a == LK_ACTOR_RECIPIENT || a == LK_ACTOR_DELEGATE);
            CHECK_INT(lk_custody_allowed(LK_CUSTODY_COLLECTED, (enum lk_custody)t, (enum lk_actor)a), dispute);
            CHECK(!lk_custody_allowed(LK_CUSTODY_RETURNED, (enum lk_custody)t, (enum lk_actor)a));
        }
    }
}

CASE(only_an_inspection_leaves_unknown)
{
    for (int t = 0; t < LK_CUSTODIES; t++) {
        for (int a = 0; a < LK_ACTORS; a++) {
            if (lk_custody_allowed(LK_CUSTODY_UNKNOWN, (enum lk_custody)t, (enum lk_actor)a)) {
                CHECK(a == LK_ACTOR_MAINTENANCE || a == LK_ACTOR_CLERK || a == LK_ACTOR_SUPERVISOR);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(every_triple_is_as_the_page_says),
        NAMED(the_page_names_no_pair_twice_and_no_stranger),
        NAMED(nothing_leaves_returned_and_only_a_dispute_collected),
        NAMED(only_an_inspection_leaves_unknown),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
