/*
 * resolver: DNS, without ever blocking.
 *
 * Owns the resolver library's context of one loop, with a cache of its own; belongs to its thread, but the library's state
 * of the process makes it necessary that resolvers are made one at a time. Every question has a time limit of ours and can
 * be cancelled. Answers come from the loop, never from inside the call that asks. Names are A-labels in normal form. Answers
 * are not validated.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "net/address.h"
#include "net/loop.h"
#include "xmpp/srv.h"

#define RESOLVER_ERROR_SIZE 160
#define RESOLVER_ADDRESSES_MAX 16 /* of one host */

struct resolver;

/* SERVERS: whom to ask; COUNT 0 = the system's resolvers. NULL with the reason. */
struct resolver *resolver_new(struct loop *l, const struct net_address *servers, size_t count,
			      uint64_t timeout_ms, char error[RESOLVER_ERROR_SIZE]);
/* Cancels what is under way: no callback comes. NULL is allowed. */
void resolver_free(struct resolver *r);

struct resolver_answer {
	/* FAIL_NONE: there is one at least; FAIL_DNS_NOT_FOUND: the name or the type does not exist; FAIL_DNS_FAILED: no
	 * answer, or none of what it holds is usable; FAIL_DNS_TIMEOUT; FAIL_DNS_BOGUS: the answer is forged or its
	 * signatures broken; FAIL_NO_MEMORY */
	enum fail fail;
	const char *reason;    /* more of it for the log; "" */
	const struct srv *srv; /* of resolver_srv, in no order; those that are malformed left out */
	const struct net_address *addresses; /* of resolver_addresses; ports are those asked for */
	size_t count;
	uint32_t ttl; /* seconds; of NOT_FOUND at most 60, of the other failures 0 */
};
typedef void (*resolver_fn)(void *context,
			    const struct resolver_answer *answer); /* all borrowed for the call */

struct resolver_query;
/* SRV records of NAME, such as "_xmpp-server._tcp.example.org". NULL when memory runs out; else exactly one call of FN, unless
 * cancelled. */
struct resolver_query *resolver_srv(struct resolver *r, const char *name, resolver_fn fn,
				    void *context);
/*
 * IPv6 and IPv4 addresses of HOST, asked for at once, IPv6 first in the answer; NOT_FOUND where there is neither. When one
 * kind is there the other is waited for a little; that it failed then does not matter. A HOST that is an address is its own
 * answer.
 */
struct resolver_query *resolver_addresses(struct resolver *r, const char *host, uint16_t port,
					  resolver_fn fn, void *context);
/* Not after FN was called, nor by it. */
void resolver_cancel(struct resolver_query *q);

#endif
