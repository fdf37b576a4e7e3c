/*
 * dialback_key: the keys of Server Dialback. [XEP-0185 2]
 *
 * key = HMAC-SHA256(lowercase hex text of SHA256(secret), "receiving originating stream-id"), in lowercase hex. The HMAC
 * key is the 64 characters of text, not the 32 bytes behind them. Domains are in normal form; the stream id is that of
 * the response header of the stream as it is now, after every restart [RFC6120 4.3.3]. Pure; any thread.
 */
#ifndef XMPP_DIALBACK_KEY_H
#define XMPP_DIALBACK_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

#define DIALBACK_KEY_SIZE 65   /* 64 hex digits and a NUL */
#define DIALBACK_SECRET_MIN 16 /* bytes: 128 bits */

struct dialback_secret {
	char hex[65]; /* of SHA256(secret) */
};

/* Refuses a secret of fewer than DIALBACK_SECRET_MIN bytes: -FAIL_INVALID_ARGUMENT. */
int dialback_secret_init(struct dialback_secret *s, const void *secret, size_t len) must_check;

/*
 * The key for the pair and the stream. No two triples share their data: a field that is empty, or holds a space or a
 * control character, is refused with -FAIL_INVALID_ARGUMENT.
 */
int dialback_key(const struct dialback_secret *s, const char *receiving, const char *originating,
		 const char *stream_id, char out[DIALBACK_KEY_SIZE]) must_check;

/*
 * Is KEY, trimmed of XML white space, ours for these three? The comparison takes the same time for every key. False for
 * fields that dialback_key refuses.
 */
bool dialback_key_matches(const struct dialback_secret *s, const char *receiving,
			  const char *originating, const char *stream_id, const char *key,
			  size_t key_len) must_check;

#endif
