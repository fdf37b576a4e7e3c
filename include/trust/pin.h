/*
 * pin: does a certificate have the key that is pinned for its domain?
 *
 * A key that a trusted authority certified for somebody else who got hold of the domain is good in every other way. Pure;
 * any thread.
 */
#ifndef TRUST_PIN_H
#define TRUST_PIN_H

#include "base/fail.h"
#include "trust/cert_facts.h"

/* FAIL_NONE, or FAIL_CERT_PIN. PINNED: CERT_KEY_SIZE bytes, NULL = none yet: the first key is taken. LEAF NULL: not known. */
enum fail pin_judge(const unsigned char *pinned, const struct cert_leaf *leaf);

#endif
