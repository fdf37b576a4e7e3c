/*
 * expiry: when what authorised a stream ends, by two clocks.
 *
 * The wall clock says what a certificate means by a time, and may be set; the other one never jumps. Both have to agree: a
 * wall clock that is set forward ends nothing before the time has passed, one that is set back is waited for. Pure; embedded
 * in its owner.
 */
#ifndef OUTSIDE_EXPIRY_H
#define OUTSIDE_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#define EXPIRY_LOOK_MS UINT64_C(3600000) /* at the latest: the clock may be set meanwhile */

struct expiry {
	int64_t end;	  /* seconds since the epoch, still good; 0 = never */
	uint64_t look_at; /* milliseconds of the clock that never jumps: not over before */
};

/* WALL and NOW are the two clocks. */
void expiry_begin(struct expiry *e, int64_t end, int64_t wall, uint64_t now);
/* Asked at or after look_at; earlier it says no. Where it says no, look_at is when to ask again. */
bool expiry_is_over(struct expiry *e, int64_t wall, uint64_t now);

#endif
