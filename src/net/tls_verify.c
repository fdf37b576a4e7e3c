/* The peer's certificate, verified by somebody's settings: it records, and never refuses. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "tls_int.h"
#include "x509_int.h"

#define SECURITY_LEVEL 2 /* of OpenSSL: 112 bits, no SHA-1 */
#define NAME_TEXT 160	 /* bytes of a subject or issuer, for people */

/* One verification that runs. */
struct run {
	const struct tls_settings *settings;
	struct tls_peer *peer;
	int error; /* the first thing that was wrong, OpenSSL's number; 0 = nothing */
};

enum cert_chain tls_chain_of(int error)
{
	switch (error) {
	case X509_V_OK:
		return CERT_CHAIN_OK;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return CERT_CHAIN_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CERT_CHAIN_NOT_YET_VALID;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return CERT_CHAIN_SELF_SIGNED;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		return CERT_CHAIN_UNTRUSTED;
	case X509_V_ERR_CERT_REVOKED:
		return CERT_CHAIN_REVOKED;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
	case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
	case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
	case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
		return CERT_CHAIN_NO_CRL;
	case X509_V_ERR_INVALID_PURPOSE:
		return CERT_CHAIN_PURPOSE;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return CERT_CHAIN_WEAK;
	default: /* OpenSSL's numbers */
		return CERT_CHAIN_BROKEN;
	}
}

/* ---- who is at fault, for people ---- */

static char *name_text(const X509_NAME *name)
{
	static const char cut[] = "…";
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *data;
	long len;

	if (!bio)
		return NULL;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) { /* in ASCII, escaped */
		len = BIO_get_mem_data(bio, &data);
		text = calloc(1, NAME_TEXT + sizeof(cut));
		if (text && len > 0)
			memcpy(text, data, len < NAME_TEXT ? (size_t)len : NAME_TEXT);
		if (text && len > NAME_TEXT)
			memcpy(text + NAME_TEXT, cut, sizeof(cut));
	}
	BIO_free(bio);
	return text;
}

static unsigned usages_of(X509 *x)
{
	uint32_t found = X509_get_extended_key_usage(x);
	unsigned usages = 0;

	if (found == UINT32_MAX) /* no extension [RFC5280 4.2.1.12] */
		return 0;
	usages |= found & XKU_SSL_SERVER ? CERT_USAGE_SERVER : 0;
	usages |= found & XKU_SSL_CLIENT ? CERT_USAGE_CLIENT : 0;
	usages |= found & XKU_ANYEKU ? CERT_USAGE_ANY : 0;
	return usages ? usages : CERT_USAGE_OTHER;
}

static void note_culprit(struct run *run, X509_STORE_CTX *verification)
{
	X509 *x = X509_STORE_CTX_get_current_cert(verification);
	struct cert_culprit *culprit = &run->peer->facts.culprit;
	int depth = X509_STORE_CTX_get_error_depth(verification);

	culprit->depth = depth > 0 ? (unsigned)depth : 0;
	culprit->words = X509_verify_cert_error_string(run->error);
	if (!x)
		return;
	culprit->subject = name_text(X509_get_subject_name(x));
	culprit->issuer = name_text(X509_get_issuer_name(x));
	culprit->not_before = x509_seconds(X509_get0_notBefore(x));
	culprit->not_after = x509_seconds(X509_get0_notAfter(x));
	culprit->usages = usages_of(x);
}

/* ---- what is wrong ---- */

static bool is_anchor(X509_STORE_CTX *verification)
{
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(verification);
	int depth = X509_STORE_CTX_get_error_depth(verification);

	return depth > 0 && depth == sk_X509_num(chain) - 1;
}

/* A list that is missing or old says nothing, unless one must say that all is well. Nobody revokes an anchor. */
static bool may_be_ignored(const struct run *run, X509_STORE_CTX *verification, int error)
{
	if (tls_chain_of(error) == CERT_CHAIN_NO_CRL)
		return !run->settings->crl_hard || is_anchor(verification);
	if (error == X509_V_ERR_INVALID_PURPOSE && run->settings->client_only)
		return X509_check_purpose(X509_STORE_CTX_get_current_cert(verification),
					  X509_PURPOSE_SSL_CLIENT,
					  X509_STORE_CTX_get_error_depth(verification) > 0) == 1;
	return false;
}

static int note_error(int good, X509_STORE_CTX *verification)
{
	struct run *run = X509_STORE_CTX_get_app_data(verification);
	int error = X509_STORE_CTX_get_error(verification);

	/* that it is revoked says more than that the list is old */
	bool known = run->error && !(error == X509_V_ERR_CERT_REVOKED &&
				     tls_chain_of(run->error) == CERT_CHAIN_NO_CRL);

	if (good || known || may_be_ignored(run, verification, error))
		return 1;
	tls_peer_fini(run->peer);
	run->error = error;
	note_culprit(run, verification);
	return 1;
}

int64_t tls_earliest_end(const STACK_OF(X509) * chain)
{
	int64_t earliest = 0, end;
	int i;

	for (i = 0; i < sk_X509_num(chain); i++) {
		end = x509_seconds(X509_get0_notAfter(sk_X509_value(chain, i)));
		if (!i || end < earliest)
			earliest = end;
	}
	return earliest;
}

static void set_parameters(X509_STORE_CTX *verification, const struct tls_settings *settings)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(verification);

	/* whoever connects is a server too, and public authorities certify nothing else any more */
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_trust(param, X509_TRUST_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	/* an intermediate authority in the file of anchors is one */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (settings->crl)
		X509_VERIFY_PARAM_set_flags(param,
					    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

static void verify(struct run *run, SSL *ssl, X509 *x)
{
	struct cert_facts *facts = &run->peer->facts;
	X509_STORE_CTX *verification = X509_STORE_CTX_new();

	run->error = X509_V_ERR_UNSPECIFIED;
	if (verification && X509_STORE_CTX_init(verification, run->settings->anchors, x,
						SSL_get_peer_cert_chain(ssl)) == 1) {
		run->error = X509_V_OK;
		set_parameters(verification, run->settings);
		X509_STORE_CTX_set_app_data(verification, run);
		X509_STORE_CTX_set_verify_cb(verification, note_error);
		if (X509_verify_cert(verification) <= 0 && !run->error)
			run->error = X509_V_ERR_UNSPECIFIED;
		if (!run->error)
			facts->expires = tls_earliest_end(X509_STORE_CTX_get0_chain(verification));
	}
	facts->chain = tls_chain_of(run->error);
	X509_STORE_CTX_free(verification);
}

/* ---- for connections ---- */

void tls_peer_fini(struct tls_peer *peer)
{
	free(peer->names);
	free((char *)peer->facts.culprit.subject); /* both are ours */
	free((char *)peer->facts.culprit.issuer);
	peer->names = NULL;
	memset(&peer->facts, 0, sizeof(peer->facts));
	peer->judged = false;
}

const struct cert_facts *tls_judge(const struct tls *t, SSL *ssl, unsigned number,
				   struct tls_peer *peer)
{
	struct run run = { .settings = tls_settings(t, number), .peer = peer };
	X509 *x = SSL_get0_peer_certificate(ssl);

	if (!x)
		return NULL;
	if (peer->judged && peer->number == number)
		return &peer->facts;
	tls_peer_fini(peer);
	verify(&run, ssl, x);
	peer->names = x509_names(x, &peer->facts.name_count);
	peer->facts.names = peer->names;
	if (x509_leaf(x, &peer->leaf))
		peer->facts.leaf = &peer->leaf;
	peer->number = number;
	peer->judged = true;
	ERR_clear_error();
	return &peer->facts;
}

bool tls_is_weak(const struct tls *t, SSL *ssl, unsigned number)
{
	const struct tls_settings *settings = tls_settings(t, number);
	const STACK_OF(SSL_CIPHER) * allowed;
	const SSL_CIPHER *used = SSL_get_current_cipher(ssl);
	int i;

	if (settings->min_version == TLS_VERSION_1_3 && SSL_version(ssl) < TLS1_3_VERSION)
		return true;
	if (!settings->ciphers)
		return false;
	allowed = SSL_CTX_get_ciphers(settings->ciphers);
	for (i = 0; used && i < sk_SSL_CIPHER_num(allowed); i++)
		if (SSL_CIPHER_get_id(sk_SSL_CIPHER_value(allowed, i)) == SSL_CIPHER_get_id(used))
			return false;
	return true;
}
