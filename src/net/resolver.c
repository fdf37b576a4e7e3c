#include "net/resolver.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound-event.h>
#include <unbound.h>

#include "base/clock.h"
#include "dns_answer_int.h"
#include "loop_int.h"

/* How long the second kind of addresses is waited for when there are some of the first. */
#define GRACE_MS 500
/* Of them, the second kind may have this many where the first has plenty. */
#define SHARE (RESOLVER_ADDRESSES_MAX / 2)

struct resolver {
	struct loop *loop;
	struct ub_ctx *library;
	uint64_t timeout_ms;
	struct resolver_query *queries;
};

/* One question to the library. */
struct lookup {
	struct resolver_query *query; /* NULL: there is none */
	int type;
	int id; /* the library's, while it is under way */
	bool under_way;
	enum fail fail; /* when it is not */
	bool secure;
	struct dns_answer_note note;
	size_t count;
	struct net_address addresses[RESOLVER_ADDRESSES_MAX];
};

#define RESOLVER_REASON_SIZE 200

enum { FIRST, SECOND, LOOKUPS };

struct resolver_query {
	struct resolver *resolver;
	struct resolver_query *next, **link;
	resolver_fn fn;
	void *context;
	uint16_t port;
	uint64_t deadline; /* of the monotonic clock */
	struct loop_timer *timer;
	struct loop_task answer; /* queued as soon as all is known */
	struct lookup lookups[LOOKUPS];
	struct srv *srv;
	struct tlsa *tlsa;
	char reason[RESOLVER_REASON_SIZE]; /* of the last failure */
	char name[];
};

/* ---- the library's context ---- */

/* clang-format off */
static const char *const options[][2] = {
	{ "do-not-query-localhost:", "no" },	/* a resolver often is there */
	{ "msg-cache-size:", "8m" },		/* those of a library are tiny */
	{ "rrset-cache-size:", "16m" },
	{ "outgoing-range:", "512" },
	{ "num-queries-per-thread:", "512" },
	{ "cache-min-ttl:", "30" },		/* who says 0 is not asked for each stanza */
	{ "cache-max-ttl:", "86400" },
	{ "cache-max-negative-ttl:", "60" },
	{ "infra-host-ttl:", "5" },		/* a resolver that was silent is not given up for long */
};
/* clang-format on */

static int set_options(struct ub_ctx *library, const char *trust_anchors)
{
	const char *modules = trust_anchors ? "validator iterator" : "iterator";
	int rc = ub_ctx_set_option(library, "module-config:", modules);
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]) && !rc; i++)
		rc = ub_ctx_set_option(library, options[i][0], options[i][1]);
	if (!rc && trust_anchors)
		rc = ub_ctx_add_ta_file(library, trust_anchors);
	return rc;
}

static int set_server(struct ub_ctx *library, const struct net_address *server)
{
	char text[NET_ADDRESS_TEXT], *port;

	/* "[2001:db8::1]:53" is "2001:db8::1@53" there */
	net_address_str(server, text);
	port = strrchr(text, ':');
	*port = '@';
	if (server->v6)
		memmove(port - 1, port, strlen(port) + 1);
	return ub_ctx_set_fwd(library, server->v6 ? text + 1 : text);
}

static int set_servers(struct ub_ctx *library, const struct net_address *servers, size_t count)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < count && !rc; i++)
		rc = set_server(library, &servers[i]);
	if (count || rc)
		return rc;
	rc = ub_ctx_resolvconf(library, NULL);
	/* without that file it is the host itself, as for everyone [resolv.conf(5)] */
	return rc == UB_READFILE ? ub_ctx_set_fwd(library, "127.0.0.1") : rc;
}

/*
 * From here on the library refuses other settings, and tells what it thinks of them. Names that are reserved for tests are
 * refused by the library itself, unless the servers were chosen: then they are asked.
 */
static int finish_settings(struct ub_ctx *library, size_t count)
{
	int rc;

	if (!count)
		return ub_ctx_zone_add(library, "invalid.", "static");
	rc = ub_ctx_zone_remove(library, "invalid.");
	return rc ? rc : ub_ctx_zone_remove(library, "test.");
}

struct resolver *resolver_new(struct loop *l, const struct resolver_settings *settings,
			      char error[RESOLVER_ERROR_SIZE])
{
	struct resolver *r = calloc(1, sizeof(*r));
	const char *what = "resolver library";
	int rc = UB_NOMEM;

	if (r)
		r->library = ub_ctx_create_event(loop_event_base(l));
	if (!r || !r->library)
		goto out;
	r->loop = l;
	r->timeout_ms = settings->timeout_ms;
	ub_ctx_debugout(r->library, NULL);
	rc = set_options(r->library, settings->trust_anchors);
	if (!rc)
		rc = set_servers(r->library, settings->servers, settings->count);
	if (!rc) /* from here on it wants the trust anchors */
		rc = finish_settings(r->library, settings->count);
	if (rc == UB_INITFAIL && settings->trust_anchors)
		what = settings->trust_anchors;
out:
	if (!rc)
		return r;
	snprintf(error, RESOLVER_ERROR_SIZE, "%s: %s", what,
		 rc == UB_INITFAIL && r->library ? "not usable as trust anchors of DNS"
						 : ub_strerror(rc));
	resolver_free(r);
	return NULL;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	while (r->queries)
		resolver_cancel(r->queries);
	if (r->library)
		ub_ctx_delete(r->library);
	free(r);
}

/* ---- what the library answers ---- */

static void note(struct resolver_query *q, const char *what, const char *more)
{
	snprintf(q->reason, sizeof(q->reason), "%s: %s", what, more);
}

static const char *type_str(int type)
{
	return type == ns_t_srv	   ? "SRV"
	       : type == ns_t_tlsa ? "TLSA"
	       : type == ns_t_a	   ? "A"
				   : "AAAA";
}

static enum fail read_packet(struct lookup *k, const void *packet, size_t len)
{
	struct resolver_query *q = k->query;
	int rc;

	if (k->type == ns_t_srv)
		rc = dns_answer_srv(packet, len, &q->srv, &k->count, &k->note);
	else if (k->type == ns_t_tlsa)
		rc = dns_answer_tlsa(packet, len, &q->tlsa, &k->count, &k->note);
	else
		rc = dns_answer_addresses(packet, len, k->type == ns_t_aaaa, q->port, k->addresses,
					  RESOLVER_ADDRESSES_MAX, &k->count, &k->note);
	if (rc == -FAIL_DNS_FAILED)
		note(q, type_str(k->type), "no usable answer");
	return (enum fail) - rc;
}

/* The rest of a pair is not waited for as long as the whole. */
static void hurry(struct resolver_query *q)
{
	uint64_t now = clock_monotonic_ms();

	if (now + GRACE_MS < q->deadline)
		loop_timer_set(q->timer, GRACE_MS);
}

static void settle(struct lookup *k, enum fail fail)
{
	struct resolver_query *q = k->query;

	k->under_way = false;
	k->fail = fail;
	if (!q->lookups[FIRST].under_way && !q->lookups[SECOND].under_way)
		loop_task_queue(q->resolver->loop, &q->answer);
	else if (k->count)
		hurry(q);
}

enum { SECURITY_BOGUS = 1, SECURITY_SECURE }; /* as the library tells it */

/* Called by the library from the loop, or from within the question where it has the answer: then too only the task calls out. */
static void on_library(void *context, int code, void *packet, int len, int security, char *why,
		       int limited)
{
	struct lookup *k = context;

	(void)limited;
	k->secure = security == SECURITY_SECURE;
	/* one that is bogus comes with an answer, and without an error: before all else */
	if (security == SECURITY_BOGUS) {
		note(k->query, type_str(k->type), why && *why ? why : "bogus");
		settle(k, FAIL_DNS_BOGUS);
	} else if (code == ns_r_nxdomain) {
		settle(k, FAIL_DNS_NOT_FOUND);
	} else if (code) {
		note(k->query, type_str(k->type),
		     code == ns_r_servfail ? "the server failed" : "the server refused");
		settle(k, FAIL_DNS_FAILED);
	} else {
		settle(k, read_packet(k, packet, len > 0 ? (size_t)len : 0));
	}
}

static void ask(struct resolver_query *q, int which, int type)
{
	struct lookup *k = &q->lookups[which];
	int rc;

	k->query = q;
	k->type = type;
	rc = ub_resolve_event(q->resolver->library, q->name, type, ns_c_in, k, on_library, &k->id);
	if (!rc)
		return;
	note(q, type_str(type), ub_strerror(rc));
	settle(k, rc == UB_NOMEM ? FAIL_NO_MEMORY : FAIL_DNS_FAILED);
}

/* ---- questions ---- */

static void unlink_query(struct resolver_query *q)
{
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
}

static void query_free(struct resolver_query *q)
{
	loop_timer_free(q->timer);
	free(q->srv);
	free(q->tlsa);
	free(q);
}

/* True where A says more about what is wrong than B. */
static bool outweighs(enum fail a, enum fail b)
{
	static const enum fail order[] = { FAIL_NONE,	     FAIL_DNS_NOT_FOUND, FAIL_DNS_FAILED,
					   FAIL_DNS_TIMEOUT, FAIL_DNS_BOGUS,	 FAIL_NO_MEMORY };
	size_t i = 0, k = 0;

	while (order[i] != a)
		i++;
	while (order[k] != b)
		k++;
	return i > k;
}

/* Of both kinds what there is room for, in their order. */
static void merge(const struct resolver_query *q, struct net_address *out,
		  struct resolver_answer *answer)
{
	const struct lookup *a = &q->lookups[FIRST], *b = &q->lookups[SECOND];
	size_t first = a->count, second = b->count;

	if (first + second > RESOLVER_ADDRESSES_MAX) {
		size_t most = RESOLVER_ADDRESSES_MAX - (second < SHARE ? second : SHARE);
		first = first < most ? first : most;
		second = RESOLVER_ADDRESSES_MAX - first;
	}
	memcpy(out, a->addresses, first * sizeof(*out));
	memcpy(out + first, b->addresses, second * sizeof(*out));
	answer->addresses = out;
	answer->count = first + second;
}

static void compose(const struct resolver_query *q, struct net_address *room,
		    struct resolver_answer *answer)
{
	bool found = q->lookups[FIRST].count || q->lookups[SECOND].count;
	size_t i;

	*answer = (struct resolver_answer){ .reason = "", .secure = true, .ttl = UINT32_MAX };
	for (i = 0; i < LOOKUPS; i++) {
		const struct lookup *k = &q->lookups[i];
		if (!k->query)
			continue;
		if (!found && outweighs(k->fail, answer->fail))
			answer->fail = k->fail;
		answer->ignored += k->note.ignored;
		if (!k->count != !found)
			continue;
		answer->secure = answer->secure && k->secure;
		if (k->note.ttl < answer->ttl)
			answer->ttl = k->note.ttl;
	}
	answer->reason = answer->fail ? q->reason : "";
	if (!found)
		return;
	answer->srv = q->srv;
	answer->tlsa = q->tlsa;
	answer->count = q->lookups[FIRST].count;
	if (!q->srv && !q->tlsa)
		merge(q, room, answer);
}

/* The one place that calls back. */
static void deliver(void *context)
{
	struct resolver_query *q = context;
	struct net_address room[RESOLVER_ADDRESSES_MAX];
	struct resolver_answer answer;

	unlink_query(q);
	compose(q, room, &answer);
	q->fn(q->context, &answer); /* which may free the resolver */
	query_free(q);
}

static void give_up(struct resolver_query *q)
{
	size_t i;

	for (i = 0; i < LOOKUPS; i++)
		if (q->lookups[i].under_way)
			ub_cancel(q->resolver->library, q->lookups[i].id);
	loop_task_cancel(q->resolver->loop, &q->answer);
}

static void on_time(void *context)
{
	struct resolver_query *q = context;
	size_t i;

	give_up(q);
	for (i = 0; i < LOOKUPS; i++) {
		struct lookup *k = &q->lookups[i];
		if (!k->under_way)
			continue;
		k->fail = FAIL_DNS_TIMEOUT;
		note(q, type_str(k->type), "no answer in time");
	}
	deliver(q);
}

static struct resolver_query *query_new(struct resolver *r, const char *name, resolver_fn fn,
					void *context)
{
	size_t size = strlen(name) + 1;
	struct resolver_query *q = calloc(1, sizeof(*q) + size);

	if (!q)
		return NULL;
	q->timer = loop_timer_new(r->loop, on_time, q);
	if (!q->timer) {
		free(q);
		return NULL;
	}
	memcpy(q->name, name, size);
	q->resolver = r;
	q->fn = fn;
	q->context = context;
	q->deadline = clock_monotonic_ms() + r->timeout_ms;
	loop_timer_set(q->timer, r->timeout_ms);
	loop_task_init(&q->answer, deliver, q);
	q->next = r->queries;
	q->link = &r->queries;
	if (q->next)
		q->next->link = &q->next;
	r->queries = q;
	return q;
}

static struct resolver_query *ask_one(struct resolver *r, const char *name, int type,
				      resolver_fn fn, void *context)
{
	struct resolver_query *q = query_new(r, name, fn, context);

	if (!q)
		return NULL;
	q->lookups[FIRST].under_way = true;
	ask(q, FIRST, type);
	return q;
}

struct resolver_query *resolver_srv(struct resolver *r, const char *name, resolver_fn fn,
				    void *context)
{
	return ask_one(r, name, ns_t_srv, fn, context);
}

struct resolver_query *resolver_tlsa(struct resolver *r, const char *name, resolver_fn fn,
				     void *context)
{
	return ask_one(r, name, ns_t_tlsa, fn, context);
}

/* A literal is its own answer, from the loop as all are. */
static bool is_literal(struct resolver_query *q, const char *host)
{
	struct lookup *k = &q->lookups[FIRST];
	char text[sizeof("[]") + 45];
	size_t len = strlen(host);

	if (!jid_is_address(host) || len >= sizeof(text))
		return false;
	memcpy(text, host, len + 1);
	if (host[0] == '[')
		text[len - 1] = '\0';
	if (!net_address_parse(text + (host[0] == '['), q->port, &k->addresses[0]))
		return false;
	k->query = q;
	k->count = 1;
	k->secure = true;
	settle(k, FAIL_NONE);
	return true;
}

struct resolver_query *resolver_addresses(struct resolver *r, const char *host, uint16_t port,
					  resolver_fn fn, void *context)
{
	struct resolver_query *q = query_new(r, host, fn, context);

	if (!q)
		return NULL;
	q->port = port;
	if (is_literal(q, host))
		return q;
	/* both before either is answered */
	q->lookups[FIRST].under_way = true;
	q->lookups[SECOND].under_way = true;
	ask(q, FIRST, ns_t_aaaa);
	ask(q, SECOND, ns_t_a);
	return q;
}

void resolver_cancel(struct resolver_query *q)
{
	give_up(q);
	unlink_query(q);
	query_free(q);
}
