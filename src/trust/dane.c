#include "trust/dane.h"

#include <string.h>

static bool fits(const struct tlsa *record, const struct dane_certificate *c)
{
	if (record->matching == TLSA_SHA512)
		return !memcmp(record->digest, c->sha512[record->selector], sizeof(c->sha512[0]));
	return !memcmp(record->digest, c->sha256[record->selector], sizeof(c->sha256[0]));
}

static struct dane_result match(enum dane_match match)
{
	return (struct dane_result){ .match = match, .path = CERT_CHAIN_OK };
}

/* One of the authorities: of several with the same key, the one with a good path. [RFC7671 5.2] */
static struct dane_result compare_authority(const struct tlsa *record,
					    const struct dane_chain *chain)
{
	struct dane_result best = match(DANE_MISMATCH);
	size_t i;

	for (i = 1; i < chain->count; i++) {
		const struct dane_certificate *c = &chain->items[i];
		if (!fits(record, c))
			continue;
		if (best.match == DANE_MISMATCH || c->path == CERT_CHAIN_OK)
			best = (struct dane_result){ DANE_TA, c->path, c->expires };
	}
	return best;
}

/* An authority of the path that was found, which need not be its end. [RFC6698 2.1.1] */
static bool is_on_path(const struct tlsa *record, const struct dane_chain *chain)
{
	size_t i;

	for (i = 1; i < chain->count; i++)
		if (chain->items[i].trusted && fits(record, &chain->items[i]))
			return true;
	return false;
}

static struct dane_result compare_one(const struct tlsa *record, const struct dane_chain *chain)
{
	bool own = chain->count && fits(record, &chain->items[0]);

	switch ((enum tlsa_usage)record->usage) {
	case TLSA_DANE_EE:
		return match(own ? DANE_EE : DANE_MISMATCH);
	case TLSA_DANE_TA:
		return compare_authority(record, chain);
	case TLSA_PKIX_EE:
		return match(own ? DANE_PKIX : DANE_MISMATCH);
	case TLSA_PKIX_TA:
		return match(is_on_path(record, chain) ? DANE_PKIX : DANE_MISMATCH);
	case TLSA_USAGES:
		break;
	}
	return match(DANE_ABSENT);
}

/* A path that does not hold is worth less than a record that asks for the usual one. */
static int worth(const struct dane_result *r)
{
	return r->match == DANE_TA && r->path != CERT_CHAIN_OK ? 2 * DANE_PKIX - 1
							       : 2 * (int)r->match;
}

struct dane_result dane_compare(const struct tlsa *records, size_t count,
				const struct dane_chain *chain)
{
	struct dane_result best = match(DANE_ABSENT), one;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!tlsa_is_usable(&records[i]))
			continue;
		one = compare_one(&records[i], chain);
		if (worth(&one) > worth(&best))
			best = one;
	}
	return best;
}

const char *dane_match_str(enum dane_match match)
{
	static const char *const names[] = {
		[DANE_ABSENT] = "absent", [DANE_MISMATCH] = "mismatch",
		[DANE_PKIX] = "pkix",	  [DANE_TA] = "ta",
		[DANE_EE] = "ee",
	};
	return names[match];
}
