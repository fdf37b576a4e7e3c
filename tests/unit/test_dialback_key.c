/* dialback_key: the published vectors, and that no key serves for another pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/str.h"
#include "xmpp/dialback_key.h"

static const char secret_text[] = "s3cr3tf0rd14lb4ck";

static struct dialback_secret secret(void)
{
	struct dialback_secret s;

	assert_int_equal(dialback_secret_init(&s, secret_text, strlen(secret_text)), 0);
	return s;
}

/* [XEP-0185 2] */
static void test_vector_xep0185(void **state)
{
	struct dialback_secret s = secret();
	char key[DIALBACK_KEY_SIZE];

	(void)state;
	assert_string_equal(s.hex, "a7136eb1f46c9ef18c5e78c36ca257067c69b3d518285f0b"
				   "18a96c33beae9acc");
	assert_int_equal(dialback_key(&s, "xmpp.example.com", "example.org", "D60000229F", key), 0);
	assert_string_equal(key, "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a268648"
				 "2ba5b89323075643");
}

/* [XEP-0220 2.1.1] */
static void test_vector_xep0220_first(void **state)
{
	struct dialback_secret s = secret();
	char key[DIALBACK_KEY_SIZE];

	(void)state;
	assert_int_equal(dialback_key(&s, "montague.example", "capulet.example", "D60000229F", key),
			 0);
	assert_string_equal(key,
			    "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3");
}

/* [XEP-0220 2.1.2] Its secret is shorter than we allow, so the digest is made here. */
static void test_vector_xep0220_second(void **state)
{
	static const char text[] = "d14lb4ck43v3r";
	unsigned char digest[32];
	struct dialback_secret s;
	char key[DIALBACK_KEY_SIZE];

	(void)state;
	assert_int_equal(EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL), 1);
	str_hex(s.hex, digest, sizeof(digest));
	assert_int_equal(dialback_key(&s, "capulet.example", "montague.example", "417GAF25", key),
			 0);
	assert_string_equal(key,
			    "225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d");
}

/* The HMAC key is the hex text: the 32 bytes give another value, which must not be accepted. */
static void test_not_the_raw_digest(void **state)
{
	static const char data[] = "xmpp.example.com example.org D60000229F";
	static const char id[] = "D60000229F";
	struct dialback_secret s = secret();
	unsigned char raw[32], mac[32];
	char key[DIALBACK_KEY_SIZE];

	(void)state;
	EVP_Digest(secret_text, strlen(secret_text), raw, NULL, EVP_sha256(), NULL);
	assert_non_null(HMAC(EVP_sha256(), raw, sizeof(raw), (const unsigned char *)data,
			     strlen(data), mac, NULL));
	str_hex(key, mac, sizeof(mac));
	assert_memory_equal(key, "4530485c", 8);
	assert_false(dialback_key_matches(&s, "xmpp.example.com", "example.org", id, key, 64));
}

/* [D05] */
static void test_d05_short_secrets(void **state)
{
	static const char bytes[17] = "0123456789abcdef";
	struct dialback_secret s;
	size_t len;

	(void)state;
	for (len = 0; len < 16; len++)
		assert_int_equal(dialback_secret_init(&s, bytes, len), -FAIL_INVALID_ARGUMENT);
	assert_int_equal(dialback_secret_init(&s, bytes, 16), 0);
	assert_int_equal(dialback_secret_init(&s, bytes, 17), 0);
}

/* [D06] What could move the border between two fields is refused. */
static void test_d06_separators(void **state)
{
	static const char *const bad[] = { "",	   " ",	  "a b",  " a",	   "a ",    "a\tb",
					   "a\nb", "a\r", "\x01", "a\x1f", "a\x7f", "\x7f" };
	struct dialback_secret s = secret();
	char key[DIALBACK_KEY_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *b = bad[i];
		assert_int_equal(dialback_key(&s, b, "o", "i", key), -FAIL_INVALID_ARGUMENT);
		assert_int_equal(dialback_key(&s, "r", b, "i", key), -FAIL_INVALID_ARGUMENT);
		assert_int_equal(dialback_key(&s, "r", "o", b, key), -FAIL_INVALID_ARGUMENT);
	}
	/* the key of "r o i" as it would be if the spaces were let through */
	assert_int_equal(dialback_key(&s, "r", "o", "i", key), 0);
	assert_false(dialback_key_matches(&s, "r o", "i", "", key, 64));
	assert_false(dialback_key_matches(&s, "", "r o", "i", key, 64));
	assert_false(dialback_key_matches(&s, "r", "o i", "", key, 64));
}

#define WORDS 6

/* [D06, D07] Every triple of words that are prefixes, suffixes and joins of each other has a key of its own. */
static void test_d06_d07_no_two_triples_collide(void **state)
{
	static const char *const words[WORDS] = { "a", "b", "ab", "a.b", "ba", "a-b" };
	static char keys[WORDS * WORDS * WORDS][DIALBACK_KEY_SIZE];
	struct dialback_secret s = secret();
	int i, k, count = 0;

	(void)state;
	for (i = 0; i < WORDS * WORDS * WORDS; i++) {
		const char *r = words[i / WORDS / WORDS], *o = words[i / WORDS % WORDS];
		assert_int_equal(dialback_key(&s, r, o, words[i % WORDS], keys[count++]), 0);
	}
	for (i = 0; i < count; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(keys[i], keys[k]);
}

/* [D07] A key serves for its own pair, direction, stream and secret only. */
static void test_d07_other_pairs(void **state)
{
	struct dialback_secret s = secret(), other;
	char key[DIALBACK_KEY_SIZE];

	(void)state;
	assert_int_equal(dialback_secret_init(&other, "another-secret-of-ours", 22), 0);
	assert_int_equal(dialback_key(&s, "b.example", "a.example", "id1", key), 0);
	assert_true(dialback_key_matches(&s, "b.example", "a.example", "id1", key, 64));
	assert_false(dialback_key_matches(&s, "a.example", "b.example", "id1", key, 64));
	assert_false(dialback_key_matches(&s, "b.example", "c.example", "id1", key, 64));
	assert_false(dialback_key_matches(&s, "c.example", "a.example", "id1", key, 64));
	assert_false(dialback_key_matches(&s, "b.example", "a.example", "id2", key, 64));
	assert_false(dialback_key_matches(&s, "b.example", "a.example", "id", key, 64));
	assert_false(dialback_key_matches(&other, "b.example", "a.example", "id1", key, 64));
}

/* [D08] Every single wrong digit, and every other length, is noticed. */
static void test_d08_compare(void **state)
{
	struct dialback_secret s = secret();
	char key[2 * DIALBACK_KEY_SIZE] = "";
	size_t i;

	(void)state;
	assert_int_equal(dialback_key(&s, "r", "o", "i", key), 0);
	memset(key + 64, key[0], 65);
	for (i = 0; i < 129; i++)
		assert_int_equal(dialback_key_matches(&s, "r", "o", "i", key, i), i == 64);
	for (i = 0; i < 64; i++) {
		key[i] ^= 1;
		assert_false(dialback_key_matches(&s, "r", "o", "i", key, 64));
		key[i] ^= 1;
	}
	for (i = 0; i < 64; i++) {
		char c = key[i];
		key[i] = '\0';
		assert_false(dialback_key_matches(&s, "r", "o", "i", key, 64));
		key[i] = c;
	}
	assert_true(dialback_key_matches(&s, "r", "o", "i", key, 64));
}

/* [D18] White space around a key is taken away, within it is not; an empty key is wrong. */
static void test_d18_white_space(void **state)
{
	struct dialback_secret s = secret();
	char key[DIALBACK_KEY_SIZE], text[256];

	(void)state;
	assert_int_equal(dialback_key(&s, "r", "o", "i", key), 0);
	snprintf(text, sizeof(text), "\r\n\t  %s \n\n", key);
	assert_true(dialback_key_matches(&s, "r", "o", "i", text, strlen(text)));
	snprintf(text, sizeof(text), "%.32s %s", key, key + 32);
	assert_false(dialback_key_matches(&s, "r", "o", "i", text, strlen(text)));
	snprintf(text, sizeof(text), "\v%s", key);
	assert_false(dialback_key_matches(&s, "r", "o", "i", text, strlen(text)));
	assert_false(dialback_key_matches(&s, "r", "o", "i", "", 0));
	assert_false(dialback_key_matches(&s, "r", "o", "i", " \n\t ", 4));
	snprintf(text, sizeof(text), "%64s", "");
	assert_false(dialback_key_matches(&s, "r", "o", "i", text, 64));
}

/* An id of any length that a parser lets through; beyond that the budget. */
static void test_long_ids(void **state)
{
	static char id[70000];
	struct dialback_secret s = secret();
	char key[DIALBACK_KEY_SIZE], other[DIALBACK_KEY_SIZE];

	(void)state;
	memset(id, 'x', sizeof(id) - 1);
	assert_int_equal(dialback_key(&s, "r", "o", id, key), -FAIL_BUDGET);
	assert_false(dialback_key_matches(&s, "r", "o", id, "", 0));
	id[16384] = '\0';
	assert_int_equal(dialback_key(&s, "r", "o", id, key), 0);
	id[16383] = 'y';
	assert_int_equal(dialback_key(&s, "r", "o", id, other), 0);
	assert_string_not_equal(key, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_xep0185),
		cmocka_unit_test(test_vector_xep0220_first),
		cmocka_unit_test(test_vector_xep0220_second),
		cmocka_unit_test(test_not_the_raw_digest),
		cmocka_unit_test(test_d05_short_secrets),
		cmocka_unit_test(test_d06_separators),
		cmocka_unit_test(test_d06_d07_no_two_triples_collide),
		cmocka_unit_test(test_d07_other_pairs),
		cmocka_unit_test(test_d08_compare),
		cmocka_unit_test(test_d18_white_space),
		cmocka_unit_test(test_long_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
