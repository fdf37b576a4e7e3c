/* What is allowed, but perhaps not what its operator wants. */
#include <string.h>

#include "config/value.h"
#include "load_int.h"

static void warn_key(const struct load *l, const struct config_base *base, enum section_id section,
		     const char *key, const char *text)
{
	struct place at = load_value_place(l, base, section, key);

	diags_add(l->diags, SEVERITY_WARNING, &at, "%s", text);
}

static bool both_good(const struct config_base *base, const char *a, const char *b)
{
	return load_key_good(base, SECTION_GATEWAY, a) && load_key_good(base, SECTION_GATEWAY, b);
}

static void lint_gateway(const struct load *l)
{
	const struct config_gateway *g = &l->config->gateway;
	const struct config_base *b = &g->base;

	if (both_good(b, "keepalive-interval", "stream-inactivity-timeout") &&
	    g->keepalive_interval >= g->stream_inactivity_timeout)
		warn_key(l, b, SECTION_GATEWAY, "keepalive-interval",
			 "`keepalive-interval` is not below `stream-inactivity-timeout`: streams "
			 "are closed as idle before it matters");
	if (both_good(b, "partner-connection-limit", "connection-limit") &&
	    g->partner_connection_limit > g->connection_limit)
		warn_key(l, b, SECTION_GATEWAY, "partner-connection-limit",
			 "`partner-connection-limit` is above `connection-limit`, which is reached "
			 "first");
	if (both_good(b, "queue-bytes", "max-stanza-size") && g->queue_bytes < g->max_stanza_size)
		warn_key(l, b, SECTION_GATEWAY, "queue-bytes",
			 "`queue-bytes` is below `max-stanza-size`: the largest stanzas can never "
			 "wait for a stream");
	if (load_key_good(b, SECTION_GATEWAY, "stream-establishment-timeout") &&
	    load_key_good(&l->config->dns.base, SECTION_DNS, "timeout") &&
	    l->config->dns.timeout >= g->stream_establishment_timeout)
		warn_key(l, &l->config->dns.base, SECTION_DNS, "timeout",
			 "`timeout` is not below `stream-establishment-timeout`: a slow look-up "
			 "leaves no time to negotiate");
	if (both_good(b, "listen", "listen-direct-tls") && !g->listen.count &&
	    !g->listen_direct_tls.count)
		warn_key(l, b, SECTION_GATEWAY, "listen",
			 "`listen` is empty: no partner can connect");
	if (g->log_message_bodies)
		warn_key(l, b, SECTION_GATEWAY, "log-message-bodies",
			 "the text of messages is written to the log");
}

static bool any_row_needs_tls(const struct load *l)
{
	size_t i;

	for (i = 0; i < l->config->partner_count; i++) {
		const struct row *row = load_row(&l->config->partners[i]);
		if (row && row_needs_tls(row))
			return true;
	}
	return false;
}

static void lint_domains(const struct load *l)
{
	const struct config *c = l->config;
	struct place nowhere = load_place(l, &(struct place){ 0 });
	bool needed = any_row_needs_tls(l);
	size_t i;

	if (!c->domain_count && !l->incomplete)
		diags_add(l->diags, SEVERITY_WARNING, &nowhere,
			  "there are no `domains`: the gateway speaks for nobody");
	for (i = 0; i < c->domain_count; i++) {
		const struct config_domain *d = &c->domains[i];
		if (!d->base.name || d->base.bad)
			continue;
		if (!d->certificate.count && !d->private_key.count && needed)
			diags_add(l->diags, SEVERITY_WARNING, &d->base.at,
				  "`%s` has no `certificate`: partners whose row needs TLS cannot "
				  "connect to it",
				  d->base.name);
		if (!d->inside_name)
			diags_add(l->diags, SEVERITY_WARNING, &d->base.at,
				  "`%s` has no `inside`: nothing receives its stanzas",
				  d->base.name);
	}
}

/* A handshake needs a certificate before anything is said. */
static void lint_direct_tls(const struct load *l)
{
	const struct config *c = l->config;
	size_t i;

	for (i = 0; i < c->domain_count; i++)
		if (c->domains[i].certificate.count || c->domains[i].base.bad)
			return;
	if (c->gateway.listen_direct_tls.count && !l->incomplete)
		warn_key(l, &c->gateway.base, SECTION_GATEWAY, "listen-direct-tls",
			 "no domain has a `certificate`: nobody can connect with direct TLS");
}

static bool is_loopback(const char *host)
{
	return !strncmp(host, "127.", 4) || !strcmp(host, "::1");
}

static void lint_inside(const struct load *l)
{
	const struct config *c = l->config;
	size_t i;

	for (i = 0; i < c->inside_count; i++) {
		const struct config_inside *link = &c->inside[i];
		if (link->listen.host && !is_loopback(link->listen.host))
			warn_key(l, &link->base, SECTION_INSIDE, "listen",
				 "the component protocol is not encrypted, and this address is "
				 "not of the host alone");
	}
}

/* "*.org" and the like. */
static void lint_patterns(const struct load *l, const struct config_partner *p)
{
	const struct config_names *more = &p->additional_domains;
	size_t i;

	for (i = 0; i < more->count; i++)
		if (!strncmp(more->items[i], "*.", 2) && !strchr(more->items[i] + 2, '.'))
			diags_add(l->diags, SEVERITY_WARNING, &more->at[i],
				  "`%s` covers a whole top-level domain", more->items[i]);
}

/* A key that is not let in by one door and is by another gives no safety. */
static void lint_pin(const struct load *l, const struct config_partner *p, const struct row *row)
{
	const struct config_base *b = &p->base;

	if (row && p->ratchet && row_best(row) == row_floor(row))
		warn_key(l, b, SECTION_PARTNERS, "ratchet",
			 "`ratchet: true` has no effect: the row permits one method alone");
	if (!row || p->pin != PIN_ENFORCE)
		return;
	if (row->tls == TRI_NOT_SUPPORTED)
		warn_key(l, b, SECTION_PARTNERS, "pin", "`pin: enforce` has no effect without TLS");
	else if (row_floor(row) == METHOD_TCP_DIALBACK)
		warn_key(
			l, b, SECTION_PARTNERS, "pin",
			"`pin: enforce`: the row also permits streams in clear, which have no key");
	else if (row_floor(row) == METHOD_TLS_DIALBACK && p->certificate_check != CONFIG_STRICT)
		warn_key(l, b, SECTION_PARTNERS, "pin",
			 "`pin: enforce`: another key is still let in by dialback, unless "
			 "`certificate-check` is strict");
}

static void lint_dane(const struct load *l, const struct config_partner *p, const struct row *row)
{
	if (p->dane != PARTNER_DANE_REQUIRED)
		return;
	if (row && row->tls == TRI_NOT_SUPPORTED)
		warn_key(l, &p->base, SECTION_PARTNERS, "dane", "`dane` has no effect without TLS");
	if (p->proxy_fqdn.host)
		warn_key(l, &p->base, SECTION_PARTNERS, "dane",
			 "`dane: required` cannot be fulfilled on streams that we open: behind "
			 "`proxy-fqdn` DNS is not asked");
}

static void lint_partner(const struct load *l, const struct config_partner *p)
{
	const struct row *row = load_row(p);
	const struct config_base *b = &p->base;
	bool everyone = !strcmp(b->name, "*");

	if (everyone && row && row_floor(row) == METHOD_TCP_DIALBACK)
		diags_add(l->diags, SEVERITY_WARNING, &b->at,
			  "partner `*`: anyone at all may come in clear, known by dialback alone; "
			  "whoever controls the network or its DNS can pose as any domain");
	if (everyone && p->proxy_fqdn.host)
		warn_key(l, b, SECTION_PARTNERS, "proxy-fqdn",
			 "partner `*`: stanzas to every unknown domain will go to this one host");
	if (row && row->tls == TRI_NOT_SUPPORTED && p->certificate_check == CONFIG_STRICT)
		warn_key(l, b, SECTION_PARTNERS, "certificate-check",
			 "`certificate-check: strict` has no effect without TLS");
	if (p->crl_check == CONFIG_CRL_HARD && !p->crl_files.count &&
	    load_key_good(b, SECTION_PARTNERS, "crl-files"))
		warn_key(l, b, SECTION_PARTNERS, "crl-check",
			 "`crl-check: hard` without `crl-files`: no certificate of the partner is "
			 "good");
	if (row && row->tls == TRI_NOT_SUPPORTED && p->direct_tls == DIRECT_TLS_PREFER)
		warn_key(l, b, SECTION_PARTNERS, "direct-tls",
			 "`direct-tls: prefer` has no effect where `tls` is not-supported");
	lint_pin(l, p, row);
	lint_dane(l, p, row);
	if (load_key_good(&l->config->gateway.base, SECTION_GATEWAY, "connection-limit") &&
	    p->connection_limit > l->config->gateway.connection_limit)
		warn_key(l, b, SECTION_PARTNERS, "connection-limit",
			 "`connection-limit` is above the gateway's, which is reached first");
	lint_patterns(l, p);
}

static void lint_partners(const struct load *l)
{
	const struct config *c = l->config;
	struct place nowhere = load_place(l, &(struct place){ 0 });
	size_t i;

	if (!c->partner_count && !l->incomplete)
		diags_add(l->diags, SEVERITY_WARNING, &nowhere,
			  "there are no `partners`: everyone is refused");
	for (i = 0; i < c->partner_count; i++) {
		const struct config_partner *p = &c->partners[i];
		if (!p->base.name)
			continue;
		l->diags->subject = p->base.name;
		lint_partner(l, p);
		l->diags->subject = NULL;
	}
}

void load_lint(struct load *l)
{
	lint_gateway(l);
	lint_domains(l);
	lint_direct_tls(l);
	lint_inside(l);
	lint_partners(l);
}
