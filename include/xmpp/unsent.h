/*
 * unsent: the stanzas of a stream that were written and are not yet whole with the next hop, in order.
 *
 * Embedded in what writes them. It holds a reference to each, until it is told that it was taken or somebody takes it back.
 */
#ifndef XMPP_UNSENT_H
#define XMPP_UNSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "xmpp/stanza.h"

struct unsent_item {
	struct stanza *stanza; /* a reference */
	uint64_t end;	       /* of all bytes of the stream, those up to its last */
};

struct unsent { /* all zero: empty */
	struct unsent_item *items;
	unsigned first, count, size;
};

void unsent_fini(struct unsent *u);
/* False where memory runs out: it is not remembered then. */
bool unsent_add(struct unsent *u, struct stanza *stanza, uint64_t end);
/* Forgets those that end at TAKEN or before; gives how many. */
unsigned unsent_taken(struct unsent *u, uint64_t taken);
/* The first, whose reference is the caller's now; NULL = none. */
struct stanza *unsent_take(struct unsent *u);

#endif
