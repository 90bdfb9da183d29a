/* The year in one table. Only what the seed decides: no time, no file size. */
#include "year.h"

#include <errno.h>
#include <stdio.h>

static const uint64_t *numbers(const struct tally *t)
{
    return (const uint64_t *)t;
}

_Static_assert(sizeof(struct tally) % sizeof(uint64_t) == 0, "a tally is an array of numbers");

void table_add(struct tally *sum, const struct tally *one)
{
    uint64_t *to = (uint64_t *)sum;
    struct tally old = *sum;
    for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++) {
        to[i] += numbers(one)[i];
    }
    bool first = old.steps == 0;
    sum->cycles_min = first || one->cycles_min < old.cycles_min ? one->cycles_min : old.cycles_min;
    sum->cycles_max = one->cycles_max > old.cycles_max ? one->cycles_max : old.cycles_max;
    sum->cycles_median = first ? one->cycles_median : old.cycles_median; /* the main hall's */
}

static const char *row_name(int row)
{
    return row == LK_CHANNELS ? "drop-off" : lk_channel_name((enum lk_channel)row);
}

static void print_custody(const struct tally *t)
{
    printf("%-10s %8s", "channel", "items");
    for (int c = LK_CUSTODY_EXPECTED; c < LK_CUSTODIES; c++) {
        printf(" %12s", lk_custody_name((enum lk_custody)c));
    }
    printf("\n");
    for (int row = 0; row <= LK_CHANNELS; row++) {
        uint64_t all = row == LK_CHANNELS ? t->dropoffs : t->items[row];
        printf("%-10s %8" PRIu64, row_name(row), all);
        for (int c = LK_CUSTODY_EXPECTED; c < LK_CUSTODIES; c++) {
            printf(" %12" PRIu64, t->custody[row][c]);
        }
        printf("\n");
    }
}

static void print_via(const struct tally *t)
{
    printf("\n%-24s %8s %8s %8s\n", "collected, announced as", "locker", "window", "post");
    for (int row = 0; row < LK_CHANNELS; row++) {
        printf("  %-22s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n", row_name(row),
               t->collected_via[row][LK_CHANNEL_LOCKER], t->collected_via[row][LK_CHANNEL_WINDOW],
               t->collected_via[row][LK_CHANNEL_POST]);
    }
}

static void print_reasons(const char *title, const uint64_t *of)
{
    printf("\n%s\n", title);
    for (int r = 0; r < LK_REASONS; r++) {
        if (of[r] > 0) {
            printf("  %-24s %8" PRIu64 "\n", lk_reason_name((enum lk_reason)r), of[r]);
        }
    }
}

static void print_rest(const struct tally *t)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"steps of the core", t->steps},
        {"commands acted on", t->commands},
        {"commands given twice", t->repeated},
        {"starts", t->restarts},
        {"power cuts", t->power_cuts},
        {"days without network", t->offline_days},
        {"wrong clocks", t->wrong_clocks},
        {"boards lost", t->boards_lost},
        {"doors forced", t->forced},
        {"pulses at a stiff door", t->jams},
        {"wrong doors", t->wrong},
        {"came in vain", t->in_vain},
        {"put beside others", t->together},
        {"next of one code", t->next},
        {"second factors asked", t->second_factors},
        {"delegates' pickups", t->delegates},
        {"left inside unnoticed", t->unseen},
        {"events offered again", t->replayed},
        {"acks late for days", t->late_acks},
        {"audits of every item", t->checks},
        {"events walked in chains", t->chain},
    };
    printf("\nwhat else\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        printf("  %-24s %8" PRIu64 "\n", rows[i].name, rows[i].value);
    }
    printf("  %-24s %8" PRIu64 " / %" PRIu64 " / %" PRIu64 "\n", "cycles min/median/max", t->cycles_min,
           t->cycles_median, t->cycles_max);
}

void table_print(const struct options *o, const struct tally *t)
{
    printf("%d sites, %d days, seed %" PRIu64 "\n\n", o->sites, o->days, o->seed);
    print_custody(t);
    print_via(t);
    print_reasons("refused (access.denied, access.command_refused)", t->denied);
    print_reasons("said no on the kiosk, or to lockerctl", t->notices);
    print_reasons("disputes", t->disputes);
    print_reasons("mismatches", t->mismatches);
    printf("\nevents\n");
    for (int i = 0; i < LK_EVENT_TYPES; i++) {
        printf("  %-24s %8" PRIu64 "\n", lk_event_type_name((enum lk_event_type)i), t->events[i]);
    }
    print_rest(t);
    printf("\n0 violations\n");
}

int table_json(const char *path, const struct options *o, const struct tally *t)
{
    FILE *f = fopen(path, "w");
    if (!f) {
        return -errno;
    }
    fprintf(f,
            "{\"sites\": %d, \"days\": %d, \"seed\": %" PRIu64 ", \"steps\": %" PRIu64
            ", \"violations\": 0,\n \"custody\": {",
            o->sites, o->days, o->seed, t->steps);
    for (int row = 0; row <= LK_CHANNELS; row++) {
        fprintf(f, "%s\n  \"%s\": {", row ? "," : "", row_name(row));
        for (int c = LK_CUSTODY_EXPECTED; c < LK_CUSTODIES; c++) {
            fprintf(f, "%s\"%s\": %" PRIu64, c > LK_CUSTODY_EXPECTED ? ", " : "", lk_custody_name((enum lk_custody)c),
                    t->custody[row][c]);
        }
        fprintf(f, "}");
    }
    fprintf(f, "},\n \"events\": {");
    for (int i = 0; i < LK_EVENT_TYPES; i++) {
        fprintf(f, "%s\"%s\": %" PRIu64, i ? ", " : "", lk_event_type_name((enum lk_event_type)i), t->events[i]);
    }
    fprintf(f, "}}\n");
    return fclose(f) == 0 ? 0 : -errno;
}
