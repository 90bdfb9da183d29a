/* Maintenance: what is blocked or stopped is looked at in the morning, and the weekly inspection round. */
#include "year.h"

#include "base/text.h"

void care_morning(struct site *s)
{
    (void)s;
}
