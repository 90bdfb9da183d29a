/*
 * What the keys of a scanner that types mean: our own table, US layout, so that no layout of the system and no lock
 * key of a keyboard can change a code. Pure.
 *
 * Printable ASCII comes from the main block with Shift, and from the numeric block whatever NumLock says; both Enter
 * keys end a line. Every other key, also Ctrl, Alt, CapsLock, NumLock and Tab, makes the whole line garbage: a scanner
 * that sends them is set up for another layout or another suffix. Auto-repeat is ignored; a Shift that was held when
 * the device went away is forgotten; after events were lost, Shift is what the kernel says it is.
 *
 * Sources: USB HID Usage Tables 1.4, page 07h; linux/input-event-codes.h.
 */
#ifndef DRIVERS_KEYBOARD_H
#define DRIVERS_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

/* The byte of a key that went down: printable ASCII, '\n' for Enter, or -1: no such key on a scanner. code: KEY_... of
 * linux/input-event-codes.h. The Shift keys are the caller's to track. */
int lk_keyboard_byte(uint16_t code, bool shift);

#endif
