/* clock and random: what little can be said of time and chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* It is the system's clock, in milliseconds, and never goes back. */
static void test_monotonic(void **state)
{
	uint64_t last = 0;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		uint64_t before = monotonic_ns() / 1000000;
		uint64_t now = clock_monotonic_ms();
		uint64_t after = monotonic_ns() / 1000000;
		assert_true(before <= now && now <= after);
		assert_true(now >= last);
		last = now;
	}
}

static void test_wall(void **state)
{
	int64_t before = (int64_t)time(NULL), now = clock_wall(), after = (int64_t)time(NULL);

	(void)state;
	assert_true(before <= now && now <= after);
	assert_true(now > 1700000000); /* seconds, and of this epoch */
}

/* Every byte is written, none beside; two draws differ. */
static void test_random(void **state)
{
	unsigned char a[64], b[64], seen[32] = { 0 };
	size_t i, round;

	(void)state;
	assert_int_equal(random_bytes(a, sizeof(a)), 0);
	assert_int_equal(random_bytes(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	for (round = 0; round < 64; round++) {
		memset(a, 0, sizeof(a));
		assert_int_equal(random_bytes(a + 8, 32), 0);
		for (i = 0; i < 32; i++)
			seen[i] |= a[8 + i];
		for (i = 0; i < 8; i++)
			assert_int_equal(a[i] | a[40 + i], 0);
	}
	for (i = 0; i < 32; i++)
		assert_int_not_equal(seen[i], 0);
}

static void test_random_lengths(void **state)
{
	unsigned char large[100000];
	size_t i, zeros = 0;

	(void)state;
	large[0] = 'x';
	assert_int_equal(random_bytes(large, 0), 0);
	assert_int_equal(large[0], 'x');
	/* more than the kernel gives in one go where it is interrupted */
	memset(large, 0, sizeof(large));
	assert_int_equal(random_bytes(large, sizeof(large)), 0);
	for (i = 0; i < sizeof(large); i++)
		zeros += large[i] == 0;
	assert_true(zeros < 1000); /* 391 are to be expected */
}

/* Memory that is not ours: the kernel says no, and so does it. */
static void test_random_fails(void **state)
{
	(void)state;
	assert_int_equal(random_bytes((void *)(uintptr_t)16, 16), -FAIL_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),    cmocka_unit_test(test_wall),
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_random_lengths),
		cmocka_unit_test(test_random_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
