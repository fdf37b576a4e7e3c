/*
 * Any bytes as an answer packet, read as SRV, A and AAAA records: nothing outside the packet is read, what comes of it is
 * in the form that is promised, and there is something exactly where that is said.
 */
#include <stdlib.h>
#include <string.h>

#include "dns_answer_int.h"
#include "fuzz_input.h"

#define MAX 5

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_failure(int rc, uint32_t ttl)
{
	must(rc == -FAIL_DNS_NOT_FOUND || rc == -FAIL_DNS_FAILED);
	must(ttl <= (rc == -FAIL_DNS_NOT_FOUND ? DNS_NEGATIVE_TTL_MAX : 0));
}

static void check_srv(const void *packet, size_t len)
{
	struct srv *records = NULL;
	char again[JID_DOMAIN_SIZE];
	size_t i, count = 0;
	uint32_t ttl = 1234567;
	int rc = dns_answer_srv(packet, len, &records, &count, &ttl);

	if (rc) {
		must(!records && !count);
		check_failure(rc, ttl);
		return;
	}
	must(count && count < len && count < SRV_RECORDS_MAX && ttl <= INT32_MAX);
	for (i = 0; i < count; i++) {
		const struct srv *r = &records[i];
		if (!*r->target)
			continue;
		must(r->port && !jid_domain(r->target, strlen(r->target), again));
		must(!strcmp(r->target, again));
	}
	free(records);
}

static void check_addresses(const void *packet, size_t len, bool v6)
{
	struct net_address all[MAX + 1], first;
	size_t i, count = 99, one;
	uint32_t ttl = 1234567, ttl_one;
	int rc;

	memset(all, 'x', sizeof(all));
	rc = dns_answer_addresses(packet, len, v6, 77, all, MAX, &count, &ttl);
	must(count <= MAX && !rc == !!count && ((char *)&all[MAX])[0] == 'x');
	if (rc)
		check_failure(rc, ttl);
	for (i = 0; i < count; i++)
		must(all[i].v6 == v6 && all[i].port == 77);
	must(!rc == !dns_answer_addresses(packet, len, v6, 77, &first, 1, &one, &ttl_one));
	must(rc || (one == 1 && net_address_equal_ip(&first, &all[0]) && ttl_one >= ttl));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* without anything behind it, so that a read past the end is found */
	uint8_t *copy = malloc(size ? size : 1);

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	check_srv(copy, size);
	check_addresses(copy, size, false);
	check_addresses(copy, size, true);
	free(copy);
	return 0;
}
