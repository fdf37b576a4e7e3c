/* jid: what jid.eval cannot say: pointers, sizes, and properties over many inputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xmpp/jid.h"

static int domain(const char *text, char out[JID_DOMAIN_SIZE])
{
	return jid_domain(text, strlen(text), out);
}

/* The parts point into the text that was split, which need not be terminated. */
static void test_split_borrows(void **state)
{
	static const char text[] = "romeo@example.net/orchardXX";
	struct jid jid;

	(void)state;
	assert_int_equal(jid_split(text, sizeof(text) - 3, &jid), 0);
	assert_ptr_equal(jid.local, text);
	assert_int_equal(jid.local_len, 5);
	assert_ptr_equal(jid.domain, text + 6);
	assert_int_equal(jid.domain_len, 11);
	assert_ptr_equal(jid.resource, text + 18);
	assert_int_equal(jid.resource_len, 7);
	assert_int_equal(jid_split(text + 6, 11, &jid), 0);
	assert_null(jid.local);
	assert_int_equal(jid.local_len, 0);
	assert_ptr_equal(jid.domain, text + 6);
	assert_int_equal(jid.domain_len, 11);
	assert_null(jid.resource);
	assert_int_equal(jid.resource_len, 0);
}

static void test_failure_leaves_output(void **state)
{
	char out[JID_DOMAIN_SIZE] = "before";
	struct jid jid = { .local_len = 42 };
	bool bare = true;

	(void)state;
	assert_int_equal(jid_split("@x", 2, &jid), -FAIL_JID_MALFORMED);
	assert_int_equal(jid.local_len, 42);
	assert_int_equal(domain("a..b", out), -FAIL_JID_MALFORMED);
	assert_int_equal(domain("[::x]", out), -FAIL_JID_MALFORMED);
	assert_int_equal(domain("xn--a.b", out), -FAIL_JID_MALFORMED);
	assert_int_equal(jid_domain_of("u@a..b", 6, out, &bare), -FAIL_JID_MALFORMED);
	assert_int_equal(jid_domain_of("u@", 2, out, &bare), -FAIL_JID_MALFORMED);
	assert_string_equal(out, "before");
	assert_true(bare);
}

/* [R05] a name at each length around the limits: whole, or not at all */
static void test_every_length(void **state)
{
	char text[JID_PART_MAX + 8], out[JID_DOMAIN_SIZE];
	size_t len, i;

	(void)state;
	for (len = 1; len < sizeof(text); len++) {
		bool good = len <= 253;
		/* labels of 49 bytes; never a dot at the end */
		for (i = 0; i < len; i++)
			text[i] = i % 50 == 49 && i + 1 < len ? '.' : 'A';
		assert_int_equal(jid_domain(text, len, out), good ? 0 : -FAIL_JID_MALFORMED);
		if (!good)
			continue;
		assert_int_equal(strlen(out), len);
		for (i = 0; i < len; i++)
			assert_int_equal(out[i], text[i] == 'A' ? 'a' : '.');
		text[len] = '.';
		assert_int_equal(jid_domain(text, len + 1, out), 0);
		assert_int_equal(strlen(out), len);
	}
}

/* [R05] the same for each part of a JID, in characters of one to four bytes */
static void test_every_part_length(void **state)
{
	static const char *const chars[] = { "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x92\xa9" };
	char text[3 * JID_PART_MAX];
	size_t k, n, i;

	(void)state;
	for (k = 0; k < 4; k++) {
		size_t size = k + 1;
		for (n = JID_PART_MAX / size - 1; n <= JID_PART_MAX / size + 2; n++) {
			int expected = n * size <= JID_PART_MAX ? 0 : -FAIL_JID_MALFORMED;
			struct jid jid;
			for (i = 0; i < n; i++)
				memcpy(text + i * size, chars[k], size);
			memcpy(text + n * size, "@b", 2);
			assert_int_equal(jid_split(text, n * size + 2, &jid), expected);
			assert_int_equal(jid_split(text, n * size, &jid), expected);
			memmove(text + 2, text, n * size);
			memcpy(text, "b/", 2);
			assert_int_equal(jid_split(text, n * size + 2, &jid), expected);
			if (!expected)
				assert_int_equal(jid.resource_len, n * size);
			/* cut within a character */
			if (!expected && size > 1)
				assert_int_equal(jid_split(text, n * size + 1, &jid),
						 -FAIL_JID_MALFORMED);
		}
	}
}

/* Every byte in every place of a plain name: what is no letter, digit, hyphen or dot is refused. */
static void test_every_byte(void **state)
{
	int byte, at;

	(void)state;
	for (byte = 0; byte < 256; byte++) {
		for (at = 0; at < 7; at++) {
			char text[] = "abc.def", out[JID_DOMAIN_SIZE];
			bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
			bool digit = byte >= '0' && byte <= '9';
			bool edge = at == 0 || at == 2 || at == 3 || at == 4 || at == 6;
			bool good = letter || (digit && at != 3) || (byte == '-' && !edge);
			text[at] = (char)byte;
			if (at == 3 && (digit || byte == '-'))
				good = true;
			if (byte == '.')
				good = at == 1 || at == 3 || at == 5 || at == 6;
			assert_int_equal(jid_domain(text, 7, out), good ? 0 : -FAIL_JID_MALFORMED);
		}
	}
}

/* The UTF-8 of a code point; returns its size. */
static size_t encode(uint32_t code, char *out)
{
	unsigned char *p = (unsigned char *)out;

	if (code < 0x80) {
		p[0] = (unsigned char)code;
		return 1;
	}
	if (code < 0x800) {
		p[0] = (unsigned char)(0xc0 | code >> 6);
		p[1] = (unsigned char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		p[0] = (unsigned char)(0xe0 | code >> 12);
		p[1] = (unsigned char)(0x80 | (code >> 6 & 63));
		p[2] = (unsigned char)(0x80 | (code & 63));
		return 3;
	}
	p[0] = (unsigned char)(0xf0 | code >> 18);
	p[1] = (unsigned char)(0x80 | (code >> 12 & 63));
	p[2] = (unsigned char)(0x80 | (code >> 6 & 63));
	p[3] = (unsigned char)(0x80 | (code & 63));
	return 4;
}

/* Every code point there could be, and some beyond: what split accepts is exactly what is a character and no control. */
static void test_every_code_point(void **state)
{
	uint32_t code;

	(void)state;
	for (code = 0; code < 0x120000; code++) {
		bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
		bool surrogate = code >= 0xd800 && code < 0xe000;
		bool good = !control && !surrogate && code < 0x110000;
		char text[8] = "b/";
		struct jid jid;
		size_t size = encode(code, text + 2);
		if (jid_split(text, size + 2, &jid) != (good ? 0 : -FAIL_JID_MALFORMED))
			fail_msg("U+%04X", (unsigned)code);
	}
}

static bool is_normal_form(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 253 && name[len - 1] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len;
}

/* [D20] Any character of the lower planes within a label: the result is a normal form that is its own, or none. */
static void test_idempotent(void **state)
{
	unsigned good = 0;
	uint32_t code;

	(void)state;
	for (code = 0x80; code < 0x20000; code += code < 0x3000 ? 1 : 13) {
		char text[24] = "a", out[JID_DOMAIN_SIZE], again[JID_DOMAIN_SIZE];
		size_t size = encode(code, text + 1);
		memcpy(text + 1 + size, "b.Example.", 11);
		if (domain(text, out))
			continue;
		good++;
		if (!is_normal_form(out) || domain(out, again) || strcmp(out, again))
			fail_msg("U+%04X: %s", (unsigned)code, out);
	}
	assert_true(good > 3000);
}

static void test_address(void **state)
{
	char out[JID_DOMAIN_SIZE];

	(void)state;
	assert_int_equal(domain("[1:2:3:4:5:6:7:8]", out), 0);
	assert_true(jid_is_address(out));
	assert_int_equal(domain("1.2.3.4.", out), 0);
	assert_true(jid_is_address(out));
	assert_false(jid_is_address("a.4a"));
	assert_false(jid_is_address("a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_borrows), cmocka_unit_test(test_failure_leaves_output),
		cmocka_unit_test(test_every_length),  cmocka_unit_test(test_every_part_length),
		cmocka_unit_test(test_every_byte),    cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_idempotent),    cmocka_unit_test(test_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
