#include "responder.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UDP_MAX 1232
#define TTL 300
#define CONNECTIONS 16

struct connection {
	struct responder *server;
	int fd; /* -1: free */
	struct loop_watch *watch;
	unsigned char in[600];
	size_t in_len;
	unsigned char *out;
	size_t out_len, sent;
};

struct responder {
	struct loop *loop;
	responder_fn fn;
	void *context;
	struct sockaddr_in address, last;
	int udp, tcp;
	struct loop_watch *udp_watch, *tcp_watch;
	struct connection connections[CONNECTIONS];
	struct reply reply;
};

/* ---- packets ---- */

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void put(struct reply *r, const void *data, size_t len)
{
	must(r->len + len <= sizeof(r->data));
	memcpy(r->data + r->len, data, len);
	r->len += len;
}

static void put16(struct reply *r, unsigned value)
{
	put(r, (unsigned char[]){ (unsigned char)(value >> 8), (unsigned char)value }, 2);
}

static void put32(struct reply *r, uint32_t value)
{
	put16(r, value >> 16);
	put16(r, value & 0xffff);
}

static size_t encode(const char *name, unsigned char out[256])
{
	size_t len = 0;

	while (*name && strcmp(name, ".")) {
		size_t label = strcspn(name, ".");
		must(label && label < 64 && len + label < 254);
		out[len] = (unsigned char)label;
		memcpy(out + len + 1, name, label);
		len += label + 1;
		name += label + (name[label] == '.');
	}
	out[len++] = 0;
	return len;
}

static void count(struct reply *r, int at)
{
	unsigned n = (unsigned)r->data[at] << 8 | r->data[at + 1];

	n++;
	r->data[at] = (unsigned char)(n >> 8);
	r->data[at + 1] = (unsigned char)n;
}

static void put_record(struct reply *r, int section, const char *name, int type, uint32_t ttl,
		       const void *data, size_t len)
{
	unsigned char wire[256];

	if (name)
		put(r, wire, encode(name, wire));
	else
		put16(r, 0xc00c);
	put16(r, (unsigned)type);
	put16(r, ns_c_in);
	put32(r, ttl);
	put16(r, (unsigned)len);
	put(r, data, len);
	count(r, section);
}

void reply_record(struct reply *r, const char *name, int type, const void *data, size_t len)
{
	put_record(r, 6, name, type, r->ttl, data, len);
}

void reply_code(struct reply *r, int code)
{
	r->data[3] = (unsigned char)((r->data[3] & 0xf0) | code);
}

void reply_srv(struct reply *r, const char *name, int priority, int weight, int port,
	       const char *target)
{
	unsigned char data[300] = { (unsigned char)(priority >> 8), (unsigned char)priority,
				    (unsigned char)(weight >> 8),   (unsigned char)weight,
				    (unsigned char)(port >> 8),	    (unsigned char)port };

	reply_record(r, name, ns_t_srv, data, 6 + encode(target, data + 6));
}

void reply_address(struct reply *r, const char *name, const char *literal)
{
	struct net_address a;

	must(net_address_parse(literal, 0, &a));
	reply_record(r, name, a.v6 ? ns_t_aaaa : ns_t_a, a.ip, a.v6 ? 16 : 4);
}

void reply_cname(struct reply *r, const char *name, const char *target)
{
	unsigned char data[256];

	reply_record(r, name, ns_t_cname, data, encode(target, data));
}

void reply_soa(struct reply *r, const char *zone, uint32_t ttl, uint32_t minimum)
{
	unsigned char data[22] = { 0 }; /* two roots for names, five numbers */
	uint32_t m = htonl(minimum);

	memcpy(data + 18, &m, 4);
	put_record(r, 8, zone, ns_t_soa, ttl, data, sizeof(data));
}

/* False where PACKET is no question. Begins the reply. */
static bool read_question(const unsigned char *packet, size_t len, struct question *q,
			  struct reply *r)
{
	size_t at = 12, n = 0, label;

	if (len < 17 || packet[4] || packet[5] != 1)
		return false;
	while (at < len && packet[at]) {
		label = packet[at++];
		if (label > 63 || at + label >= len)
			return false;
		for (; label; label--)
			q->name[n++] = (char)tolower(packet[at++]);
		q->name[n++] = '.';
	}
	if (at + 5 > len)
		return false;
	q->name[n ? n - 1 : 0] = '\0';
	q->type = packet[at + 1] << 8 | packet[at + 2];
	r->len = 0;
	r->ttl = TTL;
	put(r, packet, 2);
	put(r, "\x85\x80\0\1\0\0\0\0\0", 10); /* an answer, with authority, recursion available */
	put(r, packet + 12, at + 5 - 12);
	r->data[2] = (unsigned char)(0x84 | (packet[2] & 1));
	return true;
}

/* ---- UDP ---- */

void responder_send(struct responder *s, const void *data, size_t len)
{
	sendto(s->udp, data, len, 0, (struct sockaddr *)&s->last, sizeof(s->last));
}

static void on_udp(void *context, unsigned what)
{
	struct responder *s = context;
	unsigned char packet[2048];
	socklen_t size = sizeof(s->last);
	struct question q = { .tcp = false };
	ssize_t len = recvfrom(s->udp, packet, sizeof(packet), MSG_DONTWAIT,
			       (struct sockaddr *)&s->last, &size);

	(void)what;
	if (len < 0 || !read_question(packet, (size_t)len, &q, &s->reply))
		return;
	if (!s->fn(s->context, &q, &s->reply))
		return;
	if (s->reply.len > UDP_MAX) {
		read_question(packet, (size_t)len, &q, &s->reply);
		s->reply.data[2] |= 2;
	}
	responder_send(s, s->reply.data, s->reply.len);
}

/* ---- TCP ---- */

static void close_connection(struct connection *c)
{
	loop_watch_free(c->watch);
	c->watch = NULL;
	close(c->fd);
	c->fd = -1;
	free(c->out);
	c->out = NULL;
	c->in_len = c->out_len = c->sent = 0;
}

static void answer_tcp(struct connection *c)
{
	struct responder *s = c->server;
	struct question q = { .tcp = true };
	size_t size = (size_t)c->in[0] << 8 | c->in[1];

	if (c->in_len < 2 || c->in_len < size + 2)
		return;
	if (!read_question(c->in + 2, size, &q, &s->reply))
		return;
	c->in_len = 0;
	if (!s->fn(s->context, &q, &s->reply))
		return;
	c->out_len = s->reply.len + 2;
	c->out = malloc(c->out_len);
	c->out[0] = (unsigned char)(s->reply.len >> 8);
	c->out[1] = (unsigned char)s->reply.len;
	memcpy(c->out + 2, s->reply.data, s->reply.len);
	loop_watch_set(c->watch, LOOP_READ | LOOP_WRITE);
}

static bool read_more(struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	c->in_len += (size_t)n;
	answer_tcp(c);
	return true;
}

static bool write_more(struct connection *c)
{
	ssize_t n =
		send(c->fd, c->out + c->sent, c->out_len - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return false;
	c->sent += (size_t)n;
	if (c->sent == c->out_len) {
		free(c->out);
		c->out = NULL;
		c->out_len = c->sent = 0;
		loop_watch_set(c->watch, LOOP_READ);
	}
	return true;
}

static void on_connection(void *context, unsigned what)
{
	struct connection *c = context;

	if ((what & LOOP_READ && !read_more(c)) || (what & LOOP_WRITE && c->out && !write_more(c)))
		close_connection(c);
}

static void on_tcp(void *context, unsigned what)
{
	struct responder *s = context;
	int i, fd = accept(s->tcp, NULL, NULL);

	(void)what;
	for (i = 0; i < CONNECTIONS && fd >= 0; i++) {
		struct connection *c = &s->connections[i];
		if (c->fd >= 0)
			continue;
		c->fd = fd;
		c->watch = loop_watch_new(s->loop, fd, on_connection, c);
		loop_watch_set(c->watch, LOOP_READ);
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* ---- its life ---- */

/* One port for both; the kernel picks it for TCP, and it may be taken for UDP. */
static bool bind_both(struct responder *s)
{
	socklen_t size = sizeof(s->address);

	s->address = (struct sockaddr_in){ .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!bind(s->tcp, (struct sockaddr *)&s->address, size) &&
	    !getsockname(s->tcp, (struct sockaddr *)&s->address, &size) &&
	    !bind(s->udp, (struct sockaddr *)&s->address, size) && !listen(s->tcp, 16))
		return true;
	close(s->tcp);
	close(s->udp);
	return false;
}

struct responder *responder_new(struct loop *l, responder_fn fn, void *context)
{
	struct responder *s = calloc(1, sizeof(*s));
	int i;

	must(s != NULL);
	s->loop = l;
	s->fn = fn;
	s->context = context;
	for (i = 0; i < 100 && !bind_both(s); i++)
		;
	must(i < 100);
	for (i = 0; i < CONNECTIONS; i++) {
		s->connections[i].server = s;
		s->connections[i].fd = -1;
	}
	s->udp_watch = loop_watch_new(l, s->udp, on_udp, s);
	s->tcp_watch = loop_watch_new(l, s->tcp, on_tcp, s);
	loop_watch_set(s->udp_watch, LOOP_READ);
	loop_watch_set(s->tcp_watch, LOOP_READ);
	return s;
}

void responder_free(struct responder *s)
{
	int i;

	for (i = 0; i < CONNECTIONS; i++)
		if (s->connections[i].fd >= 0)
			close_connection(&s->connections[i]);
	loop_watch_free(s->udp_watch);
	loop_watch_free(s->tcp_watch);
	close(s->udp);
	close(s->tcp);
	free(s);
}

struct net_address responder_address(const struct responder *s)
{
	struct net_address a = { .port = ntohs(s->address.sin_port) };

	memcpy(a.ip, &s->address.sin_addr, 4);
	return a;
}
