/* keeper: what it learns, what it says and to whom, what it forgets, and what its file has to do with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/keeper.h"
#include "make_policy.h"

#define PARTNER "partner.example"

struct stand {
	struct loop *loop;
	struct keeper *keeper;
	struct policy policy;
	char dir[64], path[100];
	char log[20000];	   /* all lines since it was last looked at */
	struct memory_facts facts; /* what the workers heard last */
	char told[JID_DOMAIN_SIZE];
	bool forgotten;
	unsigned changes;
	const char *until; /* a line that ends the loop */
};

static struct stand s;

static const struct policy *policy(void *context)
{
	(void)context;
	return &s.policy;
}

static void on_log(void *context, const struct log_line *line)
{
	size_t used = strlen(s.log);

	(void)context;
	snprintf(s.log + used, sizeof(s.log) - used, "%.*s\n", (int)line->len, line->text);
	if (s.until && strstr(s.log, s.until))
		loop_stop(s.loop);
}

static void on_changed(void *context, const char *domain, const struct memory_facts *facts)
{
	(void)context;
	strcpy(s.told, domain);
	s.forgotten = !facts;
	s.changes++;
	if (facts)
		s.facts = *facts;
}

static void make_keeper(void)
{
	static const struct keeper_hooks hooks = { policy, on_log, on_changed };
	struct keeper_options options = {
		.loop = s.loop,
		.path = s.path,
		.hooks = &hooks,
		.retry_ms = 50,
	};

	s.keeper = keeper_new(&options);
	assert_non_null(s.keeper);
}

static int begin(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	strcpy(s.dir, "/tmp/fedgate-keeper-XXXXXX");
	snprintf(s.path, sizeof(s.path), "%s/partners.db", mkdtemp(s.dir));
	s.loop = loop_new();
	make_partner(&s.policy, PARTNER, 9, false)->pin = PIN_OBSERVE;
	make_partner(&s.policy, "strict.example", 9, false)->pin = PIN_ENFORCE;
	make_partner(&s.policy, "*", 9, false)->pin = PIN_OBSERVE;
	policy_finish(&s.policy);
	make_keeper();
	return 0;
}

static int end(void **state)
{
	(void)state;
	keeper_free(s.keeper);
	loop_free(s.loop);
	policy_fini(&s.policy);
	unlink(s.path);
	return rmdir(s.dir);
}

static void restart(void)
{
	keeper_free(s.keeper);
	s.changes = 0;
	make_keeper();
}

static int64_t now = 1000;

static void learn(const char *domain, enum method method, unsigned char key, enum fail fail)
{
	struct lesson l;

	memset(&l, 0, sizeof(l));
	strcpy(l.remote, domain);
	l.role = ROLE_RECEIVING;
	l.at = ++now;
	l.method = method;
	l.fail = fail;
	l.certificate = key != 0;
	memset(l.leaf.key, key, CERT_KEY_SIZE);
	snprintf(l.leaf.serial, sizeof(l.leaf.serial), "%02X", key);
	strcpy(l.leaf.issuer, "CN=Authority");
	strcpy(l.names, domain);
	keeper_learn(s.keeper, &l);
}

static void come(const char *domain, enum method method, unsigned char key)
{
	learn(domain, method, key, FAIL_NONE);
}

/* Has it been said since the last call? */
static bool said(const char *text)
{
	bool found = strstr(s.log, text) != NULL;

	s.log[0] = '\0';
	return found;
}

static const struct memory_side *told(void)
{
	return &s.facts.sides[ROLE_RECEIVING];
}

static const struct trust_side *side(const char *domain)
{
	const struct trust_entry *e = keeper_find(s.keeper, domain);

	assert_non_null(e);
	return &e->sides[ROLE_RECEIVING];
}

/* ---- keys ---- */

static void test_first_key(void **state)
{
	(void)state;
	come(PARTNER, METHOD_SASL_TLS, 1);
	assert_string_equal(s.told, PARTNER);
	assert_true(told()->pinned);
	assert_int_equal(told()->key[0], 1);
	assert_int_equal(told()->best, METHOD_SASL_TLS);
	assert_int_equal(s.facts.sides[ROLE_INITIATING].best, METHOD_NONE);
	assert_string_equal(s.log, "");
	s.changes = 0;
	come(PARTNER, METHOD_SASL_TLS, 1);
	assert_int_equal(s.changes, 0); /* nothing new for the workers */
}

static void test_observed_key(void **state)
{
	(void)state;
	come(PARTNER, METHOD_SASL_TLS, 1);
	come(PARTNER, METHOD_SASL_TLS, 2);
	assert_true(said("level=warning ev=partner-key-changed dir=in remote=partner.example "
			 "pin=observe old-key=0101"));
	assert_int_equal(told()->key[0], 2);
	come(PARTNER, METHOD_SASL_TLS, 2);
	assert_string_equal(s.log, "");
	assert_int_equal(side(PARTNER)->key_changes, 1);
}

/* Two hosts of a partner, each with its key, in turn: only the first change is a warning. */
static void test_two_keys(void **state)
{
	(void)state;
	come(PARTNER, METHOD_SASL_TLS, 1);
	come(PARTNER, METHOD_SASL_TLS, 2);
	assert_true(said("level=warning ev=partner-key-changed"));
	come(PARTNER, METHOD_SASL_TLS, 1);
	assert_true(said("level=info ev=partner-key-changed"));
	restart();
	come(PARTNER, METHOD_SASL_TLS, 2);
	assert_true(said("level=info ev=partner-key-changed"));
	come(PARTNER, METHOD_SASL_TLS, 3);
	assert_true(said("level=warning ev=partner-key-changed"));
	/* where it is enforced what is back is as wrong as any other */
	come("strict.example", METHOD_SASL_TLS, 1);
	learn("strict.example", METHOD_SASL_TLS, 2, FAIL_CERT_PIN);
	assert_int_equal(keeper_accept(s.keeper, "strict.example", ""), 1);
	said("");
	learn("strict.example", METHOD_SASL_TLS, 1, FAIL_CERT_PIN);
	assert_true(said("level=warning ev=partner-key-changed"));
}

static void test_enforced_key(void **state)
{
	(void)state;
	come("strict.example", METHOD_SASL_TLS, 1);
	learn("strict.example", METHOD_SASL_TLS, 2, FAIL_CERT_PIN);
	assert_true(said("ev=partner-key-changed dir=in remote=strict.example pin=enforce"));
	learn("strict.example", METHOD_SASL_TLS, 2, FAIL_CERT_PIN);
	assert_string_equal(s.log, "");			/* once */
	come("strict.example", METHOD_TLS_DIALBACK, 3); /* by dialback it opens all the same */
	assert_true(said("ev=partner-key-changed"));
	assert_int_equal(told()->key[0], 1);
	assert_int_equal(side("strict.example")->seen.leaf.key[0], 3);
}

static void test_accept(void **state)
{
	(void)state;
	assert_true(keeper_accept(s.keeper, "strict.example", "") < 0);
	come("strict.example", METHOD_SASL_TLS, 1);
	assert_int_equal(keeper_accept(s.keeper, "strict.example", ""), 0);
	learn("strict.example", METHOD_SASL_TLS, 2, FAIL_CERT_PIN);
	assert_true(keeper_accept(s.keeper, "strict.example", "0101010101") < 0);
	assert_true(keeper_accept(s.keeper, "strict.example", "0202020") < 0); /* too short */
	assert_int_equal(told()->key[0], 1);
	said("");
	assert_int_equal(keeper_accept(s.keeper, "strict.example", "02020202"), 1);
	assert_true(said("ev=pin-accepted dir=in remote=strict.example new-key=0202"));
	assert_int_equal(told()->key[0], 2);
	restart();
	assert_int_equal(told()->key[0], 2);
}

static void test_pin_off(void **state)
{
	(void)state;
	come(PARTNER, METHOD_SASL_TLS, 1);
	s.policy.partners[0].pin = PIN_OFF;
	come(PARTNER, METHOD_SASL_TLS, 2);
	assert_false(told()->pinned);
	assert_string_equal(s.log, "");
	assert_int_equal(side(PARTNER)->seen.leaf.key[0], 2); /* for the calendar */
}

/* ---- methods ---- */

static void test_downgrade(void **state)
{
	(void)state;
	come(PARTNER, METHOD_TCP_DIALBACK, 0);
	assert_int_equal(told()->best, METHOD_TCP_DIALBACK);
	come(PARTNER, METHOD_SASL_TLS, 1);
	assert_string_equal(s.log, "");
	assert_int_equal(told()->best, METHOD_SASL_TLS);
	come(PARTNER, METHOD_TLS_DIALBACK, 1);
	assert_true(
		said("level=warning ev=downgrade dir=in remote=partner.example best=\"SASL over "
		     "TLS\" method=\"TLS dialback\" refused=no"));
	learn(PARTNER, METHOD_TCP_DIALBACK, 0, FAIL_DOWNGRADE_REFUSED);
	assert_true(said("method=\"TCP dialback\" refused=yes"));
	assert_int_equal(told()->best, METHOD_SASL_TLS);
	assert_int_equal(side(PARTNER)->downgrades, 2);
	assert_int_equal(side(PARTNER)->last, METHOD_TLS_DIALBACK);
}

/* The operator took SASL out of the row: what comes then is no downgrade. */
static void test_row_changed(void **state)
{
	(void)state;
	come(PARTNER, METHOD_SASL_TLS, 1);
	s.policy.partners[0].row = matrix_row_number(13);
	come(PARTNER, METHOD_TLS_DIALBACK, 1);
	assert_string_equal(s.log, "");
}

/* ---- bounds ---- */

static void attempt(const char *domain, enum fail fail, unsigned number)
{
	struct attempt a;

	memset(&a, 0, sizeof(a));
	strcpy(a.remote, domain);
	a.role = ROLE_RECEIVING;
	a.at = ++now;
	a.fail = fail;
	a.took_ms = number;
	keeper_attempt(s.keeper, &a);
}

static void test_attempts(void **state)
{
	const struct trust_entry *e;
	unsigned i;

	(void)state;
	for (i = 0; i < TRUST_ATTEMPTS_MAX + 5; i++)
		attempt(PARTNER, FAIL_CERT_NAME, i);
	e = keeper_find(s.keeper, PARTNER);
	assert_non_null(e);
	assert_int_equal(e->attempt_count, TRUST_ATTEMPTS_MAX);
	assert_int_equal(e->attempts[0].took_ms, 5);
	assert_int_equal(e->attempts[TRUST_ATTEMPTS_MAX - 1].took_ms, TRUST_ATTEMPTS_MAX + 4);
	restart();
	e = keeper_find(s.keeper, PARTNER);
	assert_non_null(e);
	assert_int_equal(e->attempts[0].took_ms, 5);
}

/* Whoever claims to be somebody, and fails, leaves nothing behind. */
static void test_strangers(void **state)
{
	(void)state;
	attempt("claimed.example", FAIL_CERT_NAME, 1);
	learn("claimed.example", METHOD_SASL_TLS, 1, FAIL_CERT_PIN);
	assert_null(keeper_find(s.keeper, "claimed.example"));
	assert_int_equal(s.changes, 0);
}

static void count(void *context, const struct trust_entry *e)
{
	(void)e;
	++*(unsigned *)context;
}

static void test_bound(void **state)
{
	unsigned i, n = 0;
	char name[40];

	(void)state;
	come(PARTNER, METHOD_SASL_TLS, 1);
	for (i = 0; i < KEEPER_DOMAINS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		come(name, METHOD_TCP_DIALBACK, 0);
	}
	keeper_each(s.keeper, count, &n);
	assert_int_equal(n, KEEPER_DOMAINS_MAX);
	assert_null(keeper_find(s.keeper, "n0.example")); /* the oldest of everyone else's */
	assert_non_null(keeper_find(s.keeper, "n11.example"));
	assert_non_null(keeper_find(s.keeper, PARTNER)); /* older, but the operator named it */
	restart();
	assert_int_equal(s.changes, KEEPER_DOMAINS_MAX);
}

static void test_forget(void **state)
{
	(void)state;
	assert_false(keeper_forget(s.keeper, PARTNER));
	come(PARTNER, METHOD_SASL_TLS, 1);
	restart();
	assert_true(keeper_forget(s.keeper, PARTNER));
	assert_true(s.forgotten);
	assert_true(said("ev=partner-forgotten remote=partner.example"));
	restart();
	assert_null(keeper_find(s.keeper, PARTNER));
	come(PARTNER, METHOD_TLS_DIALBACK, 2);
	assert_string_equal(s.log, "");
}

/* ---- the file ---- */

static void test_restart(void **state)
{
	(void)state;
	come(PARTNER, METHOD_SASL_TLS, 1);
	restart();
	assert_string_equal(s.told, PARTNER);
	assert_true(told()->pinned);
	assert_int_equal(told()->key[0], 1);
	come(PARTNER, METHOD_TCP_DIALBACK, 0);
	assert_true(said("ev=downgrade"));
}

/* There is no directory: said once, everything works; when it is there, all is written. */
static void test_disk_comes_back(void **state)
{
	(void)state;
	keeper_free(s.keeper);
	unlink(s.path);
	assert_int_equal(rmdir(s.dir), 0);
	make_keeper();
	assert_true(said("level=error ev=state-unavailable"));
	come(PARTNER, METHOD_SASL_TLS, 1);
	assert_true(told()->pinned);
	assert_int_equal(mkdir(s.dir, 0700), 0);
	s.until = "ev=state-available";
	loop_run(s.loop);
	s.until = NULL;
	assert_false(said("ev=state-unavailable"));
	restart();
	assert_true(told()->pinned);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_first_key),	 CASE(test_two_keys),	     CASE(test_observed_key),
		CASE(test_enforced_key), CASE(test_accept),	     CASE(test_pin_off),
		CASE(test_downgrade),	 CASE(test_row_changed),     CASE(test_attempts),
		CASE(test_strangers),	 CASE(test_bound),	     CASE(test_forget),
		CASE(test_restart),	 CASE(test_disk_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
