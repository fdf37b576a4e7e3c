/*
 * resolver: DNS, without ever blocking.
 *
 * Owns the resolver library's context of one loop, with a cache of its own; belongs to its thread, but the library's state
 * of the process makes it necessary that resolvers are made one at a time. Every question has a time limit of ours and can
 * be cancelled. Answers come from the loop, never from inside the call that asks. Names are A-labels in normal form. Where
 * trust anchors are given, answers are validated (DNSSEC): what is said to be secure was proven, and a bogus answer is a
 * failure that nothing makes up for. The resolvers that are asked must then pass signatures on.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "net/address.h"
#include "net/loop.h"
#include "trust/tlsa.h"
#include "xmpp/srv.h"

#define RESOLVER_ERROR_SIZE 160
#define RESOLVER_ADDRESSES_MAX 16 /* of one host */

struct resolver;

struct resolver_settings {		   /* borrowed for the call */
	const struct net_address *servers; /* whom to ask */
	size_t count;			   /* 0 = the system's resolvers */
	uint64_t timeout_ms;
	const char *
		trust_anchors; /* a file of DS or DNSKEY records; NULL = answers are not validated */
};

/* NULL with the reason. */
struct resolver *resolver_new(struct loop *l, const struct resolver_settings *settings,
			      char error[RESOLVER_ERROR_SIZE]);
/* Cancels what is under way: no callback comes. NULL is allowed. */
void resolver_free(struct resolver *r);

struct resolver_answer {
	/* FAIL_NONE: there is one at least; FAIL_DNS_NOT_FOUND: the name or the type does not exist; FAIL_DNS_FAILED: no
	 * answer, or none of what it holds is usable; FAIL_DNS_TIMEOUT; FAIL_DNS_BOGUS: the answer is forged or its
	 * signatures broken; FAIL_NO_MEMORY */
	enum fail fail;
	const char *reason;    /* more of it for the log; "" */
	bool secure;	       /* of an answer, and of NOT_FOUND: the signatures prove it */
	const struct srv *srv; /* of resolver_srv, in no order; those that are malformed left out */
	const struct net_address *addresses; /* of resolver_addresses; ports are those asked for */
	const struct tlsa *tlsa;	     /* of resolver_tlsa; likewise */
	size_t count;
	unsigned
		ignored; /* records that were left out as malformed, or as more than are looked at */
	uint32_t ttl;	 /* seconds; of NOT_FOUND at most 60, of the other failures 0 */
};
typedef void (*resolver_fn)(void *context,
			    const struct resolver_answer *answer); /* all borrowed for the call */

struct resolver_query;
/* SRV records of NAME, such as "_xmpp-server._tcp.example.org". NULL when memory runs out; else exactly one call of FN, unless
 * cancelled. */
struct resolver_query *resolver_srv(struct resolver *r, const char *name, resolver_fn fn,
				    void *context);
/* TLSA records of NAME, such as "_5269._tcp.xmpp.example.org"; where there are but malformed ones, NOT_FOUND. Otherwise the same. */
struct resolver_query *resolver_tlsa(struct resolver *r, const char *name, resolver_fn fn,
				     void *context);
/*
 * IPv6 and IPv4 addresses of HOST, asked for at once, IPv6 first in the answer; NOT_FOUND where there is neither. When one
 * kind is there the other is waited for a little; that it failed then does not matter. Secure where all of them are. A HOST
 * that is an address is its own answer, and secure.
 */
struct resolver_query *resolver_addresses(struct resolver *r, const char *host, uint16_t port,
					  resolver_fn fn, void *context);
/* Not after FN was called, nor by it. */
void resolver_cancel(struct resolver_query *q);

#endif
