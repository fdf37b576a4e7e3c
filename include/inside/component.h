/*
 * component: one link with something inside, as the server of XEP-0114.
 *
 * Made of an accepted connection; belongs to its loop's thread and to one owner, who is told what happens through callbacks.
 * Reads the header, the handshake and then stanzas; a link speaks for exactly one domain. It ends in one of two ways, and frees
 * itself with either: `detached` is called, or the owner calls component_close; no callback comes after. It logs nothing:
 * attach and detached say all there is to say.
 */
#ifndef INSIDE_COMPONENT_H
#define INSIDE_COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "net/address.h"
#include "net/loop.h"
#include "xmpp/stanza.h"

struct component;

/* What it points to is borrowed until the link is attached or ends. */
struct component_config {
	const char *const *domains; /* that may attach here, in normal form */
	size_t domain_count;
	const char *secret; /* of all of them */
	uint64_t
		handshake_ms; /* from accepting to a right handshake: stream-establishment-timeout */
	uint64_t
		stall_ms; /* a full link of which the kernel takes nothing for so long ends; 0 = never */
	size_t max_stanza; /* bytes, once attached */
};

/* All are called from the loop, never from inside a function of this header. All but `detached` may call
 * component_close. */
struct component_events {
	/* The handshake is right. False where the domain is taken: the newcomer is refused with a conflict, and `detached` tells
	 * its end as any other. What is sent from here follows the answer to the handshake. */
	bool (*attach)(void *context, struct component *c, const char *domain);
	/* One stanza, borrowed: stanza_get to keep it. Its 'from' is in the link's domain. REMOTE: the domain of its 'to' in
	 * normal form; NULL where that is no JID: what comes of a person's typing is returned as jid-malformed and ends no
	 * link. */
	void (*stanza)(void *context, struct component *c, struct stanza *s, const char *remote);
	/* The link was full and is no more. May be NULL. */
	void (*drained)(void *context, struct component *c);
	/* It is over, attached or not (component_domain, component_is_attached still answer). REASON: more for the log, never
	 * NULL; the peer's words are among it. */
	void (*detached)(void *context, struct component *c, enum fail fail, const char *reason);
};

/* What a stranger may send before its handshake is right, and how large one element of it may be. */
#define COMPONENT_STRANGER_BYTES 16384
#define COMPONENT_STRANGER_ELEMENT 4096
#define COMPONENT_CLOSE_GRACE_MS 5000 /* for the other end to close, too */

/* Takes FD. NULL when memory or randomness runs out; FD is closed then, and no callback comes. */
struct component *component_accept(struct loop *l, int fd, const struct component_config *config,
				   const struct component_events *events, void *context);

/* Writes S as it stands. Nothing is refused: whoever sends holds back while the link is full. From `attach` on. S is borrowed. */
void component_send(struct component *c, struct stanza *s);
/* From inside `detached`: one after the other, in order, what was sent and the component cannot have whole; the reference is the
 * caller's. NULL: no more. */
struct stanza *component_take_back(struct component *c);
bool component_is_full(const struct component *c);   /* until drained */
size_t component_waiting(const struct component *c); /* bytes not yet taken by the kernel */

/* Reads no more, so that what is inside feels that the outside is slow; what came in the same piece is still reported. */
void component_pause(struct component *c);
void component_resume(struct component *c);

/* What was sent leaves first, then FAIL's stream error (none for FAIL_NONE, FAIL_DONE), then the end of the stream. */
void component_close(struct component *c, enum fail fail);

const char *component_domain(const struct component *c); /* "" before the header */
bool component_is_attached(const struct component *c);
const struct net_address *component_peer(const struct component *c);
size_t component_unread(const struct component *c); /* bytes that came and were not read */
uint64_t component_since(
	const struct component *c); /* when attached, in loop_now's time; 0 = not */

#endif
