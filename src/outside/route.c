#include "outside/route.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "outside/dial.h"

#define IDLE_MS 60000  /* a route without anything is forgotten after this */
#define BRIEF_MS 10000 /* a stream that did not last that long counts as a failure */

/* How long a stream that cannot take more may hold back all that its local domain sends; then only its own stanzas wait. */
#define HOLD_BACK_MS 1000

struct waiting {
	struct stanza *stanza; /* a reference */
	uint64_t since;
	struct waiting *next;
};

struct route {
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE]; /* first: the key of the tree */
	struct routes *routes;
	struct waiting *first, **last;
	unsigned queued;
	size_t queued_bytes;
	struct dial *dial;     /* while it opens */
	struct stream *stream; /* while it is open */
	struct loop_timer *timer;
	uint64_t retry_at; /* no attempt before */
	uint64_t delay;	   /* of the next back-off; 0 = the last attempt worked */
	enum fail fail;	   /* of the last attempt */
	uint64_t opened_at;
	bool waits; /* the last attempt opened: what comes during back-off waits for the next */
	uint64_t slow_since;
	bool slow;     /* its stream cannot take more at once */
	bool holds;    /* and holds back its local domain */
	bool shutting; /* its stream was asked to close */
	struct route *next, **link;
};

struct routes {
	struct outside *o;
	void *by_pair;
	struct route *list;
	uint64_t waiting;
	size_t waiting_bytes;
	unsigned count;
	bool draining;
};

static void set_timer(struct route *r);
static void attempt(struct route *r);

static int compare_pairs(const void *a, const void *b)
{
	const struct route *x = a, *y = b;
	int order = strcmp(x->remote, y->remote);

	return order ? order : strcmp(x->local, y->local);
}

static uint64_t now_of(const struct route *r)
{
	return loop_now(r->routes->o->loop);
}

static const struct config_gateway *limits(const struct route *r)
{
	return &r->routes->o->snapshot->config->gateway;
}

static size_t size_of(struct stanza *stanza)
{
	size_t len;

	stanza_bytes(stanza, &len);
	return len;
}

static void hand_back(struct route *r, struct stanza *stanza, enum fail fail)
{
	struct outside *o = r->routes->o;

	o->hooks->undelivered(o->context, stanza, fail);
}

static struct stanza *take_first(struct route *r)
{
	struct waiting *w = r->first;
	struct stanza *stanza = w->stanza;

	r->first = w->next;
	if (!r->first)
		r->last = &r->first;
	r->queued--;
	r->routes->waiting--;
	r->queued_bytes -= size_of(stanza);
	r->routes->waiting_bytes -= size_of(stanza);
	free(w);
	return stanza;
}

static void hand_back_all(struct route *r, enum fail fail)
{
	while (r->first) {
		struct stanza *stanza = take_first(r);
		hand_back(r, stanza, fail);
		stanza_put(stanza);
	}
}

static bool has_room(const struct route *r, size_t size)
{
	size_t most = limits(r)->queue_bytes;

	return r->queued < limits(r)->queue_limit && r->queued_bytes + size <= most &&
	       r->routes->waiting_bytes + size <= (most > ROUTES_BYTES ? most : ROUTES_BYTES);
}

/* Puts it where AT points to; gives where its successor goes. */
static struct waiting **insert(struct route *r, struct waiting **at, struct stanza *stanza)
{
	struct waiting *w = calloc(1, sizeof(*w));
	size_t size = size_of(stanza);

	if (!w) {
		hand_back(r, stanza, FAIL_NO_MEMORY);
		return at;
	}
	w->stanza = stanza_get(stanza);
	w->since = now_of(r);
	w->next = *at;
	*at = w;
	if (!w->next)
		r->last = &w->next;
	r->queued++;
	r->queued_bytes += size;
	r->routes->waiting_bytes += size;
	r->routes->waiting++;
	return &w->next;
}

static void enqueue(struct route *r, struct stanza *stanza)
{
	if (has_room(r, size_of(stanza)))
		insert(r, r->last, stanza);
	else
		hand_back(r, stanza, FAIL_QUEUE_FULL);
}

static void hold_back(struct route *r, bool holds)
{
	struct outside *o = r->routes->o;

	if (r->holds == holds)
		return;
	r->holds = holds;
	o->hooks->slow(o->context, r->local, holds);
}

static void set_slow(struct route *r, bool slow)
{
	if (slow && !r->slow)
		r->slow_since = now_of(r);
	if (slow != r->slow)
		hold_back(r, slow);
	r->slow = slow;
}

static void pass(struct route *r, struct stanza *stanza)
{
	enum fail fail = stream_send(r->stream, stanza);

	if (fail)
		hand_back(r, stanza, fail);
	if (stream_is_slow(r->stream))
		set_slow(r, true);
}

static void flush(struct route *r)
{
	while (r->first && r->stream && !r->shutting && !stream_is_full(r->stream)) {
		struct stanza *stanza = take_first(r);
		pass(r, stanza);
		stanza_put(stanza);
	}
}

static void free_route(struct route *r)
{
	tdelete(r, &r->routes->by_pair, compare_pairs);
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	loop_timer_free(r->timer);
	r->routes->count--;
	free(r);
}

static void shut_when_empty(struct route *r)
{
	if (!r->routes->draining || r->first || r->shutting || !r->stream)
		return;
	r->shutting = true;
	stream_shut(r->stream, FAIL_SHUTDOWN);
}

static void on_drained(void *context)
{
	struct route *r = context;

	set_slow(r, false);
	flush(r);
	set_timer(r);
	shut_when_empty(r);
}

/* Doubled, and spread by chance, so that many do not come back at once. [RFC6120 3.3] */
static void back_off(struct route *r)
{
	uint32_t chance = 0;

	r->delay = r->delay ? r->delay * 2 : ROUTE_RETRY_FIRST_MS;
	if (r->delay > ROUTE_RETRY_MAX_MS)
		r->delay = ROUTE_RETRY_MAX_MS;
	if (random_bytes(&chance, sizeof(chance)))
		chance = 0;
	r->retry_at = now_of(r) + r->delay / 2 + chance % (r->delay / 2 + 1);
}

/* What it had and did not get rid of goes before what waits; to who does not read, not again. */
static void take_back(struct route *r, enum fail fail)
{
	struct waiting **at = &r->first;
	struct stanza *stanza;

	while ((stanza = stream_take_back(r->stream))) {
		if (fail == FAIL_WRITE_STALLED)
			hand_back(r, stanza, fail);
		else
			at = insert(r, at, stanza);
		stanza_put(stanza);
	}
}

/* What came after it began to close waits for its successor. */
static void on_stream_ended(void *context, enum fail fail, const char *detail)
{
	struct route *r = context;

	(void)detail;
	take_back(r, fail);
	r->stream = NULL;
	r->shutting = false;
	r->fail = fail;
	set_slow(r, false);
	if (now_of(r) - r->opened_at < BRIEF_MS && fail != FAIL_POLICY_CHANGED &&
	    fail != FAIL_CERT_EXPIRY)
		back_off(r);
	else
		r->delay = 0;
	if (r->first)
		attempt(r);
	set_timer(r);
}

static const struct stream_events stream_events = {
	.drained = on_drained,
	.ended = on_stream_ended,
};

static void on_opened(void *context, struct stream *s)
{
	struct route *r = context;

	r->dial = NULL;
	r->stream = s;
	r->shutting = false;
	r->waits = true;
	r->opened_at = now_of(r);
	r->fail = FAIL_NONE;
	stream_give(s, &stream_events, r);
	flush(r);
	set_timer(r);
	shut_when_empty(r);
}

static void on_failed(void *context, enum fail fail, const char *detail)
{
	struct route *r = context;

	(void)detail;
	r->dial = NULL;
	if (fail == FAIL_POLICY_CHANGED && r->first) { /* it says nothing about the partner */
		attempt(r);
		set_timer(r);
		return;
	}
	r->waits = false;
	r->fail = fail;
	back_off(r);
	hand_back_all(r, fail);
	set_timer(r);
}

static const struct dial_events dial_events = {
	.opened = on_opened,
	.failed = on_failed,
};

static bool backs_off(const struct route *r)
{
	return r->delay && now_of(r) < r->retry_at;
}

static void attempt(struct route *r)
{
	if (r->dial || r->stream)
		return;
	if (r->routes->draining) {
		hand_back_all(r, FAIL_SHUTDOWN);
		return;
	}
	if (backs_off(r)) { /* no reconnection per stanza */
		if (!r->waits)
			hand_back_all(r, r->fail);
		return;
	}
	r->dial = dial_new(r->routes->o, r->local, r->remote, false, &dial_events, r);
	if (!r->dial)
		hand_back_all(r, FAIL_NO_MEMORY);
}

static uint64_t oldest_ends(const struct route *r)
{
	return r->first->since + limits(r)->queue_timeout * 1000;
}

/* The time of the next thing to do; 0 = there is none. */
static uint64_t sooner(uint64_t at, uint64_t candidate)
{
	return !at || candidate < at ? candidate : at;
}

/* A peer that takes nothing for as long as a stanza may wait is given up; one that is slow is not. */
static uint64_t stalls_at(const struct route *r)
{
	uint64_t taken = stream_last_taken(r->stream);

	return (taken > r->slow_since ? taken : r->slow_since) + limits(r)->queue_timeout * 1000;
}

static void set_timer(struct route *r)
{
	uint64_t now = now_of(r), at = 0;

	if (r->first)
		at = sooner(at, oldest_ends(r));
	if (r->first && !r->dial && !r->stream)
		at = sooner(at, r->retry_at);
	if (r->holds)
		at = sooner(at, r->slow_since + HOLD_BACK_MS);
	if (r->slow && !r->shutting)
		at = sooner(at, stalls_at(r));
	if (!r->first && !r->dial && !r->stream) /* when there is nothing to remember any more */
		at = (backs_off(r) ? r->retry_at : now) + IDLE_MS;
	if (at)
		loop_timer_set(r->timer, at > now ? at - now : 0);
	else
		loop_timer_stop(r->timer);
}

static void check_slow(struct route *r)
{
	if (r->holds && now_of(r) - r->slow_since >= HOLD_BACK_MS)
		hold_back(r, false);
	if (r->slow && !r->shutting && now_of(r) >= stalls_at(r)) {
		r->shutting = true;
		stream_shut(r->stream, FAIL_WRITE_STALLED);
	}
}

static void on_timer(void *context)
{
	struct route *r = context;

	while (r->first && now_of(r) >= oldest_ends(r)) {
		struct stanza *stanza = take_first(r);
		hand_back(r, stanza, FAIL_QUEUE_TIMEOUT);
		stanza_put(stanza);
	}
	if (!r->first && !r->dial && !r->stream) {
		free_route(r);
		return;
	}
	check_slow(r);
	if (r->first)
		attempt(r);
	set_timer(r);
}

static struct route *find(struct routes *rs, const char *local, const char *remote)
{
	struct route key;
	void *found;

	strcpy(key.local, local); /* both are in normal form: they fit */
	strcpy(key.remote, remote);
	found = tfind(&key, &rs->by_pair, compare_pairs);
	return found ? *(struct route **)found : NULL;
}

static struct route *make(struct routes *rs, const char *local, const char *remote)
{
	struct route *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->routes = rs;
	r->last = &r->first;
	strcpy(r->local, local);
	strcpy(r->remote, remote);
	r->timer = loop_timer_new(rs->o->loop, on_timer, r);
	if (!r->timer || !tsearch(r, &rs->by_pair, compare_pairs)) {
		loop_timer_free(r->timer);
		free(r);
		return NULL;
	}
	r->next = rs->list;
	r->link = &rs->list;
	if (r->next)
		r->next->link = &r->next;
	rs->list = r;
	rs->count++;
	return r;
}

void routes_send(struct routes *rs, const char *local, const char *remote, struct stanza *stanza)
{
	struct route *r = find(rs, local, remote);

	if (!r && rs->count < ROUTES_MAX)
		r = make(rs, local, remote);
	if (!r) {
		rs->o->hooks->undelivered(rs->o->context, stanza, FAIL_QUEUE_FULL);
		return;
	}
	if (r->stream && !r->first && !r->shutting && !stream_is_full(r->stream)) {
		bool was_slow = r->slow;
		pass(r, stanza);
		if (r->slow != was_slow)
			set_timer(r);
		return;
	}
	enqueue(r, stanza);
	if (r->first)
		attempt(r);
	set_timer(r);
}

struct routes *routes_new(struct outside *o)
{
	struct routes *rs = calloc(1, sizeof(*rs));

	if (rs)
		rs->o = o;
	return rs;
}

void routes_reload(struct routes *rs)
{
	const struct policy *policy = rs->o->snapshot->policy;
	struct route *r;

	for (r = rs->list; r; r = r->next) {
		enum fail fail = FAIL_NONE;
		r->delay = 0;
		if (!policy_local(policy, r->local))
			fail = FAIL_HOST_GONE;
		else if (!policy_partner(policy, r->remote, NULL, NULL))
			fail = FAIL_PARTNER_UNKNOWN;
		if (!fail)
			continue;
		if (r->dial)
			dial_cancel(r->dial, fail);
		r->dial = NULL;
		hand_back_all(r, fail);
		set_timer(r);
	}
}

void routes_drain(struct routes *rs)
{
	struct route *r, *next;

	rs->draining = true;
	for (r = rs->list; r; r = next) {
		next = r->next;
		if (r->dial)
			continue; /* what waits may still leave */
		if (!r->stream)
			hand_back_all(r, FAIL_SHUTDOWN);
		shut_when_empty(r);
	}
}

void routes_give_up(struct routes *rs, enum fail fail)
{
	struct route *r;

	rs->draining = true;
	for (r = rs->list; r; r = r->next) {
		if (r->dial)
			dial_cancel(r->dial, fail);
		r->dial = NULL;
		hand_back_all(r, fail);
		shut_when_empty(r);
	}
}

static const struct stream_events no_events;

void routes_free(struct routes *rs)
{
	if (!rs)
		return;
	routes_give_up(rs, FAIL_SHUTDOWN);
	while (rs->list) {
		if (rs->list->stream)
			stream_give(rs->list->stream, &no_events, NULL);
		free_route(rs->list);
	}
	free(rs);
}

uint64_t routes_waiting(const struct routes *rs)
{
	return rs->waiting;
}

void routes_each(const struct routes *rs, void (*fn)(void *context, const struct route_info *info),
		 void *context)
{
	const struct route *r;

	for (r = rs->list; r; r = r->next) {
		struct stream_info stream = { .id = 0 };
		struct route_info info = {
			.local = r->local,
			.remote = r->remote,
			.queued = r->queued,
			.queued_bytes = r->queued_bytes,
			.dialling = r->dial != NULL,
			.retry_ms = backs_off(r) ? r->retry_at - now_of(r) : 0,
			.fail = r->fail,
		};
		if (r->stream)
			stream_info(r->stream, &stream);
		info.stream = stream.id;
		fn(context, &info);
	}
}
