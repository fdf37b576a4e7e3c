#include "net/listener.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address_int.h"

#define BACKLOG 1024
#define ACCEPT_TURN 16 /* in one turn: other loops and what is established want theirs too */
#define PAUSE_MS 100

struct listener {
	struct loop_watch *watch;
	struct loop_timer *timer;
	const struct listener_events *events;
	void *context;
	int fd;
	bool paused;
	bool busy; /* the owner is being told of something: the struct is freed after that */
	bool freed;
};

/* ---- the socket ---- */

static int refuse(int fd, const char *what, const struct net_address *at,
		  char error[LISTENER_ERROR_SIZE])
{
	char text[NET_ADDRESS_TEXT];

	snprintf(error, LISTENER_ERROR_SIZE, "cannot %s %s: %s", what, net_address_str(at, text),
		 strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int listener_open(const struct net_address *at, char error[LISTENER_ERROR_SIZE])
{
	static const int on = 1;
	union address_socket where;
	socklen_t len = address_to_socket(at, &where);
	int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	error[0] = '\0';
	if (fd < 0)
		return refuse(fd, "make a socket for", at, error);
	/* what is accepted inherits TCP_NODELAY */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    (at->v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0))
		return refuse(fd, "prepare a socket for", at, error);
	if (bind(fd, &where.any, len) < 0)
		return refuse(fd, "bind to", at, error);
	if (listen(fd, BACKLOG) < 0)
		return refuse(fd, "listen on", at, error);
	return fd;
}

bool listener_address(int fd, struct net_address *out)
{
	union address_socket where;
	socklen_t len = sizeof(where);

	memset(&where, 0, sizeof(where));
	return getsockname(fd, &where.any, &len) == 0 && address_from_socket(&where, out);
}

static bool is_wildcard(const struct net_address *a)
{
	static const unsigned char zero[16];

	return !memcmp(a->ip, zero, a->v6 ? 16 : 4);
}

size_t listener_reached_at(const struct net_address *at, struct net_address *out, size_t max)
{
	struct ifaddrs *list, *i;
	size_t count = 0;

	if (!max)
		return 0;
	if (!is_wildcard(at)) {
		*out = *at;
		return 1;
	}
	if (getifaddrs(&list))
		return 0;
	for (i = list; i && count < max; i = i->ifa_next) {
		union address_socket where;
		if (!i->ifa_addr || i->ifa_addr->sa_family != (at->v6 ? AF_INET6 : AF_INET))
			continue;
		memset(&where, 0, sizeof(where));
		memcpy(&where, i->ifa_addr,
		       at->v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		if (!address_from_socket(&where, &out[count]))
			continue;
		out[count++].port = at->port;
	}
	freeifaddrs(list);
	return count;
}

void listener_refuse(int fd)
{
	close(fd);
}

/* ---- accepting ---- */

static void tell_paused(struct listener *n, bool paused)
{
	if (n->paused == paused)
		return;
	n->paused = paused;
	if (n->events->paused)
		n->events->paused(n->context, paused);
}

/* Something is scarce: descriptors, memory. Asking at once again would only burn time. */
static void pause_accepting(struct listener *n)
{
	loop_watch_set(n->watch, 0);
	loop_timer_set(n->timer, PAUSE_MS);
	tell_paused(n, true);
}

static bool is_passing(int error)
{
	/* the connection failed before it was accepted, or nothing is there */
	return error == EAGAIN || error == EINTR || error == ECONNABORTED || error == EPROTO ||
	       error == ENETDOWN || error == ENETUNREACH || error == EHOSTDOWN ||
	       error == EHOSTUNREACH || error == ENONET || error == ENOPROTOOPT ||
	       error == EOPNOTSUPP || error == EPERM;
}

/* One connection; false where there is none for now. */
static bool accept_one(struct listener *n)
{
	union address_socket from;
	socklen_t len = sizeof(from);
	struct net_address address;
	int fd = accept4(n->fd, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && !is_passing(errno)) {
		pause_accepting(n);
		return false;
	}
	tell_paused(n, false);
	if (fd >= 0 && (n->freed || !address_from_socket(&from, &address)))
		close(fd);
	else if (fd >= 0)
		n->events->accepted(n->context, fd, &address);
	return fd >= 0 && !n->freed;
}

static void accept_some(struct listener *n)
{
	int i;

	n->busy = true;
	for (i = 0; i < ACCEPT_TURN && accept_one(n); i++)
		;
	n->busy = false;
	if (n->freed)
		free(n);
}

static void on_readable(void *context, unsigned what)
{
	(void)what;
	accept_some(context);
}

static void on_pause_over(void *context)
{
	struct listener *n = context;

	loop_watch_set(n->watch, LOOP_READ);
	accept_some(n);
}

struct listener *listener_new(struct loop *l, int fd, const struct listener_events *events,
			      void *context)
{
	struct listener *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->fd = fd;
	n->events = events;
	n->context = context;
	n->watch = loop_watch_new(l, fd, on_readable, n);
	n->timer = loop_timer_new(l, on_pause_over, n);
	if (!n->watch || !n->timer) {
		listener_free(n);
		return NULL;
	}
	loop_watch_set(n->watch, LOOP_READ);
	return n;
}

void listener_free(struct listener *n)
{
	if (!n)
		return;
	loop_watch_free(n->watch);
	loop_timer_free(n->timer);
	n->freed = true;
	if (!n->busy)
		free(n);
}
