/*
 * dane: what the TLSA records of a domain say of a certificate. [RFC6698] [RFC7671] [RFC7673]
 *
 * Plain data and pure functions over it: whoever reads DNS fills the records, whoever sees certificates their digests. That
 * DNS proved what it said (DNSSEC) is the caller's business: records that are not secure never come here. Any thread.
 */
#ifndef TRUST_DANE_H
#define TRUST_DANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "trust/tlsa.h"
#include "xmpp/jid.h"

#define DANE_HOSTS_MAX 8

enum dane_match {
	DANE_ABSENT,   /* no record, or none that is usable */
	DANE_MISMATCH, /* there are usable ones, none of them fits */
	DANE_PKIX,     /* one fits, and asks that the chain be good for its trust anchor as well */
	DANE_TA,       /* one names an authority of the chain: that is its trust anchor */
	DANE_EE	       /* one names the peer's own certificate or key: nothing else matters */
};

struct dane_result {
	enum dane_match match;
	enum cert_chain path; /* of DANE_TA; else OK */
	int64_t expires;      /* of DANE_TA: when the first certificate of that path ends; else 0 */
};

/* The strongest that fits; of an authority, one whose path is good before one whose path is not. */
struct dane_result dane_compare(const struct tlsa *records, size_t count,
				const struct dane_chain *chain);

/* What is known of a domain's peer, for trust/verdict. */
struct dane_facts {
	char domain[JID_DOMAIN_SIZE]; /* whose; they say nothing of any other */
	enum fail fail;		      /* DNS did not say it, although it should: why; FAIL_NONE */
	/* hosts that the domain securely delegates to: names of its servers, too [RFC7673 4.1] */
	char hosts[DANE_HOSTS_MAX][JID_DOMAIN_SIZE];
	size_t host_count;
	struct dane_result result;
};

const char *dane_match_str(enum dane_match match); /* "absent", "mismatch", "pkix", "ta", "ee" */

#endif
