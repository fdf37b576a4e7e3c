/* negotiation: the peer's header, its version and its id. */
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

static void header_is(struct stage *s, const char *version, const char *content_ns, enum fail fail)
{
	struct negotiation_event ev = { .type = EVENT_HEADER, .id = "our-id" };

	assert_true(stage_reach(s, NEGOTIATION_HEADER));
	s->header = (struct xml_header){ .content_ns = content_ns,
					 .from = PEER,
					 .to = US,
					 .id = "peer-id",
					 .version = version };
	ev.header = &s->header;
	assert_int_equal(stage_step(s, &ev), 0);
	if (negotiation_failure(s->n) != fail)
		fail_msg("version %s in %s: %s", version ? version : "none", content_ns,
			 fail_str(negotiation_failure(s->n)));
}

/* [RFC6120 4.7.5, 4.8] */
static void test_header(void **state)
{
	static const char *const good[] = { "1.0", "1.1", "1.10", "1.99999999999999999999",
					    "1.00" };
	static const char *const bad[] = { "",	   "1",	   "1.",    "2.0",  "0.9",
					   "10.0", "1.x",  "1.0x",  " 1.0", "1.0 ",
					   "1.-1", "01.0", "1.0.1", "1,0",  "1.0123456789a" };
	static struct stage s;
	size_t i;
	int role;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		stage_init(&s, (enum negotiation_role)role, 9);
		for (i = 0; i < sizeof(good) / sizeof(*good); i++)
			header_is(&s, good[i], NS_SERVER, FAIL_NONE);
		for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			header_is(&s, bad[i], NS_SERVER, FAIL_UNSUPPORTED_VERSION);
		header_is(&s, NULL, NS_SERVER, FAIL_NONE);
		header_is(&s, "1.0", "jabber:client", FAIL_XML_NAMESPACE);
		header_is(&s, "1.0", "", FAIL_XML_NAMESPACE);
		header_is(&s, "2.0", "jabber:client", FAIL_XML_NAMESPACE);
		stage_fini(&s);
	}
}

/* Without a version there are no features: dialback begins at once, or waits for the peer. */
static void test_old_header(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_INITIATING, 17);
	stage_reach(&s, NEGOTIATION_HEADER);
	stage_header_of(&s, PEER, US, NULL);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_DIALBACK);
	assert_int_equal(
		strncmp(stage_show(&s), "write <db:result from='" US "' to='" PEER "'>", 50), 0);
	stage_fini(&s);
	stage_init(&s, ROLE_RECEIVING, 17);
	stage_reach(&s, NEGOTIATION_HEADER);
	stage_header_of(&s, PEER, US, NULL);
	stage_expect(&s, NEGOTIATION_READY,
		     "write " OPEN " from='" US "' to='" PEER "' id='our-id'>");
	stage_fini(&s);
	stage_init(&s, ROLE_RECEIVING, 17);
	stage_reach(&s, NEGOTIATION_HEADER);
	stage_header(&s);
	stage_expect(
		&s, NEGOTIATION_READY,
		"write " OPEN " from='" US "' to='" PEER "' id='our-id' version='1.0'>"
		"<stream:features><dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
		"</stream:features>");
	stage_fini(&s);
}

static enum fail id_fails(struct stage *s, const char *id)
{
	struct negotiation_event ev = { .type = EVENT_HEADER, .id = id };

	assert_true(stage_reach(s, NEGOTIATION_HEADER));
	s->header = (struct xml_header){
		.content_ns = NS_SERVER, .from = PEER, .to = US, .id = id, .version = "1.0"
	};
	ev.header = &s->header;
	assert_int_equal(stage_step(s, &ev), 0);
	return negotiation_failure(s->n);
}

/* An id that a key could not be made of is none. The peer's is the peer's fault, ours the driver's. */
static void test_stream_id(void **state)
{
	static const char *const bad[] = { "", " ", "a b", "a\tb", "a\rb", "a\nb", "x " };
	char most[NEGOTIATION_KEY_MAX + 2];
	static struct stage s;
	size_t i;
	int role;

	(void)state;
	memset(most, 'i', sizeof(most));
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		enum fail fail = role == ROLE_INITIATING ? FAIL_STREAM_ID : FAIL_INTERNAL;
		stage_init(&s, (enum negotiation_role)role, 9);
		assert_int_equal(id_fails(&s, NULL), fail);
		for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			assert_int_equal(id_fails(&s, bad[i]), fail);
		assert_int_equal(id_fails(&s, "a"), FAIL_NONE);
		most[NEGOTIATION_KEY_MAX] = '\0';
		assert_int_equal(id_fails(&s, most), FAIL_NONE);
		most[NEGOTIATION_KEY_MAX] = 'i';
		most[NEGOTIATION_KEY_MAX + 1] = '\0';
		assert_int_equal(id_fails(&s, most), fail);
		stage_fini(&s);
	}
}

/* One header a stream. [RFC6120 4.7] */
static void test_second_header(void **state)
{
	static struct stage s;
	int role;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		stage_init(&s, (enum negotiation_role)role, 9);
		stage_reach(&s, NEGOTIATION_OPEN);
		stage_header(&s);
		assert_int_equal(negotiation_failure(s.n), FAIL_XML_INVALID);
		stage_fini(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_old_header),
		cmocka_unit_test(test_stream_id),
		cmocka_unit_test(test_second_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
