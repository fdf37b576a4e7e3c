#include "xmpp/jid.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define LABEL_MAX 63
#define DOMAIN_MAX (JID_DOMAIN_SIZE - 3) /* 253: without the root's dot */

/* Never IDN2_USE_STD3_ASCII_RULES: it deletes what it does not like, and one name becomes another. */
#define IDN_FLAGS (IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)

/* Well-formed UTF-8 without control characters, so without NUL too. */
static bool is_text(const char *text, size_t len)
{
	while (len) {
		size_t size = str_text_char(text, len);
		if (!size)
			return false;
		text += size;
		len -= size;
	}
	return true;
}

static bool is_part_size(size_t len)
{
	return len > 0 && len <= JID_PART_MAX;
}

int jid_split(const char *text, size_t len, struct jid *out)
{
	struct jid jid = { NULL, 0, text, len, NULL, 0 };
	const char *at, *slash;

	if (!len || !is_text(text, len))
		return -FAIL_JID_MALFORMED;
	slash = memchr(text, '/', len);
	if (slash) {
		jid.domain_len = (size_t)(slash - text);
		jid.resource = slash + 1;
		jid.resource_len = len - jid.domain_len - 1;
	}
	at = memchr(text, '@', jid.domain_len);
	if (at) {
		jid.local = text;
		jid.local_len = (size_t)(at - text);
		jid.domain = at + 1;
		jid.domain_len -= jid.local_len + 1;
	}
	if ((at && !is_part_size(jid.local_len)) || !is_part_size(jid.domain_len) ||
	    (slash && !is_part_size(jid.resource_len)))
		return -FAIL_JID_MALFORMED;
	*out = jid;
	return 0;
}

static int ipv6_literal(const char *text, size_t len, char out[JID_DOMAIN_SIZE])
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr in;

	if (len < 2 || text[len - 1] != ']' ||
	    str_copy(address, sizeof(address), text + 1, len - 2) ||
	    inet_pton(AF_INET6, address, &in) != 1 ||
	    !inet_ntop(AF_INET6, &in, address, sizeof(address)) ||
	    str_format(out, JID_DOMAIN_SIZE, "[%s]", address))
		return -FAIL_JID_MALFORMED;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_ldh(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

static bool is_label(const char *label, size_t len)
{
	size_t i;

	if (!len || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
		return false;
	if (len > 3 && label[2] == '-' && label[3] == '-' && strncmp(label, "xn", 2))
		return false;
	for (i = 0; i < len; i++)
		if (!is_ldh(label[i]))
			return false;
	return true;
}

/* What the resolver's address parser would take for a number: "1", "0x7f". No top-level domain looks like that. */
static bool is_number(const char *label)
{
	if (!strncmp(label, "0x", 2))
		return !label[2 + strspn(label + 2, "0123456789abcdef")];
	return !label[strspn(label, "0123456789")];
}

/* Is NAME (lower case, no trailing dot) a host name or an IPv4 address as inet_ntop prints it? */
static bool is_host(const char *name)
{
	const char *label = name;
	struct in_addr in;

	if (strlen(name) > DOMAIN_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(label, ".");
		if (!is_label(label, len))
			return false;
		if (!label[len])
			break;
		label += len + 1;
	}
	/* inet_pton takes the four-part form without leading zeros only, which is how inet_ntop prints it */
	return !is_number(label) || inet_pton(AF_INET, name, &in) == 1;
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text += 'a' - 'A';
}

/* All ASCII, and no label that claims to be an A-label. */
static bool is_plain(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if ((unsigned char)*p >= 0x80)
			return false;
	return strncmp(name, "xn--", 4) && !strstr(name, ".xn--");
}

/* Maps NAME to A-labels into OUT of JID_DOMAIN_SIZE, trailing dot and foreign bytes still in it. */
static int idn_map(const char *name, char out[JID_DOMAIN_SIZE])
{
	uint8_t *mapped = NULL;
	int rc = idn2_lookup_u8((const uint8_t *)name, &mapped, IDN_FLAGS);

	if (rc == IDN2_OK)
		rc = str_copy(out, JID_DOMAIN_SIZE, (char *)mapped, strlen((char *)mapped));
	else
		rc = -FAIL_JID_MALFORMED;
	idn2_free(mapped);
	return rc ? -FAIL_JID_MALFORMED : 0;
}

/* The A-labels of NAME stand for U-labels that map back to them: nothing hides behind a forged "xn--". */
static bool is_round_trip(const char *name)
{
	char again[JID_DOMAIN_SIZE], *unicode = NULL;
	bool same = idn2_to_unicode_8z8z(name, &unicode, IDN_FLAGS) == IDN2_OK &&
		    !idn_map(unicode, again) && !strcmp(name, again);

	idn2_free(unicode);
	return same;
}

int jid_domain(const char *text, size_t len, char out[JID_DOMAIN_SIZE])
{
	char name[JID_PART_MAX + 1], ascii[JID_DOMAIN_SIZE];
	bool plain;
	size_t size;

	if (!is_part_size(len) || !is_text(text, len) || str_copy(name, sizeof(name), text, len))
		return -FAIL_JID_MALFORMED;
	if (name[0] == '[')
		return ipv6_literal(name, len, out);
	lower(name);
	plain = is_plain(name);
	if (plain ? str_copy(ascii, sizeof(ascii), name, len) : idn_map(name, ascii))
		return -FAIL_JID_MALFORMED;
	/* once, and only now: a mapping may have made the dot */
	size = strlen(ascii);
	if (size && ascii[size - 1] == '.')
		ascii[--size] = '\0';
	/* mapping yields any ASCII at all, '@', '/' and spaces included */
	if (!is_host(ascii) || (!plain && !is_round_trip(ascii)))
		return -FAIL_JID_MALFORMED;
	memcpy(out, ascii, size + 1);
	return 0;
}

int jid_domain_of(const char *text, size_t len, char out[JID_DOMAIN_SIZE], bool *bare_domain)
{
	struct jid jid;
	int rc = jid_split(text, len, &jid);

	if (rc)
		return rc;
	rc = jid_domain(jid.domain, jid.domain_len, out);
	if (!rc)
		*bare_domain = !jid.local && !jid.resource;
	return rc;
}

bool jid_is_address(const char *domain)
{
	const char *top = strrchr(domain, '.');

	/* no host name in normal form ends in a number */
	return domain[0] == '[' || (top && is_number(top + 1));
}

bool jid_is_below(const char *name, const char *suffix)
{
	size_t n = strlen(name), s = strlen(suffix);

	return s && n > s + 1 && name[n - s - 1] == '.' && !strcmp(name + n - s, suffix);
}
