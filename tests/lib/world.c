#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct side *other(struct side *s)
{
	return s == &s->link->initiator ? &s->link->receiver : &s->link->initiator;
}

static struct negotiation_event *later(struct side *s, enum negotiation_event_type type,
				       uint64_t ticket)
{
	struct negotiation_event *ev = &s->pending[s->pending_count];

	if (s->pending_count == WORLD_EVENTS)
		abort();
	memset(ev, 0, sizeof(*ev));
	ev->type = type;
	ev->ticket = ticket;
	s->pending_count++;
	return ev;
}

static const char *keep(struct side *s, const void *data, size_t len)
{
	char *text = s->text[s->pending_count - 1];

	if (len >= JID_DOMAIN_SIZE)
		len = JID_DOMAIN_SIZE - 1;
	memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

static void open_link(struct world *w, bool from_a, struct side *asker,
		      const struct negotiation_action *a);

static void answer_sasl(struct side *s, const struct negotiation_action *a)
{
	struct negotiation_event *ev = later(s, EVENT_SASL, a->ticket);

	ev->sasl = SASL_DONE;
	if (s == &s->link->initiator) {
		ev->data = keep(s, a->local, strlen(a->local));
		ev->data_len = strlen(a->local);
	} else if (a->data) {
		ev->identity = keep(s, a->data, a->data_len);
	} else {
		ev->sasl = SASL_MORE;
	}
}

static void on_action(void *context, const struct negotiation_action *a, const char *bytes,
		      struct stanza *stanza)
{
	struct side *s = context;

	(void)stanza;
	switch (a->type) {
	case ACTION_WRITE:
		buf_add(&s->out, bytes + a->offset, a->len);
		break;
	case ACTION_START_TLS:
		s->wants_tls = true;
		break;
	case ACTION_ASK_CERTIFICATE:
		later(s, EVENT_CERTIFICATE, a->ticket)->certificate = s->sees;
		break;
	case ACTION_ASK_SASL:
		answer_sasl(s, a);
		break;
	case ACTION_ASK_DIALBACK:
		open_link(s->link->world, false, s, a);
		break;
	case ACTION_VERIFIED:
		s->answered++;
		later(s->link->asker, EVENT_CHECKED, s->link->ticket)->outcome = a->outcome;
		s->link->ticket = 0;
		later(s, EVENT_SHUT, 0)->fail = FAIL_DONE;
		break;
	case ACTION_OPENED:
		s->opened = true;
		s->method = a->method;
		break;
	case ACTION_DELIVER:
		s->delivered++;
		break;
	case ACTION_CLOSE:
		s->closed = true;
		s->fail = a->fail;
		if (!s->link->ticket || s != &s->link->initiator)
			break;
		later(s->link->asker, EVENT_CHECKED, s->link->ticket)->outcome =
			DIALBACK_UNREACHABLE;
		s->link->ticket = 0;
		break;
	case ACTION_RESTART:
	case ACTION_PAIR_UP:
	case ACTION_PAIR_DOWN:
	case ACTION_DROPPED:
	case ACTION_COUNT:
		break;
	}
}

static const char *on_stream_id(void *context)
{
	struct side *s = context;

	snprintf(s->id, sizeof(s->id), "id%u", ++s->link->world->ids);
	return s->id;
}

static const struct wire_events events = {
	.action = on_action,
	.stream_id = on_stream_id,
};

static void side_init(struct link *l, struct side *s, bool is_a, const struct wire_config *config)
{
	struct wire_config c = *config;

	memset(s, 0, sizeof(*s));
	s->link = l;
	s->sees = is_a ? l->world->certificate_b : l->world->certificate_a;
	c.negotiation.policy = is_a ? l->world->policy_a : l->world->policy_b;
	c.negotiation.secret = is_a ? &l->world->secret_a : &l->world->secret_b;
	c.negotiation.role = s == &l->initiator ? ROLE_INITIATING : ROLE_RECEIVING;
	c.negotiation.tls_demanded = is_a && s == &l->initiator && l->world->tls_demanded;
	c.max_stanza = 262144;
	buf_init(&s->out, BUF_MAX_DEFAULT);
	s->wire = wire_new(&c, &events, s);
	later(s, EVENT_CONNECTED, 0);
}

static void open_link(struct world *w, bool from_a, struct side *asker,
		      const struct negotiation_action *a)
{
	struct wire_config config = { .negotiation = {
					      .verify_only = a != NULL,
					      .local = from_a ? WORLD_A : WORLD_B,
					      .remote = from_a ? WORLD_B : WORLD_A,
				      } };
	struct link *l = &w->links[w->link_count];
	struct negotiation_event ask = { .type = EVENT_VERIFY };

	if (w->link_count == WORLD_LINKS) {
		later(asker, EVENT_CHECKED, a->ticket)->outcome = DIALBACK_OVERLOAD;
		return;
	}
	w->link_count++;
	memset(l, 0, sizeof(*l));
	l->world = w;
	l->used = true;
	side_init(l, &l->initiator, from_a, &config);
	side_init(l, &l->receiver, !from_a, &config);
	if (!a)
		return;
	l->asker = asker;
	l->ticket = a->ticket;
	ask.ticket = 1;
	ask.local = a->local;
	ask.remote = a->remote;
	ask.id = a->id;
	ask.key = a->key;
	wire_event(l->initiator.wire, &ask);
}

void world_start(struct world *w)
{
	w->link_count = 0;
	w->ids = 0;
	w->turns = 0;
	if (dialback_secret_init(&w->secret_a, "the secret of gateway A", 23) ||
	    dialback_secret_init(&w->secret_b, "the secret of gateway B", 23))
		abort();
	open_link(w, true, NULL, NULL);
}

static bool flush(struct side *s)
{
	const struct tamper *tamper = s->link->world->tamper;
	struct side *to = other(s);
	struct buf bytes;

	if (!s->out.len)
		return false;
	bytes = s->out;
	buf_init(&s->out, BUF_MAX_DEFAULT);
	if (tamper && tamper->bytes)
		tamper->bytes(s->link->world, s, s->link->tls, &bytes, tamper->context);
	if (!to->closed && bytes.len)
		wire_feed(to->wire, bytes.data, bytes.len);
	buf_fini(&bytes);
	return true;
}

static bool fire(struct side *s)
{
	struct negotiation_event ev;
	char text[JID_DOMAIN_SIZE];

	if (!s->pending_count)
		return false;
	ev = s->pending[0];
	memcpy(text, s->text[0], sizeof(text));
	if (ev.data)
		ev.data = text;
	if (ev.identity)
		ev.identity = text;
	s->pending_count--;
	memmove(s->pending, s->pending + 1, s->pending_count * sizeof(*s->pending));
	memmove(s->text, s->text + 1, s->pending_count * sizeof(*s->text));
	/* pointers into text moved with it */
	for (unsigned i = 0; i < s->pending_count; i++) {
		if (s->pending[i].data)
			s->pending[i].data = s->text[i];
		if (s->pending[i].identity)
			s->pending[i].identity = s->text[i];
	}
	wire_event(s->wire, &ev);
	return true;
}

static bool handshake(struct link *l)
{
	const struct tamper *tamper = l->world->tamper;
	struct side *a = &l->initiator, *b = &l->receiver;
	bool breaks =
		tamper && tamper->breaks_tls && tamper->breaks_tls(l->world, l, tamper->context);

	if (!a->wants_tls || !b->wants_tls || a->closed || b->closed || l->tls)
		return false;
	a->wants_tls = b->wants_tls = false;
	l->tls = !breaks;
	later(a, breaks ? EVENT_TLS_FAILED : EVENT_TLS_UP, 0);
	later(b, breaks ? EVENT_TLS_FAILED : EVENT_TLS_UP, 0);
	return true;
}

/* The other side closed and all that it wrote has arrived. */
static bool lose(struct side *s)
{
	struct side *gone = other(s);

	if (!gone->closed || gone->out.len || s->told || s->closed)
		return false;
	s->told = true;
	later(s, EVENT_LOST, 0);
	return true;
}

static bool turn(struct world *w)
{
	bool moved = false;
	unsigned i;

	for (i = 0; i < w->link_count; i++) {
		struct link *l = &w->links[i];
		moved |= fire(&l->initiator);
		moved |= fire(&l->receiver);
		moved |= flush(&l->initiator);
		moved |= flush(&l->receiver);
		moved |= handshake(l);
		moved |= lose(&l->initiator);
		moved |= lose(&l->receiver);
	}
	return moved;
}

/* Of the youngest side that still waits: a check ends before the stream that waits for it. */
static bool time_out(struct world *w)
{
	unsigned i;

	for (i = w->link_count; i-- > 0;) {
		struct side *sides[] = { &w->links[i].initiator, &w->links[i].receiver };
		for (unsigned k = 0; k < 2; k++) {
			enum negotiation_state state =
				negotiation_state(wire_negotiation(sides[k]->wire));
			if (state == NEGOTIATION_OPEN || state == NEGOTIATION_DEAD)
				continue;
			later(sides[k], EVENT_TIMEOUT, 0);
			return true;
		}
	}
	return false;
}

bool world_run(struct world *w)
{
	do {
		while (turn(w))
			if (w->turns++ > WORLD_TURNS_MAX)
				return false;
	} while (time_out(w));
	return true;
}

void world_send(struct world *w)
{
	struct side *a = &w->links[0].initiator;

	if (negotiation_may_send(wire_negotiation(a->wire), WORLD_A, WORLD_B))
		buf_adds(&a->out, "<message from='u@" WORLD_A "' to='v@" WORLD_B "'/>");
}

void world_shut(struct world *w)
{
	later(&w->links[0].initiator, EVENT_SHUT, 0)->fail = FAIL_DONE;
}

void world_fini(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->link_count; i++) {
		wire_free(w->links[i].initiator.wire);
		wire_free(w->links[i].receiver.wire);
		buf_fini(&w->links[i].initiator.out);
		buf_fini(&w->links[i].receiver.out);
	}
	w->link_count = 0;
}
