#include "trust/verdict.h"

#include <stddef.h>

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

struct verdict verdict_of(const struct cert_facts *facts, const char *domain)
{
	struct verdict v = { false, false, FAIL_CERT_MISSING };

	if (!facts || facts->chain == CERT_CHAIN_MISSING)
		return v;
	v.fail = chain_fail(facts->chain);
	v.chain = v.fail == FAIL_NONE;
	v.identity = cert_name_matches(facts, domain);
	if (v.chain && !v.identity)
		v.fail = FAIL_CERT_NAME;
	return v;
}

bool verdict_is_valid(const struct verdict *v)
{
	return v->chain && v->identity;
}
