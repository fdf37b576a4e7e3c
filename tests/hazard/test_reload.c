/* A changed configuration while streams live: what ends, what stays, and what an error changes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define CLEAR "{ tls: optional, sasl: optional, dialback: true, proxy-fqdn: \"$NET.2:5269\" }\n"
#define KEEP(n) "  keep" #n ".test: { tls: required, sasl: required }\n"
#define KEEPS KEEP(0) KEEP(1) KEEP(2) KEEP(3) KEEP(4) KEEP(5) KEEP(6) KEEP(7) KEEP(8) KEEP(9)
#define KEPT 10
#define LOAD 2000 /* stanzas while a certificate is renewed */

static struct daemon d;
static struct peer kept[KEPT];

static void reload(const char *settings, const char *partners, const char *line)
{
	daemon_configure(&d, settings, partners);
	daemon_log_skip(&d);
	kill(d.pid, SIGHUP);
	daemon_log(&d, line);
}

static void open_kept(void)
{
	char name[32];
	int i;

	for (i = 0; i < KEPT; i++) {
		snprintf(name, sizeof(name), "keep%d.test", i);
		pki_make(&d.pki, &(struct pki_wish){ .name = name, .with_ca = true });
	}
	daemon_start(&d, "", KEEPS "  a.test: " CLEAR);
	for (i = 0; i < KEPT; i++) {
		snprintf(name, sizeof(name), "keep%d.test", i);
		peer_connect(&kept[i], &d, 20 + i, 5269);
		peer_external(&kept[i], name, "us.test");
	}
}

static bool all_live(struct peer *component)
{
	char text[64];
	int i;

	for (i = 0; i < KEPT; i++) {
		peer_send(&kept[i], "<message from='x@keep%d.test' to='y@us.test' id='k%d'/>", i,
			  i);
		snprintf(text, sizeof(text), "id='k%d'", i);
		if (!peer_hears(component, text, 5000))
			return false;
	}
	return true;
}

/* A stream by dialback in clear, as row 9 allows and rows 1 and 2 do not. */
static void open_clear(struct peer *in)
{
	int listener = peer_listen(&d, 2);
	struct peer out;

	peer_connect(in, &d, 2, 5269);
	peer_open(in, "a.test", "us.test");
	peer_send(in, "<db:result from='a.test' to='us.test'>key</db:result>");
	peer_accept(&out, &d, listener);
	peer_answer_open(&out, "a.test", "v", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "</db:verify>");
	peer_send(&out, "<db:verify from='a.test' to='us.test' id='%s' type='valid'/>", in->id);
	peer_expect(in, "type='valid'");
	peer_close(&out);
	close(listener);
}

static void test_tightened(struct peer *component)
{
	struct peer in;

	open_clear(&in);
	reload("", KEEPS "  a.test: { tls: required, sasl: required }\n", "ev=reload ");
	peer_expect_end(&in, "<policy-violation ");
	tap_ok(true, "B31: a stream that the tightened row does not allow ends");
	tap_ok(all_live(component), "B31: the streams of ten others live on");
	peer_close(&in);
}

static void test_removed(struct peer *component)
{
	struct peer in;

	reload("", KEEPS "  a.test: " CLEAR, "ev=reload ");
	open_clear(&in);
	reload("", KEEPS, "ev=reload ");
	peer_expect_end(&in, "<policy-violation ");
	tap_ok(true, "B31: so does one of a partner that was removed");
	peer_close(&in);
	peer_connect(&in, &d, 2, 5269);
	peer_send(&in, PEER_HEADER "from='a.test' to='us.test' version='1.0'>");
	peer_expect_end(&in, "<policy-violation ");
	tap_ok(all_live(component), "B31: and it cannot come again, while the others live on");
	peer_close(&in);
}

static void test_broken(struct peer *component)
{
	reload("", KEEPS "  b.test: { tls: requried }\n",
	       "ev=error .*line=[0-9]+ column=[0-9]+ .*requried");
	daemon_log(&d, "ev=reload-failed");
	tap_ok(all_live(component),
	       "B30: a configuration with errors changes nothing, and says where");
}

/* T20: our own files that are no longer usable. */
static void test_own_certificate(struct peer *component)
{
	struct peer in;
	char path[200], other[200];

	snprintf(path, sizeof(path), "%s/us.test.key", d.dir);
	snprintf(other, sizeof(other), "%s/us.test.key.away", d.dir);
	rename(path, other);
	reload("", KEEPS, "ev=reload-failed");
	rename(other, path);
	peer_connect(&in, &d, 20, 5269);
	peer_external(&in, "keep0.test", "us.test");
	tap_ok(all_live(component), "T20: without its key the old context stays, and serves");
	peer_close(&in);
}

/* Messages on the first of the streams that live on. */
static void load(int from, int to)
{
	for (; from < to; from++)
		peer_send(&kept[0], "<message from='x@keep0.test' to='y@us.test' id='load%d'/>",
			  from);
}

static bool all_come(struct peer *component)
{
	char text[64];
	int i;

	for (i = 0; i < LOAD; i++) {
		snprintf(text, sizeof(text), "id='load%d'", i);
		if (!peer_hears(component, text, 5000))
			return false;
	}
	return true;
}

static void test_renewed(struct peer *component)
{
	struct pki_wish wish = { .name = "us.test", .with_ca = true };
	struct peer in;
	long before, after;

	peer_connect(&in, &d, 20, 5269);
	peer_external(&in, "keep0.test", "us.test");
	before = peer_serial(&in);
	peer_close(&in);
	pki_make(&d.pki, &wish);
	load(0, LOAD / 2);
	reload("", KEEPS, "ev=reload ");
	load(LOAD / 2, LOAD);
	peer_connect(&in, &d, 20, 5269);
	peer_external(&in, "keep0.test", "us.test");
	after = peer_serial(&in);
	peer_close(&in);
	tap_ok(before != after, "B18: the handshake after a reload shows the renewed certificate");
	tap_ok(all_come(component), "B18: all %d stanzas of the load before and after it come",
	       LOAD);
	tap_ok(all_live(component), "B18: no stream was dropped for it");
}

static void test_many(struct peer *component)
{
	int i;

	for (i = 0; i < 100; i++)
		kill(d.pid, SIGHUP);
	tap_ok(all_live(component), "B30: SIGHUP a hundred times is harmless");
}

/* A domain that a reload brings is served at once, one that it takes away no longer. */
static void test_domains(struct peer *component)
{
	struct peer in;

	pki_make(&d.pki, &(struct pki_wish){ .name = "new.test", .with_ca = true });
	d.more_domains = "  new.test: { certificate: new.test.crt, private-key: new.test.key }\n";
	reload("", KEEPS, "ev=reload ");
	peer_connect(&in, &d, 20, 5269);
	peer_external(&in, "keep0.test", "new.test");
	peer_send(&in, "<iq type='get' id='p' from='x@keep0.test' to='new.test'>"
		       "<ping xmlns='urn:xmpp:ping'/></iq>");
	daemon_log(&d, "ev=dial-failed local=new.test");
	tap_ok(true, "a domain that the reload brought is answered for");
	d.more_domains = NULL;
	reload("", KEEPS, "ev=reload ");
	peer_expect_end(&in, "<host-gone ");
	tap_ok(all_live(component), "B31: one that it took away is gone: host-gone");
	peer_close(&in);
}

int main(void)
{
	struct peer component;
	int i;

	daemon_init(&d);
	open_kept();
	peer_component(&component, &d);
	tap_ok(all_live(&component), "ten streams by SASL over TLS");
	test_tightened(&component);
	test_removed(&component);
	test_broken(&component);
	test_own_certificate(&component);
	test_renewed(&component);
	test_domains(&component);
	test_many(&component);
	for (i = 0; i < KEPT; i++)
		peer_close(&kept[i]);
	peer_close(&component);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
