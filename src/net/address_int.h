/* address_int: addresses as the socket library has them. */
#ifndef NET_ADDRESS_INT_H
#define NET_ADDRESS_INT_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/address.h"

union address_socket {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The length of what was filled in. */
socklen_t address_to_socket(const struct net_address *a, union address_socket *out);
/* False where it is no IP address. */
bool address_from_socket(const union address_socket *from, struct net_address *out);

#endif
