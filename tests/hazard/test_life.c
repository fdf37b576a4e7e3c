/* The end under load, and signals that change nothing. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
	"  mute.test: " CLEAR ", proxy-fqdn: \"$NET.4:5269\" }\n"
#define SETTINGS "  stream-establishment-timeout: 4s\n"

#define OUT 30000
#define IN 30000

static struct daemon d;
static struct tally outbound, inbound;

/* Everything that is open at once, each in its own direction. */
struct load {
	struct peer component, in, out;
	int listener;
	struct buf to_out, to_in;
	size_t out_gone, in_gone;
};

static void begin(struct load *l)
{
	memset(l, 0, sizeof(*l));
	memset(&outbound, 0, sizeof(outbound));
	memset(&inbound, 0, sizeof(inbound));
	l->listener = peer_listen(&d, 2);
	peer_component(&l->component, &d);
	peer_dialback_in(&l->in, &d, 2, l->listener, "clear.test", "us.test");
	peer_send(&l->component, "<message from='b@us.test' to='a@clear.test' id='one'/>");
	peer_dialback_out(&l->out, &d, l->listener, "clear.test", "us.test");
	peer_expect(&l->out, "id='one'");
	buf_init(&l->to_out, (size_t)64 << 20);
	buf_init(&l->to_in, (size_t)64 << 20);
	peer_messages(&l->to_out, "b@us.test", "a@clear.test", 0, OUT, 150);
	/* other numbers, so that what comes to the component is told from what comes back to it */
	peer_messages(&l->to_in, "a@clear.test", "b@us.test", 100000, IN, 150);
}

static void finish(struct load *l)
{
	buf_fini(&l->to_out);
	buf_fini(&l->to_in);
	peer_close(&l->component);
	peer_close(&l->in);
	peer_close(&l->out);
	close(l->listener);
}

static size_t push(struct peer *p, const struct buf *b, size_t gone)
{
	size_t len = b->len - gone < 500000 ? b->len - gone : 500000;

	return len ? peer_push(p, b->data + gone, len) : 0;
}

static void turn(struct load *l, bool pushes)
{
	if (pushes) {
		l->out_gone += push(&l->component, &l->to_out, l->out_gone);
		l->in_gone += push(&l->in, &l->to_in, l->in_gone);
	}
	peer_tally(&l->out, &outbound, outbound.gots + outbound.bounces + 1000, 1);
	peer_tally(&l->component, &inbound, inbound.gots + inbound.bounces + 1000, 1);
}

static bool says_shutdown(struct peer *p)
{
	return strstr(buf_str(&p->in), "<system-shutdown ") != NULL;
}

/* Reads on until all have ended; who is told that the stream ends says so too. */
static void read_out(struct load *l)
{
	struct peer *all[] = { &l->component, &l->in, &l->out };
	uint64_t until = clock_monotonic_ms() + 12000;
	bool answered[3] = { false, false, false };
	int i, open = 1;

	while (open && clock_monotonic_ms() < until) {
		turn(l, false);
		peer_is_ended(&l->in, 1);
		for (i = open = 0; i < 3; i++) {
			open += !all[i]->ended;
			if (all[i]->ended)
				shutdown(all[i]->fd, SHUT_WR);
			if (answered[i] || !strstr(buf_str(&all[i]->in), "</stream:stream>"))
				continue;
			peer_send(all[i], "</stream:stream>");
			answered[i] = true;
		}
	}
}

static unsigned sent_whole(const struct buf *all, size_t gone)
{
	unsigned n = 0;
	const char *at = all->data, *end = all->data + gone;

	/* no message is longer; a sanitizer looks at all it is given, each time */
	while ((at = memmem(at, (size_t)(end - at < 1000 ? end - at : 1000), "</message>", 10))) {
		at += 10;
		n++;
	}
	return n;
}

/* Of those that were sent whole: how many came, or came back, once; more than once; neither. */
static void judge(const struct load *l)
{
	unsigned sent = sent_whole(&l->to_out, l->out_gone), i, once = 0, twice = 0;
	unsigned in_sent = sent_whole(&l->to_in, l->in_gone), came = 0, gap = 0;

	for (i = 0; i < sent; i++) {
		unsigned n = outbound.got[i] + inbound.bounced[i];
		once += n == 1;
		twice += n > 1;
	}
	tap_ok(once == sent && !twice,
	       "B28: each of the %u sent from inside was delivered (%u) or returned (%u), once",
	       sent, outbound.gots, inbound.bounces);
	for (i = 100000; i < 100000 + in_sent; i++) {
		came += inbound.got[i];
		gap += inbound.got[i] && i > 100000 && !inbound.got[i - 1];
		twice += inbound.got[i] > 1;
	}
	tap_ok(!gap && !twice && !inbound.disorder && !outbound.disorder,
	       "B28: of the %u from outside %u came, without a gap", in_sent, came);
}

static void test_B28(unsigned after, const char *when)
{
	uint64_t begun;
	struct load l;
	int status;

	daemon_start(&d, SETTINGS, PARTNERS);
	begin(&l);
	while (outbound.gots < after || inbound.gots < after)
		turn(&l, true);
	begun = clock_monotonic_ms();
	kill(d.pid, SIGTERM);
	read_out(&l);
	status = daemon_wait(&d);
	begun = clock_monotonic_ms() - begun;
	tap_ok(status == 0 && (begun < 5000 || daemon_is_instrumented()),
	       "B28: SIGTERM %s: it ends with %d after %u ms", when, status, (unsigned)begun);
	tap_ok(says_shutdown(&l.in) && says_shutdown(&l.component),
	       "B28: partners and components are told of the shutdown");
	judge(&l);
	finish(&l);
}

/* Nobody reads any more. */
static void test_B28_mute(void)
{
	int listener, status, out;
	struct peer component, mute;
	uint64_t begun;
	struct buf all;

	daemon_start(&d, SETTINGS, PARTNERS);
	listener = peer_listen(&d, 4);
	memset(&outbound, 0, sizeof(outbound));
	memset(&inbound, 0, sizeof(inbound));
	peer_component(&component, &d);
	peer_send(&component, "<message from='b@us.test' to='a@mute.test' id='one'/>");
	peer_dialback_out(&mute, &d, listener, "mute.test", "us.test");
	peer_expect(&mute, "id='one'");
	buf_init(&all, (size_t)64 << 20);
	peer_messages(&all, "b@us.test", "a@mute.test", 0, 12000, 1000);
	peer_push_all(&component, all.data, all.len, 3000);
	peer_tally(&component, &inbound, 1,
		   3000); /* the first that comes back: the queue is full */
	begun = clock_monotonic_ms();
	kill(d.pid, SIGTERM);
	peer_tally(&component, &inbound, 12000, 12000);
	status = daemon_wait(&d);
	begun = clock_monotonic_ms() - begun;
	tap_ok(status == 0 && (begun < 11500 || daemon_is_instrumented()),
	       "B28: SIGTERM with a partner that does not read: it ends with %d after %u ms",
	       status, (unsigned)begun);
	peer_tally(&mute, &outbound, 12000, 1000);
	for (status = out = 0; status < 12000; status++)
		out += outbound.got[status] + inbound.bounced[status] == 1;
	tap_ok(out == 12000, "B28: what it did not take was returned, once (%d; %u, %u)", out,
	       outbound.gots, inbound.bounces);
	buf_fini(&all);
	peer_close(&component);
	peer_close(&mute);
	close(listener);
}

static void ping(struct peer *in, struct peer *out, const char *id)
{
	peer_send(in,
		  "<iq type='get' from='a@clear.test' to='bare.test' id='%s'><ping "
		  "xmlns='urn:xmpp:ping'/></iq>",
		  id);
	if (out)
		peer_expect(out, id);
}

/* A burst of them, with a good configuration and a broken one. */
static void test_B30(void)
{
	struct peer in, out;
	int listener, i;
	long memory;

	daemon_start(&d, SETTINGS, PARTNERS);
	listener = peer_listen(&d, 2);
	peer_dialback_in(&in, &d, 2, listener, "clear.test", "bare.test");
	ping(&in, NULL, "p0");
	peer_dialback_out(&out, &d, listener, "clear.test", "bare.test");
	peer_expect(&out, "p0");
	memory = daemon_memory(&d);
	for (i = 0; i < 100; i++) {
		kill(d.pid, SIGHUP);
		poll(NULL, 0, 3);
	}
	daemon_log(&d, "ev=reload");
	ping(&in, &out, "p1");
	tap_ok(!daemon_grew(&d, memory, 2000), "B30: a hundred SIGHUP are harmless");
	daemon_file(&d, "fedgate.yml", "gateway: [ this is no configuration\n");
	daemon_log_skip(&d);
	for (i = 0; i < 20; i++)
		kill(d.pid, SIGHUP);
	daemon_log(&d, "ev=reload");
	ping(&in, &out, "p2");
	tap_ok(true, "B30: a broken configuration changes nothing");
	peer_close(&in);
	peer_close(&out);
	close(listener);
	tap_ok(daemon_stop(&d) == 0, "B30: and it ends in order");
}

int main(void)
{
	daemon_init(&d);
	test_B28(2000, "early");
	test_B28(12000, "in the middle of a flood");
	test_B28_mute();
	test_B30();
	daemon_fini(&d);
	return tap_done();
}
