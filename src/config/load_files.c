/* What the files hold that a configuration names: certificates, keys, secrets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"
#include "load_int.h"

#define OTHERS 07 /* permission bits of everyone but owner and group */

static const char *error_text(int error)
{
	return error == EFBIG ? "it is too large" : strerror(error);
}

/* Reads what a key names; false where it cannot be, and DIAGS says why. */
static bool read_named(const struct load *l, const char *path, const struct place *at, size_t max,
		       struct config_file *file)
{
	int error = l->files->read(l->files->context, path, max, file);

	if (error)
		diags_add(l->diags, SEVERITY_ERROR, at, "`%s` cannot be read: %s", path,
			  error_text(error));
	return !error;
}

/* Not an error: whoever put it so may have had to, and federation would stand still. */
static void check_mode(const struct load *l, const char *path, const struct place *at,
		       const struct config_file *file, const char *what)
{
	if (file->mode & OTHERS)
		diags_add(l->diags, SEVERITY_WARNING, at,
			  "`%s` holds a %s and is open to every user (mode %04o)", path, what,
			  file->mode);
}

/* ---- certificates ---- */

/* Certificates and their keys, of a domain or for a partner. */
struct pairs {
	struct config_names *certificates, *keys;
	const char *domain;		     /* that they must name; NULL = not looked at */
	char kinds[SCHEMA_PATHS_MAX][16];    /* of keys, of the good ones */
	char expired[SCHEMA_PATHS_MAX][200]; /* why not good, of those that have expired */
};

static void warn_of(const struct load *l, const struct pairs *p, size_t i,
		    const struct config_identity *identity)
{
	const struct place *at = &p->certificates->at[i];
	const char *path = p->certificates->items[i];

	if (identity->warning[0])
		diags_add(l->diags, SEVERITY_WARNING, at, "`%s`: %s", path, identity->warning);
	if (p->domain && !identity->names_domain && load_any_row_may(l, METHOD_SASL_TLS))
		diags_add(l->diags, SEVERITY_WARNING, at,
			  "`%s` does not name `%s`: partners will refuse it for SASL", path,
			  p->domain);
}

/* A partner is shown what it can use, which is decided by the kind of key alone. */
static void check_kind(const struct load *l, struct pairs *p, size_t i, const char *kind)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (*kind && !strcmp(p->kinds[k], kind))
			diags_add(l->diags, SEVERITY_ERROR, &p->certificates->at[i],
				  "`%s` has a key of the same kind as `%s` (%s): only one can be "
				  "shown",
				  p->certificates->items[i], p->certificates->items[k], kind);
	memcpy(p->kinds[i], kind, sizeof(p->kinds[i]));
}

/* False where they are of no use. */
static bool judge_identity(const struct load *l, struct pairs *p, size_t i,
			   const struct config_file *certificate, const struct config_file *key)
{
	struct config_identity identity;

	memset(&identity, 0, sizeof(identity));
	l->files->identity(l->files->context, certificate, key, p->domain, &identity);
	if (identity.expired)
		memcpy(p->expired[i], identity.error, sizeof(identity.error));
	else if (identity.wrong == CONFIG_PART_CERTIFICATE)
		diags_add(l->diags, SEVERITY_ERROR, &p->certificates->at[i], "`%s`: %s",
			  p->certificates->items[i], identity.error);
	else if (identity.wrong == CONFIG_PART_KEY)
		diags_add(l->diags, SEVERITY_ERROR, &p->keys->at[i], "`%s`: %s", p->keys->items[i],
			  identity.error);
	if (identity.wrong != CONFIG_PART_NONE)
		return false;
	warn_of(l, p, i, &identity);
	check_kind(l, p, i, identity.kind);
	return true;
}

static void check_pair(const struct load *l, struct pairs *p, size_t i)
{
	bool have_certificate = i < p->certificates->count, have_key = i < p->keys->count,
	     good = true;
	struct config_file certificate, key;

	have_certificate = have_certificate &&
			   read_named(l, p->certificates->items[i], &p->certificates->at[i],
				      CONFIG_PEM_MAX, &certificate);
	have_key =
		have_key && read_named(l, p->keys->items[i], &p->keys->at[i], CONFIG_PEM_MAX, &key);
	if (have_certificate && have_key && l->files->identity &&
	    p->certificates->count == p->keys->count)
		good = judge_identity(l, p, i, &certificate, &key);
	if (have_key && good) /* what is no key may be open to everyone */
		check_mode(l, p->keys->items[i], &p->keys->at[i], &key, "private key");
	if (have_certificate)
		config_file_fini(&certificate);
	if (have_key)
		config_file_fini(&key);
}

static void drop_name(struct config_names *names, size_t i)
{
	free(names->items[i]);
	names->count--;
	memmove(names->items + i, names->items + i + 1, (names->count - i) * sizeof(*names->items));
	memmove(names->at + i, names->at + i + 1, (names->count - i) * sizeof(*names->at));
}

/* One that has expired is of no use, and does no harm beside others: a renewal may have been for one of them alone. */
static void drop_expired(const struct load *l, struct pairs *p)
{
	size_t i, expired = 0;
	bool all;

	for (i = 0; i < p->certificates->count; i++)
		expired += *p->expired[i] != '\0';
	all = expired == p->certificates->count;
	for (i = p->certificates->count; i-- > 0;) {
		if (!*p->expired[i])
			continue;
		diags_add(l->diags, all ? SEVERITY_ERROR : SEVERITY_WARNING,
			  &p->certificates->at[i], "`%s`: %s%s", p->certificates->items[i],
			  p->expired[i], all ? "" : "; it is not used");
		if (!all) {
			drop_name(p->certificates, i);
			drop_name(p->keys, i);
		}
	}
}

/* READ: both settings could be. */
static void check_identities(const struct load *l, const struct config_base *base, bool read,
			     const char *certificate, const char *key, struct pairs *p)
{
	size_t certificates = p->certificates->count, private_keys = p->keys->count, i;

	if (read && certificates && !private_keys)
		diags_add(l->diags, SEVERITY_ERROR, &base->at, "`%s` has a `%s`, but no `%s`",
			  base->name, certificate, key);
	else if (read && !certificates && private_keys)
		diags_add(l->diags, SEVERITY_ERROR, &base->at, "`%s` has a `%s`, but no `%s`",
			  base->name, key, certificate);
	else if (read && certificates != private_keys)
		diags_add(l->diags, SEVERITY_ERROR, &p->keys->at[0],
			  "`%s` has %zu of `%s` and %zu of `%s`: each certificate needs its key",
			  base->name, certificates, certificate, private_keys, key);
	for (i = 0; i < certificates || i < private_keys; i++)
		check_pair(l, p, i);
	if (certificates == private_keys)
		drop_expired(l, p);
}

static void check_domain(const struct load *l, struct config_domain *domain)
{
	const struct config_base *base = &domain->base;
	struct pairs p = { &domain->certificate, &domain->private_key, .domain = base->name };

	check_identities(l, base,
			 base->name && load_key_good(base, SECTION_DOMAINS, "certificate") &&
				 load_key_good(base, SECTION_DOMAINS, "private-key"),
			 "certificate", "private-key", &p);
}

static void judge_anchors(const struct load *l, const char *path, const struct place *at,
			  const struct config_file *file)
{
	char error[200] = "";

	if (l->files->anchors && !l->files->anchors(l->files->context, file, error, sizeof(error)))
		diags_add(l->diags, SEVERITY_ERROR, at, "`%s`: %s", path, error);
}

static void check_anchors(const struct load *l)
{
	const struct config_tls *tls = &l->config->tls;
	struct place at = load_value_place(l, &tls->base, SECTION_TLS, "trust-anchors");
	bool chosen = tls->base.set[schema_index(schema_key(SECTION_TLS, "trust-anchors"))].file;
	struct config_file file;
	int rc;

	if (!tls->trust_anchors)
		return;
	rc = l->files->read(l->files->context, tls->trust_anchors, CONFIG_ANCHORS_MAX, &file);
	if (rc) {
		/* without the system's list one can still do dialback; a file that was named must be there */
		diags_add(l->diags, chosen ? SEVERITY_ERROR : SEVERITY_WARNING, &at,
			  "`%s` cannot be read: %s%s", tls->trust_anchors, error_text(rc),
			  chosen ? "" : "; no partner's certificate will be trusted");
		return;
	}
	judge_anchors(l, tls->trust_anchors, &at, &file);
	config_file_fini(&file);
}

/* ---- what is asked of one partner ---- */

/* Never an error: a list that nobody renewed must not keep the daemon from starting. */
static void check_crl(const struct load *l, const char *path, const struct place *at)
{
	struct config_file file;
	char error[200] = "";
	int rc = l->files->read(l->files->context, path, CONFIG_ANCHORS_MAX, &file);

	if (rc) {
		diags_add(l->diags, SEVERITY_WARNING, at, "`%s` cannot be read: %s; it is left out",
			  path, error_text(rc));
		return;
	}
	if (l->files->crl && !l->files->crl(l->files->context, &file, error, sizeof(error)))
		diags_add(l->diags, SEVERITY_WARNING, at, "`%s`: %s", path, error);
	config_file_fini(&file);
}

static void check_ciphers(const struct load *l, const struct config_partner *p)
{
	struct place at = load_value_place(l, &p->base, SECTION_PARTNERS, "ciphers");
	char error[300] = "", quote[QUOTE_SIZE];

	if (p->ciphers && l->files->ciphers &&
	    !l->files->ciphers(l->files->context, p->ciphers, error, sizeof(error)))
		diags_add(l->diags, SEVERITY_ERROR, &at, "%s: %s", diag_quote(p->ciphers, quote),
			  error);
}

static void check_partner(const struct load *l, struct config_partner *p)
{
	struct place at = load_value_place(l, &p->base, SECTION_PARTNERS, "trust-anchors");
	struct pairs pairs = { &p->outbound_certificate, &p->outbound_private_key, .domain = NULL };
	struct config_file file;
	size_t i;

	if (p->trust_anchors && read_named(l, p->trust_anchors, &at, CONFIG_ANCHORS_MAX, &file)) {
		judge_anchors(l, p->trust_anchors, &at, &file);
		config_file_fini(&file);
	}
	for (i = 0; i < p->crl_files.count; i++)
		check_crl(l, p->crl_files.items[i], &p->crl_files.at[i]);
	check_ciphers(l, p);
	check_identities(
		l, &p->base,
		p->base.name && load_key_good(&p->base, SECTION_PARTNERS, "outbound-certificate") &&
			load_key_good(&p->base, SECTION_PARTNERS, "outbound-private-key"),
		"outbound-certificate", "outbound-private-key", &pairs);
}

static bool is_word(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && !memcmp(word, text, len);
}

/* Does a line hold a record that can be an anchor? Whether it is right is the resolver's to say. */
static bool has_anchor(const char *line, size_t len)
{
	size_t i, start = 0;

	for (i = 0; i <= len; i++) {
		bool end = i == len || line[i] == ';';
		if (!end && line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			continue;
		if (is_word(line + start, i - start, "DS") ||
		    is_word(line + start, i - start, "DNSKEY"))
			return true;
		if (end)
			break;
		start = i + 1;
	}
	return false;
}

static bool has_anchors(const struct config_file *file)
{
	const char *line = file->data, *end = file->data + file->len, *newline;

	for (; line < end; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			newline = end;
		if (has_anchor(line, (size_t)(newline - line)))
			return true;
	}
	return false;
}

static void check_dns_anchors(const struct load *l)
{
	const struct config_dns *dns = &l->config->dns;
	struct place at = load_value_place(l, &dns->base, SECTION_DNS, "trust-anchor-file");
	struct config_file file;

	if (!load_key_good(&dns->base, SECTION_DNS, "dnssec") || !dns->dnssec ||
	    !dns->trust_anchor_file ||
	    !read_named(l, dns->trust_anchor_file, &at, CONFIG_PEM_MAX, &file))
		return;
	if (!has_anchors(&file))
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "`%s` holds no DS or DNSKEY record: nothing could be validated",
			  dns->trust_anchor_file);
	config_file_fini(&file);
}

/* ---- secrets ---- */

/* The length of a secret: what stands before a newline at the end. */
static size_t secret_len(const struct config_file *file)
{
	size_t len = file->len;

	if (len && file->data[len - 1] == '\n')
		len--;
	if (len && file->data[len - 1] == '\r')
		len--;
	return len;
}

static void check_link_secret(const struct load *l, const struct config_inside *link)
{
	struct place at = load_value_place(l, &link->base, SECTION_INSIDE, "secret-file");
	struct config_file file;

	if (!link->secret_file || !read_named(l, link->secret_file, &at, CONFIG_SECRET_MAX, &file))
		return;
	if (!secret_len(&file))
		diags_add(l->diags, SEVERITY_ERROR, &at, "`%s` is empty", link->secret_file);
	check_mode(l, link->secret_file, &at, &file, "secret");
	config_file_fini(&file);
}

/* NAME is its setting; MADE: where it is missing it will be made. */
static void check_dialback_secret(const struct load *l, const char *name, const char *path,
				  bool made)
{
	const struct config_gateway *g = &l->config->gateway;
	struct place at = load_value_place(l, &g->base, SECTION_GATEWAY, name);
	struct config_file file;
	int error;

	if (!path)
		return;
	error = l->files->read(l->files->context, path, CONFIG_SECRET_MAX, &file);
	if (error == ENOENT && made)
		return;
	if (error) {
		diags_add(l->diags, SEVERITY_ERROR, &at, "`%s` cannot be read: %s", path,
			  error_text(error));
		return;
	}
	/* a short one can be guessed from the keys that go over the wire [XEP-0185] */
	if (secret_len(&file) < CONFIG_SECRET_MIN)
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "`%s` has %zu bytes: a dialback secret needs at least %d", path,
			  secret_len(&file), CONFIG_SECRET_MIN);
	check_mode(l, path, &at, &file, "secret");
	config_file_fini(&file);
}

void load_check_files(struct load *l)
{
	const struct config *c = l->config;
	size_t i;

	check_anchors(l);
	check_dns_anchors(l);
	check_dialback_secret(l, "dialback-secret-file", c->gateway.dialback_secret_file, true);
	check_dialback_secret(l, "previous-dialback-secret-file",
			      c->gateway.previous_dialback_secret_file, false);
	for (i = 0; i < c->domain_count; i++)
		check_domain(l, &c->domains[i]);
	for (i = 0; i < c->partner_count; i++) {
		l->diags->subject = c->partners[i].base.name;
		check_partner(l, &c->partners[i]);
		l->diags->subject = NULL;
	}
	for (i = 0; i < c->inside_count; i++)
		check_link_secret(l, &c->inside[i]);
}
