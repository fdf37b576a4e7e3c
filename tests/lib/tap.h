/* tap: test results as the Test Anything Protocol prints them; for runners that are not cmocka's. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>

/* One result; returns GOOD. */
bool tap_ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A remark ("# …"). */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the plan; what main returns: 0 where all were good and there was one at least. */
int tap_done(void);

#endif
