/*
 * seek: asks DNS where a partner is dialled.
 *
 * Both kinds of SRV records are asked for at once. When one kind names a host the other is waited for a moment longer: a name
 * server that drops a question must not hold up every stream. Belongs to its worker's thread and to whoever made it.
 */
#ifndef OUTSIDE_SEEK_H
#define OUTSIDE_SEEK_H

#include "outside/outside.h"
#include "policy/targets.h"

#define SEEK_GRACE_MS 1000

/* FAIL_NONE with the targets, or why there are none, with more for the log; borrowed. The seek is gone. */
typedef void (*seek_fn)(void *context, enum fail fail, const char *reason,
			const struct targets *targets);

struct seek;

/* REMOTE in normal form, PARTNER its partner, as long as the seek. FN is called from the loop, once. NULL when memory runs
 * out. */
struct seek *seek_new(struct outside *o, const struct partner *partner, const char *remote,
		      seek_fn fn, void *context);
/* Before FN was called: it is not. */
void seek_cancel(struct seek *s);

#endif
