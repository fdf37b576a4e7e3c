/*
 * peer: what a server under test talks with: a federating server in either role, or a component.
 *
 * As much XMPP as that takes, found in the text: the servers under test are known to write well. The domain that a peer is
 * says by its second label how it authenticates: d1.sasl.test, d1.tls.test, d1.tcp.test.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "line.h"

#define PEER_DOMAIN 64
#define PEER_MESSAGE 200 /* bytes of one */

enum peer_kind { PEER_INITIATING, PEER_RECEIVING, PEER_COMPONENT };
enum peer_method { PEER_SASL, PEER_TLS, PEER_TCP };
enum peer_state {
	PEER_HEADER, /* waits for a header, initiating: with features */
	PEER_PROCEED,
	PEER_HANDSHAKE,
	PEER_SUCCESS,
	PEER_VALID,
	PEER_READY
};

struct peer;

struct bench {
	int epoll;
	struct sockaddr_in server;
	const char *domain; /* of the server */
	const char *secret; /* of its component */
	SSL_CTX *tls;
	void *context;
	void (*ready)(struct peer *p);			  /* it authenticated */
	void (*messages)(struct peer *p, unsigned count); /* so many came */
	void (*writable)(struct peer *p);		  /* nothing waits to be written any more */
	void (*ended)(struct peer *p);			  /* by the server */
};

struct peer {
	struct line line; /* first */
	struct bench *bench;
	enum peer_kind kind;
	enum peer_method method;
	enum peer_state state;
	bool authenticated; /* by SASL */
	bool over;	    /* to be freed when peer_event has returned */
	char domain[PEER_DOMAIN];
	char *in; /* not yet understood; none once it is ready */
	size_t in_len;
	char tail[16]; /* the end of what came before, for a message that is cut */
	unsigned tail_len;
	double begun;
};

struct peer *peer_dial(struct bench *b, enum peer_method method, unsigned number);
struct peer *peer_accept(struct bench *b, int fd);
struct peer *peer_component(struct bench *b, const struct sockaddr_in *to);
void peer_free(struct peer *p);
/* The descriptor is ready. */
void peer_event(struct peer *p);
/* A message of PEER_MESSAGE bytes. */
void peer_compose(char out[PEER_MESSAGE + 1], const char *from, const char *to);

#endif
