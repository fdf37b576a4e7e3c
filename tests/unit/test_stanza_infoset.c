/*
 * stanza: what goes out means what came in, asked of a second parser.
 *
 * The source document and the canonical bytes, the latter in a stream of each kind, are parsed by libxml2; expanded names,
 * attributes, texts and their order must be the same, but for the content namespace, which is that of the stream. Cases
 * by hand, and some thousands that a generator makes from a fixed seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "xml_record.h"
#include "xmpp/ns.h"

#define ROOT "<stream:stream xmlns='jabber:server' xmlns:stream='" NS_STREAM "'>"

/* --- the infoset as text --- */

struct infoset {
	struct buf text;
	const char *from; /* a namespace of elements that is written ... */
	const char *to;	  /* ... so */
};

static const char *href(const xmlNs *ns)
{
	return ns ? (const char *)ns->href : "";
}

static void add_attribute(struct buf *b, const xmlAttr *a)
{
	const xmlNode *value;

	buf_addf(b, " {%s}%s=[", href(a->ns), (const char *)a->name);
	for (value = a->children; value; value = value->next)
		buf_adds(b, (const char *)value->content);
	buf_addc(b, ']');
}

static bool follows(const xmlAttr *a, const xmlAttr *b)
{
	int order = b ? strcmp(href(a->ns), href(b->ns)) : 1;

	return order > 0 || (!order && xmlStrcmp(a->name, b->name) > 0);
}

/* In an order of their own: in a document they have none. */
static void add_attributes(struct infoset *i, const xmlNode *node)
{
	const xmlAttr *last = NULL, *next, *a;

	for (;;) {
		for (next = NULL, a = node->properties; a; a = a->next) {
			if (follows(a, last) && (!next || follows(next, a)))
				next = a;
		}
		if (!next)
			return;
		add_attribute(&i->text, next);
		last = next;
	}
}

/* MAPPED: no element around is in no namespace. */
static void add_node(struct infoset *i, const xmlNode *node, bool mapped)
{
	const char *ns = href(node->ns);
	const xmlNode *child;

	if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
		buf_adds(&i->text, (const char *)node->content);
		return;
	}
	assert_int_equal(node->type, XML_ELEMENT_NODE);
	buf_addf(&i->text, "<{%s}%s", mapped && i->from && !strcmp(ns, i->from) ? i->to : ns,
		 (const char *)node->name);
	add_attributes(i, node);
	buf_addc(&i->text, '>');
	for (child = node->children; child; child = child->next)
		add_node(i, child, mapped && *ns);
	buf_adds(&i->text, "</>");
}

/* A stanza without a language has the stream's [RFC6120 8.1.5]. */
static void inherit_lang(xmlNode *root, xmlNode *stanza)
{
	xmlChar *lang = xmlGetNsProp(root, BAD_CAST "lang", XML_XML_NAMESPACE);
	xmlNs *ns = xmlSearchNsByHref(stanza->doc, stanza, XML_XML_NAMESPACE);

	if (lang && *lang && !xmlHasNsProp(stanza, BAD_CAST "lang", XML_XML_NAMESPACE))
		assert_non_null(xmlNewNsProp(stanza, ns, BAD_CAST "lang", lang));
	xmlFree(lang);
}

/* Of the first element below the root of DOCUMENT. */
static void infoset(struct infoset *i, const char *document)
{
	xmlDoc *doc = xmlReadMemory(document, (int)strlen(document), NULL, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlNode *root, *node;

	if (!doc)
		print_error("libxml2 refuses: %s\n", document);
	assert_non_null(doc);
	root = xmlDocGetRootElement(doc);
	node = xmlFirstElementChild(root);
	assert_non_null(node);
	inherit_lang(root, node);
	add_node(i, node, true);
	xmlFreeDoc(doc);
	assert_int_equal(buf_failed(&i->text), 0);
}

static void infoset_init(struct infoset *i, const char *from, const char *to)
{
	buf_init(&i->text, BUF_MAX_DEFAULT);
	i->from = from;
	i->to = to;
}

/* BYTES in a stream of CONTENT_NS have the infoset of SOURCE. */
static void check_in_stream(const char *source, const char *bytes, const char *content_ns)
{
	struct infoset in, out;
	struct buf document;

	infoset_init(&in, NS_SERVER, content_ns);
	infoset_init(&out, NULL, NULL);
	buf_init(&document, BUF_MAX_DEFAULT);
	infoset(&in, source);
	buf_addf(&document,
		 "<stream:stream xmlns='%s' xmlns:stream='" NS_STREAM "'>%s</stream:stream>",
		 content_ns, bytes);
	infoset(&out, buf_str(&document));
	if (strcmp(buf_str(&in.text), buf_str(&out.text)))
		print_error("source %s\nbytes %s\n", source, bytes);
	assert_string_equal(buf_str(&out.text), buf_str(&in.text));
	buf_fini(&document);
	buf_fini(&in.text);
	buf_fini(&out.text);
}

/* HEADER opens a stream; its root is named "stream:stream". */
static void check(const char *header, const char *input)
{
	struct xml_record r, again;
	struct buf source;

	buf_init(&source, BUF_MAX_DEFAULT);
	buf_addf(&source, "%s%s</stream:stream>", header, input);
	xml_record_init(&r, NULL, NULL);
	if (xml_record_feed(&r, buf_str(&source), source.len, 0) || !r.stanza)
		print_error("xml_stream refuses: %s\n", buf_str(&source));
	assert_int_equal(r.result, 0);
	assert_non_null(r.stanza);
	check_in_stream(buf_str(&source), buf_str(&r.bytes), NS_SERVER);
	check_in_stream(buf_str(&source), buf_str(&r.bytes), NS_COMPONENT);
	/* written once more, nothing changes */
	xml_record_init(&again, NULL, NULL);
	xml_record_feed(&again, ROOT, strlen(ROOT), 0);
	assert_int_equal(xml_record_feed(&again, r.bytes.data, r.bytes.len, 0), 0);
	assert_string_equal(buf_str(&again.bytes), buf_str(&r.bytes));
	xml_record_fini(&again);
	xml_record_fini(&r);
	buf_fini(&source);
}

static void test_by_hand(void **state)
{
	static const char *const stanzas[] = {
		"<message/>",
		"<message from='a@b/c' to='d' id='1' type='chat'><body>Hello</body></message>",
		"<iq> <a/>b<c/>\r\n d&#13;&#10;<![CDATA[<&]]]]>]]&gt; <c/></iq>",
		"<iq a='&#9;&#10;&#13;\t\n\"&apos;&gt;&lt;&amp;' b=\"'\"/>",
		"<iq><x xmlns='urn:x'><y/><z xmlns='urn:z'/><y/></x></iq>",
		"<iq><x xmlns=''><y xmlns='urn:y'/></x></iq>",
		"<p:iq xmlns:p='jabber:server' p:a='1' a='2'><p:b/><c xmlns='urn:c' "
		"p:d='3'/></p:iq>",
		"<iq><f xmlns='urn:f'><iq xmlns='jabber:server'><f xmlns='urn:f'/></iq><g/>1<h "
		"a='b'/></f></iq>",
		"<iq><f xmlns='urn:f' xmlns:n0='urn:n' n0:a=''><b xmlns='jabber:server' "
		"n0:c=''/></f></iq>",
		"<iq><f xmlns=''><b xmlns='jabber:server'><f xmlns='urn:f'><b "
		"xmlns='jabber:server'/></f></b></f></iq>",
		"<iq><stream:error stream:a=''/><stream:b xmlns:stream='urn:s'/></iq>",
		"<iq xml:lang='de' xml:space='preserve'><b xml:lang=''/></iq>",
		"<message><forwarded xmlns='urn:xmpp:forward:0'><message "
		"xmlns='jabber:client'><body>1</body></message>"
		"</forwarded></message>",
		"<iq><a xmlns='urn:&quot;&apos;&amp;'><b/></a></iq>",
		"<presence><\xc3\xa4 xmlns='urn:\xc3\xb6' "
		"\xc3\xbc='\xf0\x9f\x98\x80'>\xef\xbf\xbd&#x10FFFF;</\xc3\xa4></presence>",
	};
	static const char *const headers[] = {
		ROOT,
		"<stream:stream xmlns='jabber:server' xmlns:stream='" NS_STREAM "' xml:lang='en'>",
		"<stream:stream xmlns:p='urn:other' xmlns='jabber:server' xmlns:stream='" NS_STREAM
		"' xmlns:n0='urn:0' xmlns:s='jabber:server'>",
	};
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof(headers) / sizeof(headers[0]); k++) {
		for (i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++)
			check(headers[k], stanzas[i]);
	}
	check("<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM
	      "' xmlns:s='jabber:server'>",
	      "<s:iq><a/><s:b/></s:iq>");
	check("<stream:stream xmlns:stream='" NS_STREAM "' xmlns:s='jabber:server'>",
	      "<s:iq s:c=''><a/><s:b/><n xmlns='urn:n'><s:o/></n></s:iq>");
}

/* --- the generator --- */

#define PREFIXES 6
#define URIS 7

static const char *const prefixes[PREFIXES] = { "p", "q", "n0", "n1", "s", "stream" };
static const char *const uris[URIS] = {
	"jabber:server", "jabber:client", "urn:a",	     "urn:b",
	NS_STREAM,	 "jabber:serve",  "urn:'&amp;&#60;",
};

struct scope { /* the indexes of uris; -1 = none */
	int standard;
	int of[PREFIXES];
};

struct generator {
	struct buf out;
	uint64_t seed;
	unsigned elements;
};

static unsigned pick(struct generator *g, unsigned n)
{
	g->seed ^= g->seed << 13;
	g->seed ^= g->seed >> 7;
	g->seed ^= g->seed << 17;
	return (unsigned)(g->seed >> 33) % n;
}

static void add_text(struct generator *g, const char *const *pieces, unsigned count)
{
	unsigned n = pick(g, 6);

	while (n--)
		buf_adds(&g->out, pieces[pick(g, count)]);
}

static void add_content(struct generator *g)
{
	static const char *const pieces[] = { "a",
					      " ",
					      "word and word",
					      "\n",
					      "\r\n",
					      "\t",
					      "&#13;",
					      "&#x9;",
					      "&amp;",
					      "&lt;",
					      "&gt;",
					      "> ",
					      "'",
					      "\"",
					      "\xc3\xa4",
					      "\xf0\x9f\x98\x80",
					      "&#x1F600;",
					      "]] ",
					      "]]&gt;",
					      "<![CDATA[]]>",
					      "<![CDATA[<b>]]]]>",
					      "<![CDATA[&amp;\r]]>" };

	add_text(g, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

static void add_value(struct generator *g)
{
	static const char *const pieces[] = { "a",	" ",	    "two words", "&#10;",
					      "&#13;",	"&#9;",	    "\n",	 "\t",
					      "&amp;",	"&lt;",	    ">",	 "&apos;",
					      "&quot;", "\xc3\xa4", "&#xE000;",	 "'" };
	bool quot = pick(g, 2);

	buf_adds(&g->out, quot ? "=\"" : "='");
	add_text(g, pieces,
		 sizeof(pieces) / sizeof(pieces[0]) -
			 !quot); /* the bare apostrophe in quotes alone */
	buf_addc(&g->out, quot ? '"' : '\'');
}

/* A URI is written as it stands in a document, but for apostrophes between apostrophes. */
static void declare(struct generator *g, const char *prefix, int uri)
{
	char quote = pick(g, 2) ? '"' : '\'';
	const char *p = uri < 0 ? "" : uris[uri];

	buf_addf(&g->out, " xmlns%s%s=%c", prefix ? ":" : "", prefix ? prefix : "", quote);
	for (; *p; p++) {
		if (*p == quote)
			buf_adds(&g->out, "&apos;");
		else
			buf_addc(&g->out, *p);
	}
	buf_addc(&g->out, quote);
}

/* Changes some of the scope; what is declared goes behind a name in PENDING. */
static void declare_some(struct generator *g, struct scope *s, struct generator *pending)
{
	unsigned i;

	if (!pick(g, 3)) {
		s->standard = (int)pick(g, URIS + 1) - 1;
		declare(pending, NULL, s->standard);
	}
	for (i = 0; i < PREFIXES - 1; i++) {
		if (pick(g, 8))
			continue;
		s->of[i] = (int)pick(g, URIS);
		declare(pending, prefixes[i], s->of[i]);
	}
}

static void add_some_attributes(struct generator *g, const struct scope *s)
{
	static const char *const names[] = { "a", "b", "from", "id", "type" };
	unsigned used = 0, n = pick(g, 4);

	while (n--) {
		unsigned name = pick(g, 5), prefix = pick(g, PREFIXES + 4);
		if (used & 1u << name) /* no two of a local name: no two of an expanded name */
			continue;
		used |= 1u << name;
		if (prefix < PREFIXES && s->of[prefix] >= 0)
			buf_addf(&g->out, " %s:%s", prefixes[prefix], names[name]);
		else
			buf_addf(&g->out, " %s", names[name]);
		add_value(g);
	}
	if (!pick(g, 10))
		buf_adds(&g->out, " xml:lang='de'");
}

/* An element; its content namespace forced to be index 0 where STANZA says so. */
static void add_element(struct generator *g, struct scope scope, unsigned depth, const char *stanza)
{
	const struct scope outer = scope;
	struct generator pending = { .seed = g->seed };
	int prefix = (int)pick(g, PREFIXES + 4);
	const char *name = stanza;
	char local[2] = { (char)('a' + pick(g, 6)), '\0' };
	unsigned children = depth < 6 && g->elements < 40 ? pick(g, 4) : 0;

	g->elements++;
	buf_init(&pending.out, BUF_MAX_DEFAULT);
	declare_some(g, &scope, &pending);
	if (prefix >= PREFIXES || scope.of[prefix] < 0)
		prefix = -1;
	if (stanza && (prefix < 0 ? scope.standard : scope.of[prefix]) != 0) {
		for (prefix = 0; prefix < PREFIXES && scope.of[prefix]; prefix++)
			;
		if (prefix == PREFIXES) {
			prefix = -1;
			scope = outer;
			scope.standard = 0;
			buf_clear(&pending.out);
			declare(&pending, NULL, 0);
		}
	}
	if (!name)
		name = local;
	buf_addf(&g->out, "<%s%s%s", prefix < 0 ? "" : prefixes[prefix], prefix < 0 ? "" : ":",
		 name);
	buf_add(&g->out, pending.out.data, pending.out.len);
	add_some_attributes(g, &scope);
	if (!children && pick(g, 2)) {
		buf_adds(&g->out, "/>");
	} else {
		buf_addc(&g->out, '>');
		add_content(g);
		while (children--) {
			add_element(g, scope, depth + 1, NULL);
			add_content(g);
		}
		buf_addf(&g->out, "</%s%s%s>", prefix < 0 ? "" : prefixes[prefix],
			 prefix < 0 ? "" : ":", name);
	}
	buf_fini(&pending.out);
}

static void add_header(struct generator *g, struct scope *scope)
{
	unsigned i;

	scope->standard = (int)pick(g, 4) - 1;
	if (pick(g, 3))
		scope->standard = 0;
	for (i = 0; i < PREFIXES - 1; i++)
		scope->of[i] = pick(g, 3) ? -1 : (int)pick(g, URIS);
	scope->of[PREFIXES - 1] = 4;
	buf_adds(&g->out, "<stream:stream");
	if (scope->standard >= 0)
		declare(g, NULL, scope->standard);
	for (i = 0; i < PREFIXES; i++) {
		if (scope->of[i] >= 0)
			declare(g, prefixes[i], scope->of[i]);
	}
	buf_adds(&g->out, pick(g, 3) ? ">" : " xml:lang='en'>");
}

static void test_generated(void **state)
{
	struct generator header = { .seed = 0x9e3779b97f4a7c15u }, stanza;
	unsigned i, named = 0;

	(void)state;
	buf_init(&header.out, BUF_MAX_DEFAULT);
	for (i = 0; i < 6000; i++) {
		struct scope scope;
		buf_clear(&header.out);
		add_header(&header, &scope);
		stanza = (struct generator){ .seed = header.seed };
		buf_init(&stanza.out, BUF_MAX_DEFAULT);
		add_element(&stanza, scope, 1, stanza_kind_str((enum stanza_kind)(i % 3)));
		assert_int_equal(buf_failed(&stanza.out), 0);
		check(buf_str(&header.out), buf_str(&stanza.out));
		named += stanza.elements;
		header.seed = stanza.seed;
		buf_fini(&stanza.out);
	}
	assert_true(named > 12000); /* they are no trifles */
	buf_fini(&header.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_generated),
	};
	int failed = cmocka_run_group_tests_name("stanza_infoset", tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
