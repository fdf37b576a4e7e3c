/* The invariants of a step. They say again, in other words, what the handlers do: keep them independent. */
#include <assert.h>
#include <string.h>

#include "negotiation_int.h"

#ifdef FEDGATE_CHECKS

static void check_states(const struct negotiation *n, enum negotiation_state before, unsigned next)
{
	enum negotiation_state at = before;
	unsigned i;

	assert(before != NEGOTIATION_DEAD);
	for (i = 0; i < n->out->note_count; i++) {
		assert(n->out->notes[i].from == at);
		at = n->out->notes[i].to;
		/* running out of memory may end any of them */
		assert(next & (1u << at) || n->fail == FAIL_NO_MEMORY || n->fail == FAIL_INTERNAL);
	}
	assert(n->out->note_count <= NEGOTIATION_NOTES_MAX);
	assert(at == n->state);
}

/* No pair comes up by a method that its partner's own row does not permit on this stream. */
static void check_pair(const struct negotiation *n, const struct negotiation_action *a)
{
	const struct partner *partner = policy_partner(n->config.policy, a->remote, NULL, NULL);

	assert(partner);
	assert(partner->row->methods & METHOD_BIT(a->method));
	assert(n->tls == (a->method != METHOD_TCP_DIALBACK));
	assert(n->tls || partner->row->methods & METHOD_BIT(METHOD_TCP_DIALBACK));
	assert((partner->row->tls != TRI_REQUIRED && !n->config.tls_demanded) || n->tls);
	assert(partner->row->tls != TRI_NOT_SUPPORTED || !n->tls);
	assert(n->authenticated || a->method != METHOD_SASL_TLS);
}

static void check_delivery(const struct negotiation *n, const struct negotiation_event *ev)
{
	char remote[JID_DOMAIN_SIZE], local[JID_DOMAIN_SIZE];
	const char *from = stanza_from(ev->stanza), *to = stanza_to(ev->stanza);
	const struct partner *partner;
	bool bare;

	assert(ev->type == EVENT_STANZA && n->config.role == ROLE_RECEIVING);
	assert(!jid_domain_of(from, strlen(from), remote, &bare));
	assert(!jid_domain_of(to, strlen(to), local, &bare));
	assert(negotiation_may_receive(n, local, remote));
	partner = policy_partner(n->config.policy, remote, NULL, NULL);
	assert(partner && (partner->row->tls != TRI_REQUIRED || n->tls));
}

/* Nothing is written once TLS has begun, until it is up; nothing follows the close. */
static void check_order(const struct negotiation *n)
{
	bool silent = false;
	unsigned i;

	for (i = 0; i < n->out->action_count; i++) {
		const struct negotiation_action *a = &n->out->actions[i];
		assert(!silent);
		assert(a->type != ACTION_WRITE || a->offset + a->len <= n->out->bytes.len);
		silent = a->type == ACTION_START_TLS || a->type == ACTION_CLOSE;
		assert(a->type != ACTION_CLOSE || n->state == NEGOTIATION_DEAD);
		assert(a->type != ACTION_START_TLS || n->state == NEGOTIATION_TLS);
	}
	assert(n->state != NEGOTIATION_DEAD || silent);
}

void negotiation_check(const struct negotiation *n, const struct negotiation_event *ev,
		       enum negotiation_state before, unsigned next)
{
	unsigned i;

	assert(n->out->action_count <= NEGOTIATION_ACTIONS_MAX);
	check_states(n, before, next);
	check_order(n);
	for (i = 0; i < n->out->action_count; i++) {
		if (n->out->actions[i].type == ACTION_PAIR_UP)
			check_pair(n, &n->out->actions[i]);
		if (n->out->actions[i].type == ACTION_DELIVER)
			check_delivery(n, ev);
	}
	assert(n->errors_sent <= 1);
	assert(n->errors_sent == 0 || n->state == NEGOTIATION_DEAD);
}

#else

void negotiation_check(const struct negotiation *n, const struct negotiation_event *ev,
		       enum negotiation_state before, unsigned next)
{
	(void)n;
	(void)ev;
	(void)before;
	(void)next;
}

#endif
