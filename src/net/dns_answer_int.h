/*
 * dns_answer: what an answer packet of DNS says, for the resolver. [RFC1035 4]
 *
 * Pure functions over bytes of a stranger; any thread. Records that are malformed, of another type or class count as not there.
 */
#ifndef NET_DNS_ANSWER_INT_H
#define NET_DNS_ANSWER_INT_H

#include "base/fail.h"
#include "net/address.h"
#include "trust/tlsa.h"
#include "xmpp/srv.h"

#define DNS_NEGATIVE_TTL_MAX 60 /* seconds that "there is none" is believed at the most */

/* What an answer says beside its records. */
struct dns_answer_note {
	uint32_t ttl; /* the shortest of the records', or how long it holds that there is none */
	unsigned ignored; /* records of the type that are malformed, or more than are looked at */
};

/*
 * 0, or why there is nothing: -FAIL_DNS_NOT_FOUND: the name or the type does not exist; -FAIL_DNS_FAILED: an error, no answer
 * at all, cut off, or no record that is there can be used; -FAIL_NO_MEMORY. NOTE is set in any case.
 */
/* *RECORDS is the caller's to free; set with 0 alone. At least one. */
int dns_answer_srv(const void *packet, size_t len, struct srv **records, size_t *count,
		   struct dns_answer_note *note) must_check;
/* Likewise. Malformed is what cannot be a record of the usage, selector and matching type that it claims; those that are not
 * known are taken as they are. Records that all are malformed are as none at all: -FAIL_DNS_NOT_FOUND [RFC7671 10.1.1]. */
int dns_answer_tlsa(const void *packet, size_t len, struct tlsa **records, size_t *count,
		    struct dns_answer_note *note) must_check;
/* The first MAX addresses, of AAAA records (V6) or A records; each with PORT. */
int dns_answer_addresses(const void *packet, size_t len, bool v6, uint16_t port,
			 struct net_address *out, size_t max, size_t *count,
			 struct dns_answer_note *note) must_check;

#endif
