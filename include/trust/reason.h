/*
 * reason: what is wrong with a peer's certificate, in words that its operator, or ours, can act on.
 *
 * Says which check failed on which certificate of the chain, by its subject, issuer, dates and usages. For our own log and
 * tools: the peer is told the failure's sentence and no more. Pure; any thread.
 */
#ifndef TRUST_REASON_H
#define TRUST_REASON_H

#include "base/fail.h"
#include "trust/cert_facts.h"

#define REASON_SIZE 512

/* Why FAIL, of judging FACTS (NULL = it showed none) for DOMAIN; where nothing more is known the failure's own sentence, "" for
 * FAIL_NONE. What is too long is cut, visibly. */
void reason_of(const struct cert_facts *facts, const char *domain, enum fail fail,
	       char out[REASON_SIZE]);

#endif
