/* responder: every kind of stanza to a domain with nothing behind it, and its answer word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inside/responder.h"
#include "starve.h"
#include "xml_record.h"
#include "xmpp/ns.h"

#define DOMAIN "chat.example.com"
#define PERSON "romeo@example.org/orchard"
#define BACK "from='chat.example.com' to='romeo@example.org/orchard'"

static char *const abuse[] = { (char[]){ "mailto:abuse@example.com" },
			       (char[]){ "xmpp:a&b@example.com?<>" } };
static char *const support[] = { (char[]){ "https://example.com/" } };

static const struct config_domain with_contacts = {
	.abuse_addresses = { .items = (char **)abuse, .count = 2 },
	.support_addresses = { .items = (char **)support, .count = 1 },
};
static const struct responder_info plain = { .version = "1.2.3" };

/* The stanza INPUT is, out of a stream. */
static struct stanza *stanza_of(const char *input)
{
	static const char header[] =
		"<stream:stream xmlns='" NS_SERVER "' xmlns:stream='" NS_STREAM "'>";
	struct xml_record r;
	struct stanza *s;

	xml_record_init(&r, NULL, NS_SERVER);
	assert_int_equal(xml_record_feed(&r, header, strlen(header), 0), 0);
	assert_int_equal(xml_record_feed(&r, input, strlen(input), 0), 0);
	assert_non_null(r.stanza);
	s = stanza_get(r.stanza);
	xml_record_fini(&r);
	return s;
}

/* OUTPUT NULL: dropped. */
static void check_with(const struct responder_info *info, const char *input, const char *output)
{
	struct stanza *s = stanza_of(input), *answer = responder_answer(s, info), *again;

	if (output) {
		assert_non_null(answer);
		assert_string_equal(stanza_bytes(answer, NULL), output);
		assert_int_equal(stanza_kind(answer), stanza_kind(s));
		/* in canonical form, and never itself answered */
		again = stanza_of(output);
		assert_string_equal(stanza_bytes(again, NULL), output);
		assert_null(responder_answer(again, info));
		stanza_put(again);
	} else if (answer) {
		fail_msg("%s: %s", input, stanza_bytes(answer, NULL));
	}
	stanza_put(answer);
	stanza_put(s);
}

static void check(const char *input, const char *output)
{
	check_with(&plain, input, output);
}

#define GET(to, payload) "<iq type='get' id='1' from='" PERSON "' to='" to "'>" payload "</iq>"
#define SET(to, payload) "<iq type='set' id='1' from='" PERSON "' to='" to "'>" payload "</iq>"
#define RESULT(payload) "<iq " BACK " id='1' type='result'>" payload "</iq>"
#define ERROR(type, condition) \
	"<error type='" type "'><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
#define PING "<ping xmlns='urn:xmpp:ping'/>"
#define INFO "<query xmlns='http://jabber.org/protocol/disco#info'/>"
#define IDENTITY \
	"<query xmlns='http://jabber.org/protocol/disco#info'>" \
	"<identity category='server' type='im' name='fedgate'/>" \
	"<feature var='http://jabber.org/protocol/disco#info'/>" \
	"<feature var='http://jabber.org/protocol/disco#items'/>" \
	"<feature var='jabber:iq:version'/><feature var='urn:xmpp:ping'/>"

/* [XEP-0199 4] */
static void test_ping(void **state)
{
	(void)state;
	check(GET(DOMAIN, PING), "<iq " BACK " id='1' type='result'/>");
	check("<iq type='get' id='&apos;&amp;&lt;&#10;' from='a@b/&apos;' to='" DOMAIN "'>" PING
	      "</iq>",
	      "<iq from='" DOMAIN "' to='a@b/&apos;' id='&apos;&amp;&lt;&#10;' type='result'/>");
	/* however the sender writes the name */
	check("<iq type='get' id='1' from='a' to='CHAT.example.com.'>" PING "</iq>",
	      "<iq from='CHAT.example.com.' to='a' id='1' type='result'/>");
	check("<iq type='get' id='1' from='a' to='c'><p:ping xmlns:p='urn:xmpp:ping'/></iq>",
	      "<iq from='c' to='a' id='1' type='result'/>");
	check("<iq type='get' id='1' from='a' to='c'> " PING "\n</iq>",
	      "<iq from='c' to='a' id='1' type='result'/>");
}

/* [XEP-0092 2]: no operating system */
static void test_version(void **state)
{
	const struct responder_info odd = { .version = "1<2&3" };

	(void)state;
	check(GET(DOMAIN, "<query xmlns='jabber:iq:version'/>"),
	      RESULT("<query xmlns='jabber:iq:version'><name>fedgate</name>"
		     "<version>1.2.3</version></query>"));
	check_with(&odd, GET(DOMAIN, "<query xmlns='jabber:iq:version'/>"),
		   RESULT("<query xmlns='jabber:iq:version'><name>fedgate</name>"
			  "<version>1&lt;2&amp;3</version></query>"));
}

/* [XEP-0030 3.1] */
static void test_disco_info(void **state)
{
	static const struct config_domain none;
	const struct responder_info nobody = { .version = "1", .domain = &none };

	(void)state;
	check(GET(DOMAIN, INFO), RESULT(IDENTITY "</query>"));
	check_with(&nobody, GET(DOMAIN, INFO), RESULT(IDENTITY "</query>"));
}

/* [XEP-0157 2] */
static void test_contacts(void **state)
{
	const struct responder_info info = { .version = "1", .domain = &with_contacts };

	(void)state;
	check_with(&info, GET(DOMAIN, INFO),
		   RESULT(IDENTITY "<x xmlns='jabber:x:data' type='result'>"
				   "<field var='FORM_TYPE' type='hidden'>"
				   "<value>http://jabber.org/network/serverinfo</value></field>"
				   "<field var='abuse-addresses' type='list-multi'>"
				   "<value>mailto:abuse@example.com</value>"
				   "<value>xmpp:a&amp;b@example.com?&lt;&gt;</value></field>"
				   "<field var='support-addresses' type='list-multi'>"
				   "<value>https://example.com/</value></field></x></query>"));
}

static void test_disco_items(void **state)
{
	(void)state;
	check(GET(DOMAIN, "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
	      RESULT("<query xmlns='http://jabber.org/protocol/disco#items'/>"));
}

/* [XEP-0030 7] */
static void test_nodes(void **state)
{
	(void)state;
	check(GET(DOMAIN, "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>"),
	      "<iq " BACK " id='1' type='error'>" ERROR("cancel", "item-not-found") "</iq>");
	check(GET(DOMAIN, "<query xmlns='http://jabber.org/protocol/disco#items' node=''/>"),
	      "<iq " BACK " id='1' type='error'>" ERROR("cancel", "item-not-found") "</iq>");
}

#define UNAVAILABLE "type='error'>" ERROR("cancel", "service-unavailable")

static void test_other_requests(void **state)
{
	(void)state;
	check(GET(DOMAIN, "<query xmlns='jabber:iq:roster'/>"),
	      "<iq " BACK " id='1' " UNAVAILABLE "</iq>");
	/* what can be asked cannot be set */
	check(SET(DOMAIN, PING), "<iq " BACK " id='1' " UNAVAILABLE "</iq>");
	check(SET(DOMAIN, INFO), "<iq " BACK " id='1' " UNAVAILABLE "</iq>");
	/* names and namespaces are compared whole */
	check(GET(DOMAIN, "<ping xmlns='urn:xmpp:ping:1'/>"),
	      "<iq " BACK " id='1' " UNAVAILABLE "</iq>");
	check(GET(DOMAIN, "<pong xmlns='urn:xmpp:ping'/>"),
	      "<iq " BACK " id='1' " UNAVAILABLE "</iq>");
	check(GET(DOMAIN, "<ping/>"), "<iq " BACK " id='1' " UNAVAILABLE "</iq>");
	check(GET(DOMAIN, "<x xmlns='urn:x'>" PING "</x>"),
	      "<iq " BACK " id='1' " UNAVAILABLE "</iq>");
}

/* [RFC6120 8.2.3] */
static void test_malformed_requests(void **state)
{
	static const char bad[] =
		"<iq " BACK " id='1' type='error'>" ERROR("modify", "bad-request") "</iq>";

	(void)state;
	check(GET(DOMAIN, ""), bad);
	check(GET(DOMAIN, "text"), bad);
	check(GET(DOMAIN, PING PING), bad);
	check(SET(DOMAIN, PING INFO), bad);
	check("<iq id='1' from='" PERSON "' to='" DOMAIN "'>" PING "</iq>", bad);
	check("<iq id='1' type='GET' from='" PERSON "' to='" DOMAIN "'>" PING "</iq>", bad);
	check("<iq id='1' type='' from='" PERSON "' to='a@" DOMAIN "'/>",
	      "<iq from='a@" DOMAIN "' to='" PERSON
	      "' id='1' type='error'>" ERROR("modify", "bad-request") "</iq>");
	check("<iq type='get' from='" PERSON "' to='" DOMAIN "'>" PING "</iq>",
	      "<iq " BACK " type='error'>" ERROR("modify", "bad-request") "</iq>");
}

/* Nobody learns which accounts and resources exist. [RFC6120 13.11] */
static void test_T06_same_answer_everywhere(void **state)
{
	static const char *const to[] = { "juliet@" DOMAIN, "juliet@" DOMAIN "/balcony",
					  DOMAIN "/echo", "JULIET@" DOMAIN, "@" DOMAIN };
	static const char *const payloads[] = { PING, INFO, "<query xmlns='jabber:iq:version'/>",
						"<vCard xmlns='vcard-temp'/>" };
	char input[400], output[400];
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		for (j = 0; j < sizeof(payloads) / sizeof(payloads[0]); j++) {
			snprintf(input, sizeof(input),
				 "<iq type='get' id='1' from='" PERSON "' to='%s'>%s</iq>", to[i],
				 payloads[j]);
			snprintf(output, sizeof(output),
				 "<iq from='%s' to='" PERSON "' id='1' " UNAVAILABLE "</iq>",
				 to[i]);
			check(input, output);
		}
		snprintf(input, sizeof(input),
			 "<message from='" PERSON "' to='%s'><body>hi</body></message>", to[i]);
		snprintf(output, sizeof(output),
			 "<message from='%s' to='" PERSON "' " UNAVAILABLE "</message>", to[i]);
		check(input, output);
	}
}

#define MESSAGE(type) \
	"<message type='" type "' id='m' from='" PERSON "' to='" DOMAIN "'><body>x</body></" \
	"message>"
#define BOUNCED "<message " BACK " id='m' " UNAVAILABLE "</message>"

/* [RFC6121 8.5.2.2.1] */
static void test_messages(void **state)
{
	(void)state;
	check(MESSAGE("chat"), BOUNCED);
	check(MESSAGE("normal"), BOUNCED);
	check(MESSAGE("groupchat"), BOUNCED);
	check(MESSAGE("unheard-of"), BOUNCED);
	check(MESSAGE("headline"), NULL);
	check("<message from='" PERSON "' to='" DOMAIN "'/>",
	      "<message " BACK " " UNAVAILABLE "</message>");
}

#define PRESENCE(type) "<presence type='" type "' from='a@b' to='c@d'/>"

static void test_presence(void **state)
{
	(void)state;
	check("<presence from='a@b/c' to='c@d'/>", NULL);
	check(PRESENCE("unavailable"), NULL);
	check(PRESENCE("probe"), NULL);
	check(PRESENCE("subscribed"), NULL);
	check(PRESENCE("unsubscribe"), NULL);
	check(PRESENCE("unsubscribed"), NULL);
	check(PRESENCE("subscribe"), "<presence from='c@d' to='a@b' " UNAVAILABLE "</presence>");
}

static void test_R07_errors_and_results(void **state)
{
	(void)state;
	check(MESSAGE("error"), NULL);
	check(PRESENCE("error"), NULL);
	check("<iq type='error' id='1' from='a' to='" DOMAIN "'>" PING "</iq>", NULL);
	check("<iq type='result' id='1' from='a' to='" DOMAIN "'/>", NULL);
	check("<iq type='result' from='a' to='x@" DOMAIN "/y'/>", NULL);
}

static bool asked(const char *input)
{
	struct stanza *s = stanza_of(input);
	bool is = responder_is_asked(s);

	stanza_put(s);
	return is;
}

static void test_asked(void **state)
{
	(void)state;
	assert_true(asked(GET(DOMAIN, PING)));
	assert_true(asked(SET("CHAT.EXAMPLE.COM", "")));
	assert_false(asked(GET("a@" DOMAIN, PING)));
	assert_false(asked(GET(DOMAIN "/a", PING)));
	assert_false(asked(GET("", PING)));
	assert_false(asked("<iq type='get' id='1'>" PING "</iq>"));
	assert_false(asked("<iq type='result' id='1' to='" DOMAIN "'/>"));
	assert_false(asked("<message type='get' id='1' to='" DOMAIN "'/>"));
}

/* Memory that runs out at any allocation yields an error or nothing, and leaks nothing. */
static void test_no_memory(void **state)
{
	const struct responder_info info = { .version = "1", .domain = &with_contacts };
	struct stanza *s, *answer;
	bool failed = true;
	unsigned n;

	(void)state;
	if (!starve_can()) /* a sanitizer has the allocator */
		return;
	s = stanza_of(GET(DOMAIN, INFO));
	for (n = 0; failed; n++) {
		starve_after(n);
		answer = responder_answer(s, &info);
		failed = starve_end();
		if (answer && failed)
			assert_string_equal(stanza_type(answer), "error");
		stanza_put(answer);
	}
	assert_true(n > 10);
	stanza_put(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_disco_info),
		cmocka_unit_test(test_contacts),
		cmocka_unit_test(test_disco_items),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_other_requests),
		cmocka_unit_test(test_malformed_requests),
		cmocka_unit_test(test_T06_same_answer_everywhere),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_presence),
		cmocka_unit_test(test_R07_errors_and_results),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("responder", tests, NULL, NULL);
}
