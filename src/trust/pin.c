#include "trust/pin.h"

#include <stddef.h>
#include <string.h>

enum fail pin_judge(const unsigned char *pinned, const struct cert_leaf *leaf)
{
	if (!pinned)
		return FAIL_NONE;
	return leaf && !memcmp(pinned, leaf->key, CERT_KEY_SIZE) ? FAIL_NONE : FAIL_CERT_PIN;
}
