/* clock: monotonic time for timers, wall time for certificates and logs. Never called from the pure half above base. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t clock_monotonic_ms(void);
/* Seconds since the epoch. */
int64_t clock_wall(void);

#endif
