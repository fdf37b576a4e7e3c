#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "address_int.h"

#define IPV4_SIZE 4
#define IPV6_SIZE 16

bool net_address_parse(const char *text, uint16_t port, struct net_address *out)
{
	memset(out, 0, sizeof(*out));
	out->port = port;
	if (inet_pton(AF_INET, text, out->ip) == 1)
		return true;
	out->v6 = inet_pton(AF_INET6, text, out->ip) == 1;
	return out->v6;
}

const char *net_address_str(const struct net_address *a, char out[NET_ADDRESS_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "";

	inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->ip, ip, sizeof(ip));
	snprintf(out, NET_ADDRESS_TEXT, a->v6 ? "[%s]:%u" : "%s:%u", ip, a->port);
	return out;
}

struct range {
	unsigned char ip[IPV6_SIZE];
	unsigned bits;
};

static bool is_within(const unsigned char *ip, const struct range *ranges, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		unsigned whole = ranges[i].bits / 8, rest = ranges[i].bits % 8;
		unsigned char mask = (unsigned char)(0xff00 >> rest);
		if (!memcmp(ip, ranges[i].ip, whole) &&
		    (!rest || !((ip[whole] ^ ranges[i].ip[whole]) & mask)))
			return true;
	}
	return false;
}

bool net_address_is_private(const struct net_address *a)
{
	static const struct range v4[] = {
		{ { 0 }, 8 },	       { { 10 }, 8 },	     { { 100, 64 }, 10 },
		{ { 127 }, 8 },	       { { 169, 254 }, 16 }, { { 172, 16 }, 12 },
		{ { 192, 0, 0 }, 24 }, { { 192, 168 }, 16 }, { { 198, 18 }, 15 },
		{ { 224 }, 3 } /* multicast, and what is reserved */
	};
	static const struct range v6[] = { { { 0 }, 96 },
					   { { 0xfc }, 7 },
					   { { 0xfe, 0x80 },
					     9 }, /* link-local, and site-local, which once was */
					   { { 0xff }, 8 },
					   { { 0x01, 0x00 }, 64 } };
	/* an IPv4 address is in them: mapped, and by way of a translator */
	static const struct range with_v4[] = { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff },
						  96 },
						{ { 0x00, 0x64, 0xff, 0x9b }, 96 } };

	if (!a->v6)
		return is_within(a->ip, v4, sizeof(v4) / sizeof(v4[0]));
	if (is_within(a->ip, with_v4, sizeof(with_v4) / sizeof(with_v4[0])))
		return is_within(a->ip + IPV6_SIZE - IPV4_SIZE, v4, sizeof(v4) / sizeof(v4[0]));
	return is_within(a->ip, v6, sizeof(v6) / sizeof(v6[0]));
}

void net_address_unmap(struct net_address *a)
{
	static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (!a->v6 || memcmp(a->ip, mapped, sizeof(mapped)))
		return;
	a->v6 = false;
	memmove(a->ip, a->ip + sizeof(mapped), IPV4_SIZE);
	memset(a->ip + IPV4_SIZE, 0, IPV6_SIZE - IPV4_SIZE);
}

bool net_address_is_unspecified(const struct net_address *a)
{
	static const unsigned char nothing[IPV6_SIZE];

	return !memcmp(a->ip, nothing, a->v6 ? IPV6_SIZE : IPV4_SIZE);
}

void net_address_alternate(struct net_address *addresses, size_t count)
{
	size_t i, k;

	for (i = 1; i < count; i++) {
		struct net_address next;
		k = i;
		while (k < count && addresses[k].v6 == addresses[i - 1].v6)
			k++;
		if (k == count)
			return; /* of one family is the rest */
		next = addresses[k];
		memmove(addresses + i + 1, addresses + i, (k - i) * sizeof(*addresses));
		addresses[i] = next;
	}
}

bool net_address_equal_ip(const struct net_address *a, const struct net_address *b)
{
	return a->v6 == b->v6 && !memcmp(a->ip, b->ip, a->v6 ? IPV6_SIZE : IPV4_SIZE);
}

socklen_t address_to_socket(const struct net_address *a, union address_socket *out)
{
	memset(out, 0, sizeof(*out));
	if (a->v6) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(a->port);
		memcpy(&out->v6.sin6_addr, a->ip, IPV6_SIZE);
		return sizeof(out->v6);
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons(a->port);
	memcpy(&out->v4.sin_addr, a->ip, IPV4_SIZE);
	return sizeof(out->v4);
}

bool address_from_socket(const union address_socket *from, struct net_address *out)
{
	memset(out, 0, sizeof(*out));
	if (from->any.sa_family == AF_INET) {
		out->port = ntohs(from->v4.sin_port);
		memcpy(out->ip, &from->v4.sin_addr, IPV4_SIZE);
		return true;
	}
	if (from->any.sa_family != AF_INET6)
		return false;
	out->v6 = true;
	out->port = ntohs(from->v6.sin6_port);
	memcpy(out->ip, &from->v6.sin6_addr, IPV6_SIZE);
	return true;
}
