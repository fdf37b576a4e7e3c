/*
 * component_handshake: how an external component proves that it knows its secret. [XEP-0114 3]
 *
 * handshake = SHA1(stream id as the header carries it, without escapes, then the secret), in lowercase hex. SHA1 is what the
 * protocol says; what it rests on here is the unguessable id. Pure; any thread.
 */
#ifndef XMPP_COMPONENT_HANDSHAKE_H
#define XMPP_COMPONENT_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

#define COMPONENT_HANDSHAKE_SIZE 41 /* 40 hex digits and a NUL */

/* -FAIL_INVALID_ARGUMENT where either is empty; -FAIL_NO_MEMORY where the digest is not to be had. */
int component_handshake(const char *stream_id, const char *secret,
			char out[COMPONENT_HANDSHAKE_SIZE]) must_check;
/* Are LEN bytes of TEXT, trimmed of XML white space, the handshake? Takes the same time for every text of that length. */
bool component_handshake_matches(const char *stream_id, const char *secret, const char *text,
				 size_t len) must_check;

#endif
