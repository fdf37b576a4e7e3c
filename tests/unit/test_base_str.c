/* str: copies, hex, base64, numbers with units, distance, trimming. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static void test_copy(void **state)
{
	char to[5] = "xxxx";

	(void)state;
	assert_int_equal(str_copy(to, sizeof(to), "abcdef", 4), 0);
	assert_string_equal(to, "abcd");
	assert_int_equal(str_copy(to, sizeof(to), "zzzzz", 5), -FAIL_INVALID_ARGUMENT);
	assert_string_equal(to, "abcd"); /* nothing is cut short */
	assert_int_equal(str_copy(to, 0, "", 0), -FAIL_INVALID_ARGUMENT);
	assert_int_equal(str_copy(to, 1, "z", 0), 0);
	assert_string_equal(to, "");
}

static void test_format(void **state)
{
	char to[5];

	(void)state;
	assert_int_equal(str_format(to, sizeof(to), "%d", 1234), 0);
	assert_string_equal(to, "1234");
	assert_int_equal(str_format(to, sizeof(to), "%d", 12345), -FAIL_INVALID_ARGUMENT);
	assert_int_equal(str_format(to, sizeof(to), "%s", ""), 0);
	assert_string_equal(to, "");
}

static void test_hex(void **state)
{
	char to[17];

	(void)state;
	str_hex(to, "\x00\x01\x0f\x10\x7f\x80\xab\xff", 8);
	assert_string_equal(to, "00010f107f80abff");
	str_hex(to, "", 0);
	assert_string_equal(to, "");
}

/* [RFC4648 10] */
static void test_base64(void **state)
{
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xfe", "//4=" },
		{ "\xfb\xef\xbe", "++++" },
		{ "a.example", "YS5leGFtcGxl" },
	};
	unsigned char back[64];
	char text[64];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const char *plain = vectors[i][0], *coded = vectors[i][1];
		assert_int_equal(str_base64(text, plain, strlen(plain)), strlen(coded));
		assert_string_equal(text, coded);
		assert_int_equal(str_unbase64(coded, strlen(coded), back, &len), 0);
		assert_int_equal(len, strlen(plain));
		assert_string_equal((char *)back, plain);
	}
}

static void test_base64_round_trip(void **state)
{
	unsigned char data[256], back[259];
	char text[345];
	size_t i, len, n;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 37 + 11);
	for (i = 0; i <= sizeof(data); i++) {
		n = str_base64(text, data, i);
		assert_int_equal(n, (i + 2) / 3 * 4);
		assert_int_equal(strlen(text), n);
		memset(back, 'x', sizeof(back));
		assert_int_equal(str_unbase64(text, n, back, &len), 0);
		assert_int_equal(len, i);
		assert_memory_equal(back, data, i);
		assert_int_equal(back[i], 0);
	}
}

static int unbase64(const char *text, size_t len)
{
	unsigned char to[64];
	size_t n;

	return str_unbase64(text, len, to, &n);
}

/* One value has one spelling. */
static void test_base64_is_strict(void **state)
{
	static const char *const bad[] = {
		"Zg",	 "Zg=",	     "Z",	   "=",	       "==",	   "===",  "====", "Z===",
		"Zm9v=", "Zm9v====", "Zg==Zg==",   "Zm8=Zm8=", "Z=g=",	   "Zg=v", "=Zg=", "Zm9\n",
		" Zm9",	 "Zm9-",     "Zm9_",	   "Zm 9v",    "Zm9v\n",   "Zh==", "Zm9=", "Zk==",
		"Zv==",	 "Zm+=",     "Zm\xc3\xa9", "ZmF!",     "ZmE=====",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (unbase64(bad[i], strlen(bad[i])) != -FAIL_INVALID_ARGUMENT)
			fail_msg("%s was decoded", bad[i]);
	assert_int_equal(unbase64("Zm\0v", 4), -FAIL_INVALID_ARGUMENT);
	assert_int_equal(unbase64("Zm9vZg==", 8), 0);
}

/* Every byte is in the alphabet or is refused, in each of the four places. */
static void test_base64_alphabet(void **state)
{
	unsigned at, c, good = 0;

	(void)state;
	for (at = 0; at < 4; at++) {
		for (c = 0; c < 256; c++) {
			char text[5] = "AAAA";
			text[at] = (char)c;
			good += unbase64(text, 4) == 0;
		}
	}
	assert_int_equal(good, 4 * 64 + 1); /* and "AAA=" */
}

static void test_constant_time(void **state)
{
	unsigned i, bit;

	(void)state;
	assert_true(str_equal_constant_time("", "x", 0));
	assert_true(str_equal_constant_time("abc", "abc", 3));
	assert_true(str_equal_constant_time("abcX", "abcY", 3));
	for (i = 0; i < 5; i++) {
		for (bit = 0; bit < 8; bit++) {
			char other[] = "ab\0cd";
			other[i] = (char)(other[i] ^ 1 << bit);
			assert_false(str_equal_constant_time("ab\0cd", other, 5));
		}
	}
}

struct number {
	const char *text;
	int rc;
	uint64_t value;
};

#define BAD(text) \
	{ \
		text, -FAIL_INVALID_ARGUMENT, 0 \
	}

static void check(const struct number *n, size_t count,
		  int (*read)(const char *text, uint64_t *value))
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint64_t value = 0;
		int rc = read(n[i].text, &value);
		if (rc != n[i].rc || value != n[i].value)
			fail_msg("\"%s\": %d, %llu", n[i].text, rc, (unsigned long long)value);
	}
}

static void test_duration(void **state)
{
	static const struct number n[] = {
		{ "90", 0, 90 },
		{ "90s", 0, 90 },
		{ "5m", 0, 300 },
		{ "8h", 0, 28800 },
		{ "2d", 0, 172800 },
		{ "0", 0, 0 },
		{ "0d", 0, 0 },
		{ "007", 0, 7 },
		BAD(""),
		BAD("s"),
		BAD("5w"),
		BAD("5ms"),
		BAD("5 m"),
		BAD(" 5"),
		BAD("-5"),
		BAD("+5"),
		BAD("5M"),
		BAD("5s "),
		BAD("1.5h"),
		BAD("5k"),
		{ "18446744073709551615", 0, UINT64_MAX },
		BAD("18446744073709551616"),
		BAD("99999999999999999999999"),
		{ "213503982334601d", 0, 18446744073709526400u },
		BAD("213503982334602d"),
	};

	(void)state;
	check(n, sizeof(n) / sizeof(*n), str_duration);
}

static void test_bytes(void **state)
{
	static const struct number n[] = {
		{ "100", 0, 100 },
		{ "256k", 0, 262144 },
		{ "4M", 0, 4194304 },
		BAD("4m"),
		BAD("4K"),
		BAD("4kB"),
		BAD("k"),
		BAD("4s"),
		BAD(""),
		{ "18014398509481983k", 0, 18446744073709550592u },
		BAD("18014398509481984k"),
	};

	(void)state;
	check(n, sizeof(n) / sizeof(*n), str_bytes);
}

static void test_u64(void **state)
{
	static const struct number n[] = {
		{ "0", 0, 0 },
		{ "5222", 0, 5222 },
		{ "18446744073709551615", 0, UINT64_MAX },
		BAD("18446744073709551616"),
		BAD("18446744073709551620"),
		BAD(""),
		BAD("x"),
		BAD("1x"),
		BAD("1s"),
		BAD("0x10"),
		BAD("1/"),
		BAD("1:"),
	};

	(void)state;
	check(n, sizeof(n) / sizeof(*n), str_u64);
}

static void test_distance(void **state)
{
	char longest[65], longer[66];

	(void)state;
	memset(longest, 'a', 64);
	longest[64] = '\0';
	memset(longer, 'a', 65);
	longer[65] = '\0';
	assert_int_equal(str_distance("", "", 3), 0);
	assert_int_equal(str_distance("partner", "partner", 3), 0);
	assert_int_equal(str_distance("kitten", "sitting", 3), 3);
	assert_int_equal(str_distance("kitten", "sitting", 2), 3); /* no more than LIMIT + 1 */
	assert_int_equal(str_distance("", "abc", 3), 3);
	assert_int_equal(str_distance("abc", "", 3), 3);
	assert_int_equal(str_distance("abc", "abxc", 3), 1);
	assert_int_equal(str_distance("abxc", "abc", 3), 1);
	assert_int_equal(str_distance("ab", "ba", 3), 2);
	assert_int_equal(str_distance("tls", "sasl", 9), 3);
	assert_int_equal(str_distance("abcdef", "uvwxyz", 2), 3);
	assert_int_equal(str_distance("a", "b", 0), 1);
	assert_int_equal(str_distance(longest, longest, 0), 0);
	assert_int_equal(str_distance(longest, "", 100), 64);
	assert_int_equal(str_distance("", longest, 100), 64);
	/* what is that long is no misspelt word */
	assert_int_equal(str_distance(longer, longer, 2), 3);
	assert_int_equal(str_distance("", longer, 2), 3);
	assert_int_equal(str_distance(longer, "", 2), 3);
}

static void assert_trim(const char *text, const char *want)
{
	const char *p = text;
	size_t len = strlen(text);

	str_trim(&p, &len);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(p, want, len);
	assert_true(p >= text && p <= text + strlen(text));
}

/* White space of XML and no other. */
static void test_trim(void **state)
{
	(void)state;
	assert_trim("", "");
	assert_trim("a", "a");
	assert_trim(" a", "a");
	assert_trim("a ", "a");
	assert_trim(" \t\r\n a b \n\r\t ", "a b");
	assert_trim(" \t\r\n", "");
	assert_trim("\v\fa\v\f", "\v\fa\v\f");
	assert_trim("\xc2\xa0x", "\xc2\xa0x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_round_trip),
		cmocka_unit_test(test_base64_is_strict),
		cmocka_unit_test(test_base64_alphabet),
		cmocka_unit_test(test_constant_time),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
