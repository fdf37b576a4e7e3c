#include "outside/verify.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "outside/dial.h"

/* One question that somebody asked; equal ones share what is asked. */
struct asked {
	struct question question;
	uint64_t ticket; /* of ours, on the stream; the first of equal ones alone is sent */
	uint64_t since;
	bool sent;
	struct asked *next;
};

/* One connection to the authoritative server of a pair. */
struct session {
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE]; /* first: the key of the tree */
	struct verify_desk *desk;
	struct dial *dial;     /* while it opens */
	struct stream *stream; /* once it is ready */
	struct asked *asked;
	unsigned count;
	enum dialback_outcome outcome; /* for all that is left when it ends */
	struct loop_timer *timer;      /* of the oldest question */
	struct loop_task task;	       /* ends it outside of any call of its stream or dial */
	bool over;
	struct session *next, **link;
};

struct verify_desk {
	struct outside *o;
	void *by_pair;
	struct session *sessions;
	unsigned open;
	uint64_t last_ticket;
	bool draining;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct session *x = a, *y = b;
	int order = strcmp(x->remote, y->remote);

	return order ? order : strcmp(x->local, y->local);
}

static void answer(struct verify_desk *v, const struct question *q, enum dialback_outcome outcome)
{
	v->o->hooks->answer(v->o->context, q, outcome);
}

static void drop(struct session *s, struct asked **at, enum dialback_outcome outcome)
{
	struct asked *a = *at;

	*at = a->next;
	s->count--;
	s->desk->open--;
	answer(s->desk, &a->question, outcome);
	free(a);
}

static void free_session(struct session *s)
{
	loop_task_cancel(s->desk->o->loop, &s->task);
	loop_timer_free(s->timer);
	tdelete(s, &s->desk->by_pair, compare_pairs);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	free(s);
}

/* Whoever asks next opens a new one. */
static void end_session(void *context)
{
	struct session *s = context;

	while (s->asked)
		drop(s, &s->asked, s->outcome);
	free_session(s);
}

static void end_later(struct session *s, enum dialback_outcome outcome)
{
	s->over = true;
	s->outcome = outcome;
	loop_task_queue(s->desk->o->loop, &s->task);
}

/* The authoritative server cannot be asked. [XEP-0220 2.5] */
static enum dialback_outcome outcome_of(enum fail fail, bool reached)
{
	switch ((int)fail) {
	case FAIL_DNS_NOT_FOUND:
	case FAIL_DNS_NO_SERVICE:
	case FAIL_OWN_ADDRESS:
	case FAIL_PRIVATE_ADDRESS:
	case FAIL_PEER_HOST_UNKNOWN:
		return DIALBACK_NOT_FOUND;
	case FAIL_CONNECT_REFUSED:
	case FAIL_TLS_HANDSHAKE:
	case FAIL_NO_DESCRIPTORS:
		return DIALBACK_UNREACHABLE;
	case FAIL_CONNECTION_LIMIT:
		return DIALBACK_OVERLOAD;
	}
	if (reached || fail == FAIL_CONNECT_TIMEOUT || fail == FAIL_ESTABLISHMENT_TIMEOUT ||
	    fail == FAIL_DNS_TIMEOUT || fail == FAIL_PEER_CLOSED || fail == FAIL_CONNECTION_LOST)
		return DIALBACK_TIMEOUT;
	return DIALBACK_UNREACHABLE;
}

static bool is_equal(const struct question *a, const struct question *b)
{
	return !strcmp(a->id, b->id) && !strcmp(a->key, b->key);
}

static const struct stream_events no_events;

static void shut(struct session *s, enum fail fail)
{
	struct stream *stream = s->stream;

	s->stream = NULL;
	stream_give(stream, &no_events, NULL);
	stream_shut(stream, fail);
}

static void on_verified(void *context, uint64_t ticket, enum dialback_outcome outcome)
{
	struct session *s = context;
	struct question first;
	struct asked **at = &s->asked;
	bool found = false;

	for (; *at && !found; at = &(*at)->next) {
		found = (*at)->sent && (*at)->ticket == ticket;
		if (found) {
			first = (*at)->question;
			break;
		}
	}
	if (!found)
		return;
	for (at = &s->asked; *at;) {
		if (is_equal(&(*at)->question, &first))
			drop(s, at, outcome);
		else
			at = &(*at)->next;
	}
	/* it SHOULD be closed at once [XEP-0220 2.1.2] */
	if (!s->asked && s->stream) {
		shut(s, FAIL_DONE);
		end_later(s, DIALBACK_TIMEOUT);
	}
}

static void on_ended(void *context, enum fail fail, const char *detail)
{
	struct session *s = context;

	(void)detail;
	s->stream = NULL;
	end_later(s, outcome_of(fail, true));
}

static void on_failed(void *context, enum fail fail, const char *detail)
{
	struct session *s = context;

	(void)detail;
	s->dial = NULL;
	end_later(s, outcome_of(fail, false));
}

static const struct stream_events stream_events = {
	.verified = on_verified,
	.ended = on_ended,
};

static bool is_asked_already(const struct session *s, const struct asked *a)
{
	const struct asked *b;

	for (b = s->asked; b; b = b->next)
		if (b != a && b->sent && is_equal(&b->question, &a->question))
			return true;
	return false;
}

static void send(struct session *s, struct asked *a)
{
	if (is_asked_already(s, a))
		return;
	a->sent = true;
	a->ticket = ++s->desk->last_ticket;
	stream_verify(s->stream, a->ticket, &a->question);
}

static void on_opened(void *context, struct stream *stream)
{
	struct session *s = context;
	struct asked *a;

	s->dial = NULL;
	s->stream = stream;
	stream_give(stream, &stream_events, s);
	for (a = s->asked; a; a = a->next)
		send(s, a);
}

static const struct dial_events dial_events = {
	.opened = on_opened,
	.failed = on_failed,
};

/* Half of what the stream has that waits for the answer: so it can still be told. */
static uint64_t limit_ms(const struct session *s)
{
	return s->desk->o->snapshot->config->gateway.stream_establishment_timeout * 500;
}

static void set_timer(struct session *s)
{
	uint64_t now = loop_now(s->desk->o->loop), at = s->asked->since + limit_ms(s);

	loop_timer_set(s->timer, at > now ? at - now : 0);
}

static void on_timer(void *context)
{
	struct session *s = context;
	uint64_t now = loop_now(s->desk->o->loop);

	while (s->asked && now >= s->asked->since + limit_ms(s))
		drop(s, &s->asked, DIALBACK_TIMEOUT);
	if (s->asked) {
		set_timer(s);
		return;
	}
	if (s->dial)
		dial_cancel(s->dial, FAIL_ESTABLISHMENT_TIMEOUT);
	s->dial = NULL;
	if (s->stream)
		shut(s, FAIL_DONE);
	end_later(s, DIALBACK_TIMEOUT);
}

static struct session *find_session(struct verify_desk *v, const struct question *q)
{
	struct session key;
	void *found;

	strcpy(key.local, q->local);
	strcpy(key.remote, q->remote);
	found = tfind(&key, &v->by_pair, compare_pairs);
	return found ? *(struct session **)found : NULL;
}

static struct session *new_session(struct verify_desk *v, const struct question *q)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->desk = v;
	strcpy(s->local, q->local);
	strcpy(s->remote, q->remote);
	loop_task_init(&s->task, end_session, s);
	s->timer = loop_timer_new(v->o->loop, on_timer, s);
	s->dial = dial_new(v->o, q->local, q->remote, true, &dial_events, s);
	if (!s->timer || !s->dial || !tsearch(s, &v->by_pair, compare_pairs)) {
		if (s->dial)
			dial_cancel(s->dial, FAIL_NO_MEMORY);
		loop_timer_free(s->timer);
		free(s);
		return NULL;
	}
	s->next = v->sessions;
	s->link = &v->sessions;
	if (s->next)
		s->next->link = &s->next;
	v->sessions = s;
	return s;
}

/* All connections of the whole desk, so that one address cannot use up what others need. */
static bool may_ask(const struct verify_desk *v, const struct question *q)
{
	unsigned to_remote = 0, of_peer = 0;
	const struct session *s;
	const struct asked *a;

	if (v->draining || v->open >= VERIFY_ALL)
		return false;
	for (s = v->sessions; s; s = s->next) {
		for (a = s->asked; a; a = a->next)
			of_peer += net_address_equal_ip(&a->question.peer, &q->peer);
		if (!strcmp(s->remote, q->remote))
			to_remote += s->count;
	}
	return to_remote < VERIFY_PER_REMOTE && of_peer < VERIFY_PER_PEER;
}

void verify_ask(struct verify_desk *v, const struct question *q)
{
	struct session *s = NULL;
	struct asked *a, **at;

	if (may_ask(v, q)) {
		s = find_session(v, q);
		if (!s || s->over) { /* one that is ending makes way first */
			if (s)
				end_session(s);
			s = new_session(v, q);
		}
	}
	a = s ? calloc(1, sizeof(*a)) : NULL;
	if (!a) {
		answer(v, q, DIALBACK_OVERLOAD);
		return;
	}
	a->question = *q;
	a->since = loop_now(v->o->loop);
	for (at = &s->asked; *at; at = &(*at)->next)
		;
	*at = a;
	s->count++;
	v->open++;
	set_timer(s);
	if (s->stream)
		send(s, a);
}

struct verify_desk *verify_new(struct outside *o)
{
	struct verify_desk *v = calloc(1, sizeof(*v));

	if (v)
		v->o = o;
	return v;
}

unsigned verify_open(const struct verify_desk *v)
{
	return v->open;
}

void verify_drain(struct verify_desk *v)
{
	v->draining = true;
	while (v->sessions) {
		struct session *s = v->sessions;
		if (s->dial)
			dial_cancel(s->dial, FAIL_SHUTDOWN);
		s->dial = NULL;
		if (s->stream)
			shut(s, FAIL_SHUTDOWN);
		s->outcome = DIALBACK_TIMEOUT;
		end_session(s);
	}
}

void verify_free(struct verify_desk *v)
{
	if (!v)
		return;
	verify_drain(v);
	free(v);
}
