/* address and listener: literals; accepting, and what happens when descriptors run out. [B20] */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/listener.h"

/* ---- addresses ---- */

static void test_address_text(void **state)
{
	static const char *const bad[] = { "",	       "example.org", "[::1]",	"1.2.3",
					   "1.2.3.4 ", "1.2.3.256",   "::1%lo", "12345::" };
	struct net_address a, b;
	char text[NET_ADDRESS_TEXT];
	size_t i;

	(void)state;
	assert_true(net_address_parse("192.0.2.1", 5269, &a));
	assert_false(a.v6);
	assert_string_equal(net_address_str(&a, text), "192.0.2.1:5269");
	assert_true(net_address_parse("2001:DB8::1", 65535, &b));
	assert_true(b.v6);
	assert_string_equal(net_address_str(&b, text), "[2001:db8::1]:65535");
	assert_true(net_address_parse("1111:2222:3333:4444:5555:6666:255.255.255.255", 1, &b));
	assert_string_equal(net_address_str(&b, text),
			    "[1111:2222:3333:4444:5555:6666:ffff:ffff]:1");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(net_address_parse(bad[i], 1, &a));
}

static void test_address_equal(void **state)
{
	struct net_address a, b;

	(void)state;
	net_address_parse("192.0.2.1", 1, &a);
	net_address_parse("192.0.2.1", 2, &b);
	assert_true(net_address_equal_ip(&a, &b));
	net_address_parse("192.0.2.2", 1, &b);
	assert_false(net_address_equal_ip(&a, &b));
	net_address_parse("c000:201::", 1, &b); /* the same bytes as an IPv6 address */
	assert_int_equal(memcmp(a.ip, b.ip, 4), 0);
	assert_false(net_address_equal_ip(&a, &b));
	net_address_parse("::1", 1, &a);
	net_address_parse("::2", 1, &b);
	assert_false(net_address_equal_ip(&a, &b));
}

/* ---- accepting ---- */

#define CLIENTS_MAX 64

struct door {
	struct loop *l;
	int fd;
	struct listener *n;
	struct net_address at;
	int accepted[CLIENTS_MAX];
	int count;
	int wanted;
	char pauses[64]; /* 'p', 'g' */
	bool free_at_once;
	struct loop_timer *timer;
};

static void on_accepted(void *context, int fd, const struct net_address *from)
{
	struct door *d = context;

	(void)from;
	d->accepted[d->count++] = fd;
	if (d->free_at_once) {
		listener_free(d->n);
		d->n = NULL;
	}
	if (d->count == d->wanted)
		loop_stop(d->l);
}

static void on_paused(void *context, bool paused)
{
	struct door *d = context;
	size_t len = strlen(d->pauses);

	if (len < sizeof(d->pauses) - 1)
		d->pauses[len] = paused ? 'p' : 'g';
	loop_stop(d->l);
}

static void stop(void *context)
{
	loop_stop(((struct door *)context)->l);
}

static const struct listener_events events = { on_accepted, on_paused };

static void open_door(struct door *d, const char *ip)
{
	char error[LISTENER_ERROR_SIZE];
	struct net_address at;

	memset(d, 0, sizeof(*d));
	d->l = loop_new();
	assert_non_null(d->l);
	assert_true(net_address_parse(ip, 0, &at));
	d->fd = listener_open(&at, error);
	assert_true(d->fd >= 0);
	assert_string_equal(error, "");
	assert_true(listener_address(d->fd, &d->at));
	assert_true(net_address_equal_ip(&d->at, &at));
	assert_int_not_equal(d->at.port, 0);
	d->n = listener_new(d->l, d->fd, &events, d);
	assert_non_null(d->n);
	d->timer = loop_timer_new(d->l, stop, d);
}

static void close_door(struct door *d)
{
	while (d->count)
		close(d->accepted[--d->count]);
	loop_timer_free(d->timer);
	listener_free(d->n);
	loop_free(d->l);
	close(d->fd);
}

static int knock(const struct door *d)
{
	int fd = socket(d->at.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(d->at.port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(d->at.port) };

	assert_true(fd >= 0);
	memcpy(&v6.sin6_addr, d->at.ip, 16);
	memcpy(&v4.sin_addr, d->at.ip, 4);
	if (d->at.v6)
		assert_int_equal(connect(fd, (struct sockaddr *)&v6, sizeof(v6)), 0);
	else
		assert_int_equal(connect(fd, (struct sockaddr *)&v4, sizeof(v4)), 0);
	return fd;
}

static void accepts_on(const char *ip)
{
	struct door d;
	int client[20], i, on = 0;
	socklen_t len = sizeof(on);

	open_door(&d, ip);
	for (i = 0; i < 20; i++) /* more than one turn takes */
		client[i] = knock(&d);
	d.wanted = 20;
	loop_run(d.l);
	for (i = 0; i < 20; i++) {
		assert_true(fcntl(d.accepted[i], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(d.accepted[i], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(getsockopt(d.accepted[i], IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
		assert_int_not_equal(on, 0);
		close(client[i]);
	}
	assert_string_equal(d.pauses, "");
	close_door(&d);
}

static void test_accepts(void **state)
{
	(void)state;
	accepts_on("127.0.0.1");
}

static void test_accepts_v6(void **state)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool has_v6 = fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at));

	(void)state;
	if (fd >= 0)
		close(fd);
	if (!has_v6)
		return; /* not skip(): cmocka prints that as a failure in TAP */
	accepts_on("::1");
}

static void test_says_why_not(void **state)
{
	char error[LISTENER_ERROR_SIZE], expected[LISTENER_ERROR_SIZE], text[NET_ADDRESS_TEXT];
	struct net_address at;
	struct door d;

	(void)state;
	open_door(&d, "127.0.0.1");
	assert_int_equal(listener_open(&d.at, error), -1);
	snprintf(expected, sizeof(expected), "cannot bind to %s: Address already in use",
		 net_address_str(&d.at, text));
	assert_string_equal(error, expected);
	close_door(&d);
	net_address_parse("192.0.2.1", 0, &at);
	assert_int_equal(listener_open(&at, error), -1);
	assert_string_equal(error, "cannot bind to 192.0.2.1:0: Cannot assign requested address");
}

static void test_freed_by_its_owner(void **state)
{
	struct door d;
	int client[2];

	(void)state;
	open_door(&d, "127.0.0.1");
	client[0] = knock(&d);
	client[1] = knock(&d);
	d.free_at_once = true;
	d.wanted = 1;
	loop_run(d.l);
	assert_int_equal(d.count, 1);
	close(client[0]);
	close(client[1]);
	close_door(&d);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Takes every descriptor that is left. */
static int exhaust(int *taken, int max)
{
	int count = 0;

	while (count < max && (taken[count] = dup(0)) >= 0)
		count++;
	assert_true(count < max);
	assert_int_equal(errno, EMFILE);
	return count;
}

static void test_descriptors_run_out(void **state)
{
	struct rlimit old, few;
	int taken[256], count, client, i;
	struct door d;
	double cpu;

	(void)state;
	open_door(&d, "127.0.0.1");
	client = knock(&d);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 128;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	count = exhaust(taken, 256);
	loop_run(d.l);
	assert_string_equal(d.pauses, "p");
	/* half a second of it costs next to nothing, and is told once */
	cpu = cpu_seconds();
	loop_timer_set(d.timer, 500);
	loop_run(d.l);
	assert_true(cpu_seconds() - cpu < 0.1);
	assert_string_equal(d.pauses, "p");
	assert_int_equal(d.count, 0);
	/* it goes on by itself */
	for (i = 0; i < count; i++)
		close(taken[i]);
	d.wanted = 1;
	loop_run(d.l);
	while (!d.count)
		loop_run(d.l);
	assert_string_equal(d.pauses, "pg");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(client);
	close_door(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_text),
		cmocka_unit_test(test_address_equal),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_accepts_v6),
		cmocka_unit_test(test_says_why_not),
		cmocka_unit_test(test_freed_by_its_owner),
		cmocka_unit_test(test_descriptors_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
