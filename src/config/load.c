#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/value.h"
#include "load_int.h"

#define FILES_MAX 1000

static struct config_base *section_base(struct config *c, enum section_id section)
{
	if (section == SECTION_GATEWAY)
		return &c->gateway.base;
	return section == SECTION_TLS ? &c->tls.base : &c->dns.base;
}

struct config_base *load_entry(void *array, const struct schema_section *section, size_t i)
{
	return (struct config_base *)((char *)array + i * section->size);
}

struct place load_place(const struct load *l, const struct place *at)
{
	return at->file ? *at : (struct place){ l->config->files[0], 0, 1, 1 };
}

struct place load_value_place(const struct load *l, const struct config_base *base,
			      enum section_id section, const char *key)
{
	return load_place(l, &base->set[schema_index(schema_key(section, key))]);
}

bool load_key_good(const struct config_base *base, enum section_id section, const char *key)
{
	return !(base->bad & 1u << schema_index(schema_key(section, key)));
}

/* ---- files ---- */

static bool is_known_file(const struct load *l, const struct config_file *file, size_t *which)
{
	for (*which = 0; *which < l->document_count; ++*which)
		if (l->documents[*which]->device == file->device &&
		    l->documents[*which]->inode == file->inode)
			return true;
	return false;
}

static void parse_file(struct load *l, const struct config_file *file)
{
	struct load_document *doc = mem_new(sizeof(*doc));
	size_t n = l->document_count++;
	struct place at = { l->config->files[n], (unsigned)n, 0, 0 };

	doc->device = file->device;
	doc->inode = file->inode;
	l->documents = mem_grow(l->documents, l->document_count * sizeof(*l->documents));
	l->documents[n] = doc;
	if (document_parse(&doc->document, &at, file->data, file->len, l->diags))
		l->incomplete = true;
}

static void add_name(struct config *c, const char *path)
{
	c->files = mem_grow(c->files, (c->file_count + 1) * sizeof(*c->files));
	c->files[c->file_count++] = mem_strdup(path);
}

/* Reads one file; BY is where it is asked for, NULL for the main one. */
static void read_file(struct load *l, const char *path, const struct place *by)
{
	struct config_file file;
	size_t known;
	int error = l->files->read(l->files->context, path, DOCUMENT_MAX, &file);

	if (!by)
		add_name(l->config, path);
	if (error) {
		const char *why = error == EFBIG ? "it is larger than 1 MiB" : strerror(error);
		struct place at = { path, 0, 0, 0 };
		if (by)
			diags_add(l->diags, SEVERITY_ERROR, by, "`%s` cannot be read: %s", path,
				  why);
		else
			diags_add(l->diags, SEVERITY_ERROR, &at, "the file cannot be read: %s",
				  why);
		l->incomplete = true;
		return;
	}
	if (!by) {
		parse_file(l, &file);
	} else if (is_known_file(l, &file, &known)) {
		diags_add(l->diags, SEVERITY_ERROR, by,
			  known ? "`%s` is included twice" : "`%s` includes itself", path);
	} else {
		add_name(l->config, path);
		parse_file(l, &file);
	}
	config_file_fini(&file);
}

/* PATTERN as seen from the directory of FILE, whose own special characters stand for themselves. */
static char *pattern_path(const char *file, const char *pattern)
{
	const char *slash = pattern[0] == '/' ? NULL : strrchr(file, '/');
	struct buf path;
	char *copy;

	buf_init(&path, BUF_MAX_DEFAULT * 2);
	for (; slash && file <= slash; file++) {
		if (strchr("*?[\\", *file))
			buf_addc(&path, '\\');
		buf_addc(&path, *file);
	}
	buf_adds(&path, pattern);
	copy = mem_strdup(buf_str(&path));
	buf_fini(&path);
	return copy;
}

static void include_pattern(struct load *l, const struct document *d, const struct node *node)
{
	struct place at = document_place(d, node);
	struct config_names paths = { NULL, NULL, 0 };
	char *pattern;
	size_t i;
	int error;

	if (node->refused)
		return;
	if (node->kind != NODE_SCALAR || !node->text[0]) {
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "`include` must be a pattern of files, or a list of such");
		return;
	}
	pattern = pattern_path(d->at.file, node->text);
	error = l->files->list(l->files->context, pattern, &paths);
	if (error || (!paths.count && !strpbrk(node->text, "*?["))) {
		diags_add(l->diags, SEVERITY_ERROR, &at, "`%s` cannot be read: %s", pattern,
			  strerror(error ? error : ENOENT));
		l->incomplete = true;
	}
	for (i = 0; i < paths.count; i++) {
		if (l->document_count >= FILES_MAX) {
			diags_add(l->diags, SEVERITY_ERROR, &at, "more than %d files are included",
				  FILES_MAX);
			break;
		}
		read_file(l, paths.items[i], &at);
	}
	for (i = 0; i < paths.count; i++)
		free(paths.items[i]);
	free(paths.items);
	free(pattern);
}

static void include_files(struct load *l, const struct document *d, const struct node *key)
{
	const struct node *value = key->value, *item;
	struct place at = document_place(d, key);

	if (d->at.order) {
		diags_add(l->diags, SEVERITY_ERROR, &at, "an included file may not include others");
		return;
	}
	if (value && value->kind == NODE_LIST && !value->refused) {
		for (item = value->first; item; item = item->next)
			include_pattern(l, d, item);
	} else if (value && !value->empty) {
		include_pattern(l, d, value);
	}
}

/* ---- unknown keys ---- */

/* Sections and `include`, written where they are keys of another section. */
static bool is_section(const struct node *key)
{
	if (!strcmp(key->text, "include"))
		return true;
	return schema_section_find(key->text) != SECTION_COUNT &&
	       (!key->value || key->value->kind == NODE_MAP);
}

/* Where else a key of that name stands, for the message; SECTION_COUNT where nowhere. */
static enum section_id section_with(const char *key)
{
	int i;

	for (i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
		if (schema_key((enum section_id)i, key))
			return (enum section_id)i;
	return SECTION_COUNT;
}

static void unknown_key(struct load *l, const struct document *d, const struct node *key,
			enum section_id section)
{
	const struct schema_section *s = schema_section(section);
	struct place at = document_place(d, key);
	const char *meant = NULL;
	enum section_id other;
	char quote[QUOTE_SIZE];

	if (!strcmp(key->text, "<<")) {
		diags_add(l->diags, SEVERITY_ERROR, &at, "merge keys are not allowed here");
		return;
	}
	if (section != SECTION_TOP && is_section(key)) {
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "%s does not belong here: it must begin its line, without indentation",
			  diag_quote(key->text, quote));
		return;
	}
	if (!diags_full(l->diags))
		meant = section == SECTION_TOP ? schema_suggest_section(key->text)
					       : schema_suggest_key(section, key->text);
	other = section_with(key->text);
	diag_quote(key->text, quote);
	if (meant)
		diags_add(l->diags, SEVERITY_ERROR, &at, "unknown %s %s; did you mean `%s`?",
			  section == SECTION_TOP ? "section" : "key", quote, meant);
	else if (other != SECTION_COUNT)
		diags_add(l->diags, SEVERITY_ERROR, &at, "%s does not belong here, but in `%s`",
			  quote, schema_section(other)->name);
	else if (section == SECTION_TOP)
		diags_add(l->diags, SEVERITY_ERROR, &at, "unknown section %s", quote);
	else
		diags_add(l->diags, SEVERITY_ERROR, &at, "unknown key %s in `%s`", quote, s->name);
}

static void check_top(struct load *l, const struct document *d)
{
	const struct node *key;

	if (!d->root || d->root->empty || d->root->refused)
		return;
	if (d->root->kind != NODE_MAP) {
		struct place at = document_place(d, d->root);
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "the file must hold sections, and this is %s",
			  node_kind_str(d->root->kind));
		l->incomplete = true;
		return;
	}
	for (key = d->root->first; key; key = key->next) {
		if (key->refused)
			continue;
		if (!strcmp(key->text, "include"))
			include_files(l, d, key);
		else if (schema_section_find(key->text) == SECTION_COUNT)
			unknown_key(l, d, key, SECTION_TOP);
	}
}

/* ---- sections ---- */

/* The map behind KEY; NULL where it is empty, or something else, which is reported. */
static const struct node *map_of(struct load *l, const struct document *d, const struct node *key)
{
	const struct node *value = key->value;
	char quote[QUOTE_SIZE];
	struct place at;

	if (!value || value->refused || value->empty)
		return NULL;
	if (value->kind == NODE_MAP)
		return value;
	at = document_place(d, value);
	diags_add(l->diags, SEVERITY_ERROR, &at, "%s must be a map, and this is %s%s",
		  diag_quote(key->text, quote), node_kind_str(value->kind),
		  strchr(value->text, ':') ? "; is a blank missing behind a colon?" : "");
	return NULL;
}

static void init_base(struct config_base *base, enum section_id section, const struct place *at)
{
	size_t count;

	schema_keys(section, &count);
	base->at = *at;
	base->set = mem_new(count * sizeof(*base->set));
}

static void read_key(struct load *l, const struct document *d, const struct node *node,
		     enum section_id section, struct config_base *base)
{
	const struct schema_key *key = schema_key(section, node->text);
	struct place *set;

	if (!key) {
		unknown_key(l, d, node, section);
		return;
	}
	set = &base->set[schema_index(key)];
	if (set->file) {
		struct place at = document_place(d, node);
		diags_add(l->diags, SEVERITY_ERROR, &at, "`%s` is already set at %s:%d:%d",
			  key->key, set->file, set->line, set->column);
		return;
	}
	*set = document_place(d, node->value && !node->value->empty ? node->value : node);
	if (!value_read(key, d, node->value, base, l->diags))
		base->bad |= 1u << schema_index(key);
}

static void read_keys(struct load *l, const struct document *d, const struct node *map,
		      enum section_id section, struct config_base *base)
{
	const struct node *node;

	for (node = map ? map->first : NULL; node; node = node->next)
		if (!node->refused)
			read_key(l, d, node, section, base);
}

/* What was not written has its default, if there is one. */
static void fill_defaults(struct load *l, enum section_id section, struct config_base *base)
{
	const struct schema_key *keys;
	char quote[QUOTE_SIZE];
	size_t count, i;

	keys = schema_keys(section, &count);
	for (i = 0; i < count; i++) {
		if (base->set[i].file)
			continue;
		value_default(&keys[i], base);
		if (!keys[i].required)
			continue;
		base->bad |= 1u << i;
		diags_add(l->diags, SEVERITY_ERROR, &base->at, "%s has no `%s`",
			  diag_quote(base->name ? base->name : "", quote), keys[i].key);
	}
}

typedef void (*section_fn)(struct load *l, const struct document *d, const struct node *key,
			   const struct node *map, enum section_id section);

/* Calls FN for each place where the section stands; a file has it once at the most. */
static void each_section(struct load *l, enum section_id section, section_fn fn)
{
	size_t i;

	for (i = 0; i < l->document_count; i++) {
		const struct document *d = &l->documents[i]->document;
		const struct node *key = NULL;
		if (d->root && d->root->kind == NODE_MAP && !d->root->refused)
			key = d->root->first;
		for (; key; key = key->next)
			if (!key->refused && !strcmp(key->text, schema_section(section)->name))
				fn(l, d, key, map_of(l, d, key), section);
	}
}

static void read_settings(struct load *l, const struct document *d, const struct node *key,
			  const struct node *map, enum section_id section)
{
	struct config_base *base = section_base(l->config, section);

	if (!base->at.file)
		base->at = document_place(d, key);
	read_keys(l, d, map, section, base);
}

static bool is_link_name(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

	return text[0] && strlen(text) <= 64 && !text[strspn(text, allowed)];
}

/* The entry's name in its normal form; NULL where it has none, which is reported. */
static char *entry_name(struct load *l, const struct document *d, const struct node *key,
			enum section_id section)
{
	enum section_names names = schema_section(section)->names;
	struct place at = document_place(d, key);
	char domain[JID_DOMAIN_SIZE], quote[QUOTE_SIZE];
	const char *what = "is not a domain";

	if (!strcmp(key->text, "<<")) {
		unknown_key(l, d, key, section);
		return NULL;
	}
	if (names == NAMES_PARTNER && !strcmp(key->text, "*"))
		return mem_strdup("*");
	if (names == NAMES_LINK && is_link_name(key->text))
		return mem_strdup(key->text);
	if (names != NAMES_LINK && !jid_domain(key->text, strlen(key->text), domain))
		return mem_strdup(domain);
	if (names == NAMES_LINK)
		what = "is not a name: use letters, digits, full stop, hyphen, underscore, 64 at "
		       "the "
		       "most";
	else if (names == NAMES_PARTNER && !strncmp(key->text, "*.", 2))
		what = "is a pattern: name the partner by a domain, and list the pattern in "
		       "`additional-domains`";
	diags_add(l->diags, SEVERITY_ERROR, &at, "%s %s", diag_quote(key->text, quote), what);
	return NULL;
}

/* Room for one more entry of SECTION, zeroed. */
static struct config_base *new_entry(struct load *l, enum section_id section)
{
	size_t size = schema_section(section)->size;
	struct load_entries *e = &l->entries[section];

	/* doubles at each power of two */
	if (!(e->count & (e->count - 1)))
		e->array = mem_grow(e->array, (e->count ? e->count * 2 : 1) * size);
	return memset(load_entry(e->array, schema_section(section), e->count++), 0, size);
}

static void read_entries(struct load *l, const struct document *d, const struct node *key,
			 const struct node *map, enum section_id section)
{
	const struct node *node;

	(void)key;
	for (node = map ? map->first : NULL; node; node = node->next) {
		struct place at = document_place(d, node);
		const struct node *inner;
		struct config_base *base;
		if (node->refused)
			continue;
		base = new_entry(l, section);
		init_base(base, section, &at);
		base->name = entry_name(l, d, node, section);
		if (section == SECTION_PARTNERS)
			l->diags->subject = base->name;
		inner = map_of(l, d, node);
		if (!inner && !(node->value && node->value->empty && !node->value->refused))
			base->bad = UINT32_MAX;
		read_keys(l, d, inner, section, base);
		if (base->name && base->bad != UINT32_MAX)
			fill_defaults(l, section, base);
		l->diags->subject = NULL;
	}
}

static void read_sections(struct load *l)
{
	static const struct place nowhere;
	int i;

	for (i = SECTION_GATEWAY; i < SECTION_COUNT; i++) {
		enum section_id section = (enum section_id)i;
		if (schema_section(section)->names != NAMES_NONE) {
			each_section(l, section, read_entries);
			continue;
		}
		init_base(section_base(l->config, section), section, &nowhere);
		each_section(l, section, read_settings);
		fill_defaults(l, section, section_base(l->config, section));
	}
	l->config->domains = l->entries[SECTION_DOMAINS].array;
	l->config->domain_count = l->entries[SECTION_DOMAINS].count;
	l->config->inside = l->entries[SECTION_INSIDE].array;
	l->config->inside_count = l->entries[SECTION_INSIDE].count;
	l->config->partners = l->entries[SECTION_PARTNERS].array;
	l->config->partner_count = l->entries[SECTION_PARTNERS].count;
}

/* ---- the result ---- */

/* Does anything hold for the partner's TLS and certificates that does not hold for all? */
static bool has_tls_settings(const struct config_partner *p)
{
	return p->trust_anchors || p->tls_min_version || p->ciphers || p->crl_files.count ||
	       p->crl_check || p->accept_client_only_eku || p->outbound_certificate.count;
}

static void build_partner(const struct config *c, const struct config_partner *from,
			  struct partner *to)
{
	size_t i;

	to->domain = mem_strdup(from->base.name);
	to->additional_domains =
		mem_new(from->additional_domains.count * sizeof(*to->additional_domains));
	for (i = 0; i < from->additional_domains.count; i++)
		to->additional_domains[i] = mem_strdup(from->additional_domains.items[i]);
	to->additional_count = from->additional_domains.count;
	to->row = load_row(from);
	to->strict = from->certificate_check == CONFIG_STRICT;
	if (has_tls_settings(from))
		to->verification = (unsigned)(from - c->partners) + 1;
	to->tls_floor = from->ciphers || from->tls_min_version == CONFIG_PARTNER_TLS_1_3;
	to->dane = (enum partner_dane)from->dane;
	to->keepalive = from->keepalive;
	to->pin = (enum pin_mode)from->pin;
	to->ratchet = from->ratchet;
	to->connection_limit = from->connection_limit ? from->connection_limit
						      : c->gateway.partner_connection_limit;
	to->proxy_fqdn = from->proxy_fqdn.host ? mem_strdup(from->proxy_fqdn.host) : NULL;
	to->proxy_port = from->proxy_fqdn.port;
	to->proxy_tls = from->proxy_fqdn.direct_tls;
	to->direct_tls = (enum direct_tls)from->direct_tls;
	to->description = from->description ? mem_strdup(from->description) : NULL;
	to->file = mem_strdup(from->base.at.file);
	to->line = from->base.at.line;
	to->column = from->base.at.column;
}

static void build_policy(struct config *c)
{
	struct policy *p = &c->policy;

	p->partners = mem_new(c->partner_count * sizeof(*p->partners));
	for (; p->partner_count < c->partner_count; p->partner_count++)
		build_partner(c, &c->partners[p->partner_count], &p->partners[p->partner_count]);
	p->locals = mem_new(c->domain_count * sizeof(*p->locals));
	for (; p->local_count < c->domain_count; p->local_count++) {
		const struct config_domain *domain = &c->domains[p->local_count];
		p->locals[p->local_count].domain = mem_strdup(domain->base.name);
		p->locals[p->local_count].certificate = domain->certificate.count > 0;
	}
	policy_finish(p);
}

static void free_load(struct load *l)
{
	size_t i;

	for (i = 0; i < l->document_count; i++) {
		document_fini(&l->documents[i]->document);
		free(l->documents[i]);
	}
	free(l->documents);
}

int config_load(const char *path, const struct config_files *files, struct config **out,
		struct diags *diags)
{
	struct load l;

	memset(&l, 0, sizeof(l));
	l.files = files;
	l.diags = diags;
	l.config = mem_new(sizeof(*l.config));
	*out = NULL;
	read_file(&l, path, NULL);
	if (l.document_count) {
		size_t i;
		for (i = 0; i < l.document_count; i++) /* the first one adds to them */
			check_top(&l, &l.documents[i]->document);
		read_sections(&l);
		load_check(&l);
		load_check_files(&l);
		load_lint(&l);
	}
	diags_sort(diags);
	if (!diags->totals[SEVERITY_ERROR]) {
		build_policy(l.config);
		*out = l.config;
	} else {
		config_free(l.config);
	}
	free_load(&l);
	return *out ? 0 : -FAIL_CONFIG;
}
