#include <string.h>

#include "dns_int.h"
#include "report_int.h"
#include "xmpp/jid.h"

#define LABEL 17
#define RECORDS_SHOWN 32

struct answer {
	char domain[JID_DOMAIN_SIZE];
	const struct partner *partner;
	struct dns_view view;
};

/* Why it is these, or why there are none. */
static const char *by_text(const struct dns_view *v)
{
	if (v->fail)
		return fail_info(v->fail)->text;
	switch (v->targets.by) {
	case TARGETS_BY_PROXY:
		return "as proxy-fqdn says; DNS is not asked for SRV records";
	case TARGETS_BY_ADDRESS:
		return "the domain is an address";
	case TARGETS_BY_SRV:
		return "by the SRV records";
	case TARGETS_BY_DOMAIN:
		return "there are no SRV records: the domain's own addresses";
	}
	return "";
}

/* Is the order of two of the same priority a matter of chance? */
static bool is_drawn(const struct dns_view *v)
{
	size_t i;

	for (i = 1; i < v->targets.count; i++)
		if (v->targets.items[i].priority == v->targets.items[i - 1].priority &&
		    v->targets.by == TARGETS_BY_SRV)
			return true;
	return false;
}

static const char *skipped_text(const struct partner *p)
{
	return p->row->tls == TRI_NOT_SUPPORTED ? "not looked up: tls is not-supported"
						: "not looked up: direct-tls is never";
}

/* ---- text ---- */

static void label(struct buf *out, const char *name)
{
	buf_addf(out, "  %-*s", LABEL, name);
}

static void line(struct buf *out, const char *name, const char *text)
{
	label(out, name);
	report_wrapped(text, LABEL + 2, LABEL + 2, out);
	buf_addc(out, '\n');
}

static void print_host(const char *host, uint16_t port, struct buf *out)
{
	bool bare = host[0] != '[' && strchr(host, ':');

	buf_addf(out, "%s%s%s:%u", bare ? "[" : "", host, bare ? "]" : "", port);
}

static void print_fail(enum fail fail, const char *reason, struct buf *out)
{
	buf_addf(out, "%s%s%s%s", fail_str(fail), *reason ? " (" : "", reason, *reason ? ")" : "");
}

static void print_service(const struct answer *a, size_t which, struct buf *out)
{
	const struct dns_service *s = &a->view.services[which];
	size_t i;

	label(out, dns_service_names[which]);
	if (!s->asked) {
		buf_addf(out, "%s\n", skipped_text(a->partner));
		return;
	}
	if (s->answer.fail) {
		print_fail(s->answer.fail, s->reason, out);
		buf_addf(out, "%s\n", s->answer.secure ? ", proven by DNSSEC" : "");
		return;
	}
	report_count(s->answer.count, "record", out);
	buf_addf(out, ", kept for %u s%s\n", s->ttl, s->answer.secure ? ", proven by DNSSEC" : "");
	for (i = 0; i < s->answer.count && i < RECORDS_SHOWN; i++) {
		const struct srv *r = &s->records[i];
		label(out, "");
		buf_addf(out, "%u %u %u %s\n", r->priority, r->weight, r->port,
			 *r->target ? r->target : ". (not offered)");
	}
	if (i < s->answer.count) {
		label(out, "");
		buf_addf(out, "and %zu more\n", s->answer.count - i);
	}
}

static void print_tlsa(const struct dns_tlsa *tlsa, struct buf *out)
{
	if (!tlsa->asked)
		return;
	buf_adds(out, "       TLSA: ");
	if (tlsa->fail)
		print_fail(tlsa->fail, tlsa->reason, out);
	else
		report_count(tlsa->count, "record", out);
	buf_addf(out, "%s\n", tlsa->secure ? ", proven by DNSSEC" : "");
}

static void print_addresses(const struct dns_host *host, struct buf *out)
{
	char text[NET_ADDRESS_TEXT];
	size_t i;

	if (host->fail) {
		buf_adds(out, "       ");
		print_fail(host->fail, host->reason, out);
		buf_addc(out, '\n');
	}
	for (i = 0; i < host->count; i++) {
		const struct dns_address *a = &host->addresses[i];
		buf_addf(out, "       %s", net_address_str(&a->address, text));
		if (a->refused)
			buf_addf(out, "  left out: %s", fail_str(a->refused));
		buf_addf(out, "%s\n", host->secure && host->ttl ? "  proven by DNSSEC" : "");
	}
	print_tlsa(&host->tlsa, out);
}

static void print_targets(const struct answer *a, struct buf *out)
{
	const struct dns_view *v = &a->view;
	size_t i;

	for (i = 0; i < v->targets.count; i++) {
		const struct srv *target = &v->targets.items[i];
		buf_addf(out, "  %2zu. ", i + 1);
		print_host(target->target, target->port, out);
		buf_addf(out, "  %s",
			 target->direct_tls			     ? "direct TLS"
			 : a->partner->row->tls == TRI_NOT_SUPPORTED ? "in clear"
								     : "STARTTLS");
		if (v->targets.by == TARGETS_BY_SRV)
			buf_addf(out, ", priority %u, weight %u", target->priority, target->weight);
		buf_addc(out, '\n');
		print_addresses(&v->hosts[i], out);
	}
}

static int print_text(const struct answer *a)
{
	const struct partner *p = a->partner;
	struct buf out;
	size_t i;

	buf_init(&out, REPORT_MAX);
	buf_addf(&out, "%s\n", a->domain);
	label(&out, "partner");
	buf_addf(&out, "%s (%s:%d:%d)\n", p->domain, p->file, p->line, p->column);
	label(&out, "row");
	buf_addf(&out, "%d (tls: %s, sasl: %s, dialback: %s)\n", p->row->number,
		 tri_str(p->row->tls), tri_str(p->row->sasl), p->row->dialback ? "true" : "false");
	line(&out, "direct-tls", direct_tls_str(p->direct_tls));
	if (a->view.fail || a->view.targets.by == TARGETS_BY_SRV ||
	    a->view.targets.by == TARGETS_BY_DOMAIN)
		for (i = 0; i < DNS_SERVICES; i++)
			print_service(a, i, &out);
	line(&out, a->view.fail ? "not dialled" : "dialled", by_text(&a->view));
	print_targets(a, &out);
	if (is_drawn(&a->view))
		line(&out, "order",
		     "targets of one priority are drawn by their weight, each time anew");
	return command_write(&out);
}

/* ---- JSON ---- */

static json_t *json_fail(enum fail fail)
{
	return fail ? report_json_string(fail_str(fail)) : json_null();
}

static json_t *json_record(const struct srv *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "priority", json_integer(r->priority));
	json_object_set_new(o, "weight", json_integer(r->weight));
	json_object_set_new(o, "port", json_integer(r->port));
	json_object_set_new(o, "target", report_json_string(*r->target ? r->target : "."));
	return o;
}

static json_t *json_service(const struct dns_service *s, const char *name)
{
	json_t *o = json_object(), *records = json_array();
	size_t i;

	for (i = 0; i < s->answer.count; i++)
		json_array_append_new(records, json_record(&s->records[i]));
	json_object_set_new(o, "service", report_json_string(name));
	json_object_set_new(o, "asked", json_boolean(s->asked));
	json_object_set_new(o, "fail", json_fail(s->answer.fail));
	json_object_set_new(o, "reason", *s->reason ? report_json_string(s->reason) : json_null());
	json_object_set_new(o, "ttl", json_integer(s->ttl));
	json_object_set_new(o, "secure", json_boolean(s->answer.secure));
	json_object_set_new(o, "records", records);
	return o;
}

static json_t *json_tlsa(const struct dns_tlsa *tlsa)
{
	json_t *o;

	if (!tlsa->asked)
		return json_null();
	o = json_object();
	json_object_set_new(o, "fail", json_fail(tlsa->fail));
	json_object_set_new(o, "secure", json_boolean(tlsa->secure));
	json_object_set_new(o, "records", json_integer((json_int_t)tlsa->count));
	return o;
}

static json_t *json_target(const struct srv *target, const struct dns_host *host)
{
	json_t *o = json_record(target), *addresses = json_array();
	char text[NET_ADDRESS_TEXT];
	size_t i;

	for (i = 0; i < host->count; i++) {
		json_t *a = json_object();
		net_address_str(&host->addresses[i].address, text);
		json_object_set_new(a, "address", report_json_string(text));
		json_object_set_new(a, "left-out", json_fail(host->addresses[i].refused));
		json_array_append_new(addresses, a);
	}
	json_object_set_new(o, "direct-tls", json_boolean(target->direct_tls));
	json_object_set_new(o, "fail", json_fail(host->fail));
	json_object_set_new(o, "ttl", json_integer(host->ttl));
	json_object_set_new(o, "secure", json_boolean(host->secure));
	json_object_set_new(o, "tlsa", json_tlsa(&host->tlsa));
	json_object_set_new(o, "addresses", addresses);
	return o;
}

static int print_json(const struct answer *a)
{
	const struct dns_view *v = &a->view;
	json_t *o = json_object(), *services = json_array(), *targets = json_array();
	size_t i;

	for (i = 0; i < DNS_SERVICES; i++)
		json_array_append_new(services,
				      json_service(&v->services[i], dns_service_names[i]));
	for (i = 0; i < v->targets.count; i++)
		json_array_append_new(targets, json_target(&v->targets.items[i], &v->hosts[i]));
	json_object_set_new(o, "domain", report_json_string(a->domain));
	json_object_set_new(o, "partner", report_json_string(a->partner->domain));
	json_object_set_new(o, "row", json_integer(a->partner->row->number));
	json_object_set_new(o, "direct-tls",
			    report_json_string(direct_tls_str(a->partner->direct_tls)));
	json_object_set_new(o, "services", services);
	json_object_set_new(o, "fail", json_fail(v->fail));
	json_object_set_new(
		o, "by", v->fail ? json_null() : report_json_string(targets_by_str(v->targets.by)));
	json_object_set_new(o, "drawn", json_boolean(is_drawn(v)));
	json_object_set_new(o, "targets", targets);
	return report_json_write(o);
}

/* ---- the command ---- */

static int show(const struct config *c, struct answer *a, bool json)
{
	char error[RESOLVER_ERROR_SIZE] = "";
	int status;

	if (!dns_ask(c, a->partner, a->domain, &a->view, error)) {
		fprintf(stderr, "fedgatectl: %s\n", error);
		return COMMAND_FAILED;
	}
	status = json ? print_json(a) : print_text(a);
	if (status == COMMAND_OK && !dns_view_is_reachable(&a->view))
		status = COMMAND_FAILED;
	dns_view_fini(&a->view);
	return status;
}

static int refuse(const struct config *c, const char *domain)
{
	fprintf(stderr, "fedgatectl: %s is %s, and never dialled\n", domain,
		policy_local(&c->policy, domain) ? "a local domain" : "not a partner's domain");
	return COMMAND_FAILED;
}

int command_dns(const struct command_options *options)
{
	const char *text = options->arguments[0];
	struct answer a;
	struct diags diags;
	struct config *c;
	int status;

	memset(&a, 0, sizeof(a));
	if (jid_domain(text, strlen(text), a.domain)) {
		fprintf(stderr, "fedgatectl: `%s` is not a domain\n", text);
		return COMMAND_USAGE;
	}
	diags_init(&diags);
	if (command_load(options->config, &c, &diags)) {
		command_print_diags(&diags, stderr);
		diags_fini(&diags);
		return COMMAND_FAILED;
	}
	diags_fini(&diags);
	if (!policy_local(&c->policy, a.domain))
		a.partner = policy_partner(&c->policy, a.domain, NULL, NULL);
	status = a.partner ? show(c, &a, options->json) : refuse(c, a.domain);
	config_free(c);
	return status;
}
