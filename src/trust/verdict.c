#include "trust/verdict.h"

#include <stddef.h>
#include <string.h>

#include "trust/cert_name.h"

static enum fail chain_fail(enum cert_chain chain)
{
	switch (chain) {
	case CERT_CHAIN_OK:
		return FAIL_NONE;
	case CERT_CHAIN_MISSING:
		return FAIL_CERT_MISSING;
	case CERT_CHAIN_EXPIRED:
		return FAIL_CERT_EXPIRED;
	case CERT_CHAIN_NOT_YET_VALID:
		return FAIL_CERT_NOT_YET;
	case CERT_CHAIN_SELF_SIGNED:
		return FAIL_CERT_SELF_SIGNED;
	case CERT_CHAIN_UNTRUSTED:
		return FAIL_CERT_UNTRUSTED;
	case CERT_CHAIN_REVOKED:
		return FAIL_CERT_REVOKED;
	case CERT_CHAIN_NO_CRL:
		return FAIL_CERT_NO_CRL;
	case CERT_CHAIN_PURPOSE:
		return FAIL_CERT_PURPOSE;
	case CERT_CHAIN_WEAK:
		return FAIL_CERT_WEAK;
	case CERT_CHAIN_BROKEN:
		return FAIL_CERT_CHAIN;
	}
	return FAIL_CERT_CHAIN;
}

/* Why the chain is not good, the records of DNS taken into account. */
static enum fail dane_chain_fail(const struct cert_facts *facts, const struct dane_facts *dane,
				 bool required)
{
	if (dane && dane->fail)
		return dane->fail;
	switch (dane ? dane->result.match : DANE_ABSENT) {
	case DANE_ABSENT:
		return required ? FAIL_DANE_MISSING : chain_fail(facts->chain);
	case DANE_MISMATCH:
		return FAIL_DANE_MISMATCH;
	case DANE_PKIX:
		return chain_fail(facts->chain);
	case DANE_TA: /* another authority, all the rest as usual [RFC7671 5.2] */
		return chain_fail(dane->result.path);
	case DANE_EE: /* neither time nor usages count [RFC7671 5.1] */
		return FAIL_NONE;
	}
	return FAIL_DANE_MISMATCH;
}

/* [RFC7673 4.1] */
static bool names_host(const struct cert_facts *facts, const struct dane_facts *dane)
{
	size_t i;

	for (i = 0; dane && i < dane->host_count; i++)
		if (cert_name_matches_host(facts, dane->hosts[i]))
			return true;
	return false;
}

struct verdict verdict_of(const struct cert_facts *facts, const struct dane_facts *dane,
			  bool required, const char *domain)
{
	struct verdict v = { false, false, FAIL_CERT_MISSING };

	if (!facts || facts->chain == CERT_CHAIN_MISSING)
		return v;
	if (dane && strcmp(dane->domain, domain) != 0)
		dane = NULL;
	v.fail = dane_chain_fail(facts, dane, required);
	v.chain = v.fail == FAIL_NONE;
	v.identity = cert_name_matches(facts, domain) || names_host(facts, dane) ||
		     (dane && !dane->fail && dane->result.match == DANE_EE);
	if (v.chain && !v.identity)
		v.fail = FAIL_CERT_NAME;
	return v;
}

bool verdict_is_valid(const struct verdict *v)
{
	return v->chain && v->identity;
}
