/* memory, pin, and what a negotiation does by them: the verdict of another key, a method that is weaker than before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/choose.h"
#include "policy/memory.h"
#include "stage.h"
#include "trust/pin.h"

static void test_table(void **state)
{
	struct memory *m = memory_new();
	struct memory_facts facts;
	char name[32];
	int i;

	(void)state;
	memset(&facts, 0, sizeof(facts));
	assert_null(memory_find(NULL, "n1.example", 0));
	assert_null(memory_find(m, "n1.example", 0));
	for (i = 0; i < 500; i++) { /* in no order */
		snprintf(name, sizeof(name), "n%d.example", i * 7 % 500);
		facts.sides[0].key[0] = (unsigned char)(i * 7 % 500);
		facts.sides[1].best = METHOD_TLS_DIALBACK;
		memory_set(m, name, &facts);
	}
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		assert_non_null(memory_find(m, name, 0));
		assert_int_equal(memory_find(m, name, 0)->key[0], (unsigned char)i);
		assert_int_equal(memory_find(m, name, 1)->best, METHOD_TLS_DIALBACK);
	}
	facts.sides[1].best = METHOD_SASL_TLS;
	memory_set(m, "n77.example", &facts);
	assert_int_equal(memory_find(m, "n77.example", 1)->best, METHOD_SASL_TLS);
	memory_forget(m, "n77.example");
	memory_forget(m, "n77.example");
	assert_null(memory_find(m, "n77.example", 1));
	assert_non_null(memory_find(m, "n78.example", 1));
	memory_free(m);
	memory_free(NULL);
}

static void test_pin(void **state)
{
	struct cert_leaf leaf;
	unsigned char key[CERT_KEY_SIZE] = { 1, 2, 3 };

	(void)state;
	memset(&leaf, 0, sizeof(leaf));
	assert_int_equal(pin_judge(NULL, &leaf), FAIL_NONE);
	assert_int_equal(pin_judge(NULL, NULL), FAIL_NONE);
	assert_int_equal(pin_judge(key, &leaf), FAIL_CERT_PIN);
	assert_int_equal(pin_judge(key, NULL), FAIL_CERT_PIN);
	memcpy(leaf.key, key, sizeof(key));
	assert_int_equal(pin_judge(key, &leaf), FAIL_NONE);
	leaf.key[CERT_KEY_SIZE - 1] = 1;
	assert_int_equal(pin_judge(key, &leaf), FAIL_CERT_PIN);
}

static void test_downgrade(void **state)
{
	const struct row *all = matrix_row_number(9), *dialback = matrix_row_number(15);
	const struct row *clear = matrix_row_number(17);

	(void)state;
	assert_false(choose_is_downgrade(all, METHOD_NONE, METHOD_TCP_DIALBACK));
	assert_false(choose_is_downgrade(all, METHOD_SASL_TLS, METHOD_SASL_TLS));
	assert_true(choose_is_downgrade(all, METHOD_SASL_TLS, METHOD_TLS_DIALBACK));
	assert_true(choose_is_downgrade(all, METHOD_TLS_DIALBACK, METHOD_TCP_DIALBACK));
	assert_false(choose_is_downgrade(all, METHOD_TCP_DIALBACK, METHOD_TLS_DIALBACK));
	assert_false(choose_is_downgrade(all, METHOD_SASL_TLS, METHOD_NONE));
	/* what the row took away is not expected any more, the next best is */
	assert_false(choose_is_downgrade(dialback, METHOD_SASL_TLS, METHOD_TLS_DIALBACK));
	assert_true(choose_is_downgrade(dialback, METHOD_SASL_TLS, METHOD_TCP_DIALBACK));
	assert_false(choose_is_downgrade(clear, METHOD_SASL_TLS, METHOD_TCP_DIALBACK));
	/* the row became better than what was used */
	assert_false(choose_is_downgrade(matrix_row_number(8), METHOD_TCP_DIALBACK,
					 METHOD_TCP_DIALBACK));
}

static void test_texts(void **state)
{
	struct cert_name names[40];
	struct cert_facts facts = { .names = names };
	char text[CERT_NAMES_TEXT], usages[CERT_USAGES_TEXT];
	size_t i;

	(void)state;
	cert_names_str(&facts, text);
	assert_string_equal(text, "");
	names[0] = (struct cert_name){ CERT_NAME_DNS, "a.example", 9 };
	names[1] = (struct cert_name){ CERT_NAME_XMPP_ADDR, "b\0\x1b \xc3", 5 };
	facts.name_count = 2;
	cert_names_str(&facts, text);
	assert_string_equal(text, "a.example b????");
	for (i = 0; i < 40; i++)
		names[i] = (struct cert_name){ CERT_NAME_DNS, "0123456789.example", 18 };
	facts.name_count = 40;
	cert_names_str(&facts, text);
	assert_int_equal(strlen(text), 13 * 19 + 3);
	assert_string_equal(text + strlen(text) - 11, "example ...");
	for (i = 13; i < 15; i++) { /* as many as fit exactly, one more */
		facts.name_count = i;
		cert_names_str(&facts, text);
		assert_int_equal(strstr(text, "...") != NULL, i == 14);
	}
	cert_usages_str(0, usages);
	assert_string_equal(usages, "");
	cert_usages_str(CERT_USAGE_SERVER | CERT_USAGE_CLIENT, usages);
	assert_string_equal(usages, "server, client");
	cert_usages_str(15, usages);
	assert_string_equal(usages, "server, client, any, other");
}

/* ---- in a negotiation ---- */

static struct memory *memory;
static struct memory_facts known;
static struct cert_leaf leaf;

/* A stage whose peer did METHOD before with the key 7; it shows KEY now. */
static void set_up(struct stage *s, enum negotiation_role role, int row, enum method best,
		   unsigned char key)
{
	stage_init(s, role, row);
	memset(&known, 0, sizeof(known));
	known.sides[role].best = best;
	known.sides[role].pinned = true;
	memset(known.sides[role].key, 7, MEMORY_KEY_SIZE);
	memset(leaf.key, key, CERT_KEY_SIZE);
	memory = memory_new();
	memory_set(memory, PEER, &known);
	s->config.memory = memory;
	s->certificate.leaf = &leaf;
	s->policy.partners[0].pin = PIN_ENFORCE;
	s->policy.partners[0].ratchet = true;
	stage_again(s);
}

static void tear_down(struct stage *s)
{
	stage_fini(s);
	memory_free(memory);
}

static void test_judge(void **state)
{
	static struct stage s;

	(void)state;
	set_up(&s, ROLE_RECEIVING, 9, METHOD_SASL_TLS, 7);
	assert_int_equal(negotiation_judge(s.n, &s.certificate, NULL, PEER), FAIL_NONE);
	memset(leaf.key, 8, CERT_KEY_SIZE);
	assert_int_equal(negotiation_judge(s.n, &s.certificate, NULL, PEER), FAIL_CERT_PIN);
	assert_int_equal(negotiation_judge(s.n, NULL, NULL, PEER), FAIL_CERT_MISSING);
	s.certificate.chain = CERT_CHAIN_EXPIRED; /* what is wrong with it anyway comes first */
	assert_int_equal(negotiation_judge(s.n, &s.certificate, NULL, PEER), FAIL_CERT_EXPIRED);
	s.certificate.chain = CERT_CHAIN_OK;
	s.policy.partners[0].pin = PIN_OBSERVE;
	assert_int_equal(negotiation_judge(s.n, &s.certificate, NULL, PEER), FAIL_NONE);
	s.policy.partners[0].pin = PIN_ENFORCE;
	known.sides[ROLE_RECEIVING].pinned = false; /* the first key */
	known.sides[ROLE_INITIATING].pinned = true; /* of the other direction */
	memory_set(memory, PEER, &known);
	assert_int_equal(negotiation_judge(s.n, &s.certificate, NULL, PEER), FAIL_NONE);
	tear_down(&s);
}

/* Receiving, inside TLS, up to our features or our refusal. */
static void come_in(struct stage *s)
{
	stage_go(s, EVENT_CONNECTED);
	stage_header(s);
	stage_say_empty(s, NS_TLS, "starttls");
	stage_go(s, EVENT_TLS_UP);
	stage_header(s);
	stage_go(s, EVENT_CERTIFICATE);
}

static void test_T19_another_key(void **state)
{
	static struct stage s;

	(void)state;
	set_up(&s, ROLE_RECEIVING, 8, METHOD_SASL_TLS, 8); /* SASL alone */
	come_in(&s);
	assert_int_equal(negotiation_failure(s.n), FAIL_CERT_PIN);
	assert_non_null(strstr(stage_show(&s), "<not-authorized "));
	tear_down(&s);
	set_up(&s, ROLE_RECEIVING, 7, METHOD_NONE, 8); /* dialback may do instead */
	come_in(&s);
	assert_int_equal(negotiation_failure(s.n), FAIL_NONE);
	assert_null(strstr(stage_show(&s), "EXTERNAL"));
	tear_down(&s);
	set_up(&s, ROLE_RECEIVING, 7, METHOD_NONE, 7);
	come_in(&s);
	assert_non_null(strstr(stage_show(&s), "EXTERNAL"));
	tear_down(&s);
}

static void test_ratchet_receiving(void **state)
{
	static struct stage s;

	(void)state;
	set_up(&s, ROLE_RECEIVING, 9, METHOD_SASL_TLS, 7);
	stage_go(&s, EVENT_CONNECTED);
	stage_header(&s);
	assert_non_null(strstr(stage_show(&s), "<required/>"));
	stage_say_result(&s, PEER, US, "key");
	assert_non_null(strstr(stage_show(&s), "<policy-violation "));
	assert_non_null(strstr(stage_show(&s), "pair-down"));
	stage_again(&s);
	come_in(&s);
	stage_say_result(&s, PEER, US, "key");
	assert_non_null(strstr(stage_show(&s), "<policy-violation "));
	/* another domain on the same stream is judged by what is known of it: nothing */
	stage_say_result(&s, "other.example", US, "key");
	assert_non_null(strstr(stage_show(&s), "ask-dialback"));
	/* and who only asks about a key proves nothing by it */
	stage_make(&s, NS_DIALBACK, "verify", "key", "from", PEER, "to", US, "id", "1", NULL);
	stage_say(&s);
	assert_non_null(strstr(stage_show(&s), "type='invalid'"));
	tear_down(&s);
}

static void test_ratchet_initiating(void **state)
{
	static struct stage s;

	(void)state;
	set_up(&s, ROLE_INITIATING, 9, METHOD_TLS_DIALBACK, 7);
	stage_go(&s, EVENT_CONNECTED);
	stage_header(&s);
	stage_offer(&s, NULL, NULL); /* the offer of TLS is gone */
	assert_int_equal(negotiation_failure(s.n), FAIL_DOWNGRADE_REFUSED);
	assert_non_null(strstr(stage_show(&s), "<policy-violation "));
	s.policy.partners[0].ratchet = false;
	stage_again(&s);
	stage_go(&s, EVENT_CONNECTED);
	stage_header(&s);
	stage_offer(&s, NULL, NULL);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_DIALBACK);
	tear_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_downgrade),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_T19_another_key),
		cmocka_unit_test(test_ratchet_receiving),
		cmocka_unit_test(test_ratchet_initiating),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
