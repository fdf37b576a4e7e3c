/*
 * dns_answer: what an answer packet of DNS says, for the resolver. [RFC1035 4]
 *
 * Pure functions over bytes of a stranger; any thread. Records that are malformed, of another type or class count as not there.
 */
#ifndef NET_DNS_ANSWER_INT_H
#define NET_DNS_ANSWER_INT_H

#include "base/fail.h"
#include "net/address.h"
#include "xmpp/srv.h"

#define DNS_NEGATIVE_TTL_MAX 60 /* seconds that "there is none" is believed at the most */

/*
 * 0, or why there is nothing: -FAIL_DNS_NOT_FOUND: the name or the type does not exist; -FAIL_DNS_FAILED: an error, no answer
 * at all, cut off, or no record that is there can be used; -FAIL_NO_MEMORY. *TTL is the shortest of the records', or how
 * long it holds that there is none.
 */
/* *RECORDS is the caller's to free; set with 0 alone. At least one. */
int dns_answer_srv(const void *packet, size_t len, struct srv **records, size_t *count,
		   uint32_t *ttl) must_check;
/* The first MAX addresses, of AAAA records (V6) or A records; each with PORT. */
int dns_answer_addresses(const void *packet, size_t len, bool v6, uint16_t port,
			 struct net_address *out, size_t max, size_t *count,
			 uint32_t *ttl) must_check;

#endif
