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

struct own { /* a certificate of a domain's */
	char *domain;
	struct cert_leaf leaf;
	char names[CERT_NAMES_TEXT];
};

struct tls {
	SSL_CTX *anonymous; /* with no identity */
	struct tls_settings common;
	struct identity *identities; /* sorted by domain */
	size_t count;
	struct own *own; /* owned, in the order they were added */
	size_t own_count;
	struct tls_settings **settings; /* owned, by their number; NULL where there are none */
	size_t settings_count;
};

void tls_error(char *out, size_t size)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;

	snprintf(out, size, "%s", text ? text : "unknown error");
	ERR_clear_error();
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

/* ---- the protocol ---- */

static const unsigned char protocols[] = "\013xmpp-server"; /* a length, a name [RFC7301 3.1] */
#define PROTOCOLS_LEN ((unsigned)sizeof(protocols) - 1)

/* The peer offers protocols: without ours among them it wants somebody else. Behind STARTTLS there is nothing to choose.
 * [XEP-0368 3] [RFC7301 3.2] */
static int on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			const unsigned char *in, unsigned in_len, void *unused)
{
	const struct tls_peer *peer = SSL_get_app_data(ssl);
	unsigned i;

	(void)unused;
	if (!peer->direct)
		return SSL_TLSEXT_ERR_NOACK;
	for (i = 0; i + PROTOCOLS_LEN <= in_len; i += 1U + in[i]) {
		if (memcmp(in + i, protocols, PROTOCOLS_LEN))
			continue;
		*out = protocols + 1;
		*out_len = PROTOCOLS_LEN - 1;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool tls_chose_another_protocol(const SSL *ssl)
{
	const unsigned char *chosen;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &chosen, &len);
	return len && (len != PROTOCOLS_LEN - 1 || memcmp(chosen, protocols + 1, len));
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

/* Whatever is shown is taken: it is judged when it is known by whose settings. */
static int take(X509_STORE_CTX *verification, void *unused)
{
	(void)unused;
	X509_STORE_CTX_set_error(verification, X509_V_OK);
	return 1;
}

static int version_of(enum tls_version version)
{
	return version == TLS_VERSION_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

static SSL_CTX *new_context(const struct tls *t)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());

	if (!context)
		return NULL;
	SSL_CTX_set_min_proto_version(context, version_of(t->common.min_version));
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
	SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, take, NULL);
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
	t->common.min_version = min_version;
	t->common.anchors = read_anchors(anchors, error);
	if (t->common.anchors)
		t->anonymous = new_context(t);
	if (t->anonymous)
		return t;
	if (t->common.anchors)
		tls_error(error, TLS_ERROR_SIZE);
	tls_free(t);
	return NULL;
}

/* ---- our own certificates ---- */

static int refuse(const char *path, char error[TLS_ERROR_SIZE])
{
	unsigned long e = ERR_peek_error();
	bool io = e && ERR_SYSTEM_ERROR(e);
	const char *text = io ? strerror(ERR_GET_REASON(e)) : e ? ERR_reason_error_string(e) : NULL;

	snprintf(error, TLS_ERROR_SIZE, "%s: %s", path, text ? text : "cannot be used");
	ERR_clear_error();
	return io ? -FAIL_IO : -FAIL_CONFIG;
}

static int load(SSL_CTX *context, const char *certificate, const char *key,
		char error[TLS_ERROR_SIZE])
{
	error[0] = '\0';
	ERR_clear_error();
	if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return refuse(certificate, error);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return refuse(key, error);
	return 0;
}

static int kind_of(SSL_CTX *context)
{
	X509 *x = SSL_CTX_get0_certificate(context);

	return x ? EVP_PKEY_get_base_id(X509_get0_pubkey(x)) : EVP_PKEY_NONE;
}

/* Makes the certificate with that kind of key the current one, if there is one. */
static bool select_kind(SSL_CTX *context, int kind)
{
	int more = SSL_CTX_set_current_cert(context, SSL_CERT_SET_FIRST);

	for (; more; more = SSL_CTX_set_current_cert(context, SSL_CERT_SET_NEXT))
		if (kind_of(context) == kind)
			return true;
	return false;
}

/*
 * Another pair beside those that are there: it is tried alone first, so that what goes wrong leaves no trace. RSA is current
 * in the end: the side that dials in TLS 1.2 shows no other, and whoever is as old as that knows it.
 */
static int load_beside(const struct tls *t, SSL_CTX **context, const char *whose,
		       const char *certificate, const char *key, char error[TLS_ERROR_SIZE])
{
	SSL_CTX *alone = new_context(t);
	int rc = load(alone, certificate, key, error);

	if (!rc && !*context) {
		*context = alone;
		return 0;
	}
	if (!rc && select_kind(*context, kind_of(alone))) {
		snprintf(error, TLS_ERROR_SIZE,
			 "%s has a certificate with that kind of key already", whose);
		rc = -FAIL_CONFIG;
	}
	SSL_CTX_free(alone);
	if (rc)
		return rc;
	rc = load(*context, certificate, key, error);
	select_kind(*context, EVP_PKEY_RSA);
	return rc;
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

/* Asked of the contexts themselves they would have to be turned to each certificate in turn, and others use them. */
static void note_own(struct tls *t, const char *domain, const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *x = f ? PEM_read_X509_AUX(f, NULL, no_password, NULL) : NULL;
	struct cert_facts facts = { .chain = CERT_CHAIN_OK };
	struct cert_name *list;
	struct own *own;

	if (f)
		fclose(f);
	if (!x)
		return;
	t->own = mem_grow(t->own, (t->own_count + 1) * sizeof(*t->own));
	own = &t->own[t->own_count];
	if (x509_leaf(x, &own->leaf)) {
		list = x509_names(x, &facts.name_count);
		facts.names = list;
		cert_names_str(&facts, own->names);
		own->domain = mem_strdup(domain);
		t->own_count++;
		free(list);
	}
	X509_free(x);
}

int tls_add_identity(struct tls *t, const char *domain, const char *certificate, const char *key,
		     char error[TLS_ERROR_SIZE])
{
	SSL_CTX *known = context_of(t, domain), *context = known;
	int rc = load_beside(t, &context, domain, certificate, key, error);

	if (!rc && !known)
		insert(t, domain, context);
	if (!rc)
		note_own(t, domain, certificate);
	return rc;
}

/* ---- what is asked of one partner ---- */

const struct tls_settings *tls_settings(const struct tls *t, unsigned number)
{
	if (number < t->settings_count && t->settings[number])
		return t->settings[number];
	return &t->common;
}

/* Names apart by colons, for TLS 1.3 and for others; "" where there are none. */
static void split_ciphers(const char *ciphers, char **suites_1_2, char **suites_1_3)
{
	size_t size = strlen(ciphers) + 1;
	char *text = mem_strdup(ciphers), *rest = text, *name;

	*suites_1_2 = mem_new(size);
	*suites_1_3 = mem_new(size);
	while ((name = strtok_r(rest, ":, ", &rest))) {
		char *to = strncmp(name, "TLS_", 4) ? *suites_1_2 : *suites_1_3;
		strcat(strcat(to, *to ? ":" : ""), name); /* they are no longer than the whole */
	}
	free(text);
}

static bool set_suites(SSL_CTX *context, const char *suites_1_2, const char *suites_1_3)
{
	return (!*suites_1_2 || SSL_CTX_set_cipher_list(context, suites_1_2) == 1) &&
	       (!*suites_1_3 || SSL_CTX_set_ciphersuites(context, suites_1_3) == 1);
}

static int set_ciphers(struct tls_settings *s, const char *ciphers, char error[TLS_ERROR_SIZE])
{
	ERR_clear_error();
	split_ciphers(ciphers, &s->suites_1_2, &s->suites_1_3);
	s->ciphers = SSL_CTX_new(TLS_method());
	if (s->ciphers && (*s->suites_1_2 || *s->suites_1_3) &&
	    set_suites(s->ciphers, s->suites_1_2, s->suites_1_3))
		return 0;
	snprintf(error, TLS_ERROR_SIZE,
		 "it names no cipher, or one that is not known; \"openssl ciphers -v\" lists them");
	ERR_clear_error();
	return -FAIL_CONFIG;
}

static void free_settings(struct tls_settings *s)
{
	if (!s)
		return;
	X509_STORE_free(s->anchors);
	free(s->suites_1_2);
	free(s->suites_1_3);
	SSL_CTX_free(s->ciphers);
	SSL_CTX_free(s->outbound);
	free(s);
}

bool tls_check_ciphers(const char *ciphers, char error[TLS_ERROR_SIZE])
{
	struct tls_settings *s = mem_new(sizeof(*s));
	int rc = set_ciphers(s, ciphers, error);

	free_settings(s);
	return !rc;
}

static X509_STORE *copy_anchors(X509_STORE *from)
{
	const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(from);
	X509_STORE *store = X509_STORE_new();
	int i;

	for (i = 0; store && i < sk_X509_OBJECT_num(objects); i++) {
		X509 *x = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
		if (x)
			X509_STORE_add_cert(store, x);
	}
	return store;
}

/* Whoever read the configuration has told what is wrong with them. */
static void read_crls(X509_STORE *store, const char *path)
{
	FILE *f = fopen(path, "re");
	X509_CRL *crl;

	while (f && (crl = PEM_read_X509_CRL(f, NULL, no_password, NULL))) {
		X509_STORE_add_crl(store, crl);
		X509_CRL_free(crl);
	}
	if (f)
		fclose(f);
	ERR_clear_error();
}

static struct tls_settings *new_settings(const struct tls *t, const struct tls_wants *wants,
					 char error[TLS_ERROR_SIZE])
{
	struct tls_settings *s = mem_new(sizeof(*s));
	size_t i;

	s->min_version = wants->min_version;
	s->crl = wants->crl_count > 0 || wants->crl_hard;
	s->crl_hard = wants->crl_hard;
	s->client_only = wants->client_only;
	s->anchors = wants->anchors ? read_anchors(wants->anchors, error)
				    : copy_anchors(t->common.anchors);
	if (!s->anchors || (wants->ciphers && set_ciphers(s, wants->ciphers, error))) {
		free_settings(s);
		return NULL;
	}
	for (i = 0; i < wants->crl_count; i++)
		read_crls(s->anchors, wants->crls[i]);
	return s;
}

int tls_add_wants(struct tls *t, unsigned number, const struct tls_wants *wants,
		  char error[TLS_ERROR_SIZE])
{
	struct tls_settings *s;
	size_t count = (size_t)number + 1;

	error[0] = '\0';
	s = new_settings(t, wants, error);
	if (!s)
		return -FAIL_CONFIG;
	if (count > t->settings_count) {
		t->settings = mem_grow(t->settings, count * sizeof(struct tls_settings *));
		memset(t->settings + t->settings_count, 0,
		       (count - t->settings_count) * sizeof(struct tls_settings *));
		t->settings_count = count;
	}
	t->settings[number] = s;
	return 0;
}

int tls_add_outbound(struct tls *t, unsigned number, const char *certificate, const char *key,
		     char error[TLS_ERROR_SIZE])
{
	return load_beside(t, &t->settings[number]->outbound, "the partner", certificate, key,
			   error);
}

bool tls_identity(const struct tls *t, const char *domain, size_t index, struct cert_leaf *leaf,
		  char names[CERT_NAMES_TEXT])
{
	size_t i;

	for (i = 0; i < t->own_count; i++) {
		if (strcmp(t->own[i].domain, domain) || index--)
			continue;
		*leaf = t->own[i].leaf;
		strcpy(names, t->own[i].names);
		return true;
	}
	return false;
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
	for (i = 0; i < t->own_count; i++)
		free(t->own[i].domain);
	free(t->own);
	for (i = 0; i < t->settings_count; i++)
		free_settings(t->settings[i]);
	free(t->settings);
	SSL_CTX_free(t->anonymous);
	X509_STORE_free(t->common.anchors);
	free(t);
}

/* ---- for connections ---- */

static bool set_up(const struct tls *t, SSL *ssl, const struct tls_start *how)
{
	const struct tls_settings *s = tls_settings(t, how->settings);

	SSL_set_min_proto_version(ssl, version_of(s->min_version));
	if (s->ciphers && ((*s->suites_1_2 && SSL_set_cipher_list(ssl, s->suites_1_2) != 1) ||
			   (*s->suites_1_3 && SSL_set_ciphersuites(ssl, s->suites_1_3) != 1)))
		return false;
	if (!how->accept && how->direct && SSL_set_alpn_protos(ssl, protocols, PROTOCOLS_LEN) != 0)
		return false;
	/* a literal is no host name [RFC6066 3] */
	return how->accept || !how->server_name || jid_is_address(how->server_name) ||
	       SSL_set_tlsext_host_name(ssl, how->server_name) == 1;
}

static SSL_CTX *context_for(const struct tls *t, const struct tls_start *how)
{
	SSL_CTX *context = how->accept ? NULL : tls_settings(t, how->settings)->outbound;

	if (!context)
		context = context_of(t, how->local);
	return context ? context : t->anonymous;
}

SSL *tls_connection(const struct tls *t, const struct tls_start *how, int fd, struct tls_peer *peer)
{
	SSL *ssl = SSL_new(context_for(t, how));

	ERR_clear_error();
	if (!ssl)
		return NULL;
	memset(peer, 0, sizeof(*peer));
	peer->direct = how->direct;
	SSL_set_app_data(ssl, peer);
	if (SSL_set_fd(ssl, fd) != 1 || !set_up(t, ssl, how)) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	if (how->accept)
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
