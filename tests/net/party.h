/*
 * party: two ends of a stream with the outside: real sockets, TLS, SASL and negotiations, one loop, for tests.
 *
 * It does what outside/stream does, and no more than a negotiation needs: every dialback key is found valid. What counts is
 * what becomes of WE, one of the two.
 */
#ifndef TESTS_PARTY_H
#define TESTS_PARTY_H

#include <stdbool.h>

#include "negotiation/negotiation.h"
#include "net/connection.h"
#include "net/listener.h"
#include "trust/reason.h"
#include "trust/verdict.h"

struct party_side {
	const char *domain;
	const struct policy *policy;
	const struct tls *tls;
};

struct party_outcome {
	enum fail fail;		/* FAIL_NONE: it opened */
	enum method method;	/* by which */
	struct verdict verdict; /* of the other side's certificate, once it was looked at */
	char reason[REASON_SIZE];
	char tls_version[16], cipher[64];
	bool server_only; /* WE showed a certificate for servers alone */
	bool external_refused;
	int64_t expires;
};

struct parties;

struct parties *parties_new(void);
void parties_free(struct parties *p);
/* One stream between WE and THEY; WE_DIAL it, or they. The outcome is WE's. */
struct party_outcome parties_meet(struct parties *p, const struct party_side *we,
				  const struct party_side *they, bool we_dial, bool direct_tls);

#endif
