/*
 * cabinet-sim as another process, for tests that put the real line before it: one RTU line of strict boards at a pty in
 * a folder of its own, and its control socket. Any failure fails the test. Blocks. The program's path is compiled in as
 * LK_CABINET_SIM.
 */
#ifndef LK_TESTS_SIM_PROCESS_H
#define LK_TESTS_SIM_PROCESS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { SIM_BOARDS_MAX = 8 };

struct sim_process {
    char dir[32], tty[64], control[64];
    pid_t pid;
    FILE *talk;
};

int64_t sim_now_ms(void);

/* The line is called "a"; boards: values of --board, ended by NULL. */
void sim_begin(struct sim_process *p, unsigned baud, const char *const *boards);
void sim_end(struct sim_process *p);

/* One command; the answer is the caller's. */
json_t *sim_tell(struct sim_process *p, const char *command);

/* One command that has to go well. */
void sim_order(struct sim_process *p, const char *command);

/* A number of the line's, or of a door's, from the status. */
int64_t sim_line_value(struct sim_process *p, const char *key);
int64_t sim_door_value(struct sim_process *p, const char *door, const char *key);

#endif
