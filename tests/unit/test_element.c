/* element: the tree as xml_stream builds it, and the three questions it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "xml_record.h"
#include "xmpp/ns.h"

#define ROOT "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>"

static void check(const char *input, const char *tree)
{
	size_t step;

	for (step = 0; step < 24; step++) {
		struct xml_record r;
		xml_record_init(&r, NULL, NULL);
		assert_int_equal(xml_record_feed(&r, ROOT, strlen(ROOT), 0), 0);
		buf_clear(&r.text);
		assert_int_equal(xml_record_feed(&r, input, strlen(input), step), 0);
		assert_string_equal(xml_record_text(&r), tree);
		xml_record_fini(&r);
	}
}

static void test_tree(void **state)
{
	(void)state;
	check("<a/>", "element {jabber:server}a []\n");
	check("<a xmlns=''/>", "element {}a []\n");
	check("<a b='1' xml:c='2' stream:d='3'><e/><f xmlns='urn:f'><g/></f><h/></a>",
	      "element {jabber:server}a {}b=[1] {http://www.w3.org/XML/1998/namespace}c=[2] "
	      "{http://etherx.jabber.org/streams}d=[3] []\n"
	      "  {jabber:server}e []\n  {urn:f}f []\n    {urn:f}g []\n  {jabber:server}h []\n");
	/* a namespace that begins with the parent's */
	check("<a xmlns='urn:f'><b xmlns='urn:ff'/><c xmlns='urn:'/></a>",
	      "element {urn:f}a []\n  {urn:ff}b []\n  {urn:}c []\n");
}

/* An element's own text is joined around its children, and theirs stays theirs. */
static void test_text(void **state)
{
	(void)state;
	check("<a>1&#50;<b>x&amp;<c/>y</b>3<![CDATA[4<]]>\r\n5<d> </d></a>",
	      "element {jabber:server}a [1234<\n5]\n  {jabber:server}b [x&y]\n    {jabber:server}c "
	      "[]\n"
	      "  {jabber:server}d [ ]\n");
}

static void test_element_is(void **state)
{
	const struct element e = { .ns = "urn:a", .name = "b" };

	(void)state;
	assert_true(element_is(&e, "urn:a", "b"));
	assert_false(element_is(&e, "urn:a", "bc"));
	assert_false(element_is(&e, "urn:a", ""));
	assert_false(element_is(&e, "urn:ab", "b"));
	assert_false(element_is(&e, "", "b"));
}

static void test_element_attribute(void **state)
{
	struct element_attribute c = { "", "c", "3", NULL }, b = { "", "b", "", &c },
				 a = { "urn:a", "c", "1", &b };
	const struct element e = { .ns = "", .name = "e", .attributes = &a },
			     bare = { .ns = "", .name = "e" };

	(void)state;
	assert_string_equal(element_attribute(&e, "c"), "3");
	assert_string_equal(element_attribute(&e, "b"), "");
	assert_null(element_attribute(&e, "a"));
	assert_null(element_attribute(&e, "cc"));
	assert_null(element_attribute(&bare, "c"));
}

static void test_element_child(void **state)
{
	struct element c = { .ns = "urn:c", .name = "b" },
		       b = { .ns = "urn:b", .name = "b", .next = &c },
		       a = { .ns = "urn:b", .name = "a", .next = &b };
	const struct element e = { .ns = "", .name = "e", .children = &a };

	(void)state;
	assert_ptr_equal(element_child(&e, "urn:b", "b"), &b);
	assert_ptr_equal(element_child(&e, "urn:c", "b"), &c);
	assert_ptr_equal(element_child(&e, NULL, "b"), &b);
	assert_ptr_equal(element_child(&e, NULL, "a"), &a);
	assert_null(element_child(&e, "urn:c", "a"));
	assert_null(element_child(&e, NULL, "c"));
	assert_null(element_child(&a, NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),	      cmocka_unit_test(test_text),
		cmocka_unit_test(test_element_is),    cmocka_unit_test(test_element_attribute),
		cmocka_unit_test(test_element_child),
	};

	return cmocka_run_group_tests_name("element", tests, NULL, NULL);
}
