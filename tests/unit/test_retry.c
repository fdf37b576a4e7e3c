/* retry: the times between attempts, and the order of those that wait for their turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outside/retry.h"

#define NOW UINT64_C(5000)
#define MAX_MS UINT64_C(300000)

static void test_at_once(void **state)
{
	struct retry r = { 0, 0 };

	(void)state;
	assert_int_equal(retry_wait(&r, 0), 0);
	assert_false(retry_has_failed(&r));
}

/* Anywhere up to the delay, its end included; and it counts as no failure. */
static void test_lost(void **state)
{
	struct retry r = { 0, 0 };

	(void)state;
	retry_lost(&r, 3000, 0, NOW);
	assert_int_equal(retry_wait(&r, NOW), 0);
	retry_lost(&r, 3000, UINT32_MAX, NOW);
	assert_int_equal(retry_wait(&r, NOW), 3000);
	assert_int_equal(retry_wait(&r, NOW + 2999), 1);
	assert_int_equal(retry_wait(&r, NOW + 3000), 0);
	assert_int_equal(retry_wait(&r, NOW + 9000), 0);
	retry_lost(&r, 3000, UINT32_C(1) << 31, NOW);
	assert_int_equal(retry_wait(&r, NOW), 1500);
	assert_false(retry_has_failed(&r));
	retry_lost(&r, 0, UINT32_MAX, NOW);
	assert_int_equal(retry_wait(&r, NOW), 0);
	retry_lost(&r, 60000, UINT32_MAX, NOW);
	assert_int_equal(retry_wait(&r, NOW), 60000);
}

static void test_failures(void **state)
{
	static const uint64_t delays[] = { 1000,  2000,	  4000,	  8000,	  16000, 32000,
					   64000, 128000, 256000, 300000, 300000 };
	struct retry r = { 0, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		struct retry least = r;
		retry_failed(&least, MAX_MS, UINT32_MAX, NOW);
		assert_int_equal(retry_wait(&least, NOW), delays[i] / 2);
		retry_failed(&r, MAX_MS, 0, NOW);
		assert_int_equal(retry_wait(&r, NOW), delays[i]);
		assert_true(retry_has_failed(&r));
	}
}

/* A shorter max-retry-delay holds from the next failure on, and the longest one does not overflow. */
static void test_bounds(void **state)
{
	struct retry r = { 0, 0 };
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		retry_failed(&r, 3600000, 0, NOW);
	assert_int_equal(retry_wait(&r, NOW), 3600000);
	retry_failed(&r, 3600000, UINT32_MAX, NOW);
	assert_int_equal(retry_wait(&r, NOW), 1800000);
	retry_failed(&r, RETRY_FIRST_MS, 0, NOW);
	assert_int_equal(retry_wait(&r, NOW), RETRY_FIRST_MS);
}

static void test_reset(void **state)
{
	struct retry r = { 0, 0 };

	(void)state;
	retry_failed(&r, MAX_MS, 0, NOW);
	retry_failed(&r, MAX_MS, 0, NOW);
	retry_reset(&r);
	assert_int_equal(retry_wait(&r, NOW), 0);
	assert_false(retry_has_failed(&r));
	retry_failed(&r, MAX_MS, 0, NOW); /* from the beginning */
	assert_int_equal(retry_wait(&r, NOW), RETRY_FIRST_MS);
	retry_lost(&r, 3000, UINT32_MAX, NOW);
	retry_failed(&r, MAX_MS, 0, NOW);
	assert_int_equal(retry_wait(&r, NOW), RETRY_FIRST_MS);
}

static void test_gate_in_order(void **state)
{
	struct retry_place p[5] = { 0 };
	struct retry_gate g;
	int i;

	(void)state;
	retry_gate_init(&g, 2);
	for (i = 0; i < 5; i++)
		assert_int_equal(retry_gate_enter(&g, &p[i]), i < 2);
	assert_int_equal(g.in, 2);
	assert_int_equal(g.waiting, 3);
	assert_ptr_equal(retry_gate_leave(&g, &p[1]), &p[2]);
	assert_int_equal(p[2].state, RETRY_IN);
	assert_false(retry_gate_enter(&g, &p[1])); /* behind those that wait */
	assert_ptr_equal(retry_gate_leave(&g, &p[0]), &p[3]);
	assert_ptr_equal(retry_gate_leave(&g, &p[2]), &p[4]);
	assert_ptr_equal(retry_gate_leave(&g, &p[3]), &p[1]);
	assert_null(retry_gate_leave(&g, &p[4]));
	assert_null(retry_gate_leave(&g, &p[1]));
	assert_int_equal(g.in, 0);
	assert_true(retry_gate_enter(&g, &p[0]));
}

/* The first, the last and one between give up waiting; nobody's turn comes by that, and nobody is forgotten. */
static void test_gate_gives_up(void **state)
{
	struct retry_place p[6] = { 0 };
	struct retry_gate g;
	int i;

	(void)state;
	retry_gate_init(&g, 1);
	for (i = 0; i < 6; i++)
		retry_gate_enter(&g, &p[i]);
	assert_null(retry_gate_leave(&g, &p[1]));
	assert_null(retry_gate_leave(&g, &p[3]));
	assert_null(retry_gate_leave(&g, &p[5]));
	assert_null(retry_gate_leave(&g, &p[5])); /* outside already */
	assert_int_equal(g.waiting, 2);
	assert_ptr_equal(retry_gate_leave(&g, &p[0]), &p[2]);
	assert_ptr_equal(retry_gate_leave(&g, &p[2]), &p[4]);
	assert_null(retry_gate_leave(&g, &p[4]));
	assert_int_equal(g.in, 0);
	assert_int_equal(g.waiting, 0);
	assert_null(g.first);
	assert_null(g.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),	      cmocka_unit_test(test_lost),
		cmocka_unit_test(test_failures),      cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_reset),	      cmocka_unit_test(test_gate_in_order),
		cmocka_unit_test(test_gate_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
