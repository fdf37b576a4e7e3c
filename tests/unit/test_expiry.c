/* expiry: the end of a certificate under clocks that run, jump and are set. [B17] [B19] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outside/expiry.h"

#define END INT64_C(1800000000)
#define HOUR 3600
#define YEAR (365 * 24 * HOUR)
#define MS 1000u

static void test_in_time(void **state)
{
	struct expiry e;

	(void)state;
	expiry_begin(&e, END, END - 10, 500);
	assert_int_equal(e.look_at, 500 + 11 * MS); /* the last second is still good */
	assert_false(expiry_is_over(&e, END - 1, 500 + 9 * MS));
	assert_false(expiry_is_over(&e, END, 500 + 10 * MS));
	assert_true(expiry_is_over(&e, END + 1, 500 + 11 * MS));
	assert_true(expiry_is_over(&e, END + YEAR, 500 + 12 * MS)); /* and so it stays */
}

static void test_over_already(void **state)
{
	struct expiry e;

	(void)state;
	expiry_begin(&e, END, END + 1, 7);
	assert_int_equal(e.look_at, 7);
	assert_true(expiry_is_over(&e, END + 1, 7));
}

static void test_never(void **state)
{
	struct expiry e = { 0, 0 };

	(void)state;
	assert_false(expiry_is_over(&e, END, 100));
	assert_false(expiry_is_over(&e, INT64_MAX, UINT64_MAX));
}

/* Nothing ends for it: not at once, and not an hour later. */
static void test_set_forward(void **state)
{
	struct expiry e;

	(void)state;
	expiry_begin(&e, END, END - YEAR, 0);
	assert_false(expiry_is_over(&e, END + 9 * (int64_t)YEAR, 5 * MS));
	assert_false(expiry_is_over(&e, END + HOUR, (uint64_t)HOUR * MS));
	assert_true(expiry_is_over(&e, END + 1, ((uint64_t)YEAR + 1) * MS));
}

/* The time has passed, and the wall clock says that it is not over: it is asked again, each hour at the latest. */
static void test_set_back(void **state)
{
	struct expiry e;
	uint64_t now = 11 * MS;

	(void)state;
	expiry_begin(&e, END, END - 10, 0);
	assert_false(expiry_is_over(&e, END - 10 * (int64_t)YEAR, now));
	assert_int_equal(e.look_at, now + EXPIRY_LOOK_MS);
	assert_false(expiry_is_over(&e, END - 10, now + EXPIRY_LOOK_MS - 1));
	now += EXPIRY_LOOK_MS;
	assert_false(expiry_is_over(&e, END - 10, now)); /* set right, ten seconds too late */
	assert_int_equal(e.look_at, now + 11 * MS);
	assert_true(expiry_is_over(&e, END + 1, now + 11 * MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_time),	 cmocka_unit_test(test_over_already),
		cmocka_unit_test(test_never),	 cmocka_unit_test(test_set_forward),
		cmocka_unit_test(test_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
