/* The receiving role's handlers. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "negotiation_int.h"
#include "xmpp/compose.h"
#include "xmpp/ns.h"

static void start_tls(struct negotiation *n)
{
	/* what was learnt in clear is forgotten, and who was being checked [RFC6120 5.4.3.3] */
	pairs_clear(n);
	n->header_sent = false;
	negotiation_enter(n, NEGOTIATION_TLS);
	negotiation_act(n, ACTION_START_TLS);
}

void receiving_connected(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	if (n->config.direct_tls)
		start_tls(n);
	else
		negotiation_enter(n, NEGOTIATION_HEADER);
}

void receiving_tls_up(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	n->tls = true;
	negotiation_enter(n, NEGOTIATION_HEADER);
}

/* TO: one of ours; it stays what it was once a header was accepted. [RFC6120 4.7.2] Before XMPP 1.0 it could be missing:
 * jabberd2 without TLS names nobody, and a key says for whom it is. */
static enum fail take_to(struct negotiation *n, const char *text)
{
	char to[JID_DOMAIN_SIZE];

	if (!text && n->old && !*n->local)
		return FAIL_NONE;
	if (!negotiation_domain(text, to))
		return FAIL_IMPROPER_ADDRESSING;
	if (n->headed)
		return strcmp(to, n->local) ? FAIL_IMPROPER_ADDRESSING : FAIL_NONE;
	if (!policy_local(n->config.policy, to))
		return FAIL_HOST_UNKNOWN;
	strcpy(n->local, to);
	return FAIL_NONE;
}

/* FROM: may be missing at first; once known it stays. [RFC6120 4.3.6, 4.7.1] */
static enum fail take_from(struct negotiation *n, const char *text)
{
	char from[JID_DOMAIN_SIZE];

	if (!text)
		return *n->remote ? FAIL_IMPROPER_ADDRESSING : FAIL_NONE;
	if (!negotiation_domain(text, from))
		return FAIL_IMPROPER_ADDRESSING;
	if (*n->remote && strcmp(from, n->remote))
		return FAIL_IMPROPER_ADDRESSING;
	if (policy_local(n->config.policy, from))
		return FAIL_INVALID_FROM;
	strcpy(n->remote, from);
	return FAIL_NONE;
}

static void advertise(struct negotiation *n, const struct choose_facts *facts)
{
	struct offer offer = choose_offer(n->partner, facts);
	struct features f = {
		.starttls = offer.starttls,
		.starttls_required = offer.starttls_required,
		.external = offer.external && !n->authenticated,
		.dialback = offer.dialback,
		.max_bytes = n->config.max_bytes,
	};

	features_write(negotiation_write(n), &f);
	negotiation_written(n);
}

static enum fail judge_stream(const struct negotiation *n, const struct choose_facts *facts)
{
	if (*n->remote)
		return choose_accept(n->partner, facts, REQUEST_STREAM);
	/* a stranger is offered what everyone is; without a version there is no offer to make: a key says who it is and is
	 * judged by that partner's row, so one at least has to permit it */
	if (!n->old || policy_somebody_may(n->config.policy, choose_dialback_method(n->tls)))
		return FAIL_NONE;
	return n->tls ? FAIL_METHOD_REFUSED : FAIL_TLS_REQUIRED;
}

/* Our header and features, or our header and the reason why not. */
static void answer(struct negotiation *n)
{
	struct choose_facts facts = negotiation_facts(n, n->remote);
	enum fail fail = judge_stream(n, &facts);
	struct pair *p;

	if (fail) {
		negotiation_fail(n, fail);
		return;
	}
	negotiation_enter(n, NEGOTIATION_READY);
	negotiation_write_header(n);
	if (!n->old)
		advertise(n, &facts);
	if (!n->authenticated)
		return;
	/* there already if dialback was tried before */
	p = pair_find(n, n->local, n->remote, false);
	if (!p)
		p = pair_add(n, n->local, n->remote, false);
	if (p)
		pair_up(n, p, METHOD_SASL_TLS);
	else
		negotiation_fail(n, n->pair_count < n->config.pairs_max ? FAIL_NO_MEMORY
									: FAIL_PAIRS_TOO_MANY);
}

/* Decided anew after TLS: nothing of a header in clear is believed. [RFC6120 4.3.3] */
void receiving_header(struct negotiation *n, const struct negotiation_event *ev)
{
	enum fail fail = negotiation_check_header(n, ev->header);
	enum fail no_id = negotiation_set_id(n, ev->id);

	if (no_id) { /* the driver's fault or nobody's */
		negotiation_fail(n, no_id == FAIL_NO_MEMORY ? FAIL_NO_MEMORY : FAIL_INTERNAL);
		return;
	}
	if (!fail)
		fail = take_to(n, ev->header->to);
	if (!fail)
		fail = take_from(n, ev->header->from);
	if (!fail && n->old && n->authenticated)
		fail = FAIL_UNSUPPORTED_VERSION;
	if (fail) {
		negotiation_fail(n, fail);
		return;
	}
	n->headed = true;
	n->partner = *n->remote ? policy_partner(n->config.policy, n->remote, NULL, NULL)
				: policy_everyone(n->config.policy);
	if (n->tls && !n->authenticated)
		negotiation_ask_certificate(n);
	else
		answer(n);
}

void receiving_certificate(struct negotiation *n, const struct negotiation_event *ev)
{
	if (!negotiation_answers(n, ev))
		return;
	negotiation_take_certificate(n, ev);
	answer(n);
}

/* [RFC6120 5.4.2] */
void receiving_starttls(struct negotiation *n, const struct negotiation_event *ev)
{
	struct choose_facts facts = negotiation_facts(n, n->remote);
	enum fail fail = choose_accept(n->partner, &facts, REQUEST_STARTTLS);

	(void)ev;
	compose_tls(negotiation_write(n), fail ? "failure" : "proceed");
	negotiation_written(n);
	if (fail)
		negotiation_end(n, fail);
	else
		start_tls(n);
}

/* Once something is authorised, the stream stays what it is. */
void receiving_starttls_late(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	compose_tls(negotiation_write(n), "failure");
	negotiation_written(n);
	negotiation_end(n, n->tls ? FAIL_TLS_TWICE : FAIL_UNEXPECTED);
}

static void sasl_failure(struct negotiation *n, const char *condition)
{
	compose_sasl_failure(negotiation_write(n), condition);
	negotiation_written(n);
	if (++n->auth_failures > NEGOTIATION_AUTH_TRIES)
		negotiation_fail(n, FAIL_SASL_TRIES);
	else if (n->state != NEGOTIATION_OPEN && n->state != NEGOTIATION_READY)
		negotiation_enter(n, NEGOTIATION_READY);
}

/* Asks the library about what an <auth/> or <response/> carries. [RFC6120 6.4.2, 6.5.5] */
static void ask_library(struct negotiation *n, const struct element *e, bool first)
{
	unsigned char *data = NULL;
	size_t len = 0;
	enum fail fail;

	if (e->children) {
		sasl_failure(n, "malformed-request");
		return;
	}
	fail = negotiation_sasl_data(e, first, &data, &len);
	if (fail == FAIL_NO_MEMORY)
		negotiation_fail(n, fail);
	else if (fail)
		sasl_failure(n, "incorrect-encoding");
	else
		negotiation_ask_sasl(n, first, data, len);
}

/* [RFC6120 6.4.2] [XEP-0178 3] */
void receiving_auth(struct negotiation *n, const struct negotiation_event *ev)
{
	const char *mechanism = element_attribute(ev->element, "mechanism");
	struct choose_facts facts = negotiation_facts(n, n->remote);
	enum fail fail = choose_accept(*n->remote ? n->partner : NULL, &facts, REQUEST_EXTERNAL);

	n->challenges = 0;
	if (fail == FAIL_TLS_REQUIRED)
		sasl_failure(n, "encryption-required");
	else if (!mechanism || strcmp(mechanism, "EXTERNAL") || fail == FAIL_METHOD_REFUSED)
		sasl_failure(n, "invalid-mechanism");
	else if (fail || n->old || pair_any(n, PAIR_CHECKING)) /* dialback has begun */
		sasl_failure(n, "not-authorized");
	else
		ask_library(n, ev->element, true);
}

/* Once a stream is open nobody authenticates on it again. */
void receiving_auth_late(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	sasl_failure(n, "not-authorized");
}

/* An identity that is given must be the header's 'from'. [RFC6120 6.3.8] [XEP-0178 3] */
static bool is_header_identity(const struct negotiation *n, const char *identity)
{
	char domain[JID_DOMAIN_SIZE];

	if (!identity || !*identity)
		return true;
	return negotiation_domain(identity, domain) && !strcmp(domain, n->remote);
}

static void refuse_authzid(struct negotiation *n)
{
	sasl_failure(n, "invalid-authzid");
	/* on with dialback where the row allows it, else there is nothing left */
	if (n->state == NEGOTIATION_READY && !row_may(n->partner->row, METHOD_TLS_DIALBACK))
		negotiation_fail(n, FAIL_SASL_AUTHZID);
}

void receiving_sasl(struct negotiation *n, const struct negotiation_event *ev)
{
	if (!negotiation_answers(n, ev))
		return;
	if (ev->sasl == SASL_FAILED || (ev->sasl == SASL_MORE && n->challenges++)) {
		sasl_failure(n, "not-authorized");
		return;
	}
	if (ev->sasl == SASL_DONE && !is_header_identity(n, ev->identity)) {
		refuse_authzid(n);
		return;
	}
	if (ev->sasl == SASL_MORE) {
		negotiation_enter(n, NEGOTIATION_AUTH);
		compose_sasl(negotiation_write(n), "challenge", NULL, ev->data, ev->data_len);
		negotiation_written(n);
		return;
	}
	compose_sasl(negotiation_write(n), "success", NULL, NULL, 0);
	negotiation_written(n);
	n->authenticated = true;
	n->header_sent = false;
	negotiation_enter(n, NEGOTIATION_HEADER);
	negotiation_act(n, ACTION_RESTART);
}

void receiving_response(struct negotiation *n, const struct negotiation_event *ev)
{
	ask_library(n, ev->element, false);
}

/* [RFC6120 6.4.4] */
void receiving_abort(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	sasl_failure(n, "aborted");
}

/* A <response/> to nothing. */
void receiving_sasl_stray(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	sasl_failure(n, "not-authorized");
}

/* What both requests of dialback must be before their key is looked at. */
static enum fail judge_dialback(const struct negotiation *n, const char *from, const char *to,
				bool verify)
{
	const struct policy *policy = n->config.policy;
	struct choose_facts facts = negotiation_facts(n, from);

	facts.verify_only = verify; /* who asks about our key authenticates nothing by it */
	if (!policy_local(policy, to))
		return FAIL_HOST_UNKNOWN;
	if (policy_local(policy, from)) /* nobody else speaks for our domains */
		return FAIL_INVALID_FROM;
	return choose_accept(policy_partner(policy, from, NULL, NULL), &facts, REQUEST_DIALBACK);
}

/* [XEP-0220 2.2.1]: an invalid key ends the stream unless it carries a valid pair; one being checked is none */
static void refuse_key(struct negotiation *n, struct pair *p)
{
	bool alone;

	pair_down(n, p, FAIL_DIALBACK_FORGED);
	alone = !pair_any(n, PAIR_VALID);
	pair_answer(n, "result", p->local, p->remote, NULL, "invalid",
		    alone ? NULL : pair_condition(FAIL_DIALBACK_FORGED));
	if (alone)
		negotiation_end(n, FAIL_DIALBACK_FORGED);
}

static void check_key(struct negotiation *n, struct pair *p, const char *key, size_t len)
{
	struct negotiation_action *a;

	if (!len || len > NEGOTIATION_KEY_MAX) {
		refuse_key(n, p);
		return;
	}
	free(n->key);
	n->key = strndup(key, len);
	if (!n->key) {
		negotiation_fail(n, FAIL_NO_MEMORY);
		return;
	}
	p->state = PAIR_CHECKING;
	p->ticket = ++n->last_ticket;
	a = negotiation_act(n, ACTION_ASK_DIALBACK);
	a->ticket = p->ticket;
	a->local = p->local;
	a->remote = p->remote;
	a->id = n->stream_id;
	a->key = n->key;
}

/* So that the log says why, even where the peer only hangs up. */
static void refused_pair(struct negotiation *n, const char *local, const char *remote,
			 enum fail fail)
{
	struct negotiation_action *a = negotiation_act(n, ACTION_PAIR_DOWN);

	strcpy(n->out->local, local); /* both are in normal form: they fit */
	strcpy(n->out->remote, remote);
	a->local = n->out->local;
	a->remote = n->out->remote;
	a->fail = fail;
}

/* [XEP-0220 2.2.1] */
void receiving_result(struct negotiation *n, const struct negotiation_event *ev)
{
	char from[JID_DOMAIN_SIZE], to[JID_DOMAIN_SIZE];
	const char *key = ev->element->text;
	size_t len = ev->element->text_len;
	const char *condition = NULL;
	struct pair *p;
	enum fail fail;

	if (!pair_addresses(ev->element, from, to)) {
		negotiation_fail(n, FAIL_IMPROPER_ADDRESSING);
		return;
	}
	p = pair_find(n, to, from, false);
	if (p && (p->state == PAIR_CHECKING || p->state == PAIR_VALID)) {
		/* jabberd2 asks twice and takes a second answer for the end of the first */
		negotiation_dropped(n, FAIL_DIALBACK_REPEATED);
		return;
	}
	fail = judge_dialback(n, from, to, false);
	if (!fail && !ev->element->children && !p && !(p = pair_add(n, to, from, false)))
		fail = FAIL_PAIRS_TOO_MANY;
	if (fail)
		condition = pair_condition(fail);
	else if (ev->element->children)
		condition = "bad-request";
	if (condition) {
		pair_answer(n, "result", to, from, NULL, NULL, condition);
		if (fail)
			refused_pair(n, to, from, fail);
		return;
	}
	str_trim(&key, &len);
	check_key(n, p, key, len);
}

void receiving_checked(struct negotiation *n, const struct negotiation_event *ev)
{
	struct pair *p = pair_by_ticket(n, ev->ticket);
	enum method method = choose_dialback_method(n->tls);

	if (!p)
		return;
	if (ev->outcome == DIALBACK_VALID) {
		pair_answer(n, "result", p->local, p->remote, NULL, "valid", NULL);
		pair_up(n, p, method);
	} else if (ev->outcome == DIALBACK_INVALID) {
		refuse_key(n, p);
	} else {
		pair_down(n, p, FAIL_DIALBACK_ERROR);
		pair_answer(n, "result", p->local, p->remote, NULL, NULL,
			    pair_outcome_condition(ev->outcome));
	}
}

/* While the secret is changed there are two; both are looked at, whatever the first says. */
static bool is_our_key(const struct negotiation *n, const char *from, const char *to,
		       const char *id, const struct element *e)
{
	bool current = dialback_key_matches(n->config.secret, from, to, id, e->text, e->text_len);
	bool previous = n->config.previous && dialback_key_matches(n->config.previous, from, to, id,
								   e->text, e->text_len);

	return current || previous;
}

/* We are the authoritative server. [XEP-0220 2.4] */
void receiving_verify_request(struct negotiation *n, const struct negotiation_event *ev)
{
	const struct element *e = ev->element;
	const char *id = element_attribute(e, "id");
	char from[JID_DOMAIN_SIZE], to[JID_DOMAIN_SIZE];
	const char *condition = NULL;
	bool valid = false;
	enum fail fail;

	if (!pair_addresses(e, from, to)) {
		negotiation_fail(n, FAIL_IMPROPER_ADDRESSING);
		return;
	}
	fail = judge_dialback(n, from, to, true);
	if (fail)
		condition = pair_condition(fail);
	else if (!id || strlen(id) > NEGOTIATION_KEY_MAX || e->children)
		condition = "bad-request";
	else
		valid = is_our_key(n, from, to, id, e);
	n->keys_answered++;
	pair_answer(n, "verify", to, from, id, valid ? "valid" : "invalid", condition);
}

/* [RFC6120 8.1.1.2, 8.1.2.2] */
void receiving_stanza(struct negotiation *n, const struct negotiation_event *ev)
{
	const char *from = stanza_from(ev->stanza), *to = stanza_to(ev->stanza);
	char remote[JID_DOMAIN_SIZE], local[JID_DOMAIN_SIZE];
	struct pair *p;
	bool bare;
	unsigned i;

	if (!from || !to || jid_domain_of(from, strlen(from), remote, &bare) ||
	    jid_domain_of(to, strlen(to), local, &bare)) {
		negotiation_fail(n, FAIL_IMPROPER_ADDRESSING);
		return;
	}
	p = pair_find(n, local, remote, false);
	if (p && p->state == PAIR_VALID) {
		struct negotiation_action *a = negotiation_act(n, ACTION_DELIVER);
		a->local = p->local;
		a->remote = p->remote;
		return;
	}
	for (i = 0; i < n->pair_count; i++)
		if (n->pairs[i].state == PAIR_VALID && !n->pairs[i].outbound &&
		    !strcmp(n->pairs[i].remote, remote))
			break;
	negotiation_fail(n, i < n->pair_count ? FAIL_HOST_UNKNOWN : FAIL_INVALID_FROM);
}
