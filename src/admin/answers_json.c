#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answers_int.h"
#include "base/mem.h"
#include "report_int.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static void set_int(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void set_str(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, report_json_string(value));
}

/* "" = null */
static void set_known(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, *value ? report_json_string(value) : json_null());
}

static const char *direction(enum negotiation_role role)
{
	return role == ROLE_RECEIVING ? "in" : "out";
}

/* ---- streams ---- */

static int compare_streams(const void *x, const void *y)
{
	const struct gateway_stream *a = *(const struct gateway_stream *const *)x;
	const struct gateway_stream *b = *(const struct gateway_stream *const *)y;
	int rc = strcmp(a->remote, b->remote);

	if (!rc)
		rc = strcmp(a->local, b->local);
	if (!rc)
		rc = (a->role == ROLE_RECEIVING) - (b->role == ROLE_RECEIVING);
	return rc ? rc : (a->id > b->id) - (a->id < b->id);
}

static json_t *json_stream(const struct gateway_stream *s)
{
	json_t *o = json_object();
	char id[20];

	snprintf(id, sizeof(id), "%llx", (unsigned long long)s->id); /* as the log has it */
	set_str(o, "id", id);
	set_int(o, "worker", s->worker);
	set_str(o, "direction", direction(s->role));
	set_known(o, "remote", s->remote);
	set_known(o, "local", s->local);
	set_str(o, "address", s->address);
	set_str(o, "state", negotiation_state_str(s->state));
	json_object_set_new(o, "verify-only", json_boolean(s->verify_only));
	json_object_set_new(o, "row", s->row ? json_integer(s->row) : json_null());
	json_object_set_new(o, "method",
			    s->method == METHOD_NONE ? json_null()
						     : report_json_string(method_str(s->method)));
	set_known(o, "tls", s->tls_version);
	json_object_set_new(o, "direct-tls", json_boolean(s->direct_tls));
	set_known(o, "cipher", s->cipher);
	set_int(o, "age-ms", s->age_ms);
	set_int(o, "negotiation-ms", s->negotiation_ms);
	set_int(o, "stanzas", s->stanzas);
	set_int(o, "waiting", s->waiting);
	return o;
}

/* Those with REMOTE; all of them where it is NULL. */
static json_t *json_streams(const struct gateway_report *report, const char *remote)
{
	const struct gateway_stream **sorted =
		mem_new((report->stream_count + 1) * sizeof(*sorted));
	json_t *list = json_array();
	size_t i, n = 0;

	for (i = 0; i < report->stream_count; i++)
		if (!remote || !strcmp(report->streams[i].remote, remote))
			sorted[n++] = &report->streams[i];
	qsort(sorted, n, sizeof(*sorted), compare_streams);
	for (i = 0; i < n; i++)
		json_array_append_new(list, json_stream(sorted[i]));
	free(sorted);
	return list;
}

json_t *answers_streams(const struct gateway_report *report)
{
	return json_streams(report, NULL);
}

/* ---- status ---- */

/* A key for each method, and "negotiating", "total". */
static json_t *count_streams(const struct gateway_report *report, enum negotiation_role role)
{
	uint64_t by[METHOD_COUNT] = { 0 }, verifying = 0, total = 0;
	json_t *o = json_object();
	size_t i;
	int m;

	for (i = 0; i < report->stream_count; i++) {
		const struct gateway_stream *s = &report->streams[i];
		if (s->role != role)
			continue;
		total++;
		if (s->verify_only)
			verifying++;
		else
			by[s->method]++;
	}
	for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++)
		set_int(o, method_str((enum method)m), by[m]);
	set_int(o, "verifying", verifying);
	set_int(o, "negotiating", by[METHOD_NONE]);
	set_int(o, "total", total);
	return o;
}

static json_t *json_queues(const struct gateway_report *report)
{
	uint64_t stanzas = 0, bytes = 0, waiting = 0, dialling = 0, delayed = 0;
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < report->route_count; i++) {
		const struct gateway_route *r = &report->routes[i];
		stanzas += r->queued;
		bytes += r->queued_bytes;
		waiting += r->queued > 0;
		dialling += r->dialling;
		delayed += r->retry_ms > 0;
	}
	set_int(o, "routes", report->route_count);
	set_int(o, "routes-with-stanzas", waiting);
	set_int(o, "stanzas", stanzas);
	set_int(o, "bytes", bytes);
	set_int(o, "dialling", dialling);
	set_int(o, "waiting-to-retry", delayed);
	return o;
}

static json_t *json_link(const struct gateway_link *l)
{
	json_t *o = json_object();

	set_str(o, "domain", l->domain);
	json_object_set_new(o, "inside", *l->inside ? report_json_string(l->inside) : json_null());
	json_object_set_new(o, "attached", json_boolean(l->attached));
	set_int(o, "stanzas-in", l->stanzas_in);
	set_int(o, "stanzas-out", l->stanzas_out);
	set_int(o, "held", l->held);
	set_int(o, "waiting", l->waiting);
	return o;
}

static json_t *json_links(const struct gateway_report *report, const char *domain)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < report->link_count; i++)
		if (!domain || !strcmp(report->links[i].domain, domain))
			json_array_append_new(list, json_link(&report->links[i]));
	return list;
}

static json_t *json_counters(const struct gateway_counters *c)
{
	json_t *o = json_object();

	set_int(o, "accepted", c->accepted);
	set_int(o, "refused", c->refused);
	set_int(o, "opened", c->opened);
	set_int(o, "failed", c->failed);
	set_int(o, "sasl-refused", c->sasl_refused);
	set_int(o, "sasl-refused-usage", c->sasl_refused_usage);
	set_int(o, "in", c->in);
	set_int(o, "out", c->out);
	set_int(o, "delivered-in", c->delivered_in);
	set_int(o, "delivered-out", c->delivered_out);
	set_int(o, "answered", c->answered);
	set_int(o, "bounced", c->bounced);
	set_int(o, "dropped", c->dropped);
	return o;
}

/*
 * What came and neither was delivered, dropped, nor waits: other than 0 only while stanzas are on their way. An answer of our
 * own, or a stanza returned, takes the place of the one that it is about.
 */
static json_int_t unaccounted(const struct gateway_report *report)
{
	const struct gateway_counters *c = &report->counters;
	uint64_t gone = c->delivered_in + c->delivered_out + c->dropped;
	size_t i;

	for (i = 0; i < report->route_count; i++)
		gone += report->routes[i].queued;
	for (i = 0; i < report->link_count; i++)
		gone += report->links[i].held;
	return (json_int_t)(c->in + c->out - gone);
}

json_t *answers_status(const struct answers *a, const struct gateway_report *report)
{
	const struct config *config = gateway_config(a->gateway);
	json_t *o = json_object(), *streams = json_object();

	json_object_set_new(streams, "in", count_streams(report, ROLE_RECEIVING));
	json_object_set_new(streams, "out", count_streams(report, ROLE_INITIATING));
	set_str(o, "version", PACKAGE_VERSION);
	set_int(o, "pid", (uint64_t)getpid());
	set_int(o, "uptime-ms", report->uptime_ms);
	set_int(o, "workers", gateway_workers(a->gateway));
	set_str(o, "config", a->config);
	set_int(o, "domains", config->domain_count);
	set_int(o, "partners", config->partner_count);
	json_object_set_new(o, "streams", streams);
	json_object_set_new(o, "queues", json_queues(report));
	json_object_set_new(o, "links", json_links(report, NULL));
	json_object_set_new(o, "counters", json_counters(&report->counters));
	json_object_set_new(o, "unaccounted", json_integer(unaccounted(report)));
	return o;
}

/* ---- explain ---- */

static json_t *json_attempt(const struct answers *a, const char *domain, enum negotiation_role role)
{
	struct attempt at;
	json_t *o;

	if (!gateway_last(a->gateway, domain, role, &at))
		return json_null();
	o = json_object();
	set_int(o, "at", (uint64_t)at.at);
	set_int(o, "took-ms", at.took_ms);
	json_object_set_new(o, "opened", json_boolean(at.fail == FAIL_NONE));
	json_object_set_new(o, "method",
			    at.method == METHOD_NONE ? json_null()
						     : report_json_string(method_str(at.method)));
	json_object_set_new(o, "failure",
			    at.fail ? report_json_string(fail_str(at.fail)) : json_null());
	json_object_set_new(o, "text",
			    at.fail ? report_json_string(fail_info(at.fail)->text) : json_null());
	set_known(o, "local", at.local);
	json_object_set_new(o, "row", at.row ? json_integer(at.row) : json_null());
	set_known(o, "address", at.address);
	set_known(o, "tls", at.tls_version);
	set_known(o, "cipher", at.cipher);
	/* the peer's, where it was judged */
	set_known(o, "certificate",
		  !*at.tls_version ? ""
		  : at.certificate ? fail_str(at.certificate)
				   : "valid");
	set_known(o, "dane", at.dane);
	set_known(o, "certificate-error", at.certificate_error);
	json_object_set_new(o, "sasl-refused", json_boolean(at.external_refused));
	json_object_set_new(o, "sasl-refused-usage", json_boolean(at.lacks_client_usage));
	set_known(o, "peer-error", at.peer_error);
	set_known(o, "detail", at.detail);
	return o;
}

static json_t *json_routes(const struct gateway_report *report, const char *remote)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < report->route_count; i++) {
		const struct gateway_route *r = &report->routes[i];
		json_t *o;
		if (strcmp(r->remote, remote))
			continue;
		o = json_object();
		set_str(o, "local", r->local);
		set_int(o, "stanzas", r->queued);
		set_int(o, "bytes", r->queued_bytes);
		json_object_set_new(o, "dialling", json_boolean(r->dialling));
		set_int(o, "retry-ms", r->retry_ms);
		json_object_set_new(o, "failure",
				    r->fail ? report_json_string(fail_str(r->fail)) : json_null());
		json_array_append_new(list, o);
	}
	return list;
}

json_t *answers_explain(const struct answers *a, const char *domain,
			const struct gateway_report *report)
{
	const struct policy *policy = &gateway_config(a->gateway)->policy;
	bool local = policy_local(policy, domain) != NULL;
	const struct partner *p = local ? NULL : policy_partner(policy, domain, NULL, NULL);
	json_t *o = json_object(), *last = json_object();

	json_object_set_new(last, "out", json_attempt(a, domain, ROLE_INITIATING));
	json_object_set_new(last, "in", json_attempt(a, domain, ROLE_RECEIVING));
	set_str(o, "domain", domain);
	set_str(o, "kind", local ? "local" : p ? "partner" : "refused");
	json_object_set_new(o, "row", p ? json_integer(p->row->number) : json_null());
	json_object_set_new(o, "last", last);
	json_object_set_new(o, "streams", json_streams(report, domain));
	json_object_set_new(o, "routes", json_routes(report, domain));
	json_object_set_new(o, "links", json_links(report, domain));
	return o;
}
