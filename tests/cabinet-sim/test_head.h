/* cmocka wants these four before it, in this order. */
#ifndef LK_CAB_TEST_HEAD_H
#define LK_CAB_TEST_HEAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
