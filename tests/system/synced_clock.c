/* Preloaded into the daemon: its calendar counts as synchronised, whatever the machine of the tests knows about time. */
#include <string.h>
#include <sys/timex.h>

int adjtimex(struct timex *tx)
{
    memset(tx, 0, sizeof(*tx));
    return TIME_OK;
}
