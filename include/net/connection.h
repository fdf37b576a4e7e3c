/*
 * connection: one TCP connection, in clear or in TLS.
 *
 * Belongs to its loop's thread and to one owner, who is told what happens through callbacks and ends it with
 * connection_close or connection_abort: no callback comes after either, and the object frees itself. Writes are gathered and
 * leave once a turn, in full TLS records. It reports and never judges. The process ignores SIGPIPE.
 */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"
#include "trust/cert_facts.h"
#include "trust/tlsa.h"

enum connection_end {
	CONNECTION_REFUSED, /* dialling failed: refused, unreachable, timed out by the kernel */
	CONNECTION_EOF, /* the peer ended its direction; in TLS the reason tells if without close_notify */
	CONNECTION_LOST /* reset, an error of TLS, renegotiation, too much waiting to be written */
};

/* All are called from the loop, with the owner's context. */
struct connection_events {
	/* Dialling succeeded. Not for accepted connections. */
	void (*connected)(void *context);
	/* Decrypted where it is in TLS; all that was read, at most 64 KiB at once. DATA is borrowed for the call, which may
	 * close, abort, pause or start TLS: nothing more is read then, until resumed, or but by TLS. */
	void (*data)(void *context, const char *data, size_t len);
	void (*tls_up)(void *context);
	/* The handshake failed: REASON for the log. The connection may only be aborted. */
	void (*tls_failed)(void *context, const char *reason);
	/* What waits to be written fell below the low mark, having been above the high one. May be NULL. */
	void (*drained)(void *context);
	/* It ended; REASON for the log. The owner still has to abort it, or close it (after EOF what is written may still leave). */
	void (*ended)(void *context, enum connection_end end, const char *reason);
};

#define CONNECTION_HIGH ((size_t)128 << 10) /* bytes waiting to be written: connection_is_full */
#define CONNECTION_LOW ((size_t)64 << 10)

struct connection;

/* Takes FD, a connected socket. NULL when memory runs out; FD is closed then. */
struct connection *connection_accepted(struct loop *l, int fd,
				       const struct connection_events *events, void *context);
/* Begins to dial; the owner sets its own time limit. NULL where no socket is to be had, errno says why. */
struct connection *connection_dial(struct loop *l, const struct net_address *to,
				   const struct connection_events *events, void *context);

/* Another owner, who is told from now on. */
void connection_give(struct connection *c, const struct connection_events *events, void *context);

/* Appends; nothing leaves before the end of the turn. While TLS starts it waits for that. Ignored once the connection is
 * refused or lost. */
void connection_write(struct connection *c, const void *data, size_t len);
size_t connection_waiting(const struct connection *c); /* bytes not yet taken by the kernel */
bool connection_is_full(
	const struct connection *c); /* above the high mark, until it falls below the low one */

/*
 * Starts TLS when all that was written before has left; from the call on nothing is read in clear. LOCAL: the domain whose identity we show, where the peer's SNI names
 * none; NULL or without identity: none when dialling, the handshake fails when accepting. SERVER_NAME: dialling: SNI to send.
 * TLS is borrowed until the connection has freed itself: its owner counts it with hold and release, called once each. Input
 * that was read before is with the owner, all of it: see data.
 */
struct connection_tls {
	bool accept;
	bool direct; /* TLS begins with the connection: ALPN is offered, or heeded [XEP-0368 3] */
	const char *local;
	const char *server_name;
	unsigned wants; /* of tls_add_wants: what is asked of the peer; 0 = what is asked of all */
	const struct tls *tls;
	void *hold; /* given to release when the connection no longer needs TLS; may be NULL */
	void (*release)(void *hold);
};
void connection_start_tls(struct connection *c, const struct connection_tls *how);

/* Facts of TLS, once up; owned by the connection, until it is closed or aborted, or another WANTS (of tls_add_wants) asks:
 * the peer's certificate is verified by those. NULL = the peer showed none, or no TLS. */
const struct cert_facts *connection_certificate(struct connection *c, unsigned wants);
/* The peer's certificates, to be compared with TLSA records, and how they are by those settings; made anew at each call, by
 * verifying. Nothing where it showed none. */
void connection_dane_chain(const struct connection *c, unsigned wants, struct dane_chain *out);
/* In TLS: from now on the peer is judged by another TLS, whose numbers of wants may mean others; HOLD and RELEASE as above.
 * Facts that were given do not hold any more. */
void connection_judge_by(struct connection *c, const struct tls *tls, void *hold,
			 void (*release)(void *hold));
/* In TLS, and not as those ask for? */
bool connection_is_weak(const struct connection *c, unsigned wants);
/* The certificate that we show, once TLS is up, may identify servers alone, not clients. */
bool connection_shows_server_only(const struct connection *c);
const char *connection_tls_version(const struct connection *c); /* "TLSv1.3"; "" in clear */
const char *connection_cipher(const struct connection *c);	/* "" in clear */

void connection_pause(struct connection *c); /* reads no more; what waits to be read is kept */
void connection_resume(struct connection *c);
/* When anything last came from the peer, in loop_now's time. */
uint64_t connection_last_input(const struct connection *c);
/* Bytes that came and were not read, as far as the kernel can tell; in TLS with what it adds. */
size_t connection_unread(const struct connection *c);
/* When the kernel last took anything; 0 = never. */
uint64_t connection_last_output(const struct connection *c);
const struct net_address *connection_peer(const struct connection *c);

/* Writes what waits, ends TLS and the direction, waits for the peer's end for GRACE_MS at most. */
void connection_close(struct connection *c, uint64_t grace_ms);
/* At once. */
void connection_abort(struct connection *c);
/* Connections of the loop that are still closing. */
unsigned connection_closing_count(const struct loop *l);

#endif
