#include "trust/cert_facts.h"

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
