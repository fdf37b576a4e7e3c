#include "config/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const void *field_of(const struct schema_key *key, const void *entry)
{
	return (const char *)entry + key->offset;
}

/* Prints a quantity in its largest unit that leaves no rest. */
static void print_duration(uint64_t seconds, struct buf *out)
{
	static const struct {
		uint64_t factor;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!seconds || seconds % units[i].factor)
			continue;
		buf_addf(out, "%llu%c", (unsigned long long)(seconds / units[i].factor),
			 units[i].letter);
		return;
	}
	buf_addf(out, "%llus", (unsigned long long)seconds);
}

static void print_bytes(uint64_t bytes, struct buf *out)
{
	if (bytes && bytes % (1024 * 1024) == 0)
		buf_addf(out, "%lluM", (unsigned long long)(bytes / (1024 * 1024)));
	else if (bytes && bytes % 1024 == 0)
		buf_addf(out, "%lluk", (unsigned long long)(bytes / 1024));
	else
		buf_addf(out, "%llu", (unsigned long long)bytes);
}

static void print_quantity(enum schema_type type, uint64_t value, struct buf *out)
{
	if (type == SCHEMA_DURATION)
		print_duration(value, out);
	else if (type == SCHEMA_BYTES)
		print_bytes(value, out);
	else
		buf_addf(out, "%llu", (unsigned long long)value);
}

void value_print_bounds(const struct schema_key *key, struct buf *out)
{
	if (!key->max)
		return;
	if (key->type == SCHEMA_STRING) {
		buf_addf(out, "at most %llu bytes", (unsigned long long)key->max);
		return;
	}
	print_quantity(key->type, key->min, out);
	buf_adds(out, " to ");
	print_quantity(key->type, key->max, out);
}

static void free_addresses(struct config_addresses *a)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		free(a->items[i].host);
	free(a->items);
}

static void free_names(struct config_names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	free(names->at);
}

void value_fini(const struct schema_key *key, void *entry)
{
	void *field = (char *)entry + key->offset;

	switch (key->type) {
	case SCHEMA_STRING:
	case SCHEMA_PATH:
	case SCHEMA_LINK:
		free(*(char **)field);
		return;
	case SCHEMA_ADDRESS:
	case SCHEMA_HOST:
		free(((struct config_address *)field)->host);
		return;
	case SCHEMA_ADDRESSES:
	case SCHEMA_SERVERS:
		free_addresses(field);
		return;
	case SCHEMA_PATHS:
	case SCHEMA_DOMAINS:
	case SCHEMA_URIS:
		free_names(field);
		return;
	case SCHEMA_BOOL:
	case SCHEMA_WORD:
	case SCHEMA_UINT:
	case SCHEMA_DURATION:
	case SCHEMA_BYTES:
	case SCHEMA_INCLUDE:
		return;
	}
}

bool value_is_none(const struct schema_key *key, const void *entry)
{
	const void *field = field_of(key, entry);

	switch (key->type) {
	case SCHEMA_STRING:
	case SCHEMA_PATH:
	case SCHEMA_LINK:
		return !*(char *const *)field;
	case SCHEMA_ADDRESS:
	case SCHEMA_HOST:
		return !((const struct config_address *)field)->host;
	case SCHEMA_ADDRESSES:
	case SCHEMA_SERVERS:
		return !((const struct config_addresses *)field)->count;
	case SCHEMA_PATHS:
	case SCHEMA_DOMAINS:
	case SCHEMA_URIS:
		return !((const struct config_names *)field)->count;
	case SCHEMA_UINT:
		return !key->words && !*(const unsigned *)field;
	case SCHEMA_BOOL:
	case SCHEMA_WORD:
	case SCHEMA_DURATION:
	case SCHEMA_BYTES:
	case SCHEMA_INCLUDE:
		break;
	}
	return false;
}

static void print_text(const char *text, struct buf *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "._/+@-";

	/* other readers of YAML would take 1.2 for a number */
	bool number = !text[strspn(text, "0123456789.")];

	if (!number && text[0] != '-' && text[0] != '@' && !text[strspn(text, plain)]) {
		buf_adds(out, text);
		return;
	}
	buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(out, '\\');
		if (*text == '\n')
			buf_adds(out, "\\n");
		else
			buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

static void print_address(enum schema_type type, const struct config_address *a, struct buf *out)
{
	bool bracket = type != SCHEMA_SERVERS && strchr(a->host, ':');

	buf_addf(out, "\"%s%s%s%s%c%u\"", a->direct_tls ? "tls://" : "", bracket ? "[" : "",
		 a->host, bracket ? "]" : "", type == SCHEMA_SERVERS ? '@' : ':', a->port);
}

static void print_addresses(enum schema_type type, const struct config_addresses *a,
			    struct buf *out)
{
	size_t i;

	buf_addc(out, '[');
	for (i = 0; i < a->count; i++) {
		buf_adds(out, i ? ", " : "");
		print_address(type, &a->items[i], out);
	}
	buf_addc(out, ']');
}

static void print_names(const struct config_names *names, struct buf *out)
{
	size_t i;

	buf_addc(out, '[');
	for (i = 0; i < names->count; i++) {
		buf_adds(out, i ? ", " : "");
		print_text(names->items[i], out);
	}
	buf_addc(out, ']');
}

static void print_uint(const struct schema_key *key, unsigned value, struct buf *out)
{
	if (!value && key->words)
		buf_adds(out, key->words[0]);
	else
		buf_addf(out, "%u", value);
}

void value_print(const struct schema_key *key, const void *entry, struct buf *out)
{
	const void *field = field_of(key, entry);

	if (value_is_none(key, entry))
		return;
	switch (key->type) {
	case SCHEMA_STRING:
	case SCHEMA_PATH:
	case SCHEMA_LINK:
		print_text(*(char *const *)field, out);
		return;
	case SCHEMA_BOOL:
		buf_adds(out, *(const bool *)field ? "true" : "false");
		return;
	case SCHEMA_WORD:
		print_text(key->words[*(const unsigned *)field], out);
		return;
	case SCHEMA_UINT:
		print_uint(key, *(const unsigned *)field, out);
		return;
	case SCHEMA_DURATION:
	case SCHEMA_BYTES:
		print_quantity(key->type, *(const uint64_t *)field, out);
		return;
	case SCHEMA_ADDRESS:
	case SCHEMA_HOST:
		print_address(key->type, field, out);
		return;
	case SCHEMA_ADDRESSES:
	case SCHEMA_SERVERS:
		print_addresses(key->type, field, out);
		return;
	case SCHEMA_PATHS:
		if (((const struct config_names *)field)->count == 1)
			print_text(((const struct config_names *)field)->items[0], out);
		else
			print_names(field, out);
		return;
	case SCHEMA_DOMAINS:
	case SCHEMA_URIS:
		print_names(field, out);
		return;
	case SCHEMA_INCLUDE:
		return;
	}
}

void value_print_default(const struct schema_key *key, const char *text, struct buf *out)
{
	struct schema_key like = *key;
	char *entry;

	if (!text)
		return;
	switch (key->type) {
	case SCHEMA_PATH: /* as it is written, not as it is read */
	case SCHEMA_PATHS:
	case SCHEMA_DURATION:
	case SCHEMA_BYTES:
	case SCHEMA_INCLUDE:
		buf_adds(out, text);
		return;
	case SCHEMA_STRING:
	case SCHEMA_LINK:
	case SCHEMA_BOOL:
	case SCHEMA_WORD:
	case SCHEMA_UINT:
	case SCHEMA_ADDRESS:
	case SCHEMA_ADDRESSES:
	case SCHEMA_SERVERS:
	case SCHEMA_HOST:
	case SCHEMA_DOMAINS:
	case SCHEMA_URIS:
		break;
	}
	like.value = text;
	entry = mem_new(schema_section(key->section)->size);
	value_default(&like, entry);
	value_print(&like, entry, out);
	value_fini(&like, entry);
	free(entry);
}
