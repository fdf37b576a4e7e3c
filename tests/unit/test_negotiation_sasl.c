/* negotiation: SASL EXTERNAL in both roles, and the certificates behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_policy.h"
#include "stage.h"

#define AUTH "write <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>"
#define FAILURE(condition) \
	"write <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><" condition "/></failure>"

static void test_initiating_sasl(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_INITIATING, 8);
	stage_reach(&s, NEGOTIATION_SASL);
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER " first");
	assert_int_equal(s.out.actions[0].data_len, 0);
	stage_sasl(&s, SASL_DONE, US);
	stage_expect(&s, NEGOTIATION_AUTH, AUTH "dXMuZXhhbXBsZQ==</auth>");
	stage_make(&s, NS_SASL, "challenge", "", NULL);
	stage_say(&s);
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER);
	stage_sasl(&s, SASL_DONE, US);
	stage_expect(&s, NEGOTIATION_AUTH,
		     "write <response "
		     "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dXMuZXhhbXBsZQ==</response>");
	stage_say_empty(&s, NS_SASL, "success");
	stage_expect(&s, NEGOTIATION_HEADER,
		     "restart; write " OPEN " from='" US "' to='" PEER "' version='1.0'>");
	assert_true(negotiation_is_authorised(s.n));
	stage_header(&s);
	stage_offer(&s, NULL, NULL);
	stage_expect(&s, NEGOTIATION_OPEN,
		     "pair-up " US ">" PEER " by SASL over TLS; opened by SASL over TLS");
	stage_reach(&s, NEGOTIATION_SASL);
	stage_sasl(&s, SASL_DONE, NULL); /* an empty initial response */
	stage_expect(&s, NEGOTIATION_AUTH, AUTH "=</auth>");
	stage_make(&s, NS_SASL, "challenge", "Zm9v", NULL);
	stage_say(&s);
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER " data=foo");
	stage_sasl(&s, SASL_DONE, NULL);
	stage_expect(&s, NEGOTIATION_AUTH,
		     "write <response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	stage_say(&s);
	stage_say_empty(&s, NS_SASL, "challenge"); /* one too many */
	assert_int_equal(negotiation_failure(s.n), FAIL_SASL_PROTOCOL);
	stage_reach(&s, NEGOTIATION_AUTH);
	stage_make(&s, NS_SASL, "challenge", "=", NULL); /* only an <auth/> says it so */
	stage_say(&s);
	assert_int_equal(negotiation_failure(s.n), FAIL_SASL_PROTOCOL);
	stage_fini(&s);
}

/* Our own library's failure is not the peer's refusal. */
static void test_initiating_sasl_fails(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_INITIATING, 8);
	stage_reach(&s, NEGOTIATION_SASL);
	stage_sasl(&s, SASL_FAILED, NULL);
	assert_int_equal(negotiation_failure(s.n), FAIL_SASL_LOCAL);
	stage_reach(&s, NEGOTIATION_AUTH);
	stage_say_empty(&s, NS_SASL, "failure");
	assert_int_equal(negotiation_failure(s.n), FAIL_SASL_REFUSED);
	stage_fini(&s);
	stage_init(&s, ROLE_INITIATING, 7); /* dialback is allowed: on with it */
	stage_reach(&s, NEGOTIATION_AUTH);
	stage_say_empty(&s, NS_SASL, "failure");
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_DIALBACK);
	stage_say_type(&s, "result", NULL, "valid");
	stage_expect(&s, NEGOTIATION_OPEN,
		     "pair-up " US ">" PEER " by TLS dialback; opened by TLS dialback");
	stage_fini(&s);
}

static void auth(struct stage *s, const char *text)
{
	stage_reach(s, NEGOTIATION_SASL);
	stage_sasl(s, SASL_FAILED, NULL); /* back to ready, inside TLS */
	stage_expect(s, NEGOTIATION_READY, FAILURE("not-authorized"));
	stage_make(s, NS_SASL, "auth", text, "mechanism", "EXTERNAL", NULL);
	stage_say(s);
}

/* [RFC6120 6.4.2]: nothing, "=" and base64 are three things */
static void test_receiving_sasl(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	auth(&s, "");
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER " first");
	assert_null(s.out.actions[0].data);
	assert_int_equal(s.out.actions[0].data_len, 0);
	auth(&s, "=");
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER " data= first");
	assert_int_equal(s.out.actions[0].data_len, 0);
	auth(&s, "cGVlci5leGFtcGxl");
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER " data=" PEER " first");
	assert_int_equal(s.out.actions[0].data_len, strlen(PEER));
	auth(&s, "Zg==");
	assert_int_equal(s.out.actions[0].data_len, 1);
	auth(&s, "not base64");
	stage_expect(&s, NEGOTIATION_READY, FAILURE("incorrect-encoding"));
	auth(&s, "==");
	stage_expect(&s, NEGOTIATION_READY, FAILURE("incorrect-encoding"));
	stage_reach(&s, NEGOTIATION_AUTH);
	stage_make(&s, NS_SASL, "response", "Zm9v", NULL);
	stage_say(&s);
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER " data=foo");
	stage_sasl(&s, SASL_MORE, NULL); /* EXTERNAL asks once */
	stage_expect(&s, NEGOTIATION_READY, FAILURE("not-authorized"));
	stage_reach(&s, NEGOTIATION_AUTH);
	stage_make(&s, NS_SASL, "response", "=", NULL);
	stage_say(&s);
	stage_expect(&s, NEGOTIATION_READY, FAILURE("incorrect-encoding"));
	stage_reach(&s, NEGOTIATION_AUTH);
	stage_say_empty(&s, NS_SASL, "response");
	stage_sasl(&s, SASL_DONE, PEER);
	stage_expect(&s, NEGOTIATION_HEADER,
		     "write <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>; restart");
	stage_header(&s);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_OPEN);
	stage_fini(&s);
}

/* The identity that is asked for is the header's 'from' or none. */
static void test_identity(void **state)
{
	static const char *const others[] = { "other.example", "u@" PEER, PEER "/r", "x." PEER,
					      "not a domain" };
	static struct stage s;
	size_t i;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		stage_reach(&s, NEGOTIATION_SASL);
		stage_sasl(&s, SASL_DONE, others[i]);
		stage_expect(&s, NEGOTIATION_READY, FAILURE("invalid-authzid"));
		assert_false(negotiation_is_authorised(s.n));
	}
	stage_reach(&s, NEGOTIATION_SASL);
	stage_sasl(&s, SASL_DONE, "PEER.Example.");
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_HEADER);
	stage_fini(&s);
}

/* The answer that a row gives to TLS hangs on a certificate of our own, not of theirs. */
static void test_no_certificate_of_ours(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	s.policy.locals[0].certificate = false;
	stage_reach(&s, NEGOTIATION_READY);
	assert_null(strstr(stage_show(&s), "starttls"));
	stage_say_empty(&s, NS_TLS, "starttls");
	stage_expect(&s, NEGOTIATION_DEAD,
		     "write <failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" FOOTER
		     "; close for tls-no-certificate");
	stage_reach(&s, NEGOTIATION_HEADER);
	stage_header_of(&s, PEER, "also.example", "1.0");
	assert_non_null(
		strstr(stage_show(&s), "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"));
	stage_fini(&s);
}

/* No certificate, and nobody's fault but the peer's. */
static void test_no_certificate_of_theirs(void **state)
{
	struct negotiation_event ev = { .type = EVENT_CERTIFICATE };
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 8);
	stage_reach(&s, NEGOTIATION_CERTIFICATE);
	ev.ticket = s.ticket;
	assert_int_equal(stage_step(&s, &ev), 0);
	assert_int_equal(negotiation_failure(s.n), FAIL_CERT_MISSING);
	stage_fini(&s);
	stage_init(&s, ROLE_INITIATING, 8); /* in clear no certificate counts */
	stage_reach(&s, NEGOTIATION_FEATURES);
	stage_offer(&s, NULL, NULL);
	stage_expect(&s, NEGOTIATION_PROCEED,
		     "write <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initiating_sasl),
		cmocka_unit_test(test_initiating_sasl_fails),
		cmocka_unit_test(test_receiving_sasl),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_no_certificate_of_ours),
		cmocka_unit_test(test_no_certificate_of_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
