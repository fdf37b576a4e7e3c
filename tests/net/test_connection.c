/*
 * connection: what is written arrives, in clear and in TLS; watermarks, pauses, and all ways to end. [B39] [B40]
 *
 * Each test runs twice, in clear and in TLS.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ends.h"
#include "pki.h"
#include "raw.h"

#define MIB ((size_t)1 << 20)

static struct pki pki;
static struct tls *tls;

struct fixture {
	bool in_tls;
	unsigned descriptors;
	struct ends t;
};

static void add_identity(const char *domain)
{
	char error[TLS_ERROR_SIZE];

	pki_make(&pki, &(struct pki_wish){ .name = domain });
	assert_int_equal(tls_add_identity(tls, domain, pki_path(&pki, domain, ".crt"),
					  pki_path(&pki, domain, ".key"), error),
			 0);
}

static int set_up_group(void **state)
{
	char error[TLS_ERROR_SIZE];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	pki_init(&pki);
	tls = tls_new(pki_path(&pki, "anchors", ".pem"), TLS_VERSION_1_2, error);
	assert_non_null(tls);
	add_identity("a.example");
	add_identity("b.example");
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	tls_free(tls);
	pki_fini(&pki);
	return 0;
}

static int set_up(void **state, bool in_tls)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->in_tls = in_tls;
	f->descriptors = ends_descriptors();
	ends_init(&f->t);
	*state = f;
	return 0;
}

static int set_up_clear(void **state)
{
	return set_up(state, false);
}

static int set_up_tls(void **state)
{
	return set_up(state, true);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ends_fini(&f->t);
	assert_int_equal(ends_descriptors(), f->descriptors);
	free(f);
	return 0;
}

static const struct connection_tls *accepting(void)
{
	static struct connection_tls how;

	how = (struct connection_tls){ .accept = true, .local = "b.example", .tls = tls };
	return &how;
}

static const struct connection_tls *dialling(void)
{
	static struct connection_tls how;

	how = (struct connection_tls){ .local = "a.example",
				       .server_name = "b.example",
				       .tls = tls };
	return &how;
}

static struct ends *join(void **state)
{
	struct fixture *f = *state;
	struct ends *t = &f->t;

	ends_join(t);
	if (!f->in_tls)
		return t;
	connection_start_tls(t->b.c, accepting());
	connection_start_tls(t->a.c, dialling());
	ENDS_UNTIL(t, (t->a.tls_up || t->a.tls_failed) && (t->b.tls_up || t->b.tls_failed));
	assert_string_equal(t->a.reason, "");
	assert_string_equal(t->b.reason, "");
	return t;
}

/* A peer that joins b, in TLS where the test is. */
static struct ends *join_raw(void **state, struct raw *r, void (*talk)(struct raw *r),
			     void (*on_data)(struct end *e))
{
	struct fixture *f = *state;

	f->t.b.on_data = on_data; /* now: its first words may come with the end of the handshake */
	raw_init(r);
	r->fd = ends_dial_raw(&f->t);
	r->in_clear = !f->in_tls;
	r->sni = "b.example";
	r->talk = talk;
	if (f->in_tls)
		connection_start_tls(f->t.b.c, accepting());
	raw_start(r);
	if (f->in_tls)
		ENDS_UNTIL(&f->t, f->t.b.tls_up || f->t.b.tls_failed);
	return &f->t;
}

/* Bytes in which every position tells. */
static char *pattern(size_t len)
{
	char *p = malloc(len);
	uint32_t x = 1;
	size_t i;

	assert_non_null(p);
	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (char)(x >> 24);
	}
	return p;
}

static void assert_pattern(const struct buf *in, size_t len)
{
	char *p = pattern(len);

	assert_int_equal(in->len, len);
	assert_memory_equal(in->data, p, len);
	free(p);
}

static void write_pattern(struct connection *c, size_t len)
{
	char *p = pattern(len);

	connection_write(c, p, len);
	free(p);
}

/* ---- to and fro ---- */

static void test_echo(void **state)
{
	struct ends *t = join(state);
	const struct cert_facts *facts = connection_certificate(t->a.c, 0);

	t->b.echo = true;
	connection_write(t->a.c, "hello", 5);
	connection_write(t->a.c, "", 0);
	connection_write(t->a.c, " world", 6);
	assert_int_equal(connection_waiting(t->a.c), 11);
	ENDS_UNTIL(t, t->a.in.len >= 11);
	assert_memory_equal(t->a.in.data, "hello world", 11);
	assert_int_equal(t->b.calls, 1); /* gathered */
	assert_int_equal(connection_waiting(t->a.c), 0);
	assert_true(connection_last_input(t->a.c) > 0);
	if (((struct fixture *)*state)->in_tls) {
		assert_string_equal(connection_tls_version(t->a.c), "TLSv1.3");
		assert_string_equal(connection_cipher(t->b.c), "TLS_AES_256_GCM_SHA384");
		assert_non_null(facts);
		assert_string_equal(facts->names[0].value, "b.example");
		facts = connection_certificate(t->b.c, 0);
		assert_string_equal(facts->names[0].value, "a.example");
	} else {
		assert_string_equal(connection_tls_version(t->a.c), "");
		assert_string_equal(connection_cipher(t->a.c), "");
		assert_null(facts);
	}
}

static void test_small_messages_in_order(void **state)
{
	struct ends *t = join(state);
	size_t i, j, sent = 0;
	char *p = pattern(MIB);

	t->b.echo = true;
	for (i = 0; i < 200; i++) {
		for (j = 0; j < i % 40; j++) {
			size_t len = 1 + (i * 31 + j * 17) % 300;
			connection_write(t->a.c, p + sent, len);
			sent += len;
		}
		if (i % 40)
			ends_turn(t);
	}
	ENDS_UNTIL(t, t->a.in.len >= sent);
	assert_int_equal(t->a.in.len, sent);
	assert_memory_equal(t->a.in.data, p, sent);
	free(p);
}

static void test_tiny_socket_buffers(void **state)
{
	struct fixture *f = *state;
	int one = 1;
	struct ends *t;

	/* what is accepted inherits them: hardly a record fits */
	setsockopt(f->t.fd, SOL_SOCKET, SO_SNDBUF, &one, sizeof(one));
	setsockopt(f->t.fd, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one));
	t = join(state);
	t->b.echo = true;
	write_pattern(t->a.c, 3 * MIB);
	ENDS_UNTIL(t, t->a.in.len >= 3 * MIB);
	assert_pattern(&t->a.in, 3 * MIB);
	assert_pattern(&t->b.in, 3 * MIB);
	assert_true(t->b.calls > 10);
}

static void test_both_ways_at_once(void **state)
{
	struct ends *t = join(state);

	write_pattern(t->a.c, 5 * MIB);
	write_pattern(t->b.c, 7 * MIB);
	ENDS_UNTIL(t, t->a.in.len >= 7 * MIB && t->b.in.len >= 5 * MIB);
	assert_pattern(&t->a.in, 7 * MIB);
	assert_pattern(&t->b.in, 5 * MIB);
}

/* ---- watermarks and pauses ---- */

static void write_once_more(struct end *e)
{
	if (e->drained == 1)
		write_pattern(e->c, 8 * MIB);
}

static void test_watermarks(void **state)
{
	struct ends *t = join(state);
	int i;

	connection_write(t->a.c, "x", 1);
	assert_false(connection_is_full(t->a.c));
	ENDS_UNTIL(t, t->b.in.len == 1);
	assert_int_equal(t->a.drained, 0); /* it was never full */
	connection_pause(t->b.c);
	t->a.on_drained = write_once_more;
	write_pattern(t->a.c, 8 * MIB);
	assert_true(connection_is_full(t->a.c));
	for (i = 0; i < 5; i++) { /* the kernel takes its part, and then no more */
		connection_write(t->a.c, "", 0);
		connection_write(t->b.c, "y", 1);
		ENDS_UNTIL(t, t->a.in.len == (size_t)i + 1);
	}
	assert_true(connection_is_full(t->a.c));
	assert_true(connection_waiting(t->a.c) > CONNECTION_HIGH);
	assert_int_equal(t->a.drained, 0);
	assert_int_equal(t->b.in.len, 1);
	buf_clear(&t->b.in);
	connection_resume(t->b.c);
	ENDS_UNTIL(t, t->a.drained == 2);
	assert_false(connection_is_full(t->a.c));
	assert_true(connection_waiting(t->a.c) < CONNECTION_LOW);
	ENDS_UNTIL(t, t->b.in.len >= 16 * MIB);
	assert_int_equal(connection_waiting(t->a.c), 0);
	t->b.in.len = 8 * MIB;
	assert_pattern(&t->b.in, 8 * MIB);
}

static void pause_here(struct end *e)
{
	connection_pause(e->c);
	e->on_data = NULL;
}

/* Many small records: when reading stops, most of them were read ahead already. */
static void talk_in_records(struct raw *r)
{
	char record[100];
	int i;

	for (i = 0; i < 1000; i++) {
		memset(record, 'a' + i % 26, sizeof(record));
		raw_write(r, record, sizeof(record));
	}
	r->good = raw_read(r, 3); /* no event comes from us any more */
	raw_shut(r);
}

static void test_pause_keeps_what_was_read_ahead(void **state)
{
	struct raw r;
	struct ends *t = join_raw(state, &r, talk_in_records, pause_here);
	size_t i, len;

	while (t->b.in.len < 100000) {
		len = t->b.in.len;
		if (!t->b.on_data) { /* it paused: nothing comes until it goes on */
			ends_empty_turn(t);
			assert_int_equal(t->b.in.len, len);
			t->b.on_data = pause_here;
			connection_resume(t->b.c);
		}
		ENDS_UNTIL(t, t->b.in.len > len);
	}
	for (i = 0; i < 100000; i++)
		assert_int_equal(t->b.in.data[i], 'a' + i / 100 % 26);
	connection_write(t->b.c, "end", 3);
	connection_resume(t->b.c);
	ENDS_UNTIL(t, t->b.ended);
	raw_join(&r);
	assert_true(r.good);
	raw_fini(&r);
}

static void talk_and_shut(struct raw *r)
{
	raw_write(r, "last words", 10);
	raw_shut(r);
	r->good = raw_read(r, SIZE_MAX);
}

static void test_end_waits_for_resume(void **state)
{
	struct raw r;
	struct ends *t = join_raw(state, &r, talk_and_shut, pause_here);
	int i;

	ENDS_UNTIL(t, t->b.in.len >= 10);
	/* turns in which the end is there, but not told */
	for (i = 0; i < 3; i++)
		ends_empty_turn(t);
	assert_false(t->b.ended);
	connection_resume(t->b.c);
	ENDS_UNTIL(t, t->b.ended);
	assert_int_equal(t->b.how, CONNECTION_EOF);
	assert_string_equal(t->b.reason, "ended by the peer");
	assert_int_equal(t->b.in.len, 10);
	connection_close(t->b.c, 10000);
	t->b.c = NULL;
	ends_until_closed(t);
	raw_join(&r);
	assert_true(r.good);
	raw_fini(&r);
}

/* ---- ends ---- */

static void talk_half_closed(struct raw *r)
{
	raw_write(r, "question", 8);
	raw_shut(r);
	r->good = raw_read(r, SIZE_MAX) && r->in.len == 2 * MIB;
}

static void test_half_close(void **state)
{
	struct raw r;
	struct ends *t = join_raw(state, &r, talk_half_closed, NULL);

	ENDS_UNTIL(t, t->b.ended);
	assert_int_equal(t->b.how, CONNECTION_EOF);
	assert_int_equal(t->b.in.len, 8);
	write_pattern(t->b.c, 2 * MIB); /* the answer still leaves */
	connection_close(t->b.c, 10000);
	t->b.c = NULL;
	ends_until_closed(t);
	raw_join(&r);
	assert_true(r.good);
	assert_pattern(&r.in, 2 * MIB);
	raw_fini(&r);
}

static void test_close_loses_no_tail(void **state)
{
	struct ends *t = join(state);
	uint64_t begin = clock_monotonic_ms();

	write_pattern(t->a.c, 4 * MIB);
	connection_close(t->a.c, 20000);
	t->a.c = NULL;
	assert_int_equal(connection_closing_count(t->loop), 1);
	ENDS_UNTIL(t, t->b.ended);
	assert_int_equal(t->b.how, CONNECTION_EOF);
	assert_string_equal(t->b.reason, "ended by the peer");
	assert_pattern(&t->b.in, 4 * MIB);
	assert_int_equal(connection_closing_count(t->loop), 1); /* it waits for our end */
	connection_close(t->b.c, 20000);
	t->b.c = NULL;
	ends_until_closed(t);
	assert_true(clock_monotonic_ms() - begin < 5000); /* not by the grace */
}

/* It writes on while it is told to go, and must get the last words, and no reset. */
static void talk_too_much(struct raw *r)
{
	char noise[4096] = "";
	int i;

	r->good = true;
	for (i = 0; i < 500 && r->good; i++)
		r->good = raw_write(r, noise, sizeof(noise));
	r->good = r->good && raw_read(r, SIZE_MAX) && r->in.len == 7;
}

static void close_here(struct end *e)
{
	connection_write(e->c, "goodbye", 7);
	connection_close(e->c, 10000);
	e->c = NULL;
}

static void test_close_with_input_under_way(void **state)
{
	struct raw r;
	struct ends *t = join_raw(state, &r, talk_too_much, close_here);
	unsigned calls;

	ENDS_UNTIL(t, !t->b.c);
	calls = t->b.calls;
	raw_join(&r);
	assert_true(r.good);
	assert_memory_equal(r.in.data, "goodbye", 7);
	ends_until_closed(t);
	assert_int_equal(t->b.calls, calls); /* nothing comes after the close */
	assert_false(t->b.ended);
	raw_fini(&r);
}

static void test_simultaneous_close(void **state)
{
	struct ends *t = join(state);
	uint64_t begin = clock_monotonic_ms();

	connection_write(t->a.c, "</a>", 4);
	connection_write(t->b.c, "</b>", 4);
	connection_close(t->a.c, 20000);
	connection_close(t->b.c, 20000);
	t->a.c = t->b.c = NULL;
	ends_until_closed(t);
	assert_true(clock_monotonic_ms() - begin < 5000);
}

static void talk_never_again(struct raw *r)
{
	r->good = raw_read(r, SIZE_MAX); /* sees our end, keeps its own open */
}

static void test_grace_is_over(void **state)
{
	struct raw r;
	struct ends *t = join_raw(state, &r, talk_never_again, NULL);

	connection_close(t->b.c, 30);
	t->b.c = NULL;
	ends_until_closed(t);
	raw_join(&r);
	assert_true(r.good);
	raw_fini(&r);
}

static void abort_here(struct end *e)
{
	connection_abort(e->c);
	e->c = NULL;
}

static void test_abort_in_callback(void **state)
{
	struct ends *t = join(state);

	t->b.on_data = abort_here;
	write_pattern(t->a.c, MIB);
	ENDS_UNTIL(t, t->a.ended);
	assert_null(t->b.c);
	assert_int_equal(t->b.calls, 1);
	assert_false(t->b.ended);
	assert_int_equal(t->a.how, CONNECTION_LOST);
	connection_write(t->a.c, "x", 1); /* goes nowhere */
	assert_int_equal(connection_closing_count(t->loop), 0);
}

static void test_abort_when_drained(void **state)
{
	struct ends *t = join(state);

	t->a.on_drained = abort_here;
	write_pattern(t->a.c, 8 * MIB);
	ENDS_UNTIL(t, t->b.ended);
	assert_null(t->a.c);
	assert_int_equal(t->a.drained, 1);
}

static void talk_reset(struct raw *r)
{
	struct linger hard = { .l_onoff = 1 };

	raw_write(r, "x", 1);
	raw_read(r, 1);
	setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static void test_reset(void **state)
{
	struct raw r;
	struct ends *t = join_raw(state, &r, talk_reset, NULL);

	ENDS_UNTIL(t, t->b.in.len == 1);
	connection_write(t->b.c, "y", 1);
	ends_empty_turn(t);
	raw_join(&r); /* closes */
	ENDS_UNTIL(t, t->b.ended);
	assert_int_equal(t->b.how, CONNECTION_LOST);
	assert_string_equal(t->b.reason, "Connection reset by peer");
	raw_fini(&r);
}

static void test_too_much_waits(void **state)
{
	struct ends *t = join(state);
	int i;

	connection_pause(t->b.c);
	for (i = 0; i < 40; i++)
		write_pattern(t->a.c, MIB);
	ENDS_UNTIL(t, t->a.ended);
	assert_int_equal(t->a.how, CONNECTION_LOST);
	assert_string_equal(t->a.reason, "too much waits to be written");
}

/* ---- dialling ---- */

static void test_dial_refused(void **state)
{
	struct fixture *f = *state;
	struct ends *t = &f->t;
	struct net_address at;
	struct raw r;

	raw_init(&r);
	raw_listen(&r, &at);
	raw_fini(&r); /* now nobody listens there */
	t->a.c = connection_dial(t->loop, &at, &ends_events, &t->a);
	assert_non_null(t->a.c);
	assert_false(t->a.ended);
	assert_true(net_address_equal_ip(connection_peer(t->a.c), &at));
	connection_write(t->a.c, "x", 1);
	ENDS_UNTIL(t, t->a.ended);
	assert_int_equal(t->a.how, CONNECTION_REFUSED);
	assert_string_equal(t->a.reason, "Connection refused");
	assert_false(t->a.connected);
}

static void test_dial_and_forget(void **state)
{
	struct fixture *f = *state;
	struct net_address at;
	int i;

	assert_true(listener_address(f->t.fd, &at));
	for (i = 0; i < 2; i++) {
		struct connection *c = connection_dial(f->t.loop, &at, &ends_events, &f->t.a);
		assert_non_null(c);
		connection_write(c, "x", 1);
		if (i)
			connection_abort(c);
		else
			connection_close(c, 1000); /* nothing was joined: at once */
	}
	assert_int_equal(connection_closing_count(f->t.loop), 0);
	assert_false(f->t.a.connected || f->t.a.ended);
}

static void test_written_while_dialling(void **state)
{
	struct fixture *f = *state;
	struct ends *t = &f->t;
	struct net_address at;

	assert_true(listener_address(t->fd, &at));
	t->a.c = connection_dial(t->loop, &at, &ends_events, &t->a);
	connection_write(t->a.c, "early", 5);
	ENDS_UNTIL(t, t->b.in.len == 5);
	assert_memory_equal(t->b.in.data, "early", 5);
}

#define BOTH(name) \
	{ #name " in clear", name, set_up_clear, tear_down, NULL }, \
	{ \
#name " in TLS", name, set_up_tls, tear_down, NULL \
	}
#define CLEAR(name) cmocka_unit_test_setup_teardown(name, set_up_clear, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_echo),
		BOTH(test_small_messages_in_order),
		BOTH(test_tiny_socket_buffers),
		BOTH(test_both_ways_at_once),
		BOTH(test_watermarks),
		BOTH(test_pause_keeps_what_was_read_ahead),
		BOTH(test_end_waits_for_resume),
		BOTH(test_half_close),
		BOTH(test_close_loses_no_tail),
		BOTH(test_close_with_input_under_way),
		BOTH(test_simultaneous_close),
		BOTH(test_grace_is_over),
		BOTH(test_abort_in_callback),
		BOTH(test_abort_when_drained),
		BOTH(test_reset),
		BOTH(test_too_much_waits),
		CLEAR(test_dial_refused),
		CLEAR(test_dial_and_forget),
		CLEAR(test_written_while_dialling),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
