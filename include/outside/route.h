/*
 * route: per pair, outbound: the queue of stanzas and the stream that carries them.
 *
 * Stanzas leave in the order they came. While there is no open stream they wait, within count, bytes and age; what cannot
 * leave is handed back exactly once. After a failure there is no other attempt before a delay that doubles; meanwhile
 * stanzas are handed back at once. All routes of a worker are one table, for its thread.
 */
#ifndef OUTSIDE_ROUTE_H
#define OUTSIDE_ROUTE_H

#include "outside/outside.h"
#include "xmpp/stanza.h"

#define ROUTE_RETRY_FIRST_MS 1000
#define ROUTE_RETRY_MAX_MS 300000
#define ROUTES_MAX 16384 /* pairs */
#define ROUTES_BYTES \
	((size_t)64 << 20) /* waiting on all of them; one may always have its queue-bytes */

struct routes;

struct routes *routes_new(struct outside *o);
void routes_free(struct routes *r);
/* Domains in normal form; STANZA is borrowed. */
void routes_send(struct routes *r, const char *local, const char *remote, struct stanza *stanza);
/* The configuration changed: what waits for a domain that is a partner no more, or comes from one that is no longer ours, is
 * handed back; nobody is backed off from any more. */
void routes_reload(struct routes *r);
/* No new attempts: what waits for an open stream leaves, the rest is handed back; streams are shut once their queue is empty. */
void routes_drain(struct routes *r);
/* Hands back all that waits. */
void routes_give_up(struct routes *r, enum fail fail);
/* Stanzas that wait, on all routes. */
uint64_t routes_waiting(const struct routes *r);

struct route_info { /* borrowed */
	const char *local, *remote;
	unsigned queued;
	size_t queued_bytes;
	uint64_t stream; /* id, 0 = none */
	bool dialling;
	uint64_t retry_ms;
	enum fail fail;
};
void routes_each(const struct routes *r, void (*fn)(void *context, const struct route_info *info),
		 void *context);

#endif
