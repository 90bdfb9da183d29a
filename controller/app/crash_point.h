/*
 * Named places where a test may let the daemon die by SIGKILL, as a power cut would: LOCKERD_TEST_KILL_AT="name" or
 * "name:n" for the n-th passing. With "@/path/of/a/file" the order is read from that file, and passings count from when
 * it is there: so a test arms the point in the middle of a story. Only in builds with LK_TEST_HOOKS; otherwise nothing
 * is compiled in. The points are listed in tests/crash/README.md.
 */
#ifndef APP_CRASH_POINT_H
#define APP_CRASH_POINT_H

#ifdef LK_TEST_HOOKS
void lk_crash_point(const char *name);
#else
#define lk_crash_point(name) ((void)(name))
#endif

#endif
