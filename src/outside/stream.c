#include "outside/stream.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "stream_int.h"

#define SECOND 1000u

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct stream *stream_find(struct outside *o, uint64_t id)
{
	void *found = tfind(&id, &o->streams_by_id, compare_ids);

	return found ? *(struct stream **)found : NULL;
}

static void unlink_stream(struct stream *s)
{
	if (!s->link)
		return;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	s->link = NULL;
	tdelete(&s->id, &s->o->streams_by_id, compare_ids);
	s->o->stream_count--;
}

static bool link_stream(struct stream *s)
{
	struct outside *o = s->o;

	s->id = (uint64_t)o->worker << 48 | ++o->last_id;
	if (!tsearch(s, &o->streams_by_id, compare_ids))
		return false;
	s->next = o->streams;
	s->link = &o->streams;
	if (s->next)
		s->next->link = &s->next;
	o->streams = s;
	o->stream_count++;
	return true;
}

/* It counts for its partner no longer. */
static void give_back(struct stream *s)
{
	if (s->taken)
		s->o->hooks->give(s->o->context, s->taken, stream_remote(s),
				  s->role == ROLE_INITIATING);
	s->taken = NULL;
}

static void free_stream(struct stream *s)
{
	unlink_stream(s);
	give_back(s);
	loop_task_cancel(s->o->loop, &s->reaper);
	loop_task_cancel(s->o->loop, &s->sent);
	unsent_fini(&s->unsent);
	loop_timer_free(s->timer);
	net_sasl_free(s->sasl);
	tlsa_search_free(s->search);
	wire_free(s->wire);
	snapshot_put(s->snapshot);
	free(s->pair_remote);
	free(s);
}

/* At the end of the turn nobody is inside the stream any more. */
static void reap(void *context)
{
	struct stream *s = context;

	give_back(s); /* whoever is told may try another address at once */
	if (s->events->ended)
		s->events->ended(s->context, s->fail, s->detail);
	free_stream(s);
}

/* Forgets what the kernel has: it is its business now. */
static void count_sent(struct stream *s)
{
	unsigned n;

	if (!s->unsent.count)
		return;
	n = unsent_taken(&s->unsent, s->written - connection_waiting(s->connection));
	if (n)
		s->o->hooks->left(s->o->context, n);
}

static void on_sent(void *context)
{
	struct stream *s = context;

	if (s->connection)
		count_sent(s);
}

struct stanza *stream_take_back(struct stream *s)
{
	return unsent_take(&s->unsent);
}

void stream_end(struct stream *s, enum fail fail, bool abrupt)
{
	if (s->over)
		return;
	s->over = true;
	s->fail = fail;
	loop_timer_stop(s->timer);
	stream_tell_attempt(s); /* while the connection still knows about TLS */
	stream_teach_end(s);
	stream_log_close(s);
	if (s->connection)
		count_sent(s);
	/* what is taken back must not leave all the same */
	if (s->connection && (abrupt || s->unsent.count))
		connection_abort(s->connection);
	else if (s->connection)
		connection_close(s->connection, STREAM_CLOSE_MS);
	s->connection = NULL;
	loop_task_queue(s->o->loop, &s->reaper);
}

/* What the wire cannot be told any more: the connection never came about. */
static void fail_unconnected(struct stream *s, enum fail fail, const char *detail)
{
	snprintf(s->detail, sizeof(s->detail), "%s", detail);
	stream_end(s, fail, true);
}

static void rest(struct stream *s)
{
	wire_rest(s->wire);
	s->rests = true;
}

/* Many streams open and then carry nothing, and those that we send on seldom hear anything: they rest at once. */
static void on_data(void *context, const char *data, size_t len)
{
	struct stream *s = context;
	bool rested = s->rests;

	s->rests = false;
	s->busy++;
	wire_feed(s->wire, data, len);
	s->busy--;
	stream_settle(s);
	if (s->over || !s->opened)
		return;
	if (s->role == ROLE_INITIATING || !s->stanzas)
		rest(s);
	else if (rested && negotiation_state(wire_negotiation(s->wire)) != NEGOTIATION_CLOSING)
		stream_set_timer(s);
}

static void on_tls_up(void *context)
{
	struct negotiation_event ev = { .type = EVENT_TLS_UP };

	stream_event(context, &ev);
}

static void on_tls_failed(void *context, const char *reason)
{
	struct stream *s = context;
	struct negotiation_event ev = { .type = EVENT_TLS_FAILED };

	snprintf(s->detail, sizeof(s->detail), "%s", reason);
	stream_event(s, &ev);
}

static void on_drained(void *context)
{
	struct stream *s = context;

	if (s->events->drained && !s->over)
		s->events->drained(s->context);
}

static void on_ended(void *context, enum connection_end end, const char *reason)
{
	struct stream *s = context;
	struct negotiation_event ev = { .type = EVENT_LOST };

	if (end == CONNECTION_LOST && !*s->detail)
		snprintf(s->detail, sizeof(s->detail), "%s", reason);
	stream_event(s, &ev);
}

static const struct connection_events connection_events = {
	.data = on_data,
	.tls_up = on_tls_up,
	.tls_failed = on_tls_failed,
	.drained = on_drained,
	.ended = on_ended,
};

static uint64_t later(uint64_t now, uint64_t at)
{
	return at > now ? at - now : 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t idle_ms(const struct stream *s)
{
	return s->snapshot->config->gateway.stream_inactivity_timeout * SECOND;
}

static uint64_t keepalive_ms(const struct stream *s)
{
	return s->snapshot->config->gateway.keepalive_interval * SECOND;
}

static bool expects_keepalive(const struct stream *s)
{
	const struct partner *p = stream_partner(s);

	return s->role == ROLE_RECEIVING && p && p->keepalive;
}

/* When the peer was last heard, or could have been: nothing comes while we do not read. */
static uint64_t heard(const struct stream *s)
{
	uint64_t last = connection_last_input(s->connection);

	if (s->paused)
		return loop_now(s->o->loop);
	return last > s->resumed_at ? last : s->resumed_at;
}

/* Until it is open there is one deadline, which no byte moves; then signs of life and of use. */
void stream_set_timer(struct stream *s)
{
	uint64_t now = loop_now(s->o->loop), wait;

	if (s->over)
		return;
	if (!s->opened) {
		loop_timer_set(s->timer, later(now, s->deadline));
		return;
	}
	wait = later(now, s->last_stanza + idle_ms(s));
	if (expects_keepalive(s))
		wait = earlier(wait, later(now, heard(s) + keepalive_ms(s)));
	if (s->role == ROLE_INITIATING)
		wait = earlier(wait, later(now, s->last_sent + keepalive_ms(s) / 2));
	if (!s->rests)
		wait = earlier(wait,
			       later(now, connection_last_input(s->connection) + STREAM_REST_MS));
	if (s->expiry.end)
		wait = earlier(wait, later(now, s->expiry.look_at));
	loop_timer_set(s->timer, wait + 1);
}

/* [RFC6120 13.7.2.3] */
void stream_note_expiry(struct stream *s)
{
	const struct cert_facts *facts = connection_certificate(s->connection, s->wants);

	if (negotiation_method(wire_negotiation(s->wire)) != METHOD_SASL_TLS || !facts)
		return; /* a key authorised it */
	expiry_begin(&s->expiry, stream_expires(s, facts), clock_wall(), loop_now(s->o->loop));
}

static void open_timer(struct stream *s)
{
	uint64_t now = loop_now(s->o->loop);
	enum negotiation_state state = negotiation_state(wire_negotiation(s->wire));

	if (state == NEGOTIATION_CLOSING) {
		struct negotiation_event ev = { .type = EVENT_TIMEOUT };
		stream_event(s, &ev);
		return;
	}
	if (expiry_is_over(&s->expiry, clock_wall(), now)) {
		stream_shut(s, FAIL_CERT_EXPIRY);
		return;
	}
	if (now >= s->last_stanza + idle_ms(s)) {
		stream_shut(s, FAIL_IDLE);
		return;
	}
	if (expects_keepalive(s) && now >= heard(s) + keepalive_ms(s)) {
		stream_shut(s, FAIL_KEEPALIVE);
		return;
	}
	if (s->role == ROLE_INITIATING && now >= s->last_sent + keepalive_ms(s) / 2) {
		stream_write(s, " ", 1); /* [RFC6120 4.6.1] */
		count_sent(s);
	}
	if (!s->rests && now >= connection_last_input(s->connection) + STREAM_REST_MS)
		rest(s);
	stream_set_timer(s);
}

static void on_timer(void *context)
{
	struct stream *s = context;
	struct negotiation_event ev = { .type = EVENT_TIMEOUT };

	if (s->opened)
		open_timer(s);
	else
		stream_event(s, &ev);
}

static struct stream *new_stream(struct outside *o, struct snapshot *snapshot,
				 const struct negotiation_config *negotiation,
				 const struct stream_events *events, void *context)
{
	struct wire_config config = {
		.negotiation = *negotiation,
		.max_stanza = snapshot->config->gateway.max_stanza_size,
	};
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->o = o;
	s->snapshot = snapshot_get(snapshot);
	s->role = negotiation->role;
	s->verify_only = negotiation->verify_only;
	s->direct_tls = negotiation->direct_tls;
	s->tls_demanded = negotiation->tls_demanded;
	s->events = events;
	s->context = context;
	s->begun = loop_now(o->loop);
	loop_task_init(&s->reaper, reap, s);
	loop_task_init(&s->sent, on_sent, s);
	config.negotiation.policy = snapshot->policy;
	config.negotiation.secret = &snapshot->secret;
	config.negotiation.previous = snapshot->has_previous ? &snapshot->previous : NULL;
	config.negotiation.memory = o->memory;
	config.negotiation.max_bytes = config.max_stanza;
	s->wire = wire_new(&config, &stream_wire_events, s);
	s->timer = loop_timer_new(o->loop, on_timer, s);
	if (s->wire && s->timer && link_stream(s))
		return s;
	free_stream(s);
	return NULL;
}

struct stream *stream_accepted(struct outside *o, int fd, const struct net_address *from,
			       bool direct_tls, const struct stream_events *events, void *context)
{
	struct negotiation_config config = { .role = ROLE_RECEIVING, .direct_tls = direct_tls };
	struct negotiation_event ev = { .type = EVENT_CONNECTED };
	struct connection *c;
	struct stream *s = new_stream(o, o->snapshot, &config, events, context);

	/* it takes the descriptor in any case */
	c = connection_accepted(o->loop, fd, &connection_events, s);
	if (!s || !c) {
		if (c)
			connection_abort(c);
		if (s)
			free_stream(s);
		return NULL;
	}
	s->connection = c;
	s->peer = *from;
	s->deadline = s->begun + o->snapshot->config->gateway.stream_establishment_timeout * SECOND;
	stream_set_timer(s);
	stream_event(s, &ev);
	return s;
}

struct stream *stream_dialling(struct outside *o, struct snapshot *snapshot,
			       const struct stream_way *way, const struct stream_events *events,
			       void *context)
{
	struct negotiation_config config = {
		.role = ROLE_INITIATING,
		.local = way->local,
		.remote = way->remote,
		.verify_only = way->verify_only,
		.direct_tls = way->direct_tls,
		.tls_demanded = way->tls_demanded,
	};
	struct stream *s = new_stream(o, snapshot, &config, events, context);

	if (!s)
		return NULL;
	s->connecting = true;
	stream_dane_target(s, &way->target);
	return s;
}

bool stream_claim(struct stream *s)
{
	const struct partner *partner = stream_partner(s);

	if (!s->o->hooks->take(s->o->context, partner, stream_remote(s), true)) {
		fail_unconnected(s, FAIL_CONNECTION_LIMIT, "");
		return false;
	}
	s->taken = partner;
	return true;
}

void stream_connected(struct stream *s, struct connection *c, uint64_t left_ms)
{
	struct negotiation_event ev = { .type = EVENT_CONNECTED };

	s->connection = c;
	s->peer = *connection_peer(c);
	s->deadline = loop_now(s->o->loop) + left_ms;
	s->connecting = false;
	connection_give(c, &connection_events, s);
	stream_set_timer(s);
	stream_event(s, &ev);
}

void stream_unreached(struct stream *s, const struct net_address *to, enum fail fail,
		      const char *detail)
{
	s->peer = *to;
	fail_unconnected(s, fail, detail);
}

void stream_reload(struct stream *s, struct snapshot *snapshot)
{
	struct outside *o = s->o;
	struct snapshot *before = s->snapshot;
	struct negotiation_event ev = {
		.type = EVENT_POLICY,
		.policy = snapshot->policy,
		.secret = &snapshot->secret,
		.previous = snapshot->has_previous ? &snapshot->previous : NULL,
	};

	if (s->over)
		return;
	if (s->taken)
		o->hooks->give(o->context, s->taken, stream_remote(s), s->role == ROLE_INITIATING);
	s->snapshot = snapshot_get(snapshot);
	if (s->taken) {
		s->taken = stream_partner(s);
		if (s->taken && !o->hooks->take(o->context, s->taken, stream_remote(s),
						s->role == ROLE_INITIATING))
			s->taken = NULL; /* it is there all the same */
	}
	ev.judged = s->connection && *connection_tls_version(s->connection);
	if (ev.judged)
		stream_look_at_peer(s, &ev);
	stream_event(s, &ev);
	if (s->opened && !s->over)
		stream_note_expiry(s);
	if (!s->over)
		stream_set_timer(s);
	snapshot_put(before);
}

void stream_give(struct stream *s, const struct stream_events *events, void *context)
{
	s->events = events;
	s->context = context;
}

void stream_write(struct stream *s, const char *bytes, size_t len)
{
	connection_write(s->connection, bytes, len);
	s->written += len;
	s->last_sent = loop_now(s->o->loop);
}

enum fail stream_send(struct stream *s, struct stanza *stanza)
{
	enum fail fail = negotiation_check_size(wire_negotiation(s->wire), stanza);
	const char *bytes;
	size_t len;

	if (fail)
		return fail;
	if (s->over)
		return s->fail;
	bytes = stanza_bytes(stanza, &len);
	stream_write(s, bytes, len);
	if (unsent_add(&s->unsent, stanza, s->written))
		loop_task_queue(s->o->loop, &s->sent);
	else
		s->o->hooks->left(s->o->context, 1);
	s->stanzas++;
	s->last_stanza = s->last_sent;
	return FAIL_NONE;
}

bool stream_is_slow(const struct stream *s)
{
	return s->connection && connection_is_full(s->connection);
}

/* The room between the two is for what is on its way when its source is told to wait. */
bool stream_is_full(const struct stream *s)
{
	/* behind our closing tag, or the peer's, nothing is read any more [RFC6120 4.4] */
	if (s->over || negotiation_state(wire_negotiation(s->wire)) != NEGOTIATION_OPEN)
		return true;
	return stream_is_slow(s) && connection_waiting(s->connection) >= 2 * CONNECTION_HIGH;
}

uint64_t stream_last_taken(const struct stream *s)
{
	return s->connection ? connection_last_output(s->connection) : 0;
}

void stream_verify(struct stream *s, uint64_t ticket, const struct question *q)
{
	struct negotiation_event ev = {
		.type = EVENT_VERIFY,
		.ticket = ticket,
		.local = q->local,
		.remote = q->remote,
		.id = q->id,
		.key = q->key,
	};

	stream_event(s, &ev);
}

void stream_checked(struct stream *s, uint64_t ticket, enum dialback_outcome outcome)
{
	struct negotiation_event ev = {
		.type = EVENT_CHECKED,
		.ticket = ticket,
		.outcome = outcome,
	};

	stream_event(s, &ev);
}

void stream_shut(struct stream *s, enum fail fail)
{
	struct negotiation_event ev = { .type = EVENT_SHUT, .fail = fail };

	if (s->over)
		return;
	if (!s->connection || s->connecting) {
		fail_unconnected(s, fail, "");
		return;
	}
	stream_event(s, &ev);
	if (!s->over) { /* the closing handshake has its own time [RFC6120 4.4] */
		s->opened = true;
		loop_timer_set(s->timer, STREAM_CLOSE_MS);
	}
}

void stream_pause(struct stream *s, size_t cause)
{
	if (!s->connection || s->paused)
		return;
	s->paused = true;
	s->pause_cause = cause;
	connection_pause(s->connection);
}

void stream_resume(struct stream *s, size_t cause)
{
	if (!s->connection || !s->paused || s->pause_cause != cause)
		return;
	s->paused = false;
	s->resumed_at = loop_now(s->o->loop);
	connection_resume(s->connection);
}

void streams_free(struct outside *o)
{
	while (o->streams) {
		struct stream *s = o->streams;
		stream_end(s, FAIL_SHUTDOWN, true);
		loop_task_cancel(o->loop, &s->reaper);
		reap(s);
	}
}

struct stream *stream_next(const struct stream *s)
{
	return s->next;
}
