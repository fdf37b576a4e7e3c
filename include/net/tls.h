/*
 * tls: the contexts of TLS: trust anchors, our identities, what is spoken.
 *
 * Built once, then immutable and shared by any threads; whoever built it frees it when no connection uses it any more. Reads
 * files while it is built. TLS 1.2 or newer; no renegotiation, compression, tickets, early data or session cache. A peer is
 * asked for a certificate in both roles, and verified as a server in both: a certificate for servers alone names the
 * initiating server well enough, one for clients alone does not. The handshake goes on whatever the verification says: it
 * yields facts; policy judges.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/fail.h"

#define TLS_ERROR_SIZE 256

enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

struct tls;

/* ANCHORS: a file of PEM certificates. NULL with the reason. */
struct tls *tls_new(const char *anchors, enum tls_version min_version, char error[TLS_ERROR_SIZE]);
/* Our certificate chain and key for DOMAIN (normal form), PEM files. -FAIL_IO or -FAIL_CONFIG with the reason. */
int tls_add_identity(struct tls *t, const char *domain, const char *certificate, const char *key,
		     char error[TLS_ERROR_SIZE]) must_check;
void tls_free(struct tls *t); /* NULL is allowed */

#endif
