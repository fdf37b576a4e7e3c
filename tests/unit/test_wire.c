/* wire: bytes in, actions out; where one XML stream ends, what a stranger may send, and what is never read. */
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
#include "negotiation/wire.h"
#include "xmpp/ns.h"

#define US "us.example"
#define PEER "peer.example"
#define OPEN \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "
#define HEADER OPEN "from='" PEER "' to='" US "' id='p1' version='1.0'>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define PROCEED "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define AUTH "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>"
#define SUCCESS "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
#define RESULT "<db:result from='" PEER "' to='" US "'>key</db:result>"
#define VALID "<db:result from='" PEER "' to='" US "' type='valid'/>"
#define NO_FEATURES "<stream:features/>"
#define EXTERNAL \
	"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" \
	"<mechanism>EXTERNAL</mechanism></mechanisms></stream:features>"
#define OFFER_TLS \
	"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
#define MAX_STANZA 20000

struct play {
	struct policy policy;
	struct dialback_secret secret;
	struct wire *wire;
	struct cert_name name;
	struct cert_facts certificate;
	struct buf said;    /* notes as "a>b", actions by name, a close with its failure */
	struct buf written; /* what was written */
	uint64_t ticket;
	unsigned ids, delivered;
	size_t delivered_bytes;
};

static void on_action(void *context, const struct negotiation_action *a, const char *bytes,
		      struct stanza *stanza)
{
	struct play *p = context;
	size_t len;

	buf_addf(&p->said, " %s", negotiation_action_str(a->type));
	assert_int_equal(stanza != NULL, a->type == ACTION_DELIVER);
	if (a->type == ACTION_WRITE)
		buf_add(&p->written, bytes + a->offset, a->len);
	if (a->fail)
		buf_addf(&p->said, ":%s", fail_str(a->fail));
	if (a->ticket)
		p->ticket = a->ticket;
	if (!stanza)
		return;
	p->delivered++;
	stanza_bytes(stanza, &len);
	p->delivered_bytes += len;
}

static void on_note(void *context, const struct negotiation_note *note)
{
	struct play *p = context;

	buf_addf(&p->said, " %s>%s", negotiation_state_str(note->from),
		 negotiation_state_str(note->to));
}

static const char *on_stream_id(void *context)
{
	struct play *p = context;

	p->ids++;
	return "s1";
}

static const struct wire_events with_notes = { on_action, on_note, on_stream_id };
static const struct wire_events without_notes = { on_action, NULL, on_stream_id };
static const struct wire_events without_ids = { on_action, NULL, NULL };

static void event(struct play *p, enum negotiation_event_type type)
{
	struct negotiation_event ev = { .type = type, .ticket = p->ticket };

	ev.certificate = &p->certificate;
	ev.fail = FAIL_DONE; /* of SHUT */
	ev.identity = type == EVENT_SASL ? "" : NULL;
	wire_event(p->wire, &ev);
}

static void play_init(struct play *p, enum negotiation_role role, int row,
		      const struct wire_events *events)
{
	struct wire_config config = { .max_stanza = MAX_STANZA };

	memset(p, 0, sizeof(*p));
	make_local(&p->policy, US, true);
	make_partner(&p->policy, PEER, row, false);
	policy_finish(&p->policy);
	assert_int_equal(dialback_secret_init(&p->secret, "a secret of enough bytes", 24), 0);
	p->name = (struct cert_name){ CERT_NAME_DNS, PEER, strlen(PEER) };
	p->certificate =
		(struct cert_facts){ .chain = CERT_CHAIN_OK, .names = &p->name, .name_count = 1 };
	config.negotiation.policy = &p->policy;
	config.negotiation.secret = &p->secret;
	config.negotiation.role = role;
	config.negotiation.local = role == ROLE_INITIATING ? US : NULL;
	config.negotiation.remote = role == ROLE_INITIATING ? PEER : NULL;
	buf_init(&p->said, BUF_MAX_DEFAULT);
	buf_init(&p->written, BUF_MAX_DEFAULT);
	p->wire = wire_new(&config, events, p);
	assert_non_null(p->wire);
	event(p, EVENT_CONNECTED);
}

static void play_fini(struct play *p)
{
	wire_free(p->wire);
	policy_fini(&p->policy);
	buf_fini(&p->said);
	buf_fini(&p->written);
}

static void feed(struct play *p, const char *text)
{
	wire_feed(p->wire, text, strlen(text));
}

static enum negotiation_state state_of(struct play *p)
{
	return negotiation_state(wire_negotiation(p->wire));
}

static enum fail failure_of(struct play *p)
{
	return negotiation_failure(wire_negotiation(p->wire));
}

/* What was said since the last look. */
static void assert_said(struct play *p, const char *want)
{
	assert_int_equal(buf_failed(&p->said), 0);
	assert_string_equal(buf_str(&p->said), want);
	buf_clear(&p->said);
}

/* PREFIX, as many x as make it SIZE bytes in all, SUFFIX; in pieces of CUT bytes. */
static void feed_sized(struct play *p, const char *prefix, const char *suffix, size_t size,
		       size_t cut)
{
	size_t fill = size - strlen(prefix) - strlen(suffix), at;
	char *text = malloc(size + 1);

	assert_non_null(text);
	strcpy(text, prefix);
	memset(text + strlen(prefix), 'x', fill);
	strcpy(text + strlen(prefix) + fill, suffix);
	for (at = 0; at < size; at += cut)
		wire_feed(p->wire, text + at, size - at < cut ? size - at : cut);
	free(text);
}

/* A question to us as authoritative server, which a stranger may ask: it is answered, and the stream goes on. */
static void feed_verify(struct play *p, size_t size, size_t cut)
{
	feed_sized(p, "<db:verify from='" PEER "' to='" US "' id='i'>", "</db:verify>", size, cut);
}

static void feed_message(struct play *p, size_t size, size_t cut)
{
	feed_sized(p, "<message from='u@" PEER "' to='v@" US "'><body>", "</body></message>", size,
		   cut);
}

static void open_by_dialback(struct play *p)
{
	feed(p, HEADER RESULT);
	event(p, EVENT_CHECKED);
	assert_int_equal(state_of(p), NEGOTIATION_OPEN);
	buf_clear(&p->said);
}

static const size_t cuts[] = { SIZE_MAX, 1, 1000 };

static void test_stranger_element(void **state)
{
	static struct play p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		play_init(&p, ROLE_RECEIVING, 9, &without_notes);
		feed(&p, HEADER);
		assert_said(&p, " write");
		feed_verify(&p, WIRE_STRANGER_ELEMENT, cuts[i]); /* exactly */
		assert_said(&p, " write");
		assert_int_equal(state_of(&p), NEGOTIATION_READY);
		feed_verify(&p, WIRE_STRANGER_ELEMENT + 1, cuts[i]);
		assert_said(&p, " write close:stanza-too-big");
		assert_int_equal(failure_of(&p), FAIL_XML_TOO_BIG);
		play_fini(&p);
	}
}

/* The total counts everything, white space too, up to the very byte. */
static void test_stranger_total(void **state)
{
	static struct play p;
	size_t i, left;

	(void)state;
	for (i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		play_init(&p, ROLE_RECEIVING, 9, &without_notes);
		feed(&p, HEADER);
		left = WIRE_STRANGER_BYTES - strlen(HEADER);
		for (; left > 10000; left -= 10000)
			feed_verify(&p, 10000, cuts[i]);
		for (; left > 1000; left--)
			feed(&p, " ");
		feed_verify(&p, left, cuts[i]); /* the last that fits */
		assert_int_equal(state_of(&p), NEGOTIATION_READY);
		assert_said(&p, " write write write write write write write write");
		feed(&p, " ");
		assert_said(&p, " write close:xml-flood");
		assert_int_equal(failure_of(&p), FAIL_XML_FLOOD);
		play_fini(&p);
	}
}

/* Each XML stream of a connection begins to count anew; inside TLS the peer is as much a stranger. */
static void test_stranger_in_tls(void **state)
{
	static struct play p;
	unsigned i;

	(void)state;
	play_init(&p, ROLE_RECEIVING, 9, &without_notes);
	feed(&p, HEADER);
	for (i = 0; i < 6; i++)
		feed_verify(&p, 10000, SIZE_MAX);
	feed(&p, STARTTLS);
	assert_int_equal(state_of(&p), NEGOTIATION_TLS);
	event(&p, EVENT_TLS_UP);
	feed(&p, HEADER);
	event(&p, EVENT_CERTIFICATE);
	for (i = 0; i < 6; i++)
		feed_verify(&p, 10000, SIZE_MAX);
	assert_int_equal(state_of(&p), NEGOTIATION_READY);
	feed_verify(&p, 10000, SIZE_MAX);
	assert_int_equal(failure_of(&p), FAIL_XML_FLOOD);
	play_fini(&p);
}

/* Neither total nor the small size once a pair is up: max_stanza instead. */
static void assert_trusted(struct play *p)
{
	unsigned i;

	assert_true(negotiation_is_authorised(wire_negotiation(p->wire)));
	p->delivered = 0;
	feed_message(p, MAX_STANZA, SIZE_MAX); /* exactly */
	feed_message(p, MAX_STANZA, 777);
	for (i = 0; i < 10; i++)
		feed_message(p, WIRE_STRANGER_ELEMENT + 1, SIZE_MAX);
	assert_int_equal(p->delivered, 12);
	assert_int_equal(p->delivered_bytes, 2 * MAX_STANZA + 10 * (WIRE_STRANGER_ELEMENT + 1));
	assert_int_equal(state_of(p), NEGOTIATION_OPEN);
	feed_message(p, MAX_STANZA + 1, SIZE_MAX);
	assert_int_equal(p->delivered, 12);
	assert_int_equal(failure_of(p), FAIL_XML_TOO_BIG);
}

static void test_trusted_by_dialback(void **state)
{
	static struct play p;

	(void)state;
	play_init(&p, ROLE_RECEIVING, 9, &without_notes);
	open_by_dialback(&p);
	assert_trusted(&p);
	play_fini(&p);
}

static void test_trusted_by_sasl(void **state)
{
	static struct play p;

	(void)state;
	play_init(&p, ROLE_RECEIVING, 8, &without_notes);
	feed(&p, HEADER STARTTLS);
	event(&p, EVENT_TLS_UP);
	feed(&p, HEADER);
	event(&p, EVENT_CERTIFICATE);
	feed(&p, AUTH);
	event(&p, EVENT_SASL);
	feed(&p, HEADER);
	assert_trusted(&p);
	play_fini(&p);
}

/* An initiating stream is trusted from the peer's answer on, behind the very element. */
static void test_trusted_initiating(void **state)
{
	static struct play p;
	unsigned i;

	(void)state;
	play_init(&p, ROLE_INITIATING, 17, &without_ids);
	feed(&p, HEADER NO_FEATURES);
	for (i = 0; i < WIRE_STRANGER_BYTES - 1000; i++)
		feed(&p, " ");
	feed(&p, VALID);
	assert_int_equal(state_of(&p), NEGOTIATION_OPEN);
	for (i = 0; i < 2000; i++)
		feed(&p, "\n");
	assert_int_equal(state_of(&p), NEGOTIATION_OPEN);
	play_fini(&p);
}

/* Nothing in clear behind STARTTLS is ever looked at. [RFC6120 5.4.3.3] */
static void test_plaintext(void **state)
{
	static const char *const injected[] = { HEADER, " ", "\n", "\x16\x03\x01", "<" };
	static struct play p;
	char text[2000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(injected) / sizeof(*injected); i++) {
		play_init(&p, ROLE_RECEIVING, 9, &without_notes);
		snprintf(text, sizeof(text), HEADER STARTTLS "%s", injected[i]);
		feed(&p, text); /* in one piece */
		assert_said(&p, " write write start-tls close:tls-injection");
		assert_int_equal(p.ids, 1);
		play_fini(&p);
		play_init(&p, ROLE_RECEIVING, 9, &without_notes);
		feed(&p, HEADER STARTTLS);
		feed(&p, ""); /* nothing is no injection */
		assert_said(&p, " write write start-tls");
		feed(&p, injected[i]);
		assert_said(&p, " close:tls-injection");
		play_fini(&p);
		play_init(&p, ROLE_INITIATING, 9, &without_ids);
		snprintf(text, sizeof(text), HEADER OFFER_TLS PROCEED "%s", injected[i]);
		feed(&p, text);
		assert_said(&p, " write write start-tls close:tls-injection");
		play_fini(&p);
	}
}

/* Bytewise or whole: the element that starts TLS is the last that is read. */
static void test_starttls_then_tls(void **state)
{
	static const char text[] = HEADER STARTTLS;
	static struct play p;
	size_t i;

	(void)state;
	play_init(&p, ROLE_RECEIVING, 9, &with_notes);
	assert_said(&p, " new>header");
	for (i = 0; i < strlen(text); i++)
		wire_feed(p.wire, text + i, 1);
	assert_said(&p, " header>ready write ready>tls write start-tls");
	event(&p, EVENT_TLS_UP);
	feed(&p, HEADER);
	assert_said(&p, " tls>header header>certificate ask-certificate");
	event(&p, EVENT_CERTIFICATE);
	assert_said(&p, " certificate>ready write");
	assert_int_equal(p.ids, 2); /* a fresh one for each header */
	play_fini(&p);
}

/* After the end everything is ignored, bytes and events. */
static void test_after_death(void **state)
{
	static struct play p;
	int type;

	(void)state;
	play_init(&p, ROLE_RECEIVING, 9, &with_notes);
	feed(&p, HEADER "</stream:stream>" HEADER RESULT);
	assert_said(&p, " new>header header>ready write ready>dead write close:peer-closed");
	buf_clear(&p.written);
	feed(&p, HEADER);
	feed(&p, "<not XML");
	for (type = EVENT_CONNECTED; type < EVENT_HEADER; type++)
		event(&p, (enum negotiation_event_type)type);
	feed(&p, HEADER);
	assert_said(&p, "");
	assert_int_equal(p.written.len, 0);
	assert_int_equal(p.ids, 1);
	assert_int_equal(failure_of(&p), FAIL_PEER_CLOSED);
	play_fini(&p);
	play_init(&p, ROLE_RECEIVING, 9, &with_notes);
	feed(&p, HEADER);
	event(&p, EVENT_LOST);
	buf_clear(&p.said);
	feed(&p, RESULT);
	assert_said(&p, "");
	play_fini(&p);
}

/* SASL's end is an event of the driver's: what follows is a new stream, and what was held back is gone. */
static void test_restart_from_event(void **state)
{
	static const char *const held[] = { "", " ", "<", "<stream:stre", "<x a='" };
	static struct play p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(held) / sizeof(*held); i++) {
		play_init(&p, ROLE_RECEIVING, 8, &with_notes);
		feed(&p, HEADER STARTTLS);
		event(&p, EVENT_TLS_UP);
		feed(&p, HEADER);
		event(&p, EVENT_CERTIFICATE);
		feed(&p, AUTH);
		feed(&p, held[i]);
		buf_clear(&p.said);
		event(&p, EVENT_SASL);
		assert_said(&p, " sasl>header write restart");
		feed(&p, HEADER);
		assert_said(&p, " header>ready ready>open write pair-up opened");
		assert_int_equal(p.ids, 3);
		play_fini(&p);
	}
}

static void begin_sasl(struct play *p)
{
	play_init(p, ROLE_INITIATING, 8, &without_ids);
	feed(p, HEADER OFFER_TLS PROCEED);
	event(p, EVENT_TLS_UP);
	event(p, EVENT_CERTIFICATE);
	feed(p, HEADER EXTERNAL);
	event(p, EVENT_SASL);
	assert_int_equal(state_of(p), NEGOTIATION_AUTH);
	buf_clear(&p->said);
}

/* What follows <success/> in the same bytes belongs to the next stream, wherever they are cut. */
static void test_leftover(void **state)
{
	static const char text[] = SUCCESS HEADER NO_FEATURES;
	static struct play p;
	size_t cut;

	(void)state;
	for (cut = 0; cut <= strlen(text); cut++) {
		begin_sasl(&p);
		wire_feed(p.wire, text, cut);
		wire_feed(p.wire, text + cut, strlen(text) - cut);
		assert_said(&p, " restart write pair-up opened");
		assert_int_equal(state_of(&p), NEGOTIATION_OPEN);
		play_fini(&p);
	}
}

static void test_broken(void **state)
{
	static const struct {
		const char *text;
		enum fail fail;
	} all[] = {
		{ HEADER "<a></b>", FAIL_XML_NOT_WELL_FORMED },
		{ HEADER "<!-- x -->", FAIL_XML_RESTRICTED },
		{ "not XML", FAIL_XML_NOT_WELL_FORMED },
		{ "<x/>", FAIL_XML_INVALID },
		{ "<stream xmlns='urn:x'>", FAIL_XML_NAMESPACE },
		{ HEADER "</stream:stream>", FAIL_PEER_CLOSED },
	};
	static struct play p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char want[64];
		play_init(&p, ROLE_RECEIVING, 9, &without_notes);
		feed(&p, all[i].text);
		snprintf(want, sizeof(want), " close:%s", fail_str(all[i].fail));
		assert_int_equal(failure_of(&p), all[i].fail);
		assert_non_null(strstr(buf_str(&p.said), want));
		assert_non_null(strstr(buf_str(&p.written), "</stream:stream>"));
		play_fini(&p);
	}
}

static void end_at_header(struct play *p, enum negotiation_event_type type, enum fail fail)
{
	struct negotiation_event ev = { .type = type, .fail = fail };

	play_init(p, ROLE_RECEIVING, 9, &without_notes);
	wire_event(p->wire, &ev);
	assert_int_equal(state_of(p), NEGOTIATION_DEAD);
}

/* An error before the peer's header stands in a header of ours, with an id of its own. [RFC6120 4.7.3] */
static void test_id_of_an_error(void **state)
{
	static const struct {
		enum negotiation_event_type type;
		enum fail fail;
	} ends[] = {
		{ EVENT_BROKEN, FAIL_XML_FLOOD },
		{ EVENT_TIMEOUT, FAIL_NONE },
		{ EVENT_SHUT, FAIL_SHUTDOWN },
	};
	static struct play p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		end_at_header(&p, ends[i].type, ends[i].fail);
		assert_non_null(strstr(buf_str(&p.written), " id='s1'"));
		assert_non_null(strstr(buf_str(&p.written), "<stream:error>"));
		assert_int_equal(p.ids, 1);
		play_fini(&p);
	}
	end_at_header(&p, EVENT_LOST, FAIL_NONE); /* nothing is written: no id is spent */
	assert_int_equal(p.ids, 0);
	play_fini(&p);
	play_init(&p, ROLE_RECEIVING, 9, &without_notes);
	feed(&p, HEADER);
	event(&p, EVENT_TIMEOUT); /* the header that it stands in has one */
	assert_int_equal(p.ids, 1);
	play_fini(&p);
	play_init(&p, ROLE_INITIATING, 9, &without_ids);
	event(&p, EVENT_TIMEOUT);
	assert_said(&p, " write write close:establishment-timeout");
	play_fini(&p);
}

/* A step that runs out of room ends the stream in the middle of its bytes. */
static void test_out_of_room(void **state)
{
	struct wire_config config = { .max_stanza = MAX_STANZA };
	struct negotiation_event ask = {
		.type = EVENT_VERIFY, .local = US, .remote = PEER, .id = "i"
	};
	static struct play p;
	char key[4000];
	unsigned i;

	(void)state;
	memset(key, '&', sizeof(key)); /* five bytes each when written */
	key[sizeof(key) - 1] = '\0';
	ask.key = key;
	play_init(&p, ROLE_INITIATING, 17, &without_ids);
	wire_free(p.wire);
	config.negotiation = (struct negotiation_config){ .policy = &p.policy,
							  .secret = &p.secret,
							  .verify_only = true,
							  .local = US,
							  .remote = PEER };
	p.wire = wire_new(&config, &without_ids, &p);
	event(&p, EVENT_CONNECTED);
	for (i = 0; i < 10; i++)
		wire_event(p.wire, &ask);
	buf_clear(&p.said);
	feed(&p, HEADER NO_FEATURES "<db:verify/>");
	assert_said(&p, " close:no-memory");
	play_fini(&p);
}

/* A stanza is handed on with the action that lets it pass, and with no other. */
static void test_deliver(void **state)
{
	static struct play p;

	(void)state;
	play_init(&p, ROLE_RECEIVING, 9, &with_notes);
	open_by_dialback(&p);
	feed(&p,
	     "<message from='u@" PEER "' to='" US "'/><presence from='" PEER "' to='v@" US "'/>");
	assert_said(&p, " deliver deliver");
	assert_int_equal(p.delivered, 2);
	event(&p, EVENT_SHUT);
	feed(&p, "<iq from='" PEER "' to='" US "' type='result'/>"); /* it may still deliver */
	assert_said(&p, " open>closing write deliver");
	feed(&p, "<message from='x@elsewhere.example' to='" US "'/>");
	assert_int_equal(p.delivered, 3);
	assert_int_equal(state_of(&p), NEGOTIATION_DEAD);
	play_fini(&p);
}

static void live_and_die(void *context)
{
	static struct play p;

	(void)context;
	wire_free(NULL);
	play_init(&p, ROLE_RECEIVING, 9, &without_notes);
	open_by_dialback(&p);
	feed(&p, "<message from='u@" PEER "' to='" US "'>"); /* cut off */
	play_fini(&p);
	play_init(&p, ROLE_RECEIVING, 9, &without_notes);
	feed(&p, HEADER STARTTLS);
	event(&p, EVENT_TLS_UP);
	feed(&p, HEADER);
	event(&p, EVENT_CERTIFICATE);
	feed(&p, AUTH);
	event(&p, EVENT_SASL);
	feed(&p, HEADER);
	event(&p, EVENT_LOST);
	play_fini(&p);
	begin_sasl(&p);
	feed(&p, SUCCESS HEADER NO_FEATURES "<broken");
	feed(&p, "<");
	play_fini(&p);
}

static void test_leaks(void **state)
{
	(void)state;
	assert_false(leak_grows(live_and_die, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stranger_element), cmocka_unit_test(test_stranger_total),
		cmocka_unit_test(test_stranger_in_tls),	 cmocka_unit_test(test_trusted_by_dialback),
		cmocka_unit_test(test_trusted_by_sasl),	 cmocka_unit_test(test_trusted_initiating),
		cmocka_unit_test(test_plaintext),	 cmocka_unit_test(test_starttls_then_tls),
		cmocka_unit_test(test_after_death),	 cmocka_unit_test(test_restart_from_event),
		cmocka_unit_test(test_leftover),	 cmocka_unit_test(test_broken),
		cmocka_unit_test(test_id_of_an_error),	 cmocka_unit_test(test_out_of_room),
		cmocka_unit_test(test_deliver),		 cmocka_unit_test(test_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
