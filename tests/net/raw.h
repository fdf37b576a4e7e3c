/* raw: a peer on a thread of its own, with blocking sockets and OpenSSL as it comes, which may do what ours never would. */
#ifndef TESTS_RAW_H
#define TESTS_RAW_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "net/address.h"

struct raw {
	/* set by the test */
	int fd; /* connected; ignored where LISTEN_FD is set */
	bool accept;
	bool in_clear;	 /* no TLS: TALK alone */
	int min_version; /* 0 = the library's */
	int max_version;
	const char *certificate; /* NULL = none; its key is KEY */
	const char *key;
	const char *chain;    /* NULL, or a file of the certificate and its chain instead */
	const char *ciphers;  /* NULL = the library's */
	const char *sni;      /* NULL = none */
	SSL_SESSION *session; /* to be offered; NULL = none */
	void (*before)(struct raw *r); /* in clear, before TLS; NULL = nothing */
	void (*talk)(struct raw *r);   /* once TLS is up; NULL = nothing */
	size_t size;		       /* for talk */
	/* what came of it */
	bool up;
	bool reused;
	int ca_names; /* that a server asked for; -1 = no certificate was asked for */
	bool good;    /* for talk */
	struct buf in;
	char shown[64]; /* the common name of the other side's certificate */
	/* inside */
	int listen_fd; /* -1 = not listening */
	SSL_CTX *context;
	SSL *ssl;
	pthread_t thread;
};

void raw_init(struct raw *r);
/* Listens on a free port. */
void raw_listen(struct raw *r, struct net_address *at);
void raw_start(struct raw *r);
/* Waits for its end, closes its socket. */
void raw_join(struct raw *r);
void raw_fini(struct raw *r);

/* For talk. Reads until the end, or until in.len >= LEN. False at an error. */
bool raw_read(struct raw *r, size_t len);
bool raw_write(struct raw *r, const void *data, size_t len);
/* TLS's and the socket's. */
void raw_shut(struct raw *r);

#endif
