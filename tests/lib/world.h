/*
 * world: two gateways joined in memory, with somebody in the middle.
 *
 * A is the initiator's gateway, B the receiver's. The first link carries A's stream to B; B's dialback checks open links back
 * to A, by the same production code. Bytes in clear pass through the tamper hook; inside TLS it may look and drop, and a
 * test that wants a peer which offers less may change them there too. Time does not pass: when nothing moves any more,
 * timers fire.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "negotiation/wire.h"

#define WORLD_LINKS 12
#define WORLD_EVENTS 16

struct world;
struct link;

struct side {
	struct link *link;
	struct wire *wire;
	struct buf out; /* written, not delivered yet */
	bool wants_tls; /* START_TLS was carried out */
	bool closed;
	bool told; /* that the other side is gone */
	bool opened;
	enum method method;
	unsigned delivered; /* stanzas that got in */
	unsigned answered;  /* VERIFIED actions */
	enum fail fail;
	const struct cert_facts *sees; /* the other's certificate */
	const struct dialback_secret *secret;
	struct negotiation_event pending[WORLD_EVENTS];
	unsigned pending_count;
	char text[WORLD_EVENTS][JID_DOMAIN_SIZE]; /* what pending events point to */
	char id[32];
};

struct link {
	struct world *world;
	struct side initiator, receiver;
	bool used, tls;
	uint64_t ticket; /* of the question that this link answers; 0 = the stream itself */
	struct side *asker;
};

/* What the one in the middle does; may be NULL. */
struct tamper {
	/* BYTES on their way from FROM; may change them, and may write to either side's out. */
	void (*bytes)(struct world *w, struct side *from, bool tls, struct buf *bytes,
		      void *context);
	/* Shall this handshake fail? */
	bool (*breaks_tls)(struct world *w, struct link *l, void *context);
	void *context;
};

struct world {
	const struct policy *policy_a, *policy_b;
	const struct cert_facts *certificate_a,
		*certificate_b; /* as the other side sees it; NULL = none */
	struct dialback_secret secret_a, secret_b;
	bool tls_demanded; /* of the streams that A dials */
	const struct tamper *tamper;
	struct link links[WORLD_LINKS];
	unsigned link_count;
	unsigned ids;
	unsigned turns; /* a world that never ends is a failure */
};

#define WORLD_A "a.example"
#define WORLD_B "b.example"
#define WORLD_TURNS_MAX 400

/* The rest of W is set by the caller. */
void world_start(struct world *w);
/* Until nothing moves and every timer has fired that could; false: it did not end within WORLD_TURNS_MAX. */
bool world_run(struct world *w);
/* A sends a message on its stream where that is open. */
void world_send(struct world *w);
/* A closes its stream. */
void world_shut(struct world *w);
void world_fini(struct world *w);

#endif
