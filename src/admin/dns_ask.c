/* The same questions, in the same order, as before a stream is dialled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "dns_int.h"
#include "net/listener.h"

#define OWN_MAX 256
#define NAME_SIZE (JID_DOMAIN_SIZE + 32)

struct probe;

struct question {
	struct probe *probe;
	size_t which;
};

struct probe {
	const struct config *config;
	const struct partner *partner;
	const char *domain;
	struct dns_view *view;
	struct loop *loop;
	struct resolver *resolver;
	struct loop_task begin;
	struct question services[DNS_SERVICES], hosts[SRV_TARGETS_MAX], tlsa[SRV_TARGETS_MAX];
	size_t open;
	struct net_address own[OWN_MAX];
	size_t own_count;
};

const char *const dns_service_names[DNS_SERVICES] = { "_xmpps-server", "_xmpp-server" };

/* ---- which addresses are refused ---- */

static void add_own(struct probe *p, const struct config_address *at)
{
	struct net_address address;

	if (at->host && net_address_parse(at->host, at->port, &address))
		p->own_count += listener_reached_at(&address, p->own + p->own_count,
						    OWN_MAX - p->own_count);
}

static void find_own(struct probe *p)
{
	const struct config_gateway *g = &p->config->gateway;
	size_t i;

	for (i = 0; i < g->listen.count; i++)
		add_own(p, &g->listen.items[i]);
	for (i = 0; i < g->listen_direct_tls.count; i++)
		add_own(p, &g->listen_direct_tls.items[i]);
	for (i = 0; i < p->config->inside_count; i++)
		add_own(p, &p->config->inside[i].listen);
}

static enum fail refuse(const struct probe *p, const struct net_address *a)
{
	size_t i;

	for (i = 0; i < p->own_count; i++)
		if (p->own[i].port == a->port && net_address_equal_ip(&p->own[i], a))
			return FAIL_OWN_ADDRESS;
	if (net_address_is_unspecified(a))
		return FAIL_OWN_ADDRESS;
	if (p->config->dns.refuse_private_addresses && p->view->targets.by != TARGETS_BY_PROXY &&
	    net_address_is_private(a))
		return FAIL_PRIVATE_ADDRESS;
	return FAIL_NONE;
}

/* ---- addresses ---- */

static void answered(struct probe *p)
{
	if (!--p->open)
		loop_stop(p->loop);
}

static void take_addresses(struct probe *p, struct dns_host *host,
			   const struct net_address *addresses, size_t count)
{
	struct net_address sorted[RESOLVER_ADDRESSES_MAX];
	size_t i;

	memcpy(sorted, addresses, count * sizeof(*addresses));
	net_address_alternate(sorted, count);
	for (i = 0; i < count; i++)
		host->addresses[i] = (struct dns_address){ sorted[i], refuse(p, &sorted[i]) };
	host->count = count;
}

static void on_tlsa(void *context, const struct resolver_answer *answer)
{
	struct question *q = context;
	struct dns_tlsa *tlsa = &q->probe->view->hosts[q->which].tlsa;

	tlsa->fail = answer->fail;
	tlsa->secure = answer->secure;
	tlsa->count = answer->count;
	snprintf(tlsa->reason, sizeof(tlsa->reason), "%s", answer->reason);
	answered(q->probe);
}

/* What is proven up to here may be proven further. [RFC7673 3.3] */
static void ask_tlsa(struct probe *p, size_t which)
{
	const struct srv *target = &p->view->targets.items[which];
	struct dns_tlsa *tlsa = &p->view->hosts[which].tlsa;
	char name[NAME_SIZE];

	if (!p->config->dns.dnssec || p->partner->dane == PARTNER_DANE_OFF ||
	    !p->view->targets.secure[which] || !p->view->hosts[which].secure)
		return;
	tlsa->asked = true;
	p->tlsa[which] = (struct question){ p, which };
	snprintf(name, sizeof(name), "_%u._tcp.%s", target->port, target->target);
	if (resolver_tlsa(p->resolver, name, on_tlsa, &p->tlsa[which]))
		p->open++;
	else
		tlsa->fail = FAIL_NO_MEMORY;
}

static void on_addresses(void *context, const struct resolver_answer *answer)
{
	struct question *q = context;
	struct dns_host *host = &q->probe->view->hosts[q->which];

	host->fail = answer->fail;
	host->ttl = answer->ttl;
	snprintf(host->reason, sizeof(host->reason), "%s", answer->reason);
	host->secure = answer->secure;
	if (!answer->fail) {
		take_addresses(q->probe, host, answer->addresses, answer->count);
		ask_tlsa(q->probe, q->which);
	}
	answered(q->probe);
}

/* An address as it stands in a normal form, or without brackets. */
static bool is_literal(const struct srv *target, struct net_address *out)
{
	char text[sizeof(target->target)];
	size_t len = strlen(target->target);
	bool bracket = target->target[0] == '[';

	memcpy(text, target->target, len + 1);
	if (bracket)
		text[len - 1] = '\0';
	if (!net_address_parse(text + bracket, target->port, out))
		return false;
	net_address_unmap(out);
	return true;
}

static void ask_addresses(struct probe *p, size_t which)
{
	const struct srv *target = &p->view->targets.items[which];
	struct dns_host *host = &p->view->hosts[which];
	struct net_address literal;

	if (is_literal(target, &literal)) {
		take_addresses(p, host, &literal, 1);
		return;
	}
	p->hosts[which] = (struct question){ p, which };
	if (resolver_addresses(p->resolver, target->target, target->port, on_addresses,
			       &p->hosts[which]))
		p->open++;
	else
		host->fail = FAIL_NO_MEMORY;
}

static void ask_all_addresses(struct probe *p)
{
	size_t i;

	for (i = 0; i < p->view->targets.count; i++)
		ask_addresses(p, i);
}

/* ---- targets ---- */

static uint32_t chance(void *context, uint32_t below)
{
	uint32_t value;

	(void)context;
	return random_bytes(&value, sizeof(value)) ? 0 : value % below;
}

static void choose(struct probe *p)
{
	struct dns_service *s = p->view->services;

	p->view->fail = targets_choose(p->partner, p->domain, &s[DNS_XMPP].answer,
				       s[DNS_XMPPS].asked ? &s[DNS_XMPPS].answer : NULL, chance,
				       NULL, &p->view->targets);
	if (!p->view->fail)
		ask_all_addresses(p);
}

/* DNS has no order among them, people like one. */
static int compare_records(const void *a, const void *b)
{
	const struct srv *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	return strcmp(x->target, y->target);
}

static void on_srv(void *context, const struct resolver_answer *answer)
{
	struct question *q = context;
	struct dns_service *s = &q->probe->view->services[q->which];

	s->answer.fail = answer->fail;
	s->answer.secure = answer->secure;
	s->ttl = answer->ttl;
	snprintf(s->reason, sizeof(s->reason), "%s", answer->reason);
	if (!answer->fail) {
		s->records = mem_new(answer->count * sizeof(*s->records));
		memcpy(s->records, answer->srv, answer->count * sizeof(*s->records));
		qsort(s->records, answer->count, sizeof(*s->records), compare_records);
		s->answer.records = s->records;
		s->answer.count = answer->count;
	}
	if (q->probe->open == 1)
		choose(q->probe);
	answered(q->probe);
}

static void ask_services(struct probe *p)
{
	char name[NAME_SIZE];
	size_t i;

	for (i = 0; i < DNS_SERVICES; i++) {
		struct dns_service *s = &p->view->services[i];
		s->asked = i == DNS_XMPP || targets_may_direct_tls(p->partner);
		if (!s->asked)
			continue;
		p->services[i] = (struct question){ p, i };
		snprintf(name, sizeof(name), "%s._tcp.%s", dns_service_names[i], p->domain);
		if (resolver_srv(p->resolver, name, on_srv, &p->services[i]))
			p->open++;
		else
			s->answer.fail = FAIL_NO_MEMORY;
	}
}

static void begin(void *context)
{
	struct probe *p = context;

	p->open = 1; /* ourselves */
	if (targets_are_known(p->partner, p->domain, &p->view->targets))
		ask_all_addresses(p);
	else
		ask_services(p);
	answered(p);
}

static struct resolver *open_resolver(const struct config_dns *dns, struct loop *l,
				      char error[RESOLVER_ERROR_SIZE])
{
	struct net_address *servers = mem_new((dns->servers.count + 1) * sizeof(*servers));
	struct resolver_settings settings = {
		.servers = servers,
		.timeout_ms = dns->timeout * 1000,
		.trust_anchors = dns->dnssec ? dns->trust_anchor_file : NULL,
	};
	struct resolver *r;
	size_t i;

	for (i = 0; i < dns->servers.count; i++)
		if (net_address_parse(dns->servers.items[i].host, dns->servers.items[i].port,
				      &servers[settings.count]))
			settings.count++;
	r = resolver_new(l, &settings, error);
	free(servers);
	return r;
}

bool dns_ask(const struct config *c, const struct partner *partner, const char *domain,
	     struct dns_view *out, char error[RESOLVER_ERROR_SIZE])
{
	struct probe *p = mem_new(sizeof(*p));
	bool good = false;

	memset(out, 0, sizeof(*out));
	*p = (struct probe){ .config = c, .partner = partner, .domain = domain, .view = out };
	snprintf(error, RESOLVER_ERROR_SIZE, "memory or descriptors ran out");
	p->loop = loop_new();
	if (p->loop)
		p->resolver = open_resolver(&c->dns, p->loop, error);
	if (p->resolver) {
		find_own(p);
		loop_task_init(&p->begin, begin, p);
		loop_task_queue(p->loop, &p->begin);
		loop_run(p->loop);
		good = true;
	}
	resolver_free(p->resolver);
	loop_free(p->loop);
	free(p);
	return good;
}

void dns_view_fini(struct dns_view *v)
{
	size_t i;

	for (i = 0; i < DNS_SERVICES; i++)
		free(v->services[i].records);
}

bool dns_view_is_reachable(const struct dns_view *v)
{
	size_t i, k;

	for (i = 0; i < v->targets.count; i++)
		for (k = 0; k < v->hosts[i].count; k++)
			if (!v->hosts[i].addresses[k].refused)
				return true;
	return false;
}
