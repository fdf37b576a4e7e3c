/*
 * targets: where a partner is dialled, in which order, and where TLS begins with the connection.
 *
 * Pure functions of a partner's policy and of what DNS says of the domain; chance is brought by the caller. Any thread.
 */
#ifndef POLICY_TARGETS_H
#define POLICY_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"
#include "policy/partner.h"
#include "xmpp/srv.h"

#define TARGETS_PORT 5269 /* where nothing else is said [RFC6120 3.2.2] */

/* Why it is these. */
enum targets_by {
	TARGETS_BY_PROXY,   /* the configuration says so */
	TARGETS_BY_ADDRESS, /* the domain is an address */
	TARGETS_BY_SRV,
	TARGETS_BY_DOMAIN /* there are no SRV records: the domain's own addresses */
};

struct targets {
	enum targets_by by;
	struct srv items[SRV_TARGETS_MAX]; /* TARGET is a host, or an address in normal form */
	bool secure
		[SRV_TARGETS_MAX]; /* DNS proves that the domain delegates to it, or has no records at all */
	size_t count;
};

/* What came of a question for SRV records. */
struct targets_answer {
	enum fail
		fail; /* FAIL_NONE: there are records; FAIL_DNS_NOT_FOUND: there are none; FAIL_DNS_… */
	const struct srv *records;
	size_t count;
	bool secure; /* the signatures prove it, also that there are none */
};

/* True where DNS is not asked for SRV records: OUT has the one target. DOMAIN is in normal form. */
bool targets_are_known(const struct partner *partner, const char *domain, struct targets *out);
/* Are targets with direct TLS asked for? Never where the row says that there is no TLS. */
bool targets_may_direct_tls(const struct partner *partner);
/*
 * The targets by what DNS says of _xmpp-server and _xmpps-server. XMPPS is NULL where it was not asked for. FAIL_NONE, or why
 * there are none: FAIL_DNS_NO_SERVICE where the domain says so, or the failure of a look-up. NEXT as in srv_order.
 * [RFC6120 3.2.1, 3.2.2] [XEP-0368 3, 5]
 */
enum fail targets_choose(const struct partner *partner, const char *domain,
			 const struct targets_answer *xmpp, const struct targets_answer *xmpps,
			 uint32_t (*next)(void *context, uint32_t below), void *context,
			 struct targets *out);
/*
 * Whether nothing may be tried in clear any more after a try at TARGET ended with FAIL, whatever the row: direct TLS was
 * begun there and failed. That nobody answered says nothing about TLS.
 */
bool targets_demand_tls(const struct srv *target, enum fail fail);

const char *targets_by_str(enum targets_by by);
const char *direct_tls_str(enum direct_tls direct_tls);

#endif
