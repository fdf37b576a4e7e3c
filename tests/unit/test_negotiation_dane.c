/* negotiation: what TLSA records say of a certificate, by the policy of whom it is judged for. [RFC7673] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "make_policy.h"
#include "stage.h"

static struct stage s;

static struct dane_facts facts_of(const char *domain, enum dane_match match)
{
	struct dane_facts facts = { .result = { match, CERT_CHAIN_OK } };

	strcpy(facts.domain, domain);
	return facts;
}

/* A stream of row 2, up to where its certificate is known. */
static void begin(enum negotiation_role role, enum partner_dane dane)
{
	stage_init(&s, role, 2);
	s.policy.partners[0].dane = dane;
	assert_true(stage_reach(&s, NEGOTIATION_CERTIFICATE));
}

static void certify(const struct dane_facts *dane)
{
	struct negotiation_event ev = { .type = EVENT_CERTIFICATE,
					.ticket = s.ticket,
					.certificate = &s.certificate,
					.dane = dane };

	assert_int_equal(stage_step(&s, &ev), 0);
}

/* Whether a stream that came in goes on, and if not, why. */
static enum fail judge(enum partner_dane dane, enum cert_chain chain,
		       const struct dane_facts *facts)
{
	enum fail fail;

	begin(ROLE_RECEIVING, dane);
	s.certificate.chain = chain;
	certify(facts);
	fail = negotiation_failure(s.n);
	assert_int_equal(fail, negotiation_judge(s.n, &s.certificate, facts, PEER));
	assert_int_equal(negotiation_state(s.n), fail ? NEGOTIATION_DEAD : NEGOTIATION_READY);
	stage_fini(&s);
	return fail;
}

static void test_receiving(void **state)
{
	struct dane_facts ee = facts_of(PEER, DANE_EE), none = facts_of(PEER, DANE_ABSENT);
	struct dane_facts mismatch = facts_of(PEER, DANE_MISMATCH);
	struct dane_facts other = facts_of("other.example", DANE_EE), bogus = ee;

	(void)state;
	bogus.fail = FAIL_DNS_BOGUS;
	assert_int_equal(judge(PARTNER_DANE_OFF, CERT_CHAIN_OK, &mismatch), FAIL_NONE);
	assert_int_equal(judge(PARTNER_DANE_OFF, CERT_CHAIN_OK, &bogus), FAIL_NONE);
	assert_int_equal(judge(PARTNER_DANE_OFF, CERT_CHAIN_SELF_SIGNED, &ee),
			 FAIL_CERT_SELF_SIGNED);
	assert_int_equal(judge(PARTNER_DANE_OPPORTUNISTIC, CERT_CHAIN_OK, NULL), FAIL_NONE);
	assert_int_equal(judge(PARTNER_DANE_OPPORTUNISTIC, CERT_CHAIN_OK, &none), FAIL_NONE);
	assert_int_equal(judge(PARTNER_DANE_OPPORTUNISTIC, CERT_CHAIN_OK, &mismatch),
			 FAIL_DANE_MISMATCH);
	assert_int_equal(judge(PARTNER_DANE_OPPORTUNISTIC, CERT_CHAIN_OK, &bogus), FAIL_DNS_BOGUS);
	assert_int_equal(judge(PARTNER_DANE_OPPORTUNISTIC, CERT_CHAIN_SELF_SIGNED, &ee), FAIL_NONE);
	assert_int_equal(judge(PARTNER_DANE_OPPORTUNISTIC, CERT_CHAIN_SELF_SIGNED, &other),
			 FAIL_CERT_SELF_SIGNED);
	assert_int_equal(judge(PARTNER_DANE_REQUIRED, CERT_CHAIN_SELF_SIGNED, &ee), FAIL_NONE);
	assert_int_equal(judge(PARTNER_DANE_REQUIRED, CERT_CHAIN_OK, NULL), FAIL_DANE_MISSING);
	assert_int_equal(judge(PARTNER_DANE_REQUIRED, CERT_CHAIN_OK, &none), FAIL_DANE_MISSING);
	assert_int_equal(judge(PARTNER_DANE_REQUIRED, CERT_CHAIN_OK, &other), FAIL_DANE_MISSING);
}

/* We prove ourselves only to whom the records prove. */
static void test_initiating(void **state)
{
	struct dane_facts facts = facts_of(PEER, DANE_EE);

	(void)state;
	begin(ROLE_INITIATING, PARTNER_DANE_OPPORTUNISTIC);
	s.certificate.chain = CERT_CHAIN_UNTRUSTED;
	certify(&facts);
	stage_header(&s);
	stage_offer_external(&s);
	stage_expect(&s, NEGOTIATION_SASL, "ask-sasl " US ">" PEER " first");
	stage_fini(&s);
	begin(ROLE_INITIATING, PARTNER_DANE_OPPORTUNISTIC);
	facts.result.match = DANE_MISMATCH;
	certify(&facts);
	stage_header(&s);
	stage_offer_external(&s);
	assert_int_equal(negotiation_failure(s.n), FAIL_DANE_MISMATCH);
	stage_fini(&s);
}

/* Another partner's pair on the same stream: by that one's policy, and nothing is known of it. */
static void test_another_pair(void **state)
{
	struct dane_facts facts = facts_of(PEER, DANE_EE);

	(void)state;
	begin(ROLE_RECEIVING, PARTNER_DANE_REQUIRED);
	certify(&facts);
	assert_int_equal(negotiation_judge(s.n, &s.certificate, &facts, PEER), FAIL_NONE);
	assert_int_equal(negotiation_judge(s.n, &s.certificate, &facts, "other.example"),
			 FAIL_CERT_NAME);
	s.policy.partners[1].dane = PARTNER_DANE_REQUIRED;
	assert_int_equal(negotiation_judge(s.n, &s.certificate, &facts, "other.example"),
			 FAIL_DANE_MISSING);
	stage_fini(&s);
}

/* What an old question was answered is no longer known when a new one is open. */
static void test_forgotten(void **state)
{
	struct dane_facts facts = facts_of(PEER, DANE_EE);
	struct negotiation_event ev = { .type = EVENT_CERTIFICATE, .dane = &facts };

	(void)state;
	begin(ROLE_RECEIVING, PARTNER_DANE_REQUIRED);
	ev.ticket = s.ticket + 1;
	ev.certificate = &s.certificate;
	assert_int_equal(stage_step(&s, &ev), 0);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_CERTIFICATE);
	assert_int_equal(negotiation_failure(s.n), FAIL_NONE);
	stage_fini(&s);
}

/* An authority of the records' is trusted for as long as its path holds; a certificate that they name, without end. */
static void test_expiry(void **state)
{
	struct tlsa record = { .usage = TLSA_DANE_TA, .matching = TLSA_SHA256 };
	struct dane_chain chain = { .count = 2 };
	struct dane_result result;

	(void)state;
	record.digest[31] = 1;
	chain.items[1].sha256[TLSA_CERTIFICATE][31] = 1;
	chain.items[1].path = CERT_CHAIN_OK;
	chain.items[1].expires = 77;
	result = dane_compare(&record, 1, &chain);
	assert_int_equal(result.match, DANE_TA);
	assert_int_equal(result.expires, 77);
	record.usage = TLSA_DANE_EE;
	record.digest[31] = 0;
	chain.items[0].expires = 77;
	result = dane_compare(&record, 1, &chain);
	assert_int_equal(result.match, DANE_EE);
	assert_int_equal(result.expires, 0);
}

static void change(enum partner_dane dane, enum fail want)
{
	struct policy p = { 0 };
	struct negotiation_event ev = { .type = EVENT_POLICY, .policy = &p, .secret = &s.secret };

	make_local(&p, US, true);
	make_partner(&p, PEER, 2, false)->dane = dane;
	policy_finish(&p);
	assert_int_equal(stage_step(&s, &ev), 0);
	assert_int_equal(negotiation_failure(s.n), want);
	stage_fini(&s);
	policy_fini(&p);
}

static void open_by_sasl(const struct dane_facts *facts)
{
	begin(ROLE_RECEIVING, PARTNER_DANE_OPPORTUNISTIC);
	certify(facts);
	stage_make(&s, NS_SASL, "auth", "=", "mechanism", "EXTERNAL", NULL);
	stage_say(&s);
	stage_sasl(&s, SASL_DONE, "");
	stage_header(&s);
	assert_int_equal(negotiation_method(s.n), METHOD_SASL_TLS);
}

/* A policy that now demands records ends what was authorised without, and lets the rest be. */
static void test_policy_changes(void **state)
{
	struct dane_facts facts = facts_of(PEER, DANE_EE);

	(void)state;
	open_by_sasl(NULL);
	change(PARTNER_DANE_REQUIRED, FAIL_DANE_MISSING);
	open_by_sasl(&facts);
	change(PARTNER_DANE_REQUIRED, FAIL_NONE);
	open_by_sasl(NULL);
	change(PARTNER_DANE_OFF, FAIL_NONE);
	/* what is still being negotiated begins anew */
	begin(ROLE_RECEIVING, PARTNER_DANE_OPPORTUNISTIC);
	change(PARTNER_DANE_OPPORTUNISTIC, FAIL_NONE);
	begin(ROLE_RECEIVING, PARTNER_DANE_OPPORTUNISTIC);
	change(PARTNER_DANE_OFF, FAIL_POLICY_CHANGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receiving),    cmocka_unit_test(test_initiating),
		cmocka_unit_test(test_another_pair), cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_expiry),	     cmocka_unit_test(test_policy_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
