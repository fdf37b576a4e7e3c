/* partner: which row applies to a domain. What is refused matters more than what is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "leak.h"
#include "make_policy.h"

static void assert_partner(const struct policy *p, const char *domain, const char *partner,
			   enum partner_match match, const char *pattern)
{
	enum partner_match how = (enum partner_match)99;
	const char *text = "untouched";
	const struct partner *found = policy_partner(p, domain, &how, &text);

	if (!found || !partner)
		assert_true(!found && !partner);
	else
		assert_string_equal(found->domain, partner);
	assert_int_equal(how, match);
	if (!text || !pattern)
		assert_true(!text && !pattern);
	else
		assert_string_equal(text, pattern);
	assert_ptr_equal(policy_partner(p, domain, NULL, NULL), found);
	assert_ptr_equal(policy_partner(p, domain, &how, NULL), found);
	assert_ptr_equal(policy_partner(p, domain, NULL, &text), found);
}

static void assert_nobody(const struct policy *p, const char *domain)
{
	assert_partner(p, domain, NULL, PARTNER_NONE, NULL);
}

static void test_empty(void **state)
{
	struct policy p = { 0 };

	(void)state;
	policy_finish(&p);
	assert_nobody(&p, "example.org");
	assert_nobody(&p, "a.b.c");
	assert_nobody(&p, "localhost");
	assert_nobody(&p, "*");
	assert_nobody(&p, "");
	assert_null(policy_everyone(&p));
	assert_null(policy_local(&p, "example.org"));
	policy_fini(&p);
	assert_null(p.index);
	assert_null(p.partners);
	policy_fini(&p); /* twice is allowed */
}

static void test_exact(void **state)
{
	struct policy p = { 0 };

	(void)state;
	make_partner(&p, "b.example", 7, false);
	make_partner(&p, "a.example", 2, false);
	make_partner(&p, "localhost", 13, false);
	policy_finish(&p);
	assert_partner(&p, "a.example", "a.example", PARTNER_EXACT, "a.example");
	assert_partner(&p, "b.example", "b.example", PARTNER_EXACT, "b.example");
	assert_partner(&p, "localhost", "localhost", PARTNER_EXACT, "localhost");
	assert_int_equal(policy_partner(&p, "a.example", NULL, NULL)->row->number, 2);
	assert_int_equal(policy_partner(&p, "b.example", NULL, NULL)->row->number, 7);
	assert_nobody(&p, "c.example");
	assert_nobody(&p, "0.example");
	assert_nobody(&p, "zzz");
	assert_nobody(&p, "example");
	policy_fini(&p);
}

/* [R08] part of a name is not the name; [R09] what lies below is another domain; [T12] nor what looks alike */
static void test_no_substring(void **state)
{
	static const char *const others[] = {
		"chat.example.org",
		"a.b.example.org",
		"example.or",
		"xample.org",
		"notexample.org",
		"example.orgs",
		"example.org.evil.example",
		"org",
		"example",
		".example.org",
		"example.org.",
		"EXAMPLE.ORG",
		"example.org ",
		"*.example.org",
		"evil-example.org",
		"",
		"example..org",
		"*",
	};
	struct policy p = { 0 };
	size_t i;

	(void)state;
	make_partner(&p, "example.org", 7, false);
	policy_finish(&p);
	assert_partner(&p, "example.org", "example.org", PARTNER_EXACT, "example.org");
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_nobody(&p, others[i]);
	policy_fini(&p);
}

static void test_additional(void **state)
{
	struct policy p = { 0 };
	struct partner *partner;

	(void)state;
	partner = make_partner(&p, "example.org", 7, false);
	make_additional(partner, "chat.example.org");
	make_additional(partner, "example.net");
	policy_finish(&p);
	assert_partner(&p, "example.org", "example.org", PARTNER_EXACT, "example.org");
	assert_partner(&p, "chat.example.org", "example.org", PARTNER_ADDITIONAL,
		       "chat.example.org");
	assert_partner(&p, "example.net", "example.org", PARTNER_ADDITIONAL, "example.net");
	assert_nobody(&p, "x.chat.example.org");
	assert_nobody(&p, "chat.example.net");
	assert_nobody(&p, "net");
	policy_fini(&p);
}

/* "*.x" covers what lies below x at any depth, whole labels only, and not x. [T12] */
static void test_suffix(void **state)
{
	struct policy p = { 0 };

	(void)state;
	make_additional(make_partner(&p, "first.example", 7, false), "*.example.org");
	policy_finish(&p);
	assert_partner(&p, "a.example.org", "first.example", PARTNER_SUFFIX, "*.example.org");
	assert_partner(&p, "a.b.c.example.org", "first.example", PARTNER_SUFFIX, "*.example.org");
	assert_nobody(&p, "example.org");
	assert_nobody(&p, "notexample.org");
	assert_nobody(&p, "a.notexample.org");
	assert_nobody(&p, "a.example.org.evil.example");
	assert_nobody(&p, "example.org.evil.example");
	assert_nobody(&p, "a.example.orgs");
	assert_nobody(&p, "b.org");
	assert_nobody(&p, "b.first.example");
	policy_fini(&p);
}

static void test_longest_suffix(void **state)
{
	struct policy p = { 0 };

	(void)state;
	make_partner(&p, "*.org", 1, false);
	make_partner(&p, "*.b.example.org", 3, false);
	make_partner(&p, "*.example.org", 2, false);
	make_partner(&p, "exact.b.example.org", 4, false);
	policy_finish(&p);
	assert_partner(&p, "exact.b.example.org", "exact.b.example.org", PARTNER_EXACT,
		       "exact.b.example.org");
	assert_partner(&p, "a.b.example.org", "*.b.example.org", PARTNER_SUFFIX, "*.b.example.org");
	assert_partner(&p, "x.a.b.example.org", "*.b.example.org", PARTNER_SUFFIX,
		       "*.b.example.org");
	assert_partner(&p, "b.example.org", "*.example.org", PARTNER_SUFFIX, "*.example.org");
	assert_partner(&p, "c.example.org", "*.example.org", PARTNER_SUFFIX, "*.example.org");
	assert_partner(&p, "example.org", "*.org", PARTNER_SUFFIX, "*.org");
	assert_partner(&p, "z.y.x.org", "*.org", PARTNER_SUFFIX, "*.org");
	assert_nobody(&p, "org");
	assert_nobody(&p, "example.net");
	policy_fini(&p);
}

/* An entry "*" is for those whom nobody names, and never hides one who is named. */
static void test_everyone(void **state)
{
	struct policy p = { 0 };

	(void)state;
	make_partner(&p, "*", 13, true);
	make_additional(make_partner(&p, "example.org", 2, false), "*.example.net");
	policy_finish(&p);
	assert_partner(&p, "example.org", "example.org", PARTNER_EXACT, "example.org");
	assert_partner(&p, "a.example.net", "example.org", PARTNER_SUFFIX, "*.example.net");
	assert_partner(&p, "example.net", "*", PARTNER_WILDCARD, "*");
	assert_partner(&p, "a.example.org", "*", PARTNER_WILDCARD, "*");
	assert_partner(&p, "stranger", "*", PARTNER_WILDCARD, "*");
	assert_non_null(policy_everyone(&p));
	assert_int_equal(policy_everyone(&p)->row->number, 13);
	assert_ptr_equal(policy_everyone(&p), policy_partner(&p, "stranger", NULL, NULL));
	policy_fini(&p);
	make_partner(&p, "example.org", 2, false);
	policy_finish(&p);
	assert_null(policy_everyone(&p));
	policy_fini(&p);
}

/* The additional domains of "*" are names like any other's. */
static void test_everyone_with_additional(void **state)
{
	struct policy p = { 0 };

	(void)state;
	make_additional(make_partner(&p, "*", 13, false), "named.example");
	policy_finish(&p);
	assert_partner(&p, "named.example", "*", PARTNER_ADDITIONAL, "named.example");
	assert_partner(&p, "other.example", "*", PARTNER_WILDCARD, "*");
	policy_fini(&p);
}

/* Its own entry wins over an additional one; of two alike the first. Whatever the order in the file. */
static void test_duplicates(void **state)
{
	struct policy p = { 0 };
	struct partner *partner;
	int i;

	(void)state;
	partner = make_partner(&p, "x.example", 1, false);
	make_additional(partner, "twice.example");
	make_additional(partner, "shared.example");
	make_additional(partner, "*.wide.example");
	make_partner(&p, "twice.example", 2, false);
	partner = make_partner(&p, "y.example", 3, false);
	make_additional(partner, "shared.example");
	make_additional(partner, "twice.example");
	make_additional(partner, "*.wide.example");
	policy_finish(&p);
	assert_partner(&p, "twice.example", "twice.example", PARTNER_EXACT, "twice.example");
	assert_partner(&p, "shared.example", "x.example", PARTNER_ADDITIONAL, "shared.example");
	assert_partner(&p, "a.wide.example", "x.example", PARTNER_SUFFIX, "*.wide.example");
	policy_fini(&p);
	for (i = 0; i < 500; i++) {
		partner = make_partner(&p, "same.example", 1 + i % MATRIX_ROWS, false);
		partner->line = i;
		make_additional(partner, "also.example");
	}
	policy_finish(&p);
	assert_int_equal(policy_partner(&p, "same.example", NULL, NULL)->line, 0);
	assert_int_equal(policy_partner(&p, "also.example", NULL, NULL)->line, 0);
	policy_fini(&p);
}

/* Every partner of many is found under each of its names, and no name between them. */
static void test_many(void **state)
{
	enum { MANY = 700 };
	struct policy p = { 0 };
	char text[64], owner[64], pattern[64];
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		struct partner *partner;
		/* in no order */
		snprintf(text, sizeof(text), "d%u.example", i * 389 % MANY);
		partner = make_partner(&p, text, 1 + (int)i % MATRIX_ROWS, false);
		snprintf(text, sizeof(text), "also%u.example", i * 389 % MANY);
		make_additional(partner, text);
		snprintf(text, sizeof(text), "*.d%u.example", i * 389 % MANY);
		make_additional(partner, text);
	}
	policy_finish(&p);
	for (i = 0; i < MANY; i++) {
		snprintf(owner, sizeof(owner), "d%u.example", i);
		assert_partner(&p, owner, owner, PARTNER_EXACT, owner);
		snprintf(text, sizeof(text), "also%u.example", i);
		assert_partner(&p, text, owner, PARTNER_ADDITIONAL, text);
		snprintf(text, sizeof(text), "a.b.d%u.example", i);
		snprintf(pattern, sizeof(pattern), "*.d%u.example", i);
		assert_partner(&p, text, owner, PARTNER_SUFFIX, pattern);
		snprintf(text, sizeof(text), "x.also%u.example", i);
		assert_nobody(&p, text);
		snprintf(text, sizeof(text), "d%ux.example", i);
		assert_nobody(&p, text);
	}
	policy_fini(&p);
}

/* The longest name that there is: one label a look-up. */
static void test_many_labels(void **state)
{
	struct policy p = { 0 };
	char name[JID_DOMAIN_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < 253; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = '\0';
	make_partner(&p, "*.a.a", 2, false);
	policy_finish(&p);
	assert_partner(&p, name, "*.a.a", PARTNER_SUFFIX, "*.a.a");
	assert_partner(&p, "a.a.a", "*.a.a", PARTNER_SUFFIX, "*.a.a");
	assert_nobody(&p, "a.a");
	policy_fini(&p);
}

/* Addresses are names of their own. */
static void test_addresses(void **state)
{
	struct policy p = { 0 };

	(void)state;
	make_partner(&p, "192.0.2.1", 17, false);
	make_partner(&p, "[2001:db8::1]", 17, false);
	policy_finish(&p);
	assert_partner(&p, "192.0.2.1", "192.0.2.1", PARTNER_EXACT, "192.0.2.1");
	assert_partner(&p, "[2001:db8::1]", "[2001:db8::1]", PARTNER_EXACT, "[2001:db8::1]");
	assert_nobody(&p, "192.0.2.11");
	assert_nobody(&p, "2.1");
	assert_nobody(&p, "[2001:db8::2]");
	policy_fini(&p);
}

static void test_local(void **state)
{
	struct policy p = { 0 };

	(void)state;
	make_local(&p, "one.example", true);
	make_local(&p, "two.example", false);
	make_partner(&p, "*", 7, false);
	policy_finish(&p);
	assert_string_equal(policy_local(&p, "one.example")->domain, "one.example");
	assert_true(policy_local(&p, "one.example")->certificate);
	assert_string_equal(policy_local(&p, "two.example")->domain, "two.example");
	assert_false(policy_local(&p, "two.example")->certificate);
	assert_null(policy_local(&p, "three.example"));
	assert_null(policy_local(&p, "a.one.example"));
	assert_null(policy_local(&p, "ne.example"));
	assert_null(policy_local(&p, "one.exampl"));
	assert_null(policy_local(&p, ""));
	policy_fini(&p);
	assert_int_equal(p.local_count, 0);
}

static void build_and_free(void *context)
{
	struct policy p = { 0 };
	int i;

	(void)context;
	make_local(&p, "one.example", true);
	make_local(&p, "two.example", true);
	for (i = 0; i < 2; i++) {
		struct partner *partner = make_partner(&p, i ? "b.example" : "*", 7, true);
		partner->proxy_fqdn = mem_strdup("proxy.example");
		partner->description = mem_strdup("text");
		partner->file = mem_strdup("file");
		make_additional(partner, "c.example");
		make_additional(partner, "*.c.example");
	}
	policy_finish(&p);
	policy_fini(&p);
}

/* Everything that a policy owns is freed with it. */
static void test_owned(void **state)
{
	struct policy p = { 0 };

	(void)state;
	assert_false(leak_grows(build_and_free, NULL));
	make_partner(&p, "a.example", 7, true);
	policy_fini(&p); /* it was never finished */
	assert_null(p.partners);
	assert_null(p.locals);
	assert_null(p.index);
	assert_int_equal(p.partner_count, 0);
	assert_int_equal(p.local_count, 0);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(partner_match_str(PARTNER_NONE), "none");
	assert_string_equal(partner_match_str(PARTNER_EXACT), "domain");
	assert_string_equal(partner_match_str(PARTNER_ADDITIONAL), "additional domain");
	assert_string_equal(partner_match_str(PARTNER_SUFFIX), "suffix");
	assert_string_equal(partner_match_str(PARTNER_WILDCARD), "everyone else");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_no_substring),
		cmocka_unit_test(test_additional),
		cmocka_unit_test(test_suffix),
		cmocka_unit_test(test_longest_suffix),
		cmocka_unit_test(test_everyone),
		cmocka_unit_test(test_everyone_with_additional),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_many_labels),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_owned),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
