/* What is slow, down or floods holds itself up alone: bounded queues, back-pressure, back-off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define CLEAR "{ tls: not-supported, sasl: not-supported, dialback: true"
#define PARTNERS \
	"  clear.test: " CLEAR ", proxy-fqdn: \"$NET.2:5269\" }\n" \
	"  second.test: " CLEAR ", proxy-fqdn: \"$NET.3:5269\" }\n" \
	"  down.test: " CLEAR ", proxy-fqdn: \"$NET.9:5269\" }\n" \
	"  storm.test: " CLEAR ", proxy-fqdn: \"$NET.5:5269\" }\n" \
	"  brief.test: " CLEAR ", proxy-fqdn: \"$NET.6:5269\" }\n" \
	"  mute.test: " CLEAR ", proxy-fqdn: \"$NET.4:5269\" }\n"

static struct daemon d;
static struct tally tally;

static bool each_once(unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (tally.got[i] + tally.bounced[i] != 1)
			return false;
	return tally.gots + tally.bounces == count;
}

/* COUNT messages of BODY bytes flood a component that does not read. */
static void flood_in(unsigned count, size_t body)
{
	int listener = peer_listen(&d, 2), other = peer_listen(&d, 3);
	struct peer component, in, second, answers;
	size_t pushed;
	struct buf all;
	long memory;

	peer_component(&component, &d);
	peer_dialback_in(&in, &d, 2, listener, "clear.test", "us.test");
	peer_dialback_in(&second, &d, 3, other, "second.test", "bare.test");
	buf_init(&all, (size_t)256 << 20);
	peer_messages(&all, "a@clear.test", "b@us.test", 0, count, body);
	memory = daemon_memory(&d);
	pushed = peer_push_all(&in, all.data, all.len, 1500);
	tap_ok(pushed < all.len, "F03: who floods is held back (%zu of %zu kB went, bodies of %zu)",
	       pushed >> 10, all.len >> 10, body);
	tap_ok(!daemon_grew(&d, memory, 20000), "F03: meanwhile memory stays bounded");
	peer_send(&second, "<iq type='get' from='a@second.test' to='bare.test' id='ping'><ping "
			   "xmlns='urn:xmpp:ping'/></iq>");
	peer_dialback_out(&answers, &d, other, "second.test", "bare.test");
	tap_ok(peer_hears(&answers, "id='ping'", 5000), "F03: others are served meanwhile");
	/* now it reads, and the rest can go */
	memset(&tally, 0, sizeof(tally));
	while (pushed < all.len) {
		pushed += peer_push_all(&in, all.data + pushed, all.len - pushed, 100);
		peer_tally(&component, &tally, count, 50);
	}
	peer_tally(&component, &tally, count, 10000);
	tap_ok(each_once(count) && !tally.bounces && !tally.disorder,
	       "F03: then all comes, once, in order (%u of %u)", tally.gots, count);
	buf_fini(&all);
	peer_close(&in);
	peer_close(&second);
	peer_close(&answers);
	peer_close(&component);
	close(listener);
	close(other);
}

static void send_many(struct peer *component, const char *to, unsigned count, size_t body)
{
	struct buf all;

	buf_init(&all, (size_t)256 << 20);
	peer_messages(&all, "b@us.test", to, 0, count, body);
	tap_ok(peer_push_all(component, all.data, all.len, 5000) == all.len,
	       "%u messages for %s are taken", count, to);
	buf_fini(&all);
	memset(&tally, 0, sizeof(tally));
}

static bool is_bounced_by(const char *type, const char *condition)
{
	char wanted[60];

	snprintf(wanted, sizeof(wanted), "<error type='%s'><%s ", type, condition);
	return strstr(tally.last_bounce, wanted) != NULL;
}

/* [HAZARDS F04] A partner that has stopped reading. */
static void stops_reading(void)
{
	int listener = peer_listen(&d, 2), other = peer_listen(&d, 3);
	struct peer component, mute, second;
	unsigned count = 30000, bounces;
	long memory;

	peer_component(&component, &d);
	peer_send(&component, "<message from='b@us.test' to='a@clear.test' id='one'/>");
	peer_dialback_out(&mute, &d, listener, "clear.test", "us.test");
	peer_expect(&mute, "id='one'");
	peer_send(&component, "<message from='b@us.test' to='a@second.test' id='one'/>");
	peer_dialback_out(&second, &d, other, "second.test", "us.test");
	peer_expect(&second, "id='one'");
	memory = daemon_memory(&d);
	daemon_log_skip(&d);
	send_many(&component, "a@clear.test", count, 1000);
	peer_send(&component, "<message from='b@us.test' to='a@second.test' id='two'/>");
	peer_expect(&second, "id='two'");
	tap_ok(!daemon_logged(&d, "fail=write-stalled"),
	       "F04: who sends to it is held back only briefly, not until it is given up");
	tap_ok(!daemon_grew(&d, memory, 20000), "F04: memory stays bounded");
	peer_tally(&component, &tally, count, 1000);
	tap_ok(tally.full, "F04: what finds no room is returned, resource-constraint (%u)",
	       tally.full);
	daemon_log(&d, "ev=stream-close .*remote=clear.test .*fail=write-stalled");
	tap_ok(true, "F04: a stream of which nothing is read is given up");
	/* what waited longer than queue-timeout, and what the stream had and did not get rid of */
	while (tally.bounces - tally.full < 1000) {
		bounces = tally.bounces;
		peer_tally(&component, &tally, bounces + 1, 5000);
		if (tally.bounces == bounces)
			break;
	}
	peer_tally(&component, &tally, count, 1000);
	tap_ok(tally.bounces - tally.full >= 1000 && is_bounced_by("wait", "remote-server-timeout"),
	       "F04: what waited for it is returned (%u)", tally.bounces - tally.full);
	peer_tally(&mute, &tally, count, 3000); /* what the kernel had taken */
	tap_ok(each_once(count) && !tally.disorder,
	       "F04: all have come, or been returned, once (%u, %u)", tally.gots, tally.bounces);
	peer_close(&component);
	peer_close(&mute);
	peer_close(&second);
	close(listener);
	close(other);
}

/* [HAZARDS F05] */
static void floods_what_is_down(void)
{
	int listener = peer_listen(&d, 4);
	struct peer component, silent;
	unsigned count = 5000;
	long memory;

	peer_component(&component, &d);
	memory = daemon_memory(&d);
	send_many(&component, "a@mute.test", count, 100);
	peer_accept(&silent, &d, listener);
	peer_tally(&component, &tally, count, 1000);
	tap_ok(tally.full == count - 1000,
	       "F05: while it is dialled, what exceeds the queue is returned, resource-constraint "
	       "(%u)",
	       tally.full);
	peer_tally(&component, &tally, count, 6000);
	tap_ok(each_once(count) && !tally.gots && tally.full == count - 1000 &&
		       is_bounced_by("wait", "remote-server-timeout"),
	       "F05: the rest when its time is over, each once");
	send_many(&component, "a@down.test", count, 100);
	peer_tally(&component, &tally, count, 6000);
	tap_ok(each_once(count) && !tally.gots && is_bounced_by("wait", "remote-server-timeout"),
	       "F05: a flood to who refuses connections comes back, each once");
	tap_ok(!daemon_grew(&d, memory, 20000), "F05: memory stays bounded");
	peer_close(&silent);
	peer_close(&component);
	close(listener);
}

/* Sends its bounces back to nobody: it does not read at all. */
static void component_reads_nothing(void)
{
	struct peer component;
	struct buf all;
	size_t pushed;
	long memory;

	peer_component(&component, &d);
	buf_init(&all, (size_t)256 << 20);
	peer_messages(&all, "b@us.test", "a@down.test", 0, 60000, 1000);
	memory = daemon_memory(&d);
	pushed = peer_push_all(&component, all.data, all.len, 1500);
	tap_ok(pushed < all.len && !daemon_grew(&d, memory, 20000),
	       "F05: a component that does not read what is returned to it is not read either "
	       "(%zu of %zu kB)",
	       pushed >> 10, all.len >> 10);
	buf_fini(&all);
	peer_close(&component);
}

/* [HAZARDS F09] */
static void ends_each_stream(void)
{
	int listener = peer_listen(&d, 5);
	unsigned i, dialled = 0;
	struct peer component, out;

	peer_component(&component, &d);
	for (i = 0; i < 60; i++) {
		peer_send(&component, "<message from='b@us.test' to='a@storm.test' id='x%u'/>", i);
		if (peer_is_dialled(listener, 20)) {
			peer_accept(&out, &d, listener);
			peer_expect(&out, "version='1.0'>");
			peer_send(&out, PEER_HEADER
				  "from='storm.test' id='x' version='1.0'><stream:error>"
				  "<internal-server-error "
				  "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
				  "</stream:stream>");
			peer_close(&out);
			dialled++;
		}
		peer_expect(&component, "type='error'");
	}
	tap_ok(dialled >= 1 && dialled <= 3,
	       "F09: who ends each stream is not dialled for each stanza (%u for 60)", dialled);
	peer_close(&component);
	close(listener);
}

/* One that opens each and then ends it. */
static void ends_each_open_stream(void)
{
	int listener = peer_listen(&d, 6);
	unsigned i, dialled = 0, got = 0;
	struct peer component, out;

	peer_component(&component, &d);
	for (i = 0; i < 30; i++) {
		peer_send(&component, "<message from='b@us.test' to='a@brief.test' id='y%u'/>", i);
		if (!peer_is_dialled(listener, 50))
			continue;
		peer_dialback_out(&out, &d, listener, "brief.test", "us.test");
		got += peer_hears(&out, "<message ", 2000);
		peer_send(&out, "<stream:error><reset "
				"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
				"</stream:stream>");
		peer_expect_end(&out, NULL);
		peer_close(&out);
		dialled++;
	}
	tap_ok(dialled >= 1 && dialled <= 4 && got == dialled,
	       "F09: nor who opens each stream and ends it (%u for 30)", dialled);
	peer_close(&component);
	close(listener);
}

int main(void)
{
	daemon_init(&d);
	daemon_start(&d, "  stream-establishment-timeout: 4s\n  queue-timeout: 3s\n", PARTNERS);
	flood_in(100000, 200);
	flood_in(600, 200000);
	ends_each_stream();
	stops_reading();
	ends_each_open_stream();
	floods_what_is_down();
	component_reads_nothing();
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
