/*
 * listener: a socket on which connections are accepted.
 *
 * The descriptor is opened once (listener_open) and may be watched by several loops at once; each struct listener belongs to
 * one loop. Without free descriptors it pauses for a moment and tries again; nothing else is disturbed.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "base/fail.h"
#include "net/address.h"
#include "net/loop.h"

#define LISTENER_ERROR_SIZE 160

/* Opens, binds, listens; non-blocking; IPv6 alone for an IPv6 address. Gives a descriptor >= 0, or -1 with the reason. Port
 * 0: the kernel chooses. */
int listener_open(const struct net_address *at, char error[LISTENER_ERROR_SIZE]);
/* Where it is bound. */
bool listener_address(int fd, struct net_address *out);

/* The addresses at which a socket bound to AT is reached: AT itself, or, where it is a wildcard, those of this machine's
 * interfaces. Gives their number, at most MAX. */
size_t listener_reached_at(const struct net_address *at, struct net_address *out, size_t max);
/* Closes a connection that was accepted and is not wanted. */
void listener_refuse(int fd);

struct listener_events {
	/* Takes FD: non-blocking, close-on-exec, TCP_NODELAY. */
	void (*accepted)(void *context, int fd, const struct net_address *from);
	/* Accepting paused for lack of descriptors (true), or goes on (false). May be NULL. */
	void (*paused)(void *context, bool paused);
};

struct listener;

/* Borrows FD for life. NULL when memory runs out. */
struct listener *listener_new(struct loop *l, int fd, const struct listener_events *events,
			      void *context);
void listener_free(struct listener *n); /* NULL is allowed */

#endif
