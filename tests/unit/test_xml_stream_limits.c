/* xml_stream: the limits, exact to the byte and the same however the bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>

#include "xml_record.h"
#include "xmpp/ns.h"

#define ROOT "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>"

static const size_t steps[] = { 0, 1, 2, 3, 7, 16, 61, 1400 };

static void check(const struct xml_stream_limits *limits, const char *input, enum fail fail,
		  unsigned events)
{
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct xml_record r;
		xml_record_init(&r, limits, NULL);
		xml_record_feed(&r, input, strlen(input), steps[i]);
		if (r.result != -(int)fail || r.events != events)
			print_error("step %zu of: %.300s\n%.300s", steps[i], input,
				    xml_record_text(&r));
		assert_string_equal(fail_info((enum fail) - r.result)->slug, fail_info(fail)->slug);
		assert_int_equal(r.events, events);
		xml_record_fini(&r);
	}
}

/* ROOT, BEFORE, N times FILL, AFTER. */
static void check_filled(const struct xml_stream_limits *limits, const char *before,
			 const char *fill, size_t n, const char *after, enum fail fail,
			 unsigned events)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 26);
	buf_adds(&b, ROOT);
	buf_adds(&b, before);
	while (n--)
		buf_adds(&b, fill);
	buf_adds(&b, after);
	assert_int_equal(buf_failed(&b), 0);
	check(limits, buf_str(&b), fail, events);
	buf_fini(&b);
}

/* At the limit, before the token ends. */
static void test_X14_huge_token(void **state)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	(void)state;
	limits.tag_bytes = 1000;
	limits.element_bytes = 3000;
	check_filled(&limits, "<a b='", "x", 994, "", FAIL_NONE, 1);
	check_filled(&limits, "<a b='", "x", 995, "", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<a b='", "x", 991, "'/>", FAIL_NONE, 2);
	check_filled(&limits, "<a b='", "x", 992, "'/>", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<a", " ", 998, "", FAIL_NONE, 1);
	check_filled(&limits, "<a", " ", 999, "", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<a></a", " ", 997, ">", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<a></a", " ", 996, ">", FAIL_NONE, 2);
	check_filled(&limits, "</stream:stream", " ", 984, ">", FAIL_NONE, 2);
	check_filled(&limits, "</stream:stream", " ", 985, ">", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<a>&#", "0", 3000 - 12, "65;</a>", FAIL_NONE, 2);
	check_filled(&limits, "<a>&#", "0", 3000, "", FAIL_XML_TOO_BIG, 1);
	/* too big goes before too many: the byte that comes first decides */
	check_filled(&limits, "<a", " b='xxxxxxxxxxx'", 62, "", FAIL_NONE, 1);
	check_filled(&limits, "<a", " b='xxxxxxxxxxx'", 63, "", FAIL_XML_TOO_BIG, 1);
}

static void add_attributes(struct buf *b, const char *format, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		buf_addf(b, format, i);
}

static void check_attributes(const char *format, unsigned n, enum fail fail, unsigned events)
{
	struct buf b;

	buf_init(&b, BUF_MAX_DEFAULT);
	buf_adds(&b, ROOT "<iq");
	add_attributes(&b, format, n);
	buf_adds(&b, ">a='' b=''</iq>");
	check(NULL, buf_str(&b), fail, events);
	buf_fini(&b);
}

/* Counted before the parser sees the tag: names that collide cost nothing. */
static void test_X15_attributes(void **state)
{
	struct buf b;

	(void)state;
	check_attributes(" a%u='= \" >'", 64, FAIL_NONE, 2);
	check_attributes(" a%u = \"='\"", 65, FAIL_XML_ATTRIBUTES, 1);
	check_attributes(" xmlns:a%u='urn:a'", 64, FAIL_NONE, 2);
	check_attributes(" xmlns:a%u='urn:a'", 65, FAIL_XML_ATTRIBUTES, 1);
	check_attributes(" a%u=''", 65, FAIL_XML_ATTRIBUTES, 1);
	check_attributes(" a=''", 1500, FAIL_XML_ATTRIBUTES,
			 1); /* not even their being alike is looked at */

	buf_init(&b, BUF_MAX_DEFAULT);
	buf_adds(&b, "<stream:stream xmlns:stream='" NS_STREAM "'");
	add_attributes(&b, " a%u=''", 63);
	buf_adds(&b, ">");
	check(NULL, buf_str(&b), FAIL_NONE, 1);
	buf_shift(&b, 1);
	buf_clear(&b);
	buf_adds(&b, "<stream:stream xmlns:stream='" NS_STREAM "'");
	add_attributes(&b, " a%u=''", 64);
	buf_adds(&b, ">");
	check(NULL, buf_str(&b), FAIL_XML_ATTRIBUTES, 0);
	buf_fini(&b);
}

static void check_depth(const char *open, const char *inner, const char *close, unsigned n,
			enum fail fail, unsigned events)
{
	struct buf b;
	unsigned i;

	buf_init(&b, BUF_MAX_DEFAULT);
	buf_adds(&b, ROOT);
	for (i = 0; i < n; i++)
		buf_adds(&b, open);
	buf_adds(&b, inner);
	for (i = 0; i < n; i++)
		buf_adds(&b, close);
	check(NULL, buf_str(&b), fail, events);
	buf_fini(&b);
}

static void test_X17_depth(void **state)
{
	(void)state;
	check_depth("<iq>", "", "</iq>", 64, FAIL_NONE, 2);
	check_depth("<iq>", "", "</iq>", 65, FAIL_XML_TOO_DEEP, 1);
	check_depth("<iq>", "<a/>", "</iq>", 63, FAIL_NONE, 2);
	check_depth("<iq>", "<a/>", "</iq>", 64, FAIL_XML_TOO_DEEP, 1);
	check_depth("<a>", "", "</a>", 64, FAIL_NONE, 2);
	check_depth("<a>", "", "</a>", 65, FAIL_XML_TOO_DEEP, 1);
	check_depth("<a>", "", "</a>", 10000, FAIL_XML_TOO_DEEP, 1);
	check_depth("<iq>", "<![CDATA[<a><a>]]>", "</iq>", 64, FAIL_NONE, 2);
}

static void test_X18_element(void **state)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	(void)state;
	limits.element_bytes = 2000;
	/* one text, many small children, white space, CDATA, elements for us; the limit is that of the raw bytes */
	check_filled(&limits, "<iq>", "x", 1991, "</iq>", FAIL_NONE, 2);
	check_filled(&limits, "<iq>", "x", 1992, "</iq>", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<iq>", "x", 1996, "", FAIL_NONE, 1);
	check_filled(&limits, "<iq>", "x", 1997, "", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<iq><a>", "<b/>", 400, "", FAIL_NONE, 1);
	check_filled(&limits, "<iq><a>", "<b/>", 500, "", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<iq>", "\n", 2000, "", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<iq><![CDATA[", ">", 2000, "", FAIL_XML_TOO_BIG, 1);
	check_filled(&limits, "<a>", "x", 1993, "</a>", FAIL_NONE, 2);
	check_filled(&limits, "<a>", "x", 1994, "</a>", FAIL_XML_TOO_BIG, 1);
	/* every element has its own; white space between them belongs to none */
	check_filled(&limits, "", "<iq/>", 1000, "", FAIL_NONE, 1001);
	check_filled(&limits, "<iq/>", " ", 5000, "<iq/>", FAIL_NONE, 3);
	check_filled(&limits, "<iq/>", " ", 5000, "</stream:stream>", FAIL_NONE, 3);
}

static void test_X18_header(void **state)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	(void)state;
	limits.element_bytes = strlen(ROOT);
	check(&limits, ROOT, FAIL_NONE, 1);
	limits.element_bytes--;
	check(&limits, ROOT, FAIL_XML_TOO_BIG, 0);
	limits.element_bytes = 60;
	limits.tag_bytes = strlen(ROOT);
	check(&limits, "<?xml version='1.0'                           ", FAIL_NONE, 0);
	limits.element_bytes = 20;
	check(&limits, "<?xml version='1.0' ?>", FAIL_XML_TOO_BIG, 0);
	check(&limits, "<?xml version='1.0'?>", FAIL_XML_TOO_BIG, 0);
}

/* What grows by being escaped has a budget as well: twice the limit, and what a tag may have. */
static void test_X18_growth(void **state)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	(void)state;
	limits.element_bytes = 100000;
	limits.tag_bytes = 1000;
	check_filled(&limits, "<iq><![CDATA[", "<<xxxxxx", 12000, "]]></iq>", FAIL_NONE, 2);
	check_filled(&limits, "<iq><![CDATA[", "<", 96000, "]]></iq>", FAIL_XML_TOO_BIG, 1);
	/* a tree of tiny elements takes many times their bytes */
	check_filled(&limits, "<a>", "<b/>", 5000, "</a>", FAIL_NONE, 2);
	check_filled(&limits, "<a>", "<b/>", 20000, "</a>", FAIL_XML_TOO_BIG, 1);
}

static void test_X20_flood(void **state)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;
	size_t root = strlen(ROOT);

	(void)state;
	limits.total_bytes = root + 1000;
	check_filled(&limits, "", " ", 1000, "", FAIL_NONE, 1);
	check_filled(&limits, "", " ", 1001, "", FAIL_XML_FLOOD, 1);
	check_filled(&limits, "<a/>", "\n", 997, "", FAIL_XML_FLOOD, 2);
	check_filled(&limits, "", "<iq/>", 200, "", FAIL_NONE, 201);
	check_filled(&limits, "", "<iq/>", 201, "", FAIL_XML_FLOOD, 201);
	check_filled(&limits, "<iq>", "x", 997, "", FAIL_XML_FLOOD, 1);
	check_filled(&limits, "<iq a='", "x", 997, "", FAIL_XML_FLOOD, 1);
	check_filled(&limits, "</stream:stream>", " ", 984, "", FAIL_NONE, 2);
	check_filled(&limits, "</stream:stream>", " ", 985, "", FAIL_XML_FLOOD, 2);
	limits.total_bytes = 100;
	check(&limits,
	      "                                                                              "
	      "                       <",
	      FAIL_XML_FLOOD, 0);
	limits.total_bytes = 0; /* none */
	check_filled(&limits, "", " ", 100000, "<iq/>", FAIL_NONE, 2);
}

static void test_names(void **state)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	(void)state;
	limits.name_bytes = 50;
	check_filled(&limits, "<iq><", "x", 50, "/></iq>", FAIL_NONE, 2);
	check_filled(&limits, "<iq><", "x", 51, "/></iq>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<", "x", 51, "/>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<a><", "x", 51, "/></a>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<iq ", "x", 50, "=''/>", FAIL_NONE, 2);
	check_filled(&limits, "<iq ", "x", 51, "=''/>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<a ", "x", 51, "=''/>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<iq xml:", "x", 51, "=''/>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<iq><a xmlns='", "x", 50, "'/></iq>", FAIL_NONE, 2);
	check_filled(&limits, "<iq><a xmlns='", "x", 51, "'/></iq>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<a xmlns='", "x", 51, "'/>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<iq xmlns:", "x", 51, "='urn:a'/>", FAIL_XML_ATTRIBUTES, 1);
	check_filled(&limits, "<iq xmlns:a='", "x", 51, "'/>", FAIL_XML_ATTRIBUTES, 1);
	limits.name_bytes = 32;
	check(&limits, "<s:stream xmlns:s='" NS_STREAM "'>", FAIL_NONE, 1);
	check(&limits,
	      "<s:stream xmlns:s='" NS_STREAM "' xmlns:x123456789012345678901234567890123='a'>",
	      FAIL_XML_ATTRIBUTES, 0);
	check(&limits,
	      "<s:stream xmlns:s='" NS_STREAM "' xmlns:x='123456789012345678901234567890123'>",
	      FAIL_XML_ATTRIBUTES, 0);
	check(&limits, "<s:stream xmlns:s='" NS_STREAM "' x12345678901234567890123456789012=''>",
	      FAIL_XML_ATTRIBUTES, 0);
	check(&limits, "<s1234567890123456789012345678901234>", FAIL_XML_ATTRIBUTES, 0);
}

#define X16_ELEMENTS 60000

/* Each name is a new one, which expat would keep; the stream goes on as if nothing were when another parser takes over. */
static void test_X16_fresh_names(void **state)
{
	static const char root[] = "<?xml version='1.0'?><s:stream xmlns='jabber:server' "
				   "xmlns:s='" NS_STREAM "' xmlns:o='urn:other'>";
	struct mallinfo2 before, after;
	struct xml_record r;
	unsigned i;

	(void)state;
	xml_record_init(&r, NULL, NULL);
	xml_record_feed(&r, root, sizeof(root) - 1, 0);
	before = mallinfo2();
	for (i = 0; i < X16_ELEMENTS && !r.result; i++) {
		char text[100];
		int len = snprintf(text, sizeof(text), "<message><o:n%u a%u=''/></message>%s", i, i,
				   i % 7 ? "" : " <o:e/>");
		xml_record_feed(&r, text, (size_t)len, i % 3 ? 0 : 5);
		buf_clear(&r.text);
	}
	after = mallinfo2();
	assert_int_equal(r.result, 0);
	assert_int_equal(r.events, 1 + X16_ELEMENTS + (X16_ELEMENTS + 6) / 7);
	assert_non_null(strstr(buf_str(&r.bytes), "xmlns:o='urn:other'"));
	assert_true(after.uordblks < before.uordblks + (6u << 20));
	xml_record_feed(&r, "</s:stream>", 11, 0);
	assert_non_null(strstr(xml_record_text(&r), "footer"));
	xml_record_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_X14_huge_token),	cmocka_unit_test(test_X15_attributes),
		cmocka_unit_test(test_X16_fresh_names), cmocka_unit_test(test_X17_depth),
		cmocka_unit_test(test_X18_element),	cmocka_unit_test(test_X18_header),
		cmocka_unit_test(test_X18_growth),	cmocka_unit_test(test_X20_flood),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("xml_stream_limits", tests, NULL, NULL);
}
