/* What must not be in a configuration, as far as its own text tells: names, references, rows. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/value.h"
#include "load_int.h"

/* A name and where it was written. */
struct claim {
	const char *name; /* borrowed */
	const struct place *at;
	const struct config_base *owner;
	bool own; /* it is the entry's own name, not an additional one */
	bool used;
};

struct claims {
	struct claim *items; /* owned */
	size_t count;
};

static int compare_places(const struct place *a, const struct place *b)
{
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : compare_places(x->at, y->at);
}

static void sort_claims(struct claims *c)
{
	if (c->count)
		qsort(c->items, c->count, sizeof(*c->items), compare_claims);
}

/* The first claim of NAME; NULL where there is none. */
static struct claim *find_claim(const struct claims *c, const char *name)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(c->items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->count && !strcmp(c->items[low].name, name) ? &c->items[low] : NULL;
}

static void add_claim(struct claims *c, const char *name, const struct place *at,
		      const struct config_base *owner, bool own)
{
	c->items[c->count++] = (struct claim){ name, at, owner, own, false };
}

/* The names of the entries of a section. */
static struct claims entry_claims(const struct load *l, enum section_id section)
{
	const struct load_entries *e = &l->entries[section];
	struct claims c = { mem_new(e->count * sizeof(*c.items)), 0 };
	size_t i;

	for (i = 0; i < e->count; i++) {
		struct config_base *base = load_entry(e->array, schema_section(section), i);
		if (base->name)
			add_claim(&c, base->name, &base->at, base, true);
	}
	sort_claims(&c);
	return c;
}

/* Every domain and pattern of the partners. */
static struct claims partner_claims(const struct load *l)
{
	const struct config *c = l->config;
	struct claims claims = { NULL, 0 };
	size_t i, k, count = 0;

	for (i = 0; i < c->partner_count; i++)
		count += 1 + c->partners[i].additional_domains.count;
	claims.items = mem_new(count * sizeof(*claims.items));
	for (i = 0; i < c->partner_count; i++) {
		const struct config_partner *p = &c->partners[i];
		const struct config_names *more = &p->additional_domains;
		if (p->base.name)
			add_claim(&claims, p->base.name, &p->base.at, &p->base, true);
		for (k = 0; k < more->count; k++)
			add_claim(&claims, more->items[k], &more->at[k], &p->base, false);
	}
	sort_claims(&claims);
	return claims;
}

static void check_repeated(const struct load *l, const struct claims *c, const char *what)
{
	size_t i;

	for (i = 1; i < c->count; i++) {
		const struct claim *first = &c->items[i - 1], *again = &c->items[i];
		const struct place *at = first->at;
		if (strcmp(first->name, again->name))
			continue;
		if (first->own && again->own)
			diags_add(l->diags, SEVERITY_ERROR, again->at,
				  "%s `%s` is already set at %s:%d:%d", what, again->name, at->file,
				  at->line, at->column);
		else
			diags_add(l->diags, SEVERITY_ERROR, again->at,
				  "`%s` is already a domain of partner `%s` (%s:%d:%d)",
				  again->name, first->owner->name ? first->owner->name : "?",
				  at->file, at->line, at->column);
	}
}

/* ---- a domain is ours or a partner's, never both ---- */

static void check_local(const struct load *l, const struct claims *partners,
			const struct config_base *local)
{
	const struct claim *claim = find_claim(partners, local->name);
	char pattern[JID_DOMAIN_SIZE + 2];
	const char *dot;

	if (claim)
		diags_add(l->diags, SEVERITY_ERROR, claim->at,
			  "`%s` cannot be a partner's domain: it is a local domain (%s:%d:%d)",
			  local->name, local->at.file, local->at.line, local->at.column);
	for (dot = strchr(local->name, '.'); dot; dot = strchr(dot + 1, '.')) {
		pattern[0] = '*';
		memcpy(pattern + 1, dot, strlen(dot) + 1);
		claim = find_claim(partners, pattern);
		if (claim)
			diags_add(l->diags, SEVERITY_NOTE, claim->at,
				  "`%s` would cover the local domain `%s`, which stays local",
				  pattern, local->name);
	}
}

static void check_domains(const struct load *l)
{
	struct claims locals = entry_claims(l, SECTION_DOMAINS);
	struct claims partners = partner_claims(l);
	size_t i;

	check_repeated(l, &locals, "local domain");
	check_repeated(l, &partners, "partner");
	for (i = 0; i < locals.count; i++)
		if (!i || strcmp(locals.items[i - 1].name, locals.items[i].name))
			check_local(l, &partners, locals.items[i].owner);
	free(locals.items);
	free(partners.items);
}

/* ---- links ---- */

#define SUGGEST_MAX 100 /* links among which a name is looked for that was meant */

static const char *nearest_link(const struct claims *links, const char *name)
{
	const char *names[SUGGEST_MAX + 1];
	size_t i;

	if (links->count > SUGGEST_MAX)
		return NULL;
	for (i = 0; i < links->count; i++)
		names[i] = links->items[i].name;
	names[i] = NULL;
	return schema_nearest(names, name);
}

static void resolve_link(const struct load *l, const struct claims *links,
			 struct config_domain *domain)
{
	struct claim *claim = find_claim(links, domain->inside_name);
	struct place at;
	const char *meant;
	char quote[QUOTE_SIZE];

	if (claim) {
		claim->used = true;
		/* every base is the beginning of its entry */
		domain->inside = (const struct config_inside *)claim->owner;
		return;
	}
	if (l->incomplete)
		return;
	at = load_value_place(l, &domain->base, SECTION_DOMAINS, "inside");
	meant = nearest_link(links, domain->inside_name);
	diags_add(l->diags, SEVERITY_ERROR, &at, "%s is not a link of section `inside`%s%s%s",
		  diag_quote(domain->inside_name, quote), meant ? "; did you mean `" : "",
		  meant ? meant : "", meant ? "`?" : "");
}

static void check_links(const struct load *l)
{
	struct config *c = l->config;
	struct claims links = entry_claims(l, SECTION_INSIDE);
	size_t i;

	check_repeated(l, &links, "link");
	for (i = 0; i < c->domain_count; i++)
		if (c->domains[i].inside_name)
			resolve_link(l, &links, &c->domains[i]);
	for (i = 0; i < links.count; i++)
		if (!links.items[i].used && !l->incomplete)
			diags_add(l->diags, SEVERITY_WARNING, links.items[i].at,
				  "no domain uses the link `%s`", links.items[i].name);
	free(links.items);
}

/* ---- what is listened on ---- */

struct listener {
	const struct config_address *address;
	struct place at;
};

static int compare_listeners(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;
	int rc = strcmp(x->address->host, y->address->host);

	if (rc)
		return rc;
	if (x->address->port != y->address->port)
		return x->address->port < y->address->port ? -1 : 1;
	return compare_places(&x->at, &y->at);
}

static size_t add_listeners(const struct load *l, const struct config_addresses *addresses,
			    const char *key, struct listener *to)
{
	const struct config_base *base = &l->config->gateway.base;
	size_t i;

	if (!load_key_good(base, SECTION_GATEWAY, key))
		return 0;
	for (i = 0; i < addresses->count; i++)
		to[i] = (struct listener){ &addresses->items[i],
					   load_value_place(l, base, SECTION_GATEWAY, key) };
	return addresses->count;
}

static void check_listeners(const struct load *l)
{
	const struct config *c = l->config;
	const struct config_addresses *outside = &c->gateway.listen,
				      *direct = &c->gateway.listen_direct_tls;
	struct listener *all =
		mem_new((outside->count + direct->count + c->inside_count) * sizeof(*all));
	size_t i, count;

	count = add_listeners(l, outside, "listen", all);
	count += add_listeners(l, direct, "listen-direct-tls", all + count);
	for (i = 0; i < c->inside_count; i++)
		if (c->inside[i].listen.host)
			all[count++] =
				(struct listener){ &c->inside[i].listen,
						   load_value_place(l, &c->inside[i].base,
								    SECTION_INSIDE, "listen") };
	if (count)
		qsort(all, count, sizeof(*all), compare_listeners);
	for (i = 1; i < count; i++) {
		const struct config_address *a = all[i - 1].address, *b = all[i].address;
		const struct place *at = &all[i - 1].at;
		if (a->port == b->port && !strcmp(a->host, b->host))
			diags_add(l->diags, SEVERITY_ERROR, &all[i].at,
				  "address %s, port %u is already listened on by %s:%d:%d", b->host,
				  b->port, at->file, at->line, at->column);
	}
	free(all);
}

/* ---- rows ---- */

const struct row *load_row(const struct config_partner *partner)
{
	if (!load_key_good(&partner->base, SECTION_PARTNERS, "tls") ||
	    !load_key_good(&partner->base, SECTION_PARTNERS, "sasl") ||
	    !load_key_good(&partner->base, SECTION_PARTNERS, "dialback"))
		return NULL;
	return matrix_row((enum tri)partner->tls, (enum tri)partner->sasl, partner->dialback);
}

bool load_any_row_may(const struct load *l, enum method method)
{
	size_t i;

	for (i = 0; i < l->config->partner_count; i++) {
		const struct row *row = load_row(&l->config->partners[i]);
		if (row && row_may(row, method))
			return true;
	}
	return false;
}

static void check_row(const struct load *l, const struct config_partner *partner)
{
	const struct row *row = load_row(partner);
	enum severity severity = SEVERITY_ERROR;

	if (!row || row->class == ROW_GOOD)
		return;
	if (row_is_valid(row))
		severity = row->class == ROW_NOTE ? SEVERITY_NOTE : SEVERITY_WARNING;
	diags_add(l->diags, severity, &partner->base.at,
		  "partner `%s`: row %d (tls: %s, sasl: %s, dialback: %s)%s: %s",
		  partner->base.name, row->number, tri_str(row->tls), tri_str(row->sasl),
		  row->dialback ? "true" : "false", row_is_valid(row) ? "" : " is not valid",
		  row->text);
}

/* A host that wants direct TLS, and a partner that must not have it. */
static void check_proxy(const struct load *l, const struct config_partner *partner)
{
	const struct row *row = load_row(partner);
	struct place at = load_value_place(l, &partner->base, SECTION_PARTNERS, "proxy-fqdn");

	if (!partner->proxy_fqdn.host || !partner->proxy_fqdn.direct_tls)
		return;
	if (row && row->tls == TRI_NOT_SUPPORTED)
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "`tls://` cannot be used where `tls` is not-supported");
	if (partner->direct_tls == DIRECT_TLS_NEVER)
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "`tls://` cannot be used where `direct-tls` is never");
}

/* What nothing could ever fulfil. */
static void check_dane(const struct load *l, const struct config_partner *p)
{
	const struct config_dns *dns = &l->config->dns;
	struct place at = load_value_place(l, &p->base, SECTION_PARTNERS, "dane");

	if (p->dane == PARTNER_DANE_REQUIRED && load_key_good(&p->base, SECTION_PARTNERS, "dane") &&
	    load_key_good(&dns->base, SECTION_DNS, "dnssec") && !dns->dnssec)
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "`dane: required` needs `dnssec: on` in section `dns`");
}

static void check_partners(const struct load *l)
{
	size_t i;

	for (i = 0; i < l->config->partner_count; i++) {
		const struct config_partner *p = &l->config->partners[i];
		if (!p->base.name)
			continue;
		l->diags->subject = p->base.name;
		check_row(l, p);
		check_proxy(l, p);
		check_dane(l, p);
		if (!strcmp(p->base.name, "*") && p->additional_domains.count)
			diags_add(l->diags, SEVERITY_ERROR, &p->additional_domains.at[0],
				  "`*` stands for everyone else and can have no further domains");
		l->diags->subject = NULL;
	}
}

void load_check(struct load *l)
{
	check_domains(l);
	check_links(l);
	check_listeners(l);
	check_partners(l);
}
