/*
 * Any bytes as configuration files, in memory. What is refused says why, every message one line that names its place; what
 * is loaded has only valid rows, quantities within their bounds and domains in normal form that nobody else has; and the
 * same files are judged alike.
 *
 * Input: the main file up to a line "%%% NAME"; then that file up to the next such line, and so on. In front of a name: '!'
 * it cannot be read, '+' everyone can read it, '=' it is another name of the main file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"
#include "fuzz_input.h"
#include "memory_files.h"

#define MAIN "fedgate.yml"
#define MARK "\n%%% "

/* --- the files --- */

static const char *find_mark(const char *from, const char *end)
{
	return from < end ? memmem(from, (size_t)(end - from), MARK, strlen(MARK)) : NULL;
}

static void put_file(struct memory_files *m, size_t main_file, const char *name, const char *data,
		     size_t len)
{
	bool broken = *name == '!', open = *name == '+', same = *name == '=';
	struct memory_file *f;

	f = memory_files_put(m, name + (broken || open || same), data, len);
	if (!f)
		return;
	f->error = broken ? EIO : 0;
	f->mode = open ? 0644 : 0600;
	if (same)
		f->same = main_file;
}

static void put_files(struct memory_files *m, const char *data, size_t size)
{
	const char *end = data + size, *mark = find_mark(data, end), *line;
	size_t main_file =
		memory_files_put(m, MAIN, data, mark ? (size_t)(mark + 1 - data) : size)->same;

	while (mark) {
		const char *name = mark + strlen(MARK);
		char text[128];
		line = memchr(name, '\n', (size_t)(end - name));
		if (!line || (size_t)(line - name) >= sizeof(text) || line == name ||
		    memchr(name, '\0', (size_t)(line - name)))
			return;
		memcpy(text, name, (size_t)(line - name));
		text[line - name] = '\0';
		mark = find_mark(line, end);
		line++;
		put_file(m, main_file, text, line, (size_t)((mark ? mark + 1 : end) - line));
	}
}

/* --- what is said --- */

static void check_line(const char *text)
{
	size_t len = strlen(text);

	fuzz_must(len && fuzz_is_text(text, len) && !strpbrk(text, "\r\n\t"));
}

static void check_diags(const struct diags *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		const struct diag *g = &d->items[i];
		fuzz_must(g->file && g->line >= 0 && (!g->line || g->column > 0));
		check_line(g->text);
		check_line(g->file);
		if (i && i < DIAGS_MAX) /* the last may say that there were more */
			fuzz_must(g->order >= g[-1].order &&
				  (g->order > g[-1].order || g->line >= g[-1].line));
	}
}

static void same_diags(const struct diags *a, const struct diags *b)
{
	struct buf x, y;
	size_t i;

	fuzz_must(a->count == b->count);
	buf_init(&x, BUF_MAX_DEFAULT);
	buf_init(&y, BUF_MAX_DEFAULT);
	for (i = 0; i < a->count; i++) {
		buf_clear(&x);
		buf_clear(&y);
		diag_print(&a->items[i], &x);
		diag_print(&b->items[i], &y);
		fuzz_must(!strcmp(buf_str(&x), buf_str(&y)));
	}
	buf_fini(&x);
	buf_fini(&y);
}

/* --- what is loaded --- */

static void check_bounds(const struct schema_key *key, const void *field)
{
	uint64_t value = 0;

	if (key->type == SCHEMA_UINT)
		value = *(const unsigned *)field;
	else if (key->type == SCHEMA_DURATION || key->type == SCHEMA_BYTES)
		value = *(const uint64_t *)field;
	else
		return;
	fuzz_must(value <= key->max);
	/* 0 stands for a word, or for no value */
	fuzz_must(value >= key->min || (!value && (key->words || !key->value)));
}

static void check_entry(enum section_id section, const struct config_base *base)
{
	size_t count, i;
	const struct schema_key *key = schema_keys(section, &count);
	struct buf text;

	fuzz_must(!base->bad);
	buf_init(&text, BUF_MAX_DEFAULT * 4);
	for (i = 0; i < count; i++, key++) {
		check_bounds(key, (const char *)base + key->offset);
		fuzz_must(!key->required || !value_is_none(key, base));
		buf_clear(&text);
		value_print(key, base, &text);
		fuzz_must(!buf_failed(&text));
		if (key->type != SCHEMA_PATH) /* directories may have any name */
			fuzz_must(fuzz_is_text(buf_str(&text), text.len));
	}
	buf_fini(&text);
}

static void check_domain(const char *domain)
{
	char form[JID_DOMAIN_SIZE];

	fuzz_must(!jid_domain(domain, strlen(domain), form) && !strcmp(form, domain));
}

static void check_partner(const struct config *c, const struct partner *p)
{
	size_t i;

	fuzz_must(row_is_valid(p->row));
	if (!strcmp(p->domain, "*")) {
		fuzz_must(policy_everyone(&c->policy) == p && !p->additional_count);
		return;
	}
	check_domain(p->domain);
	fuzz_must(policy_partner(&c->policy, p->domain, NULL, NULL) == p);
	fuzz_must(!policy_local(&c->policy, p->domain));
	for (i = 0; i < p->additional_count; i++) {
		const char *name = p->additional_domains[i];
		bool below = !strncmp(name, "*.", 2);
		check_domain(name + (below ? 2 : 0));
		if (!below)
			fuzz_must(policy_partner(&c->policy, name, NULL, NULL) == p &&
				  !policy_local(&c->policy, name));
	}
}

static void check_config(const struct config *c)
{
	size_t i;

	check_entry(SECTION_GATEWAY, &c->gateway.base);
	check_entry(SECTION_TLS, &c->tls.base);
	check_entry(SECTION_DNS, &c->dns.base);
	fuzz_must(c->partner_count == c->policy.partner_count);
	fuzz_must(c->domain_count == c->policy.local_count);
	for (i = 0; i < c->inside_count; i++)
		check_entry(SECTION_INSIDE, &c->inside[i].base);
	for (i = 0; i < c->domain_count; i++) {
		const struct config_domain *d = &c->domains[i];
		check_entry(SECTION_DOMAINS, &d->base);
		check_domain(d->base.name);
		fuzz_must(d->certificate.count == d->private_key.count);
		fuzz_must(!d->inside == !d->inside_name);
		fuzz_must(policy_local(&c->policy, d->base.name) == &c->policy.locals[i]);
	}
	for (i = 0; i < c->partner_count; i++) {
		const struct config_partner *p = &c->partners[i];
		const struct partner *decides = &c->policy.partners[i];
		check_entry(SECTION_PARTNERS, &p->base);
		fuzz_must(!strcmp(p->base.name, decides->domain));
		fuzz_must(decides->row ==
			  matrix_row((enum tri)p->tls, (enum tri)p->sasl, p->dialback));
		fuzz_must(p->outbound_certificate.count == p->outbound_private_key.count);
		fuzz_must(decides->strict == (p->certificate_check == CONFIG_STRICT));
		check_partner(c, decides);
	}
}

static void on_value(void *context, const char *name, const char *value, const struct place *origin)
{
	(void)context;
	(void)origin;
	fuzz_must(*name && fuzz_is_text(name, strlen(name)) && fuzz_is_text(value, strlen(value)));
}

static int load(const struct memory_files *m, struct diags *d)
{
	struct config *c = NULL;
	int r;

	diags_init(d);
	r = config_load(MAIN, &m->files, &c, d);
	fuzz_must(!r == (c != NULL) && !r == !d->totals[SEVERITY_ERROR]);
	fuzz_must(!r || r == -FAIL_CONFIG);
	if (c) {
		check_config(c);
		config_each_value(c, on_value, NULL);
	}
	config_free(c);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_files m;
	struct diags d, again;

	memory_files_init(&m);
	put_files(&m, (const char *)data, size);
	fuzz_must(load(&m, &d) == load(&m, &again));
	check_diags(&d);
	same_diags(&d, &again);
	diags_fini(&d);
	diags_fini(&again);
	memory_files_fini(&m);
	return 0;
}
