/*
 * connection: peers that break TLS's rules, or stretch them. [T05] [T06] [T16]
 *
 * The other end is OpenSSL on a thread of its own, or plain bytes.
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

#include "ends.h"
#include "pki.h"
#include "raw.h"

static struct pki pki;
static struct tls *tls;

static int set_up_group(void **state)
{
	char error[TLS_ERROR_SIZE];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	pki_init(&pki);
	pki_make(&pki, &(struct pki_wish){ .name = "we.example" });
	tls = tls_new(pki_path(&pki, "anchors", ".pem"), TLS_VERSION_1_2, error);
	assert_non_null(tls);
	assert_int_equal(tls_add_identity(tls, "we.example", pki_path(&pki, "we.example", ".crt"),
					  pki_path(&pki, "we.example", ".key"), error),
			 0);
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	tls_free(tls);
	pki_fini(&pki);
	return 0;
}

struct fixture {
	struct ends t;
	struct raw r;
	unsigned descriptors;
	int held; /* references to TLS */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->descriptors = ends_descriptors();
	ends_init(&f->t);
	raw_init(&f->r);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ends_fini(&f->t);
	raw_fini(&f->r);
	assert_int_equal(f->held, 0);
	assert_int_equal(ends_descriptors(), f->descriptors);
	free(f);
	return 0;
}

static void release(void *hold)
{
	--*(int *)hold;
}

static void accept_tls(struct fixture *f)
{
	struct connection_tls how = { .accept = true,
				      .local = "we.example",
				      .tls = tls,
				      .hold = &f->held,
				      .release = release };

	f->held++;
	connection_start_tls(f->t.b.c, &how);
}

/* The peer dials, and starts with TLS. */
static struct end *meet(struct fixture *f, void (*talk)(struct raw *r))
{
	struct end *b = &f->t.b;

	f->r.fd = ends_dial_raw(&f->t);
	f->r.talk = talk;
	accept_tls(f);
	raw_start(&f->r);
	ENDS_UNTIL(&f->t, b->tls_up || b->tls_failed);
	return b;
}

/* ---- the handshake ---- */

static void echo_back(struct raw *r)
{
	r->good = raw_read(r, 5) && raw_write(r, r->in.data, r->in.len) &&
		  raw_read(r, SIZE_MAX); /* until we end it */
	raw_shut(r);
}

static void test_tls_1_2(void **state)
{
	struct fixture *f = *state;
	struct end *b;

	f->r.max_version = TLS1_2_VERSION;
	b = meet(f, echo_back);
	assert_true(b->tls_up);
	assert_string_equal(connection_tls_version(b->c), "TLSv1.2");
	connection_write(b->c, "hello", 5);
	ENDS_UNTIL(&f->t, b->in.len == 5);
	assert_memory_equal(b->in.data, "hello", 5);
	connection_close(b->c, 10000);
	b->c = NULL;
	ends_until_closed(&f->t);
	raw_join(&f->r);
	assert_true(f->r.good); /* with close_notify */
}

/* STARTTLS as XMPP has it: words in clear, then TLS, in which both go on. */
static void say_starttls(struct raw *r)
{
	char answer[9];

	r->good = send(r->fd, "<starttls/>", 11, MSG_NOSIGNAL) == 11 &&
		  recv(r->fd, answer, sizeof(answer), MSG_WAITALL) == sizeof(answer) &&
		  !memcmp(answer, "<proceed>", sizeof(answer));
}

static void start_here(struct end *e)
{
	struct fixture *f = (struct fixture *)e->ends; /* its first member */

	e->on_data = NULL;
	connection_write(e->c, "<proceed>", 9);
	accept_tls(f);
	connection_write(e->c, "<inside/>", 9); /* waits for TLS */
}

static void talk_inside(struct raw *r)
{
	r->good = r->good && raw_write(r, "<stream>", 8) && raw_read(r, 9) &&
		  !memcmp(r->in.data, "<inside/>", 9);
	raw_shut(r);
}

static void test_starttls(void **state)
{
	struct fixture *f = *state;
	struct end *b = &f->t.b;

	f->r.fd = ends_dial_raw(&f->t);
	f->r.before = say_starttls;
	f->r.talk = talk_inside;
	b->on_data = start_here;
	raw_start(&f->r);
	ENDS_UNTIL(&f->t, b->tls_up || b->tls_failed);
	assert_true(b->tls_up);
	ENDS_UNTIL(&f->t, b->ended);
	raw_join(&f->r);
	assert_true(f->r.good);
	assert_int_equal(b->in.len, 19);
	assert_memory_equal(b->in.data, "<starttls/><stream>", 19);
}

/* What is injected behind <starttls/> is either in the owner's hands with it, or taken for TLS, and never for data. */
static void inject(struct raw *r)
{
	static const char evil[] = "<starttls/><stream:stream><auth/>";

	r->good = raw_write(r, evil, r->size ? r->size : sizeof(evil) - 1);
	if (r->size) { /* the rest once TLS is awaited */
		char proceed[9];
		r->good = recv(r->fd, proceed, sizeof(proceed), MSG_WAITALL) == sizeof(proceed) &&
			  raw_write(r, evil + r->size, sizeof(evil) - 1 - r->size);
	}
	raw_read(r, SIZE_MAX);
}

static void test_injected_with_starttls(void **state)
{
	struct fixture *f = *state;
	struct end *b = &f->t.b;

	f->r.fd = ends_dial_raw(&f->t);
	f->r.in_clear = true;
	f->r.talk = inject;
	raw_start(&f->r);
	ENDS_UNTIL(&f->t, b->in.len);
	assert_int_equal(b->in.len, 33); /* the owner sees all of it, and that TLS cannot start */
	connection_close(b->c, 0);
	b->c = NULL;
	ends_until_closed(&f->t);
	raw_join(&f->r);
}

static void test_injected_before_the_handshake(void **state)
{
	struct fixture *f = *state;
	struct end *b = &f->t.b;

	f->r.fd = ends_dial_raw(&f->t);
	f->r.in_clear = true;
	f->r.size = 11;
	f->r.talk = inject;
	b->on_data = start_here;
	raw_start(&f->r);
	ENDS_UNTIL(&f->t, b->tls_failed || b->tls_up);
	assert_true(b->tls_failed);
	assert_int_equal(b->in.len, 11);
	connection_abort(b->c);
	b->c = NULL;
	raw_join(&f->r);
}

static void stay(struct raw *r)
{
	r->good = raw_write(r, "\x16\x03\x01\x02\x00\x01", 6); /* a ClientHello that never ends */
	raw_read(r, SIZE_MAX);
}

static void stop(void *context)
{
	loop_stop(context);
}

static void test_stalled_handshake(void **state)
{
	struct fixture *f = *state;
	struct loop_timer *deadline;
	struct end *b = &f->t.b;

	f->r.fd = ends_dial_raw(&f->t);
	f->r.in_clear = true;
	f->r.talk = stay;
	accept_tls(f);
	deadline = loop_timer_new(f->t.loop, stop, f->t.loop);
	loop_timer_set(deadline, 50);
	raw_start(&f->r);
	ends_turn(&f->t);
	assert_false(b->tls_up || b->tls_failed);
	connection_abort(b->c); /* the owner's own limit */
	b->c = NULL;
	loop_timer_free(deadline);
	raw_join(&f->r); /* it saw the end */
	assert_true(f->r.good);
}

static void leave(struct raw *r)
{
	r->good = raw_write(r, "\x16\x03\x01", 3);
	raw_shut(r);
	raw_read(r, SIZE_MAX);
}

static void test_leaves_in_the_handshake(void **state)
{
	struct fixture *f = *state;
	struct end *b = &f->t.b;

	f->r.in_clear = true;
	meet(f, leave);
	assert_true(b->tls_failed);
	assert_string_equal(b->reason, "the peer ended the connection");
	connection_close(b->c, 1000); /* counts as abort */
	b->c = NULL;
	assert_int_equal(connection_closing_count(f->t.loop), 0);
	raw_join(&f->r);
}

static void test_garbage(void **state)
{
	struct fixture *f = *state;
	struct end *b = &f->t.b;

	f->r.in_clear = true;
	meet(f, inject);
	assert_true(b->tls_failed);
	assert_string_not_equal(b->reason, "");
	connection_abort(b->c);
	b->c = NULL;
	raw_join(&f->r);
}

/* ---- after it ---- */

static void renegotiate(struct raw *r)
{
	char byte;

	raw_write(r, "x", 1);
	r->good = SSL_renegotiate(r->ssl) == 1 && SSL_do_handshake(r->ssl) == 1 &&
		  SSL_read(r->ssl, &byte, 1) == 1;
}

static void test_renegotiation(void **state)
{
	struct fixture *f = *state;
	struct end *b;

	f->r.max_version = TLS1_2_VERSION;
	b = meet(f, renegotiate);
	ENDS_UNTIL(&f->t, b->ended);
	assert_int_equal(b->how, CONNECTION_LOST);
	assert_string_equal(b->reason, "the peer asked for renegotiation");
	connection_abort(b->c);
	b->c = NULL;
	raw_join(&f->r);
	assert_false(f->r.good);
}

static void update_keys(struct raw *r)
{
	int i;

	r->good = true;
	for (i = 0; i < 10 && r->good; i++)
		r->good = SSL_key_update(r->ssl, SSL_KEY_UPDATE_REQUESTED) == 1 &&
			  raw_write(r, "ping", 4) && raw_read(r, (size_t)(i + 1) * 4);
	raw_shut(r);
}

static void test_key_update(void **state)
{
	struct fixture *f = *state;
	struct end *b = &f->t.b;

	b->echo = true;
	meet(f, update_keys);
	ENDS_UNTIL(&f->t, b->ended);
	assert_int_equal(b->how, CONNECTION_EOF);
	assert_string_equal(b->reason, "ended by the peer");
	assert_int_equal(b->in.len, 40);
	raw_join(&f->r);
	assert_true(f->r.good);
}

static void truncate_it(struct raw *r)
{
	raw_write(r, "<message>", 9);
	shutdown(r->fd, SHUT_WR); /* without close_notify */
	r->good = raw_read(r, SIZE_MAX) && r->in.len == 6;
}

static void truncated(struct fixture *f, int max_version)
{
	struct end *b;

	f->r.max_version = max_version;
	b = meet(f, truncate_it);
	ENDS_UNTIL(&f->t, b->ended);
	assert_int_equal(b->how, CONNECTION_EOF);
	assert_string_equal(b->reason, "ended without close_notify");
	assert_int_equal(b->in.len, 9);
	connection_write(b->c, "</end>", 6); /* our direction is still good */
	connection_close(b->c, 10000);
	b->c = NULL;
	ends_until_closed(&f->t);
	raw_join(&f->r);
}

static void test_truncated(void **state)
{
	struct fixture *f = *state;

	truncated(f, 0);
	assert_true(f->r.good);
}

static void test_truncated_1_2(void **state)
{
	struct fixture *f = *state;

	truncated(f, TLS1_2_VERSION);
	assert_true(f->r.good);
}

static void fake_record(struct raw *r)
{
	static const char record[] = "\x17\x03\x03\x00\x20"
				     "01234567890123456789012345678901";

	raw_write(r, "good", 4);
	r->good = send(r->fd, record, sizeof(record) - 1, MSG_NOSIGNAL) > 0;
	raw_read(r, SIZE_MAX);
}

static void test_forged_record(void **state)
{
	struct fixture *f = *state;
	struct end *b = meet(f, fake_record);

	ENDS_UNTIL(&f->t, b->ended);
	assert_int_equal(b->how, CONNECTION_LOST);
	assert_string_equal(b->reason, "decryption failed or bad record mac");
	assert_int_equal(b->in.len, 4); /* what was good came first */
	connection_close(b->c, 1000);	/* counts as abort */
	b->c = NULL;
	assert_int_equal(connection_closing_count(f->t.loop), 0);
	raw_join(&f->r);
	assert_true(f->r.good);
}

static void talk_once(struct raw *r)
{
	raw_write(r, "x", 1);
	raw_shut(r);
}

static void begin_anew(struct fixture *f)
{
	connection_abort(f->t.b.c);
	buf_fini(&f->t.b.in);
	memset(&f->t.b, 0, sizeof(f->t.b));
	f->t.b.ends = &f->t;
	buf_init(&f->t.b.in, 1000);
	raw_fini(&f->r);
	raw_init(&f->r);
}

/* A session cannot be resumed: the certificate is looked at each time. */
static void no_resumption(struct fixture *f, int version)
{
	SSL_SESSION *session;
	struct end *b;

	f->r.max_version = version;
	b = meet(f, talk_once);
	ENDS_UNTIL(&f->t, b->ended);
	raw_join(&f->r);
	session = SSL_get1_session(f->r.ssl);
	assert_non_null(session);
	begin_anew(f);
	f->r.max_version = version;
	f->r.session = session;
	meet(f, talk_once);
	ENDS_UNTIL(&f->t, b->ended);
	raw_join(&f->r);
	assert_true(f->r.up);
	assert_false(f->r.reused);
	SSL_SESSION_free(session);
}

static void test_no_resumption(void **state)
{
	no_resumption(*state, TLS1_3_VERSION);
}

static void test_no_resumption_1_2(void **state)
{
	no_resumption(*state, TLS1_2_VERSION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tls_1_2),
		TEST(test_starttls),
		TEST(test_injected_with_starttls),
		TEST(test_injected_before_the_handshake),
		TEST(test_stalled_handshake),
		TEST(test_leaves_in_the_handshake),
		TEST(test_garbage),
		TEST(test_renegotiation),
		TEST(test_key_update),
		TEST(test_truncated),
		TEST(test_truncated_1_2),
		TEST(test_forged_record),
		TEST(test_no_resumption),
		TEST(test_no_resumption_1_2),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
