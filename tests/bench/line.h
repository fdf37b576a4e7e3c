/*
 * line: one connection of the load generator, in clear or in TLS: never blocks, gathers what is written.
 *
 * Knows nothing of XMPP. Belongs to its owner; an epoll of the owner's watches it with the owner as data.
 */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct line {
	int fd;
	int epoll;
	void *owner;
	bool waits_to_write;
	bool handshaking;
	bool lost;
	SSL *ssl;	  /* NULL in clear */
	BIO *out;	  /* in memory: what waits to be written, encrypted where it is in TLS */
	size_t gone;	  /* what of it was written */
	unsigned records; /* of application data that came */
};

/* Certificates are asked for and verified on both sides. */
SSL_CTX *line_tls(const char *certificate, const char *key, const char *authority);

void line_init(struct line *l, int epoll, int fd, void *owner);
void line_dial(struct line *l, int epoll, const struct sockaddr_in *to, void *owner);
void line_fini(struct line *l);
/* SERVER_NAME: NULL = accepts. Its handshake goes on in line_handshake. */
void line_start_tls(struct line *l, SSL_CTX *context, const char *server_name);
/* False while it is not done. */
bool line_handshake(struct line *l);
/* What is written leaves with line_flush; in TLS, each call is one record. */
void line_write(struct line *l, const char *data, size_t len);
void line_flush(struct line *l);
bool line_is_empty(const struct line *l);
/* 0: nothing more for now, or lost. */
size_t line_read(struct line *l, char *to, size_t size);

#endif
