/*
 * tlsa: TLSA records, and what of certificates they are compared with, as plain data. [RFC6698 2.1]
 *
 * Whoever reads DNS fills the records, whoever sees certificates their digests; read by trust/dane. Any thread.
 */
#ifndef TRUST_TLSA_H
#define TRUST_TLSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/cert_facts.h"

#define DANE_RECORDS_MAX 32 /* of one domain */
#define DANE_CHAIN_MAX 8    /* certificates of a chain that records are compared with */
#define DANE_DIGEST_MAX 64

enum tlsa_usage { TLSA_PKIX_TA, TLSA_PKIX_EE, TLSA_DANE_TA, TLSA_DANE_EE, TLSA_USAGES };
enum tlsa_selector { TLSA_CERTIFICATE, TLSA_KEY, TLSA_SELECTORS };
enum tlsa_matching { TLSA_FULL, TLSA_SHA256, TLSA_SHA512, TLSA_MATCHINGS };

/* One record. Its three numbers are as they came: those that are not known make it unusable, not malformed. */
struct tlsa {
	uint8_t usage, selector, matching;
	/* the record's own digest; of TLSA_FULL, the SHA-256 of what it holds */
	unsigned char digest[DANE_DIGEST_MAX];
};

/* Can a record be compared with anything here? [RFC6698 4.1] */
bool tlsa_is_usable(const struct tlsa *record);
/* Bytes of the digest that a record of that matching holds; 0 where there is none. */
size_t tlsa_digest_len(uint8_t matching);

/* What of a certificate records are compared with, by selector: all of it, and its key (SubjectPublicKeyInfo). */
struct dane_certificate {
	unsigned char sha256[TLSA_SELECTORS][32];
	unsigned char sha512[TLSA_SELECTORS][64];
	bool trusted; /* part of the path that was built towards a trust anchor of ours */
	/* of the peer's own certificate up to this one, were it the only trust anchor; and when the first of them ends */
	enum cert_chain path;
	int64_t expires;
};

/* The peer's own certificate first; those behind it in any order. */
struct dane_chain {
	struct dane_certificate items[DANE_CHAIN_MAX];
	size_t count;
};

#endif
