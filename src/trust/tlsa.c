#include "trust/tlsa.h"

size_t tlsa_digest_len(uint8_t matching)
{
	return matching == TLSA_SHA256 ? 32 : matching == TLSA_SHA512 ? 64 : 0;
}

bool tlsa_is_usable(const struct tlsa *record)
{
	return record->usage < TLSA_USAGES && record->selector < TLSA_SELECTORS &&
	       record->matching < TLSA_MATCHINGS;
}
