/* tls_int: TLS as connections use it. */
#ifndef NET_TLS_INT_H
#define NET_TLS_INT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/tls.h"
#include "trust/cert_facts.h"

/* What the handshake and the records tell of the peer. */
struct tls_peer {
	struct cert_facts facts;
	struct cert_name *names; /* owned, one block with their texts; facts.names */
	int error; /* the first thing that was wrong with the chain, OpenSSL's number; 0 = nothing */
	bool certificate;   /* it showed one */
	bool close_notify;  /* it ended its direction as TLS wants it */
	bool renegotiation; /* it asked for what we refuse */
};

/*
 * For one connection over FD, which is borrowed. Fills PEER, which outlives it, as the handshake goes on. NULL when memory
 * runs out.
 */
SSL *tls_connection(const struct tls *t, bool accept, const char *local, const char *server_name,
		    int fd, struct tls_peer *peer);
void tls_peer_fini(struct tls_peer *peer);
/* From when on the handshake is through: close_notify and renegotiation are seen. */
void tls_watch_alerts(SSL *ssl);
/* What OpenSSL says last, its errors cleared. */
void tls_error(char *out, size_t size);

#endif
