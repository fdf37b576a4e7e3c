/* What DNS says of the peer's certificate: asked for beside the rest, waited for before the certificate is judged. */
#include <stdio.h>
#include <string.h>

#include "stream_int.h"

static bool asks_for_dane(const struct stream *s, const char *remote)
{
	const struct partner *p = policy_partner(s->snapshot->policy, remote, NULL, NULL);

	return s->snapshot->config->dns.dnssec && p && p->dane != PARTNER_DANE_OFF &&
	       p->row->tls != TRI_NOT_SUPPORTED;
}

const struct dane_facts *stream_dane(const struct stream *s)
{
	return s->search && tlsa_search_is_done(s->search) ? tlsa_search_facts(s->search) : NULL;
}

int64_t stream_expires(const struct stream *s, const struct cert_facts *facts)
{
	const struct partner *p = stream_partner(s);
	const struct dane_facts *dane = p && p->dane != PARTNER_DANE_OFF ? stream_dane(s) : NULL;

	switch (dane ? dane->result.match : DANE_ABSENT) {
	case DANE_EE: /* its dates do not count [RFC7671 5.1] */
		return 0;
	case DANE_TA:
		return dane->result.expires;
	case DANE_ABSENT:
	case DANE_MISMATCH:
	case DANE_PKIX:
		break;
	}
	return facts->expires;
}

const struct dane_facts *stream_compare_dane(struct stream *s)
{
	struct dane_chain chain = { .count = 0 };

	if (!s->search || !tlsa_search_is_done(s->search))
		return NULL;
	if (tlsa_search_found(s->search))
		connection_dane_chain(s->connection, s->wants, &chain);
	tlsa_search_compare(s->search, &chain);
	return tlsa_search_facts(s->search);
}

static void answer(struct stream *s, struct negotiation_event *ev)
{
	s->certificate_ticket = 0;
	if (s->search)
		snprintf(s->dane_detail, sizeof(s->dane_detail), "%s",
			 tlsa_search_reason(s->search));
	stream_answer_later(s, ev);
}

static void on_found(void *context)
{
	struct stream *s = context;
	struct negotiation_event ev = { .type = EVENT_CERTIFICATE };

	if (s->over || !s->certificate_ticket || !s->connection)
		return;
	ev.ticket = s->certificate_ticket;
	stream_look_at_peer(s, &ev);
	answer(s, &ev);
	stream_settle(s);
}

void stream_dane_target(struct stream *s, const struct stream_target *target)
{
	const char *remote = negotiation_remote(wire_negotiation(s->wire));

	if (!target->secure || !asks_for_dane(s, remote))
		return;
	/* without memory for it nothing is proven */
	s->search = tlsa_search_server(s->o, remote, target->host, target->port, on_found, s);
}

/* A peer that shows nothing has nothing to be compared with. */
void stream_give_certificate(struct stream *s, const struct negotiation_action *a)
{
	struct negotiation_event ev = { .type = EVENT_CERTIFICATE, .ticket = a->ticket };

	stream_look_at_peer(s, &ev);
	s->certificate_ticket = a->ticket;
	if (ev.certificate && s->role == ROLE_RECEIVING && *a->remote && !s->search &&
	    asks_for_dane(s, a->remote))
		s->search = tlsa_search_domain(s->o, a->remote, on_found, s);
	if (!ev.certificate || !s->search || tlsa_search_is_done(s->search))
		answer(s, &ev);
}
