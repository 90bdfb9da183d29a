/* The door machine against the table of docs/core.md: every state, every input. */
#include "doc.h"

#include "check.h"
#include "machine.h"

static const char *const inputs[LK_DOOR_INPUTS] = {
    "see_closed", "see_open_own",   "see_open_found", "see_open_forced", "see_nothing",
    "pulse",      "pulse_not_sent", "give_up",        "too_long",
};

static struct doc doc;

CASE(the_page_has_the_table)
{
    doc_read(&doc, LK_SOURCE_DIR "/docs/core.md", "doors");
    CHECK_INT(doc.rows, LK_DOOR_STATES + 1);
    for (int i = 0; i < LK_DOOR_INPUTS; i++) {
        CHECK_STR(doc.cell[0][i + 1], inputs[i]);
    }
}

CASE(every_pair_is_as_the_page_says)
{
    doc_read(&doc, LK_SOURCE_DIR "/docs/core.md", "doors");
    for (int s = 0; s < LK_DOOR_STATES; s++) {
        CHECK_STR(doc.cell[s + 1][0], lk_door_state_name((enum lk_door_state)s));
        for (int i = 0; i < LK_DOOR_INPUTS; i++) {
            enum lk_door_state next = lk_door_next((enum lk_door_state)s, (enum lk_door_input)i);
            const char *name = next == LK_DOOR_STATES ? "–" : lk_door_state_name(next);
            if (strcmp(name, doc.cell[s + 1][i + 1]) != 0) {
                printf("# %s, %s\n", doc.cell[s + 1][0], inputs[i]);
            }
            CHECK_STR(name, doc.cell[s + 1][i + 1]);
        }
    }
}

CASE(no_pulse_makes_a_door_open)
{
    for (int s = 0; s < LK_DOOR_STATES; s++) {
        enum lk_door_state next = lk_door_next((enum lk_door_state)s, LK_DOOR_PULSE);
        CHECK(next == LK_DOOR_STATES || next == LK_DOOR_PULSING);
    }
}

CASE(nothing_seen_is_lost_from_everywhere)
{
    for (int s = 0; s < LK_DOOR_STATES; s++) {
        CHECK_INT(lk_door_next((enum lk_door_state)s, LK_DOOR_SEE_NOTHING), LK_DOOR_LOST);
    }
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(the_page_has_the_table),
        NAMED(every_pair_is_as_the_page_says),
        NAMED(no_pulse_makes_a_door_open),
        NAMED(nothing_seen_is_lost_from_everywhere),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
