/* Which of a partner's addresses are dialled, in which order, and how long that takes. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon.h"
#include "names.h"
#include "peer.h"
#include "tap.h"

#define ROW "{ tls: not-supported, sasl: not-supported, dialback: true"
#define PARTNERS \
	"  first.test: " ROW " }\n  second.test: " ROW " }\n  third.test: " ROW " }\n" \
	"  fourth.test: " ROW " }\n  slow.test: " ROW " }\n" \
	"  pair.test: " ROW ", connection-limit: 1 }\n" \
	"  mute.test: { tls: optional, sasl: not-supported, dialback: true }\n" \
	"  dead6.test: " ROW " }\n  dead4.test: " ROW " }\n" \
	"  silent6.test: " ROW " }\n  silent4.test: " ROW " }\n  silent.test: " ROW " }\n" \
	"  private.test: " ROW " }\n  10.0.0.1: " ROW " }\n" \
	"  routed.test: " ROW ", proxy-fqdn: \"host.test:5269\" }\n"

#define SRV "_xmpp-server._tcp."
#define RECORDS 64

static struct daemon d;
static struct name_record records[RECORDS];
static size_t count;

static void add(const char *name, enum name_type type, const char *data, int priority, int port)
{
	records[count++] = (struct name_record){ name, type, data, priority, 0, port };
}

/* A socket at which nobody answers: its queue is full, and what asks beyond is not heard. */
struct deaf {
	int listener, filler[4];
};

static void deaf_open(struct deaf *f, const struct sockaddr *at, socklen_t len)
{
	struct sockaddr_storage bound;
	socklen_t bound_len = sizeof(bound);
	int on = 1, i;

	f->listener = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(f->listener, at, len) || listen(f->listener, 0) ||
	    getsockname(f->listener, (struct sockaddr *)&bound, &bound_len))
		daemon_die("no deaf socket", "");
	for (i = 0; i < 4; i++) {
		f->filler[i] = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(f->filler[i], (struct sockaddr *)&bound, bound_len);
	}
}

static void deaf_close(struct deaf *f)
{
	int i;

	for (i = 0; i < 4; i++)
		close(f->filler[i]);
	close(f->listener);
}

static int port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	getsockname(fd, (struct sockaddr *)&a, &len);
	return ntohs(a.sin6_port);
}

/* ::1 has no network of our own, so its ports are the kernel's choice. */
static int listen6(int *port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int on = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16)) {
		close(fd);
		return -1;
	}
	*port = port_of(fd);
	return fd;
}

static void send_to(struct peer *component, const char *domain, const char *id)
{
	peer_send(component, "<message from='b@us.test' to='a@%s' id='%s'><body/></message>",
		  domain, id);
}

/* Delivered at LISTENER; milliseconds until the connection. */
static unsigned comes(struct peer *component, int listener, const char *domain)
{
	uint64_t begun = clock_monotonic_ms(), took;
	struct peer out;

	send_to(component, domain, domain);
	if (!peer_is_dialled(listener, 15000))
		daemon_die("not dialled", domain);
	took = clock_monotonic_ms() - begun;
	peer_dialback_out(&out, &d, listener, domain, "us.test");
	peer_expect(&out, domain);
	peer_expect(&out, "</message>");
	peer_close(&out);
	return (unsigned)took;
}

/* [HAZARDS B16] */
static void test_second(struct peer *component)
{
	int second = peer_listen(&d, 2), first;
	unsigned took = comes(component, second, "first.test");

	tap_ok(took < 2000, "B16: the first target is down: the second is dialled (%u ms)", took);
	first = peer_listen(&d, 9); /* back again, but that is not known */
	comes(component, second, "second.test");
	tap_ok(!peer_is_dialled(first, 0), "B16: who did not answer is tried after the others");
	close(second);
	comes(component, first, "third.test");
	tap_ok(true, "B16: and is tried where there is nobody else");
	second = peer_listen(&d, 2);
	comes(component, first, "fourth.test");
	tap_ok(!peer_is_dialled(second, 0), "B16: having answered it is what it was before");
	close(second);
	close(first);
}

/* [HAZARDS B36] [RFC8305] */
static void test_families(struct peer *component, int six_port)
{
	int four = peer_listen_at(&d, 2, six_port);
	unsigned took;

	took = comes(component, four, "dead6.test");
	tap_ok(took < 1000, "B36: IPv6 refuses: IPv4 (%u ms)", took);
	close(four);
}

/* Nothing comes back at all. */
static void test_silent(struct peer *component, int six, int four)
{
	unsigned took = comes(component, four, "silent6.test");

	tap_ok(took >= 200 && took < 1500, "B36: IPv6 is silent: IPv4 a moment later (%u ms)",
	       took);
	took = comes(component, six, "silent4.test");
	tap_ok(took < 1500, "B36: IPv4 is silent: IPv6 (%u ms)", took);
}

/* The first address accepts and says nothing good: the next one of the same target, although one connection is the limit. */
static void test_next_address(struct peer *component)
{
	int one = peer_listen(&d, 5), two = peer_listen(&d, 6), first, second;
	struct peer bad;

	send_to(component, "pair.test", "pair");
	first = peer_is_dialled(one, 2000) ? one : two; /* in which order DNS names them is open */
	second = first == one ? two : one;
	peer_accept(&bad, &d, first);
	peer_expect(&bad, "version='1.0'>");
	peer_close(&bad);
	peer_dialback_out(&bad, &d, second, "pair.test", "us.test");
	peer_expect(&bad, "id='pair'");
	tap_ok(true, "B16: an address that does not serve: the next one of the target");
	peer_close(&bad);
	close(one);
	close(two);
}

/* [HAZARDS B14] Of the two questions for SRV records one is never answered. */
static void test_half_answer(struct peer *component)
{
	int host = peer_listen(&d, 2);
	unsigned took = comes(component, host, "mute.test");

	tap_ok(took < 4000, "B14: no word about direct TLS: without it a moment later (%u ms)",
	       took);
	close(host);
}

/* Half of the time at most is spent on a target while there are others. */
static void test_first_silent(struct peer *component)
{
	int host = peer_listen(&d, 2);
	unsigned took = comes(component, host, "slow.test");

	tap_ok(took < 3500, "B16: the first target is silent: the second is dialled (%u ms)", took);
	close(host);
}

static void test_all_silent(struct peer *component)
{
	uint64_t begun = clock_monotonic_ms();
	unsigned took;

	send_to(component, "silent.test", "silent");
	peer_expect(component, "id='silent'");
	took = (unsigned)(clock_monotonic_ms() - begun);
	tap_ok(took < 7000, "B36: all addresses of all targets are silent: one budget (%u ms)",
	       took);
	daemon_log(&d, "ev=stream-failed .*remote=silent.test .*fail=connect-timeout");
}

/* [HAZARDS F07] */
static void test_private(struct peer *component)
{
	int host = peer_listen(&d, 2);
	unsigned took;

	send_to(component, "private.test", "private");
	tap_ok(strstr(peer_until(component, "</message>"), "<remote-server-not-found ") &&
		       !peer_is_dialled(host, 0),
	       "F07: private addresses are refused where the operator says so");
	daemon_log(&d, "ev=dial-failed .*remote=private.test .*fail=private-address");
	send_to(component, "10.0.0.1", "literal");
	tap_ok(strstr(peer_until(component, "</message>"), "<remote-server-not-found ") != NULL,
	       "F07: a domain that is such an address as well");
	took = comes(component, host, "routed.test");
	tap_ok(true, "F07: the host of proxy-fqdn is the operator's own choice (%u ms)", took);
	close(host);
}

static void run(const char *dns, struct peer *component)
{
	d.dns = dns;
	daemon_start(&d, "  stream-establishment-timeout: 5s\n", PARTNERS);
	peer_component(component, &d);
}

static void stop(struct peer *component)
{
	peer_close(component);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
}

int main(void)
{
	struct deaf deaf4 = { -1, { 0 } }, deaf6 = { -1, { 0 } };
	struct sockaddr_in6 loopback6 = { .sin6_family = AF_INET6,
					  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in at4;
	int six, six_port = 0, open6, open6_port = 0, deaf6_port = 0, four = -1;
	struct peer component;
	pid_t server;

	daemon_init(&d);
	d.workers = 1; /* what did not answer is remembered by each of them */
	six = listen6(&six_port);
	open6 = listen6(&open6_port);
	if (six >= 0) {
		close(six); /* from now on it refuses */
		deaf_open(&deaf6, (struct sockaddr *)&loopback6, sizeof(loopback6));
		deaf6_port = port_of(deaf6.listener);
		four = peer_listen_at(&d, 2, deaf6_port);
		at4 = daemon_address(&d, 8, open6_port);
		deaf_open(&deaf4, (struct sockaddr *)&at4, sizeof(at4));
	} else {
		at4 = daemon_address(&d, 8, 5269);
		deaf_open(&deaf4, (struct sockaddr *)&at4, sizeof(at4));
	}
	add(SRV "first.test", NAME_SRV, "dead.test", 1, 5269);
	add(SRV "first.test", NAME_SRV, "host.test", 2, 5269);
	add(SRV "second.test", NAME_SRV, "dead.test", 1, 5269);
	add(SRV "second.test", NAME_SRV, "host.test", 2, 5269);
	add(SRV "third.test", NAME_SRV, "dead.test", 1, 5269);
	add(SRV "third.test", NAME_SRV, "host.test", 2, 5269);
	add(SRV "fourth.test", NAME_SRV, "dead.test", 1, 5269);
	add(SRV "fourth.test", NAME_SRV, "host.test", 2, 5269);
	add("dead.test", NAME_A, "$NET.9", 0, 0);
	add("host.test", NAME_A, "$NET.2", 0, 0);
	add(SRV "dead6.test", NAME_SRV, "both.test", 1, six_port);
	add("both.test", NAME_AAAA, "::1", 0, 0);
	add("both.test", NAME_A, "$NET.2", 0, 0);
	add(SRV "silent6.test", NAME_SRV, "both.test", 1, deaf6_port);
	add(SRV "silent4.test", NAME_SRV, "deaf4.test", 1, open6_port);
	add("deaf4.test", NAME_A, "$NET.8", 0, 0);
	add("deaf4.test", NAME_AAAA, "::1", 0, 0);
	add(SRV "silent.test", NAME_SRV, "silent.test", 1, ntohs(at4.sin_port));
	add(SRV "silent.test", NAME_SRV, "silent-too.test", 2, ntohs(at4.sin_port));
	add("silent.test", NAME_A, "$NET.8", 0, 0);
	add("silent-too.test", NAME_A, "$NET.8", 0, 0);
	add(SRV "mute.test", NAME_SRV, "host.test", 1, 5269);
	add("_xmpps-server._tcp.mute.test", NAME_SILENT, "", 0, 0);
	add(SRV "pair.test", NAME_SRV, "pair.test", 1, 5269);
	add("pair.test", NAME_A, "$NET.5", 0, 0);
	add("pair.test", NAME_A, "$NET.6", 0, 0);
	add(SRV "slow.test", NAME_SRV, "silent.test", 1, ntohs(at4.sin_port));
	add(SRV "slow.test", NAME_SRV, "host.test", 2, 5269);
	add(SRV "private.test", NAME_SRV, "private.test", 1, 5269);
	add("private.test", NAME_A, "$NET.2", 0, 0);
	add("private.test", NAME_A, "10.0.0.1", 0, 0);
	add("private.test", NAME_A, "192.168.1.1", 0, 0);
	add("private.test", NAME_AAAA, "fd00::1", 0, 0);
	add("private.test", NAME_AAAA, "::1", 0, 0);
	server = names_serve(&d, records, count);
	run("timeout: 20s", &component);
	test_second(&component);
	if (six >= 0) {
		test_families(&component, six_port);
		test_silent(&component, open6, four);
	} else {
		tap_note("there is no IPv6 here");
	}
	test_next_address(&component);
	test_half_answer(&component);
	test_first_silent(&component);
	test_all_silent(&component);
	stop(&component);
	run("refuse-private-addresses: true", &component);
	test_private(&component);
	stop(&component);
	if (six >= 0) {
		deaf_close(&deaf6);
		close(open6);
		close(four);
	}
	deaf_close(&deaf4);
	daemon_fini(&d);
	names_end(server);
	return tap_done();
}
