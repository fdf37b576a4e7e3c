#include "trust/cert_name.h"

#include <string.h>
#include <strings.h>

#include "xmpp/jid.h"

static bool has_nul(const struct cert_name *name)
{
	return memchr(name->value, '\0', name->len) != NULL;
}

/* dNSName and SRVName are IA5Strings: a U-label in one is a mistake that nobody else would accept. */
static bool is_ascii(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

/* The normal form of a host name of the certificate. An address is none: it would have to stand in an iPAddress. */
static bool host_name(const char *text, size_t len, char out[JID_DOMAIN_SIZE])
{
	return len && is_ascii(text, len) && !jid_domain(text, len, out) && !jid_is_address(out);
}

static bool matches_host(const char *text, size_t len, const char *domain)
{
	char name[JID_DOMAIN_SIZE];

	return host_name(text, len, name) && !strcmp(name, domain);
}

/* The whole left-most label and nothing but it, above at least two more [RFC9525 6.3] */
static bool matches_wildcard(const char *parent, size_t len, const char *domain)
{
	char name[JID_DOMAIN_SIZE];
	const char *dot = strchr(domain, '.');

	return host_name(parent, len, name) && strchr(name, '.') && dot && !strcmp(name, dot + 1);
}

static bool matches_dns(const struct cert_name *name, const char *domain)
{
	if (name->len > 2 && !strncmp(name->value, "*.", 2))
		return matches_wildcard(name->value + 2, name->len - 2, domain);
	return matches_host(name->value, name->len, domain);
}

/* A name for one service only: another service's certificate is no proof for ours [RFC4985 2] */
static bool matches_srv(const struct cert_name *name, const char *domain)
{
	static const char service[] = "_xmpp-server.";
	const size_t len = sizeof(service) - 1;

	return name->len > len && !strncasecmp(name->value, service, len) &&
	       matches_host(name->value + len, name->len - len, domain);
}

/* UTF8String; a user's or a resource's address names no server [XEP-0178 2] */
static bool matches_xmpp_addr(const struct cert_name *name, const char *domain)
{
	char addr[JID_DOMAIN_SIZE];
	bool bare = false;

	return !jid_domain_of(name->value, name->len, addr, &bare) && bare && !strcmp(addr, domain);
}

bool cert_name_matches_one(const struct cert_name *name, const char *domain)
{
	if (!name->len || has_nul(name))
		return false;
	switch (name->type) {
	case CERT_NAME_DNS:
		return matches_dns(name, domain);
	case CERT_NAME_SRV:
		return matches_srv(name, domain);
	case CERT_NAME_XMPP_ADDR:
		return matches_xmpp_addr(name, domain);
	}
	return false;
}

static bool matches_any(const struct cert_facts *facts, const char *domain, bool host)
{
	size_t i;
	bool found = false;

	if (facts->name_count > CERT_NAMES_MAX)
		return false;
	for (i = 0; i < facts->name_count; i++) {
		const struct cert_name *name = &facts->names[i];
		/* whoever had a name with a NUL signed may have meant to deceive: no other name of it counts */
		if (name->len && has_nul(name))
			return false;
		if (!host || name->type == CERT_NAME_DNS)
			found = found || cert_name_matches_one(name, domain);
	}
	return found;
}

bool cert_name_matches(const struct cert_facts *facts, const char *domain)
{
	return matches_any(facts, domain, false);
}

bool cert_name_matches_host(const struct cert_facts *facts, const char *host)
{
	return matches_any(facts, host, true);
}
