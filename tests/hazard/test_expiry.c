/* Certificates and time: one that expires under a stream, and a partner that refuses ours for its usages. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define ROW "{ tls: required, sasl: optional, dialback: true, proxy-fqdn: \"$NET.2:5269\" }\n"
#define PARTNERS \
	"  brief.test: " ROW "  refuses.test: " ROW \
	"  revoked.test: { tls: required, sasl: required, crl-files: revoked.crl }\n" \
	"  kept.test: { tls: required, sasl: required, crl-files: kept.crl, crl-check: hard }\n" \
	"  keys.test: { tls: required, sasl: not-supported, dialback: true, " \
	"proxy-fqdn: \"$NET.2:5269\" }\n"

#define REVERSED \
	"  kept.test: { tls: required, sasl: required, crl-files: kept.crl, crl-check: hard }\n" \
	"  revoked.test: { tls: required, sasl: required, crl-files: revoked.crl }\n"

#define BRIEF 3 /* seconds */
#define EXTERNAL_FEATURES \
	"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" \
	"<mechanism>EXTERNAL</mechanism></mechanisms><dialback " \
	"xmlns='urn:xmpp:features:dialback'><errors/></dialback></stream:features>"
#define NS_SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"

static struct daemon d;
static int listener;

static void make(const char *name, long seconds)
{
	pki_make(&d.pki, &(struct pki_wish){ .name = name, .seconds = seconds, .with_ca = true });
}

/* The peer is dialled, in TLS, and asked by <auth/>. */
static void answer_external(struct peer *out, const char *from)
{
	peer_accept(out, &d, listener);
	peer_answer_starttls(out, from, from);
	peer_answer_open(out, from, "auth", EXTERNAL_FEATURES);
	peer_expect(out, "</auth>");
}

static void accept_external(struct peer *out, const char *from)
{
	answer_external(out, from);
	peer_send(out, "<success " NS_SASL "/>");
	peer_answer_open(out, from, "open", "<stream:features/>");
}

static void open_by_key(struct peer *in, const char *from)
{
	struct peer out;

	peer_connect(in, &d, 2, 5269);
	peer_open_tls(in, from, "us.test", from);
	peer_send(in, "<db:result from='%s' to='us.test'>key</db:result>", from);
	peer_accept(&out, &d, listener);
	peer_answer_starttls(&out, from, from);
	peer_answer_open(&out, from, "v", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "</db:verify>");
	peer_send(&out, "<db:verify from='%s' to='us.test' id='%s' type='valid'/>", from, in->id);
	peer_expect(in, "type='valid'");
	peer_close(&out);
}

static void send_message(struct peer *component, const char *to, const char *id)
{
	peer_send(component, "<message from='b@us.test' to='a@%s' id='%s'><body/></message>", to,
		  id);
}

/* [RFC6120 13.7.2.3] */
static void test_B17(struct peer *component)
{
	struct peer keys, in, out, renewed;

	make("keys.test", BRIEF);
	open_by_key(&keys, "keys.test");
	make("brief.test", BRIEF);
	peer_connect(&in, &d, 2, 5269);
	peer_external(&in, "brief.test", "us.test");
	daemon_log(&d, "ev=stream-open .*dir=in .*remote=brief\\.test .*method=\"SASL over TLS\"");
	send_message(component, "brief.test", "first");
	accept_external(&out, "brief.test");
	peer_expect(&out, "id='first'");
	peer_expect_end(&in, "<reset ");
	peer_expect_end(&out, "<reset ");
	daemon_log(&d, "ev=stream-close .*remote=brief\\.test .*fail=certificate-expiry ");
	daemon_log(&d, "ev=stream-close .*remote=brief\\.test .*fail=certificate-expiry ");
	tap_ok(true, "B17: streams in both directions end with reset when the certificate does");
	make("brief.test", 3600);
	send_message(component, "brief.test", "second");
	accept_external(&renewed, "brief.test");
	peer_expect(&renewed, "id='second'");
	tap_ok(true, "B17: what comes then leaves on a new stream, by the renewed certificate");
	tap_ok(!peer_is_ended(&keys, 100),
	       "B17: a stream that its certificate did not authorise stays");
	peer_close(&keys);
	peer_close(&in);
	peer_close(&out);
	peer_close(&renewed);
}

/* Some servers still want clientAuth of whoever connects. */
static void test_refused_usage(struct peer *component)
{
	struct peer out;

	make("refuses.test", 3600);
	send_message(component, "refuses.test", "third");
	answer_external(&out, "refuses.test");
	peer_send(&out, "<failure " NS_SASL "><not-authorized/></failure>");
	peer_expect(&out, "</db:result>");
	peer_send(&out, "<db:result from='refuses.test' to='us.test' type='valid'/>");
	peer_expect(&out, "id='third'");
	daemon_log(&d, "ev=sasl-refused .*remote=refuses\\.test .*our-certificate=servers-only "
		       ".*outbound-certificate");
	daemon_log(&d, "ev=stream-open .*remote=refuses\\.test .*method=\"TLS dialback\"");
	tap_ok(true, "a partner that refuses a certificate for servers alone is told of");
	peer_close(&out);
}

/* A list that is renewed is heeded at a reload, for streams that live, too. [RFC6120 13.7.2.3] */
static void test_revoked_meanwhile(void)
{
	struct peer revoked, kept;
	long serial;

	make("revoked.test", 3600);
	serial = d.pki.serial;
	make("kept.test", 3600);
	peer_connect(&revoked, &d, 3, 5269);
	peer_external(&revoked, "revoked.test", "us.test");
	peer_connect(&kept, &d, 4, 5269);
	peer_external(&kept, "kept.test", "us.test");
	pki_list(&d.pki, "revoked", -60, 3600, serial);
	daemon_log_skip(&d);
	kill(d.pid, SIGHUP);
	daemon_log(&d, "ev=stream-close .*remote=revoked\\.test .*fail=certificate-revoked ");
	peer_expect_end(&revoked, "<not-authorized ");
	tap_ok(!peer_is_ended(&kept, 100),
	       "a reload ends the stream whose certificate was revoked meanwhile, and no other");
	peer_close(&revoked);
	peer_connect(&revoked, &d, 3, 5269);
	peer_starttls(&revoked, "revoked.test", "us.test");
	peer_tls(&revoked, false, "revoked.test");
	peer_send(&revoked, PEER_HEADER "from='revoked.test' to='us.test' version='1.0'>");
	peer_expect_end(&revoked, "<not-authorized ");
	daemon_log(&d, "ev=stream-failed .*fail=certificate-revoked .*"
		       "certificate-error=\"the partner's certificate \\(.*was revoked");
	tap_ok(true, "and its partner cannot come back with it; the log says why");
	/* the peer's settings have other numbers now, and hold all the same */
	daemon_configure(&d, "", REVERSED);
	daemon_log_skip(&d);
	kill(d.pid, SIGHUP);
	daemon_log(&d, "ev=reload ");
	tap_ok(!peer_is_ended(&kept, 100), "settings that moved in the file hold as before");
	peer_close(&revoked);
	peer_close(&kept);
}

int main(void)
{
	struct peer component;

	daemon_init(&d);
	pki_make(&d.pki,
		 &(struct pki_wish){ .name = "us.test", .usages = "serverAuth", .with_ca = true });
	pki_list(&d.pki, "revoked", -60, 3600, 0);
	pki_list(&d.pki, "kept", -60, 3600, 0);
	daemon_start(&d, "", PARTNERS);
	listener = peer_listen(&d, 2);
	peer_component(&component, &d);
	test_B17(&component);
	test_refused_usage(&component);
	test_revoked_meanwhile();
	peer_close(&component);
	close(listener);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
