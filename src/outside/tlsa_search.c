#include "outside/tlsa_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outside/dns_log.h"

#define XMPP_PORT 5269
#define NAME_SIZE (JID_DOMAIN_SIZE + 32)
#define SERVICES 2

/* One server: its addresses, for their signatures alone, then its records. */
struct server {
	struct tlsa_search *search;
	char host[JID_DOMAIN_SIZE];
	uint16_t port;
	struct resolver_query *query;
};

/* One kind of SRV records. */
struct service {
	struct tlsa_search *search;
	struct resolver_query *query;
	bool absent; /* securely */
};

struct tlsa_search {
	struct outside *o;
	tlsa_search_fn fn;
	void *context;
	struct loop_timer *timer;
	struct loop_task task; /* the end is told outside of any call */
	struct service services[SERVICES];
	struct server servers[DANE_HOSTS_MAX];
	size_t server_count;
	struct tlsa records[DANE_RECORDS_MAX];
	size_t record_count;
	struct dane_facts facts;
	enum fail failed;     /* of records: it matters where none fits */
	enum fail unreached;  /* of a server's addresses: where no other server has any */
	enum fail unsearched; /* of SRV records: where DNS proves nothing otherwise */
	bool reached;
	bool secure; /* DNS proves something */
	bool done;
	char reason[200];
};

static const char *const service_names[SERVICES] = { "_xmpp-server._tcp", "_xmpps-server._tcp" };

static bool is_pending(const struct tlsa_search *t)
{
	size_t i;

	for (i = 0; i < SERVICES; i++)
		if (t->services[i].query)
			return true;
	for (i = 0; i < t->server_count; i++)
		if (t->servers[i].query)
			return true;
	return false;
}

static void settle(struct tlsa_search *t)
{
	if (!is_pending(t))
		loop_task_queue(t->o->loop, &t->task);
}

/* A forged answer is never made up for by another; of the rest the first of its kind counts. */
static void note_failure(struct tlsa_search *t, enum fail *kind, enum fail fail, const char *reason)
{
	if (fail == FAIL_DNS_BOGUS)
		t->facts.fail = fail;
	else if (*kind || t->facts.fail)
		return;
	*kind = fail;
	snprintf(t->reason, sizeof(t->reason), "%s", reason);
}

static bool may_be_absent(enum fail fail)
{
	return fail == FAIL_NONE || fail == FAIL_DNS_NOT_FOUND;
}

static void take_records(struct tlsa_search *t, const struct resolver_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->count && t->record_count < DANE_RECORDS_MAX; i++)
		t->records[t->record_count++] = answer->tlsa[i];
}

static void tlsa_name(const struct server *s, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "_%u._tcp.%s", s->port, s->host);
}

static void on_tlsa(void *context, const struct resolver_answer *answer)
{
	struct server *s = context;
	struct tlsa_search *t = s->search;
	char name[NAME_SIZE];

	s->query = NULL;
	tlsa_name(s, name);
	dns_log_ignored(t->o, t->facts.domain, name, answer->ignored);
	/* the addresses are signed: it is no server that does not know the question [RFC7672 2.1.1] */
	if (!may_be_absent(answer->fail))
		note_failure(t, &t->failed, answer->fail, answer->reason);
	else if (!answer->fail && answer->secure)
		take_records(t, answer);
	settle(t);
}

static void on_addresses(void *context, const struct resolver_answer *answer)
{
	struct server *s = context;
	struct tlsa_search *t = s->search;
	char name[NAME_SIZE];

	s->query = NULL;
	t->reached = t->reached || may_be_absent(answer->fail);
	if (!may_be_absent(answer->fail)) {
		note_failure(t, &t->unreached, answer->fail, answer->reason);
	} else if (!answer->fail && answer->secure) {
		tlsa_name(s, name);
		s->query = resolver_tlsa(t->o->resolver, name, on_tlsa, s);
		if (!s->query)
			note_failure(t, &t->failed, FAIL_NO_MEMORY, "");
	}
	settle(t);
}

static void add_server(struct tlsa_search *t, const char *host, uint16_t port)
{
	struct server *s;
	size_t i;

	for (i = 0; i < t->server_count; i++)
		if (t->servers[i].port == port && !strcmp(t->servers[i].host, host))
			return;
	if (t->server_count == DANE_HOSTS_MAX)
		return;
	s = &t->servers[t->server_count++];
	s->search = t;
	strcpy(s->host, host);
	s->port = port;
	strcpy(t->facts.hosts[t->facts.host_count++], host);
	t->secure = true;
	if (jid_is_address(host))
		return;
	s->query = resolver_addresses(t->o->resolver, host, port, on_addresses, s);
	if (!s->query)
		note_failure(t, &t->failed, FAIL_NO_MEMORY, "");
}

/* Neither kind of records is there: it is the domain itself. [RFC6120 3.2.2] */
static void use_domain(struct tlsa_search *t)
{
	size_t i;

	for (i = 0; i < SERVICES; i++)
		if (t->services[i].query || !t->services[i].absent)
			return;
	add_server(t, t->facts.domain, XMPP_PORT);
}

static void on_srv(void *context, const struct resolver_answer *answer)
{
	struct service *service = context;
	struct tlsa_search *t = service->search;
	size_t i;

	service->query = NULL;
	service->absent = answer->fail == FAIL_DNS_NOT_FOUND && answer->secure;
	dns_log_ignored(t->o, t->facts.domain, service_names[service - t->services],
			answer->ignored);
	if (!may_be_absent(answer->fail))
		note_failure(t, &t->unsearched, answer->fail, answer->reason);
	for (i = 0; i < answer->count && answer->secure; i++)
		if (*answer->srv[i].target)
			add_server(t, answer->srv[i].target, answer->srv[i].port);
	use_domain(t);
	settle(t);
}

static void cancel(struct tlsa_search *t)
{
	size_t i;

	for (i = 0; i < SERVICES; i++) {
		if (t->services[i].query)
			resolver_cancel(t->services[i].query);
		t->services[i].query = NULL;
	}
	for (i = 0; i < t->server_count; i++) {
		if (t->servers[i].query)
			resolver_cancel(t->servers[i].query);
		t->servers[i].query = NULL;
	}
}

static void on_time(void *context)
{
	struct tlsa_search *t = context;

	cancel(t);
	note_failure(t, &t->failed, FAIL_DNS_TIMEOUT, "no answer in time");
	settle(t);
}

static void on_task(void *context)
{
	struct tlsa_search *t = context;

	loop_timer_stop(t->timer);
	t->done = true;
	t->fn(t->context);
}

static struct tlsa_search *new_search(struct outside *o, const char *domain, tlsa_search_fn fn,
				      void *context)
{
	struct tlsa_search *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->o = o;
	t->fn = fn;
	t->context = context;
	strcpy(t->facts.domain, domain); /* in normal form: it fits */
	t->facts.result.path = CERT_CHAIN_OK;
	loop_task_init(&t->task, on_task, t);
	t->timer = loop_timer_new(o->loop, on_time, t);
	if (!t->timer) {
		tlsa_search_free(t);
		return NULL;
	}
	loop_timer_set(t->timer, o->snapshot->config->dns.timeout * 1000);
	return t;
}

struct tlsa_search *tlsa_search_server(struct outside *o, const char *domain, const char *host,
				       uint16_t port, tlsa_search_fn fn, void *context)
{
	struct tlsa_search *t = new_search(o, domain, fn, context);

	if (!t)
		return NULL;
	add_server(t, host, port);
	settle(t);
	return t;
}

struct tlsa_search *tlsa_search_domain(struct outside *o, const char *domain, tlsa_search_fn fn,
				       void *context)
{
	struct tlsa_search *t = new_search(o, domain, fn, context);
	char name[NAME_SIZE];
	size_t i;

	for (i = 0; t && i < SERVICES && !jid_is_address(domain); i++) {
		struct service *s = &t->services[i];
		s->search = t;
		snprintf(name, sizeof(name), "%s.%s", service_names[i], domain);
		s->query = resolver_srv(o->resolver, name, on_srv, s);
		if (!s->query)
			note_failure(t, &t->unsearched, FAIL_NO_MEMORY, "");
	}
	if (t)
		settle(t);
	return t;
}

void tlsa_search_free(struct tlsa_search *t)
{
	if (!t)
		return;
	cancel(t);
	loop_task_cancel(t->o->loop, &t->task);
	loop_timer_free(t->timer);
	free(t);
}

bool tlsa_search_is_done(const struct tlsa_search *t)
{
	return t->done;
}

bool tlsa_search_found(const struct tlsa_search *t)
{
	return t->record_count > 0;
}

/* Records that could not be had may be those that would have fitted, or forbidden. */
void tlsa_search_compare(struct tlsa_search *t, const struct dane_chain *chain)
{
	enum fail fail = t->failed ? t->failed : t->reached ? FAIL_NONE : t->unreached;

	t->facts.result = dane_compare(t->records, t->record_count, chain);
	if (!t->facts.fail && t->facts.result.match <= DANE_MISMATCH)
		t->facts.fail = t->secure ? fail : FAIL_NONE;
}

const struct dane_facts *tlsa_search_facts(const struct tlsa_search *t)
{
	return t->secure || t->facts.fail ? &t->facts : NULL;
}

const char *tlsa_search_reason(const struct tlsa_search *t)
{
	return t->reason;
}
