#include "trust/cert_facts.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

const char *cert_chain_str(enum cert_chain chain)
{
	static const char *const names[] = {
		[CERT_CHAIN_MISSING] = "missing",
		[CERT_CHAIN_OK] = "ok",
		[CERT_CHAIN_EXPIRED] = "expired",
		[CERT_CHAIN_NOT_YET_VALID] = "not-yet-valid",
		[CERT_CHAIN_SELF_SIGNED] = "self-signed",
		[CERT_CHAIN_UNTRUSTED] = "untrusted",
		[CERT_CHAIN_REVOKED] = "revoked",
		[CERT_CHAIN_NO_CRL] = "no-crl",
		[CERT_CHAIN_PURPOSE] = "purpose",
		[CERT_CHAIN_WEAK] = "weak",
		[CERT_CHAIN_BROKEN] = "broken",
	};
	return names[chain];
}

const char *cert_name_type_str(enum cert_name_type type)
{
	static const char *const names[] = {
		[CERT_NAME_DNS] = "dNSName",
		[CERT_NAME_SRV] = "SRVName",
		[CERT_NAME_XMPP_ADDR] = "XmppAddr",
	};
	return names[type];
}

void cert_usages_str(unsigned usages, char out[CERT_USAGES_TEXT])
{
	static const char *const names[] = { "server", "client", "any", "other" };
	size_t used = 0, i;

	out[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (usages & 1u << i)
			used += (size_t)snprintf(out + used, CERT_USAGES_TEXT - used, "%s%s",
						 used ? ", " : "", names[i]);
}

void cert_key_str(const unsigned char key[CERT_KEY_SIZE], char out[CERT_KEY_TEXT])
{
	str_hex(out, key, CERT_KEY_SIZE);
}

void cert_names_str(const struct cert_facts *facts, char out[CERT_NAMES_TEXT])
{
	static const char more[] = "...";
	size_t used = 0, i, k;

	for (i = 0; i < facts->name_count; i++) {
		const struct cert_name *name = &facts->names[i];
		bool last = i + 1 == facts->name_count;
		if (used + name->len + 1 + (last ? 0 : sizeof(more)) > CERT_NAMES_TEXT) {
			memcpy(out + used, more, sizeof(more) - 1);
			used += sizeof(more) - 1;
			break;
		}
		for (k = 0; k < name->len; k++)
			out[used++] = name->value[k] > ' ' && name->value[k] < 0x7f ? name->value[k]
										    : '?';
		if (!last)
			out[used++] = ' ';
	}
	out[used] = '\0';
}
