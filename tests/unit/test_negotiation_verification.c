/* negotiation: what is known of TLS and a certificate holds for the partner by whose settings it was looked at, no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "make_policy.h"
#include "stage.h"

/* A stream from PEER inside TLS, its certificate known; other.example, row 7, is STRICT and has settings 2; FLOOR: of TLS. */
static void open_stage(struct stage *s, bool strict, bool floor, unsigned verification)
{
	struct negotiation_event ev = { .type = EVENT_CERTIFICATE };
	static const struct cert_name names[] = {
		{ CERT_NAME_DNS, "peer.example", 12 },
		{ CERT_NAME_DNS, "other.example", 13 },
	};
	struct partner *other;

	stage_init(s, ROLE_RECEIVING, 7);
	other = (struct partner *)policy_partner(&s->policy, "other.example", NULL, NULL);
	other->strict = strict;
	other->verification = verification;
	other->tls_floor = floor;
	s->certificate.names = names;
	s->certificate.name_count = 2;
	stage_go(s, EVENT_CONNECTED);
	stage_header(s);
	stage_say_empty(s, NS_TLS, "starttls");
	stage_go(s, EVENT_TLS_UP);
	stage_header(s);
	ev.ticket = s->ticket;
	ev.certificate = &s->certificate;
	assert_int_equal(stage_step(s, &ev), 0);
	assert_int_equal(negotiation_state(s->n), NEGOTIATION_READY);
}

static bool asks(struct stage *s, const char *from)
{
	stage_say_result(s, from, US, "key");
	return strstr(stage_show(s), "ask-dialback") != NULL;
}

static void test_same_settings(void **state)
{
	static struct stage s;

	(void)state;
	open_stage(&s, true, false, 0);
	assert_true(asks(&s, "other.example"));
	stage_fini(&s);
}

static void test_other_settings(void **state)
{
	static struct stage s;

	(void)state;
	open_stage(&s, true, false, 2);
	assert_true(asks(&s, PEER));
	assert_false(asks(&s, "other.example"));
	assert_non_null(strstr(stage_show(&s), "certificate-settings"));
	stage_fini(&s);
	open_stage(&s, false, false, 2); /* whose certificate does not matter */
	assert_true(asks(&s, "other.example"));
	stage_fini(&s);
}

static void test_other_floor(void **state)
{
	static struct stage s;

	(void)state;
	open_stage(&s, false, true, 2);
	assert_false(asks(&s, "other.example"));
	assert_non_null(strstr(stage_show(&s), "tls-weak"));
	assert_non_null(strstr(stage_show(&s), "policy-violation"));
	stage_fini(&s);
}

static void test_weak(void **state)
{
	struct negotiation_event ev = { .type = EVENT_CERTIFICATE, .weak = true };
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 7);
	stage_go(&s, EVENT_CONNECTED);
	stage_header(&s);
	stage_say_empty(&s, NS_TLS, "starttls");
	stage_go(&s, EVENT_TLS_UP);
	stage_header(&s);
	ev.ticket = s.ticket;
	ev.certificate = &s.certificate;
	assert_int_equal(stage_step(&s, &ev), 0);
	assert_int_equal(negotiation_failure(s.n), FAIL_TLS_WEAK);
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_settings),
		cmocka_unit_test(test_other_settings),
		cmocka_unit_test(test_other_floor),
		cmocka_unit_test(test_weak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
