/*
 * partner: which row applies to a domain.
 *
 * A struct policy is built once (by config/load, or a test), then const and shared by any threads; whoever built it owns it.
 * All domains in it are in normal form.
 */
#ifndef POLICY_PARTNER_H
#define POLICY_PARTNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/matrix.h"
#include "xmpp/jid.h"

/* Which of a partner's SRV records are dialled. [XEP-0368] */
enum direct_tls {
	DIRECT_TLS_ALLOW,  /* all, by priority and weight */
	DIRECT_TLS_PREFER, /* those with direct TLS before those without */
	DIRECT_TLS_NEVER   /* those without alone */
};
/* What TLSA records are asked of a partner. [RFC7673] */
enum partner_dane { PARTNER_DANE_OFF, PARTNER_DANE_OPPORTUNISTIC, PARTNER_DANE_REQUIRED };

/* What is done about a certificate whose key is not the one seen before. */
enum pin_mode { PIN_OFF, PIN_OBSERVE, PIN_ENFORCE };
const char *pin_mode_str(enum pin_mode mode);

struct partner {
	char *domain;		   /* owned; "*" for everyone else */
	char **additional_domains; /* owned; "*.x" covers what lies below x, not x itself */
	size_t additional_count;
	const struct row *row;
	bool strict; /* certificate-check: strict */
	unsigned
		verification; /* its settings of TLS and certificates: 0 = the common ones, else its own */
	bool tls_floor; /* and they ask for a version or ciphers of TLS */
	bool keepalive; /* default true */
	enum pin_mode pin;
	bool ratchet; /* never weaker than the best method that was used */
	enum partner_dane dane;
	unsigned connection_limit;
	char *proxy_fqdn; /* owned; NULL = by DNS. A host name or address in normal form, IPv6 without brackets */
	uint16_t proxy_port;
	bool proxy_tls; /* tls://: direct TLS there */
	enum direct_tls direct_tls;
	char *description; /* owned; NULL = none */
	int line;	   /* where the configuration names it, for people */
	int column;
	char *file; /* owned */
};

struct local_domain {
	char *domain;	  /* owned */
	bool certificate; /* we have one for it: TLS can be offered */
};

struct policy {
	struct partner *partners; /* owned */
	size_t partner_count;
	struct local_domain *locals; /* owned */
	size_t local_count;
	struct partner_index *index; /* owned; built by policy_finish */
};

/* How a partner was selected. */
enum partner_match {
	PARTNER_NONE,
	PARTNER_EXACT,
	PARTNER_ADDITIONAL,
	PARTNER_SUFFIX,
	PARTNER_WILDCARD
};
const char *partner_match_str(enum partner_match match);
const char *partner_dane_str(enum partner_dane dane);

/* Makes the look-ups possible; call it once when all entries are there. Aborts when memory runs out. */
void policy_finish(struct policy *p);
void policy_fini(struct policy *p);

/*
 * The partner for DOMAIN (normal form): its own entry, else an additional domain, else the longest suffix, else "*", else
 * NULL: not allowed. An empty policy allows nobody. MATCH (may be NULL) says which it was, *PATTERN (may be NULL) the
 * text that matched.
 */
const struct partner *policy_partner(const struct policy *p, const char *domain,
				     enum partner_match *match, const char **pattern);
/* The entry "*", or NULL: everyone else is refused. */
const struct partner *policy_everyone(const struct policy *p);
/* Does any partner's row permit METHOD, or that of "*"? */
bool policy_somebody_may(const struct policy *p, enum method method);
/* Exactly a domain of ours, or NULL. */
const struct local_domain *policy_local(const struct policy *p, const char *domain);

#endif
