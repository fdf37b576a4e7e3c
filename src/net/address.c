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
