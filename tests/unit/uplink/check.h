/* cmocka with the headers it wants before it. */
#ifndef UPLINK_CHECK_H
#define UPLINK_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
