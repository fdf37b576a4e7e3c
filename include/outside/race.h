/*
 * race: one connection to one of several addresses: the first that answers. [RFC8305 5]
 *
 * The addresses are dialled in their order, the next one when the one before failed or did not answer for a moment; the
 * first connection wins, the others are broken off. Belongs to its loop's thread and to whoever made it.
 */
#ifndef OUTSIDE_RACE_H
#define OUTSIDE_RACE_H

#include <stddef.h>

#include "base/fail.h"
#include "net/connection.h"

#define RACE_DELAY_MS 250 /* before the next one is dialled as well [RFC8305 5] */
#define RACE_MAX 16

struct race_events {
	/* The connection to address WHICH is yours; the race is gone. */
	void (*won)(void *context, size_t which, struct connection *c);
	/* Address WHICH did not answer, DETAIL says more; borrowed. */
	void (*failed)(void *context, size_t which, enum fail fail, const char *detail);
	/* None of them answered; the race is gone. */
	void (*lost)(void *context);
};

struct race;

/* At most RACE_MAX addresses, at least one; copied. Each has EACH_MS to answer. Events come from the loop, never from inside
 * this call. NULL when memory runs out. */
struct race *race_new(struct loop *l, const struct net_address *addresses, size_t count,
		      uint64_t each_ms, const struct race_events *events, void *context);
/* Before it was won or lost: no event comes. */
void race_cancel(struct race *r);

#endif
