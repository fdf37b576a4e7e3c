#include "policy/targets.h"

#include <stdlib.h>
#include <string.h>

static void only(struct targets *out, enum targets_by by, const char *host, uint16_t port,
		 bool direct_tls)
{
	memset(out, 0, sizeof(*out));
	out->by = by;
	out->count = 1;
	out->items[0].port = port;
	out->items[0].direct_tls = direct_tls;
	strcpy(out->items[0].target, host); /* a normal form fits */
}

bool targets_are_known(const struct partner *partner, const char *domain, struct targets *out)
{
	if (partner->proxy_fqdn)
		only(out, TARGETS_BY_PROXY, partner->proxy_fqdn, partner->proxy_port,
		     partner->proxy_tls);
	else if (jid_is_address(domain))
		only(out, TARGETS_BY_ADDRESS, domain, TARGETS_PORT, false);
	else
		return false;
	return true;
}

bool targets_may_direct_tls(const struct partner *partner)
{
	return partner->direct_tls != DIRECT_TLS_NEVER && partner->row->tls != TRI_NOT_SUPPORTED;
}

/* Those of ANSWER that name a host; the others say that the service is not offered. */
static size_t add(struct srv *to, const struct targets_answer *answer, bool direct_tls)
{
	size_t i, count = 0;

	for (i = 0; answer && answer->fail == FAIL_NONE && i < answer->count; i++) {
		if (!*answer->records[i].target)
			continue;
		to[count] = answer->records[i];
		to[count++].direct_tls = direct_tls;
	}
	return count;
}

static void take(struct targets *out, const struct srv *records, size_t count)
{
	size_t i;

	for (i = 0; i < count && out->count < SRV_TARGETS_MAX; i++)
		out->items[out->count++] = records[i];
}

static enum fail merge(const struct partner *partner, const struct targets_answer *xmpp,
		       const struct targets_answer *xmpps,
		       uint32_t (*next)(void *context, uint32_t below), void *context,
		       struct targets *out)
{
	size_t direct, count, room = xmpp->count + (xmpps ? xmpps->count : 0);
	struct srv *all = calloc(room + 1, sizeof(*all));

	if (!all)
		return FAIL_NO_MEMORY;
	direct = add(all, xmpps, true);
	count = direct + add(all + direct, xmpp, false);
	if (partner->direct_tls == DIRECT_TLS_PREFER) {
		srv_order(all, direct, next, context);
		srv_order(all + direct, count - direct, next, context);
	} else {
		srv_order(all, count, next, context);
	}
	out->by = TARGETS_BY_SRV;
	take(out, all, count);
	free(all);
	return out->count ? FAIL_NONE : FAIL_DNS_NO_SERVICE;
}

/* What an answer says that is no answer: a forgery is never passed over, and one that is missing only where the other one
 * has something to go on with. */
static enum fail judge(const struct targets_answer *xmpp, const struct targets_answer *xmpps)
{
	bool found = xmpp->fail == FAIL_NONE || (xmpps && xmpps->fail == FAIL_NONE);

	if (xmpp->fail == FAIL_DNS_BOGUS || (xmpps && xmpps->fail == FAIL_DNS_BOGUS))
		return FAIL_DNS_BOGUS;
	if (found ||
	    (xmpp->fail == FAIL_DNS_NOT_FOUND && (!xmpps || xmpps->fail == FAIL_DNS_NOT_FOUND)))
		return FAIL_NONE;
	return xmpp->fail != FAIL_DNS_NOT_FOUND ? xmpp->fail : xmpps->fail;
}

/* Each as the answer that it comes from; the domain itself as both that say that there are none. [RFC7673 3.1] */
static void prove(struct targets *out, const struct targets_answer *xmpp,
		  const struct targets_answer *xmpps)
{
	size_t i;

	for (i = 0; i < out->count; i++) {
		if (out->by == TARGETS_BY_DOMAIN)
			out->secure[i] = xmpp->secure && (!xmpps || xmpps->secure);
		else
			out->secure[i] = out->items[i].direct_tls ? xmpps->secure : xmpp->secure;
	}
}

enum fail targets_choose(const struct partner *partner, const char *domain,
			 const struct targets_answer *xmpp, const struct targets_answer *xmpps,
			 uint32_t (*next)(void *context, uint32_t below), void *context,
			 struct targets *out)
{
	enum fail fail = judge(xmpp, xmpps);

	memset(out, 0, sizeof(*out));
	if (fail)
		return fail;
	if (xmpp->fail == FAIL_NONE || (xmpps && xmpps->fail == FAIL_NONE))
		fail = merge(partner, xmpp, xmpps, next, context, out);
	else
		only(out, TARGETS_BY_DOMAIN, domain, TARGETS_PORT, false);
	prove(out, xmpp, xmpps);
	return fail;
}

bool targets_demand_tls(const struct srv *target, enum fail fail)
{
	if (!target->direct_tls)
		return false;
	return fail != FAIL_CONNECT_REFUSED && fail != FAIL_CONNECT_TIMEOUT;
}

const char *targets_by_str(enum targets_by by)
{
	static const char *const names[] = {
		[TARGETS_BY_PROXY] = "proxy-fqdn",
		[TARGETS_BY_ADDRESS] = "address",
		[TARGETS_BY_SRV] = "SRV",
		[TARGETS_BY_DOMAIN] = "domain",
	};
	return names[by];
}

const char *direct_tls_str(enum direct_tls direct_tls)
{
	static const char *const names[] = {
		[DIRECT_TLS_ALLOW] = "allow",
		[DIRECT_TLS_PREFER] = "prefer",
		[DIRECT_TLS_NEVER] = "never",
	};
	return names[direct_tls];
}
