/* What stands between the servers: one proxy before each, through which everybody else reaches it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "history.h"
#include "soak.h"

#define BUFFER 16384
#define SNIFFED 1024

struct end {
	struct watch watch;
	char data[BUFFER]; /* that came here, for the other end */
	size_t from, to;
	bool ended;	      /* nothing more comes here */
	bool shut;	      /* nothing more is sent here */
	bool hung_up;	      /* an error: it is gone */
	uint64_t still_until; /* what came here is not forwarded */
};

struct tunnel {
	struct end ends[2]; /* who dialled, and the server */
	int server;
	bool connecting, over;
	bool cut; /* by us */
	uint64_t tiny_until, slow_until, cut_at;
	char head[SNIFFED + 1]; /* the first bytes of who dialled: its header */
	size_t head_len;
	int domain[2]; /* from and to of that header; -1 = not known yet */
	struct tunnel *next, **at;
};

static struct proxies {
	struct watch listeners[SERVERS];
	struct sockaddr_in servers[SERVERS];
	uint64_t refuse_until[SERVERS];
	struct tunnel *first;
	unsigned count;
} proxies;

static bool is_for_good(uint64_t until)
{
	return until == UINT64_MAX;
}

/* What it carried may be gone. With bidi the inverse pair is on it, too. */
static void excuse(const struct tunnel *t, enum excuse_reason reason)
{
	if (t->domain[0] < 0 || t->domain[1] < 0)
		return;
	history_excuse(t->domain[0], t->domain[1], reason);
	history_excuse(t->domain[1], t->domain[0], reason);
}

static bool is_restarted(const struct tunnel *t)
{
	return server_is_restarting(t->server) ||
	       (t->domain[0] >= 0 && server_is_restarting(soak.domains[t->domain[0]].server));
}

static void tunnel_end(struct tunnel *t, bool reset)
{
	int i;

	if (t->over)
		return;
	t->over = true;
	if (t->cut)
		excuse(t, EXCUSE_CUT);
	else if (is_restarted(t))
		excuse(t, EXCUSE_RESTART);
	for (i = 0; i < 2; i++) {
		if (reset)
			soak_reset(t->ends[i].watch.fd);
		watch_end(&t->ends[i].watch);
	}
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	proxies.count--;
	free_later(t);
}

static int attribute(const char *head, const char *name)
{
	const char *value = strstr(head, name);
	size_t n = strlen(name);

	if (!value || (value[n] != '\'' && value[n] != '"'))
		return -1;
	return domain_find(value + n + 1, strcspn(value + n + 1, "'\""));
}

static void sniff(struct tunnel *t, const char *data, size_t len)
{
	size_t room = SNIFFED - t->head_len;

	if (t->domain[0] >= 0 || !room)
		return;
	len = len < room ? len : room;
	memcpy(t->head + t->head_len, data, len);
	t->head_len += len;
	t->head[t->head_len] = '\0';
	t->domain[0] = attribute(t->head, " from=");
	t->domain[1] = attribute(t->head, " to=");
}

/* Gives what is left over of both: an end whose buffer is full is not read, one that has something to be sent to it waits. */
static void watch_ends(struct tunnel *t)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct end *e = &t->ends[i], *other = &t->ends[!i];
		bool still = soak.now < other->still_until || soak.now < t->slow_until ||
			     soak.now < t->tiny_until;
		uint32_t events = 0;
		if (!e->ended && e->to < BUFFER && soak.now >= e->still_until)
			events |= EPOLLIN;
		if ((other->from < other->to && !still) || (t->connecting && i == 1))
			events |= EPOLLOUT;
		watch_set(&e->watch, events);
	}
}

static bool fill(struct tunnel *t, int i)
{
	struct end *e = &t->ends[i];
	ssize_t n;

	if (e->ended || e->to == BUFFER || soak.now < e->still_until)
		return true;
	n = recv(e->watch.fd, e->data + e->to, BUFFER - e->to, 0);
	if (n < 0)
		return errno == EAGAIN;
	e->ended = !n;
	if (i == 0)
		sniff(t, e->data + e->to, (size_t)n);
	e->to += (size_t)n;
	return true;
}

static bool empty(struct tunnel *t, int i)
{
	struct end *e = &t->ends[i], *other = &t->ends[!i];
	size_t len = e->to - e->from;
	ssize_t n;

	if ((t->connecting && i == 0) || soak.now < e->still_until)
		return true;
	if (soak.now < t->tiny_until && len > 7)
		len = 1 + chance(7);
	else if (soak.now < t->slow_until && len > 200)
		len = 1 + chance(200);
	if (len && !other->shut) {
		n = send(other->watch.fd, e->data + e->from, len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN;
		e->from += (size_t)n;
	}
	if (e->from == e->to)
		e->from = e->to = 0;
	if (e->ended && !e->to && !other->shut) {
		shutdown(other->watch.fd, SHUT_WR);
		other->shut = true;
	}
	return true;
}

static void pump(struct tunnel *t)
{
	int i;

	for (i = 0; i < 2; i++)
		if (!fill(t, i) || !empty(t, i)) {
			/* who resets says that what is under way is not for the other any more */
			tunnel_end(t, true);
			return;
		}
	if (t->ends[0].shut && t->ends[1].shut)
		tunnel_end(t, false);
	else
		watch_ends(t);
}

static void on_end(struct watch *w, uint32_t events)
{
	struct tunnel *t = w->owner;
	int error = 0;
	socklen_t len = sizeof(error);

	if (t->over)
		return;
	if (w == &t->ends[1].watch && t->connecting) {
		getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			tunnel_end(t, true);
			return;
		}
		t->connecting = false;
	}
	if (events & EPOLLERR) {
		tunnel_end(t, true);
		return;
	}
	/* both ways closed, and nobody reads it: what waits is for nobody */
	if ((events & EPOLLHUP) && !(events & EPOLLIN)) {
		tunnel_end(t, true);
		return;
	}
	pump(t);
}

static void tunnel_new(int server, int fd)
{
	static const int on = 1, small = 32768;
	struct tunnel *t = calloc(1, sizeof(*t));
	int to = soak_socket(SOCK_STREAM), i;

	if (!t)
		die("no memory for a tunnel");
	t->server = server;
	t->domain[0] = t->domain[1] = -1;
	t->connecting = true;
	setsockopt(to, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(to, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (i = 0; i < 2; i++) {
		setsockopt(i ? to : fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		t->ends[i].watch.on = on_end;
		t->ends[i].watch.owner = t;
	}
	t->next = proxies.first;
	t->at = &proxies.first;
	if (t->next)
		t->next->at = &t->next;
	proxies.first = t;
	proxies.count++;
	if (connect(to, (struct sockaddr *)&proxies.servers[server], sizeof(struct sockaddr_in)) &&
	    errno != EINPROGRESS)
		t->connecting = false; /* its first event tells */
	watch_add(&t->ends[0].watch, fd, EPOLLIN);
	watch_add(&t->ends[1].watch, to, EPOLLOUT);
}

static void on_connection(struct watch *w, uint32_t events)
{
	int server = (int)(w - proxies.listeners), fd;

	(void)events;
	while ((fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (soak.now >= proxies.refuse_until[server]) {
			tunnel_new(server, fd);
			continue;
		}
		soak_reset(fd);
		close(fd);
	}
}

void proxies_begin(void)
{
	static const int small = 32768;
	int i;

	for (i = 0; i < SERVERS; i++) {
		struct sockaddr_in a = soak_address(101 + i, 5269);
		int fd = soak_socket(SOCK_STREAM);
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 512))
			die("a proxy's address is taken");
		proxies.servers[i] = soak_address(1 + i, 5269);
		proxies.listeners[i].on = on_connection;
		watch_add(&proxies.listeners[i], fd, EPOLLIN);
	}
}

static void cut(struct tunnel *t, bool reset)
{
	t->cut = true;
	tunnel_end(t, reset);
}

/* One that is silent for good ends when both have given it up, or after half a minute. */
static void tick(struct tunnel *t)
{
	if (t->cut_at && soak.now >= t->cut_at) {
		cut(t, true);
		return;
	}
	pump(t);
}

void proxies_tick(void)
{
	struct tunnel *t, *next;

	for (t = proxies.first; t; t = next) {
		next = t->next;
		if (t->cut_at || t->slow_until || t->tiny_until || t->ends[0].still_until ||
		    t->ends[1].still_until)
			tick(t);
	}
}

void proxies_heal(void)
{
	struct tunnel *t, *next;

	memset(proxies.refuse_until, 0, sizeof(proxies.refuse_until));
	for (t = proxies.first; t; t = next) {
		next = t->next;
		t->slow_until = t->tiny_until = 0;
		if (is_for_good(t->ends[0].still_until) || is_for_good(t->ends[1].still_until)) {
			cut(t, true);
			continue;
		}
		t->ends[0].still_until = t->ends[1].still_until = 0;
		pump(t);
	}
}

unsigned proxies_open(void)
{
	return proxies.count;
}

void proxy_refuse(int server, uint64_t until)
{
	proxies.refuse_until[server] = until;
}

static void half_close(struct tunnel *t)
{
	int i = (int)chance(2);

	/* what comes for that end from now on is for nobody */
	t->cut = true;
	shutdown(t->ends[i].watch.fd, SHUT_WR);
	t->ends[i].shut = true;
	t->ends[!i].from = t->ends[!i].to = 0;
	t->cut_at = soak.now + 30000;
	excuse(t, EXCUSE_CUT);
}

bool proxy_hurt(enum proxy_fault fault)
{
	uint32_t i = proxies.count ? chance(proxies.count) : 0;
	struct tunnel *t;

	for (t = proxies.first; t && i; i--)
		t = t->next;
	if (!t || t->cut_at)
		return false;
	switch (fault) {
	case PROXY_FIN:
		cut(t, false);
		return true;
	case PROXY_RST:
		cut(t, true);
		return true;
	case PROXY_SILENCE:
		t->ends[0].still_until = t->ends[1].still_until = soak.now + 200 + chance(3000);
		break;
	case PROXY_SILENCE_FOR_GOOD:
		t->cut = true;
		t->cut_at = soak.now + 30000;
		t->ends[0].still_until = UINT64_MAX;
		t->ends[1].still_until = UINT64_MAX;
		break;
	case PROXY_HALF_CLOSE:
		half_close(t);
		break;
	case PROXY_DELAY:
		t->slow_until = soak.now + 100 + chance(2000);
		break;
	case PROXY_TINY:
		t->tiny_until = soak.now + 100 + chance(1500);
		break;
	}
	watch_ends(t);
	return true;
}
