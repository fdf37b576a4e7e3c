/* A new policy while a stream lives: what may stay, and what must go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "make_policy.h"
#include "stage.h"

static struct policy policy_of(int row, const char *partner, const char *local)
{
	struct policy p;

	memset(&p, 0, sizeof(p));
	make_local(&p, local, true);
	make_partner(&p, partner, row, false);
	policy_finish(&p);
	return p;
}

/* The stage's stream gets the policy; what it says is left in the stage. */
static void change(struct stage *s, const struct policy *policy)
{
	struct negotiation_event ev = {
		.type = EVENT_POLICY,
		.policy = policy,
		.secret = &s->secret,
	};

	assert_int_equal(stage_step(s, &ev), 0);
}

static void try_change(enum negotiation_role role, enum negotiation_state state, int row,
		       const char *partner, const char *local, enum fail want)
{
	struct policy p = policy_of(row, partner, local);
	static struct stage s;

	stage_init(&s, role, 9);
	if (stage_reach(&s, state)) {
		/* a pair in clear, where the new row has none */
		if (row_needs_tls(matrix_row_number(row)) && !negotiation_in_tls(s.n) &&
		    (state == NEGOTIATION_OPEN || state == NEGOTIATION_DIALBACK) &&
		    !strcmp(partner, PEER) && !strcmp(local, US))
			want = FAIL_TLS_REQUIRED;
		change(&s, &p);
		if (negotiation_failure(s.n) != want)
			fail_msg("%s, %s: %s instead of %s", negotiation_role_str(role),
				 negotiation_state_str(state), fail_str(negotiation_failure(s.n)),
				 fail_str(want));
	}
	stage_fini(&s);
	policy_fini(&p);
}

static void each_state(int row, const char *partner, const char *local, enum fail open,
		       enum fail before)
{
	int role, state;

	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		for (state = NEGOTIATION_HEADER; state < NEGOTIATION_CLOSING; state++) {
			/* a stream that came in knows nobody before the first header */
			bool nobody = role == ROLE_RECEIVING && state == NEGOTIATION_HEADER;
			enum fail want = state == NEGOTIATION_OPEN ? open : before;
			try_change((enum negotiation_role)role, (enum negotiation_state)state, row,
				   partner, local, nobody ? FAIL_NONE : want);
		}
	}
}

static void test_same(void **state)
{
	(void)state;
	each_state(9, PEER, US, FAIL_NONE, FAIL_NONE);
}

static void test_partner_gone(void **state)
{
	(void)state;
	each_state(9, "another.example", US, FAIL_PARTNER_UNKNOWN, FAIL_PARTNER_UNKNOWN);
}

static void test_domain_gone(void **state)
{
	(void)state;
	each_state(9, PEER, "elsewhere.example", FAIL_HOST_GONE, FAIL_HOST_GONE);
}

/* Row 7 is row 9 without clear text: what is open by SASL over TLS stays, what is being negotiated begins anew. */
static void test_tightened(void **state)
{
	(void)state;
	each_state(7, PEER, US, FAIL_NONE, FAIL_POLICY_CHANGED);
}

/* A stream that is open by a method which the new row does not have. */
static void test_method_gone(void **state)
{
	static struct stage s;
	struct policy p = policy_of(13, PEER, US);

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	assert_true(stage_reach(&s, NEGOTIATION_SASL));
	stage_sasl(&s, SASL_DONE, "");
	stage_header(&s);
	assert_int_equal(negotiation_method(s.n), METHOD_SASL_TLS);
	change(&s, &p);
	assert_int_equal(negotiation_failure(s.n), FAIL_METHOD_REFUSED);
	stage_fini(&s);
	policy_fini(&p);
}

/* After the change it is the new policy that decides: a key for a domain that is now unknown is refused. */
static void test_new_policy_decides(void **state)
{
	static struct stage s;
	struct policy p = policy_of(9, PEER, US);

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	assert_true(stage_reach(&s, NEGOTIATION_OPEN));
	change(&s, &p);
	stage_say_result(&s, "other.example", US, "key");
	assert_non_null(strstr(stage_show(&s), "policy-violation"));
	stage_fini(&s);
	policy_fini(&p);
}

static void test_closing(void **state)
{
	static struct stage s;
	struct policy p = policy_of(9, "another.example", US);

	(void)state;
	stage_init(&s, ROLE_INITIATING, 9);
	assert_true(stage_reach(&s, NEGOTIATION_OPEN));
	stage_shut(&s, FAIL_IDLE);
	change(&s, &p);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_CLOSING);
	stage_fini(&s);
	policy_fini(&p);
}

/* Keys of the secret before are ours as long as it is kept. */
static void test_previous_secret(void **state)
{
	static struct stage s;
	struct dialback_secret previous;
	char key[DIALBACK_KEY_SIZE];

	(void)state;
	assert_int_equal(dialback_secret_init(&previous, "the secret of last year", 23), 0);
	assert_int_equal(dialback_key(&previous, PEER, US, "id", key), 0);
	stage_init(&s, ROLE_RECEIVING, 17);
	assert_true(stage_reach(&s, NEGOTIATION_READY));
	stage_make(&s, NS_DIALBACK, "verify", key, "from", PEER, "to", US, "id", "id", NULL);
	stage_say(&s);
	assert_non_null(strstr(stage_show(&s), "type='invalid'"));
	s.config.previous = &previous;
	stage_again(&s);
	assert_true(stage_reach(&s, NEGOTIATION_READY));
	stage_make(&s, NS_DIALBACK, "verify", key, "from", PEER, "to", US, "id", "id", NULL);
	stage_say(&s);
	assert_non_null(strstr(stage_show(&s), "type='valid'"));
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),	    cmocka_unit_test(test_partner_gone),
		cmocka_unit_test(test_domain_gone), cmocka_unit_test(test_tightened),
		cmocka_unit_test(test_method_gone), cmocka_unit_test(test_new_policy_decides),
		cmocka_unit_test(test_closing),	    cmocka_unit_test(test_previous_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
