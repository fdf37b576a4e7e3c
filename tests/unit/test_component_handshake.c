/* component_handshake: the published example, and what does not pass for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xmpp/component_handshake.h"

/* [XEP-0114 3] The example names no secret; this is the one that yields it. */
#define ID "3BF96D32"
#define SECRET "test"
#define HANDSHAKE "aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e"

static void test_vector(void **state)
{
	char out[COMPONENT_HANDSHAKE_SIZE];

	(void)state;
	assert_int_equal(component_handshake(ID, SECRET, out), 0);
	assert_string_equal(out, HANDSHAKE);
	/* made with sha1sum(1) */
	assert_int_equal(component_handshake("&lt;&amp;", "s\xc3\xa4", out), 0);
	assert_string_equal(out, "357a6675970ead39f8eb9ff6cfa5d9561e8594a8");
}

static bool matches(const char *text)
{
	return component_handshake_matches(ID, SECRET, text, strlen(text));
}

static void test_matches(void **state)
{
	(void)state;
	assert_true(matches(HANDSHAKE));
	assert_true(matches("\r\n\t " HANDSHAKE " \n"));
}

static void test_R06_refused(void **state)
{
	char text[] = HANDSHAKE;
	size_t i;

	(void)state;
	assert_false(matches(""));
	assert_false(matches(" "));
	assert_false(matches("AAEE83C26AEEAFCBABEABFCBCD50DF997E0A2A1E"));
	assert_false(matches(HANDSHAKE "0"));
	assert_false(matches(HANDSHAKE " 0"));
	assert_false(matches(HANDSHAKE HANDSHAKE));
	for (i = 0; i < strlen(HANDSHAKE); i++) {
		text[i] ^= 1;
		assert_false(matches(text));
		text[i] ^= 1;
		assert_false(component_handshake_matches(ID, SECRET, HANDSHAKE, i));
	}
	assert_true(matches(text));
	assert_false(component_handshake_matches("3BF96D33", SECRET, HANDSHAKE, 40));
	assert_false(component_handshake_matches(ID, "Test", HANDSHAKE, 40));
	/* a NUL ends no comparison early */
	assert_false(component_handshake_matches(ID, SECRET, HANDSHAKE "\0x", 42));
	assert_false(component_handshake_matches(ID, SECRET, "\0", 1));
}

/* Without an id, or without a secret, there is nothing to prove. */
static void test_empty(void **state)
{
	char out[COMPONENT_HANDSHAKE_SIZE];

	(void)state;
	assert_int_equal(component_handshake("", SECRET, out), -FAIL_INVALID_ARGUMENT);
	assert_int_equal(component_handshake(ID, "", out), -FAIL_INVALID_ARGUMENT);
	/* sha1sum(1) of the id alone */
	assert_false(component_handshake_matches(ID, "", "84f31469cf456e7c406e883395cb5907ff056c6b",
						 40));
}

static void test_huge(void **state)
{
	static char secret[100000];
	char out[COMPONENT_HANDSHAKE_SIZE];

	(void)state;
	memset(secret, 'x', sizeof(secret) - 1);
	assert_int_equal(component_handshake(ID, secret, out), -FAIL_BUDGET);
	assert_false(component_handshake_matches(ID, secret, HANDSHAKE, 40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),	    cmocka_unit_test(test_matches),
		cmocka_unit_test(test_R06_refused), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_huge),
	};

	return cmocka_run_group_tests_name("component_handshake", tests, NULL, NULL);
}
