/* The peer's certificates as TLSA records are compared with them. Only where there are such records: it costs a verification
 * for each authority. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tls_int.h"

#define SECURITY_LEVEL 2 /* of OpenSSL: 112 bits, no SHA-1 */

static bool digest(const unsigned char *der, int len, struct dane_certificate *out,
		   enum tlsa_selector selector)
{
	return len > 0 &&
	       EVP_Digest(der, (size_t)len, out->sha256[selector], NULL, EVP_sha256(), NULL) == 1 &&
	       EVP_Digest(der, (size_t)len, out->sha512[selector], NULL, EVP_sha512(), NULL) == 1;
}

/* [RFC6698 2.1.2] */
static bool digest_certificate(X509 *x, struct dane_certificate *out)
{
	unsigned char *whole = NULL, *key = NULL;
	int whole_len = i2d_X509(x, &whole);
	int key_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &key);
	bool good = digest(whole, whole_len, out, TLSA_CERTIFICATE) &&
		    digest(key, key_len, out, TLSA_KEY);

	OPENSSL_free(whole);
	OPENSSL_free(key);
	return good;
}

static X509_STORE_CTX *new_verification(X509_STORE *anchors, X509 *own, STACK_OF(X509) * sent)
{
	X509_STORE_CTX *v = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (!v || X509_STORE_CTX_init(v, anchors, own, sent) != 1) {
		X509_STORE_CTX_free(v);
		return NULL;
	}
	param = X509_STORE_CTX_get0_param(v);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	return v;
}

/* How good the chain is where AUTHORITY alone is trusted. [RFC7671 5.2] */
static void try_path(X509 *authority, X509 *own, STACK_OF(X509) * sent,
		     struct dane_certificate *out)
{
	X509_STORE *anchors = X509_STORE_new();
	X509_STORE_CTX *v = NULL;
	int error = X509_V_ERR_UNSPECIFIED;

	if (anchors && X509_STORE_add_cert(anchors, authority) == 1)
		v = new_verification(anchors, own, sent);
	if (v && X509_verify_cert(v) == 1) {
		error = X509_V_OK;
		out->expires = tls_earliest_end(X509_STORE_CTX_get0_chain(v));
	} else if (v && X509_STORE_CTX_get_error(v)) {
		error = X509_STORE_CTX_get_error(v);
	}
	X509_STORE_CTX_free(v);
	X509_STORE_free(anchors);
	out->path = tls_chain_of(error);
}

/* One certificate at most once. */
static void add(STACK_OF(X509) * all, X509 *x)
{
	int i;

	for (i = 0; i < sk_X509_num(all); i++)
		if (!X509_cmp(sk_X509_value(all, i), x))
			return;
	if (sk_X509_num(all) < DANE_CHAIN_MAX)
		sk_X509_push(all, x);
}

static bool is_among(const STACK_OF(X509) * path, const X509 *x)
{
	int i;

	for (i = 0; i < sk_X509_num(path); i++)
		if (!X509_cmp(sk_X509_value(path, i), x))
			return true;
	return false;
}

/* The path first: of a chain that is too long what is left out are certificates that nobody needs. */
static void fill(STACK_OF(X509) * all, STACK_OF(X509) * path, STACK_OF(X509) * sent,
		 struct dane_chain *out)
{
	X509 *own = sk_X509_value(path, 0);
	int i;

	for (i = 0; i < sk_X509_num(path); i++)
		add(all, sk_X509_value(path, i));
	for (i = 0; i < sk_X509_num(sent); i++)
		add(all, sk_X509_value(sent, i));
	for (i = 0; i < sk_X509_num(all); i++) {
		struct dane_certificate *c = &out->items[out->count];
		X509 *x = sk_X509_value(all, i);
		if (!digest_certificate(x, c))
			return;
		c->trusted = is_among(path, x);
		c->path = CERT_CHAIN_OK;
		if (i)
			try_path(x, own, sent, c);
		out->count++;
	}
}

/* What was built of a path is there even where it led nowhere. */
void tls_dane_chain(const struct tls *t, SSL *ssl, unsigned number, struct dane_chain *out)
{
	X509 *own = SSL_get0_peer_certificate(ssl);
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);
	STACK_OF(X509) *all = sk_X509_new_null();
	X509_STORE_CTX *v =
		own && all ? new_verification(tls_settings(t, number)->anchors, own, sent) : NULL;

	memset(out, 0, sizeof(*out));
	if (v)
		X509_verify_cert(v);
	if (v && sk_X509_num(X509_STORE_CTX_get0_chain(v)) > 0)
		fill(all, X509_STORE_CTX_get0_chain(v), sent, out);
	X509_STORE_CTX_free(v);
	sk_X509_free(all);
	ERR_clear_error();
}
