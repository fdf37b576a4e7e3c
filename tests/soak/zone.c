/* The name server: UDP, a few names, and days on which it does not answer. */
#include <string.h>
#include <sys/socket.h>

#include "soak.h"

#define TTL 1 /* seconds: it is asked often */

static struct zone {
	struct watch watch;
	uint64_t fails_until;
	bool silent;
} zone;

struct packet {
	unsigned char data[600];
	size_t len;
};

static void put16(struct packet *p, unsigned n)
{
	p->data[p->len++] = (unsigned char)(n >> 8);
	p->data[p->len++] = (unsigned char)n;
}

static void put_name(struct packet *p, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");
		p->data[p->len++] = (unsigned char)n;
		memcpy(p->data + p->len, name, n);
		p->len += n;
		name += n + (name[n] == '.');
	}
	p->data[p->len++] = 0;
}

/* The name asked for, as text; 0 = a packet that makes no sense. Gives where its end is. */
static size_t read_name(const struct packet *p, char *name, size_t size)
{
	size_t at = 12, out = 0;

	while (at < p->len && p->data[at]) {
		size_t n = p->data[at++];
		if (n > 63 || at + n >= p->len || out + n + 2 > size)
			return 0;
		if (out)
			name[out++] = '.';
		memcpy(name + out, p->data + at, n);
		out += n;
		at += n;
	}
	name[out] = '\0';
	return at + 5 <= p->len ? at + 1 : 0;
}

static void put_record(struct packet *p, unsigned type)
{
	put16(p, 0xc00c);
	put16(p, type);
	put16(p, 1);
	put16(p, 0);
	put16(p, TTL);
}

/* Each domain's SRV record names a host that has the address of the proxy of its server. */
static bool answer(struct packet *p, const char *name, unsigned type)
{
	static const char service[] = "_xmpp-server._tcp.", host[] = "host.";
	bool is_srv = !strncasecmp(name, service, sizeof(service) - 1);
	const char *of = name + (is_srv ? sizeof(service) - 1 : sizeof(host) - 1);
	char target[64];
	int domain;

	if (!is_srv && strncasecmp(name, host, sizeof(host) - 1))
		return false;
	domain = domain_find(of, strlen(of));
	if (domain < 0)
		return false;
	if (is_srv && type == 33) {
		size_t length;
		put_record(p, 33);
		length = p->len;
		put16(p, 0);
		put16(p, 0);
		put16(p, 0);
		put16(p, 5269);
		strcpy(target, host);
		strcat(target, soak.domains[domain].name);
		put_name(p, target);
		p->data[length + 1] = (unsigned char)(p->len - length - 2);
		p->data[7] = 1;
	}
	if (!is_srv && type == 1) {
		struct sockaddr_in a = soak_address(101 + soak.domains[domain].server, 0);
		put_record(p, 1);
		put16(p, 4);
		memcpy(p->data + p->len, &a.sin_addr, 4);
		p->len += 4;
		p->data[7] = 1;
	}
	return true;
}

static void on_question(struct watch *w, uint32_t events)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	struct packet p;
	char name[256];
	ssize_t n;
	size_t end;

	(void)events;
	while ((n = recvfrom(w->fd, p.data, 512, 0, (struct sockaddr *)&from, &from_len)) > 12) {
		unsigned type;
		p.len = (size_t)n;
		end = read_name(&p, name, sizeof(name));
		if (!end || (soak.now < zone.fails_until && zone.silent))
			continue;
		type = (unsigned)p.data[end] << 8 | p.data[end + 1];
		p.len = end + 4;
		p.data[2] = 0x84 | (p.data[2] & 1);
		p.data[3] = 0x80;
		memset(p.data + 6, 0, 6);
		p.data[5] = 1;
		if (soak.now < zone.fails_until)
			p.data[3] |= 2;
		else if (!answer(&p, name, type))
			p.data[3] |= 3;
		sendto(w->fd, p.data, p.len, 0, (struct sockaddr *)&from, from_len);
		from_len = sizeof(from);
	}
}

void zone_begin(void)
{
	struct sockaddr_in a = soak_address(53, 5353);
	int fd = soak_socket(SOCK_DGRAM);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die("the name server's address is taken");
	zone.watch.on = on_question;
	watch_add(&zone.watch, fd, EPOLLIN);
}

void zone_fail(bool silent, uint64_t until)
{
	zone.silent = silent;
	zone.fails_until = until;
}
