/* negotiation: the machine as a driver sees it, one event at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "leak.h"
#include "make_policy.h"
#include "stage.h"

#define AUTH "write <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>"

static void assert_names(const char *(*name)(unsigned), unsigned count)
{
	unsigned i, k;

	for (i = 0; i < count; i++) {
		assert_non_null(name(i));
		assert_true(*name(i));
		for (k = 0; k < i; k++)
			assert_string_not_equal(name(i), name(k));
	}
}

static const char *state_name(unsigned i)
{
	return negotiation_state_str((enum negotiation_state)i);
}

static const char *state_text(unsigned i)
{
	return negotiation_state_text((enum negotiation_state)i);
}

static const char *event_name(unsigned i)
{
	return negotiation_event_str((enum negotiation_event_type)i);
}

static const char *action_name(unsigned i)
{
	return negotiation_action_str((enum negotiation_action_type)i);
}

static const char *outcome_name(unsigned i)
{
	return dialback_outcome_str((enum dialback_outcome)i);
}

static void test_names(void **state)
{
	(void)state;
	assert_names(state_name, NEGOTIATION_STATE_COUNT);
	assert_names(state_text, NEGOTIATION_STATE_COUNT);
	assert_names(event_name, EVENT_COUNT);
	assert_names(action_name, ACTION_COUNT);
	assert_names(outcome_name, DIALBACK_OVERLOAD + 1);
	assert_string_equal(negotiation_state_str(NEGOTIATION_CLOSING), "closing");
	assert_string_equal(negotiation_event_str(EVENT_STARTTLS), "<starttls/>");
	assert_string_equal(negotiation_action_str(ACTION_PAIR_UP), "pair-up");
	assert_string_equal(dialback_outcome_str(DIALBACK_NOT_FOUND), "not-found");
	assert_string_equal(negotiation_role_str(ROLE_INITIATING), "initiating");
	assert_string_equal(negotiation_role_str(ROLE_RECEIVING), "receiving");
}

static void test_classify(void **state)
{
	static const struct {
		const char *ns, *name;
		enum negotiation_event_type plain, typed;
	} all[] = {
		{ NS_STREAM, "features", EVENT_FEATURES, EVENT_FEATURES },
		{ NS_STREAM, "error", EVENT_STREAM_ERROR, EVENT_STREAM_ERROR },
		{ NS_TLS, "starttls", EVENT_STARTTLS, EVENT_STARTTLS },
		{ NS_TLS, "proceed", EVENT_PROCEED, EVENT_PROCEED },
		{ NS_TLS, "failure", EVENT_TLS_FAILURE, EVENT_TLS_FAILURE },
		{ NS_SASL, "auth", EVENT_AUTH, EVENT_AUTH },
		{ NS_SASL, "challenge", EVENT_CHALLENGE, EVENT_CHALLENGE },
		{ NS_SASL, "response", EVENT_RESPONSE, EVENT_RESPONSE },
		{ NS_SASL, "success", EVENT_SUCCESS, EVENT_SUCCESS },
		{ NS_SASL, "failure", EVENT_SASL_FAILURE, EVENT_SASL_FAILURE },
		{ NS_SASL, "abort", EVENT_ABORT, EVENT_ABORT },
		{ NS_DIALBACK, "result", EVENT_RESULT, EVENT_RESULT_ANSWER },
		{ NS_DIALBACK, "verify", EVENT_VERIFY_REQUEST, EVENT_VERIFY_ANSWER },
		{ NS_SERVER, "message", EVENT_ELEMENT, EVENT_ELEMENT },
		{ NS_SERVER, "result", EVENT_ELEMENT, EVENT_ELEMENT },
		{ NS_DIALBACK, "auth", EVENT_ELEMENT, EVENT_ELEMENT },
		{ NS_TLS, "auth", EVENT_ELEMENT, EVENT_ELEMENT },
		{ "", "features", EVENT_ELEMENT, EVENT_ELEMENT },
		{ NS_SASL, "AUTH", EVENT_ELEMENT, EVENT_ELEMENT },
	};
	static struct stage s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const char *ns = all[i].ns, *name = all[i].name;
		assert_int_equal(negotiation_classify(stage_make(&s, ns, name, "", NULL)),
				 all[i].plain);
		stage_make(&s, ns, name, "", "type", "valid", NULL);
		assert_int_equal(negotiation_classify(&s.element), all[i].typed);
	}
}

static void test_new(void **state)
{
	struct negotiation_output out;
	static struct stage s;

	(void)state;
	negotiation_free(NULL);
	memset(&out, 0xff, sizeof(out));
	negotiation_output_init(&out);
	assert_int_equal(out.action_count, 0);
	assert_int_equal(out.note_count, 0);
	assert_int_equal(buf_failed(&out.bytes), 0);
	negotiation_output_fini(&out);
	stage_init(&s, ROLE_RECEIVING, 9);
	assert_int_equal(negotiation_state(s.n), NEGOTIATION_NEW);
	assert_string_equal(negotiation_local(s.n), "");
	assert_string_equal(negotiation_remote(s.n), "");
	assert_string_equal(negotiation_peer_error(s.n), "");
	assert_int_equal(negotiation_method(s.n), METHOD_NONE);
	assert_int_equal(negotiation_failure(s.n), FAIL_NONE);
	assert_false(negotiation_in_tls(s.n));
	assert_false(negotiation_is_authorised(s.n));
	assert_false(negotiation_may_receive(s.n, "", ""));
	stage_fini(&s);
	stage_init(&s, ROLE_INITIATING, 9);
	assert_string_equal(negotiation_local(s.n), US);
	assert_string_equal(negotiation_remote(s.n), PEER);
	assert_false(negotiation_may_send(s.n, US, PEER));
	stage_fini(&s);
}

static void assert_absorbs(struct stage *s)
{
	enum fail fail = negotiation_failure(s->n);
	int type;

	assert_int_equal(negotiation_state(s->n), NEGOTIATION_DEAD);
	for (type = 0; type < EVENT_COUNT; type++) {
		struct negotiation_event ev = { .type = (enum negotiation_event_type)type };
		assert_int_equal(stage_step(s, &ev), 0);
		assert_int_equal(s->out.action_count, 0);
		assert_int_equal(s->out.note_count, 0);
		assert_int_equal(s->out.bytes.len, 0);
		assert_int_equal(negotiation_state(s->n), NEGOTIATION_DEAD);
		assert_int_equal(negotiation_failure(s->n), fail);
	}
}

/* Every event in every state where it has no place: of the driver a defect, of the peer a protocol error. */
static void misuse(struct stage *s, enum negotiation_state state, enum negotiation_event_type type)
{
	struct negotiation_event ev = { .type = type, .ticket = 1 };
	const struct negotiation_action *last;
	bool of_driver = type < EVENT_HEADER;
	int rc;

	assert_true(stage_reach(s, state));
	rc = stage_step(s, &ev);
	assert_int_equal(rc, of_driver ? -FAIL_INTERNAL : 0);
	assert_int_equal(negotiation_state(s->n), NEGOTIATION_DEAD);
	assert_in_range(s->out.action_count, 1, 2);
	last = &s->out.actions[s->out.action_count - 1];
	assert_int_equal(last->type, ACTION_CLOSE);
	assert_int_equal(last->fail, negotiation_failure(s->n));
	assert_int_not_equal(last->fail, FAIL_NONE);
	assert_int_equal(last->abrupt, s->out.action_count == 1);
	if (of_driver) {
		assert_int_equal(s->out.action_count, 1);
		assert_int_equal(last->fail, FAIL_INTERNAL);
	} else if (s->out.action_count == 2) {
		assert_non_null(strstr(stage_show(s), "<stream:error><"));
		assert_non_null(strstr(stage_show(s), "</stream:error></stream:stream>"));
	}
	assert_int_equal(s->out.notes[s->out.note_count - 1].from, state);
	assert_int_equal(s->out.notes[s->out.note_count - 1].to, NEGOTIATION_DEAD);
	assert_false(negotiation_may_send(s->n, US, PEER));
	assert_false(negotiation_may_receive(s->n, US, PEER));
	assert_absorbs(s);
}

static void test_misuse(void **state)
{
	static struct stage s;
	unsigned count = 0, next;
	int role, at, type;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		stage_init(&s, (enum negotiation_role)role, 9);
		for (at = 0; at < NEGOTIATION_DEAD; at++) {
			if (!stage_reach(&s, (enum negotiation_state)at))
				continue;
			for (type = 0; type < EVENT_COUNT; type++) {
				if (negotiation_table((enum negotiation_role)role,
						      (enum negotiation_state)at,
						      (enum negotiation_event_type)type, &next))
					continue;
				misuse(&s, (enum negotiation_state)at,
				       (enum negotiation_event_type)type);
				count++;
			}
		}
		stage_fini(&s);
	}
	assert_true(count > 300);
}

/* What may end a stream in any state, and leaves nothing to do. */
static void test_ends(void **state)
{
	static struct stage s;
	int role, at;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		stage_init(&s, (enum negotiation_role)role, 9);
		for (at = 0; at < NEGOTIATION_DEAD; at++) {
			bool closing = at == NEGOTIATION_CLOSING;
			if (!stage_reach(&s, (enum negotiation_state)at))
				continue;
			stage_go(&s, EVENT_LOST);
			stage_expect(&s, NEGOTIATION_DEAD,
				     closing ? "close abrupt for done"
					     : "close abrupt for connection-lost");
			assert_absorbs(&s);
			assert_true(stage_reach(&s, (enum negotiation_state)at));
			stage_go(&s, EVENT_TIMEOUT);
			if (at == NEGOTIATION_OPEN)
				assert_int_equal(negotiation_state(s.n), NEGOTIATION_OPEN);
			else
				assert_int_equal(negotiation_failure(s.n),
						 closing ? FAIL_DONE : FAIL_ESTABLISHMENT_TIMEOUT);
		}
		stage_fini(&s);
	}
}

/* [RFC6120 4.4]: the tag, and no more words */
static void test_shut(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_INITIATING, 9);
	stage_shut(&s, FAIL_IDLE);
	stage_expect(&s, NEGOTIATION_DEAD, "close abrupt for idle");
	stage_reach(&s, NEGOTIATION_OPEN);
	stage_shut(&s, FAIL_IDLE);
	stage_expect(&s, NEGOTIATION_CLOSING, "write " FOOTER);
	assert_int_equal(negotiation_failure(s.n), FAIL_IDLE);
	stage_shut(&s, FAIL_SHUTDOWN); /* it is closing already */
	stage_expect(&s, NEGOTIATION_CLOSING, "");
	stage_go(&s, EVENT_FOOTER);
	stage_expect(&s, NEGOTIATION_DEAD, "close for idle");
	stage_reach(&s, NEGOTIATION_OPEN);
	stage_shut(&s, FAIL_SHUTDOWN);
	stage_expect(
		&s, NEGOTIATION_DEAD,
		"write <stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>"
		"The gateway is shutting down.</text></stream:error></stream:stream>; "
		"close for shutdown");
	stage_reach(&s, NEGOTIATION_TLS);
	stage_shut(&s, FAIL_SHUTDOWN); /* nothing may be written there */
	stage_expect(&s, NEGOTIATION_DEAD, "close abrupt for shutdown");
	stage_reach(&s, NEGOTIATION_CLOSING);
	stage_go(&s, EVENT_TIMEOUT);
	stage_expect(&s, NEGOTIATION_DEAD, "close for done");
	stage_reach(&s, NEGOTIATION_OPEN);
	stage_go(&s, EVENT_FOOTER);
	stage_expect(&s, NEGOTIATION_DEAD, "write " FOOTER "; close for peer-closed");
	stage_fini(&s);
}

/* [RFC6120 4.9.1.2]: an error before our header brings the header with it, once */
static void test_errors(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_HEADER);
	stage_broken(&s, FAIL_XML_NOT_WELL_FORMED);
	stage_expect(&s, NEGOTIATION_DEAD,
		     "write " OPEN " from='' version='1.0'><stream:error>"
		     "<not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		     "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>"
		     "The peer sent XML that is not well-formed.</text></stream:error>" FOOTER
		     "; close for xml-not-well-formed");
	stage_reach(&s, NEGOTIATION_READY);
	stage_broken(&s, FAIL_XML_TOO_BIG);
	stage_expect(&s, NEGOTIATION_DEAD,
		     "write <stream:error><policy-violation "
		     "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		     "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>"
		     "The peer sent an element that is larger than allowed.</text>"
		     "<stanza-too-big xmlns='urn:xmpp:errors'/></stream:error>" FOOTER
		     "; close for stanza-too-big");
	stage_reach(&s, NEGOTIATION_READY);
	stage_broken(&s, FAIL_NO_MEMORY); /* our own troubles are not explained */
	stage_expect(&s, NEGOTIATION_DEAD,
		     "write <stream:error><resource-constraint "
		     "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>" FOOTER
		     "; close for no-memory");
	stage_reach(&s, NEGOTIATION_CLOSING);
	stage_broken(&s, FAIL_XML_TOO_BIG); /* our tag is sent: nothing may follow it */
	stage_expect(&s, NEGOTIATION_DEAD, "close abrupt for done");
	stage_fini(&s);
}

/* An answer to another question, to none, or twice: as if it had not come. */
static void test_stale_certificate(void **state)
{
	static struct stage s;
	uint64_t ticket;
	int role;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		struct negotiation_event ev = { .type = EVENT_CERTIFICATE };
		stage_init(&s, (enum negotiation_role)role, 9);
		stage_reach(&s, NEGOTIATION_CERTIFICATE);
		ticket = s.ticket;
		assert_true(ticket > 0);
		ev.certificate = &s.certificate;
		for (ev.ticket = 0; ev.ticket < ticket + 3; ev.ticket++) {
			if (ev.ticket == ticket)
				continue;
			assert_int_equal(stage_step(&s, &ev), 0);
			stage_expect(&s, NEGOTIATION_CERTIFICATE, "");
		}
		ev.ticket = ticket;
		assert_int_equal(stage_step(&s, &ev), 0);
		assert_int_not_equal(negotiation_state(s.n), NEGOTIATION_CERTIFICATE);
		assert_int_equal(stage_step(&s, &ev), 0);
		assert_string_equal(stage_show(&s), "");
		stage_fini(&s);
	}
}

static void test_stale_sasl(void **state)
{
	static struct stage s;
	int role;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		struct negotiation_event ev = { .type = EVENT_SASL, .sasl = SASL_FAILED };
		stage_init(&s, (enum negotiation_role)role, 9);
		stage_reach(&s, NEGOTIATION_SASL);
		for (ev.ticket = 0; ev.ticket < s.ticket + 3; ev.ticket++) {
			if (ev.ticket == s.ticket)
				continue;
			assert_int_equal(stage_step(&s, &ev), 0);
			stage_expect(&s, NEGOTIATION_SASL, "");
		}
		ev.ticket = s.ticket;
		assert_int_equal(stage_step(&s, &ev), 0);
		assert_int_not_equal(negotiation_state(s.n), NEGOTIATION_SASL);
		ev.sasl = SASL_DONE;
		assert_int_equal(stage_step(&s, &ev), 0);
		assert_string_equal(stage_show(&s), "");
		assert_false(negotiation_is_authorised(s.n));
		stage_fini(&s);
	}
}

static void test_getters(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_RECEIVING, 9);
	stage_reach(&s, NEGOTIATION_READY);
	assert_string_equal(negotiation_local(s.n), US);
	assert_string_equal(negotiation_remote(s.n), PEER);
	assert_false(negotiation_in_tls(s.n));
	stage_reach(&s, NEGOTIATION_TLS);
	assert_false(negotiation_in_tls(s.n)); /* not yet */
	stage_go(&s, EVENT_TLS_UP);
	assert_true(negotiation_in_tls(s.n));
	stage_reach(&s, NEGOTIATION_SASL);
	stage_sasl(&s, SASL_DONE, "");
	assert_true(negotiation_is_authorised(s.n)); /* before its first pair is up */
	assert_int_equal(negotiation_method(s.n), METHOD_NONE);
	stage_header(&s);
	assert_int_equal(negotiation_method(s.n), METHOD_SASL_TLS);
	assert_true(negotiation_may_receive(s.n, US, PEER));
	stage_fini(&s);
}

static void stream_error(struct stage *s, const char *ns, const char *condition)
{
	stage_reach(s, NEGOTIATION_OPEN);
	stage_make(s, NS_STREAM, "error", "", NULL);
	if (condition)
		stage_with_child(s, ns, condition);
	stage_say(s);
	stage_expect(s, NEGOTIATION_DEAD,
		     condition && !strcmp(condition, "host-unknown") &&
				     !strcmp(ns, NS_STREAM_ERRORS)
			     ? "write " FOOTER "; close for peer-host-unknown"
			     : "write " FOOTER "; close for peer-stream-error");
}

static void test_peer_error(void **state)
{
	static struct stage s;

	(void)state;
	stage_init(&s, ROLE_INITIATING, 9);
	stream_error(&s, NS_STREAM_ERRORS, "host-unknown");
	assert_string_equal(negotiation_peer_error(s.n), "host-unknown");
	stream_error(&s, NS_STREAM_ERRORS, "remote-connection-failed");
	assert_string_equal(negotiation_peer_error(s.n), "remote-connection-failed");
	stream_error(&s, NS_STREAM_ERRORS, "bad-format");
	assert_string_equal(negotiation_peer_error(s.n), "bad-format");
	stream_error(&s, NS_STREAM_ERRORS, "made-up\nby the peer");
	assert_string_equal(negotiation_peer_error(s.n), "undefined-condition");
	stream_error(&s, "urn:x", "host-unknown");
	assert_string_equal(negotiation_peer_error(s.n), "undefined-condition");
	stream_error(&s, NULL, NULL);
	assert_string_equal(negotiation_peer_error(s.n), "undefined-condition");
	stage_fini(&s);
}

/* A step that runs out says how to close, and nothing of it is carried out by halves. */
static void test_budget(void **state)
{
	char key[1500];
	static struct stage s;
	unsigned i;

	(void)state;
	memset(key, '&', sizeof(key)); /* five bytes each when written */
	key[sizeof(key) - 1] = '\0';
	stage_init(&s, ROLE_INITIATING, 9);
	s.config.verify_only = true;
	stage_again(&s);
	for (i = 0; i < 20; i++)
		assert_int_equal(stage_verify(&s, i + 1, US, PEER, "id", key), 0);
	stage_go(&s, EVENT_CONNECTED);
	stage_header(&s);
	stage_make(&s, NS_STREAM, "features", "", NULL);
	assert_int_equal(stage_step(&s, &(struct negotiation_event){ .type = EVENT_FEATURES,
								     .element = &s.element }),
			 -FAIL_NO_MEMORY);
	stage_expect(&s, NEGOTIATION_DEAD, "close abrupt for no-memory");
	assert_int_equal(negotiation_failure(s.n), FAIL_NO_MEMORY);
	assert_absorbs(&s); /* and the buffer serves again */
	stage_reach(&s, NEGOTIATION_OPEN);
	stage_shut(&s, FAIL_DONE);
	stage_expect(&s, NEGOTIATION_CLOSING, "write " FOOTER);
	stage_fini(&s);
}

/* The same events give the same output. */
static void test_deterministic(void **state)
{
	static struct stage a, b;
	int role, at;

	(void)state;
	for (role = 0; role < NEGOTIATION_ROLES; role++) {
		stage_init(&a, (enum negotiation_role)role, 9);
		stage_init(&b, (enum negotiation_role)role, 9);
		for (at = 0; at < NEGOTIATION_DEAD; at++) {
			if (!stage_reach(&a, (enum negotiation_state)at))
				continue;
			stage_reach(&b, (enum negotiation_state)at);
			assert_string_equal(stage_show(&a), stage_show(&b));
			assert_int_equal(a.out.note_count, b.out.note_count);
		}
		stage_fini(&a);
		stage_fini(&b);
	}
}

static void live_and_die(void *context)
{
	static struct stage s;
	enum negotiation_role role = *(enum negotiation_role *)context;

	stage_init(&s, role, 9);
	if (role == ROLE_INITIATING) {
		s.config.verify_only = true;
		stage_again(&s);
		stage_verify(&s, 1, US, PEER, "an id of some length",
			     "a key of some length, not sent");
		stage_verify(&s, 2, US, PEER, "another id of some length",
			     "a key that is not sent");
		stage_fini(&s);
		stage_init(&s, role, 9);
		stage_reach(&s, NEGOTIATION_READY);
		stage_verify(&s, 1, US, PEER, "a", "a key of some length that is sent");
		stage_verify(&s, 2, US, PEER, "b", "a key of some length that is sent");
		stage_say_type(&s, "verify", "a", "valid");
		stage_fini(&s);
		stage_init(&s, role, 9);
		stage_reach(&s, NEGOTIATION_AUTH);
		stage_make(&s, NS_SASL, "challenge", "Zm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9v", NULL);
		stage_say(&s);
	} else {
		stage_reach(&s, NEGOTIATION_OPEN);
		stage_reach(&s, NEGOTIATION_AUTH);
		stage_make(&s, NS_SASL, "response", "Zm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9v", NULL);
		stage_say(&s);
		stage_sasl(&s, SASL_FAILED, NULL);
		stage_make(&s, NS_SASL, "auth", "Zm9vZm9vZm9vZm9v", "mechanism", "EXTERNAL", NULL);
		stage_say(&s);
		stage_sasl(&s, SASL_FAILED, NULL);
		stage_make(&s, NS_SASL, "auth", "Zm9vZm9vZm9vZm9v.", "mechanism", "EXTERNAL", NULL);
		stage_say(&s); /* a bad encoding leaves nothing */
	}
	stage_fini(&s);
}

static void test_leaks(void **state)
{
	static enum negotiation_role roles[] = { ROLE_INITIATING, ROLE_RECEIVING };

	(void)state;
	assert_false(leak_grows(live_and_die, &roles[0]));
	assert_false(leak_grows(live_and_die, &roles[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	      cmocka_unit_test(test_classify),
		cmocka_unit_test(test_new),	      cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_ends),	      cmocka_unit_test(test_shut),
		cmocka_unit_test(test_errors),	      cmocka_unit_test(test_stale_certificate),
		cmocka_unit_test(test_stale_sasl),    cmocka_unit_test(test_getters),
		cmocka_unit_test(test_peer_error),    cmocka_unit_test(test_budget),
		cmocka_unit_test(test_deterministic), cmocka_unit_test(test_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
