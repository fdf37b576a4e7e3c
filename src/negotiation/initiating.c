/* The initiating role's handlers. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "negotiation_int.h"
#include "xmpp/compose.h"
#include "xmpp/ns.h"

/* A bound on keys to verify over one stream; a driver opens another for more. */
#define VERIFIES_MAX 64

static void start_tls(struct negotiation *n)
{
	/* what was learnt in clear is forgotten [RFC6120 4.3.3] */
	n->header_sent = false;
	memset(&n->offered, 0, sizeof(n->offered));
	negotiation_enter(n, NEGOTIATION_TLS);
	negotiation_act(n, ACTION_START_TLS);
}

void initiating_connected(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	if (n->config.direct_tls) {
		start_tls(n);
		return;
	}
	negotiation_enter(n, NEGOTIATION_HEADER);
	negotiation_write_header(n);
}

static void send_verify(struct negotiation *n, struct verify *v)
{
	struct compose_dialback d = {
		.name = "verify",
		.from = v->local,
		.to = v->remote,
		.id = v->id,
		.text = v->key,
	};

	compose_dialback(negotiation_write(n), &d);
	negotiation_written(n);
	free(v->key);
	v->key = NULL;
}

static void send_verifies(struct negotiation *n)
{
	struct verify *v;

	negotiation_enter(n, NEGOTIATION_READY);
	for (v = n->verifies; v; v = v->next)
		if (v->key)
			send_verify(n, v);
}

/* [XEP-0220 2.1.1] */
static void send_result(struct negotiation *n)
{
	char key[DIALBACK_KEY_SIZE];
	struct compose_dialback d = {
		.name = "result",
		.from = n->local,
		.to = n->remote,
		.text = key,
	};
	struct pair *p = pair_add(n, n->local, n->remote, true);
	int rc;

	if (!p) {
		negotiation_fail(n, FAIL_NO_MEMORY);
		return;
	}
	rc = dialback_key(n->config.secret, n->remote, n->local, n->stream_id, key);
	if (rc) { /* an id that no key can be made of; or our own trouble */
		negotiation_fail(n, rc == -FAIL_NO_MEMORY ? FAIL_NO_MEMORY : FAIL_STREAM_ID);
		return;
	}
	p->state = PAIR_ASKED;
	negotiation_enter(n, NEGOTIATION_DIALBACK);
	compose_dialback(negotiation_write(n), &d);
	negotiation_written(n);
}

static void send_starttls(struct negotiation *n, bool unoffered)
{
	n->unoffered = unoffered;
	n->cause = unoffered ? FAIL_TLS_NOT_OFFERED : FAIL_NONE;
	negotiation_enter(n, NEGOTIATION_PROCEED);
	compose_tls(negotiation_write(n), "starttls");
	negotiation_written(n);
}

static void go_on(struct negotiation *n)
{
	struct choose_facts facts = negotiation_facts(n, n->remote);
	struct offer offered = {
		.starttls = n->offered.starttls,
		.starttls_required = n->offered.starttls_required,
		.external = n->offered.external,
		.dialback = n->offered.dialback,
	};
	struct next next = choose_next(n->partner, &offered, &facts);

	switch (next.step) {
	case NEXT_FAIL:
		/* a library of ours that failed is not the peer's refusal */
		negotiation_fail(n, next.fail == FAIL_SASL_REFUSED ? n->cause : next.fail);
		return;
	case NEXT_STARTTLS:
		send_starttls(n, next.unoffered);
		return;
	case NEXT_EXTERNAL:
		n->challenges = 0;
		negotiation_ask_sasl(n, true, NULL, 0);
		return;
	case NEXT_DIALBACK:
		/* the feature need not be advertised: servers older than it do dialback as well */
		if (n->config.verify_only)
			send_verifies(n);
		else
			send_result(n);
		return;
	}
}

/* [RFC6120 4.7] */
void initiating_header(struct negotiation *n, const struct negotiation_event *ev)
{
	enum fail fail = negotiation_check_header(n, ev->header);
	char from[JID_DOMAIN_SIZE];

	/* an empty one says that the peer knows no name for itself [RFC6120 4.9.1.3] */
	if (!fail && ev->header->from && *ev->header->from &&
	    (!negotiation_domain(ev->header->from, from) || strcmp(from, n->remote)))
		fail = FAIL_IMPROPER_ADDRESSING;
	if (!fail && n->old && n->authenticated)
		fail = FAIL_UNSUPPORTED_VERSION;
	if (!fail)
		fail = negotiation_set_id(n, ev->header->id);
	if (fail)
		negotiation_fail(n, fail);
	else if (n->old)
		go_on(n);
	else
		negotiation_enter(n, NEGOTIATION_FEATURES);
}

void initiating_features(struct negotiation *n, const struct negotiation_event *ev)
{
	struct pair *p;

	n->offered = features_read(ev->element);
	if (!n->authenticated) {
		go_on(n);
		return;
	}
	p = pair_add(n, n->local, n->remote, true);
	if (p)
		pair_up(n, p, METHOD_SASL_TLS);
	else
		negotiation_fail(n, FAIL_NO_MEMORY);
}

void initiating_proceed(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	n->unoffered = false;
	n->cause = FAIL_NONE;
	start_tls(n);
}

/* Never tried again in clear, whatever the row. [RFC6120 5.4.2.2] */
void initiating_tls_failure(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	negotiation_fail(n, n->unoffered ? FAIL_TLS_NOT_OFFERED : FAIL_TLS_REFUSED);
}

void initiating_tls_up(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	n->tls = true;
	negotiation_ask_certificate(n);
}

void initiating_certificate(struct negotiation *n, const struct negotiation_event *ev)
{
	if (!negotiation_answers(n, ev))
		return;
	negotiation_take_certificate(n, ev);
	negotiation_enter(n, NEGOTIATION_HEADER);
	negotiation_write_header(n);
}

static void external_failed(struct negotiation *n, enum fail cause)
{
	n->external_failed = true;
	n->cause = cause;
	go_on(n);
}

void initiating_sasl(struct negotiation *n, const struct negotiation_event *ev)
{
	struct buf *out;

	if (!negotiation_answers(n, ev))
		return;
	if (ev->sasl == SASL_FAILED) {
		external_failed(n, FAIL_SASL_LOCAL);
		return;
	}
	negotiation_enter(n, NEGOTIATION_AUTH);
	out = negotiation_write(n);
	if (n->challenges)
		compose_sasl(out, "response", NULL, ev->data, ev->data_len);
	else /* an empty initial response is "=" [RFC6120 6.4.2] */
		compose_sasl(out, "auth", "EXTERNAL", ev->data ? ev->data : "", ev->data_len);
	negotiation_written(n);
}

/* [RFC6120 6.4.6] */
void initiating_success(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	n->authenticated = true;
	n->header_sent = false;
	negotiation_enter(n, NEGOTIATION_HEADER);
	negotiation_act(n, ACTION_RESTART);
	negotiation_write_header(n);
}

/* [XEP-0178 3, step 10]: on to dialback where the row allows it */
void initiating_sasl_failure(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	n->external_refused = true;
	external_failed(n, FAIL_SASL_REFUSED);
}

void initiating_challenge(struct negotiation *n, const struct negotiation_event *ev)
{
	unsigned char *data = NULL;
	size_t len = 0;
	enum fail fail = FAIL_SASL_PROTOCOL;

	/* EXTERNAL has one message; a peer that overlooked it may ask once */
	if (!n->challenges++)
		fail = negotiation_sasl_data(ev->element, false, &data, &len);
	if (fail)
		negotiation_fail(n, fail);
	else
		negotiation_ask_sasl(n, false, data, len);
}

/* Only what answers a question of this very stream counts. [XEP-0220 2.1.1] */
void initiating_result_answer(struct negotiation *n, const struct negotiation_event *ev)
{
	const char *type = element_attribute(ev->element, "type");
	char from[JID_DOMAIN_SIZE], to[JID_DOMAIN_SIZE];
	struct pair *p = NULL;
	enum fail fail;

	if (pair_addresses(ev->element, from, to))
		p = pair_find(n, to, from, true);
	if (!p || p->state != PAIR_ASKED) {
		negotiation_dropped(n, FAIL_DIALBACK_UNSOLICITED);
		return;
	}
	if (!strcmp(type, "valid")) {
		n->cause = FAIL_NONE;
		pair_up(n, p, choose_dialback_method(n->tls));
		return;
	}
	fail = strcmp(type, "invalid") ? FAIL_DIALBACK_ERROR : FAIL_DIALBACK_INVALID;
	pair_down(n, p, fail);
	negotiation_end(n, fail);
}

/* Kept until the stream is ready for it. */
void initiating_verify(struct negotiation *n, const struct negotiation_event *ev)
{
	struct verify **at = &n->verifies, *v;
	unsigned count = 0;

	for (; *at; at = &(*at)->next)
		count++;
	v = count < VERIFIES_MAX ? calloc(1, sizeof(*v)) : NULL;
	if (!v) {
		negotiation_fail(n, FAIL_NO_MEMORY);
		return;
	}
	*at = v;
	v->ticket = ev->ticket;
	v->id = mem_strdup(ev->id); /* both were bounded when the question was asked */
	v->key = mem_strdup(ev->key);
	strcpy(v->local, ev->local);
	strcpy(v->remote, ev->remote);
	if (n->state == NEGOTIATION_READY)
		send_verify(n, v);
}

static struct verify **verify_find(struct negotiation *n, const struct element *e)
{
	const char *id = element_attribute(e, "id");
	char from[JID_DOMAIN_SIZE], to[JID_DOMAIN_SIZE];
	struct verify **at;

	if (!id || !pair_addresses(e, from, to))
		return NULL;
	for (at = &n->verifies; *at; at = &(*at)->next) {
		struct verify *v = *at;
		if (!v->key && !strcmp(v->id, id) && !strcmp(v->local, to) &&
		    !strcmp(v->remote, from))
			return at;
	}
	return NULL;
}

/* [XEP-0220 2.1.2, 2.4] */
void initiating_verify_answer(struct negotiation *n, const struct negotiation_event *ev)
{
	const char *type = element_attribute(ev->element, "type");
	struct verify **at = verify_find(n, ev->element), *v;
	struct negotiation_action *a;

	if (!at) {
		negotiation_dropped(n, FAIL_DIALBACK_UNSOLICITED);
		return;
	}
	v = *at;
	a = negotiation_act(n, ACTION_VERIFIED);
	a->ticket = v->ticket;
	a->outcome = DIALBACK_NOT_FOUND; /* what an error of the authoritative server means */
	if (!strcmp(type, "valid"))
		a->outcome = DIALBACK_VALID;
	else if (!strcmp(type, "invalid"))
		a->outcome = DIALBACK_INVALID;
	*at = v->next;
	free(v->id);
	free(v->key);
	free(v);
}

/* The peer asks in the wrong direction: this stream carries ours alone. */
void initiating_reverse_dialback(struct negotiation *n, const struct negotiation_event *ev)
{
	char from[JID_DOMAIN_SIZE], to[JID_DOMAIN_SIZE];

	if (!pair_addresses(ev->element, from, to)) {
		negotiation_fail(n, FAIL_IMPROPER_ADDRESSING);
		return;
	}
	pair_answer(n, ev->element->name, to, from, element_attribute(ev->element, "id"), NULL,
		    "forbidden");
}
