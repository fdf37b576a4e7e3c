#include "outside/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

#define XMPP_PORT 5269
#define HOST_SIZE (JID_DOMAIN_SIZE + 2)

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
	struct resolver_query *query;
	struct srv targets[SRV_TARGETS_MAX];
	size_t target_count, target;
	struct net_address addresses[RESOLVER_ADDRESSES_MAX];
	size_t address_count, address;
	struct stream *stream; /* that is being tried */
	bool tried;	       /* an address was */
	enum fail fail;	       /* of the last try */
	char detail[200];
	bool over;
};

static void next_address(struct dial *d);
static void next_target(struct dial *d);

static void free_dial(struct dial *d)
{
	if (d->query)
		resolver_cancel(d->query);
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
	if (fail_info(fail)->retry == FAIL_RETRY_NEXT && left_ms(d))
		next_address(d);
	else
		give_up(d);
}

static const struct stream_events stream_events = {
	.opened = on_stream_opened,
	.ended = on_stream_ended,
};

/* Each of the addresses that are left gets its share of the time, the last one all of it. */
static uint64_t connect_ms(const struct dial *d)
{
	size_t left = d->address_count - d->address + d->target_count - d->target;
	uint64_t share = left_ms(d) / (left + 1);

	return share < DIAL_CONNECT_MS ? share : DIAL_CONNECT_MS;
}

static void next_address(struct dial *d)
{
	const struct net_address *to;

	if (d->address == d->address_count) {
		next_target(d);
		return;
	}
	to = &d->addresses[d->address++];
	if (d->o->hooks->is_own(d->o->context, to)) {
		note_failure(d, FAIL_OWN_ADDRESS, "");
		next_address(d);
		return;
	}
	/* by the configuration of now, which may have another row for the partner, or none */
	if (!policy_partner(d->o->snapshot->policy, d->remote, NULL, NULL)) {
		note_failure(d, FAIL_PARTNER_UNKNOWN, "");
		give_up(d);
		return;
	}
	d->stream = stream_dialling(d->o, d->o->snapshot, d->local, d->remote, d->verify_only,
				    &stream_events, d);
	if (!d->stream) {
		note_failure(d, FAIL_NO_MEMORY, "");
		give_up(d);
		return;
	}
	d->tried = true;
	stream_dial(d->stream, to, connect_ms(d), left_ms(d));
}

static void use_addresses(struct dial *d, const struct net_address *addresses, size_t count)
{
	d->address = 0;
	d->address_count = count < RESOLVER_ADDRESSES_MAX ? count : RESOLVER_ADDRESSES_MAX;
	memcpy(d->addresses, addresses, d->address_count * sizeof(*addresses));
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

	if (d->target == d->target_count || !left_ms(d)) {
		give_up(d);
		return;
	}
	target = &d->targets[d->target++];
	look_up(d, target->target, target->port);
}

static uint32_t chance(void *context, uint32_t below)
{
	uint32_t value;

	(void)context;
	if (random_bytes(&value, sizeof(value)))
		return 0; /* any order is a legal one */
	return value % below;
}

/* "." says that there is no service, and then nothing else is tried. [RFC6120 3.2.1] [RFC2782] */
static bool take_targets(struct dial *d, const struct resolver_answer *answer)
{
	struct srv *sorted;
	size_t i, count = 0;

	sorted = calloc(answer->count ? answer->count : 1, sizeof(*sorted));
	if (!sorted) {
		note_failure(d, FAIL_NO_MEMORY, "");
		return false;
	}
	for (i = 0; i < answer->count; i++)
		if (*answer->srv[i].target)
			sorted[count++] = answer->srv[i];
	srv_order(sorted, count, chance, NULL);
	for (i = 0; i < count && i < SRV_TARGETS_MAX; i++)
		d->targets[i] = sorted[i];
	d->target_count = i;
	free(sorted);
	if (!d->target_count)
		note_failure(d, FAIL_DNS_NO_SERVICE, "");
	return d->target_count > 0;
}

static void on_srv(void *context, const struct resolver_answer *answer)
{
	struct dial *d = context;

	d->query = NULL;
	if (answer->fail == FAIL_DNS_NOT_FOUND) { /* [RFC6120 3.2.2] */
		look_up(d, d->remote, XMPP_PORT);
	} else if (answer->fail) {
		note_failure(d, answer->fail, answer->reason);
		give_up(d);
	} else if (take_targets(d, answer)) {
		next_target(d);
	} else {
		give_up(d);
	}
}

static void begin(struct dial *d)
{
	char name[JID_DOMAIN_SIZE + 32];

	if (d->partner->proxy_fqdn) {
		look_up(d, d->partner->proxy_fqdn, d->partner->proxy_port);
		return;
	}
	if (jid_is_address(d->remote)) {
		look_up(d, d->remote, XMPP_PORT);
		return;
	}
	snprintf(name, sizeof(name), "_xmpp-server._tcp.%s", d->remote);
	d->query = resolver_srv(d->o->resolver, name, on_srv, d);
	if (!d->query) {
		note_failure(d, FAIL_NO_MEMORY, "");
		give_up(d);
	}
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

/* A stream that is under way has the same deadline and ends by itself. */
static void on_timeout(void *context)
{
	struct dial *d = context;

	if (d->stream || d->over)
		return;
	if (d->query)
		resolver_cancel(d->query);
	d->query = NULL;
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
	if (d->stream) {
		stream_give(d->stream, &no_events, NULL);
		stream_shut(d->stream, fail);
	}
	free_dial(d);
}
