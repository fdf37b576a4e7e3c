/* negotiation: pairs, their dialback checks, and the queue of keys to verify. */
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

#define ANSWER "write <db:result from='" US "' to='" PEER "' type='"
#define ERROR(condition) \
	"error'><error type='cancel'><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>"
#define VERIFIES_MAX 64

static void test_stale_check(void **state)
{
	static struct stage s;
	uint64_t ticket, i;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_READY);
	stage_say_result(&s, PEER, US, " key \n");
	stage_expect(&s, NEGOTIATION_READY, "ask-dialback " US ">" PEER " id=our-id key=key");
	ticket = s.ticket;
	for (i = 0; i < ticket + 3; i++) {
		if (i == ticket)
			continue;
		stage_checked(&s, DIALBACK_VALID, i);
		stage_expect(&s, NEGOTIATION_READY, "");
	}
	assert_false(negotiation_is_authorised(s.n));
	stage_say_result(&s, PEER, US, "key");
	stage_expect(&s, NEGOTIATION_READY, "dropped for dialback-repeated");
	stage_checked(&s, DIALBACK_VALID, ticket);
	stage_expect(&s, NEGOTIATION_OPEN,
		     ANSWER "valid'/>; pair-up " US ">" PEER
			    " by TCP dialback; opened by TCP dialback");
	assert_int_equal(negotiation_method(s.n), METHOD_TCP_DIALBACK);
	stage_checked(&s, DIALBACK_INVALID, ticket);
	stage_expect(&s, NEGOTIATION_OPEN, "");
	assert_true(negotiation_may_receive(s.n, US, PEER));
	stage_fini(&s);
}

/* STARTTLS forgets who was being checked in clear: the answer opens nothing inside TLS. [RFC6120 5.4.3.3] */
static void test_check_across_tls(void **state)
{
	static struct stage s;
	uint64_t ticket;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_READY);
	stage_say_result(&s, PEER, US, "key");
	ticket = s.ticket;
	stage_say_empty(&s, NS_TLS, "starttls");
	stage_expect(&s, NEGOTIATION_TLS,
		     "write <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>; start-tls");
	stage_checked(&s, DIALBACK_VALID, ticket);
	stage_expect(&s, NEGOTIATION_TLS, "");
	stage_go(&s, EVENT_TLS_UP);
	stage_header(&s);
	stage_go(&s, EVENT_CERTIFICATE);
	stage_checked(&s, DIALBACK_VALID, ticket);
	stage_expect(&s, NEGOTIATION_READY, "");
	assert_false(negotiation_is_authorised(s.n));
	stage_say_result(&s, PEER, US, "key"); /* asked anew */
	assert_int_not_equal(s.ticket, ticket);
	stage_expect(&s, NEGOTIATION_READY, "ask-dialback " US ">" PEER " id=our-id key=key");
	stage_fini(&s);
}

/* [XEP-0220 2.5] */
static void test_check_fails(void **state)
{
	static const struct {
		enum dialback_outcome outcome;
		const char *want;
	} ends[] = {
		{ DIALBACK_NOT_FOUND, ANSWER ERROR("remote-server-not-found") },
		{ DIALBACK_UNREACHABLE, ANSWER ERROR("remote-connection-failed") },
		{ DIALBACK_TIMEOUT, ANSWER ERROR("remote-server-timeout") },
		{ DIALBACK_OVERLOAD,
		  ANSWER "error'><error type='wait'><resource-constraint "
			 "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>" },
	};
	static struct stage s;
	size_t i;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_READY);
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		char want[512];
		stage_say_result(&s, PEER, US, "key"); /* after an error it may be asked again */
		assert_int_equal(s.out.actions[0].type, ACTION_ASK_DIALBACK);
		stage_checked(&s, ends[i].outcome, s.ticket);
		snprintf(want, sizeof(want), "pair-down " US ">" PEER " for dialback-error; %s",
			 ends[i].want);
		stage_expect(&s, NEGOTIATION_READY, want);
		assert_false(negotiation_may_receive(s.n, US, PEER));
	}
	stage_say_result(&s, PEER, US, "key");
	stage_checked(&s, DIALBACK_INVALID, s.ticket); /* nothing else is on the stream: it ends */
	stage_expect(&s, NEGOTIATION_DEAD,
		     "pair-down " US ">" PEER " for dialback-forged; " ANSWER "invalid'/>" FOOTER
		     "; close for dialback-forged");
	stage_fini(&s);
}

static void assert_refused(struct stage *s, const char *from, const char *to, const char *condition,
			   enum fail fail)
{
	char want[512];

	stage_say_result(s, from, to, "key");
	snprintf(want, sizeof(want),
		 "write <db:result from='%s' to='%s' type='error'><error type='%s'><%s "
		 "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>; "
		 "pair-down %s>%s for %s",
		 to, from, strcmp(condition, "resource-constraint") ? "cancel" : "wait", condition,
		 to, from, fail_str(fail));
	assert_string_equal(stage_show(s), want);
}

/* The longest key and the longest id that are looked at; of one byte more nothing is. */
static void test_longest(void **state)
{
	char key[NEGOTIATION_KEY_MAX + 2];
	static struct stage s;

	(void)state;
	memset(key, 'k', sizeof(key));
	key[NEGOTIATION_KEY_MAX] = '\0';
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_READY);
	stage_make(&s, NS_DIALBACK, "verify", "key", "from", PEER, "to", US, "id", key, NULL);
	stage_say(&s);
	assert_non_null(strstr(stage_show(&s), "type='invalid'"));
	stage_say_result(&s, PEER, US, key);
	assert_int_equal(s.out.actions[0].type, ACTION_ASK_DIALBACK);
	assert_string_equal(s.out.actions[0].key, key);
	stage_reach(&s, NEGOTIATION_READY);
	key[NEGOTIATION_KEY_MAX] = 'k';
	key[NEGOTIATION_KEY_MAX + 1] = '\0';
	stage_make(&s, NS_DIALBACK, "verify", "key", "from", PEER, "to", US, "id", key, NULL);
	stage_say(&s);
	assert_non_null(strstr(stage_show(&s), "<bad-request "));
	stage_say_result(&s, PEER, US, key);
	assert_int_equal(negotiation_failure(s.n), FAIL_DIALBACK_FORGED);
	stage_fini(&s);
}

/* Every reason for which a pair is refused, by the condition that the peer gets. */
static void test_refusals(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	s.config.pairs_max = 1;
	stage_reach(&s, NEGOTIATION_OPEN);
	assert_refused(&s, PEER, "nobody.example", "item-not-found", FAIL_HOST_UNKNOWN);
	assert_refused(&s, "also.example", US, "forbidden", FAIL_INVALID_FROM);
	assert_refused(&s, "stranger.example", US, "policy-violation", FAIL_PARTNER_UNKNOWN);
	assert_refused(&s, "other.example", US, "resource-constraint", FAIL_PAIRS_TOO_MANY);
	assert_refused(&s, PEER, "also.example", "resource-constraint", FAIL_PAIRS_TOO_MANY);
	stage_say_result(&s, PEER, US, "key"); /* that one is there already */
	stage_expect(&s, NEGOTIATION_OPEN, "dropped for dialback-repeated");
	stage_fini(&s);
	stage_init(&s, ROLE_RECEIVING, 7); /* TLS required */
	stage_reach(&s, NEGOTIATION_READY);
	assert_refused(&s, PEER, US, "policy-violation", FAIL_TLS_REQUIRED);
	stage_fini(&s);
	stage_init(&s, ROLE_RECEIVING, 17); /* TLS not supported, asked for by another's domain */
	s.policy.partners[1].row = matrix_row_number(9);
	stage_reach(&s, NEGOTIATION_HEADER);
	stage_header_of(&s, "other.example", US, "1.0");
	stage_say_empty(&s, NS_TLS, "starttls");
	stage_go(&s, EVENT_TLS_UP);
	stage_header_of(&s, "other.example", US, "1.0");
	stage_go(&s, EVENT_CERTIFICATE);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_READY);
	assert_refused(&s, PEER, US, "policy-violation", FAIL_TLS_NOT_SUPPORTED);
	stage_fini(&s);
	stage_init(&s, ROLE_RECEIVING, 8); /* SASL alone */
	stage_reach(&s, NEGOTIATION_TLS);
	stage_go(&s, EVENT_TLS_UP);
	stage_header(&s);
	stage_go(&s, EVENT_CERTIFICATE);
	assert_refused(&s, PEER, US, "not-authorized", FAIL_METHOD_REFUSED);
	stage_fini(&s);
}

/* A refused key ends the stream only where it carries nothing else. [XEP-0220 2.2.1] */
static void test_invalid_beside_valid(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_OPEN);
	stage_say_result(&s, "other.example", US, "key");
	stage_checked(&s, DIALBACK_INVALID, s.ticket);
	stage_expect(&s, NEGOTIATION_OPEN,
		     "pair-down " US ">other.example for dialback-forged; "
		     "write <db:result from='" US "' to='other.example' type='" ERROR("forbidden"));
	assert_true(negotiation_may_receive(s.n, US, PEER));
	assert_false(negotiation_may_receive(s.n, US, "other.example"));
	stage_say_result(&s, "other.example", US, "key");
	stage_checked(&s, DIALBACK_VALID, s.ticket); /* the second pair opens nothing anew */
	stage_expect(&s, NEGOTIATION_OPEN,
		     "write <db:result from='" US "' to='other.example' type='valid'/>; "
		     "pair-up " US ">other.example by TCP dialback");
	stage_fini(&s);
}

/* Two checks at once are kept apart by their tickets. */
static void test_two_checks(void **state)
{
	static struct stage s;
	uint64_t first;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_READY);
	stage_say_result(&s, PEER, US, "key");
	first = s.ticket;
	stage_say_result(&s, PEER, "also.example", "another");
	stage_expect(&s, NEGOTIATION_READY,
		     "ask-dialback also.example>" PEER " id=our-id key=another");
	stage_say_result(&s, PEER, "also.example", "another");
	stage_expect(&s, NEGOTIATION_READY, "dropped for dialback-repeated");
	stage_checked(&s, DIALBACK_UNREACHABLE, first); /* no answer is not a wrong one */
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_READY);
	stage_say_result(&s, PEER, US, "key");
	first = s.ticket;
	stage_checked(&s, DIALBACK_VALID, first - 1);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_OPEN);
	assert_true(negotiation_may_receive(s.n, "also.example", PEER));
	assert_false(negotiation_may_receive(s.n, US, PEER));
	stage_checked(&s, DIALBACK_INVALID, first);
	stage_expect(&s, NEGOTIATION_OPEN,
		     "pair-down " US ">" PEER " for dialback-forged; " ANSWER ERROR("forbidden"));
	stage_reach(&s, NEGOTIATION_READY);
	stage_say_result(&s, PEER, US, "key");
	first = s.ticket;
	stage_say_result(&s, PEER, "also.example", "another");
	stage_checked(&s, DIALBACK_INVALID, first); /* the other is only being checked */
	stage_expect(&s, NEGOTIATION_DEAD,
		     "pair-down " US ">" PEER " for dialback-forged; " ANSWER "invalid'/>" FOOTER
		     "; close for dialback-forged");
	stage_checked(&s, DIALBACK_VALID, s.ticket);
	stage_expect(&s, NEGOTIATION_DEAD, "");
	assert_false(negotiation_is_authorised(s.n));
	stage_fini(&s);
}

static void test_addresses(void **state)
{
	static const char *const bad[][2] = {
		{ NULL, US },	   { PEER, NULL },    { "", US },    { PEER, "" },
		{ "u@" PEER, US }, { PEER, US "/r" }, { "a b", US }, { PEER, "-" },
	};
	static struct stage s;
	size_t i;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		stage_reach(&s, NEGOTIATION_READY);
		stage_make(&s, NS_DIALBACK, "result", "key", bad[i][0] ? "from" : "x", bad[i][0],
			   bad[i][1] ? "to" : "y", bad[i][1], NULL);
		stage_say(&s);
		assert_int_equal(negotiation_failure(s.n), FAIL_IMPROPER_ADDRESSING);
	}
	stage_reach(&s, NEGOTIATION_READY);
	stage_say_result(&s, "PEER.example.", "Us.Example", "key");
	stage_expect(&s, NEGOTIATION_READY, "ask-dialback " US ">" PEER " id=our-id key=key");
	stage_fini(&s);
}

static bool may_either(const struct stage *s, const char *local, const char *remote)
{
	return negotiation_may_send(s->n, local, remote) ||
	       negotiation_may_receive(s->n, local, remote);
}

/* While we close, what was under way still counts; before and after nothing does. */
static void test_direction(void **state)
{
	static struct stage s;
	int role, at;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		stage_init(&s, (enum negotiation_role)role, 9);
		for (at = 0; at < NEGOTIATION_DEAD; at++) {
			bool closing = at == NEGOTIATION_CLOSING;
			bool lives = at == NEGOTIATION_OPEN || closing;
			if (!stage_reach(&s, (enum negotiation_state)at))
				continue;
			/* the peer's stanzas may be under way; ours cannot follow our closing tag */
			assert_int_equal(negotiation_may_receive(s.n, US, PEER),
					 lives && role == ROLE_RECEIVING);
			assert_int_equal(negotiation_may_send(s.n, US, PEER),
					 lives && !closing && role == ROLE_INITIATING);
			assert_int_equal(negotiation_is_authorised(s.n), lives);
			assert_false(may_either(&s, PEER, US));
			assert_false(may_either(&s, US, "other.example"));
			assert_false(may_either(&s, "also.example", PEER));
			assert_false(may_either(&s, "also.example", "other.example"));
		}
		stage_reach(&s, NEGOTIATION_OPEN);
		stage_go(&s, EVENT_LOST);
		assert_false(may_either(&s, US, PEER));
		stage_fini(&s);
	}
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_READY);
	stage_say_result(&s, PEER, US, "key"); /* asked is not authorised */
	assert_false(negotiation_may_receive(s.n, US, PEER));
	stage_checked(&s, DIALBACK_VALID, s.ticket);
	stage_say_result(&s, "other.example", US, "key");
	assert_false(negotiation_may_receive(s.n, US, "other.example"));
	stage_fini(&s);
}

static void queue(struct stage *s, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		char id[16], key[16];
		snprintf(id, sizeof(id), "id%u", i);
		snprintf(key, sizeof(key), "key%u", i);
		assert_int_equal(stage_verify(s, 100 + i, US, PEER, id, key), 0);
		assert_int_equal(s->out.action_count, 0);
	}
}

/* Keys wait until the stream is ready, and are sent in the order in which they came. */
static void test_verify_order(void **state)
{
	static struct stage s;
	char want[256];
	const char *at;
	unsigned i;

	(void)state;
	stage_init(&s, ROLE_INITIATING, 9);
	s.config.verify_only = true;
	stage_again(&s);
	queue(&s, VERIFIES_MAX);
	stage_go(&s, EVENT_CONNECTED);
	stage_header(&s);
	stage_offer(&s, NULL, NULL);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_READY);
	assert_int_equal(s.out.action_count, 1);
	assert_int_equal(s.out.actions[0].type, ACTION_WRITE);
	assert_int_equal(s.out.actions[0].len, s.out.bytes.len);
	at = buf_str(&s.out.bytes);
	for (i = 0; i < VERIFIES_MAX; i++) {
		snprintf(want, sizeof(want),
			 "<db:verify from='" US "' to='" PEER "' id='id%u'>key%u</db:verify>", i,
			 i);
		assert_int_equal(strncmp(at, want, strlen(want)), 0);
		at += strlen(want);
	}
	assert_string_equal(at, "");
	/* answers in any order; each frees a place */
	for (i = VERIFIES_MAX; i-- > 0;) {
		snprintf(want, sizeof(want), "id%u", i * 7 % VERIFIES_MAX);
		stage_say_type(&s, "verify", want,
			       i % 3 ? i % 3 == 1 ? "valid" : "invalid" : "error");
		stage_expect(&s, NEGOTIATION_READY, "verified");
		assert_int_equal(s.out.actions[0].ticket, 100 + i * 7 % VERIFIES_MAX);
		assert_int_equal(s.out.actions[0].outcome, i % 3 == 0	? DIALBACK_NOT_FOUND
							   : i % 3 == 1 ? DIALBACK_VALID
									: DIALBACK_INVALID);
		stage_say_type(&s, "verify", want, "valid"); /* the question is closed */
		stage_expect(&s, NEGOTIATION_READY, "dropped for dialback-unsolicited");
	}
	assert_int_equal(stage_verify(&s, 7, US, PEER, "late", "k"), 0); /* one that comes later */
	stage_expect(&s, NEGOTIATION_READY,
		     "write <db:verify from='" US "' to='" PEER "' id='late'>k</db:verify>");
	stage_fini(&s);
}

static void test_verify_bound(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_INITIATING, 9);
	s.config.verify_only = true;
	stage_again(&s);
	queue(&s, VERIFIES_MAX);
	assert_int_equal(stage_verify(&s, 7, US, PEER, "id", "key"), 0);
	stage_expect(&s, NEGOTIATION_DEAD, "close abrupt for no-memory");
	stage_reach(&s, NEGOTIATION_READY);
	stage_verify(&s, 1, US, PEER, "a", "key");
	stage_verify(&s, 2, "also.example", PEER, "b", "key");
	/* who answers, for whom, and to which id: all three */
	stage_say_type(&s, "verify", "b", "valid");
	stage_expect(&s, NEGOTIATION_READY, "dropped for dialback-unsolicited");
	stage_say_type(&s, "verify", NULL, "valid");
	stage_expect(&s, NEGOTIATION_READY, "dropped for dialback-unsolicited");
	stage_make(&s, NS_DIALBACK, "verify", "", "from", "other.example", "to", US, "id", "a",
		   "type", "valid", NULL);
	stage_say(&s);
	stage_expect(&s, NEGOTIATION_READY, "dropped for dialback-unsolicited");
	stage_make(&s, NS_DIALBACK, "verify", "", "from", PEER, "id", "a", "type", "valid", NULL);
	stage_say(&s);
	stage_expect(&s, NEGOTIATION_READY, "dropped for dialback-unsolicited");
	stage_say_type(&s, "verify", "a", "valid");
	stage_expect(&s, NEGOTIATION_READY, "verified");
	assert_int_equal(s.out.actions[0].ticket, 1);
	stage_fini(&s);
}

/* The first pair of an initiating stream has room even where none is configured: 0 stands for the default. */
static void test_pairs_max(void **state)
{
	static struct stage s;
	unsigned i;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	for (i = 0; i < 40; i++) {
		char name[32];
		snprintf(name, sizeof(name), "l%u.example", i);
		make_local(&s.policy, name, true);
	}
	stage_reach(&s, NEGOTIATION_READY);
	for (i = 0; i < NEGOTIATION_PAIRS_DEFAULT; i++) {
		char name[32];
		snprintf(name, sizeof(name), "l%u.example", i);
		stage_say_result(&s, PEER, name, "key");
		assert_int_equal(s.out.actions[0].type, ACTION_ASK_DIALBACK);
		assert_string_equal(s.out.actions[0].local, name);
	}
	assert_refused(&s, PEER, "l39.example", "resource-constraint", FAIL_PAIRS_TOO_MANY);
	stage_checked(&s, DIALBACK_VALID, s.ticket - 5); /* one of many */
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_OPEN);
	snprintf(s.text, sizeof(s.text), "l%u.example", NEGOTIATION_PAIRS_DEFAULT - 6);
	assert_true(negotiation_may_receive(s.n, s.text, PEER));
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stale_check),  cmocka_unit_test(test_check_across_tls),
		cmocka_unit_test(test_check_fails),  cmocka_unit_test(test_longest),
		cmocka_unit_test(test_refusals),     cmocka_unit_test(test_invalid_beside_valid),
		cmocka_unit_test(test_two_checks),   cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_direction),    cmocka_unit_test(test_verify_order),
		cmocka_unit_test(test_verify_bound), cmocka_unit_test(test_pairs_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
