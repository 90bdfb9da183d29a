/*
 * The wire below the worker thread: frames out, frames in, through libmodbus. fieldbus_modbus.c is the one file that
 * includes <modbus.h>; its errors are translated there.
 *
 * Thread: one at a time (the worker; start() before the worker exists). Blocking: open (TCP: up to a second) and
 * receive (as long as told).
 */
#ifndef LK_HAL_LINUX_FIELDBUS_LINK_H
#define LK_HAL_LINUX_FIELDBUS_LINK_H

#include "hal/fieldbus_driver.h"

struct lk_fb_link;

/* A frame without its address, checksum or header. */
struct lk_fb_frame {
    uint8_t unit;
    uint8_t pdu[256];
    size_t n; /* 0: the frame came from another unit and made no sense */
};

/* config must outlive the link. 0, -EINVAL or -ENOMEM. */
int lk_fb_link_create(const struct lk_fieldbus_config *config, struct lk_fb_link **ret_link);
struct lk_fb_link *lk_fb_link_destroy(struct lk_fb_link *link);

/* Opens the tty or connects. 0; -EBUSY: another process has the tty; another errno: not there now. */
int lk_fb_link_open(struct lk_fb_link *link);
void lk_fb_link_close(struct lk_fb_link *link);
bool lk_fb_link_is_open(const struct lk_fb_link *link);

/* A pseudo terminal: no wire, and no time that bytes need. */
bool lk_fb_link_is_pty(const struct lk_fb_link *link);

/* Before sending: 0 nothing waits to be read, 1 stray bytes do, -ENODEV the line is gone. */
int lk_fb_link_check(const struct lk_fb_link *link);

/* Reads and forgets until nothing came for silence_ns, or limit_ns passed. */
void lk_fb_link_drain(struct lk_fb_link *link, int64_t silence_ns, int64_t limit_ns);

/* 0; -ENODEV with *ret_partly saying whether some bytes may have gone out. Bytes handed to the kernel count as sent. */
int lk_fb_link_send(struct lk_fb_link *link, uint8_t unit, const uint8_t *pdu, size_t n, bool *ret_partly);

/* Waits until something can be read, or the interrupt descriptor (-1: none) is readable. 0; -ETIMEDOUT; -EINTR. */
int lk_fb_link_await(struct lk_fb_link *link, int64_t wait_ns, int interrupt_fd);

/* One frame, whose first byte must come within wait_ns. 0; -ETIMEDOUT; -EILSEQ (checksum); -EBADMSG (no frame);
 * -ENODEV. */
int lk_fb_link_receive(struct lk_fb_link *link, int64_t wait_ns, struct lk_fb_frame *ret_frame);

#endif
