/*
 * jid: splitting addresses and the one normal form of domains.
 *
 * A domain in normal form is lower-case A-labels without a trailing dot (or an IP literal as inet_ntop prints it, IPv6 in
 * brackets); every compare, key, policy and route works on that form alone, so that equality is strcmp. Nothing is ever
 * truncated. Pure; any thread.
 */
#ifndef XMPP_JID_H
#define XMPP_JID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

#define JID_PART_MAX 1023   /* bytes of each part [RFC7622 3.1] */
#define JID_DOMAIN_SIZE 256 /* a normal form (at most 253 bytes) and its NUL */

struct jid {
	const char *local; /* borrowed from the text that was split; NULL where there is none */
	size_t local_len;
	const char *domain;
	size_t domain_len;
	const char *resource;
	size_t resource_len;
};

/*
 * Splits TEXT at the first '/' and, before it, the first '@' [RFC7622 3.2]. Refuses empty parts, parts over JID_PART_MAX,
 * invalid UTF-8 and control characters: -FAIL_JID_MALFORMED. The domain is not normalised.
 */
int jid_split(const char *text, size_t len, struct jid *out) must_check;

/*
 * The normal form of a domainpart. Accepts upper case, U-labels, full stops of IDNA, one trailing dot, IPv4 and [IPv6]
 * literals. Refuses whatever is no host name: empty or long labels, bytes outside letters, digits and hyphen after
 * mapping (underscores too), spaces, NUL, invalid or disallowed code points, an "xn--" that is no A-label, "--" in a
 * label's third and fourth place otherwise [RFC5890 2.3.1], a last label that is a number and so could be read as an
 * address. -FAIL_JID_MALFORMED.
 */
int jid_domain(const char *text, size_t len, char out[JID_DOMAIN_SIZE]) must_check;
/* The same for a whole JID: its domain in normal form; *BARE_DOMAIN says that there is neither local nor resource. OUT
 * and *BARE_DOMAIN are set on success only. */
int jid_domain_of(const char *text, size_t len, char out[JID_DOMAIN_SIZE],
		  bool *bare_domain) must_check;

/* DOMAIN (normal form) is an IP literal. */
bool jid_is_address(const char *domain);
/* NAME ends in ".SUFFIX" (whole labels, at least one more in front); both in normal form. */
bool jid_is_below(const char *name, const char *suffix);

#endif
