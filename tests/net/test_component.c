/* component: links with the inside over real sockets: the handshake, what is refused, what passes, how it ends. */
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

#include "ends.h"
#include "links.h"
#include "starve.h"
#include "xmpp/ns.h"

#define OPEN \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams'"
#define MESSAGE \
	"<message from='a@" LINKS_DOMAIN "/x' to='b@example.org/y'><body>hi</body></message>"

static int set_up(void **state)
{
	static struct links t;

	links_init(&t);
	*state = &t;
	return 0;
}

static int tear_down(void **state)
{
	links_fini(*state);
	return 0;
}

static struct stanza *message_of(size_t body)
{
	struct stanza_root root = { .kind = STANZA_MESSAGE,
				    .from = "b@example.org",
				    .to = "a@" LINKS_DOMAIN };
	struct stanza *s;
	struct buf b;

	buf_init(&b, (size_t)8 << 20);
	buf_adds(&b, "<body>");
	while (body--)
		buf_addc(&b, 'x');
	buf_adds(&b, "</body>");
	s = stanza_new(&root, b.data, b.len);
	assert_non_null(s);
	buf_fini(&b);
	return s;
}

/* --- the handshake [XEP-0114 3] --- */

static void test_attach(void **state)
{
	struct links *t = *state;
	struct app *a = app_open(t), *b;
	struct link *l = app_link(a);
	char want[300];

	app_header(a, LINKS_DOMAIN);
	snprintf(want, sizeof(want), OPEN " from='" LINKS_DOMAIN "' id='%s'>", a->id);
	assert_string_equal(buf_str(&a->in), want);
	/* 128 bits of chance, another for each */
	assert_int_equal(strlen(a->id), 32);
	assert_int_equal(strspn(a->id, "0123456789abcdef"), 32);
	assert_string_equal(component_domain(l->c), LINKS_DOMAIN);
	assert_false(component_is_attached(l->c));
	assert_int_equal(component_since(l->c), 0);
	app_handshake(a);
	app_hear(a, "<handshake/>");
	assert_int_equal(l->attaches, 1);
	assert_string_equal(l->domain, LINKS_DOMAIN);
	assert_true(component_is_attached(l->c));
	assert_true(component_since(l->c) > 0);
	/* another domain of the same entrance; however its name is written */
	b = app_open(t);
	app_header(b, "OTHER.example.com.");
	assert_non_null(strstr(buf_str(&b->in), " from='other.example.com'"));
	assert_string_not_equal(a->id, b->id);
	app_handshake(b);
	app_hear(b, "<handshake/>");
	assert_true(app_link(a)->attached && app_link(b)->attached);
}

static void wrong_handshake(struct links *t, const char *text)
{
	struct app *a = app_open(t);

	app_header(a, LINKS_DOMAIN);
	buf_clear(&a->in);
	app_say(a, text);
	app_ends(a, FAIL_COMPONENT_HANDSHAKE, "not-authorized");
	assert_int_equal(app_link(a)->attaches, 0);
}

static void test_R06_wrong_handshake(void **state)
{
	struct links *t = *state;

	wrong_handshake(t, "<handshake/>");
	wrong_handshake(t, "<handshake>aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>");
	wrong_handshake(t, "<handshake>s3cr3t &amp; more</handshake>");
	app_attached(t, LINKS_DOMAIN);
}

/* What was right on one connection is worth nothing on another. */
static void test_R06_replayed_handshake(void **state)
{
	struct links *t = *state;
	struct app *a = app_open(t), *b = app_open(t);

	app_header(a, LINKS_DOMAIN);
	app_header(b, LINKS_DOMAIN);
	memcpy(b->id, a->id, sizeof(b->id));
	app_handshake(b);
	app_ends(b, FAIL_COMPONENT_HANDSHAKE, "not-authorized");
	app_handshake(a);
	app_hear(a, "<handshake/>");
}

static void refused_header(struct links *t, const char *attributes, enum fail fail,
			   const char *condition)
{
	struct app *a = app_open(t);
	char text[600];

	snprintf(text, sizeof(text), "<stream:stream xmlns:stream='" NS_STREAM "' %s>", attributes);
	app_say(a, text);
	app_ends(a, fail, condition);
	/* the error stands in a stream of ours, which has an id [RFC6120 4.9.1.2] */
	assert_int_equal(strncmp(buf_str(&a->in), OPEN " id='", sizeof(OPEN " id='") - 1), 0);
}

#define TO(domain) "xmlns='jabber:component:accept' to='" domain "'"

static void test_R06_unknown_name(void **state)
{
	struct links *t = *state;

	refused_header(t, TO("example.com"), FAIL_HOST_UNKNOWN, "host-unknown");
	refused_header(t, TO("a." LINKS_DOMAIN), FAIL_HOST_UNKNOWN, "host-unknown");
	refused_header(t, TO("x" LINKS_DOMAIN), FAIL_HOST_UNKNOWN, "host-unknown");
	refused_header(t, TO("a@" LINKS_DOMAIN), FAIL_HOST_UNKNOWN, "host-unknown");
	refused_header(t, TO(LINKS_DOMAIN "/x"), FAIL_HOST_UNKNOWN, "host-unknown");
	refused_header(t, TO(""), FAIL_HOST_UNKNOWN, "host-unknown");
	refused_header(t, TO("-"), FAIL_HOST_UNKNOWN, "host-unknown");
}

static void test_R06_headers(void **state)
{
	struct links *t = *state;

	refused_header(t, "xmlns='jabber:component:accept'", FAIL_IMPROPER_ADDRESSING,
		       "improper-addressing");
	refused_header(t, "xmlns='jabber:server' to='" LINKS_DOMAIN "'", FAIL_XML_NAMESPACE,
		       "invalid-namespace");
	refused_header(t, "xmlns='jabber:component:connect' to='" LINKS_DOMAIN "'",
		       FAIL_XML_NAMESPACE, "invalid-namespace");
	refused_header(t, "to='" LINKS_DOMAIN "'", FAIL_XML_NAMESPACE, "invalid-namespace");
}

static void refused_bytes(struct links *t, const char *bytes, enum fail fail, const char *condition)
{
	struct app *a = app_open(t);

	app_say(a, bytes);
	app_ends(a, fail, condition);
}

static void test_no_stream(void **state)
{
	struct links *t = *state;

	refused_bytes(t, "\x16\x03\x01\x02", FAIL_XML_NOT_WELL_FORMED, "not-well-formed");
	refused_bytes(t, "GET / HTTP/1.1\r\n", FAIL_XML_NOT_WELL_FORMED, "not-well-formed");
	refused_bytes(t, "<stream:stream xmlns:stream='urn:x' " TO(LINKS_DOMAIN) ">",
		      FAIL_XML_NAMESPACE, "invalid-namespace");
	refused_bytes(t, "<!DOCTYPE x>", FAIL_XML_RESTRICTED, "restricted-xml");
}

static void test_R06_second_login(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN), *b = app_open(t);

	app_header(b, LINKS_DOMAIN);
	buf_clear(&b->in);
	app_handshake(b);
	app_ends(b, FAIL_COMPONENT_CONFLICT, "conflict");
	assert_null(strstr(buf_str(&b->in), "<handshake/>"));
	/* the first has noticed nothing */
	app_say(a, MESSAGE);
	LINKS_UNTIL(t, app_link(a)->stanzas == 1);
	assert_int_equal(app_link(b)->stanzas, 0);
	assert_string_equal(buf_str(&a->in), "");
	/* once it has gone, another may come [B26] */
	app_say(a, "</stream:stream>");
	app_ends(a, FAIL_PEER_CLOSED, NULL);
	app_attached(t, LINKS_DOMAIN);
}

/* --- before and after its time --- */

static void too_early(struct links *t, const char *text, enum fail fail, const char *condition)
{
	struct app *a = app_open(t);

	app_header(a, LINKS_DOMAIN);
	buf_clear(&a->in);
	app_say(a, text);
	app_ends(a, fail, condition);
	assert_int_equal(app_link(a)->attaches, 0);
	assert_int_equal(app_link(a)->stanzas, 0);
}

static void test_before_the_handshake(void **state)
{
	struct links *t = *state;

	too_early(t, MESSAGE, FAIL_NOT_AUTHORIZED, "not-authorized");
	too_early(t, "<x xmlns='urn:x'/>", FAIL_UNEXPECTED, "unsupported-stanza-type");
	too_early(t, "<handshake xmlns='urn:x'/>", FAIL_UNEXPECTED, "unsupported-stanza-type");
	too_early(t, "<message><!-- --></message>", FAIL_XML_RESTRICTED, "restricted-xml");
}

static void test_handshake_twice(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	app_handshake(a);
	app_ends(a, FAIL_UNEXPECTED, "unsupported-stanza-type");
	assert_int_equal(app_link(a)->attaches, 1);
}

static void flood(struct links *t, const char *piece, unsigned times, enum fail fail,
		  const char *condition)
{
	struct app *a = app_open(t);

	app_header(a, LINKS_DOMAIN);
	while (times--)
		app_say(a, piece);
	app_ends(a, fail, condition);
}

static void app_overflows(struct app *a, const char *piece)
{
	unsigned i;

	for (i = 0; i < 5; i++)
		app_say(a, piece);
	app_ends(a, FAIL_XML_TOO_BIG, "policy-violation");
}

/* A stranger gets so far and no further, whatever it sends. */
static void test_flood_before_the_handshake(void **state)
{
	struct links *t = *state;
	char piece[1001];
	struct app *app;

	memset(piece, ' ', 1000);
	piece[1000] = '\0';
	flood(t, piece, 17, FAIL_XML_FLOOD, "policy-violation");
	/* a tag, and an element, that have no end */
	memset(piece, 'x', 1000);
	app = app_open(t);
	app_header(app, LINKS_DOMAIN);
	app_say(app, "<x a='");
	app_overflows(app, piece);
	app = app_open(t);
	app_header(app, LINKS_DOMAIN);
	app_say(app, "<handshake>");
	app_overflows(app, piece);
}

static void test_stalled_handshake(void **state)
{
	struct links *t = *state;
	struct app *a;

	t->config.handshake_ms = 30;
	a = app_open(t);
	app_ends(a, FAIL_ESTABLISHMENT_TIMEOUT, "connection-timeout");
	t->config.handshake_ms = 200;
	a = app_open(t);
	app_header(a, LINKS_DOMAIN);
	app_ends(a, FAIL_ESTABLISHMENT_TIMEOUT, "connection-timeout");
}

struct drip {
	struct app *a;
	struct loop_timer *timer;
	unsigned drops;
};

static void on_drip(void *context)
{
	struct drip *d = context;

	app_say(d->a, " ");
	d->drops++;
	loop_timer_set(d->timer, 5);
}

/* The deadline is one for the whole, whatever trickles in. */
static void test_dripping_handshake(void **state)
{
	struct links *t = *state;
	struct drip d = { 0 };

	t->config.handshake_ms = 150;
	d.a = app_open(t);
	d.timer = loop_timer_new(t->loop, on_drip, &d);
	app_header(d.a, LINKS_DOMAIN);
	on_drip(&d);
	LINKS_UNTIL(t, app_link(d.a)->detached);
	loop_timer_free(d.timer);
	app_ends(d.a, FAIL_ESTABLISHMENT_TIMEOUT, "connection-timeout");
	assert_true(d.drops > 1);
}

/* Once attached, the deadline is gone. */
static void test_deadline_ends_with_the_handshake(void **state)
{
	struct links *t = *state;
	struct app *a, *b;

	t->config.handshake_ms = 300;
	a = app_attached(t, LINKS_DOMAIN);
	b = app_open(t); /* its deadline comes behind that of the first */
	app_ends(b, FAIL_ESTABLISHMENT_TIMEOUT, "connection-timeout");
	assert_true(app_link(a)->attached);
	app_say(a, MESSAGE);
	LINKS_UNTIL(t, app_link(a)->stanzas == 1);
}

/* --- stanzas --- */

static void test_stanzas(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	struct link *l = app_link(a);

	app_say(a, MESSAGE "<iq xmlns:x='urn:x' from='CHAT.example.com.' to='B.example.org' "
			   "id=\"1\" type='get'><x:y/></iq>\n \n"
			   "<presence from='a@" LINKS_DOMAIN "' to='example.net'/>");
	LINKS_UNTIL(t, l->stanzas == 3);
	assert_string_equal(buf_str(&l->in),
			    "example.org:" MESSAGE "\n"
			    "b.example.org:<iq xmlns:x='urn:x' from='CHAT.example.com.' "
			    "to='B.example.org' id='1' type='get'><x:y/></iq>\n"
			    "example.net:<presence from='a@" LINKS_DOMAIN "' to='example.net'/>\n");
	assert_string_equal(buf_str(&a->in), "");
}

static void test_send(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	struct stanza *s = message_of(3);

	component_send(app_link(a)->c, s);
	component_send(app_link(a)->c, s);
	app_hear(a, "</message><");
	app_hear(a, "x</body></message><message from='b@example.org' to='a@" LINKS_DOMAIN
		    "'><body>xxx</body></message>");
	stanza_put(s);
}

/* What waited for the link follows the answer to the handshake. */
static void test_send_from_attach(void **state)
{
	struct links *t = *state;
	struct stanza *s = message_of(300000);
	struct app *a = app_open(t);

	t->greeting = s;
	app_header(a, LINKS_DOMAIN);
	buf_clear(&a->in);
	app_handshake(a);
	app_hear(a, "</message>");
	assert_int_equal(strncmp(buf_str(&a->in), "<handshake/><message ", 21), 0);
	LINKS_UNTIL(t, app_link(a)->drained);
	stanza_put(s);
}

static void refused_stanza(struct links *t, const char *stanza, enum fail fail,
			   const char *condition)
{
	struct app *a = app_attached(t, LINKS_DOMAIN);

	app_say(a, stanza);
	app_ends(a, fail, condition);
	assert_int_equal(app_link(a)->stanzas, 0);
}

/* 'from' is of the link's domain exactly, though another may be attached at the same entrance. [R08] */
static void test_R06_from(void **state)
{
	struct links *t = *state;

	refused_stanza(t, "<message from='example.org' to='b'/>", FAIL_INVALID_FROM,
		       "invalid-from");
	refused_stanza(t, "<message from='a@other.example.com' to='b'/>", FAIL_INVALID_FROM,
		       "invalid-from");
	refused_stanza(t, "<message from='a.chat.example.com' to='b'/>", FAIL_INVALID_FROM,
		       "invalid-from");
	refused_stanza(t, "<message from='example.com' to='b'/>", FAIL_INVALID_FROM,
		       "invalid-from");
	refused_stanza(
		t, "<iq type='get' from='chat.example.com@example.org/chat.example.com' to='b'/>",
		FAIL_INVALID_FROM, "invalid-from");
}

static void test_R06_addresses(void **state)
{
	struct links *t = *state;

	refused_stanza(t, "<message to='b'/>", FAIL_IMPROPER_ADDRESSING, "improper-addressing");
	refused_stanza(t, "<message from='chat.example.com'/>", FAIL_IMPROPER_ADDRESSING,
		       "improper-addressing");
	refused_stanza(t, "<message from='' to='b'/>", FAIL_IMPROPER_ADDRESSING,
		       "improper-addressing");
	refused_stanza(t, "<message from='@chat.example.com' to='b'/>", FAIL_IMPROPER_ADDRESSING,
		       "improper-addressing");
	refused_stanza(t, "<message from='a b' to='b'/>", FAIL_IMPROPER_ADDRESSING,
		       "improper-addressing");
}

/* A slip of somebody's keyboard costs nobody the link. [RFC6120 8.3.3.8] */
static void test_to_that_is_no_address(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	app_say(a, "<message from='chat.example.com' to='a@'/>"
		   "<message from='chat.example.com' to=''/>"
		   "<message from='chat.example.com' to='b'/>");
	LINKS_UNTIL(t, app_link(a)->stanzas == 3);
	assert_string_equal(buf_str(&app_link(a)->in),
			    "-:<message from='chat.example.com' to='a@'/>\n"
			    "-:<message from='chat.example.com' to=''/>\n"
			    "b:<message from='chat.example.com' to='b'/>\n");
}

static void test_white_space(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	unsigned i;

	for (i = 0; i < 2 * COMPONENT_STRANGER_BYTES; i += 10)
		app_say(a, " \n \t \r\n   ");
	app_say(a, MESSAGE);
	LINKS_UNTIL(t, app_link(a)->stanzas == 1);
}

/* Byte by byte, the same comes of it. */
static void test_fragments(void **state)
{
	static const char text[] = MESSAGE " <presence from='chat.example.com' to='b'/>";
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	size_t i;

	for (i = 0; i < sizeof(text) - 1; i++) {
		connection_write(a->c, text + i, 1);
		LINKS_UNTIL(t, (links_poll(t), !connection_waiting(a->c)));
	}
	LINKS_UNTIL(t, app_link(a)->stanzas == 2);
	assert_string_equal(buf_str(&app_link(a)->in),
			    "example.org:" MESSAGE
			    "\nb:<presence from='chat.example.com' to='b'/>\n");
}

static void test_fragments_of_the_handshake(void **state)
{
	static const char text[] = OPEN " to='" LINKS_DOMAIN "'>";
	struct links *t = *state;
	struct app *a = app_open(t);
	size_t i;

	for (i = 0; i < sizeof(text) - 1; i++) {
		connection_write(a->c, text + i, 1);
		LINKS_UNTIL(t, (links_poll(t), !connection_waiting(a->c)));
	}
	app_hear(a, " from='" LINKS_DOMAIN "' id='");
	assert_false(app_link(a)->detached);
}

static void say_big(struct app *a, size_t body)
{
	struct buf b;

	buf_init(&b, (size_t)8 << 20);
	buf_adds(&b, "<message from='chat.example.com' to='b'><body>");
	while (body--)
		buf_addc(&b, 'y');
	buf_adds(&b, "</body></message>");
	app_say(a, buf_str(&b));
	buf_fini(&b);
}

static void test_1_MiB_each_way(void **state)
{
	struct links *t = *state;
	struct stanza *s = message_of(1 << 20);
	struct app *a;
	size_t len;

	t->config.max_stanza = 2 << 20;
	a = app_attached(t, LINKS_DOMAIN);
	say_big(a, 1 << 20);
	LINKS_UNTIL(t, app_link(a)->stanzas == 1);
	assert_true(app_link(a)->in.len > 1 << 20);
	stanza_bytes(s, &len);
	component_send(app_link(a)->c, s);
	assert_true(component_is_full(app_link(a)->c));
	LINKS_UNTIL(t, a->in.len == len);
	assert_memory_equal(a->in.data, stanza_bytes(s, NULL), len);
	stanza_put(s);
}

static void test_too_big(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	say_big(a, 262144);
	app_ends(a, FAIL_XML_TOO_BIG, "policy-violation");
	assert_non_null(strstr(buf_str(&a->in), "<stanza-too-big xmlns='urn:xmpp:errors'/>"));
	assert_int_equal(app_link(a)->stanzas, 0);
	/* just within */
	a = app_attached(t, LINKS_DOMAIN);
	say_big(a, 262144 - 100);
	LINKS_UNTIL(t, app_link(a)->stanzas == 1);
}

/* --- a slow other end --- */

static void fill(struct link *l, struct stanza *s)
{
	while (!component_is_full(l->c) || component_waiting(l->c) < CONNECTION_HIGH) {
		component_send(l->c, s);
		links_poll(l->links);
	}
}

/* The inside does not read [B27]: the link is full, until it reads again. */
static void test_back_pressure_outwards(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	struct link *l = app_link(a);
	struct stanza *s = message_of(10000);
	size_t len, sent;

	connection_pause(a->c);
	stanza_bytes(s, &len);
	for (sent = 0; !component_is_full(l->c); sent += len) {
		component_send(l->c, s);
		links_poll(t);
	}
	assert_true(component_waiting(l->c) > 0);
	assert_int_equal(l->drained, 0);
	connection_resume(a->c);
	LINKS_UNTIL(t, l->drained);
	LINKS_UNTIL(t, a->in.len == sent);
	assert_int_equal(l->drained, 1);
	assert_int_equal(component_waiting(l->c), 0);
	for (; sent; sent -= len)
		assert_memory_equal(a->in.data + sent - len, stanza_bytes(s, NULL), len);
	stanza_put(s);
}

static void test_stall(void **state)
{
	struct links *t = *state;
	struct stanza *s = message_of(10000);
	struct app *a;

	t->config.stall_ms = 100;
	a = app_attached(t, LINKS_DOMAIN);
	connection_pause(a->c);
	fill(app_link(a), s);
	LINKS_UNTIL(t, app_link(a)->detached);
	assert_int_equal(app_link(a)->fail, FAIL_WRITE_STALLED);
	stanza_put(s);
}

/* Who drained in time is not taken for one that stalls. */
static void test_no_stall(void **state)
{
	struct links *t = *state;
	struct stanza *s = message_of(10000);
	struct app *a, *b;

	t->config.stall_ms = t->config.handshake_ms = 200;
	a = app_attached(t, LINKS_DOMAIN);
	connection_pause(a->c);
	fill(app_link(a), s);
	connection_resume(a->c);
	LINKS_UNTIL(t, app_link(a)->drained);
	b = app_open(t); /* its deadline comes behind the time of the first */
	app_ends(b, FAIL_ESTABLISHMENT_TIMEOUT, "connection-timeout");
	assert_true(app_link(a)->attached);
	stanza_put(s);
}

struct sip {
	struct app *a;
	struct loop_timer *timer;
};

static void on_sip(void *context)
{
	struct sip *sip = context;

	connection_resume(sip->a->c);
	loop_timer_set(sip->timer, 10);
	loop_stop(sip->a->links->loop);
}

static void pause_app(struct app *a)
{
	connection_pause(a->c);
}

/* Who reads slowly, so that the link is full for longer than a stall may take, is not cut off. */
static void test_slow_is_no_stall(void **state)
{
	struct links *t = *state;
	struct stanza *s = message_of(100000);
	struct sip sip = { 0 };
	uint64_t start;
	struct link *l;

	t->config.stall_ms = 300;
	t->send_buffer = 16384; /* else what is read shows in steps of megabytes */
	sip.a = app_attached(t, LINKS_DOMAIN);
	l = app_link(sip.a);
	sip.timer = loop_timer_new(t->loop, on_sip, &sip);
	sip.a->on_data = pause_app;
	pause_app(sip.a);
	while (component_waiting(l->c) < (size_t)16 << 20) {
		component_send(l->c, s);
		links_poll(t);
	}
	start = loop_now(t->loop);
	on_sip(&sip);
	LINKS_UNTIL(t, l->detached || loop_now(t->loop) > start + 1000);
	assert_true(l->attached);
	assert_true(component_is_full(l->c));
	assert_int_equal(l->drained, 0);
	loop_timer_free(sip.timer);
	connection_abort(sip.a->c);
	sip.a->c = NULL;
	stanza_put(s);
}

static void pause_link(struct link *l)
{
	component_pause(l->c);
}

/* The outside is slow: the inside feels it, and nothing is lost. */
static void test_back_pressure_inwards(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	struct link *l = app_link(a);
	unsigned sent = 0, seen, i;

	l->on_stanza = pause_link;
	while (!connection_is_full(a->c)) {
		say_big(a, 10000);
		sent++;
		links_poll(t);
	}
	for (i = 0; i < 10; i++)
		links_poll(t);
	seen = l->stanzas;
	assert_true(seen > 0 && seen < sent);
	for (i = 0; i < 10; i++)
		links_poll(t);
	assert_int_equal(l->stanzas, seen);
	l->on_stanza = NULL;
	component_resume(l->c);
	LINKS_UNTIL(t, l->stanzas == sent);
}

/* --- ends --- */

/* What was sent leaves first; nothing is called afterwards. [B28] */
static void test_shutdown(void **state)
{
	static const char want[] = "</message><stream:error>"
				   "<system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	struct link *l = app_link(a);
	struct stanza *s = message_of(1 << 20);

	component_send(l->c, s);
	component_close(l->c, FAIL_SHUTDOWN);
	l->c = NULL;
	app_say(a, MESSAGE);
	LINKS_UNTIL(t, a->ended);
	assert_non_null(strstr(buf_str(&a->in), want));
	assert_string_equal(a->in.data + a->in.len - 16, "</stream:stream>");
	assert_int_equal(l->stanzas, 0);
	assert_false(l->detached);
	stanza_put(s);
}

static void test_close_without_error(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	component_close(app_link(a)->c, FAIL_NONE);
	app_link(a)->c = NULL;
	LINKS_UNTIL(t, a->ended);
	assert_string_equal(buf_str(&a->in), "</stream:stream>");
	assert_false(app_link(a)->detached);
}

static void close_link(struct link *l)
{
	component_close(l->c, FAIL_SHUTDOWN);
	l->c = NULL;
}

static void test_close_from_stanza(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	struct link *l = app_link(a);

	l->on_stanza = close_link;
	app_say(a, MESSAGE MESSAGE "<not-xml");
	app_hear(a, "<system-shutdown ");
	LINKS_UNTIL(t, a->ended);
	assert_int_equal(l->stanzas, 1);
	assert_false(l->detached);
}

static void test_close_from_attach(void **state)
{
	struct links *t = *state;
	struct app *a = app_open(t);

	t->attach_closes = true;
	app_header(a, LINKS_DOMAIN);
	app_handshake(a);
	app_hear(a, "<system-shutdown ");
	LINKS_UNTIL(t, a->ended);
	assert_null(strstr(buf_str(&a->in), "<handshake/>"));
	assert_false(app_link(a)->detached);
}

static void test_close_from_drained(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);
	struct stanza *s = message_of(10000);

	connection_pause(a->c);
	fill(app_link(a), s);
	app_link(a)->on_drained = close_link;
	connection_resume(a->c);
	app_hear(a, "<system-shutdown ");
	assert_int_equal(app_link(a)->drained, 1);
	assert_false(app_link(a)->detached);
	stanza_put(s);
}

static void test_close_before_the_header(void **state)
{
	struct links *t = *state;
	struct app *a = app_open(t);

	component_close(app_link(a)->c, FAIL_SHUTDOWN);
	app_link(a)->c = NULL;
	LINKS_UNTIL(t, a->ended);
	assert_int_equal(strncmp(buf_str(&a->in), OPEN " id='", sizeof(OPEN " id='") - 1), 0);
	assert_non_null(strstr(buf_str(&a->in), "<system-shutdown "));
}

static void test_peer_closes(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	app_say(a, MESSAGE "</stream:stream>");
	app_ends(a, FAIL_PEER_CLOSED, NULL);
	assert_int_equal(app_link(a)->stanzas, 1);
}

static void test_peer_error(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	app_say(a, "<stream:error><text xmlns='" NS_STREAM_ERRORS "'>so long</text>"
		   "<reset xmlns='" NS_STREAM_ERRORS "'/></stream:error></stream:stream>");
	app_ends(a, FAIL_PEER_ERROR, NULL);
	assert_string_equal(app_link(a)->reason, "reset: so long");
}

/* Without a word; what still waits for it may leave. [B26] */
static void test_peer_vanishes(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	connection_close(a->c, 1000);
	a->c = NULL;
	LINKS_UNTIL(t, app_link(a)->detached);
	assert_int_equal(app_link(a)->fail, FAIL_CONNECTION_LOST);
	a = app_attached(t, LINKS_DOMAIN);
	say_big(a, 1000);
	connection_abort(a->c);
	a->c = NULL;
	LINKS_UNTIL(t, app_link(a)->detached);
	assert_int_equal(app_link(a)->fail, FAIL_CONNECTION_LOST);
}

/* Garbage behind the first stanza: that one counts, and the link ends. */
static void test_broken_xml(void **state)
{
	struct links *t = *state;
	struct app *a = app_attached(t, LINKS_DOMAIN);

	app_say(a, MESSAGE "<a></b>");
	app_ends(a, FAIL_XML_NOT_WELL_FORMED, "not-well-formed");
	assert_int_equal(app_link(a)->stanzas, 1);
}

/* --- resources --- */

static void cycle(unsigned i)
{
	struct links t;
	struct app *a;

	links_init(&t);
	a = i % 3 ? app_open(&t) : app_attached(&t, LINKS_DOMAIN);
	if (i % 3 == 1)
		app_header(a, "other.example.com");
	links_fini(&t);
}

static void test_descriptors(void **state)
{
	unsigned before, i;

	(void)state;
	before = ends_descriptors();
	for (i = 0; i < 12; i++)
		cycle(i);
	assert_int_equal(ends_descriptors(), before);
}

static bool never_attach(void *context, struct component *c, const char *domain)
{
	(void)context;
	(void)c;
	(void)domain;
	return false;
}

static const struct component_events nothing = { .attach = never_attach };

/* A component at one end of a pair of sockets, or none, when COUNT allocations succeeded; whether one failed. */
static bool accept_starving(struct links *t, unsigned count)
{
	struct component *c;
	bool failed;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	starve_after(count);
	c = component_accept(t->loop, ends[0], &t->config, &nothing, NULL);
	failed = starve_end() > 0;
	assert_true(c || failed);
	if (c)
		component_close(c, FAIL_NONE);
	close(ends[1]);
	while (connection_closing_count(t->loop))
		links_poll(t);
	return failed;
}

/* Memory that runs out while accepting: no link, no descriptor left. */
static void test_no_memory(void **state)
{
	struct links *t = *state;
	unsigned before = ends_descriptors(), n = 0;

	if (!starve_can())
		return; /* not skip(): cmocka prints that as a failure in TAP */
	/* what the loop keeps for its descriptors it has from here on */
	assert_false(accept_starving(t, 1000000));
	while (accept_starving(t, n)) {
		assert_int_equal(ends_descriptors(), before);
		n++;
	}
	assert_true(n > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_attach),
		TEST(test_R06_wrong_handshake),
		TEST(test_R06_replayed_handshake),
		TEST(test_R06_unknown_name),
		TEST(test_R06_headers),
		TEST(test_no_stream),
		TEST(test_R06_second_login),
		TEST(test_before_the_handshake),
		TEST(test_handshake_twice),
		TEST(test_flood_before_the_handshake),
		TEST(test_stalled_handshake),
		TEST(test_dripping_handshake),
		TEST(test_deadline_ends_with_the_handshake),
		TEST(test_stanzas),
		TEST(test_send),
		TEST(test_send_from_attach),
		TEST(test_R06_from),
		TEST(test_R06_addresses),
		TEST(test_to_that_is_no_address),
		TEST(test_white_space),
		TEST(test_fragments),
		TEST(test_fragments_of_the_handshake),
		TEST(test_1_MiB_each_way),
		TEST(test_too_big),
		TEST(test_back_pressure_outwards),
		TEST(test_stall),
		TEST(test_no_stall),
		TEST(test_slow_is_no_stall),
		TEST(test_back_pressure_inwards),
		TEST(test_shutdown),
		TEST(test_close_without_error),
		TEST(test_close_from_stanza),
		TEST(test_close_from_attach),
		TEST(test_close_from_drained),
		TEST(test_close_before_the_header),
		TEST(test_peer_closes),
		TEST(test_peer_error),
		TEST(test_peer_vanishes),
		TEST(test_broken_xml),
		TEST(test_descriptors),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests_name("component", tests, NULL, NULL);
}
