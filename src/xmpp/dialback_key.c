#include "xmpp/dialback_key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define DIGEST_SIZE 32
#define DATA_MAX 65536 /* two domains and an id; the parser's limit on an attribute is far below */

int dialback_secret_init(struct dialback_secret *s, const void *secret, size_t len)
{
	unsigned char digest[DIGEST_SIZE];

	if (len < DIALBACK_SECRET_MIN)
		return -FAIL_INVALID_ARGUMENT;
	if (!EVP_Digest(secret, len, digest, NULL, EVP_sha256(), NULL))
		return -FAIL_NO_MEMORY;
	str_hex(s->hex, digest, sizeof(digest));
	return 0;
}

/* The separator must not occur in a field, or bytes could be shifted from one to the next. */
static bool is_field(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (!*p)
		return false;
	while (*p > ' ' && *p != 0x7f)
		p++;
	return !*p;
}

int dialback_key(const struct dialback_secret *s, const char *receiving, const char *originating,
		 const char *stream_id, char out[DIALBACK_KEY_SIZE])
{
	unsigned char digest[DIGEST_SIZE];
	struct buf data;
	int rc;

	if (!is_field(receiving) || !is_field(originating) || !is_field(stream_id))
		return -FAIL_INVALID_ARGUMENT;
	buf_init(&data, DATA_MAX);
	buf_adds(&data, receiving);
	buf_addc(&data, ' ');
	buf_adds(&data, originating);
	buf_addc(&data, ' ');
	buf_adds(&data, stream_id);
	rc = buf_failed(&data);
	if (!rc && !HMAC(EVP_sha256(), s->hex, sizeof(s->hex) - 1, (unsigned char *)data.data,
			 data.len, digest, NULL))
		rc = -FAIL_NO_MEMORY;
	if (!rc)
		str_hex(out, digest, sizeof(digest));
	buf_fini(&data);
	return rc;
}

bool dialback_key_matches(const struct dialback_secret *s, const char *receiving,
			  const char *originating, const char *stream_id, const char *key,
			  size_t key_len)
{
	char expected[DIALBACK_KEY_SIZE], given[DIALBACK_KEY_SIZE] = "";
	const size_t size = DIALBACK_KEY_SIZE - 1;
	bool same;

	if (dialback_key(s, receiving, originating, stream_id, expected))
		return false;
	str_trim(&key, &key_len);
	/* a key of another length takes the same path; zero bytes equal no hex digit */
	memcpy(given, key, key_len < size ? key_len : size);
	same = str_equal_constant_time(expected, given, size);
	return same && key_len == size;
}
