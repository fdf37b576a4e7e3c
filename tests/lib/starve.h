/*
 * starve: allocations that fail when a test says so.
 *
 * Stands in front of the C library's allocator, which it otherwise leaves alone; not under a sanitizer, whose own allocator
 * is there.
 */
#ifndef TESTS_STARVE_H
#define TESTS_STARVE_H

#include <stdbool.h>

/* False: nothing can be made to fail in this build. */
bool starve_can(void);
/* From now on COUNT more allocations succeed, and then none. */
void starve_after(unsigned count);
/* The same, but only the one after those COUNT fails. */
void starve_once_after(unsigned count);
/* There is memory again. Returns how many allocations failed. */
unsigned starve_end(void);

#endif
