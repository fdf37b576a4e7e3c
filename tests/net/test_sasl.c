/* sasl: EXTERNAL through the library, in both roles. [XEP-0178] [RFC4422 A] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include <netdb.h>

#include "leak.h"
#include "net/sasl.h"

#define LOCAL "inside.example"
#define REMOTE "partner.example"

struct said {
	enum net_sasl_result result;
	bool anything;
	char text[300];
	size_t len;
};

static struct said step(struct net_sasl *s, bool first, const void *data, size_t len)
{
	struct said said = { .result = NET_SASL_FAILED };
	const void *out;

	said.result = net_sasl_step(s, first, data, len, &out, &said.len);
	said.anything = out != NULL;
	assert_true(said.len < sizeof(said.text));
	if (said.len)
		memcpy(said.text, out, said.len);
	return said;
}

/* A server that is given an initial response, "" for '='. */
static void assert_server(const char *response, enum net_sasl_result result, const char *identity)
{
	struct net_sasl *s = net_sasl_server(LOCAL, REMOTE);
	struct said said;

	assert_non_null(s);
	said = step(s, true, response, strlen(response));
	if (said.result != result)
		fail_msg("'%s': %d", response, said.result);
	assert_int_equal(said.len, 0);
	if (result == NET_SASL_DONE)
		assert_string_equal(net_sasl_identity(s), identity);
	net_sasl_free(s);
}

/* [S04] */
static void test_empty(void **state)
{
	(void)state;
	assert_server("", NET_SASL_DONE, "");
}

static void test_identities(void **state)
{
	(void)state;
	assert_server(REMOTE, NET_SASL_DONE, REMOTE);
	assert_server("Partner.EXAMPLE", NET_SASL_DONE, REMOTE);
	/* another one: whether it may, the negotiation says */
	assert_server("other.example", NET_SASL_DONE, "other.example");
	assert_server("sub.partner.example", NET_SASL_DONE, "sub.partner.example");
	assert_server("b\xc3\xbc"
		      "cher.example",
		      NET_SASL_DONE, "xn--bcher-kva.example");
}

/* [S03] */
static void test_no_domains(void **state)
{
	char huge[5000];

	(void)state;
	assert_server("user@partner.example", NET_SASL_FAILED, NULL);
	assert_server("partner.example/resource", NET_SASL_FAILED, NULL);
	assert_server("xmpp:partner.example", NET_SASL_FAILED, NULL);
	assert_server("=", NET_SASL_FAILED, NULL);
	assert_server(" ", NET_SASL_FAILED, NULL);
	assert_server("partner..example", NET_SASL_FAILED, NULL);
	assert_server("\xff\xfe\x01garbage", NET_SASL_FAILED, NULL);
	assert_server("%s%n", NET_SASL_FAILED, NULL);
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_server(huge, NET_SASL_FAILED, NULL);
	huge[1023] = '\0';
	assert_server(huge, NET_SASL_FAILED, NULL);
}

/* What stands behind a NUL is not overlooked. */
static void test_nul(void **state)
{
	static const char response[] = "partner.example\0.evil.example";
	struct net_sasl *s = net_sasl_server(LOCAL, REMOTE);

	(void)state;
	assert_int_equal(step(s, true, response, sizeof(response) - 1).result, NET_SASL_FAILED);
	net_sasl_free(s);
	s = net_sasl_server(LOCAL, REMOTE);
	assert_int_equal(step(s, true, "", 1).result, NET_SASL_FAILED);
	net_sasl_free(s);
}

/* The response need not be terminated. */
static void test_response_is_measured(void **state)
{
	char *response = malloc(strlen(REMOTE));
	struct net_sasl *s = net_sasl_server(LOCAL, REMOTE);

	(void)state;
	memcpy(response, REMOTE, strlen(REMOTE));
	assert_int_equal(step(s, true, response, strlen(REMOTE)).result, NET_SASL_DONE);
	assert_string_equal(net_sasl_identity(s), REMOTE);
	net_sasl_free(s);
	free(response);
}

/* [S04] without an initial response there is one challenge, and the answer to it counts */
static void test_no_initial_response(void **state)
{
	static const char *const responses[] = { "", REMOTE, "other.example" };
	struct net_sasl *s;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct said said;
		s = net_sasl_server(LOCAL, REMOTE);
		said = step(s, true, NULL, 0);
		assert_int_equal(said.result, NET_SASL_MORE);
		assert_int_equal(said.len, 0);
		assert_int_equal(step(s, false, responses[i], strlen(responses[i])).result,
				 NET_SASL_DONE);
		assert_string_equal(net_sasl_identity(s), responses[i]);
		net_sasl_free(s);
	}
	s = net_sasl_server(LOCAL, REMOTE);
	assert_int_equal(step(s, true, NULL, 0).result, NET_SASL_MORE);
	assert_int_equal(step(s, false, NULL, 0).result, NET_SASL_DONE);
	assert_string_equal(net_sasl_identity(s), "");
	net_sasl_free(s);
	s = net_sasl_server(LOCAL, REMOTE);
	assert_int_equal(step(s, true, NULL, 0).result, NET_SASL_MORE);
	assert_int_equal(step(s, false, "a@b", 3).result, NET_SASL_FAILED);
	net_sasl_free(s);
}

/* [S06] steps that nobody asked for */
static void test_steps_out_of_order(void **state)
{
	struct net_sasl *s = net_sasl_server(LOCAL, REMOTE);

	(void)state;
	assert_int_equal(step(s, false, REMOTE, strlen(REMOTE)).result, NET_SASL_FAILED);
	assert_int_equal(step(s, true, "", 0).result, NET_SASL_DONE);
	assert_int_equal(step(s, false, "", 0).result, NET_SASL_FAILED);
	net_sasl_free(s);
	/* freed in the middle */
	s = net_sasl_server(LOCAL, REMOTE);
	assert_int_equal(step(s, true, NULL, 0).result, NET_SASL_MORE);
	net_sasl_free(s);
	net_sasl_free(NULL);
}

static void test_nobody_proved(void **state)
{
	char longest[300];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(net_sasl_server(LOCAL, ""));
	assert_null(net_sasl_server(LOCAL, longest));
	assert_null(net_sasl_client(REMOTE, longest));
}

static void test_client(void **state)
{
	struct net_sasl *s = net_sasl_client(REMOTE, LOCAL);
	struct said said;

	(void)state;
	assert_non_null(s);
	said = step(s, true, NULL, 0);
	assert_int_equal(said.result, NET_SASL_DONE);
	assert_int_equal(said.len, strlen(LOCAL));
	assert_memory_equal(said.text, LOCAL, said.len);
	net_sasl_free(s);
}

/* The empty identity is something to send: '='. */
static void test_client_without_identity(void **state)
{
	struct net_sasl *s = net_sasl_client(REMOTE, "");
	struct said said;

	(void)state;
	assert_non_null(s);
	said = step(s, true, NULL, 0);
	assert_int_equal(said.result, NET_SASL_DONE);
	assert_true(said.anything);
	assert_int_equal(said.len, 0);
	net_sasl_free(s);
}

/* A peer that challenges though it was told all hears it again; one that wants more than EXTERNAL does not. */
static void test_client_challenged(void **state)
{
	struct net_sasl *s = net_sasl_client(REMOTE, LOCAL);
	struct said said;

	(void)state;
	step(s, true, NULL, 0);
	said = step(s, false, "", 0);
	assert_int_equal(said.result, NET_SASL_DONE);
	assert_int_equal(said.len, strlen(LOCAL));
	assert_memory_equal(said.text, LOCAL, said.len);
	assert_int_equal(step(s, false, "nonce", 5).result, NET_SASL_FAILED);
	net_sasl_free(s);
}

static unsigned lookups; /* of names, by the library */

/* Stands before the C library's. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	(void)name;
	(void)service;
	(void)hints;
	(void)result;
	lookups++;
	return EAI_FAIL;
}

/* The two of ours with each other. */
static bool exchange(void)
{
	struct net_sasl *client = net_sasl_client(LOCAL, REMOTE);
	struct net_sasl *server = net_sasl_server(LOCAL, REMOTE);
	const void *out, *nothing;
	size_t len, none;
	bool good = client && server;

	good = good && net_sasl_step(client, true, NULL, 0, &out, &len) == NET_SASL_DONE;
	good = good && net_sasl_step(server, true, out, len, &nothing, &none) == NET_SASL_DONE;
	good = good && !strcmp(net_sasl_identity(server), REMOTE);
	net_sasl_free(client);
	net_sasl_free(server);
	return good;
}

#define EXCHANGES 20000

static void *many_exchanges(void *context)
{
	size_t *good = context;
	int i;

	for (i = 0; i < EXCHANGES; i++)
		*good += exchange();
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[2];
	size_t good[2] = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many_exchanges, &good[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(good[0], EXCHANGES);
	assert_int_equal(good[1], EXCHANGES);
}

static void one_of_each(void *context)
{
	struct net_sasl *s;

	(void)context;
	assert_true(exchange());
	s = net_sasl_server(LOCAL, REMOTE);
	step(s, true, "a@b", 3);
	net_sasl_free(s);
	s = net_sasl_server(LOCAL, REMOTE);
	step(s, true, NULL, 0);
	net_sasl_free(s);
}

static void test_memory(void **state)
{
	(void)state;
	assert_false(leak_grows(one_of_each, NULL));
}

/* Nothing in all of the above, nor in the initialisation, has waited for a name server. */
static void test_no_lookup(void **state)
{
	(void)state;
	assert_int_equal(lookups, 0);
}

static int set_up(void **state)
{
	char error[SASL_ERROR_SIZE] = "";

	(void)state;
	if (!net_sasl_init(error))
		return 0;
	print_error("%s\n", error);
	return -1;
}

static int tear_down(void **state)
{
	(void)state;
	net_sasl_fini();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_no_domains),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_response_is_measured),
		cmocka_unit_test(test_no_initial_response),
		cmocka_unit_test(test_steps_out_of_order),
		cmocka_unit_test(test_nobody_proved),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_client_without_identity),
		cmocka_unit_test(test_client_challenged),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_no_lookup),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
