#include "policy/choose.h"

#include <stddef.h>

enum method choose_dialback_method(bool tls)
{
	return tls ? METHOD_TLS_DIALBACK : METHOD_TCP_DIALBACK;
}

bool choose_is_downgrade(const struct row *row, enum method best, enum method method)
{
	int expected = best;

	if (best == METHOD_NONE || method == METHOD_NONE)
		return false;
	while (expected < METHOD_COUNT && !row_may(row, (enum method)expected))
		expected++;
	return expected < METHOD_COUNT && (int)method > expected;
}

/* Does the ratchet forbid METHOD? Who only asks about keys does not authenticate, so dialback inside TLS is its best. */
static bool is_barred(const struct partner *partner, const struct choose_facts *facts,
		      enum method method)
{
	enum method best = facts->best;

	if (facts->verify_only && best == METHOD_SASL_TLS)
		best = METHOD_TLS_DIALBACK;
	return partner->ratchet && choose_is_downgrade(partner->row, best, method);
}

static bool needs_tls(const struct partner *partner, const struct choose_facts *facts)
{
	return row_needs_tls(partner->row) || is_barred(partner, facts, METHOD_TCP_DIALBACK);
}

static bool is_valid(const struct choose_facts *facts)
{
	return facts->certificate == FAIL_NONE;
}

static bool may_dialback(const struct partner *partner, const struct choose_facts *facts)
{
	return row_may(partner->row, choose_dialback_method(facts->tls));
}

struct offer choose_offer(const struct partner *partner, const struct choose_facts *facts)
{
	struct offer offer = { false, false, false, false };
	bool tls_only = !partner || needs_tls(partner, facts);

	if (facts->old)
		return offer;
	if (!facts->tls) {
		offer.starttls =
			facts->can_tls && (!partner || partner->row->tls != TRI_NOT_SUPPORTED);
		offer.starttls_required = offer.starttls && tls_only;
		offer.dialback = !tls_only;
		return offer;
	}
	/* EXTERNAL only for a certificate that names the header's 'from' [XEP-0178 3] */
	offer.external = partner && row_may(partner->row, METHOD_SASL_TLS) && is_valid(facts);
	/* a stranger's pairs are judged one by one, so the feature is true for some of them */
	offer.dialback = !partner || may_dialback(partner, facts);
	return offer;
}

static struct next next_fail(enum fail fail)
{
	return (struct next){ .step = NEXT_FAIL, .fail = fail };
}

static struct next next_step(enum next_step step)
{
	return (struct next){ .step = step };
}

static struct next next_in_clear(const struct partner *partner, const struct offer *offered,
				 const struct choose_facts *facts)
{
	const struct row *row = partner->row;

	if (row->tls == TRI_NOT_SUPPORTED)
		return offered->starttls_required || facts->tls_demanded
			       ? next_fail(FAIL_TLS_NOT_SUPPORTED)
			       : next_step(NEXT_DIALBACK);
	if (offered->starttls)
		return next_step(NEXT_STARTTLS);
	if (!row_needs_tls(row) && !facts->tls_demanded)
		return is_barred(partner, facts, METHOD_TCP_DIALBACK)
			       ? next_fail(FAIL_DOWNGRADE_REFUSED)
			       : next_step(NEXT_DIALBACK);
	if (facts->old)
		return next_fail(FAIL_TLS_NOT_OFFERED);
	/* a missing offer is no proof that the peer made none [RFC7590 3.1] */
	return (struct next){ NEXT_STARTTLS, FAIL_NONE, true };
}

static struct next next_in_tls(const struct partner *partner, const struct offer *offered,
			       const struct choose_facts *facts)
{
	const struct row *row = partner->row;

	if (row->tls == TRI_NOT_SUPPORTED)
		return next_fail(FAIL_TLS_NOT_SUPPORTED);
	if (partner->strict && !is_valid(facts))
		return next_fail(facts->certificate);
	/* EXTERNAL proves us to the peer; the peer's certificate must prove it to us */
	if (row_may(row, METHOD_SASL_TLS) && is_valid(facts) && offered->external &&
	    !facts->external_failed && !facts->verify_only)
		return next_step(NEXT_EXTERNAL);
	if (row_may(row, METHOD_TLS_DIALBACK))
		return is_barred(partner, facts, METHOD_TLS_DIALBACK)
			       ? next_fail(FAIL_DOWNGRADE_REFUSED)
			       : next_step(NEXT_DIALBACK);
	if (!is_valid(facts))
		return next_fail(facts->certificate);
	return next_fail(facts->external_failed ? FAIL_SASL_REFUSED : FAIL_NO_METHOD);
}

struct next choose_next(const struct partner *partner, const struct offer *offered,
			const struct choose_facts *facts)
{
	if (!row_is_valid(partner->row))
		return next_fail(FAIL_NO_METHOD);
	return facts->tls ? next_in_tls(partner, offered, facts)
			  : next_in_clear(partner, offered, facts);
}

static enum fail accept_stream(const struct partner *partner, const struct choose_facts *facts)
{
	const struct row *row = partner->row;

	if (facts->tls && row->tls == TRI_NOT_SUPPORTED)
		return FAIL_TLS_NOT_SUPPORTED;
	if (facts->old) {
		if (may_dialback(partner, facts))
			return FAIL_NONE;
		return facts->tls ? FAIL_UNSUPPORTED_VERSION : FAIL_TLS_REQUIRED;
	}
	if (!facts->tls)
		return row_needs_tls(row) && !facts->can_tls ? FAIL_TLS_NO_CERTIFICATE : FAIL_NONE;
	if (facts->weak)
		return FAIL_TLS_WEAK;
	if (!is_valid(facts) && (partner->strict || !row_may(row, METHOD_TLS_DIALBACK)))
		return facts->certificate;
	return FAIL_NONE;
}

static enum fail accept_starttls(const struct partner *partner, const struct choose_facts *facts)
{
	if (facts->tls)
		return FAIL_TLS_TWICE;
	if (partner && partner->row->tls == TRI_NOT_SUPPORTED)
		return FAIL_TLS_NOT_SUPPORTED;
	return facts->can_tls ? FAIL_NONE : FAIL_TLS_NO_CERTIFICATE;
}

static enum fail accept_external(const struct partner *partner, const struct choose_facts *facts)
{
	if (!facts->tls) /* whoever it is [RFC6120 6.5.4] */
		return FAIL_TLS_REQUIRED;
	if (!partner)
		return FAIL_PARTNER_UNKNOWN;
	if (!row_may(partner->row, METHOD_SASL_TLS))
		return FAIL_METHOD_REFUSED;
	if (facts->weak)
		return FAIL_TLS_WEAK;
	return facts->certificate;
}

static enum fail accept_dialback(const struct partner *partner, const struct choose_facts *facts)
{
	if (facts->tls && partner->row->tls == TRI_NOT_SUPPORTED)
		return FAIL_TLS_NOT_SUPPORTED;
	if (!facts->tls && row_needs_tls(partner->row))
		return FAIL_TLS_REQUIRED;
	if (!may_dialback(partner, facts))
		return FAIL_METHOD_REFUSED;
	if (facts->tls && facts->weak)
		return FAIL_TLS_WEAK;
	if (is_barred(partner, facts, choose_dialback_method(facts->tls)))
		return FAIL_DOWNGRADE_REFUSED;
	if (facts->tls && partner->strict)
		return facts->certificate;
	return FAIL_NONE;
}

enum fail choose_accept(const struct partner *partner, const struct choose_facts *facts,
			enum request request)
{
	switch (request) {
	case REQUEST_STARTTLS:
		return accept_starttls(partner, facts);
	case REQUEST_STANZA:
		if (!facts->tls && (!partner || needs_tls(partner, facts)))
			return FAIL_TLS_REQUIRED;
		return FAIL_NOT_AUTHORIZED;
	case REQUEST_STREAM:
		return partner ? accept_stream(partner, facts) : FAIL_PARTNER_UNKNOWN;
	case REQUEST_EXTERNAL:
		return accept_external(partner, facts);
	case REQUEST_DIALBACK:
		return partner ? accept_dialback(partner, facts) : FAIL_PARTNER_UNKNOWN;
	}
	return FAIL_INTERNAL;
}

const char *next_step_str(enum next_step step)
{
	static const char *const names[] = {
		[NEXT_FAIL] = "fail",
		[NEXT_STARTTLS] = "starttls",
		[NEXT_EXTERNAL] = "external",
		[NEXT_DIALBACK] = "dialback",
	};
	return names[step];
}

const char *request_str(enum request request)
{
	static const char *const names[] = {
		[REQUEST_STREAM] = "stream",	 [REQUEST_STARTTLS] = "starttls",
		[REQUEST_EXTERNAL] = "external", [REQUEST_DIALBACK] = "dialback",
		[REQUEST_STANZA] = "stanza",
	};
	return names[request];
}
