#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "fieldbus_link.h"

enum {
    CONNECT_TIMEOUT_S = 1,
    BYTE_TIMEOUT_US = 100000, /* USB adapters hand over what they have every 16 ms; a busy machine adds to that */
    MBAP_BYTES = 7,
    CRC_BYTES = 2,
    PTY_MAJOR_FIRST = 136, /* Documentation/admin-guide/devices.txt */
    PTY_MAJOR_LAST = 143,
};

struct lk_fb_link {
    const struct lk_fieldbus_config *config;
    modbus_t *ctx;
    bool open;
    int lock_fd; /* holds the flock on the tty */
};

static modbus_t *make_rtu(const struct lk_fieldbus_config *c)
{
    static const char parity[] = {[LK_FB_PARITY_NONE] = 'N', [LK_FB_PARITY_EVEN] = 'E', [LK_FB_PARITY_ODD] = 'O'};
    return modbus_new_rtu(c->device, (int)c->baud, parity[c->parity], 8, 1);
}

static modbus_t *make_tcp(const struct lk_fieldbus_config *c)
{
    char port[8];
    struct in6_addr ignored;
    if (inet_pton(AF_INET, c->host, &ignored) == 1) {
        return modbus_new_tcp(c->host, (int)c->port);
    }
    if (inet_pton(AF_INET6, c->host, &ignored) != 1) {
        errno = EINVAL;
        return NULL;
    }
    (void)snprintf(port, sizeof(port), "%u", c->port);
    return modbus_new_tcp_pi(c->host, port);
}

int lk_fb_link_create(const struct lk_fieldbus_config *config, struct lk_fb_link **ret_link)
{
    struct lk_fb_link *link = calloc(1, sizeof(*link));
    if (!link) {
        return -ENOMEM;
    }
    link->config = config;
    link->lock_fd = -1;
    link->ctx = config->transport == LK_FB_RTU ? make_rtu(config) : make_tcp(config);
    if (!link->ctx) {
        int err = errno == ENOMEM ? -ENOMEM : -EINVAL;
        free(link);
        return err;
    }
    (void)modbus_set_error_recovery(link->ctx, MODBUS_ERROR_RECOVERY_NONE);
    (void)modbus_set_byte_timeout(link->ctx, 0, BYTE_TIMEOUT_US);
    *ret_link = link;
    return 0;
}

struct lk_fb_link *lk_fb_link_destroy(struct lk_fb_link *link)
{
    if (link) {
        lk_fb_link_close(link);
        modbus_free(link->ctx);
        free(link);
    }
    return NULL;
}

bool lk_fb_link_is_open(const struct lk_fb_link *link)
{
    return link->open;
}

/* Before libmodbus opens the tty, for its open already changes the speed under whoever uses it. */
static int lock_tty(struct lk_fb_link *link)
{
    int fd = open(link->config->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int err = errno == EWOULDBLOCK ? -EBUSY : -errno;
        (void)close(fd);
        return err;
    }
    link->lock_fd = fd;
    return 0;
}

static bool is_pty(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && major(st.st_rdev) >= PTY_MAJOR_FIRST && major(st.st_rdev) <= PTY_MAJOR_LAST;
}

static void unlock_tty(struct lk_fb_link *link)
{
    if (link->lock_fd >= 0) {
        (void)close(link->lock_fd);
        link->lock_fd = -1;
    }
}

int lk_fb_link_open(struct lk_fb_link *link)
{
    bool rtu = link->config->transport == LK_FB_RTU;
    int r = rtu ? lock_tty(link) : 0;
    if (r) {
        return r;
    }
    (void)modbus_set_response_timeout(link->ctx, CONNECT_TIMEOUT_S, 0);
    if (modbus_connect(link->ctx) != 0) {
        int err = errno > 0 && errno < MODBUS_ENOBASE ? -errno : -EIO;
        unlock_tty(link);
        return err;
    }
    link->open = true;
    int fd = modbus_get_socket(link->ctx);
    if (rtu && !is_pty(fd)) {
        (void)ioctl(fd, TIOCEXCL);
    }
    return 0;
}

bool lk_fb_link_is_pty(const struct lk_fb_link *link)
{
    return link->open && is_pty(modbus_get_socket(link->ctx));
}

void lk_fb_link_close(struct lk_fb_link *link)
{
    if (link->open) {
        (void)ioctl(modbus_get_socket(link->ctx), TIOCNXCL);
        modbus_close(link->ctx);
        link->open = false;
    }
    unlock_tty(link);
}

int lk_fb_link_check(const struct lk_fb_link *link)
{
    struct pollfd p = {.fd = modbus_get_socket(link->ctx), .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) {
        return 0;
    }
    if (p.revents & (POLLERR | POLLHUP | POLLNVAL)) {
        return -ENODEV;
    }
    char byte;
    if (link->config->transport == LK_FB_TCP && recv(p.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
        return -ENODEV;
    }
    return 1;
}

static int64_t now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

void lk_fb_link_drain(struct lk_fb_link *link, int64_t silence_ns, int64_t limit_ns)
{
    int64_t end_ns = now_ns() + limit_ns;
    struct timespec silence = {.tv_nsec = silence_ns};
    struct pollfd p = {.fd = modbus_get_socket(link->ctx), .events = POLLIN};
    (void)modbus_flush(link->ctx);
    while (now_ns() < end_ns && ppoll(&p, 1, &silence, NULL) > 0 && p.revents == POLLIN) {
        (void)modbus_flush(link->ctx);
    }
}

int lk_fb_link_send(struct lk_fb_link *link, uint8_t unit, const uint8_t *pdu, size_t n, bool *ret_partly)
{
    uint8_t raw[1 + LK_FB_PDU_MAX] = {unit};
    memcpy(raw + 1, pdu, n);
    *ret_partly = false;
    (void)modbus_set_slave(link->ctx, unit);
    if (modbus_send_raw_request(link->ctx, raw, (int)n + 1) > 0) {
        return 0;
    }
    *ret_partly = errno == EMBBADDATA; /* libmodbus: write() took less than the whole frame */
    return -ENODEV;
}

int lk_fb_link_await(struct lk_fb_link *link, int64_t wait_ns, int interrupt_fd)
{
    struct pollfd fds[] = {{.fd = modbus_get_socket(link->ctx), .events = POLLIN},
                           {.fd = interrupt_fd, .events = POLLIN}};
    int64_t ns = wait_ns > 0 ? wait_ns : 0;
    struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    int n = ppoll(fds, 2, &ts, NULL);
    if (n == 0) {
        return -ETIMEDOUT;
    }
    return fds[0].revents ? 0 : -EINTR;
}

static uint16_t crc16(const uint8_t *bytes, size_t n)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : (uint16_t)(crc >> 1);
        }
    }
    return crc;
}

/* libmodbus gives no length and checks no checksum when the frame is from another unit; to know whose late reply it is
 * we need both. 0: no sense. */
static size_t foreign_length(const uint8_t *adu)
{
    size_t n = 0;
    uint8_t function = adu[1];
    if (function >= MODBUS_FC_READ_COILS && function <= MODBUS_FC_READ_INPUT_REGISTERS) {
        n = adu[2] + 5U;
    } else if (function & 0x80) {
        n = 5;
    } else if (function == MODBUS_FC_WRITE_SINGLE_COIL || function == MODBUS_FC_WRITE_SINGLE_REGISTER ||
               function == MODBUS_FC_WRITE_MULTIPLE_COILS || function == MODBUS_FC_WRITE_MULTIPLE_REGISTERS) {
        n = 8;
    }
    bool whole = n >= 5 && n <= MODBUS_RTU_MAX_ADU_LENGTH;
    return whole && crc16(adu, n - CRC_BYTES) == (adu[n - 2] | adu[n - 1] << 8) ? n : 0;
}

static void unwrap_rtu(const uint8_t *adu, size_t n, struct lk_fb_frame *ret_frame)
{
    size_t length = n > 0 ? n : foreign_length(adu);
    ret_frame->unit = adu[0];
    ret_frame->n = length > 1 + CRC_BYTES ? length - 1 - CRC_BYTES : 0;
    memcpy(ret_frame->pdu, adu + 1, ret_frame->n);
}

static int unwrap_tcp(const uint8_t *adu, size_t n, struct lk_fb_frame *ret_frame)
{
    bool modbus = n > MBAP_BYTES && adu[2] == 0 && adu[3] == 0;
    if (!modbus || (size_t)(adu[4] << 8 | adu[5]) != n - MBAP_BYTES + 1) {
        return -EBADMSG;
    }
    ret_frame->unit = adu[6];
    ret_frame->n = n - MBAP_BYTES;
    memcpy(ret_frame->pdu, adu + MBAP_BYTES, ret_frame->n);
    return 0;
}

static int receive_error(int err)
{
    if (err == ETIMEDOUT) {
        return -ETIMEDOUT;
    }
    if (err == EMBBADCRC) {
        return -EILSEQ;
    }
    return err >= MODBUS_ENOBASE ? -EBADMSG : -ENODEV;
}

int lk_fb_link_receive(struct lk_fb_link *link, int64_t wait_ns, struct lk_fb_frame *ret_frame)
{
    uint8_t adu[MODBUS_MAX_ADU_LENGTH + 16] = {0};
    int64_t us = wait_ns < 1000000 ? 1000 : wait_ns / 1000;
    (void)modbus_set_response_timeout(link->ctx, (uint32_t)(us / 1000000), (uint32_t)(us % 1000000));
    int n = modbus_receive_confirmation(link->ctx, adu);
    if (n < 0) {
        return receive_error(errno);
    }
    if (link->config->transport == LK_FB_TCP) {
        return unwrap_tcp(adu, (size_t)n, ret_frame);
    }
    unwrap_rtu(adu, (size_t)n, ret_frame);
    return 0;
}
