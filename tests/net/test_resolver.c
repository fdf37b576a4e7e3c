/* resolver: against a name server that says what it is told to. [F07] [B14] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <cmocka.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "leak.h"
#include "net/resolver.h"
#include "responder.h"

#define TIMEOUT 2000
#define STUCK 30000

struct fixture {
	struct loop *loop;
	struct responder *server;
	struct resolver *resolver;
	unsigned asked; /* questions that reached the server */
	unsigned tcp;	/* of them */
	bool mute;
	unsigned failures;		  /* how many questions for "flaky" are still refused */
	struct resolver_query *to_cancel; /* by the server, when it is asked */
	bool to_free;			  /* the resolver, likewise */
	struct loop_timer *stuck;
};

/* What came back. */
struct got {
	struct fixture *f;
	struct resolver_query *query;
	unsigned calls;
	enum fail fail;
	size_t count;
	uint32_t ttl;
	struct srv srv[8];
	struct net_address addresses[RESOLVER_ADDRESSES_MAX];
	char reason[200];
};

/* ---- the server's script: the first label that is no service's says what is answered ---- */

static void answer_many(struct reply *r)
{
	char target[40];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(target, sizeof(target), "t%d.many.test", i);
		reply_srv(r, NULL, i % 3, i, 5269, target);
	}
}

static void answer_bad_records(struct reply *r, const char *name)
{
	static const unsigned char short_one[] = { 0, 1, 0, 2 };
	static const unsigned char no_target[] = { 0, 1, 0, 2, 0, 3 };
	static const unsigned char beyond[] = { 0, 1, 0, 2, 0, 3, 9, 'a' };

	reply_record(r, NULL, ns_t_srv, short_one, sizeof(short_one));
	reply_record(r, NULL, ns_t_srv, no_target, sizeof(no_target));
	reply_record(r, NULL, ns_t_srv, beyond, sizeof(beyond));
	reply_srv(r, NULL, 1, 1, 0, "port-zero.test");
	reply_srv(r, NULL, 1, 1, 5269, "under_score.test");
	if (strstr(name, "some"))
		reply_srv(r, NULL, 7, 8, 9, "Good.Test");
}

static bool answer_srv(struct fixture *f, const struct question *q, struct reply *r)
{
	if (strstr(q->name, "several")) {
		reply_srv(r, NULL, 10, 60, 5269, "a.test");
		reply_srv(r, NULL, 10, 40, 5270, "B.Example.ORG");
		reply_srv(r, NULL, 20, 0, 65535, "c.test");
	} else if (strstr(q->name, "not-offered")) {
		reply_srv(r, NULL, 0, 0, 0, ".");
	} else if (strstr(q->name, "many")) {
		answer_many(r);
	} else if (strstr(q->name, "alias")) {
		reply_cname(r, NULL, "_xmpp-server._tcp.several.test");
	} else if (strstr(q->name, "bad-records")) {
		answer_bad_records(r, q->name);
	} else if (strstr(q->name, "flaky")) {
		if (f->failures) {
			f->failures--;
			reply_code(r, ns_r_servfail);
		} else {
			reply_srv(r, NULL, 1, 1, 1, "a.test");
		}
	} else {
		return false;
	}
	return true;
}

static bool answer_address(struct fixture *f, const struct question *q, struct reply *r)
{
	bool six = q->type == ns_t_aaaa;
	char text[40];
	int i;

	(void)f;
	if (strstr(q->name, "both") || strstr(q->name, six ? "only6" : "only4"))
		reply_address(r, NULL, six ? "2001:db8::7" : "192.0.2.7");
	else if (strstr(q->name, "only"))
		reply_soa(r, "test", 300, 40);
	else if (strstr(q->name, six ? "mute6" : "mute4"))
		return false;
	else if (strstr(q->name, six ? "broken6" : "broken4"))
		reply_code(r, ns_r_servfail);
	else if (strstr(q->name, "mute") || strstr(q->name, "broken"))
		reply_address(r, NULL, six ? "2001:db8::7" : "192.0.2.7");
	else if (strstr(q->name, "mapped") && six)
		reply_address(r, NULL, "::ffff:127.0.0.1");
	else if (strstr(q->name, "plenty"))
		for (i = 1; i < (six ? 40 : 6); i++) {
			snprintf(text, sizeof(text), six ? "2001:db8::%x" : "192.0.2.%d", i);
			reply_address(r, NULL, text);
		}
	return true;
}

static bool answer(void *context, const struct question *q, struct reply *r)
{
	struct fixture *f = context;

	f->asked++;
	f->tcp += q->tcp;
	if (strstr(q->name, "ttl-none"))
		r->ttl = 0;
	else if (strstr(q->name, "ttl-endless"))
		r->ttl = 0x7fffffff;
	if (f->to_cancel)
		resolver_cancel(f->to_cancel);
	f->to_cancel = NULL;
	if (f->to_free) {
		resolver_free(f->resolver);
		f->resolver = NULL;
		f->to_free = false;
	}
	if (f->mute)
		return false;
	if (strstr(q->name, "nowhere")) {
		reply_code(r, ns_r_nxdomain);
		reply_soa(r, "test", 3600, 3600);
		return true;
	}
	if (strstr(q->name, "refused")) {
		reply_code(r, ns_r_refused);
		return true;
	}
	if (strstr(q->name, "servfail")) {
		reply_code(r, ns_r_servfail);
		return true;
	}
	if (strstr(q->name, "nodata")) {
		reply_soa(r, "test", 300, 30);
		return true;
	}
	if (strstr(q->name, "loop-a")) {
		reply_cname(r, NULL, "_xmpp-server._tcp.loop-b.test");
		return true;
	}
	if (strstr(q->name, "loop-b")) {
		reply_cname(r, NULL, "_xmpp-server._tcp.loop-a.test");
		return true;
	}
	if (strstr(q->name, "noise")) {
		unsigned char wrong[64] = { 0 };
		responder_send(f->server, "garbage", 7);
		memcpy(wrong, r->data, 12);
		wrong[0] ^= 0x55;
		wrong[3] = 0x83; /* "does not exist", to nobody's question */
		responder_send(f->server, wrong, 12);
		responder_send(f->server, r->data, 3);
	}
	if (strstr(q->name, "garbled")) { /* an answer of which nothing is right but the id */
		memset(r->data + 2, 0xff, 60);
		r->len = 62;
		return true;
	}
	return q->type == ns_t_srv ? answer_srv(f, q, r) : answer_address(f, q, r);
}

/* ---- asking ---- */

static void on_stuck(void *context)
{
	(void)context;
	fail_msg("no answer at all");
}

static void on_answer(void *context, const struct resolver_answer *a)
{
	struct got *g = context;
	size_t i;

	g->calls++;
	if (g->f->to_cancel == g->query)
		g->f->to_cancel = NULL;
	g->fail = a->fail;
	g->count = a->count;
	g->ttl = a->ttl;
	snprintf(g->reason, sizeof(g->reason), "%s", a->reason);
	for (i = 0; i < a->count && a->srv && i < 8; i++)
		g->srv[i] = a->srv[i];
	for (i = 0; i < a->count && a->addresses; i++)
		g->addresses[i] = a->addresses[i];
	loop_stop(g->f->loop);
}

static struct got wait_for(struct fixture *f, struct got *g)
{
	assert_int_equal(g->calls, 0); /* never from inside the call that asks */
	while (!g->calls)
		loop_run(f->loop);
	assert_int_equal(g->calls, 1);
	return *g;
}

static struct got srv(struct fixture *f, const char *name)
{
	struct got g = { .f = f };
	char full[300];

	snprintf(full, sizeof(full), "_xmpp-server._tcp.%s", name);
	assert_non_null(resolver_srv(f->resolver, full, on_answer, &g));
	return wait_for(f, &g);
}

static struct got addresses(struct fixture *f, const char *name)
{
	struct got g = { .f = f };

	assert_non_null(resolver_addresses(f->resolver, name, 5269, on_answer, &g));
	return wait_for(f, &g);
}

static void on_pause(void *context)
{
	loop_stop(context);
}

/* A few turns of the loop. */
static void wait_a_little(struct fixture *f)
{
	struct loop_timer *t = loop_timer_new(f->loop, on_pause, f->loop);

	loop_timer_set(t, 5);
	loop_run(f->loop);
	loop_timer_free(t);
}

static void assert_fail(const struct got *g, enum fail fail)
{
	if (g->fail != fail)
		fail_msg("%s (%s) instead of %s", fail_str(g->fail), g->reason, fail_str(fail));
	if (fail != FAIL_NONE)
		assert_int_equal(g->count, 0);
}

static void assert_address(const struct net_address *a, const char *text)
{
	char out[NET_ADDRESS_TEXT];

	assert_string_equal(net_address_str(a, out), text);
}

static void make_resolver(struct fixture *f)
{
	struct net_address server = responder_address(f->server);
	char error[RESOLVER_ERROR_SIZE] = "";

	f->resolver = resolver_new(f->loop,
				   &(struct resolver_settings){ &server, 1, TIMEOUT, NULL }, error);
	if (!f->resolver)
		fail_msg("%s", error);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->loop = loop_new();
	f->server = responder_new(f->loop, answer, f);
	f->stuck = loop_timer_new(f->loop, on_stuck, NULL);
	loop_timer_set(f->stuck, STUCK);
	make_resolver(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	resolver_free(f->resolver);
	responder_free(f->server);
	loop_timer_free(f->stuck);
	loop_free(f->loop);
	free(f);
	return 0;
}

/* ---- SRV ---- */

static const struct srv *find(const struct got *g, const char *target)
{
	size_t i;

	for (i = 0; i < g->count && i < 8; i++)
		if (!strcmp(g->srv[i].target, target))
			return &g->srv[i];
	fail_msg("%s is missing", target);
	return NULL;
}

static void assert_several(const struct got *g)
{
	assert_fail(g, FAIL_NONE);
	assert_int_equal(g->count, 3);
	assert_int_equal(find(g, "a.test")->weight, 60);
	assert_int_equal(find(g, "a.test")->priority, 10);
	assert_int_equal(find(g, "b.example.org")->port, 5270);
	assert_int_equal(find(g, "c.test")->priority, 20);
	assert_int_equal(find(g, "c.test")->port, 65535);
	assert_in_range(g->ttl, 290, 300);
}

static void test_srv(void **state)
{
	struct got g = srv(*state, "several.test");

	assert_several(&g);
}

static void test_srv_not_offered(void **state)
{
	struct got g = srv(*state, "not-offered.example.org");

	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 1);
	assert_string_equal(g.srv[0].target, "");
}

/* [F07] too many for UDP */
static void test_srv_many(void **state)
{
	struct fixture *f = *state;
	struct got g = srv(f, "many.invalid");

	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 1000);
	assert_int_equal(f->tcp, 1);
}

static void test_srv_alias(void **state)
{
	struct got g = srv(*state, "alias.test");

	assert_several(&g);
}

/* [F07] */
static void test_srv_alias_loop(void **state)
{
	struct fixture *f = *state;
	struct got g = srv(f, "loop-a.test");

	assert_true(g.fail == FAIL_DNS_FAILED || g.fail == FAIL_DNS_NOT_FOUND);
	assert_int_equal(g.count, 0);
	assert_true(f->asked < 60);
}

/* [F07] what is malformed, or has port 0, or no host's name, is left out; what is left of nothing is not "there is none" */
static void test_srv_bad_records(void **state)
{
	struct got g = srv(*state, "some.bad-records.test");

	if (g.fail == FAIL_NONE) { /* the library may find it beyond use as a whole */
		assert_int_equal(g.count, 1);
		assert_string_equal(g.srv[0].target, "good.test");
		assert_int_equal(g.srv[0].port, 9);
	} else {
		assert_fail(&g, FAIL_DNS_FAILED);
	}
	g = srv(*state, "no.bad-records.test");
	assert_fail(&g, FAIL_DNS_FAILED);
}

/* ---- nothing there ---- */

/* [B14] believed for a minute at the most */
static void test_not_found(void **state)
{
	struct fixture *f = *state;
	struct got g = srv(f, "nowhere.test");
	unsigned asked = f->asked;

	assert_fail(&g, FAIL_DNS_NOT_FOUND);
	assert_in_range(g.ttl, 1, 60);
	g = srv(f, "nowhere.test");
	assert_fail(&g, FAIL_DNS_NOT_FOUND);
	assert_int_equal(f->asked, asked);
	g = srv(f, "nodata.test");
	assert_fail(&g, FAIL_DNS_NOT_FOUND);
	assert_in_range(g.ttl, 1, 30);
	g = addresses(f, "nowhere.invalid");
	assert_fail(&g, FAIL_DNS_NOT_FOUND);
	g = addresses(f, "nodata.test");
	assert_fail(&g, FAIL_DNS_NOT_FOUND);
}

/* ---- a server that does not work ---- */

static void test_servfail(void **state)
{
	struct fixture *f = *state;
	struct got g = srv(f, "servfail.test");

	assert_fail(&g, FAIL_DNS_FAILED);
	assert_true(*g.reason);
	assert_true(f->asked >= 2); /* [B14] it was asked again */
	g = addresses(f, "servfail.test");
	assert_fail(&g, FAIL_DNS_FAILED);
	g = srv(f, "refused.test");
	assert_fail(&g, FAIL_DNS_FAILED);
}

/* [B14] one failure is not taken for an answer */
static void test_flaky(void **state)
{
	struct fixture *f = *state;
	struct got g;

	f->failures = 1;
	g = srv(f, "flaky.test");
	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 1);
	assert_int_equal(f->asked, 2);
}

static void test_silence(void **state)
{
	struct fixture *f = *state;
	uint64_t begin = clock_monotonic_ms();
	struct got g = srv(f, "silent.test");
	uint64_t took = clock_monotonic_ms() - begin;

	assert_fail(&g, FAIL_DNS_TIMEOUT);
	assert_true(*g.reason);
	assert_in_range(took, TIMEOUT - 100, TIMEOUT + 1500);
	/* and it is not held against the server */
	g = srv(f, "several.test");
	assert_several(&g);
}

static void test_garbage(void **state)
{
	struct fixture *f = *state;
	struct got g = srv(f, "noise.several.test");

	assert_several(&g);
	g = srv(f, "garbled.test");
	assert_true(g.fail == FAIL_DNS_FAILED || g.fail == FAIL_DNS_TIMEOUT);
}

/* ---- addresses ---- */

static void test_addresses(void **state)
{
	struct fixture *f = *state;
	struct got g = addresses(f, "both.test");

	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 2);
	assert_address(&g.addresses[0], "[2001:db8::7]:5269");
	assert_address(&g.addresses[1], "192.0.2.7:5269");
	g = addresses(f, "only4.test");
	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 1);
	assert_address(&g.addresses[0], "192.0.2.7:5269");
	g = addresses(f, "only6.test");
	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 1);
	assert_address(&g.addresses[0], "[2001:db8::7]:5269");
}

/* from the cache, and yet from the loop */
/* [HAZARDS F07, B15] Who says 0 is not asked for each stanza; who says for ever is asked after a day. */
static void test_ttl(void **state)
{
	struct fixture *f = *state;
	struct got g = addresses(f, "ttl-none.both.test");
	unsigned asked = f->asked;

	assert_in_range(g.ttl, 1, 30);
	g = addresses(f, "ttl-none.both.test");
	assert_int_equal(g.count, 2);
	assert_int_equal(f->asked, asked);
	g = addresses(f, "ttl-endless.both.test");
	assert_in_range(g.ttl, 80000, 86400);
}

static void test_cache(void **state)
{
	struct fixture *f = *state;
	struct got g = addresses(f, "both.test");
	unsigned asked = f->asked;

	assert_int_equal(asked, 2);
	g = addresses(f, "both.test");
	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 2);
	assert_int_equal(f->asked, asked);
}

/* One kind that is there is not kept back by the other. */
static void test_half_silent(void **state)
{
	static const char *const names[] = { "mute6.test", "mute4.test" };
	static const char *const found[] = { "192.0.2.7:5269", "[2001:db8::7]:5269" };
	size_t i;

	for (i = 0; i < 2; i++) {
		uint64_t begin = clock_monotonic_ms();
		struct got g = addresses(*state, names[i]);
		uint64_t took = clock_monotonic_ms() - begin;
		assert_fail(&g, FAIL_NONE);
		assert_int_equal(g.count, 1);
		assert_address(&g.addresses[0], found[i]);
		assert_in_range(took, 400, TIMEOUT - 500);
	}
}

static void test_half_broken(void **state)
{
	struct got g = addresses(*state, "broken6.test");

	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 1);
	assert_address(&g.addresses[0], "192.0.2.7:5269");
	g = addresses(*state, "broken4.test");
	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, 1);
	g = addresses(*state, "silent.mute6.mute4.test");
	assert_fail(&g, FAIL_DNS_TIMEOUT);
}

/* As many of one kind as of the other have room, none more than there is. */
static void test_plenty(void **state)
{
	struct got g = addresses(*state, "plenty.test");
	size_t i;

	assert_fail(&g, FAIL_NONE);
	assert_int_equal(g.count, RESOLVER_ADDRESSES_MAX);
	for (i = 0; i < g.count; i++)
		assert_int_equal(g.addresses[i].v6, i < RESOLVER_ADDRESSES_MAX - 5);
}

/* IPv4 in IPv6's clothes is nobody's address. */
static void test_mapped(void **state)
{
	struct got g = addresses(*state, "mapped.test");

	assert_int_equal(g.count, 0);
	assert_fail(&g, FAIL_DNS_FAILED);
}

static void test_literals(void **state)
{
	struct fixture *f = *state;
	struct got g = addresses(f, "192.0.2.9");

	assert_int_equal(g.count, 1);
	assert_address(&g.addresses[0], "192.0.2.9:5269");
	g = addresses(f, "[2001:db8::9]");
	assert_int_equal(g.count, 1);
	assert_address(&g.addresses[0], "[2001:db8::9]:5269");
	assert_int_equal(f->asked, 0);
}

/* What the library itself refuses. */
static void test_no_names(void **state)
{
	char longest[1000];
	struct got g = srv(*state, "bad..name");

	assert_fail(&g, FAIL_DNS_FAILED);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	g = addresses(*state, longest);
	assert_fail(&g, FAIL_DNS_FAILED);
}

/* ---- cancelling ---- */

static struct resolver_query *start(struct fixture *f, struct got *g, int what)
{
	*g = (struct got){ .f = f };
	if (what == 0)
		g->query =
			resolver_srv(f->resolver, "_xmpp-server._tcp.several.test", on_answer, g);
	else if (what == 1)
		g->query = resolver_addresses(f->resolver, "both.test", 5269, on_answer, g);
	else if (what == 2)
		g->query = resolver_srv(f->resolver, "_xmpp-server._tcp.silent.test", on_answer, g);
	else
		g->query = resolver_addresses(f->resolver, "192.0.2.1", 5269, on_answer, g);
	return g->query;
}

/* Before the question leaves, or when its answer is known and not yet told. */
static void test_cancel_at_once(void **state)
{
	struct fixture *f = *state;
	struct got g[4], other;
	int what, round;

	for (round = 0; round < 2; round++) { /* the second has a cache */
		for (what = 0; what < 4; what++)
			resolver_cancel(start(f, &g[what], what));
		other = srv(f, "several.test");
		assert_several(&other);
		other = addresses(f, "both.test");
		assert_int_equal(other.count, 2);
		for (what = 0; what < 4; what++)
			assert_int_equal(g[what].calls, 0);
	}
}

/* When the question has reached the server; the answer comes and is for nobody. */
static void test_cancel_under_way(void **state)
{
	struct fixture *f = *state;
	struct got g, other;
	int what;

	for (what = 0; what < 3; what++) {
		f->to_cancel = start(f, &g, what);
		while (f->to_cancel)
			wait_a_little(f);
		other = srv(f, what ? "several.test" : "alias.test");
		assert_several(&other);
		other = addresses(f, "both.test");
		assert_int_equal(other.count, 2);
		assert_int_equal(g.calls, 0);
		resolver_free(f->resolver); /* and its cache */
		make_resolver(f);
	}
}

/* The same with the whole resolver. */
static void test_free_with_queries(void **state)
{
	struct fixture *f = *state;
	struct got g[4], other;
	unsigned before[4];
	int what, moment;

	for (moment = 0; moment < 3; moment++) {
		for (what = 0; what < 4; what++)
			start(f, &g[what], what);
		if (moment == 1) {
			f->to_free = true;
			while (f->resolver)
				wait_a_little(f);
		} else if (moment == 2) {
			other = srv(f, "alias.test");
			assert_several(&other);
		}
		resolver_free(f->resolver);
		for (what = 0; what < 4; what++)
			before[what] = g[what].calls;
		make_resolver(f);
		other = srv(f, "several.test");
		assert_several(&other);
		for (what = 0; what < 4; what++)
			if (g[what].calls != before[what])
				fail_msg("moment %d, question %d", moment, what);
	}
}

static void free_all(void *context, const struct resolver_answer *a)
{
	struct got *g = context;

	assert_int_equal(a->fail, FAIL_NONE);
	resolver_free(g->f->resolver);
	g->f->resolver = NULL;
	assert_int_equal(a->count, 3); /* still there */
	assert_int_equal(strlen(a->srv[0].target) > 0, 1);
	loop_stop(g->f->loop);
}

/* By the callback itself, with others under way. */
static void test_free_in_callback(void **state)
{
	struct fixture *f = *state;
	struct got g[4];
	int what;

	for (what = 1; what < 3; what++)
		start(f, &g[what], what);
	g[0] = (struct got){ .f = f };
	resolver_srv(f->resolver, "_xmpp-server._tcp.several.test", free_all, &g[0]);
	while (f->resolver)
		loop_run(f->loop);
	assert_int_equal(g[2].calls, 0);
}

/* ---- many ---- */

struct crowd {
	struct fixture *f;
	unsigned left, found;
};

static void on_one_of_many(void *context, const struct resolver_answer *a)
{
	struct crowd *c = context;

	c->found += a->fail == FAIL_NONE;
	if (!--c->left)
		loop_stop(c->f->loop);
}

/* Two questions for each of COUNT names, all at once. */
static void ask_many(struct crowd *c, unsigned count)
{
	char name[60];
	unsigned i;

	c->left = 2 * count;
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "_xmpp-server._tcp.n%u.several.test", i);
		assert_non_null(resolver_srv(c->f->resolver, name, on_one_of_many, c));
		snprintf(name, sizeof(name), "n%u.both.test", i);
		assert_non_null(resolver_addresses(c->f->resolver, name, 5269, on_one_of_many, c));
	}
	loop_run(c->f->loop);
}

static void test_many_at_once(void **state)
{
	struct crowd c = { .f = *state };

	ask_many(&c, 300);
	assert_int_equal(c.found, 600);
}

static void *in_thread(void *context)
{
	ask_many(context, 80); /* within the time limit where both threads share a busy core */
	return NULL;
}

/* Each with a resolver of its own, made by the main thread. */
static void test_threads(void **state)
{
	struct crowd crowds[2] = { { .f = *state } };
	pthread_t threads[2];
	void *second = NULL;
	int i;

	assert_int_equal(set_up(&second), 0);
	crowds[1].f = second;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, in_thread, &crowds[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowds[0].found, 160);
	assert_int_equal(crowds[1].found, 160);
	tear_down(&second);
}

/* [B14] A server that was silent for everyone is asked again as soon as it speaks. */
static void test_outage(void **state)
{
	struct crowd c = { .f = *state };
	struct got g;
	int i;

	c.f->mute = true;
	for (i = 0; i < 3; i++)
		ask_many(&c, 20);
	assert_int_equal(c.found, 0);
	c.f->mute = false;
	g = srv(c.f, "another.several.test");
	assert_several(&g);
}

/* [B21] descriptors that run out are a failure that passes */
static void test_no_descriptors(void **state)
{
	struct rlimit before, none;
	struct got g;
	int fd = dup(0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)fd;
	close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	g = srv(*state, "first.several.test");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(g.fail == FAIL_DNS_FAILED || g.fail == FAIL_DNS_TIMEOUT);
	g = srv(*state, "second.several.test");
	assert_several(&g);
}

static void ask_and_cancel(void *context)
{
	struct fixture *f = context;
	struct got g = srv(f, "several.test");

	g = addresses(f, "both.test");
	resolver_cancel(start(f, &g, 1));
}

static void test_memory(void **state)
{
	assert_false(leak_grows(ask_and_cancel, *state));
}

static void test_system_servers(void **state)
{
	struct fixture *f = *state;
	char error[RESOLVER_ERROR_SIZE] = "";
	struct resolver *r =
		resolver_new(f->loop, &(struct resolver_settings){ .timeout_ms = TIMEOUT }, error);
	struct net_address v6;

	if (!r)
		fail_msg("%s", error);
	resolver_free(r);
	assert_true(net_address_parse("2001:db8::53", 53, &v6));
	r = resolver_new(f->loop, &(struct resolver_settings){ &v6, 1, TIMEOUT, NULL }, error);
	if (!r)
		fail_msg("%s", error);
	resolver_free(r);
}

#define RESOLVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESOLVER_TEST(test_srv),
		RESOLVER_TEST(test_srv_not_offered),
		RESOLVER_TEST(test_srv_many),
		RESOLVER_TEST(test_srv_alias),
		RESOLVER_TEST(test_srv_alias_loop),
		RESOLVER_TEST(test_srv_bad_records),
		RESOLVER_TEST(test_not_found),
		RESOLVER_TEST(test_servfail),
		RESOLVER_TEST(test_flaky),
		RESOLVER_TEST(test_silence),
		RESOLVER_TEST(test_garbage),
		RESOLVER_TEST(test_addresses),
		RESOLVER_TEST(test_cache),
		RESOLVER_TEST(test_ttl),
		RESOLVER_TEST(test_half_silent),
		RESOLVER_TEST(test_half_broken),
		RESOLVER_TEST(test_plenty),
		RESOLVER_TEST(test_mapped),
		RESOLVER_TEST(test_literals),
		RESOLVER_TEST(test_no_names),
		RESOLVER_TEST(test_cancel_at_once),
		RESOLVER_TEST(test_cancel_under_way),
		RESOLVER_TEST(test_free_with_queries),
		RESOLVER_TEST(test_free_in_callback),
		RESOLVER_TEST(test_many_at_once),
		RESOLVER_TEST(test_threads),
		RESOLVER_TEST(test_outage),
		RESOLVER_TEST(test_no_descriptors),
		RESOLVER_TEST(test_memory),
		RESOLVER_TEST(test_system_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
