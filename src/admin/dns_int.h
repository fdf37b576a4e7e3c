/* dns_int: what DNS says of a partner's domain now, and what would be dialled. */
#ifndef ADMIN_DNS_INT_H
#define ADMIN_DNS_INT_H

#include "config/config.h"
#include "net/resolver.h"
#include "policy/targets.h"

enum { DNS_XMPPS, DNS_XMPP, DNS_SERVICES };

struct dns_service { /* an answer about SRV records */
	bool asked;
	struct targets_answer answer;
	struct srv *records; /* owned */
	uint32_t ttl;
	char reason[120];
};

struct dns_address {
	struct net_address address;
	enum fail refused; /* FAIL_NONE: it would be dialled */
};

struct dns_host { /* of targets.items */
	enum fail fail;
	struct dns_address addresses[RESOLVER_ADDRESSES_MAX];
	size_t count;
	uint32_t ttl; /* 0 = it was not looked up */
	bool secure;
	char reason[120];
	struct dns_tlsa {
		bool asked;
		enum fail
			fail; /* FAIL_DNS_NOT_FOUND: there are none, or none that is well-formed */
		bool secure;  /* they count */
		size_t count;
		char reason[120];
	} tlsa;
};

struct dns_view {
	struct dns_service services[DNS_SERVICES];
	enum fail fail; /* why there are no targets */
	struct targets targets;
	struct dns_host hosts[SRV_TARGETS_MAX];
};

/* "_xmpps-server" and so on. */
extern const char *const dns_service_names[DNS_SERVICES];

/* Asks with a loop and a resolver of its own. False where they cannot be had, with the reason. */
bool dns_ask(const struct config *c, const struct partner *partner, const char *domain,
	     struct dns_view *out, char error[RESOLVER_ERROR_SIZE]);
void dns_view_fini(struct dns_view *v);
/* Is there any address that would be dialled? */
bool dns_view_is_reachable(const struct dns_view *v);

#endif
