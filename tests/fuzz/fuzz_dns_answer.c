/*
 * Any bytes as an answer packet, read as SRV, TLSA, A and AAAA records: nothing outside the packet is read, what comes of it is
 * in the form that is promised, and there is something exactly where that is said.
 */
#include <stdlib.h>
#include <string.h>

#include "dns_answer_int.h"
#include "fuzz_input.h"
#include "trust/dane.h"

#define MAX 5

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_failure(int rc, const struct dns_answer_note *note)
{
	must(rc == -FAIL_DNS_NOT_FOUND || rc == -FAIL_DNS_FAILED);
	must(note->ttl <= (rc == -FAIL_DNS_NOT_FOUND ? DNS_NEGATIVE_TTL_MAX : 0));
}

static void check_srv(const void *packet, size_t len)
{
	struct srv *records = NULL;
	char again[JID_DOMAIN_SIZE];
	size_t i, count = 0;
	struct dns_answer_note note = { 1234567, 1234567 };
	int rc = dns_answer_srv(packet, len, &records, &count, &note);

	if (rc) {
		must(!records && !count);
		check_failure(rc, &note);
		return;
	}
	must(count && count < len && count < SRV_RECORDS_MAX && note.ttl <= INT32_MAX);
	must(note.ignored < len);
	for (i = 0; i < count; i++) {
		const struct srv *r = &records[i];
		if (!*r->target)
			continue;
		must(r->port && !jid_domain(r->target, strlen(r->target), again));
		must(!strcmp(r->target, again));
	}
	free(records);
}

/* A certificate with the digests of the first record is what that record says it is. */
static void check_compared(const struct tlsa *records, size_t count)
{
	struct dane_chain chain = { .count = 2 };
	struct dane_result result;
	const struct tlsa *r = records;
	size_t i;

	for (i = 0; i < chain.count; i++)
		chain.items[i].path = CERT_CHAIN_OK;
	result = dane_compare(records, count, &chain);
	must(result.path == CERT_CHAIN_OK);
	if (!tlsa_is_usable(r))
		return;
	must(result.match != DANE_ABSENT);
	for (i = 0; i < chain.count; i++) {
		struct dane_certificate *c = &chain.items[i];
		c->trusted = true;
		memcpy(c->sha256[r->selector], r->digest, sizeof(c->sha256[0]));
		memcpy(c->sha512[r->selector], r->digest, sizeof(c->sha512[0]));
	}
	result = dane_compare(r, 1, &chain);
	must(result.match == (r->usage == TLSA_DANE_EE	 ? DANE_EE
			      : r->usage == TLSA_DANE_TA ? DANE_TA
							 : DANE_PKIX));
}

/* What is known by its numbers has the digest that they promise, and nothing behind it. */
static void check_tlsa(const void *packet, size_t len)
{
	static const unsigned char zero[DANE_DIGEST_MAX];
	struct tlsa *records = NULL;
	size_t i, size, count = 0;
	struct dns_answer_note note = { 1234567, 1234567 };
	int rc = dns_answer_tlsa(packet, len, &records, &count, &note);

	if (rc) {
		must(!records && !count);
		check_failure(rc, &note);
		return;
	}
	must(count && count <= DANE_RECORDS_MAX && count + note.ignored < len);
	must(note.ttl <= INT32_MAX);
	for (i = 0; i < count; i++) {
		const struct tlsa *r = &records[i];
		size = r->matching == TLSA_FULL ? 32 : tlsa_digest_len(r->matching);
		must(size <= DANE_DIGEST_MAX && tlsa_is_usable(r) <= (size > 0));
		must(!memcmp(r->digest + size, zero, DANE_DIGEST_MAX - size));
	}
	check_compared(records, count);
	free(records);
}

static void check_addresses(const void *packet, size_t len, bool v6)
{
	struct net_address all[MAX + 1], first;
	size_t i, count = 99, one;
	struct dns_answer_note note = { 1234567, 1234567 }, note_one;
	int rc;

	memset(all, 'x', sizeof(all));
	rc = dns_answer_addresses(packet, len, v6, 77, all, MAX, &count, &note);
	must(count <= MAX && !rc == !!count && ((char *)&all[MAX])[0] == 'x');
	if (rc)
		check_failure(rc, &note);
	for (i = 0; i < count; i++)
		must(all[i].v6 == v6 && all[i].port == 77);
	must(!rc == !dns_answer_addresses(packet, len, v6, 77, &first, 1, &one, &note_one));
	must(rc || (one == 1 && net_address_equal_ip(&first, &all[0]) && note_one.ttl >= note.ttl));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* without anything behind it, so that a read past the end is found */
	uint8_t *copy = malloc(size ? size : 1);

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	check_srv(copy, size);
	check_tlsa(copy, size);
	check_addresses(copy, size, false);
	check_addresses(copy, size, true);
	free(copy);
	return 0;
}
