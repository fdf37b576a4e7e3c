/* Floods of connections, of names, of log lines; slow strangers; no descriptors left. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define DEADLINE_MS 2000
#define PER_SOURCE 30
#define ALL 100 /* half of it for strangers */
#define SETTINGS \
	"  stream-establishment-timeout: 2s\n" \
	"  source-connection-limit: 30\n" \
	"  connection-limit: 100\n"
#define PARTNERS \
	"  clear.test: { tls: not-supported, sasl: not-supported, dialback: true, " \
	"proxy-fqdn: \"$NET.2:5269\" }\n" \
	"  second.test: { tls: not-supported, sasl: not-supported, dialback: true, " \
	"proxy-fqdn: \"$NET.3:5269\" }\n" \
	"  tls.test: { tls: optional, sasl: optional, dialback: true, proxy-fqdn: " \
	"\"$NET.4:5269\" }\n"

static struct daemon d;

/* What is said to it is dropped, and the ping after it answered on a stream that is dialled. */
static void ping(struct peer *in, struct peer *out, const char *id)
{
	char wanted[40];

	peer_send(in,
		  "<iq type='get' from='a@clear.test' to='bare.test' id='%s'><ping "
		  "xmlns='urn:xmpp:ping'/></iq>",
		  id);
	snprintf(wanted, sizeof(wanted), "id='%s'", id);
	peer_expect(out, wanted);
}

/* ---- X16: what expat keeps ---- */

static void send_names(struct peer *p, unsigned stanzas, unsigned *next)
{
	struct buf b;
	unsigned i;

	while (stanzas--) {
		buf_init(&b, 300000);
		buf_adds(&b, "<message type='headline' from='a@clear.test' to='bare.test'>");
		for (i = 0; b.len < 240000; i++)
			buf_addf(&b, "<n%x/>", (*next)++);
		buf_adds(&b, "</message>");
		if (peer_push_all(p, b.data, b.len, 20000) != b.len)
			daemon_die("not taken", "names");
		buf_fini(&b);
	}
}

static void test_X16(struct peer *in, struct peer *out)
{
	unsigned next = 0;
	long memory;

	send_names(in, 8, &next);
	ping(in, out, "names1");
	memory = daemon_memory(&d);
	send_names(in, 100, &next);
	ping(in, out, "names2");
	tap_ok(!daemon_grew(&d, memory, 12000),
	       "X16: three million names that were never seen before are not kept");
}

static const struct {
	const char *what, *before, *fill, *after;
} documents[] = {
	{ "namespaces", "<a", " xmlns:%c%06u='urn:%06u'", "" },
	{ "attributes", "<a", " %c%06u='%06u'", "" },
	{ "elements", "<a>", "<%c%06u n='%06u'>", "" },
	{ "references", "<a>", "&#%c%06u;%06u", "" },
};

/* 250 kB of a stranger, all in one go. */
static void test_X16_strangers(void)
{
	long memory = daemon_memory(&d);
	struct peer p;
	struct buf b;
	unsigned i, k, n;

	for (k = 0; k < sizeof(documents) / sizeof(documents[0]); k++) {
		for (n = 0; n < 20; n++) {
			buf_init(&b, 400000);
			buf_addf(&b, PEER_HEADER "from='clear.test' to='us.test' version='1.0'>%s",
				 documents[k].before);
			for (i = 0; b.len < 250000; i++)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
				buf_addf(&b, documents[k].fill, k == 3 ? '0' : 'x', i, i);
#pragma GCC diagnostic pop
			peer_connect(&p, &d, 20, 5269);
			peer_push_all(&p, b.data, b.len, 5000);
			shutdown(p.fd, SHUT_WR);
			peer_expect_end(&p, NULL);
			peer_close(&p);
			buf_fini(&b);
		}
		tap_ok(!daemon_grew(&d, memory, 4000),
		       "X16: 20 strangers' documents of %s cost nothing", documents[k].what);
	}
}

/* ---- F01 ---- */

static unsigned connect_some(struct peer *p, unsigned count, int last)
{
	unsigned i, refused = 0;

	for (i = 0; i < count; i++)
		peer_connect(&p[i], &d, last, 5269);
	for (i = 0; i < count; i++)
		refused += peer_is_ended(&p[i], 0);
	return refused;
}

static unsigned ended(struct peer *p, unsigned count, int ms)
{
	uint64_t until = clock_monotonic_ms() + (uint64_t)ms;
	unsigned i, n = 0;

	for (i = 0; i < count; i++) {
		uint64_t now = clock_monotonic_ms();
		n += peer_is_ended(&p[i], now < until ? (int)(until - now) : 0);
	}
	return n;
}

static void close_some(struct peer *p, unsigned count)
{
	while (count--)
		peer_close(&p[count]);
}

/* A place becomes free a moment after its end is seen. */
static void await_room(struct peer *p)
{
	int i;

	for (i = 0; i < 100; i++) {
		peer_connect(p, &d, 7, 5269);
		peer_send(p, PEER_HEADER "from='clear.test' to='us.test' version='1.0'>");
		if (peer_hears(p, "</stream:features>", 5000))
			return;
		peer_close(p);
		poll(NULL, 0, 50);
	}
	daemon_die("no room for a connection", "");
}

static void test_F01_caps(struct peer *in, struct peer *out)
{
	struct peer one[40], many[60], p;
	unsigned n;

	connect_some(one, 40, 7);
	n = ended(one, 40, 600);
	tap_ok(n == 40 - PER_SOURCE, "F01: of 40 strangers from one address 30 stay (%u ended)", n);
	peer_connect(&p, &d, 8, 5269);
	peer_open(&p, "clear.test", "us.test");
	tap_ok(true, "F01: another address is served");
	peer_close(&p);
	connect_some(many, 30, 10);
	connect_some(many + 30, 30, 11);
	n = ended(many, 60, 600);
	/* the place of the one before becomes free a moment later */
	tap_ok(n == 60 - (ALL / 2 - PER_SOURCE) || n == 61 - (ALL / 2 - PER_SOURCE),
	       "F01: strangers have half of all connections (%u more ended)", n);
	ping(in, out, "flood");
	tap_ok(true, "F01: who is authenticated is served");
	n = ended(one, 40, DEADLINE_MS + 1500) + ended(many, 60, DEADLINE_MS + 1500);
	tap_ok(n == 100, "F01: after the deadline none is left (%u)", n);
	close_some(one, 40);
	close_some(many, 60);
	await_room(&p);
	tap_ok(true, "F01: and there is room again");
	peer_close(&p);
}

/* What is dialled needs a place as well. */
static void test_F01_dialling(void)
{
	int listener = peer_listen(&d, 3);
	struct peer one[60], second, out, p;

	peer_dialback_in(&second, &d, 3, listener, "second.test", "bare.test");
	connect_some(one, 30, 7);
	connect_some(one + 30, 30, 10);
	peer_send(&second, "<iq type='get' from='a@second.test' to='bare.test' id='dial'><ping "
			   "xmlns='urn:xmpp:ping'/></iq>");
	peer_dialback_out(&out, &d, listener, "second.test", "bare.test");
	peer_expect(&out, "id='dial'");
	tap_ok(true, "F01: strangers do not take the place of what is dialled");
	close_some(one, 60);
	await_room(&p);
	peer_close(&p);
	peer_close(&second);
	peer_close(&out);
	close(listener);
}

/* A run by hand may have more of them: HAZARD_CYCLES=100000. */
static unsigned cycles(void)
{
	const char *text = getenv("HAZARD_CYCLES");

	return text ? (unsigned)atoi(text) : 4000;
}

static void one_cycle(unsigned i)
{
	struct peer p;

	peer_connect(&p, &d, 30 + (int)(i % 50), 5269);
	switch (i % 5) {
	case 0:
		break;
	case 1:
		peer_send(&p, PEER_HEADER "from='clear.test' to='us.test' version='1.0'>");
		break;
	case 2:
		peer_open(&p, "clear.test", "us.test");
		break;
	case 3:
		peer_send(&p, "GET / HTTP/1.1\r\n\r\n");
		peer_expect_end(&p, "not-well-formed");
		break;
	case 4:
		peer_send(&p, "<stream:stream");
		peer_reset(&p);
		return;
	}
	peer_close(&p);
}

static void test_F01_cycles(void)
{
	struct peer p;
	int descriptors;
	unsigned i;
	long memory;

	for (i = 0; i < 1000; i++)
		one_cycle(i);
	memory = daemon_memory(&d);
	descriptors = daemon_descriptors(&d);
	for (i = 0; i < cycles(); i++)
		one_cycle(i);
	/* what comes now is behind all of them */
	peer_connect(&p, &d, 8, 5269);
	peer_open(&p, "clear.test", "us.test");
	tap_ok(!daemon_grew(&d, memory, 1000), "F01: %u connections come and go, memory stays",
	       cycles());
	for (i = 0; i < 100 && daemon_descriptors(&d) > descriptors + 2; i++)
		poll(NULL, 0, 50);
	tap_ok(daemon_descriptors(&d) <= descriptors + 2, "F01: and descriptors (%d, %d)",
	       descriptors, daemon_descriptors(&d));
	peer_close(&p);
}

static void negotiate(unsigned count)
{
	struct peer p;

	while (count--) {
		peer_connect(&p, &d, 8, 5269);
		peer_external(&p, "tls.test", "us.test");
		peer_send(&p, "</stream:stream>");
		peer_expect(&p, "</stream:stream>");
		peer_close(&p);
	}
}

/* A tenth as many: STARTTLS, both certificates, SASL EXTERNAL, the end. */
static void test_F01_negotiations(void)
{
	long memory;

	negotiate(100);
	memory = daemon_memory(&d);
	negotiate(cycles() / 10);
	tap_ok(!daemon_grew(&d, memory, 1000), "F01: so do %u whole negotiations", cycles() / 10);
}

/* ---- F02, T06: slow strangers ---- */

struct slow {
	const char *what;
	void (*begin)(struct peer *p);
	struct peer peer;
	uint64_t since;
	unsigned took;
};

static void says_nothing(struct peer *p)
{
	(void)p;
}

static void begins_header(struct peer *p)
{
	peer_send(p, "<?xml version='1.0'?><stream:stream from='");
}

static void has_features(struct peer *p)
{
	peer_open(p, "tls.test", "us.test");
}

static void asks_for_tls(struct peer *p)
{
	has_features(p);
	peer_send(p, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_expect(p, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
}

static void begins_handshake(struct peer *p)
{
	static const char hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, (char)0xfc, 3, 3 };

	asks_for_tls(p);
	peer_push(p, hello, sizeof(hello));
}

static void is_in_tls(struct peer *p)
{
	asks_for_tls(p);
	peer_tls(p, false, "tls.test");
}

static void has_features_in_tls(struct peer *p)
{
	is_in_tls(p);
	peer_open(p, "tls.test", "us.test");
}

static void is_challenged(struct peer *p)
{
	has_features_in_tls(p);
	peer_send(p, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>");
	peer_expect(p, "<challenge ");
}

static void is_authenticated(struct peer *p)
{
	has_features_in_tls(p);
	peer_send(p,
		  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
	peer_expect(p, "<success ");
}

static void waits_for_key(struct peer *p)
{
	peer_open(p, "clear.test", "us.test");
	peer_send(p, "<db:result from='clear.test' to='us.test'>key</db:result>");
}

static struct slow slow[] = {
	{ .what = "before a header", .begin = says_nothing },
	{ .what = "in the header", .begin = begins_header },
	{ .what = "after features", .begin = has_features },
	{ .what = "(T06) after <proceed/>", .begin = asks_for_tls },
	{ .what = "(T06) in the handshake", .begin = begins_handshake },
	{ .what = "in TLS before a header", .begin = is_in_tls },
	{ .what = "after features in TLS", .begin = has_features_in_tls },
	{ .what = "in an exchange of SASL", .begin = is_challenged },
	{ .what = "after SASL before a header", .begin = is_authenticated },
	{ .what = "while a key is verified", .begin = waits_for_key },
};
#define SLOW (sizeof(slow) / sizeof(slow[0]))

/* One byte now and then, which must not gain it any time. */
static void trickle(struct slow *s)
{
	if (s->begin != says_nothing && s->begin != asks_for_tls)
		peer_send(&s->peer, s->begin == begins_header ? "x" : " ");
}

static void test_F02(void)
{
	unsigned i, left = SLOW;
	uint64_t last = 0;

	for (i = 0; i < SLOW; i++) {
		slow[i].since = clock_monotonic_ms();
		peer_connect(&slow[i].peer, &d, 60, 5269);
		slow[i].begin(&slow[i].peer);
	}
	while (left) {
		uint64_t now = clock_monotonic_ms();
		for (i = 0; i < SLOW; i++) {
			if (slow[i].took || !peer_is_ended(&slow[i].peer, 0))
				continue;
			slow[i].took = (unsigned)(now - slow[i].since);
			left--;
		}
		for (i = 0; i < SLOW && now >= last + 200; i++)
			if (!slow[i].took)
				trickle(&slow[i]);
		if (now >= last + 200)
			last = now;
		if (now > slow[0].since + 20000)
			break;
		poll(NULL, 0, 20);
	}
	for (i = 0; i < SLOW; i++) {
		tap_ok(slow[i].took > DEADLINE_MS - 200 && slow[i].took < DEADLINE_MS + 2500,
		       "F02: slow %s: one deadline (%u ms)", slow[i].what, slow[i].took);
		peer_close(&slow[i].peer);
	}
}

/* ---- F06: the log ---- */

static unsigned lines_about(const char *address, bool *clean)
{
	unsigned n = 0;
	char line[8000];
	FILE *f = fopen(d.log, "r");

	*clean = true;
	while (f && fgets(line, sizeof(line), f)) {
		const unsigned char *p;
		for (p = (unsigned char *)line; *p && *p != '\n'; p++)
			*clean &= *p >= 0x20 && *p != 0x7f && !(p[0] == 0xc2 && p[1] < 0xa0);
		*clean &= !strncmp(line, "level=", 6) && !!strchr(line, '\n');
		n += strstr(line, address) && strncmp(line, "level=debug", 11);
	}
	if (f)
		fclose(f);
	return n;
}

static const char *const dirty[] = {
	PEER_HEADER "from='a\nlevel=error ev=forged' to='us.test' version='1.0'>",
	PEER_HEADER "from='a&#10;level=error' to='us.test' version='1.0'>",
	PEER_HEADER "from='x\xc2\x9b"
		    "2J.test' to='us.test' version='1.0'>",
	PEER_HEADER "from='clear.test' to='\x1b[31m' version='1.0'>",
	PEER_HEADER
	"from='clear.test' to='us.test' version='1.0'><stream:error><undefined-condition "
	"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
	"xmlns='urn:ietf:params:xml:ns:xmpp-streams'>a&#10;level=error "
	"ev=forged\xc2\x9b</text></stream:error></stream:stream>",
	PEER_HEADER "from='clear.test' to='us.test' version='1.0'><db:result from='a&#10;b' "
		    "to='us.test'>k</db:result>",
	PEER_HEADER "from='clear.test' to='us.test' version='1.0'><evil&#10;level=error/>",
};

static void test_F06(void)
{
	char address[40];
	struct peer p;
	unsigned i, lines;
	bool clean;

	snprintf(address, sizeof(address), "addr=%s.90:", d.net);
	for (i = 0; i < 500; i++) {
		peer_connect(&p, &d, 90, 5269);
		peer_send(&p, "%s", dirty[i % (sizeof(dirty) / sizeof(dirty[0]))]);
		shutdown(p.fd, SHUT_WR);
		peer_expect_end(&p, NULL);
		peer_close(&p);
	}
	daemon_log(&d, "ev=log-limited");
	lines = lines_about(address, &clean);
	tap_ok(lines >= 50 && lines <= 51u * (unsigned)d.workers,
	       "F06: one address fills a bounded part of the log (%u lines of 500)", lines);
	tap_ok(clean, "F06: nothing of theirs forges a line or reaches a terminal");
	peer_connect(&p, &d, 91, 5269);
	peer_send(&p, "garbage");
	daemon_log(&d, "ev=stream-failed .*\\.91:");
	tap_ok(true, "F06: other addresses have their lines");
	peer_close(&p);
}

/* ---- B20 ---- */

static void limit_files(rlim_t max)
{
	struct rlimit now;

	prlimit(d.pid, RLIMIT_NOFILE, NULL, &now);
	now.rlim_cur = max;
	prlimit(d.pid, RLIMIT_NOFILE, &now, NULL);
}

static void test_B20(struct peer *in, struct peer *out)
{
	struct rlimit before;
	struct peer p[20], late;
	long cpu;

	prlimit(d.pid, RLIMIT_NOFILE, NULL, &before);
	daemon_log_skip(&d);
	limit_files((rlim_t)daemon_descriptors(&d) + 5);
	connect_some(p, 20, 80);
	daemon_log(&d, "ev=accept-paused");
	cpu = daemon_cpu_ms(&d);
	poll(NULL, 0, 1000); /* the time over which it is measured */
	cpu = daemon_cpu_ms(&d) - cpu;
	tap_ok(cpu < 300, "B20: without descriptors it does not spin (%ld ms of 1000)", cpu);
	ping(in, out, "no-files");
	tap_ok(true, "B20: streams that are open go on");
	close_some(p, 20);
	limit_files(before.rlim_cur);
	peer_connect(&late, &d, 81, 5269);
	peer_open(&late, "clear.test", "us.test");
	tap_ok(true, "B20: it accepts again when there are");
	daemon_log(&d, "ev=accept-resumed");
	peer_close(&late);
}

int main(void)
{
	struct peer in, out;
	int listener;

	daemon_init(&d);
	pki_make(&d.pki, &(struct pki_wish){ .name = "tls.test", .with_ca = true });
	daemon_start(&d, SETTINGS, PARTNERS);
	listener = peer_listen(&d, 2);
	peer_dialback_in(&in, &d, 2, listener, "clear.test", "bare.test");
	peer_send(&in, "<iq type='get' from='a@clear.test' to='bare.test' id='first'><ping "
		       "xmlns='urn:xmpp:ping'/></iq>");
	peer_dialback_out(&out, &d, listener, "clear.test", "bare.test");
	peer_expect(&out, "id='first'");
	test_X16(&in, &out);
	test_X16_strangers();
	test_F01_caps(&in, &out);
	test_F01_dialling();
	test_F01_cycles();
	test_F01_negotiations();
	test_F02();
	test_F06();
	test_B20(&in, &out);
	peer_close(&in);
	peer_close(&out);
	close(listener);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
