#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/value.h"

static void free_base(struct config_base *base, enum section_id section)
{
	const struct schema_key *keys;
	size_t count, i;

	keys = schema_keys(section, &count);
	for (i = 0; i < count; i++)
		value_fini(&keys[i], base);
	free(base->name);
	free(base->set);
}

static void free_entries(void *array, size_t count, enum section_id section)
{
	size_t size = schema_section(section)->size, i;

	for (i = 0; i < count; i++)
		free_base((struct config_base *)((char *)array + i * size), section);
	free(array);
}

void config_free(struct config *c)
{
	size_t i;

	if (!c)
		return;
	policy_fini(&c->policy);
	free_base(&c->gateway.base, SECTION_GATEWAY);
	free_base(&c->tls.base, SECTION_TLS);
	free_base(&c->dns.base, SECTION_DNS);
	free_entries(c->domains, c->domain_count, SECTION_DOMAINS);
	free_entries(c->inside, c->inside_count, SECTION_INSIDE);
	free_entries(c->partners, c->partner_count, SECTION_PARTNERS);
	for (i = 0; i < c->file_count; i++)
		free(c->files[i]);
	free(c->files);
	free(c);
}

void config_file_fini(struct config_file *file)
{
	if (file->data)
		explicit_bzero(file->data, file->len);
	free(file->data);
	memset(file, 0, sizeof(*file));
}

struct each {
	config_value_fn fn;
	void *context;
};

static void each_key(const struct each *each, enum section_id section,
		     const struct config_base *base)
{
	const struct schema_key *keys;
	struct buf name, value;
	size_t count, i;

	buf_init(&name, BUF_MAX_DEFAULT);
	buf_init(&value, BUF_MAX_DEFAULT * 8);
	keys = schema_keys(section, &count);
	for (i = 0; i < count; i++) {
		buf_clear(&name);
		buf_clear(&value);
		buf_addf(&name, "%s.%s%s%s", schema_section(section)->name,
			 base->name ? base->name : "", base->name ? "." : "", keys[i].key);
		value_print(&keys[i], base, &value);
		each->fn(each->context, buf_str(&name), buf_str(&value), &base->set[i]);
	}
	buf_fini(&name);
	buf_fini(&value);
}

static void each_entry(const struct each *each, enum section_id section, const void *array,
		       size_t count)
{
	size_t size = schema_section(section)->size, i;

	for (i = 0; i < count; i++)
		each_key(each, section,
			 (const struct config_base *)((const char *)array + i * size));
}

void config_each_value(const struct config *c, config_value_fn fn, void *context)
{
	struct each each = { fn, context };

	each_key(&each, SECTION_GATEWAY, &c->gateway.base);
	each_key(&each, SECTION_TLS, &c->tls.base);
	each_key(&each, SECTION_DNS, &c->dns.base);
	each_entry(&each, SECTION_DOMAINS, c->domains, c->domain_count);
	each_entry(&each, SECTION_INSIDE, c->inside, c->inside_count);
	each_entry(&each, SECTION_PARTNERS, c->partners, c->partner_count);
}
