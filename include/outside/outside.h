/*
 * outside: what streams, dials, routes and checks of one worker share, and what they ask of it.
 *
 * Filled by the worker, which owns all of it; lives as long as anything made with it. One thread.
 */
#ifndef OUTSIDE_OUTSIDE_H
#define OUTSIDE_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "outside/attempt.h"
#include "outside/hosts.h"
#include "outside/lesson.h"
#include "outside/snapshot.h"

struct stream;

/* A dialback key that somebody has to be asked about. [XEP-0220 2.1.2] */
struct question {
	uint64_t stream; /* on which it came in */
	uint64_t ticket;
	struct net_address peer; /* who brought it */
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE];
	char id[NEGOTIATION_KEY_MAX + 1], key[NEGOTIATION_KEY_MAX + 1];
};

struct outside_hooks { /* all are called with outside->context */
	/* A stanza of REMOTE's for LOCAL may pass; borrowed. */
	void (*deliver)(void *context, struct stream *s, const char *local, const char *remote,
			struct stanza *stanza);
	/* A stanza for the outside cannot leave: returned to its sender, or dropped where it is final. Borrowed. */
	void (*undelivered)(void *context, struct stanza *stanza, enum fail fail);
	/* COUNT stanzas for the outside were handed to the next hop: the kernel has them. */
	void (*left)(void *context, unsigned count);
	/* What comes from LOCAL should come more slowly, a stream cannot take it at once; or, false, no longer. Once each. */
	void (*slow)(void *context, const char *local, bool slow);
	/* Somebody has to ask about a key; the answer comes by stream_checked. Borrowed. */
	void (*ask)(void *context, const struct question *q);
	/* The answer to a question of stream Q->stream. */
	void (*answer)(void *context, const struct question *q, enum dialback_outcome outcome);
	/* A negotiation ended. Borrowed. */
	void (*attempt)(void *context, const struct attempt *a);
	/* A pair came up, or was refused for what is remembered of its domain. Borrowed. */
	void (*learnt)(void *context, const struct lesson *lesson);
	/* One more connection with the partner of REMOTE, by us where DIALLED; false: there are as many as allowed. */
	bool (*take)(void *context, const struct partner *partner, const char *remote,
		     bool dialled);
	void (*give)(void *context, const struct partner *partner, const char *remote,
		     bool dialled);
	/* Is it an address on which this gateway itself listens? */
	bool (*is_own)(void *context, const struct net_address *a);
	bool (*logs)(void *context, enum log_level level);
	/* May there be a line about what PEER did before it authenticated? */
	bool (*logs_stranger)(void *context, const struct net_address *peer);
	void (*log)(void *context, const struct log_line *line);
};

struct outside {
	struct loop *loop;
	struct resolver *resolver;
	struct memory
		*memory; /* of the domains, for the negotiations; NULL = nothing is remembered */
	struct snapshot *snapshot; /* the current one; a new stream takes a reference */
	const struct outside_hooks *hooks;
	void *context;
	unsigned worker; /* its number: the upper 16 bits of its streams' ids */
	uint64_t last_id;
	struct stream *streams; /* all of this worker, newest first */
	void *streams_by_id;	/* a tree of tsearch */
	unsigned stream_count;
	struct hosts hosts; /* that did not answer */
	bool draining;	    /* nothing new is dialled */
};

#define OUTSIDE_WORKER_OF(id) ((unsigned)((id) >> 48))

#endif
