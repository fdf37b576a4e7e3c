/*
 * verdict: the judgement of a peer's certificate: chain and identity as two values, and what follows from them.
 *
 * The policy's strictness decides whether a certificate that is not valid ends the negotiation; a missing one is not valid.
 * What DNS says of it takes part where the partner's policy asks for that: TLSA records that fit can make up for a chain
 * that leads to no trust anchor, and records that do not fit make the best of chains a bad one [RFC7673 4.2]. Pure; any thread.
 */
#ifndef TRUST_VERDICT_H
#define TRUST_VERDICT_H

#include <stdbool.h>

#include "base/fail.h"
#include "trust/cert_facts.h"
#include "trust/dane.h"

struct verdict {
	bool chain;    /* a verified path to a trust anchor, in time, usable for a server */
	bool identity; /* it names the domain, or a host that the domain securely delegates to */
	enum fail
		fail; /* FAIL_NONE where both hold; else the first reason, the chain's before the name's */
};

/* DOMAIN in normal form; FACTS NULL = no certificate; DANE NULL = not asked for, or DNS says nothing securely; REQUIRED: then
 * it is not valid. */
struct verdict verdict_of(const struct cert_facts *facts, const struct dane_facts *dane,
			  bool required, const char *domain);
/* Both hold. */
bool verdict_is_valid(const struct verdict *v);

#endif
