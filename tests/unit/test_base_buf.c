/* buf: growth, the budget, the sticky failure, escaping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* A sanitizer's allocator then yields NULL for what is too much, as libc's does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void test_begins_empty(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_failed(&b), 0);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(b.len, 0);
	buf_fini(&b);
	assert_null(b.data);
	assert_int_equal(b.max, 10);
	buf_fini(&b); /* twice is allowed */
}

static void test_appends(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	buf_add(&b, "ab\0c", 4);
	buf_adds(&b, "de");
	buf_addc(&b, 'f');
	buf_addf(&b, "%d-%s", 42, "g");
	buf_add(&b, "", 0);
	buf_adds(&b, "");
	buf_addf(&b, "%s", "");
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.data, "ab\0cdef42-g", 11);
	assert_int_equal(buf_failed(&b), 0);
	buf_fini(&b);
}

/* Every length around the sizes at which the memory grows, so that the NUL always has its byte. */
static void test_grows(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	for (i = 0; i < 2100; i++) {
		assert_int_equal(strlen(buf_str(&b)), i);
		assert_true(b.size > b.len);
		buf_addc(&b, (char)('a' + i % 26));
	}
	for (i = 0; i < 2100; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_fini(&b);
	for (i = 250; i < 260; i++) {
		buf_init(&b, BUF_MAX_DEFAULT);
		buf_addf(&b, "%*d", (int)i, 7);
		assert_int_equal(b.len, i);
		assert_int_equal(b.data[i - 1], '7');
		assert_int_equal(b.data[0], ' ');
		buf_fini(&b);
	}
}

static void test_budget(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_adds(&b, "abcd"); /* exactly */
	assert_int_equal(buf_failed(&b), 0);
	assert_string_equal(buf_str(&b), "abcd");
	buf_add(&b, NULL, 0);
	assert_int_equal(buf_failed(&b), 0);
	buf_addc(&b, 'e');
	assert_int_equal(buf_failed(&b), -FAIL_BUDGET);
	assert_int_equal(b.len, 4);
	assert_string_equal(buf_str(&b), ""); /* what is cut short is nothing */
	buf_fini(&b);
	buf_init(&b, 4);
	buf_adds(&b, "abcde");
	assert_int_equal(buf_failed(&b), -FAIL_BUDGET);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

/* A piece that would fit again does not hide that one before it is missing. */
static void test_failure_is_sticky(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_adds(&b, "abc");
	buf_adds(&b, "defghi");
	buf_add(&b, "x", 1);
	buf_adds(&b, "y");
	buf_addc(&b, 'z');
	buf_addf(&b, "%d", 1);
	buf_add_xml(&b, "&", 1);
	assert_null(buf_reserve(&b, 0));
	assert_int_equal(b.len, 3);
	assert_int_equal(buf_failed(&b), -FAIL_BUDGET);
	buf_clear(&b);
	assert_int_equal(buf_failed(&b), 0);
	assert_int_equal(b.len, 0);
	assert_non_null(b.data);
	buf_adds(&b, "12345678");
	assert_int_equal(buf_failed(&b), 0);
	assert_string_equal(buf_str(&b), "12345678");
	buf_fini(&b);
}

/* Lengths near the end of size_t do not wrap. */
static void test_huge(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_adds(&b, "abc");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(buf_failed(&b), -FAIL_BUDGET);
	buf_clear(&b);
	assert_null(buf_reserve(&b, 101));
	assert_int_equal(buf_failed(&b), -FAIL_BUDGET);
	buf_fini(&b);
	buf_init(&b, SIZE_MAX);
	assert_null(buf_reserve(&b, SIZE_MAX / 2 - 16));
	assert_int_equal(buf_failed(&b), -FAIL_NO_MEMORY);
	assert_string_equal(buf_str(&b), "");
	buf_clear(&b);
	assert_null(buf_reserve(&b, SIZE_MAX / 2 + 16));
	assert_int_equal(buf_failed(&b), -FAIL_NO_MEMORY);
	buf_fini(&b);
}

static void test_reserve(void **state)
{
	struct buf b;
	char *to;

	(void)state;
	buf_init(&b, 300);
	to = buf_reserve(&b, 300);
	assert_non_null(to);
	assert_int_equal(b.len, 0);
	memset(to, 'x', 300);
	b.len = 300;
	assert_int_equal(strlen(buf_str(&b)), 300);
	assert_null(buf_reserve(&b, 1));
	buf_fini(&b);
}

static void test_xml(void **state)
{
	static const char text[] = "a<b>&'\"\r\n\t\xc3\xa9 z";
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	buf_add_xml(&b, text, strlen(text));
	assert_string_equal(buf_str(&b), "a&lt;b&gt;&amp;&apos;&quot;&#13;&#10;&#9;\xc3\xa9 z");
	buf_clear(&b);
	buf_add_xml(&b, "plain", 5);
	assert_string_equal(buf_str(&b), "plain");
	buf_clear(&b);
	buf_add_xml(&b, "<<", 2);
	assert_string_equal(buf_str(&b), "&lt;&lt;");
	buf_clear(&b);
	buf_add_xml(&b, "cut<here", 3);
	assert_string_equal(buf_str(&b), "cut");
	buf_clear(&b);
	buf_add_xml(&b, "", 0);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_failed(&b), 0);
	buf_fini(&b);
}

/* Escaping makes text longer; the budget counts what is written. */
static void test_xml_budget(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_add_xml(&b, "&", 1);
	assert_int_equal(buf_failed(&b), 0);
	buf_clear(&b);
	buf_add_xml(&b, "a&", 2);
	assert_int_equal(buf_failed(&b), -FAIL_BUDGET);
	buf_fini(&b);
}

static void test_shift(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_shift(&b, 0);
	assert_int_equal(b.len, 0);
	buf_adds(&b, "abcdef");
	buf_shift(&b, 0);
	assert_string_equal(buf_str(&b), "abcdef");
	buf_shift(&b, 2);
	assert_string_equal(buf_str(&b), "cdef");
	buf_shift(&b, 3);
	assert_string_equal(buf_str(&b), "f");
	buf_shift(&b, 1);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begins_empty),
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_failure_is_sticky),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_xml_budget),
		cmocka_unit_test(test_shift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
