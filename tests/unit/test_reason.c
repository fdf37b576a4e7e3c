/* reason: what is told of a certificate that is not good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "trust/reason.h"
#include "trust/verdict.h"

#define OWN "the partner's certificate (CN=a, issued by CN=b)"

static void tells(const struct cert_facts *facts, enum fail fail, const char *expected)
{
	char text[REASON_SIZE];

	memset(text, 'x', sizeof(text));
	reason_of(facts, "example.org", fail, text);
	assert_string_equal(text, expected);
}

static void chain_tells(struct cert_facts facts, const char *expected)
{
	facts.culprit.subject = "CN=a";
	facts.culprit.issuer = "CN=b";
	tells(&facts, verdict_of(&facts, NULL, false, "example.org").fail, expected);
}

static void test_none(void **state)
{
	struct cert_facts facts = { .chain = CERT_CHAIN_OK };

	(void)state;
	tells(NULL, FAIL_CERT_MISSING, "the partner showed no certificate");
	tells(&facts, FAIL_NONE, "");
	/* of what is not there no more can be said than of any */
	tells(NULL, FAIL_CERT_EXPIRED, fail_info(FAIL_CERT_EXPIRED)->text);
	tells(&facts, FAIL_CERT_SETTINGS, fail_info(FAIL_CERT_SETTINGS)->text);
}

static void test_dates(void **state)
{
	static const struct {
		int64_t at;
		const char *text;
	} dates[] = { { 0, "1970-01-01 00:00:00 UTC" },
		      { 951782399, "2000-02-28 23:59:59 UTC" },
		      { 951782400, "2000-02-29 00:00:00 UTC" },
		      { 951868800, "2000-03-01 00:00:00 UTC" },
		      { 1798761599, "2026-12-31 23:59:59 UTC" },
		      { 4107542400, "2100-03-01 00:00:00 UTC" },
		      { -1, "1969-12-31 23:59:59 UTC" },
		      { 253402300799, "9999-12-31 23:59:59 UTC" },
		      { -62135596800, "0001-01-01 00:00:00 UTC" } };
	char expected[REASON_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		snprintf(expected, sizeof(expected), OWN " expired on %s", dates[i].text);
		chain_tells((struct cert_facts){ .chain = CERT_CHAIN_EXPIRED,
						 .culprit = { .not_after = dates[i].at } },
			    expected);
	}
	chain_tells(
		(struct cert_facts){ .chain = CERT_CHAIN_NOT_YET_VALID,
				     .culprit = { .depth = 2, .words = "too early" } },
		"the authority's certificate at depth 2 of the partner's chain (CN=a, issued by "
		"CN=b) is not valid before 1970-01-01 00:00:00 UTC: look at the clocks of both "
		"sides [too early]");
}

static void usages_tell(unsigned usages, const char *expected)
{
	struct cert_facts facts = { .chain = CERT_CHAIN_PURPOSE, .culprit = { .usages = usages } };
	char text[REASON_SIZE];

	facts.culprit.subject = "CN=a";
	reason_of(&facts, "example.org", FAIL_CERT_PURPOSE, text);
	if (!strstr(text, expected))
		fail_msg("no \"%s\" in \"%s\"", expected, text);
}

static void test_usages(void **state)
{
	(void)state;
	usages_tell(CERT_USAGE_CLIENT, "may only identify clients, not servers");
	usages_tell(CERT_USAGE_CLIENT, "set accept-client-only-eku");
	usages_tell(CERT_USAGE_CLIENT | CERT_USAGE_ANY, "accept-client-only-eku");
	usages_tell(CERT_USAGE_ANY, "that is not enough");
	usages_tell(CERT_USAGE_OTHER, "for other usages");
	usages_tell(0, "by its key usage or its place");
	usages_tell(CERT_USAGE_SERVER, "by its key usage or its place");
}

/* Every state has words of its own. */
static void test_all(void **state)
{
	char texts[CERT_CHAIN_BROKEN + 1][REASON_SIZE];
	int chain, other;

	(void)state;
	for (chain = CERT_CHAIN_EXPIRED; chain <= CERT_CHAIN_BROKEN; chain++) {
		struct cert_facts facts = { .chain = (enum cert_chain)chain };
		reason_of(&facts, "example.org",
			  verdict_of(&facts, NULL, false, "example.org").fail, texts[chain]);
		assert_int_equal(strncmp(texts[chain], "the partner's certificate ", 26), 0);
		for (other = CERT_CHAIN_EXPIRED; other < chain; other++)
			assert_string_not_equal(texts[other], texts[chain]);
	}
}

static void test_names(void **state)
{
	static const struct cert_name names[] = {
		{ CERT_NAME_DNS, "a.example", 9 },
		{ CERT_NAME_SRV, "_xmpp-server.b.example", 22 },
		{ CERT_NAME_XMPP_ADDR, "\x1b[31m\n\0evil \xc3\xa4", 14 },
		{ CERT_NAME_DNS, "d.example", 9 },
		{ CERT_NAME_DNS, "e.example", 9 },
		{ CERT_NAME_DNS, "f.example", 9 },
	};
	struct cert_facts facts = { .chain = CERT_CHAIN_OK, .names = names, .name_count = 6 };

	(void)state;
	tells(&facts, FAIL_CERT_NAME,
	      "the partner's certificate names dNSName a.example, SRVName _xmpp-server.b.example, "
	      "XmppAddr ?[31m??evil???, dNSName d.example and 2 more, but not example.org");
	facts.name_count = 1;
	tells(&facts, FAIL_CERT_NAME,
	      "the partner's certificate names dNSName a.example, but not example.org");
	facts.name_count = 0;
	tells(&facts, FAIL_CERT_NAME,
	      "the partner's certificate has no subjectAltName that could name example.org; a "
	      "Common Name is not looked at");
}

static void test_cut(void **state)
{
	char subject[2000], text[REASON_SIZE];
	struct cert_facts facts = { .chain = CERT_CHAIN_WEAK, .culprit = { .subject = subject } };
	size_t i;

	(void)state;
	for (i = 0; i < 1998; i += 2) /* characters of two bytes */
		memcpy(subject + i, "\xc3\xa4", 2);
	subject[i] = '\0';
	reason_of(&facts, "example.org", FAIL_CERT_WEAK, text);
	assert_in_range(strlen(text), REASON_SIZE - 3, REASON_SIZE - 1);
	assert_string_equal(text + strlen(text) - 5, "\xc3\xa4…");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),   cmocka_unit_test(test_dates),
		cmocka_unit_test(test_usages), cmocka_unit_test(test_all),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
