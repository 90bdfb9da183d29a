/*
 * Modbus TCP at one port of the loopback address: several connections, several boards (unit ids) behind it, and the
 * ways such a port fails: reset, refuse, stall.
 * Thread: the loop's. Blocking: never.
 */
#ifndef LK_CAB_TCP_H
#define LK_CAB_TCP_H

#include "exchange.h"
#include "loop.h"

enum { LK_CAB_CONNECTIONS_MAX = 16, LK_CAB_TCP_RX_MAX = 1024, LK_CAB_TCP_PENDING_MAX = 64 };

struct lk_cab_tcp;

struct lk_cab_connection {
    struct lk_cab_tcp *tcp;
    struct lk_cab_source source; /* fd -1 = free */
    uint32_t generation;
    uint8_t rx[LK_CAB_TCP_RX_MAX];
    size_t rx_len;
};

struct lk_cab_tcp_reply {
    bool used;
    int64_t at_ns;
    unsigned connection;
    uint32_t generation; /* a late reply must not reach the next peer */
    int board;
    size_t len;
    uint8_t bytes[LK_CAB_ADU_MAX];
};

struct lk_cab_tcp {
    struct lk_cab_world *world;
    struct lk_cab_loop *loop;
    int line;
    char bind[64];
    uint16_t port; /* 0 until listening, when the system was to choose */
    int64_t turnaround_ns;
    bool stalled;
    struct lk_cab_source listener; /* fd -1 = refusing */
    struct lk_cab_connection connection[LK_CAB_CONNECTIONS_MAX];
    struct lk_cab_tcp_reply reply[LK_CAB_TCP_PENDING_MAX];
};

/* Sets up without listening. bind is an IPv4 address; port 0 = the system chooses at the first listen and it stays. */
void lk_cab_tcp_init(struct lk_cab_tcp *t, struct lk_cab_world *w, struct lk_cab_loop *loop, int line, const char *bind,
                     uint16_t port, int64_t turnaround_ns);

/* 0 or negative errno; already listening is fine. */
int lk_cab_tcp_listen(struct lk_cab_tcp *t);

/* Closes the listener: new connections are refused. */
void lk_cab_tcp_refuse(struct lk_cab_tcp *t);

/* Resets every connection (RST), and forgets replies under way. */
void lk_cab_tcp_reset(struct lk_cab_tcp *t);

/* Stalled: connections are accepted and stay up, nothing is read or sent. Afterwards what was sent is served. */
void lk_cab_tcp_stall(struct lk_cab_tcp *t, bool stalled);

/* Connections up now. */
unsigned lk_cab_tcp_connections(const struct lk_cab_tcp *t);

int64_t lk_cab_tcp_next(const struct lk_cab_tcp *t);
void lk_cab_tcp_run(struct lk_cab_tcp *t, int64_t now_ns);

#endif
