#include "outside/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "outside/race.h"
#include "outside/seek.h"

#define HOST_SIZE (JID_DOMAIN_SIZE + 2)
#define DETAIL_SIZE 200
#define ADDRESSES_MAX RACE_MAX /* of one target, and of those that are tried last */

_Static_assert(RESOLVER_ADDRESSES_MAX <= ADDRESSES_MAX, "a host's addresses run in one race");

struct candidate {
	struct net_address address;
	size_t target;
};

struct dial {
	struct outside *o;
	struct snapshot *snapshot; /* a reference */
	const struct partner *partner;
	const struct dial_events *events;
	void *context;
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE];
	bool verify_only;
	struct loop_timer *timer; /* the whole */
	struct loop_task task;	  /* the first step, and the end, happen outside of any call */
	uint64_t begun, deadline;
	struct seek *seek; /* while the targets are looked up */
	struct targets targets;
	size_t next, target;		       /* which one comes next, which one is tried */
	struct resolver_query *query;	       /* for its addresses */
	struct net_address now[ADDRESSES_MAX]; /* those of the target that are not tried yet */
	size_t now_count;
	struct candidate
		last[ADDRESSES_MAX]; /* did not answer a while ago: when nothing else is left */
	size_t last_count;
	struct race *race;
	struct net_address racing[RACE_MAX]; /* as the race has them */
	size_t racing_count;
	struct net_address missed; /* the last one that did not answer */
	enum fail race_fail;
	char race_detail[DETAIL_SIZE];
	struct stream *stream; /* that is being tried */
	bool tried;	       /* there was one */
	bool tls_demanded;     /* direct TLS failed: nothing in clear any more */
	enum fail fail;	       /* of the last try */
	char detail[DETAIL_SIZE];
	bool over;
};

static void next_address(struct dial *d);
static void next_target(struct dial *d);

static void stop_lookups(struct dial *d)
{
	if (d->seek)
		seek_cancel(d->seek);
	d->seek = NULL;
	if (d->query)
		resolver_cancel(d->query);
	d->query = NULL;
}

static void free_dial(struct dial *d)
{
	stop_lookups(d);
	if (d->race)
		race_cancel(d->race);
	loop_task_cancel(d->o->loop, &d->task);
	loop_timer_free(d->timer);
	snapshot_put(d->snapshot);
	free(d);
}

/* What no stream told of: it never came to one. */
static void tell_attempt(const struct dial *d)
{
	struct attempt a = {
		.role = ROLE_INITIATING,
		.at = clock_wall(),
		.took_ms = loop_now(d->o->loop) - d->begun,
		.row = d->partner->row->number,
		.fail = d->fail,
	};
	struct log_line l;

	if (d->tried)
		return;
	strcpy(a.local, d->local);
	strcpy(a.remote, d->remote);
	strcpy(a.detail, d->detail);
	if (!d->verify_only)
		d->o->hooks->attempt(d->o->context, &a);
	if (!d->o->hooks->logs(d->o->context, fail_info(d->fail)->level))
		return;
	log_begin(&l, fail_info(d->fail)->level, "dial-failed");
	log_str(&l, "local", d->local);
	log_str(&l, "remote", d->remote);
	log_int(&l, "row", a.row);
	log_str(&l, "fail", fail_str(d->fail));
	if (*d->detail)
		log_str(&l, "detail", d->detail);
	log_int(&l, "ms", (long long)a.took_ms);
	log_str(&l, "text", fail_info(d->fail)->text);
	d->o->hooks->log(d->o->context, &l);
}

/* How far a try with that end had come. */
static unsigned stage(enum fail fail)
{
	switch ((int)fail) {
	case FAIL_NONE:
		return 0;
	case FAIL_DNS_NOT_FOUND:
	case FAIL_DNS_NO_SERVICE:
	case FAIL_DNS_FAILED:
	case FAIL_DNS_TIMEOUT:
		return 1;
	case FAIL_OWN_ADDRESS:
	case FAIL_PRIVATE_ADDRESS:
	case FAIL_CONNECT_REFUSED:
	case FAIL_CONNECT_TIMEOUT:
		return 2;
	}
	return 3;
}

/* Of several tries the one that came the furthest says the most. */
static void note_failure(struct dial *d, enum fail fail, const char *detail)
{
	if (stage(fail) < stage(d->fail))
		return;
	d->fail = fail;
	snprintf(d->detail, sizeof(d->detail), "%s", detail);
}

/* No event before the caller of dial_new has its dial, none from inside the stream or the resolver. */
static void give_up(struct dial *d)
{
	d->over = true;
	loop_task_queue(d->o->loop, &d->task);
}

static uint64_t left_ms(const struct dial *d)
{
	uint64_t now = loop_now(d->o->loop);

	return d->deadline > now ? d->deadline - now : 0;
}

static void on_stream_opened(void *context)
{
	struct dial *d = context;
	struct stream *s = d->stream;

	d->stream = NULL;
	d->events->opened(d->context, s);
	free_dial(d);
}

static void on_stream_ended(void *context, enum fail fail, const char *detail)
{
	struct dial *d = context;

	d->stream = NULL;
	note_failure(d, fail, detail);
	if (targets_demand_tls(&d->targets.items[d->target], fail)) {
		d->tls_demanded = true;
		hosts_demand_tls(&d->o->hosts, d->remote, loop_now(d->o->loop));
	}
	if (fail_info(fail)->retry == FAIL_RETRY_NEXT && left_ms(d))
		next_address(d);
	else
		give_up(d);
}

static const struct stream_events stream_events = {
	.opened = on_stream_opened,
	.ended = on_stream_ended,
};

/* ---- one of the addresses of a target ---- */

/* How many others there are to be tried after the target. */
static size_t others(const struct dial *d)
{
	return d->targets.count - d->next + (d->last_count > 0);
}

static void forget(struct dial *d, const struct net_address *a)
{
	size_t i;

	for (i = 0; i < d->now_count; i++) {
		if (!net_address_equal_ip(&d->now[i], a))
			continue;
		d->now_count--;
		memmove(&d->now[i], &d->now[i + 1], (d->now_count - i) * sizeof(d->now[0]));
		return;
	}
}

static void on_race_won(void *context, size_t which, struct connection *c)
{
	struct dial *d = context;
	bool more = d->now_count > 1 || others(d);

	d->race = NULL;
	hosts_answered(&d->o->hosts, &d->racing[which]);
	forget(d, &d->racing[which]);
	/* half of the time is left for the others, if there are any */
	stream_connected(d->stream, c, more ? left_ms(d) / 2 : left_ms(d));
}

/* Of several addresses each is told of. */
static void add_detail(struct dial *d, const char *detail)
{
	size_t used = strlen(d->race_detail);
	char text[NET_ADDRESS_TEXT];

	if (d->racing_count == 1)
		snprintf(d->race_detail, sizeof(d->race_detail), "%s", detail);
	else
		snprintf(d->race_detail + used, sizeof(d->race_detail) - used, "%s%s: %s",
			 used ? "; " : "", net_address_str(&d->missed, text), detail);
}

static void on_race_failed(void *context, size_t which, enum fail fail, const char *detail)
{
	struct dial *d = context;

	d->missed = d->racing[which];
	add_detail(d, detail);
	forget(d, &d->missed);
	if (d->race_fail == FAIL_NO_DESCRIPTORS)
		return;
	d->race_fail = fail; /* our own trouble is no fault of the address */
	if (fail != FAIL_NO_DESCRIPTORS)
		hosts_failed(&d->o->hosts, &d->missed, loop_now(d->o->loop));
}

static void on_race_lost(void *context)
{
	struct dial *d = context;

	d->race = NULL;
	stream_unreached(d->stream, &d->missed, d->race_fail, d->race_detail);
}

static const struct race_events race_events = {
	.won = on_race_won,
	.failed = on_race_failed,
	.lost = on_race_lost,
};

/* Each target that is left gets its share of the time, the last one all of it. */
static uint64_t connect_ms(const struct dial *d)
{
	uint64_t share = left_ms(d) / (others(d) + 1);
	uint64_t most = others(d) ? DIAL_CONNECT_MS / 2 : DIAL_CONNECT_MS;

	return share < most ? share : most;
}

static void start_race(struct dial *d)
{
	memcpy(d->racing, d->now, d->now_count * sizeof(d->now[0]));
	d->racing_count = d->now_count;
	d->race_fail = FAIL_NONE;
	d->race_detail[0] = '\0';
	d->race = race_new(d->o->loop, d->racing, d->racing_count, connect_ms(d), &race_events, d);
	if (!d->race)
		stream_unreached(d->stream, &d->racing[0], FAIL_NO_MEMORY, "");
}

static void next_address(struct dial *d)
{
	const struct srv *target = &d->targets.items[d->target];
	struct stream_way way = {
		.local = d->local,
		.remote = d->remote,
		.verify_only = d->verify_only,
		.direct_tls = target->direct_tls,
		.tls_demanded = d->tls_demanded,
		.target = { target->target, target->port, d->targets.secure[d->target] },
	};
	const struct partner *partner;

	if (!d->now_count) {
		next_target(d);
		return;
	}
	/* by the configuration of now, which may have another row for the partner, or none */
	partner = policy_partner(d->o->snapshot->policy, d->remote, NULL, NULL);
	if (!partner) {
		note_failure(d, FAIL_PARTNER_UNKNOWN, "");
		give_up(d);
		return;
	}
	if (way.direct_tls && !targets_may_direct_tls(partner)) {
		note_failure(d, FAIL_TLS_NOT_SUPPORTED, "");
		next_target(d);
		return;
	}
	d->stream = stream_dialling(d->o, d->o->snapshot, &way, &stream_events, d);
	if (!d->stream) {
		note_failure(d, FAIL_NO_MEMORY, "");
		give_up(d);
		return;
	}
	d->tried = true;
	if (stream_claim(d->stream))
		start_race(d);
}

/* ---- the addresses of a target ---- */

/* What DNS must not lead to. The operator's own host may be in the operator's own network. */
static enum fail refuse(const struct dial *d, const struct net_address *a)
{
	if (net_address_is_unspecified(a) || d->o->hooks->is_own(d->o->context, a))
		return FAIL_OWN_ADDRESS;
	if (d->snapshot->config->dns.refuse_private_addresses &&
	    d->targets.by != TARGETS_BY_PROXY && net_address_is_private(a))
		return FAIL_PRIVATE_ADDRESS;
	return FAIL_NONE;
}

static void use_addresses(struct dial *d, const struct net_address *addresses, size_t count)
{
	uint64_t now = loop_now(d->o->loop);
	char text[NET_ADDRESS_TEXT];
	size_t i;

	d->now_count = 0;
	for (i = 0; i < count && i < ADDRESSES_MAX; i++) {
		const struct net_address *a = &addresses[i];
		enum fail fail = refuse(d, a);
		if (fail)
			note_failure(d, fail, net_address_str(a, text));
		else if (!hosts_have_failed(&d->o->hosts, a, now))
			d->now[d->now_count++] = *a;
		else if (d->last_count < ADDRESSES_MAX)
			d->last[d->last_count++] = (struct candidate){ *a, d->target };
	}
	net_address_alternate(d->now, d->now_count);
	next_address(d);
}

/* Those of one target, which did not answer a while ago. */
static void use_last(struct dial *d)
{
	size_t i, left = 0;

	d->target = d->last[0].target;
	d->now_count = 0;
	for (i = 0; i < d->last_count; i++) {
		if (d->last[i].target == d->target)
			d->now[d->now_count++] = d->last[i].address;
		else
			d->last[left++] = d->last[i];
	}
	d->last_count = left;
	net_address_alternate(d->now, d->now_count);
	next_address(d);
}

static void on_addresses(void *context, const struct resolver_answer *answer)
{
	struct dial *d = context;

	d->query = NULL;
	if (answer->fail) {
		note_failure(d, answer->fail, answer->reason);
		next_target(d);
		return;
	}
	use_addresses(d, answer->addresses, answer->count);
}

static void look_up(struct dial *d, const char *host, uint16_t port)
{
	struct net_address literal;
	char text[HOST_SIZE];
	size_t len = strlen(host);

	/* a normal form has an IPv6 literal in brackets */
	if (host[0] == '[' && len > 2 && len < sizeof(text)) {
		memcpy(text, host + 1, len - 2);
		text[len - 2] = '\0';
	} else {
		snprintf(text, sizeof(text), "%s", host);
	}
	if (net_address_parse(text, port, &literal)) {
		net_address_unmap(&literal); /* it would pass by what is said of its own kind */
		use_addresses(d, &literal, 1);
		return;
	}
	d->query = resolver_addresses(d->o->resolver, host, port, on_addresses, d);
	if (!d->query) {
		note_failure(d, FAIL_NO_MEMORY, "");
		give_up(d);
	}
}

static void next_target(struct dial *d)
{
	const struct srv *target;

	if (left_ms(d) && d->next < d->targets.count) {
		d->target = d->next++;
		target = &d->targets.items[d->target];
		look_up(d, target->target, target->port);
	} else if (left_ms(d) && d->last_count) {
		use_last(d);
	} else {
		give_up(d);
	}
}

/* ---- targets ---- */

static void on_targets(void *context, enum fail fail, const char *reason,
		       const struct targets *targets)
{
	struct dial *d = context;

	d->seek = NULL;
	if (!fail) {
		d->targets = *targets;
		next_target(d);
		return;
	}
	note_failure(d, fail, reason);
	give_up(d);
}

static void begin(struct dial *d)
{
	if (targets_are_known(d->partner, d->remote, &d->targets)) {
		next_target(d);
		return;
	}
	d->seek = seek_new(d->o, d->partner, d->remote, on_targets, d);
	if (d->seek)
		return;
	note_failure(d, FAIL_NO_MEMORY, "");
	give_up(d);
}

static void on_task(void *context)
{
	struct dial *d = context;

	if (!d->over) {
		begin(d);
		return;
	}
	tell_attempt(d);
	d->events->failed(d->context, d->fail, d->detail);
	free_dial(d);
}

/* A stream that negotiates has the same deadline and ends by itself. */
static void on_timeout(void *context)
{
	struct dial *d = context;

	if (d->over)
		return;
	if (d->race) {
		race_cancel(d->race);
		d->race = NULL;
		stream_unreached(d->stream, &d->racing[0], FAIL_CONNECT_TIMEOUT, d->race_detail);
	}
	if (d->stream)
		return;
	stop_lookups(d);
	note_failure(d, FAIL_DNS_TIMEOUT, "");
	give_up(d);
}

struct dial *dial_new(struct outside *o, const char *local, const char *remote, bool verify_only,
		      const struct dial_events *events, void *context)
{
	struct dial *d = calloc(1, sizeof(*d));
	uint64_t all_ms;

	if (!d)
		return NULL;
	d->o = o;
	d->snapshot = snapshot_get(o->snapshot);
	d->partner = policy_partner(d->snapshot->policy, remote, NULL, NULL);
	d->events = events;
	d->context = context;
	d->verify_only = verify_only;
	strcpy(d->local, local); /* both are in normal form: they fit */
	strcpy(d->remote, remote);
	all_ms = d->snapshot->config->gateway.stream_establishment_timeout * 1000;
	d->begun = loop_now(o->loop);
	d->deadline = d->begun + all_ms;
	d->tls_demanded = hosts_is_tls_demanded(&o->hosts, remote, d->begun);
	loop_task_init(&d->task, on_task, d);
	d->timer = loop_timer_new(o->loop, on_timeout, d);
	if (!d->timer) {
		free_dial(d);
		return NULL;
	}
	loop_timer_set(d->timer, all_ms);
	loop_task_queue(o->loop, &d->task);
	return d;
}

static const struct stream_events no_events;

void dial_cancel(struct dial *d, enum fail fail)
{
	if (d->race)
		race_cancel(d->race);
	d->race = NULL;
	if (d->stream) {
		stream_give(d->stream, &no_events, NULL);
		stream_shut(d->stream, fail);
	}
	free_dial(d);
}
