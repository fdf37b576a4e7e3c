/* cert_name: what cert_name.eval cannot say: many names, all bytes, and the names of the enums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "trust/cert_name.h"

static struct cert_name name_of(enum cert_name_type type, const char *value)
{
	return (struct cert_name){ type, value, strlen(value) };
}

/* The good name in each place of a full certificate; one name more and none counts. */
static void test_number_of_names(void **state)
{
	static struct cert_name names[CERT_NAMES_MAX + 1];
	struct cert_facts facts = { .chain = CERT_CHAIN_OK, .names = names };
	size_t i;

	(void)state;
	for (i = 0; i <= CERT_NAMES_MAX; i++)
		names[i] = name_of(CERT_NAME_DNS, "other.example");
	facts.name_count = CERT_NAMES_MAX;
	assert_false(cert_name_matches(&facts, "good.example"));
	for (i = 0; i < CERT_NAMES_MAX; i += i < 10 || i > CERT_NAMES_MAX - 10 ? 1 : 101) {
		names[i] = name_of(CERT_NAME_DNS, "good.example");
		assert_true(cert_name_matches(&facts, "good.example"));
		names[i] = name_of(CERT_NAME_DNS, "other.example");
	}
	names[0] = name_of(CERT_NAME_DNS, "good.example");
	facts.name_count = CERT_NAMES_MAX + 1;
	assert_false(cert_name_matches(&facts, "good.example"));
	facts.name_count = SIZE_MAX;
	assert_false(cert_name_matches(&facts, "good.example"));
	facts.name_count = 0;
	assert_false(cert_name_matches(&facts, "good.example"));
	facts.names = NULL;
	assert_false(cert_name_matches(&facts, "good.example"));
}

/* [T13] One NUL in the last of many names spoils the first. */
static void test_t13_nul_anywhere(void **state)
{
	static const char *const with_nul = "x.example\0y";
	struct cert_name names[64];
	struct cert_facts facts = { .chain = CERT_CHAIN_OK, .names = names, .name_count = 64 };
	int type, i;

	(void)state;
	for (i = 0; i < 64; i++)
		names[i] = name_of(CERT_NAME_DNS, i ? "x.example" : "good.example");
	assert_true(cert_name_matches(&facts, "good.example"));
	for (type = CERT_NAME_DNS; type <= CERT_NAME_XMPP_ADDR; type++) {
		for (i = 1; i < 64; i++) {
			struct cert_name kept = names[i];
			names[i] = (struct cert_name){ (enum cert_name_type)type, with_nul, 11 };
			assert_false(cert_name_matches(&facts, "good.example"));
			names[i] = kept;
		}
	}
	assert_true(cert_name_matches(&facts, "good.example"));
}

/* Any one byte changed, added or taken away: only another case, and a dot at the end, still match. */
static void test_every_byte(void **state)
{
	static const char good[] = "a.example.org";
	const size_t len = sizeof(good) - 1;
	int type, byte;
	size_t at;

	(void)state;
	for (type = CERT_NAME_DNS; type <= CERT_NAME_XMPP_ADDR; type++) {
		const char *prefix = type == CERT_NAME_SRV ? "_xmpp-server." : "";
		size_t skip = strlen(prefix);
		char value[64];
		struct cert_name name = { (enum cert_name_type)type, value, skip + len };
		strcpy(value, prefix);
		for (at = 0; at < len; at++) {
			for (byte = 0; byte < 256; byte++) {
				/* 0x20 is the case bit of a letter */
				bool same = byte == good[at] ||
					    (good[at] != '.' && (byte | 0x20) == good[at]);
				/* "*.example.org" for its first label */
				bool star = type == CERT_NAME_DNS && at == 0 && byte == '*';
				memcpy(value + skip, good, len);
				value[skip + at] = (char)byte;
				if (cert_name_matches_one(&name, good) != (same || star))
					fail_msg("type %d, byte %d at %zu", type, byte, at);
			}
		}
		for (byte = 0; byte < 256; byte++) {
			memcpy(value + skip, good, len);
			value[skip + len] = (char)byte;
			name.len = skip + len + 1;
			assert_int_equal(cert_name_matches_one(&name, good), byte == '.');
			memcpy(value + skip + 1, good, len);
			value[skip] = (char)byte;
			assert_false(cert_name_matches_one(&name, good));
		}
		for (at = 0; at < skip + len; at++) {
			strcpy(value, prefix);
			memcpy(value + skip, good, len);
			name.len = at;
			assert_false(cert_name_matches_one(&name, good));
		}
	}
}

/* The value need not be terminated. */
static void test_length_counts(void **state)
{
	struct cert_name name = { CERT_NAME_DNS, "example.orgevil", 11 };

	(void)state;
	assert_true(cert_name_matches_one(&name, "example.org"));
	name.len = 12;
	assert_false(cert_name_matches_one(&name, "example.org"));
	name = (struct cert_name){ CERT_NAME_DNS, NULL, 0 };
	assert_false(cert_name_matches_one(&name, "example.org"));
}

static void test_type_names(void **state)
{
	(void)state;
	assert_string_equal(cert_name_type_str(CERT_NAME_DNS), "dNSName");
	assert_string_equal(cert_name_type_str(CERT_NAME_SRV), "SRVName");
	assert_string_equal(cert_name_type_str(CERT_NAME_XMPP_ADDR), "XmppAddr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number_of_names), cmocka_unit_test(test_t13_nul_anywhere),
		cmocka_unit_test(test_every_byte),	cmocka_unit_test(test_length_counts),
		cmocka_unit_test(test_type_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
