#include "fake_gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/* Two partners and a domain, as config/load would give them. */
static void make_policy(struct policy *p)
{
	p->partners = mem_new(2 * sizeof(*p->partners));
	p->partner_count = 2;
	p->partners[0].domain = mem_strdup("partner.example");
	p->partners[0].row = matrix_row_number(7);
	p->partners[0].file = mem_strdup("fedgate.yml");
	p->partners[1].domain = mem_strdup("example.org");
	p->partners[1].row = matrix_row_number(8);
	p->partners[1].file = mem_strdup("fedgate.yml");
	p->locals = mem_new(sizeof(*p->locals));
	p->local_count = 1;
	p->locals[0].domain = mem_strdup("chat.example.com");
	policy_finish(p);
}

static void answer_task(void *context)
{
	fake_gateway_answer(context);
}

void fake_gateway_init(struct gateway *g, enum fake_kind kind, struct loop *loop)
{
	memset(g, 0, sizeof(*g));
	g->kind = kind;
	g->loop = loop;
	g->config.domain_count = 1;
	g->config.partner_count = 2;
	make_policy(&g->config.policy);
	loop_task_init(&g->task, answer_task, g);
}

void fake_gateway_fini(struct gateway *g)
{
	if (g->loop)
		loop_task_cancel(g->loop, &g->task);
	policy_fini(&g->config.policy);
}

/* ---- what it reports ---- */

#define MINUTE 60000ull

static const struct gateway_stream small_streams[] = {
	{ .id = 2,
	  .role = ROLE_RECEIVING,
	  .state = NEGOTIATION_OPEN,
	  .local = "a.example",
	  .remote = "b.example",
	  .address = "192.0.2.7:40000",
	  .row = 7,
	  .method = METHOD_SASL_TLS,
	  .tls_version = "TLSv1.3",
	  .cipher = "TLS_AES_256_GCM_SHA384",
	  .age_ms = 61000,
	  .negotiation_ms = 12,
	  .stanzas = 3 },
	{ .id = 1,
	  .role = ROLE_INITIATING,
	  .state = NEGOTIATION_OPEN,
	  .local = "a.example",
	  .remote = "b.example",
	  .address = "192.0.2.7:5269",
	  .row = 7,
	  .method = METHOD_TCP_DIALBACK,
	  .age_ms = 999,
	  .negotiation_ms = 3,
	  .stanzas = 1 },
};

static const struct gateway_stream busy_streams[] = {
	{ .id = 0x1000000000005,
	  .worker = 1,
	  .role = ROLE_RECEIVING,
	  .state = NEGOTIATION_OPEN,
	  .local = "chat.example.com",
	  .remote = "a-rather-long-name-of-a-department.partner.example",
	  .address = "[2001:db8::1]:40000",
	  .row = 8,
	  .method = METHOD_TLS_DIALBACK,
	  .tls_version = "TLSv1.2",
	  .cipher = "ECDHE-RSA-AES256-GCM-SHA384",
	  .age_ms = 26 * 60 * MINUTE,
	  .negotiation_ms = 40,
	  .stanzas = 1234567890,
	  .waiting = 100000 },
	{ .id = 0x1000000000009,
	  .worker = 1,
	  .role = ROLE_RECEIVING,
	  .state = NEGOTIATION_HEADER,
	  .address = "192.0.2.66:1025",
	  .age_ms = 7000 },
	{ .id = 0x6,
	  .role = ROLE_INITIATING,
	  .state = NEGOTIATION_TLS,
	  .local = "chat.example.com",
	  .remote = "partner.example",
	  .address = "192.0.2.7:5269",
	  .row = 7,
	  .age_ms = 100 },
	{ .id = 0x8,
	  .role = ROLE_INITIATING,
	  .state = NEGOTIATION_READY,
	  .verify_only = true,
	  .local = "chat.example.com",
	  .remote = "partner.example",
	  .address = "192.0.2.7:5269",
	  .row = 7,
	  .tls_version = "TLSv1.3",
	  .cipher = "TLS_CHACHA20_POLY1305_SHA256",
	  .age_ms = 3 * 60 * MINUTE + 5 * MINUTE },
	{ .id = 0x2,
	  .role = ROLE_INITIATING,
	  .state = NEGOTIATION_OPEN,
	  .local = "chat.example.com",
	  .remote = "partner.example",
	  .address = "192.0.2.7:5269",
	  .row = 7,
	  .method = METHOD_SASL_TLS,
	  .tls_version = "TLSv1.3",
	  .cipher = "TLS_AES_128_GCM_SHA256",
	  .age_ms = 5 * MINUTE + 4000,
	  .stanzas = 9 },
};

static const struct gateway_route busy_routes[] = {
	{ .local = "chat.example.com", .remote = "partner.example", .stream = 2 },
	{ .local = "chat.example.com",
	  .remote = "example.org",
	  .queued = 3,
	  .queued_bytes = 700,
	  .retry_ms = 4100,
	  .fail = FAIL_TLS_NOT_OFFERED },
	{ .local = "chat.example.com",
	  .remote = "other.example",
	  .queued = 1,
	  .queued_bytes = 99,
	  .dialling = true },
};

static const struct gateway_link busy_links[] = {
	{ .domain = "chat.example.com",
	  .inside = "chat",
	  .attached = true,
	  .stanzas_in = 90,
	  .stanzas_out = 80,
	  .waiting = 5 },
	{ .domain = "rooms.chat.example.com", .inside = "rooms", .held = 2 },
	{ .domain = "example.com" },
};

static const struct gateway_counters busy_counters = {
	.accepted = 11,
	.refused = 1,
	.opened = 9,
	.failed = 3,
	.sasl_refused = 2,
	.sasl_refused_usage = 1,
	.in = 100,
	.out = 80,
	.delivered_in = 94,
	.delivered_out = 75,
	.answered = 5,
	.bounced = 4,
	.dropped = 3, /* and 6 wait: 2 are not to be found */
};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void fill(enum fake_kind kind, struct gateway_report *r)
{
	memset(r, 0, sizeof(*r));
	r->uptime_ms = 59999;
	if (kind == FAKE_SMALL) {
		r->streams = (struct gateway_stream *)small_streams;
		r->stream_count = COUNT(small_streams);
	} else if (kind == FAKE_BUSY) {
		r->uptime_ms = 49 * 60 * MINUTE;
		r->streams = (struct gateway_stream *)busy_streams;
		r->stream_count = COUNT(busy_streams);
		r->routes = (struct gateway_route *)busy_routes;
		r->route_count = COUNT(busy_routes);
		r->links = (struct gateway_link *)busy_links;
		r->link_count = COUNT(busy_links);
		r->counters = busy_counters;
	}
}

void fake_gateway_answer(struct gateway *g)
{
	gateway_report_fn fn = g->fn;
	struct gateway_report report;

	fill(g->kind, &report);
	g->fn = NULL;
	if (fn)
		fn(g->context, &report);
}

void gateway_report(struct gateway *g, gateway_report_fn fn, void *context)
{
	g->fn = fn;
	g->context = context;
	g->asked++;
	if (g->loop)
		loop_task_queue(g->loop, &g->task);
}

bool gateway_last(struct gateway *g, const char *remote, enum negotiation_role role,
		  struct attempt *out)
{
	memset(out, 0, sizeof(*out));
	if (g->kind != FAKE_BUSY)
		return false;
	snprintf(out->local, sizeof(out->local), "chat.example.com");
	out->role = role;
	out->at = clock_wall() - 65;
	out->took_ms = 12;
	snprintf(out->address, sizeof(out->address), "192.0.2.7:5269");
	if (!strcmp(remote, "partner.example") && role == ROLE_INITIATING) {
		out->row = 7;
		out->method = METHOD_SASL_TLS;
		snprintf(out->tls_version, sizeof(out->tls_version), "TLSv1.3");
		snprintf(out->cipher, sizeof(out->cipher), "TLS_AES_128_GCM_SHA256");
		return true;
	}
	if (!strcmp(remote, "example.org") && role == ROLE_RECEIVING) {
		out->row = 8;
		out->fail = out->certificate = FAIL_CERT_PURPOSE;
		snprintf(out->tls_version, sizeof(out->tls_version), "TLSv1.3");
		snprintf(out->cipher, sizeof(out->cipher), "TLS_AES_128_GCM_SHA256");
		snprintf(out->certificate_error, sizeof(out->certificate_error),
			 "the partner's certificate may only identify clients");
		return true;
	}
	if (!strcmp(remote, "example.org")) {
		out->external_refused = out->lacks_client_usage = true;
		out->row = 8;
		out->fail = FAIL_TLS_NOT_OFFERED;
		snprintf(out->peer_error, sizeof(out->peer_error), "policy-violation");
		snprintf(out->detail, sizeof(out->detail), "what\x1b[31m a \xc2\x9bpeer said");
		return true;
	}
	return false;
}

const struct config *gateway_config(const struct gateway *g)
{
	return &g->config;
}

unsigned gateway_workers(const struct gateway *g)
{
	return g->kind == FAKE_BUSY ? 2 : 1;
}

/* It remembers nothing of anybody. */
struct keeper *gateway_keeper(const struct gateway *g)
{
	(void)g;
	return NULL;
}

bool gateway_certificate(const struct gateway *g, const char *domain, size_t index,
			 struct cert_leaf *leaf, char names[CERT_NAMES_TEXT])
{
	(void)g;
	(void)index;
	(void)domain;
	(void)leaf;
	(void)names;
	return false;
}

void gateway_log(struct gateway *g, const struct log_line *line)
{
	(void)g;
	(void)line;
}

const struct trust_entry *keeper_find(const struct keeper *k, const char *domain)
{
	(void)k;
	(void)domain;
	return NULL;
}

void keeper_each(const struct keeper *k, void (*fn)(void *context, const struct trust_entry *entry),
		 void *context)
{
	(void)k;
	(void)fn;
	(void)context;
}

int keeper_accept(struct keeper *k, const char *domain, const char *key)
{
	(void)k;
	(void)domain;
	(void)key;
	return -FAIL_INVALID_ARGUMENT;
}

bool keeper_forget(struct keeper *k, const char *domain)
{
	(void)k;
	(void)domain;
	return false;
}
