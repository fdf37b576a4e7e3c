#include "eval_dane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool eval_chain_parse(const char *text, enum cert_chain *chain)
{
	int i;

	for (i = CERT_CHAIN_MISSING; i <= CERT_CHAIN_BROKEN; i++) {
		*chain = (enum cert_chain)i;
		if (!strcmp(text, cert_chain_str(*chain)))
			return true;
	}
	return false;
}

static bool match_parse(const char *text, enum dane_match *match)
{
	int i;

	for (i = DANE_ABSENT; i <= DANE_EE; i++) {
		*match = (enum dane_match)i;
		if (!strcmp(text, dane_match_str(*match)))
			return true;
	}
	return false;
}

/* Different for any two of: what is looked at, how, whose it is. */
static void digest(unsigned char *out, size_t len, int selector, const char *name, size_t name_len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (unsigned char)i;
	out[0] = (unsigned char)selector;
	out[1] = (unsigned char)len;
	/* the key is the letter alone; the last byte, so that a short comparison is found */
	if (selector == TLSA_KEY)
		name_len = 1;
	for (i = 0; i < name_len; i++)
		out[len - 1 - i] = (unsigned char)name[i];
}

/* NAME[*][!STATE] */
static bool read_certificate(struct eval_case *c, char *text, struct dane_certificate *out)
{
	char *state = strchr(text, '!');
	size_t len;
	int s;

	memset(out, 0, sizeof(*out));
	out->path = CERT_CHAIN_OK;
	if (state) {
		*state++ = '\0';
		if (!eval_chain_parse(state, &out->path))
			return eval_fail(c, "%s: no state of a chain", state);
	}
	len = strlen(text);
	out->trusted = len && text[len - 1] == '*';
	len -= out->trusted;
	if (!len || len > 2)
		return eval_fail(c, "a certificate's name has one or two letters");
	for (s = 0; s < TLSA_SELECTORS; s++) {
		digest(out->sha256[s], sizeof(out->sha256[s]), s, text, len);
		digest(out->sha512[s], sizeof(out->sha512[s]), s, text, len);
	}
	return true;
}

/* USAGE-SELECTOR-MATCHING:NAME */
static bool read_record(struct eval_case *c, const char *text, struct tlsa *out)
{
	unsigned u, s, m;
	char name[3];

	memset(out, 0, sizeof(*out));
	if (sscanf(text, "%u-%u-%u:%2s", &u, &s, &m, name) != 4)
		return eval_fail(c, "%s: USAGE-SELECTOR-MATCHING:NAME expected", text);
	out->usage = (uint8_t)u;
	out->selector = (uint8_t)s;
	out->matching = (uint8_t)m;
	digest(out->digest, m == TLSA_SHA512 ? 64 : 32, (int)s, name, strlen(name));
	return true;
}

bool eval_dane(struct eval_case *c, void *ctx)
{
	struct tlsa records[EVAL_FIELDS_MAX];
	struct dane_chain chain = { .count = 0 };
	struct dane_result result;
	bool *seen = ctx;
	char *list, *item;
	int i, count = 0;

	if (c->count < 3)
		return eval_fail(c, "MATCH PATH  CHAIN RECORD… expected");
	list = strcmp(eval_text(c, 2), "-") ? c->fields[2].text : NULL;
	while ((item = eval_next_item(&list)))
		if (chain.count == DANE_CHAIN_MAX ||
		    !read_certificate(c, item, &chain.items[chain.count++]))
			return eval_fail(c, "%s", *c->why ? c->why : "too many certificates");
	for (i = 3; i < c->count; i++)
		if (!read_record(c, eval_text(c, i), &records[count++]))
			return false;
	result = dane_compare(records, (size_t)count, &chain);
	seen[result.match] = true;
	return eval_expect(c, 0, dane_match_str(result.match)) &&
	       eval_expect(c, 1, cert_chain_str(result.path));
}

bool eval_dane_finish(struct eval_case *c, void *ctx)
{
	bool *seen = ctx;
	int i;

	for (i = DANE_ABSENT; i <= DANE_EE; i++)
		if (!seen[i])
			return eval_fail(c, "no case for %s", dane_match_str((enum dane_match)i));
	return true;
}

static bool fail_parse(const char *text, enum fail *fail)
{
	int i;

	for (i = FAIL_NONE; i < FAIL_COUNT; i++) {
		*fail = (enum fail)i;
		if (!strcmp(text, fail_str(*fail)))
			return true;
	}
	return false;
}

static bool set_fact(const char *key, char *value, struct dane_facts *out)
{
	char *path = strchr(value, '/');

	if (!strcmp(key, "dane")) {
		if (path)
			*path++ = '\0';
		return match_parse(value, &out->result.match) &&
		       (!path || eval_chain_parse(path, &out->result.path));
	}
	if (!strcmp(key, "dane-fail"))
		return fail_parse(value, &out->fail);
	if (!strcmp(key, "dane-host") && out->host_count < DANE_HOSTS_MAX) {
		snprintf(out->hosts[out->host_count++], JID_DOMAIN_SIZE, "%s", value);
		return true;
	}
	if (strcmp(key, "dane-for"))
		return false;
	snprintf(out->domain, sizeof(out->domain), "%s", value);
	return true;
}

bool eval_dane_field(struct eval_case *c, int i, struct eval_dane_facts *out)
{
	char *text = c->fields[i].text, *value;

	if (strncmp(text, "dane", 4))
		return false;
	if (!strcmp(text, "dane-required")) {
		out->required = true;
		return true;
	}
	value = strchr(text, ':');
	if (!value)
		return false;
	*value++ = '\0';
	out->given = true;
	if (set_fact(text, value, &out->facts))
		return true;
	value[-1] = ':';
	return false;
}
