/*
 * x509: certificates and keys in PEM, as facts.
 *
 * Needs libcrypto alone. It reports and does not judge whether a certificate is good for a purpose: that is for trust and
 * config. Reads no files and no clock. Any thread.
 */
#ifndef NET_X509_H
#define NET_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "trust/cert_facts.h"

#define X509_TEXT_SIZE 200
#define X509_CHAIN_MAX 16 /* certificates of one file */
#define X509_RSA_MIN 2048 /* bits */
#define X509_EC_MIN 224

/* The first certificate of a file, and those after it. */
struct x509_chain {
	struct cert_facts facts; /* what the file alone tells: see x509_chain_read */
	struct cert_name *names; /* owned, with what they point to; facts.names */
	struct cert_leaf leaf;	 /* of the first certificate; facts.leaf */
	int64_t not_before;	 /* of the first certificate, seconds since the epoch */
	int64_t not_after;
	size_t length;	 /* certificates in the file */
	bool for_server; /* its usages allow it to identify a server, and a client */
	bool for_client;
	bool ordered; /* each certificate was issued by the next one */
};

/*
 * Reads a PEM chain, the certificate itself first. facts.chain is the first of these that holds at NOW: WEAK, EXPIRED,
 * NOT_YET_VALID, PURPOSE (neither server nor client), SELF_SIGNED, else OK; trust is not looked into. facts.expires is the
 * earliest end in the file. More than CERT_NAMES_MAX names: none is kept. On -FAIL_INVALID_ARGUMENT ERROR says why, and
 * there is nothing to free.
 */
int x509_chain_read(struct x509_chain *chain, const char *pem, size_t len, int64_t now,
		    char error[X509_TEXT_SIZE]) must_check;
void x509_chain_fini(struct x509_chain *chain);

enum x509_part { X509_PART_NONE, X509_PART_CERTIFICATE, X509_PART_KEY };

struct x509_identity {
	enum x509_part wrong; /* which of the two cannot be used, and why */
	char kind[16];	      /* of the key: "RSA", "EC"; "" where it could not be read */
	char error[X509_TEXT_SIZE];
	char warning[X509_TEXT_SIZE]; /* "" = none */
	struct x509_chain chain;      /* filled where the certificate could be read */
};

/*
 * Can the key and the chain serve as our own identity at NOW? They must be readable, in time, strong enough and belong
 * together; the key must not be encrypted. x509_identity_fini in any case.
 */
void x509_identity_read(struct x509_identity *identity, const char *certificate,
			size_t certificate_len, const char *key, size_t key_len, int64_t now);
void x509_identity_fini(struct x509_identity *identity);

/* The number of certificates in a file of trust anchors; -FAIL_INVALID_ARGUMENT with the reason where it has none or one
 * is broken. */
int x509_anchors_read(const char *pem, size_t len, size_t *count,
		      char error[X509_TEXT_SIZE]) must_check;

/* Lists of revoked certificates in PEM. False with the reason where one cannot be parsed, there is
 * none, or one is not in force at NOW. */
bool x509_crl_read(const char *pem, size_t len, int64_t now, char error[X509_TEXT_SIZE]);

#endif
