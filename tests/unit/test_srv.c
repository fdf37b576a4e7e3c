/* srv: the order of targets, as a matter of chance. [RFC2782] [RFC6120 3.2.1] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xmpp/srv.h"

#define ROUNDS 40000

/* A generator with a seed: the same run every time. */
static uint32_t chance(void *context, uint32_t below)
{
	uint64_t *seed = context;

	assert_true(below > 0);
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((*seed >> 33) % below);
}

static uint32_t lowest(void *context, uint32_t below)
{
	(void)context;
	assert_true(below > 0);
	return 0;
}

static uint32_t highest(void *context, uint32_t below)
{
	(void)context;
	assert_true(below > 0);
	return below - 1;
}

/* The port tells a record from the others. */
static struct srv record(uint16_t priority, uint16_t weight, uint16_t port)
{
	struct srv r = { .priority = priority, .weight = weight, .port = port };

	return r;
}

/* How often each port came first and last in ROUNDS. */
static void draw(const struct srv *records, size_t count, unsigned *first, unsigned *last)
{
	uint64_t seed = 42;
	struct srv copy[SRV_TARGETS_MAX];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		memcpy(copy, records, count * sizeof(*copy));
		srv_order(copy, count, chance, &seed);
		first[copy[0].port]++;
		last[copy[count - 1].port]++;
	}
}

static void assert_near(unsigned got, double share)
{
	double expected = share * ROUNDS, off = got - expected;

	/* six standard deviations of the worst case, and the seed is fixed */
	if (off < -600 || off > 600)
		fail_msg("%u instead of %.0f", got, expected);
}

static void test_weights(void **state)
{
	const struct srv records[] = { record(1, 60, 0), record(1, 20, 1), record(1, 20, 2) };
	unsigned first[3] = { 0 }, last[3] = { 0 };

	(void)state;
	draw(records, 3, first, last);
	assert_near(first[0], 61.0 / 101); /* the number 0 goes to the first of the list */
	assert_near(first[1], 20.0 / 101);
	assert_near(first[2], 20.0 / 101);
	assert_near(last[0], 0.1); /* 0.2 * 20/80, twice */
}

static void test_weightless_are_equal(void **state)
{
	const struct srv records[] = { record(1, 0, 0), record(1, 0, 1), record(1, 0, 2),
				       record(1, 0, 3) };
	unsigned first[4] = { 0 }, last[4] = { 0 };
	int i;

	(void)state;
	draw(records, 4, first, last);
	for (i = 0; i < 4; i++) {
		assert_near(first[i], 0.25);
		assert_near(last[i], 0.25);
	}
}

/* A weight of 0 beside others: a very small chance, not none. */
static void test_weightless_beside_others(void **state)
{
	const struct srv records[] = { record(1, 0, 0), record(1, 9, 1) };
	unsigned first[2] = { 0 }, last[2] = { 0 };

	(void)state;
	draw(records, 2, first, last);
	assert_near(first[0], 0.1);
	assert_near(first[1], 0.9);
}

static void test_priorities_never_mix(void **state)
{
	uint64_t seed = 7;
	struct srv records[SRV_TARGETS_MAX];
	int round;
	size_t i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		unsigned ports = 0;
		for (i = 0; i < SRV_TARGETS_MAX; i++)
			records[i] = record((uint16_t)chance(&seed, 4), (uint16_t)chance(&seed, 3),
					    (uint16_t)i);
		srv_order(records, SRV_TARGETS_MAX, chance, &seed);
		for (i = 0; i < SRV_TARGETS_MAX; i++)
			ports |= 1U << records[i].port;
		assert_int_equal(ports, (1U << SRV_TARGETS_MAX) - 1);
		for (i = 1; i < SRV_TARGETS_MAX; i++)
			assert_true(records[i - 1].priority <= records[i].priority);
	}
}

/* The ends of what chance may say, with weights at the ends of what they may be. */
static void test_bounds(void **state)
{
	static const uint16_t weights[] = { 0, 1, 65535 };
	struct srv records[3];
	int a, b, c;

	(void)state;
	for (a = 0; a < 3; a++)
		for (b = 0; b < 3; b++)
			for (c = 0; c < 3; c++) {
				records[0] = record(1, weights[a], 1);
				records[1] = record(1, weights[b], 2);
				records[2] = record(1, weights[c], 4);
				srv_order(records, 3, lowest, NULL);
				srv_order(records, 3, highest, NULL);
				assert_int_equal(
					records[0].port + records[1].port + records[2].port, 7);
			}
}

static void test_none_and_one(void **state)
{
	struct srv one = record(1, 5, 9);

	(void)state;
	srv_order(NULL, 0, highest, NULL);
	srv_order(&one, 1, highest, NULL);
	assert_int_equal(one.port, 9);
}

/* [F07] as many as an answer can hold: the sum of the weights fits, and the first ones are still drawn */
static void test_many(void **state)
{
	struct srv *records = calloc(SRV_RECORDS_MAX, sizeof(*records));
	uint64_t seed = 1;
	size_t i;

	(void)state;
	assert_non_null(records);
	for (i = 0; i < SRV_RECORDS_MAX; i++)
		records[i] = record((uint16_t)(i < 10 ? 1 : 2), 65535, (uint16_t)i);
	srv_order(records, SRV_RECORDS_MAX, chance, &seed);
	for (i = 0; i < 10; i++)
		assert_true(records[i].port < 10);
	for (i = 10; i < SRV_RECORDS_MAX; i++)
		assert_int_equal(records[i].priority, 2);
	records[0].priority = 3;
	for (i = 1; i < SRV_RECORDS_MAX; i++)
		records[i].priority = 3;
	srv_order(records, SRV_RECORDS_MAX, highest, NULL);
	free(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_weightless_are_equal),
		cmocka_unit_test(test_weightless_beside_others),
		cmocka_unit_test(test_priorities_never_mix),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_none_and_one),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
