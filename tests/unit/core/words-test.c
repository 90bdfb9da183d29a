/* Every value of every enumeration has its own lower-case name, and the parsers read it back. */
#include "check.h"
#include "core/command.h"
#include "core/effect.h"
#include "core/input.h"
#include "core/state.h"

#include <errno.h>

enum { VALUES_MOST = 160 };
_Static_assert((int)LK_REASONS <= VALUES_MOST, "room for the longest enumeration");

/* The names of all values of one enumeration, through a function that takes an int. */
struct names {
    int count;
    const char *of[VALUES_MOST];
};

static int is_word(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyz_.") == n;
}

static void check_names(const struct names *names)
{
    for (int i = 0; i < names->count; i++) {
        if (!is_word(names->of[i])) {
            printf("# value %d is named \"%s\"\n", i, names->of[i]);
        }
        CHECK(is_word(names->of[i]));
        for (int k = 0; k < i; k++) {
            CHECK(strcmp(names->of[i], names->of[k]) != 0);
        }
    }
}

/* All names of an enumeration; the value after the last must have none. */
#define NAMES(names, function, type, last)                                                                             \
    do {                                                                                                               \
        (names).count = (int)(last);                                                                                   \
        for (int v_ = 0; v_ < (int)(last); v_++) {                                                                     \
            (names).of[v_] = function((enum type)v_);                                                                  \
        }                                                                                                              \
        check_names(&(names));                                                                                         \
    } while (0)

/* The same, and the parser gives each value back, knows nothing else and leaves its output alone then. */
#define PARSES(names, parse, type)                                                                                     \
    do {                                                                                                               \
        enum type out_ = (enum type)1;                                                                                 \
        for (int v_ = 0; v_ < (names).count; v_++) {                                                                   \
            CHECK_INT(parse((names).of[v_], &out_), 0);                                                                \
            CHECK_INT(out_, v_);                                                                                       \
        }                                                                                                              \
        out_ = (enum type)1;                                                                                           \
        CHECK_INT(parse("", &out_), -EINVAL);                                                                          \
        CHECK_INT(parse("nonsense", &out_), -EINVAL);                                                                  \
        CHECK_INT(parse("?", &out_), -EINVAL);                                                                         \
        CHECK_INT(out_, 1);                                                                                            \
    } while (0)

static struct names names;

CASE(doors_and_boards)
{
    NAMES(names, lk_door_state_name, lk_door_state, LK_DOOR_STATES);
    NAMES(names, lk_sense_name, lk_sense, LK_SENSES);
    NAMES(names, lk_pulse_report_name, lk_pulse_report, LK_PULSE_REPORTS);
    NAMES(names, lk_bank_state_name, lk_bank_state, LK_BANK_STATES);
    NAMES(names, lk_outcome_name, lk_outcome, LK_OUTCOMES);
    PARSES(names, lk_outcome_parse, lk_outcome);
    NAMES(names, lk_purpose_name, lk_purpose, LK_PURPOSES);
    PARSES(names, lk_purpose_parse, lk_purpose);
    NAMES(names, lk_use_name, lk_use, LK_USES);
    PARSES(names, lk_use_parse, lk_use);
}

CASE(items_and_people)
{
    NAMES(names, lk_custody_name, lk_custody, LK_CUSTODIES);
    PARSES(names, lk_custody_parse, lk_custody);
    NAMES(names, lk_channel_name, lk_channel, LK_CHANNELS);
    PARSES(names, lk_channel_parse, lk_channel);
    NAMES(names, lk_actor_name, lk_actor, LK_ACTORS);
    PARSES(names, lk_actor_parse, lk_actor);
    NAMES(names, lk_scan_name, lk_scan_kind, LK_SCANS);
    NAMES(names, lk_admin_name, lk_admin_op, LK_ADMINS);
}

CASE(reasons_results_and_clocks)
{
    NAMES(names, lk_reason_name, lk_reason, LK_REASONS);
    PARSES(names, lk_reason_parse, lk_reason);
    NAMES(names, lk_result_name, lk_result, LK_RESULTS);
    PARSES(names, lk_result_parse, lk_result);
    NAMES(names, lk_clock_quality_name, lk_clock_quality, LK_CLOCK_QUALITIES);
}

CASE(screens_buttons_inputs_and_effects)
{
    NAMES(names, lk_screen_name, lk_screen, LK_SCREENS);
    NAMES(names, lk_button_name, lk_button, LK_BUTTONS);
    PARSES(names, lk_button_parse, lk_button);
    NAMES(names, lk_input_name, lk_input_kind, LK_INPUTS);
    NAMES(names, lk_effect_name, lk_effect_kind, LK_EFFECTS);
}

CASE(events_have_a_class_and_commands_a_subject)
{
    NAMES(names, lk_event_type_name, lk_event_type, LK_EVENT_TYPES);
    PARSES(names, lk_event_type_parse, lk_event_type);
    for (int i = 0; i < names.count; i++) {
        size_t n = strcspn(names.of[i], ".");
        static const char *const classes[] = {"item", "door", "access", "site", "audit"};
        int known = 0;
        for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]); k++) {
            known = known || (strlen(classes[k]) == n && strncmp(classes[k], names.of[i], n) == 0);
        }
        CHECK(known);
    }
    NAMES(names, lk_command_name, lk_command_kind, LK_COMMANDS);
    PARSES(names, lk_command_parse, lk_command_kind);
}

CASE(sizes_are_capital)
{
    static const char *const sizes[LK_SIZES] = {"S", "M", "L", "XL"};
    for (int i = 0; i < LK_SIZES; i++) {
        enum lk_size size = LK_SIZES;
        CHECK_STR(lk_size_name((enum lk_size)i), sizes[i]);
        CHECK_INT(lk_size_parse(sizes[i], &size), 0);
        CHECK_INT(size, i);
    }
}

CASE(a_value_out_of_range_has_a_name_nobody_parses)
{
    enum lk_reason reason = LK_REASON_NONE;
    CHECK_STR(lk_reason_name(LK_REASONS), "?");
    CHECK_STR(lk_custody_name((enum lk_custody)99), "?");
    CHECK_INT(lk_reason_parse(lk_reason_name(LK_REASONS), &reason), -EINVAL);
}

CASE(the_store_part_of_the_effects_is_told_apart)
{
    CHECK(lk_effect_is_store(LK_FX_INTENT_ADD));
    CHECK(lk_effect_is_store(LK_FX_EVENT));
    CHECK(!lk_effect_is_store(LK_FX_PULSE));
    CHECK(!lk_effect_is_store(LK_FX_REPLY));
    CHECK(!lk_effect_is_store(LK_FX_RESUME_BANK));
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(doors_and_boards),
        NAMED(items_and_people),
        NAMED(reasons_results_and_clocks),
        NAMED(screens_buttons_inputs_and_effects),
        NAMED(events_have_a_class_and_commands_a_subject),
        NAMED(sizes_are_capital),
        NAMED(a_value_out_of_range_has_a_name_nobody_parses),
        NAMED(the_store_part_of_the_effects_is_told_apart),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
