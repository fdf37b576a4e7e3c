/*
 * trust_entry: what is remembered of one partner domain, as plain data.
 *
 * Of the keeper's table, and of a row of the store. A key and a method are remembered for each role of a stream: whoever dials
 * may show another certificate than whoever is dialled, and be refused SASL where the other is not.
 */
#ifndef GATEWAY_TRUST_ENTRY_H
#define GATEWAY_TRUST_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "outside/attempt.h"
#include "policy/memory.h"
#include "trust/cert_facts.h"
#include "xmpp/jid.h"

#define TRUST_ATTEMPTS_MAX 20 /* of one domain */

struct trust_key {
	bool known;
	struct cert_leaf leaf;
	char names[CERT_NAMES_TEXT];
	int64_t first, last; /* seen, seconds since the epoch */
};

struct trust_side {
	enum method best; /* ever used; METHOD_NONE: none yet */
	enum method last; /* used last */
	struct trust_key
		pinned; /* what is expected; not known where pin is off, or nothing was seen yet */
	struct trust_key former; /* what was expected before that: back again, it is no news */
	struct trust_key seen;	 /* what came last, be it refused */
	uint64_t key_changes, downgrades; /* events */
};

struct trust_attempt {
	enum negotiation_role role;
	int64_t at;
	uint64_t took_ms;
	enum fail fail; /* FAIL_NONE: it opened */
	enum method method;
	enum fail certificate;
	unsigned row;
	char address[64], tls_version[16];
};

struct trust_entry {
	char domain[JID_DOMAIN_SIZE]; /* first: the key of the table */
	int64_t heard;
	struct trust_side sides[MEMORY_SIDES];		   /* by enum negotiation_role */
	struct trust_attempt attempts[TRUST_ATTEMPTS_MAX]; /* the oldest first */
	unsigned attempt_count;
};

#endif
