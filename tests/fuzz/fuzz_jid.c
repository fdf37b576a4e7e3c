/*
 * Any bytes as a JID and as a domain: the parts lie within the input, a normal form is a host name or an address and its own
 * normal form, and what is below a suffix is so by whole labels.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "xmpp/jid.h"

static void check_address(const char *form)
{
	unsigned char bytes[16];
	char text[JID_DOMAIN_SIZE], again[INET6_ADDRSTRLEN];
	bool six = form[0] == '[';
	size_t len = strlen(form);

	memcpy(text, form + six, len + 1 - six);
	if (six) {
		fuzz_must(len > 2 && text[len - 2] == ']');
		text[len - 2] = '\0';
	}
	fuzz_must(inet_pton(six ? AF_INET6 : AF_INET, text, bytes) == 1);
	fuzz_must(inet_ntop(six ? AF_INET6 : AF_INET, bytes, again, sizeof(again)) != NULL);
	fuzz_must(!strcmp(text, again));
}

static void check_host(const char *form)
{
	const char *p, *label = form;

	fuzz_must(strlen(form) <= 253);
	for (p = form;; p++) {
		bool end = *p == '.' || !*p;
		if (end)
			fuzz_must(p > label && p - label <= 63 && *label != '-' && p[-1] != '-');
		else
			fuzz_must((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
				  *p == '-');
		if (!*p)
			break;
		if (end)
			label = p + 1;
	}
	fuzz_must(label[strspn(label, "0123456789")] != '\0');
}

/* Each suffix that starts behind a dot is above the name; nothing that starts elsewhere is. */
static void check_below(const char *form)
{
	const char *p;

	for (p = form; *p; p++)
		fuzz_must(jid_is_below(form, p) == (p > form + 1 && p[-1] == '.'));
	fuzz_must(!jid_is_below(form, ""));
}

/* A copy without anything behind it, so that a read past the end is found. */
static char *exact_copy(const void *data, size_t len)
{
	char *copy = malloc(len ? len : 1);

	fuzz_must(copy != NULL);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

static void check_domain(const char *text, size_t len)
{
	char form[JID_DOMAIN_SIZE], again[JID_DOMAIN_SIZE];
	char *copy = exact_copy(text, len);

	memset(form, 'x', sizeof(form));
	if (!jid_domain(copy, len, form)) {
		fuzz_must(memchr(form, '\0', sizeof(form)) != NULL);
		fuzz_must(!memchr(text, '\0', len));
		if (jid_is_address(form))
			check_address(form);
		else
			check_host(form);
		fuzz_must(!jid_domain(form, strlen(form), again) && !strcmp(form, again));
		check_below(form);
	} else {
		fuzz_must(form[0] == 'x' && form[sizeof(form) - 1] == 'x');
	}
	free(copy);
}

static void check_part(const char *part, size_t len)
{
	fuzz_must(!part == !len);
	fuzz_must(len <= JID_PART_MAX && (!part || !memchr(part, '\0', len)));
}

static void check_split(const char *text, size_t len)
{
	char form[JID_DOMAIN_SIZE], whole[JID_DOMAIN_SIZE];
	struct jid jid;
	bool bare = false;
	size_t sum;

	if (jid_split(text, len, &jid)) {
		fuzz_must(jid_domain_of(text, len, whole, &bare) != 0);
		return;
	}
	check_part(jid.local, jid.local_len);
	check_part(jid.domain, jid.domain_len);
	check_part(jid.resource, jid.resource_len);
	fuzz_must(jid.domain != NULL);
	sum = jid.domain_len;
	if (jid.local) {
		fuzz_must(jid.local == text && text[jid.local_len] == '@');
		fuzz_must(jid.domain == text + jid.local_len + 1);
		fuzz_must(!memchr(jid.local, '/', jid.local_len) &&
			  !memchr(text, '@', jid.local_len));
		sum += jid.local_len + 1;
	} else {
		fuzz_must(jid.domain == text && !memchr(text, '@', jid.domain_len));
	}
	if (jid.resource) {
		fuzz_must(jid.resource == jid.domain + jid.domain_len + 1 &&
			  jid.resource[-1] == '/');
		sum += jid.resource_len + 1;
	}
	fuzz_must(sum == len && !memchr(jid.domain, '/', jid.domain_len));
	check_domain(jid.domain, jid.domain_len);
	if (jid_domain(jid.domain, jid.domain_len, form)) {
		fuzz_must(jid_domain_of(text, len, whole, &bare) != 0);
		return;
	}
	fuzz_must(!jid_domain_of(text, len, whole, &bare) && !strcmp(form, whole));
	fuzz_must(bare == (jid.domain_len == len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = exact_copy(data, size);

	check_split(copy, size);
	check_domain(copy, size);
	free(copy);
	return 0;
}
