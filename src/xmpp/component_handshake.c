#include "xmpp/component_handshake.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define DIGEST_SIZE 20
#define DATA_MAX 65536 /* an id of ours, and a secret of at most 4096 bytes */

int component_handshake(const char *stream_id, const char *secret,
			char out[COMPONENT_HANDSHAKE_SIZE])
{
	unsigned char digest[DIGEST_SIZE];
	struct buf data;
	int rc;

	if (!*stream_id || !*secret)
		return -FAIL_INVALID_ARGUMENT;
	buf_init(&data, DATA_MAX);
	buf_adds(&data, stream_id);
	buf_adds(&data, secret);
	rc = buf_failed(&data);
	if (!rc && !EVP_Digest(data.data, data.len, digest, NULL, EVP_sha1(), NULL))
		rc = -FAIL_NO_MEMORY;
	if (!rc)
		str_hex(out, digest, sizeof(digest));
	if (data.data)
		explicit_bzero(data.data, data.len);
	buf_fini(&data);
	return rc;
}

bool component_handshake_matches(const char *stream_id, const char *secret, const char *text,
				 size_t len)
{
	char expected[COMPONENT_HANDSHAKE_SIZE], given[COMPONENT_HANDSHAKE_SIZE] = "";
	const size_t size = COMPONENT_HANDSHAKE_SIZE - 1;
	bool same;

	if (component_handshake(stream_id, secret, expected))
		return false;
	str_trim(&text, &len);
	/* another length takes the same path; zero bytes equal no hex digit */
	memcpy(given, text, len < size ? len : size);
	same = str_equal_constant_time(expected, given, size);
	return same && len == size;
}
