#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tls_int.h"
#include "x509_int.h"
#include "xmpp/jid.h"

#define READ_AHEAD ((size_t)32 << 10)

struct identity {
	char *domain;
	SSL_CTX *context;
};

struct tls {
	SSL_CTX *anonymous; /* with no identity */
	enum tls_version min_version;
	X509_STORE *anchors;
	struct identity *identities; /* sorted by domain */
	size_t count;
};

void tls_error(char *out, size_t size)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;

	snprintf(out, size, "%s", text ? text : "unknown error");
	ERR_clear_error();
}

/* ---- verification: it records and lets go on ---- */

static enum cert_chain chain_of(int error)
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

static struct tls_peer *peer_of(X509_STORE_CTX *verification)
{
	int index = SSL_get_ex_data_X509_STORE_CTX_idx();

	return SSL_get_app_data((SSL *)X509_STORE_CTX_get_ex_data(verification, index));
}

static int note_error(int good, X509_STORE_CTX *verification)
{
	struct tls_peer *peer = peer_of(verification);

	if (!good && !peer->error)
		peer->error = X509_STORE_CTX_get_error(verification);
	return 1;
}

static int64_t earliest_end(const STACK_OF(X509) * chain)
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

static int verify(X509_STORE_CTX *verification, void *unused)
{
	struct tls_peer *peer = peer_of(verification);

	(void)unused;
	tls_peer_fini(peer); /* once a connection, but nothing says so */
	peer->certificate = true;
	X509_STORE_CTX_set_verify_cb(verification, note_error);
	if (X509_verify_cert(verification) <= 0 && !peer->error)
		peer->error = X509_V_ERR_UNSPECIFIED;
	peer->facts.chain = chain_of(peer->error);
	if (!peer->error)
		peer->facts.expires = earliest_end(X509_STORE_CTX_get0_chain(verification));
	peer->names = x509_names(X509_STORE_CTX_get0_cert(verification), &peer->facts.name_count);
	peer->facts.names = peer->names;
	X509_STORE_CTX_set_error(verification, X509_V_OK);
	ERR_clear_error();
	return 1;
}

void tls_peer_fini(struct tls_peer *peer)
{
	free(peer->names);
	memset(peer, 0, sizeof(*peer));
}

/* ---- identities ---- */

static int compare(const void *domain, const void *identity)
{
	return strcmp(domain, ((const struct identity *)identity)->domain);
}

static SSL_CTX *context_of(const struct tls *t, const char *domain)
{
	const struct identity *found = NULL;

	if (domain && t->count)
		found = bsearch(domain, t->identities, t->count, sizeof(*found), compare);
	return found ? found->context : NULL;
}

/* The peer names the domain it wants to reach [RFC6066 3]. */
static int on_server_name(SSL *ssl, int *alert, void *context)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	char domain[JID_DOMAIN_SIZE];
	SSL_CTX *identity;

	(void)alert;
	/* the library asks the dialling side as well */
	if (!SSL_is_server(ssl) || !name || jid_domain(name, strlen(name), domain))
		return SSL_TLSEXT_ERR_NOACK;
	identity = context_of(context, domain);
	if (!identity)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_SSL_CTX(ssl, identity);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- contexts ---- */

static int no_password(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)context;
	return 0;
}

static void set_verification(SSL_CTX *context, X509_STORE *anchors)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);

	SSL_CTX_set1_cert_store(context, anchors);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, verify, NULL);
	/* whoever connects is a server too, and public authorities certify nothing else any more */
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_trust(param, X509_TRUST_SSL_SERVER);
	/* an intermediate authority in the file of anchors is one */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
}

static SSL_CTX *new_context(const struct tls *t)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());

	if (!context)
		return NULL;
	SSL_CTX_set_min_proto_version(context, t->min_version == TLS_VERSION_1_3 ? TLS1_3_VERSION
										 : TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_clear_options(context, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_max_early_data(context, 0);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD);
	SSL_CTX_set_dh_auto(context, 1);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(context, (void *)t);
	set_verification(context, t->anchors);
	return context;
}

static X509_STORE *read_anchors(const char *path, char error[TLS_ERROR_SIZE])
{
	X509_STORE *store = X509_STORE_new();
	FILE *f = fopen(path, "re");
	int count = 0;
	X509 *x;

	if (!f) {
		snprintf(error, TLS_ERROR_SIZE, "%s: %s", path, strerror(errno));
		goto fail;
	}
	ERR_clear_error();
	while (store && (x = PEM_read_X509_AUX(f, NULL, no_password, NULL))) {
		count += X509_STORE_add_cert(store, x);
		X509_free(x);
	}
	fclose(f);
	if (store && count && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return store;
	}
	snprintf(error, TLS_ERROR_SIZE, "%s: no certificates in PEM, or one that cannot be parsed",
		 path);
fail:
	X509_STORE_free(store);
	ERR_clear_error();
	return NULL;
}

struct tls *tls_new(const char *anchors, enum tls_version min_version, char error[TLS_ERROR_SIZE])
{
	struct tls *t = mem_new(sizeof(*t));

	error[0] = '\0';
	t->min_version = min_version;
	t->anchors = read_anchors(anchors, error);
	if (t->anchors)
		t->anonymous = new_context(t);
	if (t->anonymous)
		return t;
	if (t->anchors)
		tls_error(error, TLS_ERROR_SIZE);
	tls_free(t);
	return NULL;
}

static int refuse(SSL_CTX *context, const char *path, char error[TLS_ERROR_SIZE])
{
	unsigned long e = ERR_peek_error();
	bool io = e && ERR_SYSTEM_ERROR(e);
	const char *text = io ? strerror(ERR_GET_REASON(e)) : e ? ERR_reason_error_string(e) : NULL;

	snprintf(error, TLS_ERROR_SIZE, "%s: %s", path, text ? text : "cannot be used");
	ERR_clear_error();
	SSL_CTX_free(context);
	return io ? -FAIL_IO : -FAIL_CONFIG;
}

static void insert(struct tls *t, const char *domain, SSL_CTX *context)
{
	size_t at = t->count;

	t->identities = mem_grow(t->identities, (t->count + 1) * sizeof(*t->identities));
	while (at && strcmp(t->identities[at - 1].domain, domain) > 0) {
		t->identities[at] = t->identities[at - 1];
		at--;
	}
	t->identities[at] = (struct identity){ mem_strdup(domain), context };
	t->count++;
}

int tls_add_identity(struct tls *t, const char *domain, const char *certificate, const char *key,
		     char error[TLS_ERROR_SIZE])
{
	SSL_CTX *context = new_context(t);

	error[0] = '\0';
	ERR_clear_error();
	if (!context)
		return refuse(NULL, domain, error);
	if (context_of(t, domain)) {
		snprintf(error, TLS_ERROR_SIZE, "%s has an identity already", domain);
		SSL_CTX_free(context);
		return -FAIL_CONFIG;
	}
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return refuse(context, certificate, error);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return refuse(context, key, error);
	insert(t, domain, context);
	return 0;
}

void tls_free(struct tls *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->count; i++) {
		free(t->identities[i].domain);
		SSL_CTX_free(t->identities[i].context);
	}
	free(t->identities);
	SSL_CTX_free(t->anonymous);
	X509_STORE_free(t->anchors);
	free(t);
}

/* ---- for connections ---- */

SSL *tls_connection(const struct tls *t, bool accept, const char *local, const char *server_name,
		    int fd, struct tls_peer *peer)
{
	SSL_CTX *context = context_of(t, local);
	SSL *ssl = SSL_new(context ? context : t->anonymous);

	ERR_clear_error();
	if (!ssl)
		return NULL;
	memset(peer, 0, sizeof(*peer));
	SSL_set_app_data(ssl, peer);
	if (SSL_set_fd(ssl, fd) != 1 ||
	    /* a literal is no host name [RFC6066 3] */
	    (!accept && server_name && !jid_is_address(server_name) &&
	     SSL_set_tlsext_host_name(ssl, server_name) != 1)) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	if (accept)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static void on_alert(const SSL *ssl, int where, int what)
{
	struct tls_peer *peer = SSL_get_app_data(ssl);

	if (where == SSL_CB_READ_ALERT && (what & 0xff) == SSL_AD_CLOSE_NOTIFY)
		peer->close_notify = true;
	if (where == SSL_CB_WRITE_ALERT && (what & 0xff) == SSL_AD_NO_RENEGOTIATION)
		peer->renegotiation = true;
}

void tls_watch_alerts(SSL *ssl)
{
	SSL_set_info_callback(ssl, on_alert);
}
