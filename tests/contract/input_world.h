/*
 * What the contract of hal/input.h needs of a place to run in: a device, fingers, and the things that happen to it.
 * One contract, three worlds: hal/sim; hal/linux on a kernel played by the test; hal/linux on uinput of a real kernel.
 */
#ifndef TESTS_INPUT_WORLD_H
#define TESTS_INPUT_WORLD_H

#include "hal/input.h"

/* A device that is plugged in, closed; the world is private to the case. 0, or a negative errno: the world is not here.
 */
int input_world_begin(struct lk_input_device **ret_device);
void input_world_end(void);

/* A key goes down, is repeated or goes up. */
void input_world_key(enum lk_input_event_kind kind, uint16_t code);

/* So much happens that the kernel throws events away; nothing is held afterwards but left Shift. Device open. */
void input_world_lose(void);

void input_world_unplug(void);
void input_world_replug(void);

/* Somebody else takes the device for himself alone, or gives it back. Device closed. */
void input_world_hold(bool hold);

/* Whether somebody who listens without a grab has got a key since the device was opened. False where nobody can. */
bool input_world_overheard(void);

#endif
