/* Components that come and go, or do what they must not; several streams of one pair. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define CLEAR "{ tls: not-supported, sasl: not-supported, dialback: true"
#define PARTNERS \
	"  clear.test: " CLEAR ", proxy-fqdn: \"$NET.2:5269\" }\n" \
	"  second.test: " CLEAR ", proxy-fqdn: \"$NET.3:5269\" }\n"
#define OPEN PEER_COMPONENT_HEADER "to='us.test'>"

static struct daemon d;
static struct tally tally;

static void send_in(struct peer *in, unsigned first, unsigned count)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	peer_messages(&b, "a@clear.test", "b@us.test", first, count, 100);
	peer_push_all(in, b.data, b.len, 2000);
	buf_fini(&b);
}

/* ---- R06, and what else a component may do ---- */

static void refused(const char *what, const char *text, const char *condition, const char *slug)
{
	char regex[100];
	struct peer p;

	peer_connect(&p, &d, 1, 5347);
	peer_send(&p, "%s", text);
	peer_expect_end(&p, condition);
	snprintf(regex, sizeof(regex), "ev=link-refused .*fail=%s ", slug);
	daemon_log(&d, regex);
	tap_ok(true, "R06: %s: %s", what, slug);
	peer_close(&p);
}

/* Attached, it does what ends its link. Another may take its place at once. */
static void ended(const char *what, const char *text, const char *condition, const char *slug)
{
	char regex[100];
	struct peer p;

	peer_component(&p, &d);
	peer_send(&p, "%s", text);
	peer_expect_end(&p, condition);
	snprintf(regex, sizeof(regex), "ev=link-detached .*fail=%s ", slug);
	daemon_log(&d, regex);
	tap_ok(true, "R06: %s: %s", what, slug);
	peer_close(&p);
}

static void test_R06(void)
{
	struct peer first, second;
	struct buf big;

	refused("a wrong handshake", OPEN "<handshake>0123456789abcdef</handshake>",
		"<not-authorized ", "component-handshake");
	refused("no handshake", OPEN "<handshake/>", "<not-authorized ", "component-handshake");
	refused("a name that is not ours", PEER_COMPONENT_HEADER "to='stranger.test'>",
		"<host-unknown ", "host-unknown");
	refused("a domain of ours that has no inside", PEER_COMPONENT_HEADER "to='bare.test'>",
		"<host-unknown ", "host-unknown");
	refused("a stanza before the handshake",
		OPEN "<message from='b@us.test' to='a@clear.test'/>", "<not-authorized ",
		"not-authorized");
	refused("another namespace",
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='us.test'>",
		"<invalid-namespace ", "xml-namespace");
	refused("no XML", "HELO us.test\r\n", "<not-well-formed ", "xml-not-well-formed");
	ended("from another domain of ours", "<message from='b@bare.test' to='a@clear.test'/>",
	      "<invalid-from ", "invalid-from");
	ended("from a subdomain", "<message from='b@x.us.test' to='a@clear.test'/>",
	      "<invalid-from ", "invalid-from");
	ended("from nobody", "<message to='a@clear.test'/>", "<improper-addressing ",
	      "improper-addressing");
	ended("to nobody", "<message from='b@us.test'/>", "<improper-addressing ",
	      "improper-addressing");
	ended("no XML, attached", "<message from='b@us.test' to='a@clear.test'><</message>",
	      "<not-well-formed ", "xml-not-well-formed");
	ended("a document type", "<!DOCTYPE x []>", "<restricted-xml ", "xml-restricted");
	buf_init(&big, 1 << 20);
	peer_messages(&big, "b@us.test", "a@clear.test", 0, 1, 400000);
	ended("a stanza that is too big", buf_str(&big), "<policy-violation ", "stanza-too-big");
	buf_fini(&big);

	peer_component(&first, &d);
	peer_component_ask(&second, &d, "us.test");
	peer_expect_end(&second, "<conflict ");
	daemon_log(&d, "ev=link-refused .*fail=component-conflict ");
	peer_close(&second);
	peer_send(&first, "<message from='b@us.test' to='@@' id='jid'><body/></message>");
	peer_expect(&first, "<jid-malformed ");
	peer_send(&first,
		  "<message from='b@us.test' to='x@bare.test' id='relay'><body/></message>");
	peer_expect(&first, "<forbidden ");
	tap_ok(true, "R06, B26: a second login is a conflict, the first one goes on; what is "
		     "addressed wrongly is returned");
	peer_reset(&first);
	daemon_log(&d, "ev=link-detached .*fail=connection-lost ");
	peer_component(&first, &d);
	tap_ok(true, "B26: after a reset another may attach at once");
	peer_close(&first);
	daemon_log(&d, "ev=link-detached ");
}

/* Connections to the entrance that never say who they are. */
static void test_strangers(void)
{
	struct peer p[140], component;
	unsigned i, refused = 0;

	for (i = 0; i < 140; i++)
		peer_connect(&p[i], &d, 1, 5347);
	for (i = 0; i < 140; i++)
		refused += peer_is_ended(&p[i], i < 100 ? 0 : 50);
	tap_ok(refused == 40, "R06: of 140 that do not say who they are 100 are waited for (%u)",
	       140 - refused);
	for (i = 0; i < 140; i++)
		peer_close(&p[i]);
	for (i = 0; i < 100; i++)
		daemon_log(&d, "ev=link-refused ");
	peer_component(&component, &d);
	tap_ok(true, "R06: and then there is room again");
	peer_close(&component);
	daemon_log(&d, "ev=link-detached ");
}

/* ---- B26 ---- */

static void test_B26(struct peer *in, int listener)
{
	struct peer component, other, out;
	uint64_t begun;
	unsigned took;

	peer_component_ask(&other, &d, "nocert.test");
	peer_expect(&other, "<handshake/>");
	peer_component(&component, &d);
	memset(&tally, 0, sizeof(tally));
	send_in(in, 0, 50);
	peer_tally(&component, &tally, 50, 5000);
	tap_ok(tally.gots == 50, "B26: attached, it gets what comes (%u)", tally.gots);
	peer_close(&component);
	daemon_log(&d, "ev=link-detached .*domain=us.test");
	send_in(in, 50, 50);
	peer_send(in, "<iq type='get' from='a@clear.test' to='us.test' id='away'><ping "
		      "xmlns='urn:xmpp:ping'/></iq>");
	peer_component(&component, &d);
	peer_tally(&component, &tally, 100, 5000);
	tap_ok(tally.gots == 100 && !tally.disorder,
	       "B26: away and back within the grace, it gets what came meanwhile, in order (%u)",
	       tally.gots);
	peer_expect(&component, "id='away'");
	peer_close(&component);
	daemon_log(&d, "ev=link-detached .*domain=us.test");
	begun = clock_monotonic_ms();
	peer_send(in, "<message from='a@clear.test' to='b@us.test' id='gone'><body/></message>");
	peer_dialback_out(&out, &d, listener, "clear.test", "us.test");
	peer_expect(&out, "<service-unavailable ");
	took = (unsigned)(clock_monotonic_ms() - begun);
	tap_ok(took > 8000 && took < 12000,
	       "B26: away for longer, it is service-unavailable (after %u ms)", took);
	begun = clock_monotonic_ms();
	peer_send(in, "<message from='a@clear.test' to='b@us.test' id='gone2'><body/></message>");
	peer_expect(&out, "<service-unavailable ");
	took = (unsigned)(clock_monotonic_ms() - begun);
	tap_ok(took < 3000, "B26: what comes after that is told at once (%u ms)", took);
	tap_ok(!peer_hears(&other, "<", 100),
	       "B26: nothing of its domain reached another component");
	peer_close(&out);
	peer_close(&other);
}

/* It stops reading, and goes: what it did not get waits for the next one. */
static void test_B26_unread(struct peer *in)
{
	struct peer component, next;
	unsigned count = 20000, first;
	size_t pushed;
	struct buf b;

	memset(&tally, 0, sizeof(tally));
	peer_component(&component, &d);
	buf_init(&b, (size_t)64 << 20);
	peer_messages(&b, "a@clear.test", "b@us.test", 0, count, 1000);
	pushed = peer_push_all(in, b.data, b.len, 500);
	tap_ok(pushed < b.len, "B26: who sends to a component that does not read is held back");
	peer_send(&component, "</stream:stream>");
	daemon_log(&d, "ev=link-detached .*domain=us.test");
	peer_tally(&component, &tally, count, 1000);
	first = tally.gots;
	peer_component(&next, &d);
	while (pushed < b.len && tally.gots < count) {
		pushed += peer_push_all(in, b.data + pushed, b.len - pushed, 50);
		peer_tally(&next, &tally, count, 20);
	}
	peer_tally(&next, &tally, count, 3000);
	tap_ok(first && first < count && tally.gots == count && !tally.disorder,
	       "B26: when it goes the next one gets what it did not (%u, %u)", first,
	       tally.gots - first);
	buf_fini(&b);
	peer_close(&component);
	peer_close(&next);
	daemon_log(&d, "ev=link-detached .*domain=us.test");
}

/* ---- B12 ---- */

static void test_B12_in(struct peer *one, int listener)
{
	struct peer component, two;

	peer_component(&component, &d);
	peer_dialback_in(&two, &d, 2, listener, "clear.test", "us.test");
	memset(&tally, 0, sizeof(tally));
	send_in(one, 0, 20);
	peer_tally(&component, &tally, 20, 5000);
	send_in(&two, 20, 20);
	peer_tally(&component, &tally, 40, 5000);
	send_in(one, 40, 20);
	peer_tally(&component, &tally, 60, 5000);
	peer_send(one, "</stream:stream>");
	peer_expect_end(one, "</stream:stream>");
	peer_close(one);
	send_in(&two, 60, 20);
	peer_tally(&component, &tally, 80, 5000);
	tap_ok(tally.gots == 80 && !tally.disorder,
	       "B12: two streams for one pair: both deliver, and one does when the other ends (%u)",
	       tally.gots);
	peer_close(&two);
	peer_close(&component);
	daemon_log(&d, "ev=link-detached .*domain=us.test");
}

static void test_B12_out(void)
{
	int listener = peer_listen(&d, 3);
	struct peer component, one, two;
	struct buf b;

	peer_component(&component, &d);
	memset(&tally, 0, sizeof(tally));
	buf_init(&b, 1 << 20);
	peer_messages(&b, "b@us.test", "a@second.test", 0, 500, 100);
	peer_push_all(&component, b.data, b.len, 2000);
	peer_dialback_out(&one, &d, listener, "second.test", "us.test");
	peer_tally(&one, &tally, 500, 5000);
	tap_ok(tally.gots == 500 && !tally.disorder && !peer_is_dialled(listener, 100),
	       "B12: what waits for one pair leaves on one stream, in order (%u)", tally.gots);
	/* B10: it ends while more comes */
	peer_send(&one, "</stream:stream>");
	buf_clear(&b);
	peer_messages(&b, "b@us.test", "a@second.test", 500, 500, 100);
	peer_push_all(&component, b.data, b.len, 2000);
	peer_tally(&one, &tally, 1000, 300);
	peer_expect_end(&one, NULL);
	peer_tally(&one, &tally, 1000, 1);
	if (tally.gots < 1000) {
		peer_dialback_out(&two, &d, listener, "second.test", "us.test");
		peer_tally(&two, &tally, 1000, 5000);
		peer_close(&two);
	}
	tap_ok(tally.gots == 1000 && !tally.disorder,
	       "B10, B12: the stream ends meanwhile: the next one takes on, nothing is lost (%u)",
	       tally.gots);
	buf_fini(&b);
	peer_close(&one);
	peer_close(&component);
	close(listener);
}

/* ---- B32 ---- */

/* A stream that nobody used is closed; what comes before the partner has closed it too goes to the next. */
static void test_B32(void)
{
	int listener = peer_listen(&d, 3);
	struct peer component, one, two;

	peer_component(&component, &d);
	peer_send(&component, "<message from='b@us.test' to='a@second.test' id='before'/>");
	peer_dialback_out(&one, &d, listener, "second.test", "us.test");
	peer_expect(&one, "id='before'");
	peer_expect(&one, "</stream:stream>");
	peer_send(&component, "<message from='b@us.test' to='a@second.test' id='after'/>");
	tap_ok(!peer_hears(&one, "id='after'", 300), "B32: behind the closing tag nothing is sent");
	peer_send(&one, "</stream:stream>");
	peer_dialback_out(&two, &d, listener, "second.test", "us.test");
	peer_expect(&two, "id='after'");
	tap_ok(true, "B32: what came while an idle stream was closing goes to its successor");
	peer_close(&one);
	peer_close(&two);
	peer_close(&component);
	close(listener);
}

int main(void)
{
	int listener;
	struct peer in;

	daemon_init(&d);
	daemon_start(&d, "  stream-establishment-timeout: 20s\n", PARTNERS);
	listener = peer_listen(&d, 2);
	test_R06();
	test_strangers();
	peer_dialback_in(&in, &d, 2, listener, "clear.test", "us.test");
	test_B26(&in, listener);
	test_B26_unread(&in);
	test_B12_in(&in, listener);
	test_B12_out();
	close(listener);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_start(&d, "  stream-inactivity-timeout: 1s\n", PARTNERS);
	test_B32();
	tap_ok(daemon_stop(&d) == 0, "it ends in order again");
	daemon_fini(&d);
	return tap_done();
}
