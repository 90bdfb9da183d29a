/*
 * Scope-bound cleanup for locals. A variable declared with LK_CLEANUP(f) has f(&variable) called when it leaves
 * scope. Thread: any. Blocking: as the called function.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>

#define LK_CLEANUP(f) __attribute__((cleanup(f)))

/* free(3) for LK_CLEANUP on any pointer variable. */
void lk_freep(void *pp);

/* close(2) for LK_CLEANUP on an int; a negative descriptor is left alone; errno is kept. */
void lk_closep(int *fd);

/* fclose(3) for LK_CLEANUP on a FILE pointer; NULL is left alone. */
void lk_fclosep(FILE **f);

/* Gives the pointer away: returns *pp and sets it to NULL, so that its cleanup does nothing. */
#define LK_STEAL(p)                                                                                                    \
    ({                                                                                                                 \
        __typeof__(p) lk_steal_tmp_ = (p);                                                                             \
        (p) = NULL;                                                                                                    \
        lk_steal_tmp_;                                                                                                 \
    })

/* Same for a descriptor: returns fd and sets it to -1. */
int lk_steal_fd(int *fd);

#define LK_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
