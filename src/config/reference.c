/* conf/fedgate.yml, as the schema says. */
#include <string.h>

#include "config/config.h"
#include "config/value.h"

#define WIDTH 96

static void blanks(struct buf *out, size_t n)
{
	while (n--)
		buf_addc(out, ' ');
}

/* TEXT as comment lines. */
static void comment(struct buf *out, const char *text, size_t indent)
{
	size_t at = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		if (!at || at + 1 + len > WIDTH) {
			if (at)
				buf_addc(out, '\n');
			blanks(out, indent);
			buf_addc(out, '#');
			at = indent + 1;
		}
		buf_addc(out, ' ');
		buf_add(out, text, len);
		at += 1 + len;
		text += len;
		text += strspn(text, " ");
	}
	buf_addc(out, '\n');
}

static void words(const struct schema_key *key, struct buf *out)
{
	size_t i;

	for (i = 0; key->words[i]; i++)
		buf_addf(out, "%s%s", i ? " | " : "", key->words[i]);
}

/* What may be written, and what holds if nothing is. */
static void describe(const struct schema_key *key, struct buf *out)
{
	buf_adds(out, key->help);
	buf_adds(out, " (");
	if (key->words) {
		words(key, out);
		buf_adds(out, key->max ? " | " : "");
	} else if (!key->max) {
		buf_adds(out, schema_type_str(key->type));
	}
	value_print_bounds(key, out);
	if (key->required)
		buf_adds(out, "; required");
	else if (key->none)
		buf_addf(out, "; without it: %s", key->none);
	else if (key->example)
		buf_addf(out, "; default %s", key->value);
	if (key->restart)
		buf_adds(out, "; changed by a restart only");
	buf_addc(out, ')');
}

static void print_key(const struct schema_key *key, size_t indent, struct buf *out)
{
	struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	describe(key, &text);
	comment(out, buf_str(&text), indent);
	buf_fini(&text);
	blanks(out, indent);
	/* what the gateway finds out by itself stays so, unless someone says otherwise */
	if (!key->value && schema_section(key->section)->names == NAMES_NONE &&
	    key->section != SECTION_TOP)
		buf_adds(out, "# ");
	buf_addf(out, "%s: ", key->key);
	value_print_default(key, key->example ? key->example : key->value, out);
	buf_addc(out, '\n');
}

static void print_section(enum section_id id, struct buf *out)
{
	const struct schema_section *s = schema_section(id);
	const struct schema_key *keys;
	size_t indent = s->names == NAMES_NONE ? 2 : 4, count, i;

	buf_addc(out, '\n');
	comment(out, s->help, 0);
	buf_addf(out, "%s:\n", s->name);
	if (s->names == NAMES_PARTNER) {
		comment(out, "everyone else; without it everyone else is refused", 2);
		buf_adds(out, "  # \"*\": { tls: required, sasl: optional }\n");
	}
	if (s->names != NAMES_NONE)
		buf_addf(out, "  %s:\n", s->example);
	keys = schema_keys(id, &count);
	for (i = 0; i < count; i++)
		print_key(&keys[i], indent, out);
}

void schema_reference(struct buf *out)
{
	const struct schema_key *keys;
	size_t count, i;
	int id;

	comment(out,
		"Every setting of fedgate with its default, or with an example where it has none. "
		"See fedgate.yml(5).",
		0);
	buf_adds(out, "#\n");
	comment(out,
		"Durations are in seconds, or take s, m, h, d; sizes are in bytes, or take k, M. "
		"Relative paths are relative to this file. Check it with: fedgatectl "
		"check-config FILE",
		0);
	for (id = SECTION_TOP + 1; id < SECTION_COUNT; id++)
		print_section((enum section_id)id, out);
	buf_addc(out, '\n');
	keys = schema_keys(SECTION_TOP, &count);
	for (i = 0; i < count; i++)
		print_key(&keys[i], 0, out);
}
