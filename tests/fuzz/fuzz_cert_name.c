/*
 * A domain on the first line, names of a certificate on the others (the kind as the first byte: d, s or x): against a small
 * oracle that knows ASCII names only and says of those exactly what must match.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "trust/cert_name.h"
#include "trust/verdict.h"

#define NAMES_MAX 64

struct input {
	char domain[JID_DOMAIN_SIZE];
	struct cert_name names[NAMES_MAX];
	size_t count;
};

static bool read_input(const char *text, size_t size, struct input *in)
{
	const char *end = size ? memchr(text, '\n', size) : NULL;

	in->count = 0;
	if (!end || jid_domain(text, (size_t)(end - text), in->domain))
		return false;
	size -= (size_t)(end + 1 - text);
	text = end + 1;
	while (size && in->count < NAMES_MAX) {
		const char *stop = memchr(text, '\n', size);
		size_t len = stop ? (size_t)(stop - text) : size;
		struct cert_name *name = &in->names[in->count];
		if (len) {
			name->type = *text == 's'   ? CERT_NAME_SRV
				     : *text == 'x' ? CERT_NAME_XMPP_ADDR
						    : CERT_NAME_DNS;
			name->value = text + 1;
			name->len = len - 1;
			in->count++;
		}
		text += len + (stop != NULL);
		size -= len + (stop != NULL);
	}
	return true;
}

/* TEXT, without one trailing dot, is DOMAIN but for the case of ASCII letters. */
static bool same_name(const char *text, size_t len, const char *domain)
{
	size_t i;

	if (len && text[len - 1] == '.')
		len--;
	if (len != strlen(domain))
		return false;
	for (i = 0; i < len; i++) {
		char c = text[i];
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (c != domain[i])
			return false;
	}
	return true;
}

static size_t dots(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '.';
	return n;
}

enum answer { NO, YES, CANNOT_SAY };

static enum answer yes_if(bool yes)
{
	return yes ? YES : NO;
}

static enum answer oracle(const struct cert_name *name, const char *domain)
{
	static const char service[] = "_xmpp-server.";
	const char *v = name->value;
	bool address = jid_is_address(domain);
	size_t i;

	for (i = 0; i < name->len; i++)
		if ((unsigned char)v[i] >= 0x80)
			return name->type == CERT_NAME_XMPP_ADDR ? CANNOT_SAY : NO;
	switch (name->type) {
	case CERT_NAME_DNS:
		if (name->len > 2 && v[0] == '*' && v[1] == '.' && !address)
			return yes_if(dots(domain) > 1 &&
				      same_name(v + 2, name->len - 2, strchr(domain, '.') + 1));
		return yes_if(!address && same_name(v, name->len, domain));
	case CERT_NAME_SRV:
		for (i = 0; service[i]; i++) {
			bool letter = i < name->len && service[i] >= 'a' && service[i] <= 'z';
			if (i >= name->len || (letter ? v[i] | 0x20 : v[i]) != service[i])
				return NO;
		}
		return yes_if(!address && same_name(v + i, name->len - i, domain));
	case CERT_NAME_XMPP_ADDR:
		/* an IPv6 address has many spellings */
		if (name->len && v[0] == '[')
			return domain[0] == '[' ? CANNOT_SAY : NO;
		return yes_if(same_name(v, name->len, domain));
	}
	return NO;
}

static void check(const struct input *in)
{
	struct cert_facts facts = { .chain = CERT_CHAIN_OK,
				    .names = in->names,
				    .name_count = in->count };
	bool matches = cert_name_matches(&facts, in->domain), any = false, nul = false;
	struct verdict v = verdict_of(&facts, NULL, false, in->domain);
	size_t i;

	for (i = 0; i < in->count; i++) {
		const struct cert_name *name = &in->names[i];
		bool one = cert_name_matches_one(name, in->domain);
		if (memchr(name->value, '\0', name->len)) {
			fuzz_must(!one);
			nul = true;
		} else {
			enum answer answer = oracle(name, in->domain);
			fuzz_must(answer == CANNOT_SAY || one == (answer == YES));
		}
		/* a user's or a resource's address, or a wildcard of a kind we do not know */
		if (one)
			fuzz_must(!memchr(name->value, '@', name->len) &&
				  !memchr(name->value, '/', name->len) &&
				  (name->len < 2 || !memchr(name->value + 1, '*', name->len - 1)));
		any = any || one;
	}
	fuzz_must(matches == (any && !nul));
	fuzz_must(v.chain && v.identity == matches && verdict_is_valid(&v) == matches);
	fuzz_must((v.fail == FAIL_NONE) == matches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct input in;

	fuzz_must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	if (read_input(copy, size, &in))
		check(&in);
	free(copy);
	return 0;
}
