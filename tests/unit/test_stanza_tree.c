/* stanza_tree: what is read of a stanza is what stood in the stream it came from. */
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
#include "xmpp/stanza_tree.h"

/* The stanza that INPUT is in a stream of CONTENT_NS with some prefixes of its own. */
static struct stanza *stanza_of(const char *content_ns, const char *input)
{
	struct xml_record r;
	char header[512];
	struct stanza *s;

	snprintf(header, sizeof(header),
		 "<stream:stream xmlns:stream='" NS_STREAM "' xmlns='%s' xmlns:p='urn:p'>",
		 content_ns);
	xml_record_init(&r, NULL, content_ns);
	assert_int_equal(xml_record_feed(&r, header, strlen(header), 0), 0);
	assert_int_equal(xml_record_feed(&r, input, strlen(input), 0), 0);
	assert_non_null(r.stanza);
	s = stanza_get(r.stanza);
	xml_record_fini(&r);
	return s;
}

static void print(struct buf *out, const struct element *e)
{
	const struct element_attribute *a;
	const struct element *child;

	buf_addf(out, "{%s}%s", e->ns, e->name);
	for (a = e->attributes; a; a = a->next)
		buf_addf(out, " {%s}%s=%s", a->ns, a->name, a->value);
	buf_addc(out, '[');
	buf_add(out, e->text, e->text_len);
	for (child = e->children; child; child = child->next)
		print(out, child);
	buf_addc(out, ']');
}

static void print_once(void *context, const struct element *root)
{
	struct buf *out = context;

	assert_int_equal(out->len, 0);
	print(out, root);
}

static void check(const char *input, const char *tree)
{
	static const char *const kinds[] = { NS_SERVER, NS_COMPONENT };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct stanza *s = stanza_of(kinds[i], input);
		struct buf out;
		buf_init(&out, BUF_MAX_DEFAULT);
		assert_int_equal(stanza_tree(s, print_once, &out), 0);
		assert_string_equal(buf_str(&out), tree);
		buf_fini(&out);
		stanza_put(s);
	}
}

static void test_tree(void **state)
{
	(void)state;
	check("<iq/>", "{jabber:server}iq[]");
	check("<iq type='get' id='&#10;&apos;'><ping xmlns='urn:xmpp:ping'/></iq>",
	      "{jabber:server}iq {}type=get {}id=\n'[{urn:xmpp:ping}ping[]]");
	check("<message xml:lang='de'><body>a&lt;b</body><p:x p:y='1'/></message>",
	      "{jabber:server}message {" NS_XML "}lang=de[{jabber:server}body[a<b]"
	      "{urn:p}x {urn:p}y=1[]]");
	/* the content namespace below another one: written with prefixes, read as it was */
	check("<iq><a xmlns='urn:a'><p:b/></a></iq>", "{jabber:server}iq[{urn:a}a[{urn:p}b[]]]");
	check("<iq><iq/><message/></iq>",
	      "{jabber:server}iq[{jabber:server}iq[]{jabber:server}message[]]");
}

static void test_bounce_and_own(void **state)
{
	struct stanza *s = stanza_of(NS_SERVER, "<iq type='get' from='a' to='b' id='1'/>");
	struct stanza *error = stanza_bounce(s, "cancel", "service-unavailable", NULL);
	struct buf out;

	(void)state;
	buf_init(&out, BUF_MAX_DEFAULT);
	assert_int_equal(stanza_tree(error, print_once, &out), 0);
	assert_string_equal(buf_str(&out), "{jabber:server}iq {}from=b {}to=a {}id=1 {}type=error["
					   "{jabber:server}error {}type=cancel[{" NS_STANZA_ERRORS
					   "}service-unavailable[]]]");
	buf_fini(&out);
	stanza_put(error);
	stanza_put(s);
}

static void count(void *context, const struct element *root)
{
	unsigned *calls = context;

	assert_true(element_is(root, NS_SERVER, "iq"));
	++*calls;
}

/* Every escape makes it larger than it was in its stream. */
static void test_grown(void **state)
{
	struct buf in;
	struct stanza *s;
	unsigned calls = 0, i;

	(void)state;
	buf_init(&in, BUF_MAX_DEFAULT);
	buf_adds(&in, "<iq a=\"");
	for (i = 0; i < 16000; i++)
		buf_addc(&in, '\'');
	buf_adds(&in, "\">");
	for (i = 0; i < 100000; i++)
		buf_addc(&in, '>');
	buf_adds(&in, "</iq>");
	s = stanza_of(NS_SERVER, buf_str(&in));
	assert_int_equal(stanza_tree(s, count, &calls), 0);
	assert_int_equal(calls, 1);
	stanza_put(s);
	buf_fini(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_bounce_and_own),
		cmocka_unit_test(test_grown),
	};

	return cmocka_run_group_tests_name("stanza_tree", tests, NULL, NULL);
}
