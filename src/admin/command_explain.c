#include <string.h>

#include "base/clock.h"
#include "config/value.h"
#include "explain_int.h"
#include "policy/targets.h"
#include "remote_int.h"
#include "xmpp/jid.h"

/* What is to be said of one domain. */
struct answer {
	char domain[JID_DOMAIN_SIZE];
	const struct config_domain *local;     /* NULL = it is not ours */
	const struct partner *partner;	       /* NULL = refused, or ours */
	const struct config_partner *settings; /* the partner's, as written */
	enum partner_match match;
	const char *pattern;
	struct place pattern_at;
	bool dnssec; /* answers of DNS are validated */
	const struct diags *diags;
	json_t *daemon; /* what the running one says; NULL = none runs */
};

static const char *kind_of(const struct answer *a)
{
	return a->local ? "local" : a->partner ? "partner" : "refused";
}

static bool concerns(const struct answer *a, const struct diag *diag)
{
	return a->partner && diag->subject && !strcmp(diag->subject, a->partner->domain);
}

static enum partner_dane dane_of(const struct answer *a)
{
	return a->dnssec ? a->partner->dane : PARTNER_DANE_OFF;
}

/* ---- JSON ---- */

static void json_place(json_t *o, const char *file, int line, int column)
{
	json_object_set_new(o, "file", report_json_string(file));
	json_object_set_new(o, "line", json_integer(line));
	json_object_set_new(o, "column", json_integer(column));
}

static void json_partner(json_t *o, const struct answer *a)
{
	const struct partner *p = a->partner;
	json_t *warnings = json_array();
	size_t i;

	for (i = 0; i < a->diags->count; i++)
		if (concerns(a, &a->diags->items[i]))
			json_array_append_new(warnings, report_json_diag(&a->diags->items[i]));
	json_object_set_new(o, "partner", report_json_string(p->domain));
	json_object_set_new(o, "selected-by", report_json_string(partner_match_str(a->match)));
	json_object_set_new(o, "pattern", report_json_string(a->pattern));
	json_object_set_new(o, "pattern-line", json_integer(a->pattern_at.line));
	json_object_set_new(o, "pattern-column", json_integer(a->pattern_at.column));
	json_place(o, p->file, p->line, p->column);
	json_object_update_new(o, report_json_row(p->row));
	json_object_set_new(o, "floor", report_json_string(method_str(row_floor(p->row))));
	json_object_set_new(o, "certificate-check",
			    report_json_string(p->strict ? "strict" : "lenient"));
	json_object_set_new(o, "pin", report_json_string(pin_mode_str(p->pin)));
	json_object_set_new(o, "ratchet", json_boolean(p->ratchet));
	json_object_set_new(o, "dane", report_json_string(partner_dane_str(dane_of(a))));
	json_object_set_new(o, "proxy-fqdn",
			    p->proxy_fqdn ? report_json_string(p->proxy_fqdn) : json_null());
	json_object_set_new(o, "proxy-port",
			    p->proxy_fqdn ? json_integer(p->proxy_port) : json_null());
	json_object_set_new(o, "proxy-direct-tls", json_boolean(p->proxy_fqdn && p->proxy_tls));
	json_object_set_new(o, "direct-tls", report_json_string(direct_tls_str(p->direct_tls)));
	json_object_set_new(o, "description",
			    p->description ? report_json_string(p->description) : json_null());
	json_object_set_new(o, "diagnostics", warnings);
}

static int print_json(const struct answer *a)
{
	json_t *o = json_object();

	json_object_set_new(o, "domain", report_json_string(a->domain));
	json_object_set_new(o, "kind", report_json_string(kind_of(a)));
	json_object_set_new(o, "allowed", json_boolean(a->partner != NULL));
	if (a->local) {
		const struct place *at = &a->local->base.at;
		json_place(o, at->file, at->line, at->column);
		json_object_set_new(o, "certificate",
				    json_boolean(a->local->certificate.count > 0));
	} else if (a->partner) {
		json_partner(o, a);
	}
	json_object_set_new(o, "daemon", a->daemon ? json_incref(a->daemon) : json_null());
	return report_json_write(o);
}

/* ---- text ---- */

#define LABEL EXPLAIN_LABEL

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

static const char *floor_text(const struct partner *p)
{
	switch (row_floor(p->row)) {
	case METHOD_SASL_TLS:
		return "nothing less: the partner must prove its certificate";
	case METHOD_TLS_DIALBACK:
		if (p->strict)
			return "encrypted, and only with a valid certificate of the partner";
		return "encrypted, but whoever controls the partner's DNS or the way to its "
		       "servers can pose as it";
	case METHOD_TCP_DIALBACK:
		return "in clear: whoever controls the network can read and change everything and "
		       "pose as the partner";
	case METHOD_NONE:
	case METHOD_COUNT:
		break;
	}
	return "";
}

static void print_row(const struct partner *p, struct buf *out)
{
	const struct row *row = p->row;

	label(out, "row");
	buf_addf(out, "%d (tls: %s, sasl: %s, dialback: %s)\n", row->number, tri_str(row->tls),
		 tri_str(row->sasl), row->dialback ? "true" : "false");
	label(out, "methods");
	report_methods(row, out);
	buf_addc(out, '\n');
	label(out, "under attack");
	buf_addf(out, "%s\n", method_str(row_floor(row)));
	line(out, "", floor_text(p));
}

static void print_diags(const struct answer *a, struct buf *out)
{
	size_t i;

	for (i = 0; i < a->diags->count; i++)
		if (concerns(a, &a->diags->items[i]))
			line(out, severity_str(a->diags->items[i].severity),
			     a->diags->items[i].text);
}

/* What holds for the partner's TLS and certificates, and not for all. */
static void print_settings(const struct config_partner *p, struct buf *out)
{
	static const char *const names[] = {
		"trust-anchors",
		"tls-min-version",
		"ciphers",
		"crl-files",
		"crl-check",
		"accept-client-only-eku",
		"outbound-certificate",
	};
	struct buf text;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct schema_key *key = schema_key(SECTION_PARTNERS, names[i]);
		if (!p->base.set[schema_index(key)].file)
			continue;
		buf_init(&text, BUF_MAX_DEFAULT);
		buf_addf(&text, "%s: ", key->key);
		value_print(key, p, &text);
		line(out, "for it alone", buf_str(&text));
		buf_fini(&text);
	}
}

static const char *dane_text(enum partner_dane dane)
{
	switch (dane) {
	case PARTNER_DANE_OFF:
		return "off: DNS says nothing about certificates";
	case PARTNER_DANE_OPPORTUNISTIC:
		return "opportunistic: TLSA records, where DNS proves that there are any, decide "
		       "over the certificate";
	case PARTNER_DANE_REQUIRED:
		return "required: without a TLSA record that fits no certificate is valid";
	}
	return "";
}

static void print_partner(const struct answer *a, struct buf *out)
{
	const struct partner *p = a->partner;

	label(out, "partner");
	buf_addf(out, "%s (%s:%d:%d)\n", p->domain, p->file, p->line, p->column);
	label(out, "selected by");
	buf_addf(out, "%s `%s` (%s:%d:%d)\n", partner_match_str(a->match), a->pattern,
		 a->pattern_at.file, a->pattern_at.line, a->pattern_at.column);
	print_row(p, out);
	if (p->row->tls != TRI_NOT_SUPPORTED)
		line(out, "certificate",
		     p->strict ? "strict: one that is not valid ends the negotiation"
			       : "lenient: one that is not valid rules out SASL, not "
				 "dialback");
	if (p->verification)
		print_settings(a->settings, out);
	if (p->pin == PIN_ENFORCE)
		line(out, "key",
		     "enforced: one that was not seen before needs the operator's word");
	if (p->ratchet)
		line(out, "ratchet",
		     "refused where it comes by less than the best that it used before");
	if (p->row->tls != TRI_NOT_SUPPORTED && a->dnssec)
		line(out, "dane", dane_text(p->dane));
	if (p->proxy_fqdn) {
		bool v6 = strchr(p->proxy_fqdn, ':');
		label(out, "connects to");
		buf_addf(out, "%s%s%s:%u, without looking it up%s\n", v6 ? "[" : "", p->proxy_fqdn,
			 v6 ? "]" : "", p->proxy_port, p->proxy_tls ? ", with direct TLS" : "");
	}
	if (p->row->tls != TRI_NOT_SUPPORTED && p->direct_tls != DIRECT_TLS_ALLOW)
		line(out, "direct TLS",
		     p->direct_tls == DIRECT_TLS_PREFER
			     ? "prefer: before targets without it"
			     : "never: as if there were no such targets");
	if (p->description)
		line(out, "description", p->description);
	print_diags(a, out);
}

static void print_certificates(const struct config_names *certificates, struct buf *out)
{
	size_t i;

	if (!certificates->count)
		line(out, "certificate", "none: TLS is not offered");
	for (i = 0; i < certificates->count; i++)
		line(out, "certificate", certificates->items[i]);
}

static int print_text(const struct answer *a)
{
	struct buf out;

	buf_init(&out, REPORT_MAX);
	buf_addf(&out, "%s\n", a->domain);
	if (a->local) {
		const struct place *at = &a->local->base.at;
		label(&out, "local domain");
		buf_addf(&out, "%s:%d:%d\n", at->file, at->line, at->column);
		print_certificates(&a->local->certificate, &out);
		line(&out, "inside", a->local->inside_name ? a->local->inside_name : "nothing");
	} else if (a->partner) {
		print_partner(a, &out);
	} else {
		line(&out, "refused",
		     "no partner's domain or pattern covers it, and there is no "
		     "partner \"*\"");
	}
	if (a->daemon)
		explain_daemon(a->daemon, kind_of(a), a->partner ? a->partner->row->number : 0,
			       clock_wall(), &out);
	return command_write(&out);
}

static const struct config_domain *local_domain(const struct config *c, const char *domain)
{
	size_t i;

	for (i = 0; i < c->domain_count; i++)
		if (!strcmp(c->domains[i].base.name, domain))
			return &c->domains[i];
	return NULL;
}

/* Where PATTERN was written: the partner's own name, or one of its additional domains. */
static struct place pattern_place(const struct config *c, const struct partner *partner,
				  const char *pattern)
{
	const struct config_partner *from = &c->partners[partner - c->policy.partners];
	const struct config_names *more = &from->additional_domains;
	size_t i;

	for (i = 0; i < more->count; i++)
		if (!strcmp(more->items[i], pattern))
			return more->at[i];
	return from->base.at;
}

/* Without -s a daemon that cannot be asked is no fault: the configuration alone is explained. */
static int ask_daemon(const struct command_options *options, const struct config *c,
		      struct answer *a)
{
	const char *socket = options->socket ? options->socket : c->gateway.control_socket;
	char error[REMOTE_ERROR_SIZE];

	if (!remote_ask(socket, "explain", a->domain, &a->daemon, error) || !options->socket)
		return COMMAND_OK;
	fprintf(stderr, "fedgatectl: %s\n", error);
	return COMMAND_FAILED;
}

int command_explain(const struct command_options *options)
{
	const char *text = options->arguments[0];
	struct answer a;
	struct diags diags;
	struct config *c;
	int status, asked;

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
	a.diags = &diags;
	a.dnssec = c->dns.dnssec;
	a.local = local_domain(c, a.domain);
	if (!a.local)
		a.partner = policy_partner(&c->policy, a.domain, &a.match, &a.pattern);
	if (a.partner) {
		a.pattern_at = pattern_place(c, a.partner, a.pattern);
		a.settings = &c->partners[a.partner - c->policy.partners];
	}
	asked = ask_daemon(options, c, &a);
	status = options->json ? print_json(&a) : print_text(&a);
	if (status == COMMAND_OK && !a.local && !a.partner)
		status = COMMAND_FAILED;
	if (status == COMMAND_OK)
		status = asked;
	json_decref(a.daemon);
	config_free(c);
	diags_fini(&diags);
	return status;
}
