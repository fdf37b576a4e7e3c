/* The legality table, the handlers that are no role's own, and the step that glues them. */
#include <string.h>

#include "negotiation_int.h"
#include "xmpp/compose.h"
#include "xmpp/ns.h"

/* Why it ends when the peer goes: what went wrong before, if anything did. */
static enum fail why(const struct negotiation *n, enum fail fail)
{
	if (n->state == NEGOTIATION_CLOSING)
		return n->fail;
	return n->cause ? n->cause : fail;
}

static void any_timeout(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	if (n->state == NEGOTIATION_CLOSING)
		negotiation_end(n, n->fail);
	else
		negotiation_fail(n,
				 n->unoffered ? FAIL_TLS_NOT_OFFERED : FAIL_ESTABLISHMENT_TIMEOUT);
}

static void any_lost(struct negotiation *n, const struct negotiation_event *ev)
{
	struct negotiation_action *a;

	(void)ev;
	n->fail = why(n, FAIL_CONNECTION_LOST);
	negotiation_enter(n, NEGOTIATION_DEAD);
	a = negotiation_act(n, ACTION_CLOSE);
	a->fail = n->fail;
	a->abrupt = true;
}

/* A failure with a stream error ends it at once; one without begins the closing handshake. [RFC6120 4.4] */
static void any_shut(struct negotiation *n, const struct negotiation_event *ev)
{
	if (*fail_info(ev->fail)->stream_error && n->state != NEGOTIATION_CLOSING) {
		negotiation_fail(n, ev->fail);
	} else if (n->header_sent && n->state != NEGOTIATION_CLOSING) {
		compose_footer(negotiation_write(n));
		negotiation_written(n);
		negotiation_enter(n, NEGOTIATION_CLOSING);
		n->fail = ev->fail;
	} else if (n->state != NEGOTIATION_CLOSING) {
		negotiation_end(n, ev->fail);
	}
}

/* May what was authorised, or is about to be, stay? */
static enum fail judge_pair(const struct negotiation *n, const struct pair *p)
{
	struct choose_facts facts = negotiation_facts(n, p->remote);
	const struct partner *partner = policy_partner(n->config.policy, p->remote, NULL, NULL);
	bool sasl = p->state == PAIR_VALID && p->method == METHOD_SASL_TLS;

	if (p->state == PAIR_NONE || p->state == PAIR_REFUSED)
		return FAIL_NONE;
	if (!policy_local(n->config.policy, p->local))
		return FAIL_HOST_GONE;
	return choose_accept(partner, &facts, sasl ? REQUEST_EXTERNAL : REQUEST_DIALBACK);
}

static enum fail judge_again(const struct negotiation *n, const struct partner *before)
{
	enum fail fail = FAIL_NONE;
	unsigned i;

	if (*n->local && !policy_local(n->config.policy, n->local))
		return FAIL_HOST_GONE;
	if (*n->remote && !n->partner)
		return FAIL_PARTNER_UNKNOWN;
	for (i = 0; i < n->pair_count && !fail; i++)
		fail = judge_pair(n, &n->pairs[i]);
	if (fail || n->state == NEGOTIATION_OPEN)
		return fail;
	/* what was offered or chosen under the old row may not hold under the new one */
	if (before != n->partner &&
	    (!before || !n->partner || before->row != n->partner->row ||
	     before->strict != n->partner->strict || before->dane != n->partner->dane))
		return FAIL_POLICY_CHANGED;
	return FAIL_NONE;
}

static void any_policy(struct negotiation *n, const struct negotiation_event *ev)
{
	const struct partner *before = n->partner;
	enum fail fail;

	n->config.policy = ev->policy;
	n->config.secret = ev->secret;
	n->config.previous = ev->previous;
	if (ev->judged)
		negotiation_take_certificate(n, ev);
	if (n->state == NEGOTIATION_NEW && n->config.role == ROLE_RECEIVING)
		return;
	n->partner = *n->remote	 ? policy_partner(ev->policy, n->remote, NULL, NULL)
		     : n->headed ? policy_everyone(ev->policy)
				 : NULL;
	fail = n->state == NEGOTIATION_CLOSING ? FAIL_NONE : judge_again(n, before);
	if (fail)
		negotiation_fail(n, fail);
}

static void any_broken(struct negotiation *n, const struct negotiation_event *ev)
{
	negotiation_fail(n, n->state == NEGOTIATION_CLOSING ? n->fail : ev->fail);
}

static void any_tls_failed(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	negotiation_fail(n, FAIL_TLS_HANDSHAKE);
}

/* Bytes in clear behind <starttls/> or <proceed/>: never interpreted. */
static void any_plaintext(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	negotiation_fail(n, FAIL_TLS_INJECTION);
}

static void any_footer(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	negotiation_end(n, why(n, FAIL_PEER_CLOSED));
}

/* Of the peer's text only a condition that RFC 6120 knows is kept. [RFC6120 4.9.3] */
static void any_stream_error(struct negotiation *n, const struct negotiation_event *ev)
{
	static const char *const known[] = {
		"bad-format",
		"bad-namespace-prefix",
		"conflict",
		"connection-timeout",
		"host-gone",
		"host-unknown",
		"improper-addressing",
		"internal-server-error",
		"invalid-from",
		"invalid-namespace",
		"invalid-xml",
		"not-authorized",
		"not-well-formed",
		"policy-violation",
		"remote-connection-failed",
		"reset",
		"resource-constraint",
		"restricted-xml",
		"see-other-host",
		"system-shutdown",
		"unsupported-encoding",
		"unsupported-feature",
		"unsupported-version",
		"unsupported-stanza-type",
		"invalid-id",
	};
	size_t i;

	strcpy(n->peer_error, "undefined-condition");
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (element_child(ev->element, NS_STREAM_ERRORS, known[i]))
			strcpy(n->peer_error, known[i]);
	negotiation_end(n, why(n, !strcmp(n->peer_error, "host-unknown") ? FAIL_PEER_HOST_UNKNOWN
									 : FAIL_PEER_ERROR));
}

/* An answer to nothing on this stream: believed by nobody. [XEP-0220 2.1.1, 6] */
static void any_unsolicited(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)ev;
	negotiation_dropped(n, FAIL_DIALBACK_UNSOLICITED);
}

/* The answer to a question that is closed, or what comes in after our closing tag. */
static void any_ignored(struct negotiation *n, const struct negotiation_event *ev)
{
	(void)n;
	(void)ev;
}

struct cell {
	negotiation_handler_fn handler;
	const char *name;
	unsigned next; /* bits of the states that it may enter */
};

#define S(name) (1u << NEGOTIATION_##name)
#define CELL(handler, next) \
	{ \
		handler, #handler, next \
	}

/* What every living state does with questions long closed, and with the ends of things. */
#define LIVES [EVENT_LOST] = CELL(any_lost, S(DEAD)), [EVENT_POLICY] = CELL(any_policy, S(DEAD))
#define ENDS LIVES, [EVENT_TIMEOUT] = CELL(any_timeout, S(DEAD))
/* Before our header there is no closing tag to send. */
#define SHUTS_AT_ONCE [EVENT_SHUT] = CELL(any_shut, S(DEAD))
#define SHUTS [EVENT_SHUT] = CELL(any_shut, S(CLOSING) | S(DEAD))

#define STALE_CERTIFICATE [EVENT_CERTIFICATE] = CELL(any_ignored, 0)
#define STALE_SASL [EVENT_SASL] = CELL(any_ignored, 0)
#define STALE_CHECKED [EVENT_CHECKED] = CELL(any_ignored, 0)

/* What every state does in which XML of the peer's is read behind its header. */
#define READS \
	[EVENT_BROKEN] = CELL(any_broken, S(DEAD)), [EVENT_FOOTER] = CELL(any_footer, S(DEAD)), \
	[EVENT_STREAM_ERROR] = CELL(any_stream_error, S(DEAD))

#define UNSOLICITED \
	[EVENT_RESULT_ANSWER] = CELL(any_unsolicited, 0), [EVENT_VERIFY_ANSWER] = \
								  CELL(any_unsolicited, 0)

#define STALE STALE_CERTIFICATE, STALE_SASL, STALE_CHECKED
#define KEYS [EVENT_VERIFY] = CELL(initiating_verify, S(DEAD))

/* go_on of initiating.c, the choice by the matrix */
#define GO_ON (S(PROCEED) | S(SASL) | S(DIALBACK) | S(READY) | S(DEAD))
#define GO_ON_WITHOUT_FEATURES (S(DIALBACK) | S(READY) | S(DEAD))
#define GO_ON_WITHOUT_EXTERNAL (S(DIALBACK) | S(DEAD))

static const struct cell initiating[NEGOTIATION_STATE_COUNT][EVENT_COUNT] = {
	[NEGOTIATION_NEW] = {
		ENDS, SHUTS_AT_ONCE, STALE, KEYS,
		[EVENT_CONNECTED] = CELL(initiating_connected, S(HEADER) | S(TLS)),
	},
	[NEGOTIATION_HEADER] = {
		ENDS, SHUTS, STALE, KEYS, READS,
		[EVENT_HEADER] = CELL(initiating_header, S(FEATURES) | GO_ON_WITHOUT_FEATURES),
	},
	[NEGOTIATION_FEATURES] = {
		ENDS, SHUTS, STALE, KEYS, READS, UNSOLICITED,
		[EVENT_FEATURES] = CELL(initiating_features, S(OPEN) | GO_ON),
	},
	[NEGOTIATION_PROCEED] = {
		ENDS, SHUTS, STALE, KEYS, READS, UNSOLICITED,
		[EVENT_PROCEED] = CELL(initiating_proceed, S(TLS)),
		[EVENT_TLS_FAILURE] = CELL(initiating_tls_failure, S(DEAD)),
	},
	[NEGOTIATION_TLS] = {
		ENDS, SHUTS_AT_ONCE, STALE, KEYS,
		[EVENT_TLS_UP] = CELL(initiating_tls_up, S(CERTIFICATE)),
		[EVENT_TLS_FAILED] = CELL(any_tls_failed, S(DEAD)),
		[EVENT_PLAINTEXT] = CELL(any_plaintext, S(DEAD)),
	},
	[NEGOTIATION_CERTIFICATE] = {
		ENDS, SHUTS_AT_ONCE, STALE_SASL, STALE_CHECKED, KEYS,
		[EVENT_BROKEN] = CELL(any_broken, S(DEAD)),
		[EVENT_CERTIFICATE] = CELL(initiating_certificate, S(HEADER)),
	},
	[NEGOTIATION_READY] = {
		ENDS, SHUTS, STALE, KEYS, READS,
		[EVENT_RESULT_ANSWER] = CELL(any_unsolicited, 0),
		[EVENT_VERIFY_ANSWER] = CELL(initiating_verify_answer, 0),
		[EVENT_RESULT] = CELL(initiating_reverse_dialback, S(DEAD)),
		[EVENT_VERIFY_REQUEST] = CELL(initiating_reverse_dialback, S(DEAD)),
	},
	[NEGOTIATION_SASL] = {
		ENDS, SHUTS, STALE_CERTIFICATE, STALE_CHECKED, KEYS, READS, UNSOLICITED,
		[EVENT_SASL] = CELL(initiating_sasl, S(AUTH) | GO_ON_WITHOUT_EXTERNAL),
	},
	[NEGOTIATION_AUTH] = {
		ENDS, SHUTS, STALE, KEYS, READS, UNSOLICITED,
		[EVENT_SUCCESS] = CELL(initiating_success, S(HEADER)),
		[EVENT_SASL_FAILURE] = CELL(initiating_sasl_failure, GO_ON_WITHOUT_EXTERNAL),
		[EVENT_CHALLENGE] = CELL(initiating_challenge, S(SASL) | S(DEAD)),
	},
	[NEGOTIATION_DIALBACK] = {
		ENDS, SHUTS, STALE, KEYS, READS,
		[EVENT_RESULT_ANSWER] = CELL(initiating_result_answer, S(OPEN) | S(DEAD)),
		[EVENT_VERIFY_ANSWER] = CELL(any_unsolicited, 0),
		[EVENT_RESULT] = CELL(initiating_reverse_dialback, S(DEAD)),
		[EVENT_VERIFY_REQUEST] = CELL(initiating_reverse_dialback, S(DEAD)),
	},
	[NEGOTIATION_OPEN] = {
		LIVES, SHUTS, STALE, READS, UNSOLICITED,
		[EVENT_TIMEOUT] = CELL(any_ignored, 0),
		[EVENT_RESULT] = CELL(initiating_reverse_dialback, S(DEAD)),
		[EVENT_VERIFY_REQUEST] = CELL(initiating_reverse_dialback, S(DEAD)),
	},
	[NEGOTIATION_CLOSING] = {
		ENDS, SHUTS, STALE, READS, UNSOLICITED,
		[EVENT_VERIFY] = CELL(any_ignored, 0),
		[EVENT_RESULT] = CELL(any_ignored, 0),
		[EVENT_VERIFY_REQUEST] = CELL(any_ignored, 0),
		[EVENT_STANZA] = CELL(any_ignored, 0),
		[EVENT_ELEMENT] = CELL(any_ignored, 0),
	},
};

static const struct cell receiving[NEGOTIATION_STATE_COUNT][EVENT_COUNT] = {
	[NEGOTIATION_NEW] = {
		ENDS, SHUTS_AT_ONCE, STALE,
		[EVENT_CONNECTED] = CELL(receiving_connected, S(HEADER) | S(TLS)),
	},
	[NEGOTIATION_HEADER] = {
		ENDS, SHUTS_AT_ONCE, STALE, READS,
		[EVENT_HEADER] = CELL(receiving_header, S(CERTIFICATE) | S(READY) | S(OPEN) | S(DEAD)),
	},
	[NEGOTIATION_TLS] = {
		ENDS, SHUTS_AT_ONCE, STALE,
		[EVENT_TLS_UP] = CELL(receiving_tls_up, S(HEADER)),
		[EVENT_TLS_FAILED] = CELL(any_tls_failed, S(DEAD)),
		[EVENT_PLAINTEXT] = CELL(any_plaintext, S(DEAD)),
	},
	[NEGOTIATION_CERTIFICATE] = {
		ENDS, SHUTS_AT_ONCE, STALE_SASL, STALE_CHECKED, READS, UNSOLICITED,
		[EVENT_CERTIFICATE] = CELL(receiving_certificate, S(READY) | S(DEAD)),
	},
	[NEGOTIATION_READY] = {
		ENDS, SHUTS, STALE_CERTIFICATE, STALE_SASL, READS, UNSOLICITED,
		[EVENT_STARTTLS] = CELL(receiving_starttls, S(TLS) | S(DEAD)),
		[EVENT_AUTH] = CELL(receiving_auth, S(SASL) | S(DEAD)),
		[EVENT_RESPONSE] = CELL(receiving_sasl_stray, S(DEAD)),
		[EVENT_ABORT] = CELL(receiving_abort, S(DEAD)),
		[EVENT_RESULT] = CELL(receiving_result, S(DEAD)),
		[EVENT_CHECKED] = CELL(receiving_checked, S(OPEN) | S(DEAD)),
		[EVENT_VERIFY_REQUEST] = CELL(receiving_verify_request, S(DEAD)),
	},
	[NEGOTIATION_SASL] = {
		ENDS, SHUTS, STALE_CERTIFICATE, STALE_CHECKED, READS, UNSOLICITED,
		[EVENT_SASL] = CELL(receiving_sasl, S(AUTH) | S(READY) | S(HEADER) | S(DEAD)),
		[EVENT_ABORT] = CELL(receiving_abort, S(READY) | S(DEAD)),
	},
	[NEGOTIATION_AUTH] = {
		ENDS, SHUTS, STALE, READS, UNSOLICITED,
		[EVENT_RESPONSE] = CELL(receiving_response, S(SASL) | S(READY) | S(DEAD)),
		[EVENT_ABORT] = CELL(receiving_abort, S(READY) | S(DEAD)),
	},
	[NEGOTIATION_OPEN] = {
		LIVES, SHUTS, STALE_CERTIFICATE, STALE_SASL, READS, UNSOLICITED,
		[EVENT_TIMEOUT] = CELL(any_ignored, 0),
		[EVENT_STANZA] = CELL(receiving_stanza, S(DEAD)),
		[EVENT_RESULT] = CELL(receiving_result, S(DEAD)),
		[EVENT_CHECKED] = CELL(receiving_checked, S(DEAD)),
		[EVENT_VERIFY_REQUEST] = CELL(receiving_verify_request, S(DEAD)),
		[EVENT_STARTTLS] = CELL(receiving_starttls_late, S(DEAD)),
		[EVENT_AUTH] = CELL(receiving_auth_late, S(DEAD)),
		[EVENT_RESPONSE] = CELL(receiving_sasl_stray, S(DEAD)),
		[EVENT_ABORT] = CELL(receiving_abort, S(DEAD)),
	},
	[NEGOTIATION_CLOSING] = {
		ENDS, SHUTS, STALE, READS, UNSOLICITED,
		/* the peer goes on until it sees our closing tag, and may still deliver [RFC6120 4.4] */
		[EVENT_STANZA] = CELL(receiving_stanza, S(DEAD)),
		[EVENT_RESULT] = CELL(any_ignored, 0),
		[EVENT_VERIFY_REQUEST] = CELL(any_ignored, 0),
		[EVENT_ELEMENT] = CELL(any_ignored, 0),
	},
};

static const struct cell *cell_of(enum negotiation_role role, enum negotiation_state state,
				  enum negotiation_event_type type)
{
	return role == ROLE_INITIATING ? &initiating[state][type] : &receiving[state][type];
}

const char *negotiation_table(enum negotiation_role role, enum negotiation_state state,
			      enum negotiation_event_type event, unsigned *next)
{
	const struct cell *cell = cell_of(role, state, event);

	*next = cell->next;
	return cell->name;
}

/* What an empty cell means for an element of the peer's. */
static enum fail illegal(const struct negotiation *n, enum negotiation_event_type type)
{
	struct choose_facts facts;

	if (n->unoffered) /* the peer does not know the STARTTLS that it did not offer */
		return FAIL_TLS_NOT_OFFERED;
	switch ((int)type) {
	case EVENT_STANZA:
		if (n->config.role == ROLE_INITIATING)
			return FAIL_NOT_AUTHORIZED;
		facts = negotiation_facts(n, n->remote);
		return choose_accept(n->partner, &facts, REQUEST_STANZA);
	case EVENT_AUTH:
	case EVENT_CHALLENGE:
	case EVENT_RESPONSE:
	case EVENT_SUCCESS:
	case EVENT_SASL_FAILURE:
	case EVENT_ABORT:
		return FAIL_SASL_PROTOCOL;
	case EVENT_HEADER:
		return FAIL_XML_INVALID;
	default:
		return FAIL_UNEXPECTED;
	}
}

/* Nothing of a step that ran out of memory may be carried out by halves. */
static void give_up(struct negotiation *n, enum fail fail)
{
	struct negotiation_action *a;

	n->out->action_count = 0;
	negotiation_enter(n, NEGOTIATION_DEAD);
	n->fail = fail;
	a = negotiation_act(n, ACTION_CLOSE);
	a->fail = fail;
	a->abrupt = true;
}

int negotiation_step(struct negotiation *n, const struct negotiation_event *ev,
		     struct negotiation_output *out)
{
	enum negotiation_state before = n->state;
	const struct cell *cell = cell_of(n->config.role, before, ev->type);
	int rc = 0;

	out->action_count = 0;
	out->note_count = 0;
	buf_clear(&out->bytes);
	if (before == NEGOTIATION_DEAD)
		return 0;
	n->out = out;
	/* without one the header around an error has no id: poorer, and still an answer */
	if (n->config.role == ROLE_RECEIVING && before == NEGOTIATION_HEADER && ev->id &&
	    ev->type < EVENT_HEADER)
		(void)negotiation_set_id(n, ev->id);
	if (cell->handler)
		cell->handler(n, ev);
	else if (ev->type >= EVENT_HEADER)
		negotiation_fail(n, illegal(n, ev->type));
	else
		rc = -FAIL_INTERNAL;
	if (!rc)
		rc = buf_failed(&out->bytes) ? -FAIL_NO_MEMORY : 0;
	if (rc)
		give_up(n, (enum fail) - rc);
	negotiation_check(n, ev, before, cell->handler ? cell->next : S(DEAD));
	n->out = NULL;
	return rc;
}
