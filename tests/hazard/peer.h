/*
 * peer: a scripted partner or component: text out, text in, over real sockets and TLS.
 *
 * Blocking, with a time limit of its own for every wait. What does not come ends the program as in daemon.h, unless the
 * function says otherwise.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "daemon.h"

struct peer {
	struct daemon *daemon;
	int fd;
	SSL *ssl; /* NULL = in clear */
	SSL_CTX *context;
	struct buf in; /* what came and was not expected yet */
	bool ended;    /* the other side is gone */
	char id[128];  /* of the last header that came with one */
};

/* A listener for what fedgated dials, on 127.A.B.LAST:5269. */
int peer_listen(struct daemon *d, int last);
void peer_accept(struct peer *p, struct daemon *d, int listener);
/* Is somebody connecting within MS? */
bool peer_is_dialled(int listener, int ms);
/* Connects to fedgated from 127.A.B.LAST: as a partner (port 5269) or a component (5347). */
void peer_connect(struct peer *p, struct daemon *d, int last, int port);
/* The same; false where it is refused or cut off at once. */
bool peer_try_connect(struct peer *p, struct daemon *d, int last, int port);
void peer_close(struct peer *p); /* at once */
void peer_reset(struct peer *p); /* with RST */

void peer_send(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As much as goes without waiting; gives how many bytes went. */
size_t peer_push(struct peer *p, const char *data, size_t len);
/* Until TEXT is in what comes; what stands up to its end is then read. */
void peer_expect(struct peer *p, const char *text);
/* Does TEXT come within MS? Reads like peer_expect if so. */
bool peer_hears(struct peer *p, const char *text, int ms);
/* Until the other side has ended the connection; TEXT must have come before; NULL = anything. */
void peer_expect_end(struct peer *p, const char *text);
/* Has it ended within MS? */
bool peer_is_ended(struct peer *p, int ms);

/* Handshake, as client or server, showing the certificate NAME of the daemon's directory; NULL = none. */
void peer_tls(struct peer *p, bool server, const char *name);

/* A stream header as a partner, up to fedgated's features (connecting), or fedgated's header and ours with FEATURES. */
void peer_open(struct peer *p, const char *from, const char *to);
void peer_answer_open(struct peer *p, const char *from, const char *id, const char *features);
/* Connecting: up to features inside TLS. */
void peer_open_tls(struct peer *p, const char *from, const char *to, const char *certificate);
/* Connecting: a stream that is authenticated by SASL EXTERNAL. */
void peer_external(struct peer *p, const char *from, const char *to);
/* A component for us.test, attached. */
void peer_component(struct peer *p, struct daemon *d);
/* The dialback key of fedgated's secret. */
const char *peer_key(const char *receiving, const char *originating, const char *id);

#define PEER_HEADER \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "
#define PEER_DIALBACK_FEATURES \
	"<stream:features><dialback " \
	"xmlns='urn:xmpp:features:dialback'><errors/></dialback></stream:features>"
#define PEER_STARTTLS_FEATURES \
	"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"

#endif
