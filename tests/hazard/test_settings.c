/* What is asked of one partner's TLS and certificate, over a real daemon: before TLS where it is known by then, and after. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define ROW1 "{ tls: required, sasl: required"
#define PARTNERS \
	"  floor.test: " ROW1 ", tls-min-version: \"1.3\" }\n" \
	"  own.test: " ROW1 ", trust-anchors: other.pem }\n" \
	"  client.test: " ROW1 ", accept-client-only-eku: true }\n" \
	"  common.test: " ROW1 " }\n" \
	"  insists.test: " ROW1 ", proxy-fqdn: \"$NET.2:5269\", outbound-certificate: " \
	"outbound.crt, outbound-private-key: outbound.key }\n"
#define HEADER PEER_HEADER "from='%s' to='us.test' version='1.0'>"

static struct daemon d;

static void make_certificates(void)
{
	FILE *f = fopen(pki_path(&d.pki, "other", ".pem"), "w");

	if (!f || !PEM_write_X509(f, d.pki.other_ca))
		daemon_die("cannot be written", "other.pem");
	fclose(f);
	pki_make(&d.pki, &(struct pki_wish){ .name = "floor.test", .with_ca = true });
	pki_make(&d.pki, &(struct pki_wish){ .name = "own.test", .unknown_ca = true });
	pki_make(&d.pki, &(struct pki_wish){ .name = "common.test", .usages = "clientAuth" });
	pki_make(&d.pki, &(struct pki_wish){ .name = "client.test", .usages = "clientAuth" });
	pki_make(&d.pki, &(struct pki_wish){ .name = "insists.test" });
	pki_make(&d.pki, &(struct pki_wish){ .name = "outbound",
					     .names = "DNS:us.test",
					     .usages = "clientAuth" });
}

/* In TLS; false where the handshake fails. VERSION: at most, 0 = any. */
static bool come(struct peer *in, const char *from, bool direct, int version)
{
	struct peer_tls how = { .certificate = from, .version = version, .sni = "us.test" };

	peer_connect(in, &d, 3, direct ? 5270 : 5269);
	if (!direct)
		peer_starttls(in, from, "us.test");
	return peer_try_tls(in, &how);
}

static void authenticates(const char *from, bool direct)
{
	struct peer in;
	bool up = come(&in, from, direct, 0);

	peer_send(&in, HEADER, from);
	peer_expect(&in, "</stream:features>");
	peer_send(&in, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
		       "mechanism='EXTERNAL'>=</auth>");
	tap_ok(up && peer_hears(&in, "<success ", 5000), "%s, %s: authenticated", from,
	       direct ? "direct TLS" : "STARTTLS");
	peer_close(&in);
}

static void is_refused(const char *from, bool direct, int version, const char *condition,
		       const char *log)
{
	struct peer in;

	come(&in, from, direct, version);
	peer_send(&in, HEADER, from);
	peer_expect_end(&in, condition);
	daemon_log(&d, log);
	tap_ok(true, "%s, %s: refused, and the log says why", from,
	       direct ? "direct TLS" : "STARTTLS");
	peer_close(&in);
}

static void test_floor(void)
{
	struct peer in;
	bool up = come(&in, "floor.test", false, TLS1_2_VERSION);

	daemon_log(&d, "ev=stream-failed .*remote=floor\\.test .*fail=tls-handshake ");
	tap_ok(!up, "floor.test, STARTTLS: the handshake knows whose settings hold");
	peer_close(&in);
	is_refused("floor.test", true, TLS1_2_VERSION, "<policy-violation ",
		   "ev=stream-failed .*remote=floor\\.test .*fail=tls-weak .*tls=TLSv1.2 ");
	authenticates("floor.test", false);
	authenticates("floor.test", true);
}

static void test_dialled(struct peer *component)
{
	int listener = peer_listen(&d, 2);
	struct peer out;

	peer_send(component, "<message from='b@us.test' to='a@insists.test'><body/></message>");
	peer_accept(&out, &d, listener);
	peer_answer_starttls(&out, "insists.test", "insists.test");
	tap_ok(!strcmp(peer_shown(&out), "outbound"),
	       "insists.test: it is shown the outbound-certificate");
	peer_close(&out);
	close(listener);
}

int main(void)
{
	struct peer component;
	int direct;

	daemon_init(&d);
	make_certificates();
	daemon_start(&d, "  listen-direct-tls: [\"$NET.1:5270\"]\n", PARTNERS);
	peer_component(&component, &d);
	test_floor();
	for (direct = 0; direct < 2; direct++) {
		authenticates("own.test", direct);
		authenticates("client.test", direct);
		is_refused("common.test", direct, 0, "<not-authorized ",
			   "fail=certificate-purpose .*certificate-error=\"the partner's "
			   "certificate \\(CN=common\\.test, .*may only identify clients, not "
			   "servers: .*accept-client-only-eku");
	}
	pki_make(&d.pki, &(struct pki_wish){ .name = "own.test" });
	is_refused("own.test", true, 0, "<not-authorized ",
		   "remote=own\\.test .*fail=certificate-untrusted .*certificate-error=\"the "
		   "partner's certificate \\(CN=own\\.test, .*leads to no authority");
	test_dialled(&component);
	peer_close(&component);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
