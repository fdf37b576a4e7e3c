/*
 * tls_int: TLS as connections use it.
 *
 * tls.c has the contexts and settings, tls_verify.c looks at what the peer shows.
 */
#ifndef NET_TLS_INT_H
#define NET_TLS_INT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/tls.h"
#include "trust/cert_facts.h"
#include "trust/tlsa.h"

/* What is asked of peers: number 0 for all, others for one partner each. */
struct tls_settings {
	X509_STORE *anchors; /* with the revocation lists */
	enum tls_version min_version;
	char *suites_1_2, *suites_1_3; /* owned; NULL = the library's */
	SSL_CTX *ciphers;	       /* owned: what those two come to; NULL = anything */
	SSL_CTX *
		outbound; /* owned: whose identity is shown to those whom we dial; NULL = the domain's own */
	bool crl, crl_hard;
	bool client_only;
};

/* What the handshake and the records tell of the peer. */
struct tls_peer {
	struct cert_facts facts;
	struct cert_name *names; /* owned, one block with their texts; facts.names */
	struct cert_leaf leaf;	 /* facts.leaf */
	bool judged;		 /* the facts are there */
	unsigned number;	 /* of the settings by which */
	bool direct;		 /* TLS began with the connection: ALPN counts */
	bool close_notify;	 /* it ended its direction as TLS wants it */
	bool renegotiation;	 /* it asked for what we refuse */
};

/* The settings of that number; those of all where it has none. */
const struct tls_settings *tls_settings(const struct tls *t, unsigned number);

/*
 * For one connection over FD, which is borrowed. Fills PEER, which outlives it, as the handshake goes on. NULL when memory
 * runs out.
 */
struct tls_start {
	bool accept;
	bool direct;		 /* TLS begins with the connection: ALPN is offered, or heeded */
	const char *local;	 /* whose identity is shown; NULL = nobody's */
	const char *server_name; /* NULL = none is sent */
	unsigned settings;
};
SSL *tls_connection(const struct tls *t, const struct tls_start *how, int fd,
		    struct tls_peer *peer);
/* The peer's certificate by the settings of that NUMBER; NULL where it showed none. The same facts until another asks. */
const struct cert_facts *tls_judge(const struct tls *t, SSL *ssl, unsigned number,
				   struct tls_peer *peer);
/* What an error of a verification means, OpenSSL's number; 0 = none. */
enum cert_chain tls_chain_of(int error);
/* When the first of them ends, seconds since the epoch. */
int64_t tls_earliest_end(const STACK_OF(X509) * chain);
/* Digests of the peer's certificates, and how good each would be as a trust anchor; nothing where it showed none. */
void tls_dane_chain(const struct tls *t, SSL *ssl, unsigned number, struct dane_chain *out);
/* Are version and cipher others than those settings ask for? */
bool tls_is_weak(const struct tls *t, SSL *ssl, unsigned number);
/* Did the peer choose a protocol other than what was offered? Once the handshake is through. */
bool tls_chose_another_protocol(const SSL *ssl);
void tls_peer_fini(struct tls_peer *peer);
/* From when on the handshake is through: close_notify and renegotiation are seen. */
void tls_watch_alerts(SSL *ssl);
/* What OpenSSL says last, its errors cleared. */
void tls_error(char *out, size_t size);

#endif
