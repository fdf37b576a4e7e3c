/*
 * address: an IP address and port, without the types of the socket library.
 *
 * Plain data, by value. Any thread.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_address {
	bool v6;
	unsigned char ip[16]; /* the first 4 bytes of it for IPv4, in network order */
	uint16_t port;
};

#define NET_ADDRESS_TEXT 64 /* "[ipv6]:port" and a NUL fit */

/* A literal, IPv6 without brackets; false where TEXT is none. */
bool net_address_parse(const char *text, uint16_t port, struct net_address *out);
/* "192.0.2.1:5269", "[2001:db8::1]:5269" */
const char *net_address_str(const struct net_address *a, char out[NET_ADDRESS_TEXT]);
/* Is it not of the public network: loopback, private, link-local, shared, multicast, reserved? An IPv4 address in IPv6's
 * clothes is what it is in its own. [RFC6890] [RFC4291 2.5.5.2] */
bool net_address_is_private(const struct net_address *a);
/* Takes an IPv4 address out of IPv6's clothes. */
void net_address_unmap(struct net_address *a);
/* "0.0.0.0" and "::": what connects there reaches the host itself. */
bool net_address_is_unspecified(const struct net_address *a);
/* Alternates the families, each in its order, the first one's first. [RFC8305 4] */
void net_address_alternate(struct net_address *addresses, size_t count);
bool net_address_equal_ip(const struct net_address *a, const struct net_address *b);

#endif
