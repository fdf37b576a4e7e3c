/* compose and features: what a negotiation writes, byte by byte, and read back by the parser that peers use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xmpp/compose.h"
#include "xmpp/features.h"
#include "xmpp/ns.h"
#include "xmpp/xml_stream.h"

#define HOSTILE "<&>'\"\r\n\t]]>&amp;\xc3\xa9"

#define OPEN \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'"

static void assert_written(struct buf *b, const char *want)
{
	assert_int_equal(buf_failed(b), 0);
	assert_string_equal(buf_str(b), want);
	buf_clear(b);
}

static void test_header(void **state)
{
	struct buf b;
	struct compose_header h = {
		.from = "a.example", .to = "b.example", .id = "x1", .version = true
	};

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_header(&b, &h);
	assert_written(&b, OPEN " from='a.example' to='b.example' id='x1' version='1.0'>");
	h = (struct compose_header){ .from = "a.example" };
	compose_header(&b, &h);
	assert_written(&b, OPEN " from='a.example'>");
	h = (struct compose_header){ .version = true };
	compose_header(&b, &h);
	assert_written(&b, OPEN " version='1.0'>");
	h = (struct compose_header){ .to = "'><x/>", .id = "&" };
	compose_header(&b, &h);
	assert_written(&b, OPEN " to='&apos;&gt;&lt;x/&gt;' id='&amp;'>");
	compose_footer(&b);
	assert_written(&b, "</stream:stream>");
	buf_fini(&b);
}

/* [XEP-0114 3] */
static void test_component_header(void **state)
{
	static const char open[] =
		"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams'";
	struct buf b;
	char want[300];

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_component_header(&b, "chat.example.com", "x1");
	snprintf(want, sizeof(want), "%s from='chat.example.com' id='x1'>", open);
	assert_written(&b, want);
	compose_component_header(&b, NULL, "'<");
	snprintf(want, sizeof(want), "%s id='&apos;&lt;'>", open);
	assert_written(&b, want);
	buf_fini(&b);
}

/* [RFC6120 4.9.2]: condition, text, application, in that order */
static void test_stream_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_stream_error(&b, "host-unknown", NULL, NULL);
	assert_written(&b, "<stream:error><host-unknown "
			   "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
	compose_stream_error(&b, "policy-violation", "Too <big> & 'wide'.", "stanza-too-big");
	assert_written(&b, "<stream:error><policy-violation "
			   "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			   "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>"
			   "Too &lt;big&gt; &amp; &apos;wide&apos;.</text>"
			   "<stanza-too-big xmlns='urn:xmpp:errors'/></stream:error>");
	compose_stream_error(&b, "reset", "", NULL);
	assert_written(&b, "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			   "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>"
			   "</text></stream:error>");
	compose_stream_error(&b, "reset", NULL, "x");
	assert_written(&b, "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			   "<x xmlns='urn:xmpp:errors'/></stream:error>");
	buf_fini(&b);
}

static void test_tls(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_tls(&b, "starttls");
	assert_written(&b, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	compose_tls(&b, "proceed");
	assert_written(&b, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	buf_fini(&b);
}

/* [RFC6120 6.4.2]: nothing, something that is empty, and something are three things */
static void test_sasl(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_sasl(&b, "auth", "EXTERNAL", NULL, 0);
	assert_written(&b, "<auth xmlns='" NS_SASL "' mechanism='EXTERNAL'/>");
	compose_sasl(&b, "auth", "EXTERNAL", "", 0);
	assert_written(&b, "<auth xmlns='" NS_SASL "' mechanism='EXTERNAL'>=</auth>");
	compose_sasl(&b, "auth", "EXTERNAL", "a.example", 9);
	assert_written(&b, "<auth xmlns='" NS_SASL "' mechanism='EXTERNAL'>YS5leGFtcGxl</auth>");
	compose_sasl(&b, "auth", "EXTERNAL", "a\0", 2);
	assert_written(&b, "<auth xmlns='" NS_SASL "' mechanism='EXTERNAL'>YQA=</auth>");
	compose_sasl(&b, "challenge", NULL, NULL, 0);
	assert_written(&b, "<challenge xmlns='" NS_SASL "'/>");
	compose_sasl(&b, "response", NULL, "", 0);
	assert_written(&b, "<response xmlns='" NS_SASL "'/>");
	compose_sasl(&b, "response", NULL, "f", 1);
	assert_written(&b, "<response xmlns='" NS_SASL "'>Zg==</response>");
	compose_sasl(&b, "success", NULL, NULL, 0);
	assert_written(&b, "<success xmlns='" NS_SASL "'/>");
	compose_sasl_failure(&b, "not-authorized");
	assert_written(&b, "<failure xmlns='" NS_SASL "'><not-authorized/></failure>");
	buf_fini(&b);
}

/* Where there is no room for the data nothing is written behind the buffer's end. */
static void test_sasl_budget(void **state)
{
	const size_t whole = strlen("<response xmlns='" NS_SASL "'></response>") + 400;
	char data[300] = { 0 };
	struct buf b;
	size_t max;

	(void)state;
	for (max = 0; max < whole + 10; max++) {
		buf_init(&b, max);
		compose_sasl(&b, "response", NULL, data, sizeof(data));
		assert_true(b.len <= max);
		assert_int_equal(buf_failed(&b), max < whole ? -FAIL_BUDGET : 0);
		if (max >= whole)
			assert_int_equal(b.len, whole);
		buf_fini(&b);
	}
}

/* [XEP-0220 2.1.1, 2.4, 2.5] */
static void test_dialback(void **state)
{
	struct compose_dialback d = {
		.name = "result", .from = "a.example", .to = "b.example", .text = "0123abcd"
	};
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_dialback(&b, &d);
	assert_written(&b, "<db:result from='a.example' to='b.example'>0123abcd</db:result>");
	d = (struct compose_dialback){
		.name = "verify", .from = "a.example", .to = "b.example", .id = "s1", .text = "k"
	};
	compose_dialback(&b, &d);
	assert_written(&b, "<db:verify from='a.example' to='b.example' id='s1'>k</db:verify>");
	d = (struct compose_dialback){ .name = "verify",
				       .from = "b.example",
				       .to = "a.example",
				       .id = "s1",
				       .type = "valid" };
	compose_dialback(&b, &d);
	assert_written(&b, "<db:verify from='b.example' to='a.example' id='s1' type='valid'/>");
	d = (struct compose_dialback){ .name = "result",
				       .from = "b.example",
				       .to = "a.example",
				       .type = "error",
				       .condition = "item-not-found",
				       .text = "never beside an error" };
	compose_dialback(&b, &d);
	assert_written(&b, "<db:result from='b.example' to='a.example' type='error'>"
			   "<error type='cancel'><item-not-found "
			   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>");
	d.condition = "resource-constraint";
	compose_dialback(&b, &d);
	assert_written(&b, "<db:result from='b.example' to='a.example' type='error'>"
			   "<error type='wait'><resource-constraint "
			   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>");
	buf_fini(&b);
}

/* What the peer's side of this makes of it. */
struct reader {
	unsigned headers, elements, footers;
	char id[64], from[64], text[64];
	size_t children;
	struct features features;
};

static void keep(char to[64], const char *text)
{
	assert_true(text && strlen(text) < 64);
	strcpy(to, text);
}

static int on_header(void *context, const struct xml_header *h)
{
	struct reader *r = context;

	r->headers++;
	keep(r->id, h->id ? h->id : "");
	keep(r->from, h->from ? h->from : "");
	assert_string_equal(h->content_ns, NS_SERVER);
	assert_true(h->dialback);
	return 0;
}

static int on_element(void *context, const struct element *e)
{
	struct reader *r = context;
	const struct element *child;

	r->elements++;
	r->children = 0;
	for (child = e->children; child; child = child->next)
		r->children++;
	keep(r->text, e->text);
	if (element_attribute(e, "id"))
		keep(r->id, element_attribute(e, "id"));
	if (element_attribute(e, "from"))
		keep(r->from, element_attribute(e, "from"));
	if (features_is(e))
		r->features = features_read(e);
	return 0;
}

static int on_stanza(void *context, struct stanza *s)
{
	(void)context;
	(void)s;
	fail_msg("a stanza");
	return 0;
}

static int on_footer(void *context)
{
	((struct reader *)context)->footers++;
	return 0;
}

static const struct xml_stream_events events = { on_header, on_element, on_stanza, on_footer };

/* Reads what is in B as one stream's bytes. */
static void read_back(struct buf *b, struct reader *r)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;
	struct xml_stream *x;

	memset(r, 0, sizeof(*r));
	x = xml_stream_new(&events, r, &limits, NS_SERVER);
	assert_int_equal(buf_failed(b), 0);
	assert_int_equal(xml_stream_feed(x, b->data, b->len, NULL), 0);
	xml_stream_free(x);
	assert_int_equal(r->headers, 1);
	assert_int_equal(r->footers, 1);
	buf_clear(b);
}

/* Text from outside is data wherever it stands: it opens no element, closes none, and comes back whole. */
static void test_hostile_text(void **state)
{
	struct compose_header h = { .from = HOSTILE, .id = HOSTILE, .version = true };
	struct compose_dialback d = { .name = "verify",
				      .from = HOSTILE,
				      .to = HOSTILE,
				      .id = HOSTILE,
				      .type = HOSTILE,
				      .text = HOSTILE };
	struct reader r;
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_header(&b, &h);
	compose_footer(&b);
	read_back(&b, &r);
	assert_string_equal(r.id, HOSTILE);
	assert_string_equal(r.from, HOSTILE);
	h = (struct compose_header){ .version = true };
	compose_header(&b, &h);
	compose_dialback(&b, &d);
	compose_footer(&b);
	read_back(&b, &r);
	assert_int_equal(r.elements, 1);
	assert_int_equal(r.children, 0);
	assert_string_equal(r.id, HOSTILE);
	assert_string_equal(r.from, HOSTILE);
	assert_string_equal(r.text, HOSTILE);
	compose_header(&b, &h);
	compose_stream_error(&b, "reset", HOSTILE, "x");
	compose_footer(&b);
	read_back(&b, &r);
	assert_int_equal(r.elements, 1);
	assert_int_equal(r.children, 3);
	compose_header(&b, &h);
	compose_sasl(&b, "auth", HOSTILE, HOSTILE, strlen(HOSTILE));
	compose_footer(&b);
	read_back(&b, &r);
	assert_int_equal(r.elements, 1);
	assert_int_equal(r.children, 0);
	buf_fini(&b);
}

static void read_features(struct buf *b, const char *xml, struct reader *r)
{
	struct compose_header h = { .version = true };

	compose_header(b, &h);
	buf_adds(b, xml);
	compose_footer(b);
	read_back(b, r);
	assert_int_equal(r->elements, 1);
}

/* Every set that can be written comes back as it was. */
static void test_features_round_trip(void **state)
{
	struct buf b, text;
	struct reader r;
	unsigned bits;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	buf_init(&text, BUF_MAX_DEFAULT);
	for (bits = 0; bits < 32; bits++) {
		struct features f = {
			.starttls = bits & 1,
			.starttls_required = bits & 2,
			.external = bits & 4,
			.dialback = bits & 8,
			.max_bytes = bits & 16 ? UINT64_MAX - bits : 0,
		};
		buf_clear(&text);
		features_write(&text, &f);
		read_features(&b, buf_str(&text), &r);
		assert_int_equal(r.features.starttls, f.starttls);
		assert_int_equal(r.features.starttls_required, f.starttls && f.starttls_required);
		assert_int_equal(r.features.external, f.external);
		assert_int_equal(r.features.dialback, f.dialback);
		assert_int_equal(r.features.dialback_errors, f.dialback);
		assert_true(r.features.max_bytes == f.max_bytes);
	}
	buf_fini(&text);
	buf_fini(&b);
}

static void test_features_bytes(void **state)
{
	struct features f = { true, true, true, true, false, 262144 };
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	features_write(&b, &f);
	assert_written(&b,
		       "<stream:features>"
		       "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
		       "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
		       "<mechanism>EXTERNAL</mechanism></mechanisms>"
		       "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
		       "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>262144</max-bytes>"
		       "</limits></stream:features>");
	memset(&f, 0, sizeof(f));
	features_write(&b, &f);
	assert_written(&b, "<stream:features></stream:features>");
	buf_fini(&b);
}

/* [XEP-0478 2]: what is no number is no limit; nobody may accept less than 10000 bytes [RFC6120 13.12] */
static void test_features_limits(void **state)
{
	static const struct {
		const char *text;
		uint64_t max_bytes;
	} cases[] = {
		{ "<max-bytes>262144</max-bytes>", 262144 },
		{ "<max-bytes>\n 10001 </max-bytes><idle-seconds>60</idle-seconds>", 10001 },
		{ "<max-bytes>9999</max-bytes>", 10000 },
		{ "<max-bytes>0</max-bytes>", 10000 },
		{ "<max-bytes>18446744073709551615</max-bytes>", UINT64_MAX },
		{ "<max-bytes>18446744073709551616</max-bytes>", 0 },
		{ "<max-bytes>000000000000000000000000020000</max-bytes>", 0 },
		{ "<max-bytes>-1</max-bytes>", 0 },
		{ "<max-bytes>256k</max-bytes>", 0 },
		{ "<max-bytes/>", 0 },
		{ "<max-bytes xmlns='urn:x'>20000</max-bytes>", 0 },
		{ "", 0 },
	};
	struct reader r;
	struct buf b, text;
	size_t i;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	buf_init(&text, BUF_MAX_DEFAULT);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&text);
		buf_addf(&text,
			 "<stream:features><limits xmlns='" NS_LIMITS "'>%s</limits>"
			 "</stream:features>",
			 cases[i].text);
		read_features(&b, buf_str(&text), &r);
		assert_true(r.features.max_bytes == cases[i].max_bytes);
	}
	read_features(&b,
		      "<stream:features><max-bytes xmlns='" NS_LIMITS "'>20000</max-bytes>"
		      "</stream:features>",
		      &r);
	assert_true(r.features.max_bytes == 0);
	buf_fini(&text);
	buf_fini(&b);
}

/* What others write: unknown features, other mechanisms, names in the wrong namespace. */
static void test_features_of_others(void **state)
{
	struct reader r;
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	read_features(&b,
		      "<stream:features><x xmlns='urn:x'/><mechanisms xmlns='" NS_SASL "'>"
		      "<mechanism>PLAIN</mechanism><mechanism>EXTERNAL</mechanism></mechanisms>"
		      "<dialback xmlns='urn:xmpp:features:dialback'/>"
		      "<starttls xmlns='" NS_TLS "'/></stream:features>",
		      &r);
	assert_true(r.features.external);
	assert_true(r.features.dialback);
	assert_false(r.features.dialback_errors);
	assert_true(r.features.starttls);
	assert_false(r.features.starttls_required);
	read_features(&b,
		      "<stream:features><mechanisms xmlns='" NS_SASL "'>"
		      "<mechanism>EXTERNALS</mechanism><mechanism>external</mechanism>"
		      "<mechanism xmlns='urn:x'>EXTERNAL</mechanism><x>EXTERNAL</x></mechanisms>"
		      "<starttls xmlns='urn:x'/><starttls/>"
		      "<dialback xmlns='jabber:server:dialback'/></stream:features>",
		      &r);
	assert_false(r.features.external);
	assert_false(r.features.dialback);
	assert_false(r.features.starttls);
	read_features(&b, "<stream:features/>", &r);
	assert_false(r.features.external || r.features.dialback || r.features.starttls);
	memset(&r.features, 0, sizeof(r.features));
	read_features(&b, "<features xmlns='urn:x'><starttls xmlns='" NS_TLS "'/></features>", &r);
	assert_false(r.features.starttls); /* those are not the stream's features */
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_component_header),
		cmocka_unit_test(test_stream_error),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_sasl),
		cmocka_unit_test(test_sasl_budget),
		cmocka_unit_test(test_dialback),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_features_round_trip),
		cmocka_unit_test(test_features_bytes),
		cmocka_unit_test(test_features_limits),
		cmocka_unit_test(test_features_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
