/* The body of POST /api/v1/act, parsed strictly. Pure but for jansson's allocations. */
#ifndef FACE_ACT_H
#define FACE_ACT_H

#include "face/face.h"

enum { LK_ACT_WHY_MAX = 96 };

/* 0 and *ret_act (the caller overwrites it after use), or -EINVAL and a text in why that names what is wrong and
 * repeats nothing of what was sent but the names of members. body ends with NUL behind its length bytes. */
int lk_act_parse(const char *body, size_t length, struct lk_face_act *ret_act, char why[LK_ACT_WHY_MAX]);

#endif
