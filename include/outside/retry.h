/*
 * retry: when a partner may be dialled again, and how many dials are under way at once.
 *
 * A struct retry says it for one partner: after a stream was lost at a random time up to first-retry-delay; after a failure
 * a second later, then after twice the time before, never more than max-retry-delay, and half of each time is random.
 * [RFC6120 3.3] A struct retry_gate bounds the dials of one worker: after a restart many partners are due at the same time,
 * and those for which there is no room wait in order. A route asks retry first and the gate second, and holds its place in
 * the gate only while it dials or waits for its turn to.
 *
 * Pure: times are milliseconds of a clock that never jumps, handed in, as is chance, of which all 32 bits are random.
 * Embedded in their owners; nothing is allocated; for one thread.
 */
#ifndef OUTSIDE_RETRY_H
#define OUTSIDE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_FIRST_MS UINT64_C(1000) /* after the first failure */
#define RETRY_GATE_MAX 64u	      /* dials of one worker that are under way */

/* Zeroed: nothing has happened yet, and an attempt may be made at once. */
struct retry {
	uint64_t delay; /* after the last failure; 0 = none since the last success */
	uint64_t at;	/* no attempt before */
};

/* A stream that had been good was lost: the next attempt may be made within FIRST_MS. */
void retry_lost(struct retry *r, uint64_t first_ms, uint32_t chance, uint64_t now);
/* An attempt failed, or a stream lived so briefly that it counts as one. MAX_MS is at least RETRY_FIRST_MS. */
void retry_failed(struct retry *r, uint64_t max_ms, uint32_t chance, uint64_t now);
/* An attempt succeeded, or what failed may be different now, as after a reload: an attempt may be made at once. */
void retry_reset(struct retry *r);

/* Was the last attempt a failure? */
bool retry_has_failed(const struct retry *r);
/* Milliseconds until an attempt may be made; 0 = now. */
uint64_t retry_wait(const struct retry *r, uint64_t now);

enum retry_place_state { RETRY_OUT, RETRY_WAITING, RETRY_IN };

/* A dialler's, zeroed at first; never copied, moved or freed but in state OUT. */
struct retry_place {
	enum retry_place_state state;
	struct retry_place *before, *behind; /* while it waits */
};

struct retry_gate {
	unsigned max;
	unsigned in;			  /* may dial */
	unsigned waiting;		  /* wait for their turn */
	struct retry_place *first, *last; /* borrowed: those that wait */
};

/* MAX is at least 1. */
void retry_gate_init(struct retry_gate *g, unsigned max);
/* P is OUT. True: it is IN and may dial at once; false: it is WAITING, and a retry_gate_leave will name it. */
bool retry_gate_enter(struct retry_gate *g, struct retry_place *p);
/*
 * P's dial is over, whatever came of it, or it need not wait any more; P is OUT from then on, and may have been before.
 * Gives the one whose turn it is thereby: that is IN already and must dial, or leave. NULL = nobody's.
 */
struct retry_place *retry_gate_leave(struct retry_gate *g, struct retry_place *p);

#endif
