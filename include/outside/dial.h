/*
 * dial: from a domain to a stream that is open: look-up, targets, a race of connections, negotiation.
 *
 * All addresses of a target before the next target [RFC6120 3.2.1]; those that did not answer a while ago after all others.
 * Another is tried after a failure that another address may mend, never after a refusal by policy or of authentication, and
 * never in clear once direct TLS failed. One time limit for all of it. Belongs to its worker's thread and to whoever made it.
 */
#ifndef OUTSIDE_DIAL_H
#define OUTSIDE_DIAL_H

#include "outside/stream.h"

#define DIAL_CONNECT_MS 10000 /* for one address; half of it where others follow */

struct dial_events {
	/* The stream is open, or, verify-only, ready: it is yours (stream_give); the dial is gone. */
	void (*opened)(void *context, struct stream *s);
	/* Nothing worked, FAIL says why; the dial is gone. DETAIL is borrowed, "" = none. */
	void (*failed)(void *context, enum fail fail, const char *detail);
};

struct dial;

/* Events come from the loop, never from inside this call. NULL when memory runs out. */
struct dial *dial_new(struct outside *o, const char *local, const char *remote, bool verify_only,
		      const struct dial_events *events, void *context);
/* Before it opened or failed: no event comes, a stream that is under way is shut with FAIL. */
void dial_cancel(struct dial *d, enum fail fail);

#endif
