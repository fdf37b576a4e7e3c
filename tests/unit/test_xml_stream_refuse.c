/* xml_stream: what it refuses, with which failure, before or behind which event; however the bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xml_record.h"
#include "xmpp/ns.h"

#define ROOT "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>"

/* INPUT fails so, behind EVENTS events, in one piece, in every cut into two, and byte by byte. */
static void check_bytes(const struct xml_stream_limits *limits, const char *input, size_t len,
			enum fail fail, unsigned events)
{
	size_t cut;

	for (cut = 0; cut <= len; cut++) {
		struct xml_record r;
		xml_record_init(&r, limits, NULL);
		if (cut)
			xml_record_feed(&r, input, cut, 0);
		if (!r.result)
			xml_record_feed(&r, input + cut, len - cut, cut == len / 2 ? 1 : 0);
		if (r.result != -(int)fail || r.events != events)
			print_error("cut %zu of: %.200s\n%s", cut, input, xml_record_text(&r));
		assert_string_equal(fail_info((enum fail) - r.result)->slug, fail_info(fail)->slug);
		assert_int_equal(r.events, events);
		if (fail) /* broken for good */
			assert_int_equal(xml_stream_feed(r.stream, " ", 1, NULL), -(int)fail);
		xml_record_fini(&r);
	}
}

static void refused(const char *input, enum fail fail, unsigned events)
{
	check_bytes(NULL, input, strlen(input), fail, events);
}

/* The same piece before the header, between stanzas, inside one, and deep inside an element. */
static void refused_everywhere(const char *piece, enum fail before, enum fail between,
			       enum fail inside)
{
	char input[4096];

	snprintf(input, sizeof(input), "%s" ROOT, piece);
	refused(input, before, 0);
	snprintf(input, sizeof(input), "\n%s" ROOT, piece);
	refused(input, before, 0);
	snprintf(input, sizeof(input), ROOT "<presence/> %s<presence/>", piece);
	refused(input, between, 2);
	snprintf(input, sizeof(input), ROOT "<message><body>1%s2</body></message>", piece);
	refused(input, inside, 1);
	snprintf(input, sizeof(input), ROOT "<a><b>%s</b></a>", piece);
	refused(input, inside, 1);
}

static void test_X01_doctype_refused(void **state)
{
	(void)state;
	refused_everywhere("<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]>",
			   FAIL_XML_RESTRICTED, FAIL_XML_RESTRICTED, FAIL_XML_RESTRICTED);
	refused("<?xml version='1.0'?><!DOCTYPE stream:stream []>" ROOT, FAIL_XML_RESTRICTED, 0);
	refused("<!ENTITY b 'bb'>", FAIL_XML_RESTRICTED, 0);
	/* refused before it is complete: no entity is ever declared */
	refused("<!D", FAIL_XML_RESTRICTED, 0);
	/* no entity but the predefined ones [RFC6120 11.1] */
	refused(ROOT "<a>&b;</a>", FAIL_XML_RESTRICTED, 1);
	refused(ROOT "<a b='&b;'/>", FAIL_XML_RESTRICTED, 1);
}

static void test_X02_external_entity_refused(void **state)
{
	(void)state;
	refused("<!DOCTYPE a SYSTEM 'file:///etc/passwd'>", FAIL_XML_RESTRICTED, 0);
	refused("<!DOCTYPE a PUBLIC '-//A' 'http://127.0.0.1/a'>" ROOT, FAIL_XML_RESTRICTED, 0);
	refused("<!DOCTYPE a [<!ENTITY % b SYSTEM 'file:///dev/zero'>%b;]>", FAIL_XML_RESTRICTED,
		0);
}

static void test_X03_entity_chain_refused(void **state)
{
	struct buf b;
	unsigned i;

	(void)state;
	buf_init(&b, BUF_MAX_DEFAULT);
	buf_adds(&b, "<!DOCTYPE a [<!ENTITY e0 ''>");
	for (i = 1; i < 200; i++)
		buf_addf(&b, "<!ENTITY e%u '&e%u;'>", i, i - 1);
	buf_adds(&b, "]><a>&e199;</a>");
	refused(buf_str(&b), FAIL_XML_RESTRICTED, 0);
	buf_fini(&b);
}

static void test_X04_comment_refused(void **state)
{
	(void)state;
	refused_everywhere("<!-- a -->", FAIL_XML_RESTRICTED, FAIL_XML_RESTRICTED,
			   FAIL_XML_RESTRICTED);
	refused(ROOT "</stream:stream><!-- a -->", FAIL_XML_INVALID, 2);
	refused_everywhere("<!>", FAIL_XML_NOT_WELL_FORMED, FAIL_XML_NOT_WELL_FORMED,
			   FAIL_XML_NOT_WELL_FORMED);
}

static void test_X05_instruction_refused(void **state)
{
	(void)state;
	refused_everywhere("<?a b?>", FAIL_XML_RESTRICTED, FAIL_XML_RESTRICTED,
			   FAIL_XML_RESTRICTED);
	refused_everywhere("<?xm?>", FAIL_XML_RESTRICTED, FAIL_XML_RESTRICTED, FAIL_XML_RESTRICTED);
	refused_everywhere("<?xml-stylesheet href='a'?>", FAIL_XML_RESTRICTED, FAIL_XML_RESTRICTED,
			   FAIL_XML_RESTRICTED);
	refused("<?", FAIL_NONE, 0);
}

static void test_X06_declaration(void **state)
{
	(void)state;
	refused("<?xml version='1.1'?>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<?xml version=''?>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<?xml encoding='UTF-8'?>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<?xml?>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<?xml >" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<?xml version='1.0'>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<?xml version='1.0' encoding='ISO-8859-1'?>" ROOT, FAIL_XML_ENCODING, 0);
	refused("<?xml version='1.0' encoding='UTF-16'?>" ROOT, FAIL_XML_ENCODING, 0);
	refused("<?xml version='1.0' encoding='US-ASCII' ?>" ROOT, FAIL_XML_ENCODING, 0);
	refused("<?xml version='1.1' encoding='UTF-7'?>" ROOT, FAIL_XML_ENCODING, 0);
	refused("<?xml version='1.0'?>" ROOT, FAIL_NONE, 1);
	refused("<?xml version='1.0' encoding='utf-8'?>\n" ROOT, FAIL_NONE, 1);
	refused("<?xml\tversion=\"1.0\" encoding=\"UTF-8\" standalone='no' ?> " ROOT, FAIL_NONE, 1);
	refused("<?xml version=\"1.0\" standalone=\"yes\"?>" ROOT, FAIL_NONE, 1);
}

static void test_X07_other_encodings(void **state)
{
	static const char le[] = "\xff\xfe<\0s\0/\0>\0", be[] = "\xfe\xff\0<\0s\0/\0>",
			  le_bare[] = "<\0s\0/\0>\0", be_bare[] = "\0<\0s\0/\0>";

	(void)state;
	check_bytes(NULL, le, sizeof(le) - 1, FAIL_XML_ENCODING, 0);
	check_bytes(NULL, be, sizeof(be) - 1, FAIL_XML_ENCODING, 0);
	check_bytes(NULL, be_bare, sizeof(be_bare) - 1, FAIL_XML_ENCODING, 0);
	/* behind white space it is too late for a byte order mark, however it is cut */
	refused("\n\xff\n", FAIL_XML_NOT_WELL_FORMED, 0);
	refused(" \r\n\xfe\xff", FAIL_XML_NOT_WELL_FORMED, 0);
	check_bytes(NULL, le_bare, sizeof(le_bare) - 1, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("\xef\xbb\xbf" ROOT, FAIL_XML_NOT_WELL_FORMED,
		0); /* UTF-8 needs no mark [RFC6120 11.6] */
}

static void test_X08_declaration_inside(void **state)
{
	static const char declaration[] = "<?xml version='1.0'?>";
	char input[512];

	(void)state;
	refused("\n<?xml version='1.0'?>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<?xml version='1.0'?><?xml version='1.0'?>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
	snprintf(input, sizeof(input), ROOT "%s", declaration);
	refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
	snprintf(input, sizeof(input), ROOT "<presence/>%s", declaration);
	refused(input, FAIL_XML_NOT_WELL_FORMED, 2);
	snprintf(input, sizeof(input), ROOT "<message>%s</message>", declaration);
	refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
}

/* The stanza around it is not delivered, not even its head. */
static void test_X09_malformed_utf8(void **state)
{
	static const char *const bytes[] = { "\xc3",
					     "\xc3(",
					     "\xc0\xaf",
					     "\xe2\x82",
					     "\xe2(\xa1",
					     "\xe0\x80\xaf",
					     "\xed\xa0\x80",
					     "\xf0\x9f\x98",
					     "\xf0\x80\x80\xaf",
					     "\xf4\x90\x80\x80",
					     "\xf8\x88\x80\x80\x80",
					     "\x80",
					     "\xff",
					     "\xfe",
					     "\xef\xbf\xbe",
					     "\xef\xbf\xbf" };
	char input[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		snprintf(input, sizeof(input), ROOT "<message><a%s/></message><iq/>", bytes[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
		snprintf(input, sizeof(input), ROOT "<message a%s=''/><iq/>", bytes[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
		snprintf(input, sizeof(input), ROOT "<message a='%s'/><iq/>", bytes[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
		snprintf(input, sizeof(input), ROOT "<message><body>%s</body></message><iq/>",
			 bytes[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
		snprintf(input, sizeof(input), ROOT "<a><![CDATA[%s]]></a><iq/>", bytes[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
	}
	refused(ROOT "\xc0\xaf<iq/>", FAIL_XML_NOT_WELL_FORMED, 1);
	refused(ROOT "\xff<iq/>", FAIL_XML_NOT_WELL_FORMED, 1);
}

/* The parser waits for the rest of a character where the tag has ended: no header, no element, no stanza again. */
static void test_X09_half_a_character_ends_a_tag(void **state)
{
	static const char *const names[] = { "a", "presence", "stream:features" };
	static const char *const bytes[] = { "\xf0/", "\xf4/", "\xe2", "\xf0", "\xf0\x9f", "\xc3" };
	char input[512];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			snprintf(input, sizeof(input),
				 ROOT "<presence from='a' to='b' id='c'/><%s%s> <iq/>", names[k],
				 bytes[i]);
			refused(input, FAIL_XML_NOT_WELL_FORMED, 2);
			snprintf(input, sizeof(input), ROOT "<a/><%s%s> <iq/>", names[k], bytes[i]);
			refused(input, FAIL_XML_NOT_WELL_FORMED, 2);
			snprintf(input, sizeof(input), ROOT "<presence/><%s></%s%s> <iq/>",
				 names[k], names[k], bytes[i]);
			refused(input, FAIL_XML_NOT_WELL_FORMED, 2);
		}
		snprintf(input, sizeof(input), "<stream:stream%s> <iq/>", bytes[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 0);
		snprintf(input, sizeof(input), ROOT "</stream:stream%s>", bytes[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
	}
}

/* What the parser puts between namespace and name is no character: it comes neither raw nor by reference. */
static void test_X10_separator(void **state)
{
	(void)state;
	refused(ROOT "<a xmlns='urn:a\x1f"
		     "message'/>",
		FAIL_XML_NOT_WELL_FORMED, 1);
	refused(ROOT "<a xmlns='urn:a&#31;message'/>", FAIL_XML_NOT_WELL_FORMED, 1);
	refused(ROOT "<a xmlns:b='&#x1F;' b:c=''/>", FAIL_XML_NOT_WELL_FORMED, 1);
	refused(ROOT "<iq><a xmlns='&#x01f;a'/></iq>", FAIL_XML_NOT_WELL_FORMED, 1);
	refused(ROOT "<a\x1f/>", FAIL_XML_NOT_WELL_FORMED, 1);
}

static void test_X11_references(void **state)
{
	static const char *const bad[] = {
		"&#0;",	    "&#x0;",	    "&#x00;",	     "&#1;",	      "&#8;",
		"&#11;",    "&#12;",	    "&#14;",	     "&#x1F;",	      "&#xD800;",
		"&#xDBFF;", "&#xDC00;",	    "&#xDFFF;",	     "&#55296;",      "&#xFFFE;",
		"&#xFFFF;", "&#65535;",	    "&#x110000;",    "&#1114112;",    "&#x0000D800;",
		"&#000;",   "&#x7FFFFFFF;", "&#x100000041;", "&#4294967361;", "&#;",
		"&#x;",	    "&;",	    "& ;",	     "&#xG;",	      "&#A;",
		"&#X41;",   "&amp",	    "&lt ",	     "&#-1;"
	};
	char input[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(input, sizeof(input), ROOT "<message>%s</message><iq/>", bad[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
		snprintf(input, sizeof(input), ROOT "<message a='%s'/><iq/>", bad[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
	}
}

static void test_X12_control_bytes(void **state)
{
	static const char root[] = ROOT;
	char input[256];
	unsigned c, place;

	(void)state;
	for (c = 0; c < 0x20; c++) {
		static const char *const places[] = { "<iq>x</iq>", "<iq a='x'/>", "<iq x/>",
						      "<iqx/>", "x<iq/>" };
		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		for (place = 0; place < 5; place++) {
			size_t len = strlen(root) + strlen(places[place]);
			snprintf(input, sizeof(input), ROOT "%s", places[place]);
			*strchr(input + strlen(root), 'x') = (char)c;
			check_bytes(NULL, input, len, FAIL_XML_NOT_WELL_FORMED, 1);
		}
	}
}

static void test_not_well_formed(void **state)
{
	static const char *const bad[] = { "<a>",
					   "<a></b>",
					   "<a b='1' b='2'/>",
					   "<a b=1/>",
					   "<a b/>",
					   "<a b='<'/>",
					   "<a b:c=''/>",
					   "<b:a/>",
					   "<a xmlns:b=''/>",
					   "<a>]]></a>",
					   "<1/>",
					   "< a/>",
					   "<a/ >",
					   "</a/>",
					   "<a 'b'/>",
					   "<a b='c'd='e'/>",
					   "<a b=''''/>",
					   "<<a/>",
					   "<a<b/>",
					   "<a><![CDAT[a]]>",
					   "<a><![cdata[",
					   "<a xmlns:xml='urn:a'/>",
					   "<a xmlns:xmlns='urn:a'/>",
					   "<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>",
					   "<a:b:c xmlns:a='urn:a'/>",
					   "<:a/>",
					   "<a xmlns:b='urn:a' xmlns:c='urn:a' b:d='' c:d=''/>",
					   "<a></a >b</a>",
					   "<-a/>",
					   "<>",
					   "</>",
					   "</ a>" };
	char input[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(input, sizeof(input), ROOT "<message>%s</message> <iq/>", bad[i]);
		refused(input, FAIL_XML_NOT_WELL_FORMED, 1);
	}
	refused("</a>", FAIL_XML_NOT_WELL_FORMED, 0);
	refused(ROOT "</stream>", FAIL_XML_NOT_WELL_FORMED, 1);
	refused("<stream:stream>", FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<![CDATA[a]]>" ROOT, FAIL_XML_NOT_WELL_FORMED, 0);
}

static void test_X22_wrong_root(void **state)
{
	(void)state;
	refused("<stream:streams xmlns:stream='" NS_STREAM "'>", FAIL_XML_INVALID, 0);
	refused("<stream:Stream xmlns:stream='" NS_STREAM "'>", FAIL_XML_INVALID, 0);
	refused("<message xmlns='jabber:server'/>", FAIL_XML_INVALID, 0);
	refused("<html>", FAIL_XML_INVALID, 0);
	refused("<stream:stream xmlns:stream='http://etherx.jabber.org/stream'>",
		FAIL_XML_NAMESPACE, 0);
	refused("<stream:stream xmlns:stream='" NS_STREAM "/'>", FAIL_XML_NAMESPACE, 0);
	refused("<stream xmlns='jabber:server'>", FAIL_XML_NAMESPACE, 0);
	refused("<stream>", FAIL_XML_NAMESPACE, 0);
}

static void test_X23_garbage(void **state)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

	(void)state;
	refused("<'/>", FAIL_XML_NOT_WELL_FORMED, 0);
	refused("<'", FAIL_XML_NOT_WELL_FORMED, 0); /* at once: no quote is waited for */
	check_bytes(NULL, hello, sizeof(hello) - 1, FAIL_XML_NOT_WELL_FORMED, 0);
	refused("GET / HTTP/1.1\r\n", FAIL_XML_NOT_WELL_FORMED, 0);
	refused("\r\nSSH-2.0-OpenSSH\r\n", FAIL_XML_NOT_WELL_FORMED, 0);
	refused("&#60;", FAIL_XML_NOT_WELL_FORMED, 0);
}

static void test_X25_data_behind_the_end(void **state)
{
	(void)state;
	refused(ROOT ROOT, FAIL_XML_INVALID, 1);
	refused(ROOT "<presence/>" ROOT "</stream:stream>", FAIL_XML_INVALID, 2);
	refused(ROOT "<x:stream xmlns:x='" NS_STREAM "'/>", FAIL_XML_INVALID, 1);
	refused(ROOT "</stream:stream> <presence/>", FAIL_XML_INVALID, 2);
	refused(ROOT "</stream:stream>\n" ROOT, FAIL_XML_INVALID, 2);
	refused(ROOT "</stream:stream>a", FAIL_XML_INVALID, 2);
	refused(ROOT "</stream:stream></stream:stream>", FAIL_XML_INVALID, 2);
	refused(ROOT "</stream:stream> \n\r\t ", FAIL_NONE, 2);
	refused("<stream xmlns='" NS_STREAM "'/><iq/>", FAIL_XML_INVALID, 2);
}

/* Only white space may stand between stanzas [RFC6120 11.7]. */
static void test_text_between_stanzas(void **state)
{
	(void)state;
	refused(ROOT "a", FAIL_XML_INVALID, 1);
	refused(ROOT "<presence/> \n. <presence/>", FAIL_XML_INVALID, 2);
	refused(ROOT "&#32;", FAIL_XML_INVALID, 1);
	refused(ROOT "&amp;", FAIL_XML_INVALID, 1);
	refused(ROOT "\xc3\xa4", FAIL_XML_INVALID, 1);
	refused(ROOT "<![CDATA[ ]]>", FAIL_XML_INVALID, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_X01_doctype_refused),
		cmocka_unit_test(test_X02_external_entity_refused),
		cmocka_unit_test(test_X03_entity_chain_refused),
		cmocka_unit_test(test_X04_comment_refused),
		cmocka_unit_test(test_X05_instruction_refused),
		cmocka_unit_test(test_X06_declaration),
		cmocka_unit_test(test_X07_other_encodings),
		cmocka_unit_test(test_X08_declaration_inside),
		cmocka_unit_test(test_X09_malformed_utf8),
		cmocka_unit_test(test_X09_half_a_character_ends_a_tag),
		cmocka_unit_test(test_X10_separator),
		cmocka_unit_test(test_X11_references),
		cmocka_unit_test(test_X12_control_bytes),
		cmocka_unit_test(test_not_well_formed),
		cmocka_unit_test(test_X22_wrong_root),
		cmocka_unit_test(test_X23_garbage),
		cmocka_unit_test(test_X25_data_behind_the_end),
		cmocka_unit_test(test_text_between_stanzas),
	};

	return cmocka_run_group_tests_name("xml_stream_refuse", tests, NULL, NULL);
}
