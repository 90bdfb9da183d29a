/* hal/sim. */
#include "input_world.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stddef.h>

#include "hal/input_sim.h"

static struct lk_input_device *sim;

int input_world_begin(struct lk_input_device **ret_device)
{
    int r = lk_input_sim_create(&sim);
    *ret_device = sim;
    return r;
}

void input_world_end(void)
{
    sim = NULL; /* the case has destroyed it */
}

void input_world_key(enum lk_input_event_kind kind, uint16_t code)
{
    (void)lk_input_sim_key(sim, kind, code);
}

void input_world_lose(void)
{
    input_world_key(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    input_world_key(LK_INPUT_UP, KEY_RIGHTSHIFT);
    (void)lk_input_sim_lose(sim);
}

void input_world_unplug(void)
{
    lk_input_sim_unplug(sim, -ENOENT);
}

void input_world_replug(void)
{
    lk_input_sim_unplug(sim, 0);
}

void input_world_hold(bool hold)
{
    lk_input_sim_unplug(sim, hold ? -EBUSY : 0);
}

bool input_world_overheard(void)
{
    return false;
}
