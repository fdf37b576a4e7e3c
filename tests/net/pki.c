#include "pki.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY 86400L

const char *pki_path(const struct pki *p, const char *name, const char *suffix)
{
	static char paths[2][400];
	static unsigned turn;
	char *path = paths[turn++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/%s%s", p->dir, name, suffix);
	return path;
}

static void add(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static X509 *blank(struct pki *p, const char *subject, EVP_PKEY *key, long from, long to)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++p->serial);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1,
				   -1, 0);
	return x;
}

static X509 *make_ca(struct pki *p, const char *subject)
{
	X509 *x = blank(p, subject, p->ca_key, -3600, 3650 * DAY);

	X509_set_issuer_name(x, X509_get_subject_name(x));
	add(x, x, NID_basic_constraints, "critical,CA:TRUE");
	add(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
	assert_true(X509_sign(x, p->ca_key, EVP_sha256()) > 0);
	return x;
}

static FILE *create(struct pki *p, const char *name, const char *suffix)
{
	FILE *f = fopen(pki_path(p, name, suffix), "w");

	assert_non_null(f);
	return f;
}

void pki_init(struct pki *p)
{
	FILE *f;

	memset(p, 0, sizeof(*p));
	snprintf(p->dir, sizeof(p->dir), "%s/fedgate-pki-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert_non_null(mkdtemp(p->dir));
	p->key = EVP_EC_gen("P-256");
	p->ca_key = EVP_EC_gen("P-256");
	assert_non_null(p->key);
	assert_non_null(p->ca_key);
	p->ca = make_ca(p, "Test authority");
	p->other_ca = make_ca(p, "Another authority");
	f = create(p, "anchors", ".pem");
	PEM_write_X509(f, p->ca);
	fclose(f);
}

void pki_make(struct pki *p, const struct pki_wish *wish)
{
	bool usual = !wish->from_days && !wish->to_days;
	EVP_PKEY *key = wish->key ? wish->key : p->key;
	X509 *x = blank(p, wish->name, key, usual ? -3600 : wish->from_days * DAY,
			wish->seconds ? wish->seconds
			: usual	      ? 365 * DAY
				      : wish->to_days * DAY);
	X509 *ca = wish->unknown_ca ? p->other_ca : p->ca;
	X509 *issuer = wish->self_signed ? x : ca;
	char names[160];
	FILE *f;

	X509_set_issuer_name(x, X509_get_subject_name(issuer));
	snprintf(names, sizeof(names), "DNS:%s", wish->name);
	add(x, issuer, NID_subject_alt_name, wish->names ? wish->names : names);
	if (wish->usages)
		add(x, issuer, NID_ext_key_usage, wish->usages);
	assert_true(X509_sign(x, wish->self_signed ? key : p->ca_key, EVP_sha256()) > 0);
	f = create(p, wish->name, ".crt");
	PEM_write_X509(f, x);
	if (wish->with_ca)
		PEM_write_X509(f, ca);
	fclose(f);
	f = create(p, wish->name, ".key");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
}

void pki_list(struct pki *p, const char *name, long from, long to, long revoked)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_new();
	FILE *f = create(p, name, ".crl");

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(p->ca));
	X509_gmtime_adj(time, from);
	X509_CRL_set1_lastUpdate(crl, time);
	if (revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		ASN1_INTEGER_set(serial, revoked);
		X509_REVOKED_set_serialNumber(entry, serial);
		X509_REVOKED_set_revocationDate(entry, time);
		assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
		ASN1_INTEGER_free(serial);
	}
	X509_gmtime_adj(time, to);
	X509_CRL_set1_nextUpdate(crl, time);
	assert_true(X509_CRL_sign(crl, p->ca_key, EVP_sha256()) > 0);
	PEM_write_X509_CRL(f, crl);
	fclose(f);
	ASN1_TIME_free(time);
	X509_CRL_free(crl);
}

void pki_fini(struct pki *p)
{
	DIR *dir = opendir(p->dir);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlink(pki_path(p, entry->d_name, ""));
	closedir(dir);
	rmdir(p->dir);
	X509_free(p->ca);
	X509_free(p->other_ca);
	EVP_PKEY_free(p->key);
	EVP_PKEY_free(p->ca_key);
}
