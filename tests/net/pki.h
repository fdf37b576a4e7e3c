/* pki: throwaway certificates in a scratch directory, for tests. */
#ifndef TESTS_PKI_H
#define TESTS_PKI_H

#include <openssl/x509.h>
#include <stdbool.h>

struct pki {
	char dir[64];
	EVP_PKEY *key; /* of everything in it: what is tested is the certificates */
	EVP_PKEY *ca_key;
	X509 *ca;
	X509 *other_ca; /* in no file of anchors */
	long serial;
};

struct pki_wish {
	const char *name;   /* of the files: NAME.crt, NAME.key */
	const char *names;  /* subjectAltName as OpenSSL's configuration has it; NULL = DNS:NAME */
	const char *usages; /* extendedKeyUsage likewise; NULL = none */
	long from_days;	    /* from now; 0 0 = an hour ago, for a year */
	long to_days;
	long seconds; /* for how long it is good; 0 = as above */
	bool self_signed;
	bool unknown_ca;
	bool with_ca;  /* the authority's certificate behind it */
	EVP_PKEY *key; /* NULL = the usual one */
};

void pki_init(struct pki *p); /* with anchors.pem */
void pki_fini(struct pki *p); /* removes the directory */
void pki_make(struct pki *p, const struct pki_wish *wish);
/* NAME.crl: the authority's list, in force FROM to TO, in seconds from now, that revokes that serial number; 0 = nothing. */
void pki_list(struct pki *p, const char *name, long from, long to, long revoked);
/* The path of a file in the directory. Two may be in use at once. */
const char *pki_path(const struct pki *p, const char *name, const char *suffix);

#endif
