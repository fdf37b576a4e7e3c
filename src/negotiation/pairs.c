#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "negotiation_int.h"
#include "xmpp/compose.h"

struct pair *pair_find(const struct negotiation *n, const char *local, const char *remote,
		       bool outbound)
{
	unsigned i;

	for (i = 0; i < n->pair_count; i++)
		if (n->pairs[i].outbound == outbound && !strcmp(n->pairs[i].local, local) &&
		    !strcmp(n->pairs[i].remote, remote))
			return &n->pairs[i];
	return NULL;
}

struct pair *pair_by_ticket(struct negotiation *n, uint64_t ticket)
{
	unsigned i;

	for (i = 0; i < n->pair_count; i++)
		if (n->pairs[i].state == PAIR_CHECKING && n->pairs[i].ticket == ticket)
			return &n->pairs[i];
	return NULL;
}

struct pair *pair_add(struct negotiation *n, const char *local, const char *remote, bool outbound)
{
	struct pair *grown, *p;

	if (n->pair_count >= n->config.pairs_max)
		return NULL;
	grown = realloc(n->pairs, (n->pair_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	n->pairs = grown;
	p = &grown[n->pair_count++];
	memset(p, 0, sizeof(*p));
	strcpy(p->local, local); /* both are in normal form: they fit */
	strcpy(p->remote, remote);
	p->outbound = outbound;
	return p;
}

bool pair_any(const struct negotiation *n, enum pair_state state)
{
	unsigned i;

	for (i = 0; i < n->pair_count; i++)
		if (n->pairs[i].state == state)
			return true;
	return false;
}

void pairs_clear(struct negotiation *n)
{
	n->pair_count = 0;
}

void pair_up(struct negotiation *n, struct pair *p, enum method method)
{
	struct negotiation_action *a;
	bool first = !pair_any(n, PAIR_VALID);

	p->state = PAIR_VALID;
	p->method = method;
	a = negotiation_act(n, ACTION_PAIR_UP);
	a->local = p->local;
	a->remote = p->remote;
	a->outbound = p->outbound;
	a->method = method;
	if (!first)
		return;
	n->method = method;
	negotiation_enter(n, NEGOTIATION_OPEN);
	negotiation_act(n, ACTION_OPENED)->method = method;
}

void pair_down(struct negotiation *n, struct pair *p, enum fail fail)
{
	struct negotiation_action *a = negotiation_act(n, ACTION_PAIR_DOWN);

	p->state = PAIR_REFUSED;
	a->local = p->local;
	a->remote = p->remote;
	a->outbound = p->outbound;
	a->fail = fail;
}

bool pair_addresses(const struct element *e, char from[JID_DOMAIN_SIZE], char to[JID_DOMAIN_SIZE])
{
	return negotiation_domain(element_attribute(e, "from"), from) &&
	       negotiation_domain(element_attribute(e, "to"), to);
}

void pair_answer(struct negotiation *n, const char *name, const char *local, const char *remote,
		 const char *id, const char *type, const char *condition)
{
	struct compose_dialback d = {
		.name = name,
		.from = local,
		.to = remote,
		.id = id,
		.type = condition ? "error" : type,
		.condition = condition,
	};

	compose_dialback(negotiation_write(n), &d);
	negotiation_written(n);
}

/* [XEP-0220 2.5] for what policy refuses */
const char *pair_condition(enum fail fail)
{
	if (fail == FAIL_PAIRS_TOO_MANY)
		return "resource-constraint";
	if (fail == FAIL_HOST_UNKNOWN)
		return "item-not-found";
	if (fail == FAIL_INVALID_FROM || fail == FAIL_DIALBACK_FORGED)
		return "forbidden";
	if (fail == FAIL_TLS_REQUIRED || fail == FAIL_PARTNER_UNKNOWN ||
	    fail == FAIL_TLS_NOT_SUPPORTED || fail == FAIL_TLS_WEAK ||
	    fail == FAIL_DOWNGRADE_REFUSED)
		return "policy-violation";
	return "not-authorized"; /* another proof than dialback is demanded */
}

/* [XEP-0220 2.5] for a check that found no answer */
const char *pair_outcome_condition(enum dialback_outcome outcome)
{
	switch (outcome) {
	case DIALBACK_NOT_FOUND:
		return "remote-server-not-found";
	case DIALBACK_UNREACHABLE:
		return "remote-connection-failed";
	case DIALBACK_TIMEOUT:
		return "remote-server-timeout";
	case DIALBACK_OVERLOAD:
		return "resource-constraint";
	case DIALBACK_VALID:
	case DIALBACK_INVALID:
		break;
	}
	return NULL;
}

void verifies_free(struct negotiation *n)
{
	while (n->verifies) {
		struct verify *v = n->verifies;
		n->verifies = v->next;
		free(v->id);
		free(v->key);
		free(v);
	}
}
