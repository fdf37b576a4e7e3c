/*
 * cert_facts: what is known of a peer's certificate, as plain data.
 *
 * Filled by whoever sees certificates (net/x509, a test); read by trust and negotiation. Whoever filled it owns the
 * strings, which outlive every reader's call.
 */
#ifndef TRUST_CERT_FACTS_H
#define TRUST_CERT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cert_name_type {
	CERT_NAME_DNS,	    /* dNSName */
	CERT_NAME_SRV,	    /* otherName id-on-dnsSRV 1.3.6.1.5.5.7.8.7 [RFC4985] */
	CERT_NAME_XMPP_ADDR /* otherName id-on-xmppAddr 1.3.6.1.5.5.7.8.5 [RFC6120 13.7.1.4] */
};

struct cert_name {
	enum cert_name_type type;
	const char *value; /* raw; may hold NUL bytes within len */
	size_t len;
};

/* The first thing that is wrong with the chain, CERT_CHAIN_OK where nothing is. Identity is another matter. */
enum cert_chain {
	CERT_CHAIN_MISSING, /* no certificate at all */
	CERT_CHAIN_OK,
	CERT_CHAIN_EXPIRED,
	CERT_CHAIN_NOT_YET_VALID,
	CERT_CHAIN_SELF_SIGNED,
	CERT_CHAIN_UNTRUSTED, /* no path to a trust anchor: unknown authority or missing intermediate */
	CERT_CHAIN_REVOKED,
	CERT_CHAIN_NO_CRL,  /* a revocation list must say, and there is none in force */
	CERT_CHAIN_PURPOSE, /* the usages forbid identifying a server */
	CERT_CHAIN_WEAK,
	CERT_CHAIN_BROKEN /* anything else */
};

#define CERT_NAMES_MAX \
	1024 /* names of one certificate that are looked at; one with more has no usable name */

/* What the extended usages of a certificate name; no bit where it has none of them, and is for everything. */
#define CERT_USAGE_SERVER 1u
#define CERT_USAGE_CLIENT 2u
#define CERT_USAGE_ANY 4u
#define CERT_USAGE_OTHER 8u

/* The certificate that is at fault, as far as words can tell it; NULL and 0 where nothing is known. */
struct cert_culprit {
	unsigned depth; /* 0 = the peer's own, 1 = its issuer's, and so on */
	const char *
		subject; /* as RFC 4514 writes names, without control characters; may be cut, visibly */
	const char *issuer;
	int64_t not_before, not_after; /* seconds since the epoch */
	unsigned usages;	       /* CERT_USAGE bits */
	const char *words;	       /* of the library that verified it */
};

#define CERT_KEY_SIZE 32 /* SHA-256 */
#define CERT_KEY_TEXT (2 * CERT_KEY_SIZE + 1)
#define CERT_ISSUER_SIZE 256
#define CERT_SERIAL_SIZE 48 /* in hexadecimal; 20 bytes at most [RFC5280 4.1.2.2] */

#define CERT_USAGES_TEXT 32
#define CERT_NAMES_TEXT 256

/* The certificate itself, for people and for those who remember it. */
struct cert_leaf {
	unsigned char key[CERT_KEY_SIZE]; /* of its SubjectPublicKeyInfo */
	char issuer[CERT_ISSUER_SIZE]; /* as RFC 2253 writes it; one that is longer ends in "..." */
	char serial[CERT_SERIAL_SIZE]; /* "" where it is longer than allowed */
	unsigned usages;	       /* CERT_USAGE_*; 0 = not limited */
	int64_t not_before, not_after; /* seconds since the epoch */
};

struct cert_facts {
	enum cert_chain chain;
	const struct cert_name *names;
	size_t name_count;
	int64_t expires; /* earliest notAfter of the verified chain, seconds since the epoch; 0 = not known */
	struct cert_culprit culprit;  /* where the chain is not ok */
	const struct cert_leaf *leaf; /* NULL = not looked at */
};

const char *cert_chain_str(enum cert_chain chain);
/* "server", "client", "server, client", "any", "other"; "" where nothing limits them. */
void cert_usages_str(unsigned usages, char out[CERT_USAGES_TEXT]);
/* The names apart by blanks, as many as fit, with what is not printable ASCII as '?'; ends in "..." where some are missing. */
void cert_names_str(const struct cert_facts *facts, char out[CERT_NAMES_TEXT]);
void cert_key_str(const unsigned char key[CERT_KEY_SIZE], char out[CERT_KEY_TEXT]);
const char *cert_name_type_str(enum cert_name_type type);

#endif
