/*
 * tls: the contexts of TLS: trust anchors, our identities, what is spoken.
 *
 * Built once, then immutable and shared by any threads; whoever built it frees it when no connection uses it any more. Reads
 * files while it is built. TLS 1.2 or newer; no renegotiation, compression, tickets, early data or session cache. A peer is
 * asked for a certificate in both roles, and verified as a server in both: a certificate for servers alone names the
 * initiating server well enough, one for clients alone does not, unless a partner's settings say so. The handshake goes on
 * whatever is shown; it is verified once it is known whose settings hold, and that yields facts; policy judges. Direct TLS
 * alone uses ALPN: xmpp-server is offered; whoever offers protocols without it is refused.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"
#include "trust/cert_facts.h"

#define TLS_ERROR_SIZE 256

enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

struct tls;

/* ANCHORS: a file of PEM certificates. NULL with the reason. */
struct tls *tls_new(const char *anchors, enum tls_version min_version, char error[TLS_ERROR_SIZE]);
/*
 * Our certificate chain and key for DOMAIN (normal form), PEM files. A domain may have one of each kind of key (RSA, EC): each
 * peer is shown what it can use. -FAIL_IO or -FAIL_CONFIG with the reason.
 */
int tls_add_identity(struct tls *t, const char *domain, const char *certificate, const char *key,
		     char error[TLS_ERROR_SIZE]) must_check;

/* What is asked of one partner, in place of what is asked of all. */
struct tls_wants {
	const char *anchors; /* a file as for tls_new; NULL = the common ones */
	enum tls_version min_version;
	const char *ciphers;	 /* names as tls_check_ciphers takes them; NULL = the library's */
	const char *const *crls; /* files of PEM revocation lists; what is none is left out */
	size_t crl_count;
	bool crl_hard;	  /* a certificate that no list in force covers is not good */
	bool client_only; /* one for clients alone is */
};
/* NUMBER, above 0, stands for them from then on; once each. -FAIL_CONFIG with the reason. */
int tls_add_wants(struct tls *t, unsigned number, const struct tls_wants *wants,
		  char error[TLS_ERROR_SIZE]) must_check;
/* The identity that is shown in place of the domain's when dialling by NUMBER; otherwise as tls_add_identity. */
int tls_add_outbound(struct tls *t, unsigned number, const char *certificate, const char *key,
		     char error[TLS_ERROR_SIZE]) must_check;
/* Names with colons between: those that begin with TLS_ for TLS 1.3, the others, in OpenSSL's way, for TLS 1.2. A version
 * that none is for keeps the library's. False with the reason. */
bool tls_check_ciphers(const char *ciphers, char error[TLS_ERROR_SIZE]);
/* The certificate number INDEX, from 0, of those in use for DOMAIN, with its names; false where there are not so many. */
bool tls_identity(const struct tls *t, const char *domain, size_t index, struct cert_leaf *leaf,
		  char names[CERT_NAMES_TEXT]);
void tls_free(struct tls *t); /* NULL is allowed */

#endif
