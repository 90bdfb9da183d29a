/*
 * Inside commissioning: the conductor's state and what its files do for one another.
 *   com.c     life, time, questions, facts
 *   line.c    requests and their answers; the inputs of all boards
 *   scan.c    which boards there are
 *   address.c a new address for the one board on the line
 *   wake.c    boards made safe, and pulses
 *   learn.c   one channel: pulse, watch, ask
 *   name.c    bank names, bench questions, sizes
 *   review.c  the whole, and what the person wants changed
 * Thread: one.
 */
#ifndef COMMISSION_COM_H
#define COMMISSION_COM_H

#include "commission/commission.h"
#include "drivers/lockbank.h"
#include "drivers/supply.h"

enum {
    COM_TAG_REQUEST = 0xFFFE, /* upper 16 bits of tags; lower values are lock banks */
    COM_TAG_INPUTS = 0xFFFF,
    COM_READY_MS = 8000, /* a board is safe within this, or it is told why not */
    COM_PULSE_MS = 45000 /* the supply's rest and the line's time-outs included */
};

/* One board at work. */
struct com_board {
    struct lk_lockbank *bank;
    bool has_inputs;  /* read at least once, and the last reading was proven */
    uint32_t inputs;  /* bit per input, as read */
    int64_t at_ms;    /* when that reading was asked for */
    bool pulse_ended; /* since the last pulse was asked for */
    enum lk_lockbank_pulse_result result;
    struct lk_com *com; /* the sink's way back */
    unsigned index;
};

struct lk_com {
    struct lk_com_setup setup;
    struct lk_com_known *known;
    struct lk_com_io io;
    void *user;
    struct lk_fieldbus *fb;
    struct lk_supply *supply;
    struct com_board board[LK_COM_BOARDS]; /* by the index in known */
    bool awake, had_banks, proved_off;
    uint64_t seq, waiting; /* tag of the request that is waited for; 0: none */
    bool has_answer;
    struct lk_fb_completion completion;
};

/* com.c */
int com_pass(struct lk_com *com, int64_t until_ms); /* time passes, the boards live. 0 or -EINTR */
int com_note(struct lk_com *com, const struct lk_com_fact *fact);
void com_tell(struct lk_com *com, const struct lk_com_say *say);
int com_ask(struct lk_com *com, const struct lk_com_say *question, char *ret_text);
int com_ask_yes(struct lk_com *com, const struct lk_com_say *question, bool *ret_yes);
struct lk_com_say com_say(const char *key);
void com_word(struct lk_com_say *say, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
int64_t com_now(const struct lk_com *com);
const char *com_door(const struct lk_com_board *board, unsigned door, char *buf, size_t cap); /* "A07" */
enum { COM_LABEL = 16 };

/* line.c */
int com_open(struct lk_com *com, unsigned baud, enum lk_fb_parity parity);
void com_close(struct lk_com *com);
void com_reap(struct lk_com *com);
/* Sends and waits. 0 with the completion (whatever its status), or -EINTR, -EIO. */
int com_exchange(struct lk_com *com, struct lk_fb_request *request, struct lk_fb_completion *ret_completion);
struct lk_fb_request com_read(unsigned unit, unsigned function, unsigned address, unsigned count);
int com_watch_inputs(struct lk_com *com); /* standing polls of all boards with inputs. 0 or an errno */
bool com_inputs_known(const struct lk_com *com);

/* scan.c, address.c, name.c, learn.c, review.c: the steps. 0: a fact was noted; an errno of lk_com_run(). */
int com_scan(struct lk_com *com);
int com_name(struct lk_com *com, unsigned board);
int com_verify(struct lk_com *com, unsigned board);
int com_software(struct lk_com *com, unsigned board);
int com_current(struct lk_com *com, unsigned board);
int com_sizes(struct lk_com *com, unsigned board);
int com_doubt(struct lk_com *com, unsigned board, unsigned channel);
int com_learn(struct lk_com *com, unsigned board, unsigned channel);
int com_review(struct lk_com *com);

/* wake.c */
int com_wake(struct lk_com *com); /* boards safe, inputs known; once. 0, or an errno after telling */
void com_sleep(struct lk_com *com);
int com_pulse(struct lk_com *com, unsigned board, unsigned channel, enum lk_lockbank_pulse_result *ret_result);

#endif
