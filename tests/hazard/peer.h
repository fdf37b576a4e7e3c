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
int peer_listen_at(struct daemon *d, int last, int port);
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
/* All of it, unless nothing goes for STALL_MS; gives how many bytes went. */
size_t peer_push_all(struct peer *p, const char *data, size_t len, int stall_ms);
/* Until TEXT is in what comes; what stands up to its end is then read. */
void peer_expect(struct peer *p, const char *text);
/* The same; gives what stood before it, cut at 8 kB, until the next call. */
const char *peer_until(struct peer *p, const char *text);
/* Does TEXT come within MS? Reads like peer_expect if so. */
bool peer_hears(struct peer *p, const char *text, int ms);
/* Until the other side has ended the connection; TEXT must have come before; NULL = anything. */
void peer_expect_end(struct peer *p, const char *text);
/* Has it ended within MS? */
bool peer_is_ended(struct peer *p, int ms);

/* Handshake, as client or server, showing the certificate NAME of the daemon's directory; NULL = none. */
void peer_tls(struct peer *p, bool server, const char *name);
void peer_tls_12(struct peer *p, bool server, const char *name); /* with TLS 1.2 */

/* The serial number of the certificate that fedgated shows. */
long peer_serial(const struct peer *p);
struct peer_tls { /* more of it; zeroed it is as above */
	bool server;
	const char *certificate;
	int version; /* at most; 0 = any */
	const char *
		protocol; /* connecting: ALPN offered, a length byte before each; accepting: chosen, without; NULL = none */
	const char *sni;      /* connecting */
	SSL_SESSION *session; /* connecting: to be resumed */
};
/* False where the handshake fails. */
bool peer_try_tls(struct peer *p, const struct peer_tls *how);
/* The common name of the certificate that fedgated showed; "" = none. */
const char *peer_shown(const struct peer *p);

/* A stream header as a partner, up to fedgated's features (connecting), or fedgated's header and ours with FEATURES. */
void peer_open(struct peer *p, const char *from, const char *to);
void peer_answer_open(struct peer *p, const char *from, const char *id, const char *features);
/* Connecting: up to <proceed/>. Dialled: up to TLS, in which fedgated's header comes next. */
void peer_starttls(struct peer *p, const char *from, const char *to);
void peer_answer_starttls(struct peer *p, const char *from, const char *certificate);
/* Connecting: up to features inside TLS. */
void peer_open_tls(struct peer *p, const char *from, const char *to, const char *certificate);
/* Connecting: a stream that is authenticated by SASL EXTERNAL. */
void peer_external(struct peer *p, const char *from, const char *to);
/* Streams that dialback opens, in clear: one to fedgated from .LAST, LISTENER being the authoritative server's; one that
 * fedgated dials to LISTENER. */
void peer_dialback_in(struct peer *p, struct daemon *d, int last, int listener, const char *from,
		      const char *to);
void peer_dialback_out(struct peer *p, struct daemon *d, int listener, const char *from,
		       const char *to);
/* A component for us.test, attached. */
void peer_component(struct peer *p, struct daemon *d);
/* A component up to its right handshake: what comes of it is to be seen. */
void peer_component_ask(struct peer *p, struct daemon *d, const char *domain);
/* The dialback key of fedgated's secret. */
const char *peer_key(const char *receiving, const char *originating, const char *id);

/* Messages with the ids m000000 and on, and what became of each. */
#define TALLY_MAX 200000
struct tally {
	unsigned gots, bounces;
	unsigned full; /* bounces that say resource-constraint */
	unsigned last; /* number that came, and was no bounce */
	bool disorder; /* one came behind a later one, or twice */
	char last_bounce[600];
	unsigned char got[TALLY_MAX], bounced[TALLY_MAX]; /* of each number, how often */
};
/* Appends COUNT messages from number FIRST with a body of BODY bytes. */
void peer_messages(struct buf *out, const char *from, const char *to, unsigned first,
		   unsigned count, size_t body);
/* Reads until UNTIL have come in all, or nothing has for QUIET_MS. */
void peer_tally(struct peer *p, struct tally *t, unsigned until, int quiet_ms);

#define PEER_COMPONENT_HEADER \
	"<stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' "
#define PEER_HEADER \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "
#define PEER_DIALBACK_FEATURES \
	"<stream:features><dialback " \
	"xmlns='urn:xmpp:features:dialback'><errors/></dialback></stream:features>"
#define PEER_STARTTLS_FEATURES \
	"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"

#endif
