/* stanza: the canonical form word for word, the envelope, references, bounces. That it means the same: test_stanza_infoset.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xml_record.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"

#define STREAM "xmlns:stream='http://etherx.jabber.org/streams'"

/* DECLARATIONS: of the header, besides that of "stream". Gives the bytes of the one stanza in R. */
static const char *canonical(struct xml_record *r, const char *content_ns, const char *declarations,
			     const char *input)
{
	char header[1024];

	xml_record_init(r, NULL, content_ns);
	snprintf(header, sizeof(header), "<stream:stream " STREAM " %s>", declarations);
	assert_int_equal(xml_record_feed(r, header, strlen(header), 0), 0);
	assert_int_equal(xml_record_feed(r, input, strlen(input), 0), 0);
	assert_int_equal(r->events, 2);
	assert_non_null(r->stanza);
	return buf_str(&r->bytes);
}

static void check_from(const char *content_ns, const char *declarations, const char *input,
		       const char *output)
{
	struct xml_record r, again;
	char plain[64];

	assert_string_equal(canonical(&r, content_ns, declarations, input), output);
	/* what came out comes out unchanged of a stream without any declarations of its own */
	snprintf(plain, sizeof(plain), "xmlns='%s'", content_ns);
	assert_string_equal(canonical(&again, content_ns, plain, output), output);
	xml_record_fini(&r);
	xml_record_fini(&again);
}

/* The same for both kinds of stream: all three may name the content namespace as %s. */
static void check(const char *declarations, const char *input, const char *output)
{
	static const char *const kinds[] = { NS_SERVER, NS_COMPONENT };
	char header[512], in[2048], declared[256], out[2048];
	size_t i;

	for (i = 0; i < 2; i++) {
		const char *ns = kinds[i];
		snprintf(declared, sizeof(declared), declarations, ns);
		snprintf(header, sizeof(header), "xmlns='%s' %s", ns, declared);
		snprintf(in, sizeof(in), input, ns, ns, ns, ns);
		snprintf(out, sizeof(out), output, ns, ns);
		check_from(ns, header, in, out);
	}
}

static void test_plain(void **state)
{
	(void)state;
	check("", "<message/>", "<message/>");
	check("", "<message></message >", "<message/>");
	check("", "<message\n to = \"a\"  from='b' ><body >1</body ><x  /></message>",
	      "<message to='a' from='b'><body>1</body><x/></message>");
	check("", "<iq>a<b/>c<d/>e<b/></iq>", "<iq>a<b/>c<d/>e<b/></iq>");
}

static void test_characters(void **state)
{
	(void)state;
	check("",
	      "<iq "
	      "a='&#9;&#10;&#13;&amp;&lt;&gt;&apos;&quot;\t\n\r\"'>&#9;&#10;&#13;&amp;&lt;&gt;&"
	      "apos;&quot;\t\n\r\"</iq>",
	      "<iq a='&#9;&#10;&#13;&amp;&lt;>&apos;\"   "
	      "\"'>\t\n&#13;&amp;&lt;&gt;'\"\t\n\n\"</iq>");
	check("", "<iq><![CDATA[<a>&amp;]]]]><![CDATA[>]]></iq>",
	      "<iq>&lt;a&gt;&amp;amp;]]&gt;</iq>");
	check("", "<iq><![CDATA[]]></iq>", "<iq/>");
	/* every length around a machine word, with what is special at every place */
	check("",
	      "<iq a='1234567&amp;' b='&lt;1234567' c='12345678&apos;' "
	      "d='123456789012345&#10;'>12345678&amp;1234567</iq>",
	      "<iq a='1234567&amp;' b='&lt;1234567' c='12345678&apos;' "
	      "d='123456789012345&#10;'>12345678&amp;1234567</iq>");
}

/* A special character at every place of a text of every length, and none. */
static void test_escapes_at_every_place(void **state)
{
	static const char special[] = "&<>\r'\n\t\"";
	static const char *const in[] = { "&amp;",  "&lt;",  "&gt;", "&#13;",
					  "&apos;", "&#10;", "&#9;", "&quot;" };
	static const char *const in_text[] = { "&amp;", "&lt;", "&gt;", "&#13;",
					       "'",	"\n",	"\t",	"\"" };
	static const char *const in_value[] = { "&amp;",  "&lt;",  ">",	   "&#13;",
						"&apos;", "&#10;", "&#9;", "\"" };
	static const char filler[] = "aZ0 -./:=\x7f\xc3\xa4%(;?\xe2\x82\xac!#$~";
	char input[512], output[512];
	size_t s, len, at;

	(void)state;
	for (s = 0; special[s]; s++) {
		for (len = 0; len < 21; len++) {
			for (at = 0; at <= len; at++) {
				struct xml_record r;
				if (((unsigned char)filler[at] & 0xc0) == 0x80 ||
				    ((unsigned char)filler[len] & 0xc0) == 0x80)
					continue; /* inside a character */
				snprintf(input, sizeof(input), "<iq a='%.*s%s%.*s'>%.*s%s%.*s</iq>",
					 (int)at, filler, in[s], (int)(len - at), filler + at,
					 (int)at, filler, in[s], (int)(len - at), filler + at);
				snprintf(output, sizeof(output),
					 "<iq a='%.*s%s%.*s'>%.*s%s%.*s</iq>", (int)at, filler,
					 in_value[s], (int)(len - at), filler + at, (int)at, filler,
					 in_text[s], (int)(len - at), filler + at);
				assert_string_equal(
					canonical(&r, NS_SERVER, "xmlns='jabber:server'", input),
					output);
				xml_record_fini(&r);
			}
		}
	}
}

/* Short values are copied in another way than what goes on longer. */
static void test_escapes_in_long_values(void **state)
{
	char filler[140], input[512], output[512];
	size_t at;

	(void)state;
	memset(filler, 'v', sizeof(filler));
	for (at = 50; at < 140; at++) {
		struct xml_record r;
		snprintf(input, sizeof(input), "<iq a='%.*s' b='%.*s&#10;%.*s'/>", (int)at, filler,
			 (int)at, filler, (int)(140 - at), filler);
		snprintf(output, sizeof(output), "%s", input);
		assert_string_equal(canonical(&r, NS_SERVER, "xmlns='jabber:server'", input),
				    output);
		xml_record_fini(&r);
	}
}

static void test_X11_references_pass(void **state)
{
	(void)state;
	check("",
	      "<iq a='&#x20;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;&#x0041;&#00065;'>"
	      "&#9;&#10;&#13;&#x20;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;&#x000000041;&#"
	      "0000065;</iq>",
	      "<iq a=' \xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"
	      "AA'>"
	      "\t\n&#13; \xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"
	      "AA</iq>");
}

static void test_foreign_namespaces(void **state)
{
	(void)state;
	check("", "<iq><x xmlns='urn:x'><y/><z xmlns='urn:z'><y/></z><y/></x><b/></iq>",
	      "<iq><x xmlns='urn:x'><y/><z xmlns='urn:z'><y/></z><y/></x><b/></iq>");
	check("", "<iq><x xmlns='urn:x'><y xmlns='urn:x'/></x></iq>",
	      "<iq><x xmlns='urn:x'><y/></x></iq>");
	check("", "<iq><x xmlns='urn:&amp;&apos;&#10;'/></iq>",
	      "<iq><x xmlns='urn:&amp;&apos;&#10;'/></iq>");
	check("", "<iq><x xmlns=''><y/></x></iq>", "<iq><x xmlns=''><y/></x></iq>");
	check("", "<iq><x xmlns='urn:x'><y xmlns=''><z xmlns='urn:x'/></y></x></iq>",
	      "<iq><x xmlns='urn:x'><y xmlns=''><z xmlns='urn:x'/></y></x></iq>");
	check("", "<iq><p:x xmlns:p='urn:x'><p:y/><y/></p:x></iq>",
	      "<iq><p:x xmlns:p='urn:x'><p:y/><y/></p:x></iq>");
	/* declarations stay where they stood, used by a name or not: a text may use them */
	check("", "<iq xmlns:xs='urn:xs'><x xmlns='urn:x' xmlns:p='urn:p' p:type='xs:a'/></iq>",
	      "<iq xmlns:xs='urn:xs'><x xmlns='urn:x' xmlns:p='urn:p' p:type='xs:a'/></iq>");
	check("", "<iq><p:x xmlns:p='urn:x' xmlns='urn:y'><y/><y/></p:x></iq>",
	      "<iq><p:x xmlns='urn:y' xmlns:p='urn:x'><y/><y/></p:x></iq>");
	check("",
	      "<iq><p:x xmlns:p='urn:x' p:a='1' a='2'><p:x xmlns:p='urn:y' "
	      "p:a='3'/><p:x/></p:x></iq>",
	      "<iq><p:x xmlns:p='urn:x' p:a='1' a='2'><p:x xmlns:p='urn:y' "
	      "p:a='3'/><p:x/></p:x></iq>");
}

/* In whatever way the source names it, the content namespace goes undeclared. */
static void test_content_namespace(void **state)
{
	(void)state;
	check("", "<iq xmlns='%s'><a xmlns='%s'/></iq>", "<iq><a/></iq>");
	check("", "<s:iq xmlns:s='%s' s='1'><s:a><b/></s:a></s:iq>", "<iq s='1'><a><b/></a></iq>");
	check("", "<iq xmlns='%s'><a><s:b xmlns:s='%s' xmlns='urn:x'><y/></s:b></a></iq>",
	      "<iq><a><b><y xmlns='urn:x'/></b></a></iq>");
	/* a stream with another default, or none, or the content namespace by prefix */
	check_from(NS_SERVER, "xmlns:s='jabber:server'", "<s:iq><s:a/><b/></s:iq>",
		   "<iq><a/><b xmlns=''/></iq>");
	check_from(NS_SERVER, "xmlns='jabber:client'",
		   "<iq xmlns='jabber:server'><a/><b xmlns='jabber:client'/></iq>",
		   "<iq><a/><b xmlns='jabber:client'/></iq>");
	check_from(NS_SERVER, "xmlns='jabber:client' xmlns:s='jabber:server'",
		   "<s:iq><s:a/><b/></s:iq>", "<iq><a/><b xmlns='jabber:client'/></iq>");
}

static void test_header_prefixes(void **state)
{
	(void)state;
	check("xmlns:h='urn:h' xmlns:i='urn:i'",
	      "<iq><h:a><h:b h:c='' i:d=''/><i:e/></h:a><h:f/></iq>",
	      "<iq><h:a xmlns:h='urn:h'><h:b xmlns:i='urn:i' h:c='' i:d=''/><i:e "
	      "xmlns:i='urn:i'/></h:a>"
	      "<h:f xmlns:h='urn:h'/></iq>");
	/* hidden by a declaration of the stanza, as far as that reaches */
	check("xmlns:h='urn:h'", "<iq><h:a xmlns:h='urn:i'><h:b/></h:a><h:c/></iq>",
	      "<iq><h:a xmlns:h='urn:i'><h:b/></h:a><h:c xmlns:h='urn:h'/></iq>");
	check("xmlns:h='urn:h'",
	      "<iq h:a=''><h:b xmlns:h='urn:i'><c xmlns:h='urn:h' h:d=''/></h:b><h:e/></iq>",
	      "<iq xmlns:h='urn:h' h:a=''><h:b xmlns:h='urn:i'><c xmlns:h='urn:h' "
	      "h:d=''/></h:b><h:e/></iq>");
	/* the stream prefix itself [RFC6120 4.8.5] */
	check("", "<iq><stream:error/></iq>",
	      "<iq><stream:error xmlns:stream='http://etherx.jabber.org/streams'/></iq>");
}

static void test_content_attributes(void **state)
{
	(void)state;
	check_from(NS_SERVER, "xmlns='jabber:server' xmlns:h='urn:h'",
		   "<iq xmlns:s='jabber:server' xmlns:t='jabber:server' s:a='1' h:b='2' s:c='3' "
		   "t:d='4'><e s:f='5'/></iq>",
		   "<iq xmlns:h='urn:h' xmlns:s='jabber:server' xmlns:t='jabber:server' s:a='1' "
		   "h:b='2' s:c='3' t:d='4'>"
		   "<e xmlns:s='jabber:server' s:f='5'/></iq>");
	check_from(NS_SERVER, "xmlns='jabber:server' xmlns:s='jabber:server'",
		   "<iq s:a='1'><s:b/></iq>", "<iq xmlns:s='jabber:server' s:a='1'><b/></iq>");
}

static void test_lang(void **state)
{
	(void)state;
	check("xml:lang='en'", "<iq from='a'><b/></iq>", "<iq from='a' xml:lang='en'><b/></iq>");
	check("xml:lang='en'", "<iq xml:lang='de' from='a'><b/></iq>",
	      "<iq xml:lang='de' from='a'><b/></iq>");
	check("xml:lang='en'", "<iq xml:lang=''/>", "<iq xml:lang=''/>");
	check("xml:lang='en'", "<iq><b xml:lang='de'/></iq>",
	      "<iq xml:lang='en'><b xml:lang='de'/></iq>");
	check("xml:lang='a&apos;'", "<iq lang='x' xml:base='y'/>",
	      "<iq lang='x' xml:base='y' xml:lang='a&apos;'/>");
	check("xml:lang=''", "<iq/>", "<iq/>");
	check("", "<iq/>", "<iq/>");
	check("xml:lang='en'", "<iq xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
	      "<iq xml:lang='en'/>");
}

/* Forwarded messages and their like keep their names [XEP-0297]. */
static void test_X27_other_content_namespaces(void **state)
{
	(void)state;
	check("",
	      "<message><forwarded xmlns='urn:xmpp:forward:0'><message "
	      "xmlns='jabber:client'><body/></message></forwarded></message>",
	      "<message><forwarded xmlns='urn:xmpp:forward:0'><message "
	      "xmlns='jabber:client'><body/></message></forwarded></message>");
	/* the content namespace below another: by prefixes, so that it stays undeclared */
	check("",
	      "<message><f xmlns='urn:f'><message xmlns='%s'><body/><g "
	      "xmlns='urn:f'/></message><h/></f><i/></message>",
	      "<message><n0:f "
	      "xmlns:n0='urn:f'><message><body/><n0:g/></message><n0:h/></n0:f><i/></message>");
	check("",
	      "<message><f xmlns='urn:f'><s:body xmlns:s='%s'/><x xmlns='urn:x'><f "
	      "xmlns='urn:f'/><x/></x></f><x xmlns='urn:x'/></message>",
	      "<message><n0:f xmlns:n0='urn:f'><body/><n1:x "
	      "xmlns:n1='urn:x'><n0:f/><n1:x/></n1:x></n0:f><n0:x xmlns:n0='urn:x'/></message>");
	/* no generated prefix is one that the source has */
	check("xmlns:n7='urn:n7'",
	      "<iq from='a'><f xmlns='urn:f' xmlns:n3='urn:n3' xmlns:n05='urn:5' "
	      "xmlns:nx='urn:nx'><a xmlns='%s' n7:b=''/></f></iq>",
	      "<iq from='a'><n8:f xmlns:n8='urn:f' xmlns:n3='urn:n3' xmlns:n05='urn:5' "
	      "xmlns:nx='urn:nx'>"
	      "<a xmlns:n7='urn:n7' n7:b=''/></n8:f></iq>");
	check("xmlns:n0='%s'",
	      "<iq><f xmlns='urn:f'><a n0:b=''/><n0:c/><n0:d n0:b='' n0:e=''/></f></iq>",
	      "<iq><n1:f xmlns:n1='urn:f'><n1:a xmlns:n0='%s' n0:b=''/><c/>"
	      "<d xmlns:n0='%s' n0:b='' n0:e=''/></n1:f></iq>");
	check("", "<iq><f xmlns='urn:f' xmlns:n999999999999999999='urn:n'><a xmlns='%s'/></f></iq>",
	      "<iq><n1000000000000000000:f xmlns:n1000000000000000000='urn:f' "
	      "xmlns:n999999999999999999='urn:n'><a/></n1000000000000000000:f></iq>");
	check("",
	      "<iq><f xmlns='urn:f' xmlns:n999999999999999999='urn:n' "
	      "xmlns:n1000000000000000000='urn:m' xmlns:n10000000000000000000='urn:o'>"
	      "<n1000000000000000000:e/><a xmlns='%s'/></f></iq>",
	      "<iq><n101000000000000000000:f xmlns:n101000000000000000000='urn:f' "
	      "xmlns:n999999999999999999='urn:n' xmlns:n1000000000000000000='urn:m' "
	      "xmlns:n10000000000000000000='urn:o'><n1000000000000000000:e/><a/>"
	      "</n101000000000000000000:f></iq>");
	/* a default that an element with a prefix declares is bound once, not by every child */
	check("", "<iq><p:f xmlns:p='urn:p' xmlns='urn:f'><a/><a/><b xmlns='%s'/></p:f></iq>",
	      "<iq><p:f xmlns:n0='urn:f' xmlns:p='urn:p'><n0:a/><n0:a/><b/></p:f></iq>");
}

/* Below an element in no namespace, which can have no prefix, the content namespace must be named. */
static void test_X27_content_below_no_namespace(void **state)
{
	(void)state;
	check_from(NS_SERVER, "xmlns='jabber:server'",
		   "<iq><a xmlns=''><b xmlns='jabber:server'><c/></b><d><e "
		   "xmlns='urn:e'/></d></a><f xmlns='urn:e'/></iq>",
		   "<iq><a xmlns=''><b xmlns='jabber:server'><c/></b><d><n0:e "
		   "xmlns:n0='urn:e'/></d></a>"
		   "<n0:f xmlns:n0='urn:e'/></iq>");
}

static void test_envelope(void **state)
{
	struct xml_record r;
	const struct stanza *s;
	size_t len;

	(void)state;
	canonical(&r, NS_SERVER, "xmlns='jabber:server'",
		  "<presence xml:lang='x' type='&amp;&#10;' fro='1' from='\xc3\xa4&apos;' too='2' "
		  "to='' typ='3' i='4' ids='5'>"
		  "<a from='6' to='7' id='8' type='9'/></presence>");
	s = r.stanza;
	assert_int_equal(stanza_kind(s), STANZA_PRESENCE);
	assert_string_equal(stanza_from(s), "\xc3\xa4'");
	assert_string_equal(stanza_to(s), "");
	assert_null(stanza_id(s));
	assert_string_equal(stanza_type(s), "&\n");
	assert_string_equal(stanza_bytes(s, NULL), stanza_bytes(s, &len));
	assert_int_equal(len, strlen(stanza_bytes(s, NULL)));
	xml_record_fini(&r);
	canonical(&r, NS_SERVER, "xmlns='jabber:server' xmlns:s='urn:s'",
		  "<iq s:from='1' id='2'><a xmlns='urn:a'><b xmlns='jabber:server'/></a></iq>");
	assert_int_equal(stanza_kind(r.stanza), STANZA_IQ);
	assert_null(stanza_from(r.stanza));
	assert_null(stanza_to(r.stanza));
	assert_string_equal(stanza_id(r.stanza), "2");
	assert_null(stanza_type(r.stanza));
	xml_record_fini(&r);
}

static void test_kind_names(void **state)
{
	(void)state;
	assert_string_equal(stanza_kind_str(STANZA_MESSAGE), "message");
	assert_string_equal(stanza_kind_str(STANZA_PRESENCE), "presence");
	assert_string_equal(stanza_kind_str(STANZA_IQ), "iq");
}

/* A stanza outlives its stream for as long as somebody holds it; a sanitizer sees it freed with the last. */
static void test_references(void **state)
{
	struct xml_record r;
	struct stanza *s;

	(void)state;
	canonical(&r, NS_SERVER, "xmlns='jabber:server'", "<iq id='1'/>");
	s = stanza_get(r.stanza);
	assert_ptr_equal(s, r.stanza);
	assert_ptr_equal(stanza_get(s), s);
	xml_record_fini(&r);
	stanza_put(s);
	assert_string_equal(stanza_bytes(s, NULL), "<iq id='1'/>");
	assert_string_equal(stanza_id(s), "1");
	stanza_put(s);
	stanza_put(NULL);
}

static void check_bounce(const char *input, const char *text, const char *output)
{
	struct xml_record r, again;
	struct stanza *error;
	const char *bytes;
	size_t len;

	canonical(&r, NS_SERVER, "xmlns='jabber:server'", input);
	error = stanza_bounce(r.stanza, "cancel", "remote-server-not-found", text);
	if (!output) {
		assert_null(error);
		assert_true(stanza_is_final(r.stanza));
		xml_record_fini(&r);
		return;
	}
	assert_false(stanza_is_final(r.stanza));
	assert_non_null(error);
	bytes = stanza_bytes(error, &len);
	assert_int_equal(len, strlen(output));
	assert_string_equal(bytes, output);
	assert_true(stanza_is_final(error));
	assert_int_equal(stanza_kind(error), stanza_kind(r.stanza));
	/* it is in canonical form, and its envelope says what its bytes say */
	assert_string_equal(canonical(&again, NS_SERVER, "xmlns='jabber:server'", bytes), output);
	assert_string_equal(stanza_type(error), "error");
	assert_int_equal(!stanza_from(error), !stanza_from(again.stanza));
	assert_int_equal(!stanza_to(error), !stanza_to(again.stanza));
	assert_int_equal(!stanza_id(error), !stanza_id(again.stanza));
	if (stanza_from(error))
		assert_string_equal(stanza_from(error), stanza_from(again.stanza));
	if (stanza_to(error))
		assert_string_equal(stanza_to(error), stanza_to(again.stanza));
	if (stanza_id(error))
		assert_string_equal(stanza_id(error), stanza_id(again.stanza));
	xml_record_fini(&again);
	stanza_put(error);
	xml_record_fini(&r);
}

static void test_bounce(void **state)
{
	(void)state;
	check_bounce(
		"<message from='a@x/&lt;' to='b' id='1&#10;' type='chat'><body/></message>",
		"It's <gone>.",
		"<message from='b' to='a@x/&lt;' id='1&#10;' type='error'><error type='cancel'>"
		"<remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>It's "
		"&lt;gone&gt;.</text></error></message>");
	check_bounce("<iq type='get'/>", NULL,
		     "<iq type='error'><error type='cancel'>"
		     "<remote-server-not-found "
		     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	check_bounce("<presence to='b'/>", NULL,
		     "<presence from='b' type='error'><error type='cancel'>"
		     "<remote-server-not-found "
		     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
}

/* Errors and results are never answered with an error [RFC6120 8.3.1]. */
/* [R05] An address that is too long is neither cut nor taken: its stanza goes back to whom it came from inside. */
static void test_R05_jid_malformed(void **state)
{
	const struct fail_info *info = fail_info(FAIL_JID_MALFORMED);
	char part[JID_PART_MAX + 2], to[JID_PART_MAX + 20], input[JID_PART_MAX + 100];
	char domain[JID_DOMAIN_SIZE];
	struct stanza *error;
	struct xml_record r;
	bool bare;

	(void)state;
	memset(part, 'a', sizeof(part));
	part[JID_PART_MAX + 1] = '\0';
	snprintf(to, sizeof(to), "%s@a.example", part);
	snprintf(input, sizeof(input), "<message from='u@b.example' to='%s'/>", to);
	canonical(&r, NS_COMPONENT, "xmlns='" NS_COMPONENT "'", input);
	assert_string_equal(stanza_to(r.stanza), to);
	assert_int_equal(jid_domain_of(to, strlen(to), domain, &bare), -FAIL_JID_MALFORMED);
	assert_int_equal(jid_domain_of(to + 1, strlen(to + 1), domain, &bare), 0);
	error = stanza_bounce(r.stanza, info->bounce_type, info->bounce_condition, NULL);
	assert_string_equal(stanza_from(error), to);
	assert_string_equal(stanza_to(error), "u@b.example");
	assert_non_null(strstr(stanza_bytes(error, &(size_t){ 0 }),
			       "<error type='modify'><jid-malformed "));
	stanza_put(error);
	xml_record_fini(&r);
}

static void test_R07_never_bounced(void **state)
{
	(void)state;
	check_bounce("<message type='error' from='a' to='b'/>", NULL, NULL);
	check_bounce("<presence type='error'/>", NULL, NULL);
	check_bounce("<iq type='error'/>", NULL, NULL);
	check_bounce("<iq type='result' from='a' to='b' id='1'/>", NULL, NULL);
	check_bounce("<message type='result'/>", NULL,
		     "<message type='error'><error type='cancel'>"
		     "<remote-server-not-found "
		     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
}

static void check_new(const struct stanza_root *root, const char *inner, const char *output)
{
	struct stanza *s = stanza_new(root, inner, strlen(inner));
	struct xml_record r;
	size_t len;

	assert_non_null(s);
	assert_string_equal(stanza_bytes(s, &len), output);
	assert_int_equal(len, strlen(output));
	/* what a parser makes of it is the same in bytes and envelope */
	assert_string_equal(canonical(&r, NS_SERVER, "xmlns='" NS_SERVER "'", output), output);
	assert_int_equal(stanza_kind(r.stanza), root->kind);
	assert_int_equal(stanza_kind(s), root->kind);
#define SAME(field) \
	do { \
		if (root->field) \
			assert_string_equal(stanza_##field(s), root->field); \
		else \
			assert_null(stanza_##field(s)); \
		if (root->field) \
			assert_string_equal(stanza_##field(r.stanza), root->field); \
	} while (0)
	SAME(type);
	SAME(id);
	SAME(from);
	SAME(to);
	xml_record_fini(&r);
	stanza_put(s);
}

static void test_new(void **state)
{
	(void)state;
	check_new(&(struct stanza_root){ .kind = STANZA_PRESENCE }, "", "<presence/>");
	check_new(&(struct stanza_root){ .kind = STANZA_IQ,
					 .type = "result",
					 .id = "'1'\t<&>\r\n",
					 .from = "a.example",
					 .to = "b@c.example/\"'&amp;<" },
		  "<query xmlns='x'>&amp;</query>",
		  "<iq from='a.example' to='b@c.example/\"&apos;&amp;amp;&lt;' "
		  "id='&apos;1&apos;&#9;&lt;&amp;>&#13;&#10;' type='result'>"
		  "<query xmlns='x'>&amp;</query></iq>");
	check_new(&(struct stanza_root){ .kind = STANZA_MESSAGE, .to = "" }, "<body>x</body>",
		  "<message to=''><body>x</body></message>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_escapes_at_every_place),
		cmocka_unit_test(test_escapes_in_long_values),
		cmocka_unit_test(test_X11_references_pass),
		cmocka_unit_test(test_foreign_namespaces),
		cmocka_unit_test(test_content_namespace),
		cmocka_unit_test(test_header_prefixes),
		cmocka_unit_test(test_content_attributes),
		cmocka_unit_test(test_lang),
		cmocka_unit_test(test_X27_other_content_namespaces),
		cmocka_unit_test(test_X27_content_below_no_namespace),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_kind_names),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_bounce),
		cmocka_unit_test(test_R05_jid_malformed),
		cmocka_unit_test(test_R07_never_bounced),
	};

	return cmocka_run_group_tests_name("stanza", tests, NULL, NULL);
}
