/*
 * What the machine says of itself, by the kernel's files: temperature, the life of its disk, what was written to it.
 * Reads a few small files, blocks for well under a millisecond. Thread: any.
 *
 * Source: Documentation/ABI/testing/sysfs-class-thermal, sysfs-block (stat: the 7th number, sectors of 512 bytes
 * written), Documentation/filesystems/proc.rst (write_bytes), drivers/mmc: life_time, pre_eol_info (JESD84-B51).
 */
#ifndef APP_MACHINE_H
#define APP_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct lk_machine {
    int temperature;       /* of the hottest zone, degrees Celsius; LK_WEAR_NO_VALUE: there is none */
    int disk_life_percent; /* used up, the worse of both memory areas, rounded up to tens; LK_WEAR_NO_VALUE */
    int disk_pre_eol;      /* 1 normal, 2 warning, 3 urgent; 0: not told */
    bool disk_known;       /* the folder is on a block device of its own right: not tmpfs, not overlay */
    uint64_t disk_bytes;   /* written to that device by everybody since the kernel started */
    bool own_known;
    uint64_t own_bytes; /* by this process, to any disk, since it started */
};

/* Looks. folder: the state folder, whose disk is meant. root: "" for this machine; tests have others. Values that are
 * not there are said to be so; nothing fails. */
void lk_machine_look(const char *root, const char *folder, struct lk_machine *ret_machine);

#endif
