/*
 * A chip made of memory in place of libgpiod: it implements hal/linux/gpio_chip.h, so that everything above the library
 * (finding, events, timers, and the guard as a real process) is tested where no chip is. Its wires lie in shared
 * memory: what a guard switches off is seen by all. There is one chip, "gpiofake".
 */
#ifndef LK_TESTS_CONTRACT_GPIO_FAKE_CHIP_H
#define LK_TESTS_CONTRACT_GPIO_FAKE_CHIP_H

#include <stdbool.h>

/* Makes the chip there, with lines PREFIX00.. all pulled low. Ends the program if it cannot. */
void fake_chip_make(const char *prefix, unsigned lines);
void fake_chip_plug(bool there);
void fake_chip_pull(unsigned offset, bool high);
bool fake_chip_wire(unsigned offset);

/* As one whose interrupt pin is not wired. */
void fake_chip_no_edges(void);

#endif
