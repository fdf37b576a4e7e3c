/* race: the first of several addresses that answers; hosts: what is remembered of those that did not. [B16] [B36] */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/listener.h"
#include "outside/hosts.h"
#include "outside/race.h"

struct fixture {
	struct loop *loop;
	struct race *race;
	struct connection *won;
	size_t which;
	unsigned failed, lost;
	enum fail fails[RACE_MAX];
	bool cancels; /* when the first one fails */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->loop = loop_new();
	*state = f;
	return 0;
}

/* One turn more, in which connections go away. */
static void on_stop(void *context)
{
	loop_stop(context);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct loop_timer *end = loop_timer_new(f->loop, on_stop, f->loop);

	if (f->won)
		connection_abort(f->won);
	loop_timer_set(end, 0);
	loop_run(f->loop);
	loop_timer_free(end);
	loop_free(f->loop);
	free(f);
	return 0;
}

static void on_won(void *context, size_t which, struct connection *c)
{
	struct fixture *f = context;

	f->race = NULL;
	f->won = c;
	f->which = which;
	loop_stop(f->loop);
}

static void on_failed(void *context, size_t which, enum fail fail, const char *detail)
{
	struct fixture *f = context;

	assert_true(*detail);
	f->fails[which] = fail;
	f->failed++;
	if (!f->cancels)
		return;
	race_cancel(f->race);
	f->race = NULL;
	loop_stop(f->loop);
}

static void on_lost(void *context)
{
	struct fixture *f = context;

	f->race = NULL;
	f->lost++;
	loop_stop(f->loop);
}

static const struct race_events events = { .won = on_won, .failed = on_failed, .lost = on_lost };

/* Bound, and listening with room for BACKLOG: below 0 not at all, so that it refuses. */
static int bound(struct net_address *at, int backlog)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (backlog >= 0)
		assert_return_code(listen(fd, backlog), 0);
	assert_true(listener_address(fd, at));
	return fd;
}

struct deaf {
	int fd, filler[3];
};

/* Whoever connects hears nothing. */
static void deaf_open(struct deaf *d, struct net_address *at)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	size_t i;

	d->fd = bound(at, 0);
	a.sin_port = htons(at->port);
	for (i = 0; i < 3; i++) {
		d->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(d->filler[i], (struct sockaddr *)&a, sizeof(a));
	}
}

static void deaf_close(struct deaf *d)
{
	size_t i;

	for (i = 0; i < 3; i++)
		close(d->filler[i]);
	close(d->fd);
}

static void run(struct fixture *f, const struct net_address *at, size_t count, uint64_t each_ms)
{
	f->race = race_new(f->loop, at, count, each_ms, &events, f);
	assert_non_null(f->race);
	assert_int_equal(f->failed + f->lost, 0); /* nothing from inside the call */
	assert_null(f->won);
	loop_run(f->loop);
}

static void test_one(void **state)
{
	struct fixture *f = *state;
	struct net_address at;
	int fd = bound(&at, 4);

	run(f, &at, 1, 5000);
	assert_non_null(f->won);
	assert_int_equal(f->which, 0);
	assert_int_equal(f->failed, 0);
	assert_true(net_address_equal_ip(connection_peer(f->won), &at));
	close(fd);
}

/* Who refuses makes room for the next one at once. */
static void test_refused(void **state)
{
	uint64_t begun = clock_monotonic_ms();
	struct fixture *f = *state;
	struct net_address at[4];
	int fds[4] = { bound(&at[0], -1), bound(&at[1], -1), bound(&at[2], -1), bound(&at[3], 4) };
	size_t i;

	run(f, at, 4, 5000);
	assert_int_equal(f->which, 3);
	assert_int_equal(f->failed, 3);
	assert_int_equal(f->fails[1], FAIL_CONNECT_REFUSED);
	assert_true(clock_monotonic_ms() - begun < 2 * RACE_DELAY_MS);
	for (i = 0; i < 4; i++)
		close(fds[i]);
}

/* Who is silent does not hold up the next one, and has not failed. */
static void test_silent(void **state)
{
	uint64_t begun = clock_monotonic_ms(), took;
	struct fixture *f = *state;
	struct net_address at[3];
	struct deaf one, two;
	int fd = bound(&at[2], 4);

	deaf_open(&one, &at[0]);
	deaf_open(&two, &at[1]);
	run(f, at, 3, 5000);
	took = clock_monotonic_ms() - begun;
	assert_int_equal(f->which, 2);
	assert_int_equal(f->failed, 0);
	assert_in_range(took, 2 * RACE_DELAY_MS - 20, 4000);
	deaf_close(&one);
	deaf_close(&two);
	close(fd);
}

static void test_lost(void **state)
{
	struct fixture *f = *state;
	struct net_address at[2];
	struct deaf deaf;
	int fd = bound(&at[1], -1);

	deaf_open(&deaf, &at[0]);
	run(f, at, 2, 400);
	assert_int_equal(f->lost, 1);
	assert_int_equal(f->failed, 2);
	assert_int_equal(f->fails[0], FAIL_CONNECT_TIMEOUT);
	assert_int_equal(f->fails[1], FAIL_CONNECT_REFUSED);
	deaf_close(&deaf);
	close(fd);
}

/* Nothing comes any more. */
static void test_cancel(void **state)
{
	struct fixture *f = *state;
	struct net_address at[2];
	int one = bound(&at[0], -1), two = bound(&at[1], 4);

	f->cancels = true;
	run(f, at, 2, 5000);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->lost, 0);
	assert_null(f->won);
	race_cancel(race_new(f->loop, at, 2, 5000, &events, f));
	close(one);
	close(two);
}

/* ---- hosts ---- */

static struct net_address host(unsigned i)
{
	return (struct net_address){ .ip = { 192, 0, (unsigned char)(i >> 8), (unsigned char)i },
				     .port = 5269 };
}

static void test_hosts(void **state)
{
	struct hosts *h = calloc(1, sizeof(*h));
	struct net_address a = host(1), other = host(1);

	(void)state;
	other.port = 5270;
	assert_false(hosts_have_failed(h, &a, 10));
	hosts_failed(h, &a, 10);
	assert_true(hosts_have_failed(h, &a, 10));
	assert_true(hosts_have_failed(h, &a, 10 + HOSTS_MS - 1));
	assert_false(hosts_have_failed(h, &a, 10 + HOSTS_MS));
	assert_false(hosts_have_failed(h, &other, 10)); /* another port is another host */
	hosts_failed(h, &a, 20);
	assert_true(hosts_have_failed(h, &a, 10 + HOSTS_MS));
	hosts_answered(h, &other);
	assert_true(hosts_have_failed(h, &a, 20));
	hosts_answered(h, &a);
	assert_false(hosts_have_failed(h, &a, 20));
	free(h);
}

/* The oldest is forgotten, nothing grows. */
static void test_hosts_full(void **state)
{
	struct hosts *h = calloc(1, sizeof(*h));
	struct net_address a;
	unsigned i;

	(void)state;
	for (i = 0; i < HOSTS_MAX + 10; i++) {
		a = host(i);
		hosts_failed(h, &a, 100 + i);
	}
	for (i = 0; i < HOSTS_MAX + 10; i++) {
		a = host(i);
		assert_int_equal(hosts_have_failed(h, &a, 1000), i >= 10);
	}
	free(h);
}

/* [T18] */
static void test_hosts_tls(void **state)
{
	struct hosts *h = calloc(1, sizeof(*h));
	char name[32];
	unsigned i;

	(void)state;
	hosts_demand_tls(h, "a.example", 10);
	assert_true(hosts_is_tls_demanded(h, "a.example", 10));
	assert_false(hosts_is_tls_demanded(h, "b.example", 10));
	assert_false(hosts_is_tls_demanded(h, "a.example", 10 + HOSTS_MS));
	hosts_demand_tls(h, "a.example", 20);
	assert_true(hosts_is_tls_demanded(h, "a.example", 10 + HOSTS_MS));
	for (i = 0; i < HOSTS_MAX; i++) {
		snprintf(name, sizeof(name), "%u.example", i);
		hosts_demand_tls(h, name, 100 + i);
	}
	assert_false(hosts_is_tls_demanded(h, "a.example", 20));
	assert_true(hosts_is_tls_demanded(h, "0.example", 1000));
	free(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_hosts_full),
		cmocka_unit_test(test_hosts_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
