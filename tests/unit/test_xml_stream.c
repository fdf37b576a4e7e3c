/* xml_stream: what it delivers, however it is fed, and how a stream stops. What it refuses: test_xml_stream_refuse.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "xml_record.h"
#include "xmpp/ns.h"

#define HEADER \
	"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' " \
	"from='a.example' to='b.example' version='1.0'>"

/* A whole stream with everything that a scanner can trip over. */
static const char plain[] =
	"<?xml version='1.0' encoding=\"utf-8\" ?>\r\n"
	"<stream:stream\n\txmlns = 'jabber:server' xmlns:stream = "
	"\"http://etherx.jabber.org/streams\"\n"
	"  xmlns:db='jabber:server:dialback' from='a.example' to='b.example' id='&lt;\"&gt;' "
	"version='1.0' xml:lang='en' >\n"
	"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
	"</stream:features >  \n"
	"<db:result to='b.example' from='a.example'>1e70&amp;1<![CDATA[ ]]]]>]]&gt;</db:result>"
	"<message from='r\xc3\xb6meo@a.example/>' to=\"b.example\" id='1/>' type='chat'><body >"
	"a &lt; b > c &#x1F600;\xf0\x9f\x98\x80 &#000013;\r\n]] ]<![CDATA[<x "
	"a='>]]>]]&gt;<![CDATA[]]></body\n>"
	"<x xmlns='urn:x' a = '=\"/>' b=\"'&#10;'\"/></message>\n \n"
	"<presence/><iq type='get' id='2'><q:query xmlns:q='urn:q'><q:a><q:b/></q:a></q:query></iq>"
	"</stream:stream >\r\n ";

static const char plain_events[] =
	"header jabber:server from=[a.example] to=[b.example] id=[<\">] version=[1.0] lang=[en] "
	"dialback\n"
	"element {http://etherx.jabber.org/streams}features []\n"
	"  {urn:ietf:params:xml:ns:xmpp-tls}starttls []\n"
	"    {urn:ietf:params:xml:ns:xmpp-tls}required []\n"
	"element {jabber:server:dialback}result {}to=[b.example] {}from=[a.example] [1e70&1 "
	"]]]]>]\n"
	"stanza message from=[r\xc3\xb6meo@a.example/>] to=[b.example] id=[1/>] type=[chat]\n"
	"  <message from='r\xc3\xb6meo@a.example/>' to='b.example' id='1/>' type='chat' "
	"xml:lang='en'>"
	"<body>a &lt; b &gt; c \xf0\x9f\x98\x80\xf0\x9f\x98\x80 &#13;\n]] ]&lt;x "
	"a='&gt;]]&gt;</body>"
	"<x xmlns='urn:x' a='=\"/>' b='&apos;&#10;&apos;'/></message>\n"
	"stanza presence\n"
	"  <presence xml:lang='en'/>\n"
	"stanza iq id=[2] type=[get]\n"
	"  <iq type='get' id='2' xml:lang='en'><q:query "
	"xmlns:q='urn:q'><q:a><q:b/></q:a></q:query></iq>\n"
	"footer\n";

static void check_events(const char *input, const char *events, size_t step)
{
	struct xml_record r;

	xml_record_init(&r, NULL, NULL);
	assert_int_equal(xml_record_feed(&r, input, strlen(input), step), 0);
	assert_string_equal(xml_record_text(&r), events);
	assert_int_equal(r.eaten, strlen(input));
	xml_record_fini(&r);
}

static void test_delivers(void **state)
{
	(void)state;
	check_events(plain, plain_events, 0);
}

/* Every size of piece, from bytes alone on. */
static void test_X13_every_step(void **state)
{
	size_t step;

	(void)state;
	for (step = 1; step <= sizeof(plain); step++)
		check_events(plain, plain_events, step);
}

/* Every way to cut it into three. */
static void test_X13_every_two_cuts(void **state)
{
	static const char input[] =
		"<?xml version='1.0'?><s:stream xmlns:s='" NS_STREAM "' xmlns='jabber:server'>"
		"<iq id='&#228;\xc3\xa4'>\xc3\xa4&amp;<![CDATA[]]]>]&#13;\r\n</iq> "
		"<a/></s:stream>\n";
	static const char events[] = "header jabber:server\nstanza iq id=[\xc3\xa4\xc3\xa4]\n"
				     "  <iq id='\xc3\xa4\xc3\xa4'>\xc3\xa4&amp;]]&#13;\n</iq>\n"
				     "element {jabber:server}a []\nfooter\n";
	size_t len = strlen(input), i, k;
	struct xml_record r;

	(void)state;
	for (i = 0; i <= len; i++) {
		for (k = i; k <= len; k++) {
			xml_record_init(&r, NULL, NULL);
			assert_int_equal(xml_record_feed(&r, input, i, 0), 0);
			assert_int_equal(xml_record_feed(&r, input + i, k - i, 0), 0);
			assert_int_equal(xml_record_feed(&r, input + k, len - k, 0), 0);
			assert_string_equal(xml_record_text(&r), events);
			xml_record_fini(&r);
		}
	}
}

/* A stream that rests whenever it may says and takes the same as one that never does, wherever the input is cut. */
static void test_rest(void **state)
{
	static const char input[] =
		"<?xml version='1.0'?><s:stream xmlns:s='" NS_STREAM
		"' xmlns:e='urn:e' xml:lang='de' "
		"xmlns='jabber:server'> <iq id='&#228;'><e:x>&amp;</e:x></iq> \n<a/><iq/>"
		"<e:b><c/></e:b> </s:stream>\n";
	size_t len = strlen(input), step, at;
	struct xml_record plainly, r;

	(void)state;
	xml_record_init(&plainly, NULL, NULL);
	assert_int_equal(xml_record_feed(&plainly, input, len, 0), 0);
	assert_int_equal(plainly.events, 6);
	for (step = 1; step <= len; step++) {
		xml_record_init(&r, NULL, NULL);
		for (at = 0; at < len; at += step) {
			xml_stream_rest(r.stream);
			xml_stream_rest(r.stream);
			assert_int_equal(xml_record_feed(&r, input + at,
							 len - at < step ? len - at : step, 0),
					 0);
		}
		assert_string_equal(xml_record_text(&r), xml_record_text(&plainly));
		xml_record_fini(&r);
	}
	xml_record_fini(&plainly);
}

/* It is still in its namespaces, and what was wrong stays wrong. */
static void test_rest_then_refuse(void **state)
{
	static const char header[] = "<s:stream xmlns:s='" NS_STREAM "' xmlns='jabber:server'>";
	static const char *const wrong[] = { "<e:a/>",	  "<a",	  "</s:other>",
					     "</stream>", "text", "<!--" };
	struct xml_record rested, awake;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		xml_record_init(&rested, NULL, NULL);
		xml_record_init(&awake, NULL, NULL);
		assert_int_equal(xml_record_feed(&rested, header, strlen(header), 0), 0);
		assert_int_equal(xml_record_feed(&awake, header, strlen(header), 0), 0);
		xml_stream_rest(rested.stream);
		assert_int_equal(xml_record_feed(&rested, wrong[i], strlen(wrong[i]), 0),
				 xml_record_feed(&awake, wrong[i], strlen(wrong[i]), 0));
		assert_string_equal(xml_record_text(&rested), xml_record_text(&awake));
		xml_record_fini(&rested);
		xml_record_fini(&awake);
	}
}

static void test_X13_tag_name_ends(void **state)
{
	static const char *const tags[] = { "<presence/>",
					    "<presence />",
					    "<presence\n/>",
					    "<presence\t></presence>",
					    "<presence></presence\r\n >",
					    "<presence\n></presence>" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct xml_record r;
		xml_record_init(&r, NULL, NULL);
		assert_int_equal(xml_record_feed(&r, HEADER, strlen(HEADER), 1), 0);
		assert_int_equal(xml_record_feed(&r, tags[i], strlen(tags[i]), 1), 0);
		assert_string_equal(buf_str(&r.bytes), "<presence/>");
		xml_record_fini(&r);
	}
}

/* An element is delivered with its last byte, not one later: nothing may wait for more [RFC6120 4.6.1]. */
static void test_delivers_at_once(void **state)
{
	static const char input[] = HEADER "<presence/><iq><x/></iq><a>1</a></stream:stream>";
	static const char *const ends[] = { HEADER, HEADER "<presence/>",
					    HEADER "<presence/><iq><x/></iq>",
					    HEADER "<presence/><iq><x/></iq><a>1</a>", input };
	struct xml_record r;
	size_t i;

	(void)state;
	xml_record_init(&r, NULL, NULL);
	for (i = 0; i < sizeof(input) - 1; i++) {
		unsigned due = 0;
		while (due < 5 && strlen(ends[due]) <= i)
			due++;
		assert_int_equal(r.events, due);
		assert_int_equal(xml_record_feed(&r, input + i, 1, 0), 0);
	}
	assert_int_equal(r.events, 5);
	xml_record_fini(&r);
}

/* Stops at the event of that number with LEN bytes of INPUT eaten, wherever the input is cut; calls back no more. */
static void check_stop(const char *input, unsigned event, size_t len)
{
	size_t total = strlen(input), cut;

	for (cut = 0; cut <= total; cut++) {
		struct xml_record r;
		size_t eaten = 99;
		xml_record_init(&r, NULL, NULL);
		r.answer_at = event;
		r.answer = XML_STREAM_STOP;
		xml_record_feed(&r, input, cut, 0);
		assert_int_equal(r.result, cut >= len ? XML_STREAM_STOP : 0);
		if (!r.result)
			xml_record_feed(&r, input + cut, total - cut, 0);
		assert_int_equal(r.result, XML_STREAM_STOP);
		assert_int_equal(r.eaten, len);
		assert_int_equal(r.events, event);
		assert_int_equal(xml_stream_feed(r.stream, "<a/>", 4, &eaten), XML_STREAM_STOP);
		assert_int_equal(eaten, 0);
		assert_int_equal(r.events, event);
		xml_record_fini(&r);
	}
}

/* What lies behind the element is another stream's, whatever it is. */
static void test_restart_takes_its_element(void **state)
{
	static const char *const elements[] = {
		"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
		"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>", "<a>\n<b/>]]</a>",
		"<presence/>", "<message><body>1</body></message >"
	};
	static const char *const behind[] = { "",
					      "<?xml version='1.0'?><stream:stream>",
					      "\x16\x03\x01\x02",
					      "<!--",
					      " \n<a/>",
					      "</stream:stream>" };
	size_t i, k;
	char input[512];

	(void)state;
	for (i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		for (k = 0; k < sizeof(behind) / sizeof(behind[0]); k++) {
			strcpy(input, HEADER);
			strcat(strcat(input, elements[i]), behind[k]);
			check_stop(input, 2, strlen(HEADER) + strlen(elements[i]));
		}
	}
}

static void test_stops_at_header_and_footer(void **state)
{
	(void)state;
	check_stop(HEADER "<a/>", 1, strlen(HEADER));
	check_stop(HEADER "</stream:stream>\n<", 2, strlen(HEADER) + 16);
	check_stop("<x:stream xmlns:x='" NS_STREAM "'/><", 1, strlen(NS_STREAM) + 22);
	check_stop("<x:stream xmlns:x='" NS_STREAM "'/><", 2, strlen(NS_STREAM) + 22);
}

static void test_failure_of_callback_passes(void **state)
{
	static const char input[] = HEADER "<a/><presence/></stream:stream>";
	unsigned event;

	(void)state;
	for (event = 1; event <= 4; event++) {
		struct xml_record r;
		xml_record_init(&r, NULL, NULL);
		r.answer_at = event;
		r.answer = -FAIL_BUDGET;
		assert_int_equal(xml_record_feed(&r, input, strlen(input), 0), -FAIL_BUDGET);
		assert_int_equal(xml_stream_feed(r.stream, "<b/>", 4, NULL), -FAIL_BUDGET);
		assert_int_equal(r.events, event);
		xml_record_fini(&r);
	}
}

static void test_header(void **state)
{
	(void)state;
	check_events("<stream xmlns='" NS_STREAM "'>", "header " NS_STREAM "\n", 0);
	check_events("<s:stream xmlns:s='" NS_STREAM "'>", "header \n", 0);
	check_events("<s:stream xmlns='' xmlns:s='" NS_STREAM "'>", "header \n", 0);
	check_events("\n\t<s:stream xmlns='42' xmlns:s='" NS_STREAM
		     "' s:to='no' lang='no' xml:base='no' "
		     "other='no' to='' version='0.9'/>",
		     "header 42 to=[] version=[0.9]\nfooter\n", 0);
	/* the default namespace is no prefix [XEP-0220 2.1.1] */
	check_events("<s:stream xmlns='jabber:server:dialback' xmlns:s='" NS_STREAM "'>",
		     "header jabber:server:dialback\n", 0);
	check_events("<s:stream xmlns:s='" NS_STREAM "' xmlns:x='jabber:server:dialback'>",
		     "header  dialback\n", 0);
}

/* Elements of the content namespace alone are stanzas, those of three names; the rest is the engine's to judge. */
static void test_stanza_or_element(void **state)
{
	(void)state;
	check_events(HEADER "<messages/><message xmlns='jabber:client'/><iq xmlns=''/>"
			    "<s:presence xmlns:s='jabber:server'/><Message/><i/>",
		     "header jabber:server from=[a.example] to=[b.example] version=[1.0]\n"
		     "element {jabber:server}messages []\nelement {jabber:client}message []\n"
		     "element {}iq []\nstanza presence\n  <presence/>\n"
		     "element {jabber:server}Message []\nelement {jabber:server}i []\n",
		     0);
}

/* Declarations on an element leave nothing to the stanza behind it. */
static void test_element_then_stanza(void **state)
{
	(void)state;
	check_events(
		"<s:stream xmlns:s='" NS_STREAM "' xmlns='jabber:server' xmlns:h='urn:h'>"
		"<a xmlns='urn:a' xmlns:h='urn:i' xmlns:n='urn:n'><b xmlns='urn:b' h:c=''/></a>"
		"<iq><h:d/></iq>",
		"header jabber:server\nelement {urn:a}a []\n  {urn:b}b {urn:i}c=[] []\n"
		"stanza iq\n  <iq><h:d xmlns:h='urn:h'/></iq>\n",
		0);
}

static void test_X21_compress_is_an_element(void **state)
{
	(void)state;
	check_events(HEADER
		     "<compress "
		     "xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>",
		     "header jabber:server from=[a.example] to=[b.example] version=[1.0]\n"
		     "element {http://jabber.org/protocol/compress}compress []\n"
		     "  {http://jabber.org/protocol/compress}method [zlib]\n",
		     0);
}

/* White space between elements is keepalive [RFC6120 4.6.1]. */
static void test_keepalive(void **state)
{
	struct xml_record r;

	(void)state;
	xml_record_init(&r, NULL, NULL);
	assert_int_equal(xml_record_feed(&r, HEADER, strlen(HEADER), 0), 0);
	assert_int_equal(xml_record_feed(&r, " \r\n\t  ", 6, 1), 0);
	assert_int_equal(xml_record_feed(&r, "<a/> ", 5, 1), 0);
	assert_int_equal(xml_record_feed(&r, "\n", 1, 1), 0);
	assert_int_equal(r.events, 2);
	xml_record_fini(&r);
}

/* Once authenticated, a stream is freed of its total in the middle of what was fed; and the other way round. */
static void test_limits_change_in_callback(void **state)
{
	static const char input[] =
		HEADER "<a/><b/><c/>                                        <d/>";
	struct xml_stream_limits tight = XML_STREAM_LIMITS_DEFAULT,
				 loose = XML_STREAM_LIMITS_DEFAULT;
	size_t step;

	(void)state;
	tight.total_bytes = strlen(HEADER) + 2;
	for (step = 0; step < 40; step++) {
		struct xml_record r;
		xml_record_init(&r, &tight, NULL);
		r.relax = &loose;
		assert_int_equal(xml_record_feed(&r, input, strlen(input), step), 0);
		assert_int_equal(r.events, 5);
		xml_record_fini(&r);
		xml_record_init(&r, &loose, NULL);
		r.relax = &tight;
		assert_int_equal(xml_record_feed(&r, input, strlen(input), step), -FAIL_XML_FLOOD);
		assert_int_equal(r.events, 1);
		xml_record_fini(&r);
	}
}

/* One token of 256 KiB, a byte at a time: seconds of CPU time where the cost is linear, minutes where it is not. */
static void check_linear(const char *before, char fill, const char *after)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;
	size_t before_len = strlen(before), n = 262144, i;
	clock_t start = clock();
	struct xml_record r;

	limits.element_bytes = limits.tag_bytes = 2 * n;
	xml_record_init(&r, &limits, NULL);
	xml_record_feed(&r, HEADER, strlen(HEADER), 0);
	assert_int_equal(xml_record_feed(&r, before, before_len, 1), 0);
	for (i = 0; i < n; i++) {
		if (xml_stream_feed(r.stream, &fill, 1, NULL))
			break;
	}
	assert_int_equal(i, n);
	assert_int_equal(xml_record_feed(&r, after, strlen(after), 1), 0);
	assert_int_equal(r.events, 2);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 8);
	xml_record_fini(&r);
}

static void test_X14_linear(void **state)
{
	(void)state;
	check_linear("<iq a='", 'x', "'/>");
	check_linear("<iq a='", '>', "'/>");
	check_linear("<iq", ' ', "/>");
	check_linear("<iq>", 'x', "</iq>");
	check_linear("<iq>", ']', "</iq>");
	check_linear("<iq>", '\r', "</iq>");
	check_linear("<iq>&#", '0', "65;</iq>");
	check_linear("<iq><![CDATA[", ']', "]]></iq>");
	check_linear("<iq><![CDATA[", '>', "]]></iq>");
	check_linear("<a>", 'x', "</a>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivers),
		cmocka_unit_test(test_X13_every_step),
		cmocka_unit_test(test_X13_every_two_cuts),
		cmocka_unit_test(test_X13_tag_name_ends),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_rest_then_refuse),
		cmocka_unit_test(test_delivers_at_once),
		cmocka_unit_test(test_restart_takes_its_element),
		cmocka_unit_test(test_stops_at_header_and_footer),
		cmocka_unit_test(test_failure_of_callback_passes),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_stanza_or_element),
		cmocka_unit_test(test_element_then_stanza),
		cmocka_unit_test(test_X21_compress_is_an_element),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_limits_change_in_callback),
		cmocka_unit_test(test_X14_linear),
	};

	return cmocka_run_group_tests_name("xml_stream", tests, NULL, NULL);
}
