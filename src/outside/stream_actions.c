/* What the negotiation asks for, carried out. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "policy/choose.h"
#include "stream_int.h"

/* An answer for the wire, which is in the middle of the call that asked. One question is open at a time, and there is one
 * shutting down: there is always room. */
void stream_answer_later(struct stream *s, const struct negotiation_event *ev)
{
	assert(s->pending_count < STREAM_PENDING);
	s->pending[s->pending_count++] = *ev;
}

static void tell_opened(struct stream *s)
{
	s->tell_opened = false;
	if (s->events->opened)
		s->events->opened(s->context);
}

void stream_settle(struct stream *s)
{
	while (s->pending_count && !s->busy && !s->over) {
		struct negotiation_event ev = s->pending[0];
		s->pending_count--;
		memmove(s->pending, s->pending + 1, s->pending_count * sizeof(s->pending[0]));
		s->busy++;
		wire_event(s->wire, &ev);
		s->busy--;
	}
	/* the owner may use the wire at once, so it hears of it outside */
	if (s->tell_opened && !s->busy && !s->over)
		tell_opened(s);
}

void stream_event(struct stream *s, const struct negotiation_event *ev)
{
	if (s->over)
		return;
	if (s->busy) { /* from a callback of its own */
		stream_answer_later(s, ev);
		return;
	}
	s->busy++;
	wire_event(s->wire, ev);
	s->busy--;
	stream_settle(s);
}

static const char *fresh_stream_id(void *context)
{
	struct stream *s = context;
	unsigned char bytes[16];

	if (random_bytes(bytes, sizeof(bytes)))
		return NULL; /* the negotiation ends there */
	str_hex(s->stream_id, bytes, sizeof(bytes));
	return s->stream_id;
}

static void release_snapshot(void *hold)
{
	snapshot_put(hold);
}

/* Whose settings hold: the partner's of the header, or everyone's where it names nobody, or, before any, the common ones. */
static unsigned wants(const struct stream *s)
{
	const struct negotiation *n = wire_negotiation(s->wire);
	const char *remote = negotiation_remote(n);
	const struct partner *partner =
		*remote ? policy_partner(s->snapshot->policy, remote, NULL, NULL)
			: policy_everyone(s->snapshot->policy);

	if (!partner || (!*remote && !*negotiation_local(n)))
		return 0;
	return partner->verification;
}

/* Whose certificate is shown where the peer's SNI names none of ours. Where TLS begins with the connection no header has
 * named anyone yet: the first domain that has one, so that the peer can be told what is wrong. */
static const char *identity(const struct stream *s)
{
	const struct policy *policy = s->snapshot->policy;
	const char *local = negotiation_local(wire_negotiation(s->wire));
	size_t i;

	for (i = 0; !*local && i < policy->local_count; i++)
		if (policy->locals[i].certificate)
			local = policy->locals[i].domain;
	return local;
}

static void start_tls(struct stream *s)
{
	const struct negotiation *n = wire_negotiation(s->wire);
	struct connection_tls how = {
		.accept = s->role == ROLE_RECEIVING,
		.direct = s->direct_tls,
		.local = identity(s),
		.server_name = s->role == ROLE_INITIATING ? negotiation_remote(n) : NULL,
		.wants = s->wants = wants(s),
		.tls = s->snapshot->tls,
		.hold = snapshot_get(s->snapshot),
		.release = release_snapshot,
	};

	s->judged_by = s->snapshot;
	connection_start_tls(s->connection, &how);
}

/* By the configuration of now, which need not be the one that the handshake went by. */
void stream_look_at_peer(struct stream *s, struct negotiation_event *ev)
{
	if (s->judged_by != s->snapshot) {
		connection_judge_by(s->connection, s->snapshot->tls, snapshot_get(s->snapshot),
				    release_snapshot);
		s->judged_by = s->snapshot;
	}
	s->wants = ev->verification = wants(s);
	ev->certificate = connection_certificate(s->connection, s->wants);
	ev->dane = stream_compare_dane(s);
	ev->weak = connection_is_weak(s->connection, s->wants);
}

/* The negotiation has judged the certificate before it asks: the identity is proven. */
static void ask_sasl(struct stream *s, const struct negotiation_action *a)
{
	struct negotiation_event ev = { .type = EVENT_SASL, .ticket = a->ticket };
	enum net_sasl_result result = NET_SASL_FAILED;

	if (a->first) {
		net_sasl_free(s->sasl);
		s->sasl = s->role == ROLE_RECEIVING ? net_sasl_server(a->local, a->remote)
						    : net_sasl_client(a->remote, a->local);
	}
	if (s->sasl)
		result = net_sasl_step(s->sasl, a->first, a->data, a->data_len, &ev.data,
				       &ev.data_len);
	ev.sasl = result == NET_SASL_DONE   ? SASL_DONE
		  : result == NET_SASL_MORE ? SASL_MORE
					    : SASL_FAILED;
	if (ev.sasl == SASL_DONE && s->role == ROLE_RECEIVING)
		ev.identity = net_sasl_identity(s->sasl);
	stream_answer_later(s, &ev);
}

static void ask_dialback(struct stream *s, const struct negotiation_action *a)
{
	struct question q = { .stream = s->id, .ticket = a->ticket, .peer = s->peer };

	strcpy(q.local, a->local); /* all of them were bounded by the negotiation */
	strcpy(q.remote, a->remote);
	strcpy(q.id, a->id);
	strcpy(q.key, a->key);
	s->o->hooks->ask(s->o->context, &q);
}

static void on_opened(struct stream *s)
{
	struct outside *o = s->o;
	const struct partner *partner = stream_partner(s);

	s->opened = true;
	s->opened_at = s->last_stanza = s->last_sent = loop_now(o->loop);
	net_sasl_free(s->sasl);
	s->sasl = NULL;
	if (s->role == ROLE_RECEIVING && partner) {
		struct negotiation_event ev = { .type = EVENT_SHUT, .fail = FAIL_CONNECTION_LIMIT };
		if (!o->hooks->take(o->context, partner, stream_remote(s), false)) {
			stream_answer_later(s, &ev);
			return;
		}
		s->taken = partner;
	}
	stream_note_expiry(s);
	stream_log_open(s);
	stream_tell_attempt(s);
	stream_set_timer(s);
	s->tell_opened = true;
}

static void deliver(struct stream *s, const struct negotiation_action *a, struct stanza *stanza)
{
	s->stanzas++;
	s->last_stanza = loop_now(s->o->loop);
	s->o->hooks->deliver(s->o->context, s, a->local, a->remote, stanza);
}

static void on_action(void *context, const struct negotiation_action *a, const char *bytes,
		      struct stanza *stanza)
{
	struct stream *s = context;

	switch (a->type) {
	case ACTION_WRITE:
		stream_write(s, bytes + a->offset, a->len);
		break;
	case ACTION_START_TLS:
		start_tls(s);
		break;
	case ACTION_RESTART:
		break; /* the wire's business alone */
	case ACTION_ASK_CERTIFICATE:
		stream_give_certificate(s, a);
		break;
	case ACTION_ASK_SASL:
		ask_sasl(s, a);
		break;
	case ACTION_ASK_DIALBACK:
		ask_dialback(s, a);
		break;
	case ACTION_PAIR_UP:
		if (!*stream_remote(s)) /* a header without 'from' */
			s->pair_remote = mem_strdup(a->remote);
		stream_log_pair(s, a);
		stream_teach(s, a->remote, a->method, FAIL_NONE);
		break;
	case ACTION_PAIR_DOWN:
		stream_log_pair(s, a);
		if (a->fail == FAIL_DOWNGRADE_REFUSED)
			stream_teach(s, a->remote,
				     choose_dialback_method(
					     negotiation_in_tls(wire_negotiation(s->wire))),
				     a->fail);
		break;
	case ACTION_VERIFIED:
		if (s->events->verified)
			s->events->verified(s->context, a->ticket, a->outcome);
		break;
	case ACTION_DELIVER:
		deliver(s, a, stanza);
		break;
	case ACTION_OPENED:
		on_opened(s);
		break;
	case ACTION_DROPPED:
		stream_log_drop(s, a->fail);
		break;
	case ACTION_CLOSE:
		stream_end(s, a->fail, a->abrupt);
		break;
	case ACTION_COUNT:
		break;
	}
}

static void on_note(void *context, const struct negotiation_note *note)
{
	struct stream *s = context;

	stream_log_note(s, note);
	/* a stream for keys alone authenticates nothing: it is ready when it may ask */
	if (s->verify_only && note->to == NEGOTIATION_READY && !s->opened) {
		s->opened = true;
		s->opened_at = s->last_stanza = s->last_sent = loop_now(s->o->loop);
		stream_set_timer(s);
		s->tell_opened = true;
	}
}

const struct wire_events stream_wire_events = {
	.action = on_action,
	.note = on_note,
	.stream_id = fresh_stream_id,
};
