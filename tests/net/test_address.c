/* Addresses: which are not of the public network, IPv4 in IPv6's clothes, the order of families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/address.h"

static struct net_address parsed(const char *text)
{
	struct net_address a;

	if (!net_address_parse(text, 5269, &a))
		fail_msg("%s is no address", text);
	return a;
}

static void assert_private(const char *text, bool expected)
{
	struct net_address a = parsed(text);

	if (net_address_is_private(&a) != expected)
		fail_msg("%s is %sprivate", text, expected ? "not " : "");
}

/* [HAZARDS F07] [RFC6890] The first and the last one of each range, and what is next to them. */
static void test_private(void **state)
{
	static const char *const private[] = {
		"0.0.0.0",	  "0.255.255.255",   "10.0.0.0",    "10.255.255.255",
		"100.64.0.0",	  "100.127.255.255", "127.0.0.1",   "127.255.255.255",
		"169.254.0.0",	  "169.254.255.255", "172.16.0.0",  "172.31.255.255",
		"192.0.0.0",	  "192.0.0.255",     "192.168.0.0", "192.168.255.255",
		"198.18.0.0",	  "198.19.255.255",  "224.0.0.1",   "240.0.0.1",
		"255.255.255.255"
	};
	static const char *const public[] = {
		"1.0.0.0",     "9.255.255.255",	  "11.0.0.0",	 "100.63.255.255",
		"100.128.0.0", "126.255.255.255", "128.0.0.0",	 "169.253.255.255",
		"169.255.0.0", "172.15.255.255",  "172.32.0.0",	 "191.255.255.255",
		"192.0.1.0",   "192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0",  "223.255.255.255"
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(private) / sizeof(private[0]); i++)
		assert_private(private[i], true);
	for (i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		assert_private(public[i], false);
}

static void test_private_v6(void **state)
{
	(void)state;
	assert_private("::", true);
	assert_private("::1", true);
	assert_private("::127.0.0.1", true);
	assert_private("fc00::", true);
	assert_private("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true);
	assert_private("fe80::1", true);
	assert_private("febf::1", true);
	assert_private("fec0::1", true);
	assert_private("ff02::1", true);
	assert_private("100::1", true);
	assert_private("fbff::1", false);
	assert_private("fe7f::1", false);
	assert_private("2001:db8::1", false);
	assert_private("2600::1", false);
	assert_private("101::1", false);
	assert_private("::1:0:0:1", false);
}

/* [RFC4291 2.5.5.2] [RFC6052 2.1] */
static void test_clothes(void **state)
{
	struct net_address a = parsed("::ffff:192.0.2.1"), b = parsed("192.0.2.1");

	(void)state;
	assert_private("::ffff:127.0.0.1", true);
	assert_private("::ffff:10.0.0.1", true);
	assert_private("::ffff:192.0.2.1", false);
	assert_private("64:ff9b::10.0.0.1", true);
	assert_private("64:ff9b::192.0.2.1", false);
	assert_false(net_address_equal_ip(&a, &b));
	net_address_unmap(&a);
	assert_memory_equal(&a, &b, sizeof(a));
	net_address_unmap(&a);
	assert_memory_equal(&a, &b, sizeof(a));
	a = parsed("2001:db8::1");
	net_address_unmap(&a);
	assert_true(a.v6);
}

static void test_unspecified(void **state)
{
	struct net_address a = parsed("0.0.0.0"), b = parsed("::"), c = parsed("0.0.0.1");

	(void)state;
	assert_true(net_address_is_unspecified(&a));
	assert_true(net_address_is_unspecified(&b));
	assert_false(net_address_is_unspecified(&c));
}

/* Families as 6 and 4, with the last digit of each. [RFC8305 4] */
static void assert_order(const char *before, const char *after)
{
	struct net_address a[16];
	char got[64] = "";
	size_t i, count = 0;

	for (; *before; before += 2, count++) {
		a[count] = parsed(before[0] == '6' ? "2001:db8::" : "192.0.2.0");
		a[count].ip[before[0] == '6' ? 15 : 3] = (unsigned char)before[1];
	}
	net_address_alternate(a, count);
	for (i = 0; i < count; i++) {
		got[2 * i] = a[i].v6 ? '6' : '4';
		got[2 * i + 1] = (char)a[i].ip[a[i].v6 ? 15 : 3];
	}
	assert_string_equal(got, after);
}

static void test_alternate(void **state)
{
	(void)state;
	assert_order("", "");
	assert_order("6a", "6a");
	assert_order("6a6b6c", "6a6b6c");
	assert_order("6a6b4c4d", "6a4c6b4d");
	assert_order("6a6b6c4d", "6a4d6b6c");
	assert_order("6a4b4c4d", "6a4b4c4d");
	assert_order("4a4b6c", "4a6c4b");
	assert_order("6a6b6c6d4e4f", "6a4e6b4f6c6d");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private),	  cmocka_unit_test(test_private_v6),
		cmocka_unit_test(test_clothes),	  cmocka_unit_test(test_unspecified),
		cmocka_unit_test(test_alternate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
