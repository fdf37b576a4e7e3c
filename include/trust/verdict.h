/*
 * verdict: the judgement of a peer's certificate: chain and identity as two values, and what follows from them.
 *
 * The policy's strictness decides whether a certificate that is not valid ends the negotiation; a missing one is not valid.
 * Pure; any thread.
 */
#ifndef TRUST_VERDICT_H
#define TRUST_VERDICT_H

#include <stdbool.h>

#include "base/fail.h"
#include "trust/cert_facts.h"

struct verdict {
	bool chain;    /* a verified path to a trust anchor, in time, usable for a server */
	bool identity; /* it names the domain */
	enum fail
		fail; /* FAIL_NONE where both hold; else the first reason, the chain's before the name's */
};

/* DOMAIN in normal form; FACTS NULL = no certificate. */
struct verdict verdict_of(const struct cert_facts *facts, const char *domain);
/* Both hold. */
bool verdict_is_valid(const struct verdict *v);

#endif
