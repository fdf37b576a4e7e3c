/* verdict: every state of the chain with every outcome for the name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trust/verdict.h"

/* Valid exactly where the chain is OK and the name is right; otherwise one failure says why. */
static void test_every_state(void **state)
{
	static const struct cert_name names[] = { { CERT_NAME_DNS, "example.org", 11 } };
	bool used[FAIL_COUNT] = { false };
	int chain, right;

	(void)state;
	for (chain = CERT_CHAIN_MISSING; chain <= CERT_CHAIN_BROKEN; chain++) {
		for (right = 0; right < 2; right++) {
			struct cert_facts facts = { .chain = (enum cert_chain)chain,
						    .names = names,
						    .name_count = 1 };
			struct verdict v = verdict_of(&facts, NULL, false,
						      right ? "example.org" : "example.net");
			bool ok = chain == CERT_CHAIN_OK;
			assert_int_equal(v.chain, ok);
			assert_int_equal(v.identity, right && chain != CERT_CHAIN_MISSING);
			assert_int_equal(verdict_is_valid(&v), ok && right);
			assert_int_equal(v.fail == FAIL_NONE, ok && right);
			if (ok && !right)
				assert_int_equal(v.fail, FAIL_CERT_NAME);
			/* each state has a failure of its own */
			assert_true(v.fail < FAIL_COUNT);
			if (right && used[v.fail])
				fail_msg("%s twice", fail_str(v.fail));
			used[v.fail] = used[v.fail] || right;
		}
	}
}

static void test_no_facts(void **state)
{
	struct verdict v = verdict_of(NULL, NULL, false, "example.org");

	(void)state;
	assert_false(v.chain);
	assert_false(v.identity);
	assert_false(verdict_is_valid(&v));
	assert_int_equal(v.fail, FAIL_CERT_MISSING);
}

/* Neither half stands for both. */
static void test_both_are_needed(void **state)
{
	struct verdict chain = { true, false, FAIL_CERT_NAME };
	struct verdict identity = { false, true, FAIL_CERT_EXPIRED };

	(void)state;
	assert_false(verdict_is_valid(&chain));
	assert_false(verdict_is_valid(&identity));
}

static void test_state_names(void **state)
{
	int i, k;

	(void)state;
	assert_string_equal(cert_chain_str(CERT_CHAIN_OK), "ok");
	assert_string_equal(cert_chain_str(CERT_CHAIN_MISSING), "missing");
	for (i = CERT_CHAIN_MISSING; i <= CERT_CHAIN_BROKEN; i++)
		for (k = CERT_CHAIN_MISSING; k < i; k++)
			assert_string_not_equal(cert_chain_str((enum cert_chain)i),
						cert_chain_str((enum cert_chain)k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_state),
		cmocka_unit_test(test_no_facts),
		cmocka_unit_test(test_both_are_needed),
		cmocka_unit_test(test_state_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
