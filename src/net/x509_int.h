/* x509_int: certificates as the library has them, for the other rooms of net. */
#ifndef NET_X509_INT_H
#define NET_X509_INT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/cert_facts.h"

/*
 * The names of a certificate that can identify a server, from its subjectAltName alone: a Common Name is no identity
 * [RFC6125 6.4.4]. One block with their texts, to be freed; NULL where there are none, more than CERT_NAMES_MAX, or memory
 * runs out.
 */
struct cert_name *x509_names(const X509 *x, size_t *count);
/* What is remembered of a certificate; false where its key cannot be encoded. */
bool x509_leaf(X509 *x, struct cert_leaf *out);
/* Seconds since the epoch, 0 where it is no time. */
int64_t x509_seconds(const ASN1_TIME *time);

#endif
