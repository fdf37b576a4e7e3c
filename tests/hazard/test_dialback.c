/* Dialback over real sockets: who is asked, how often, and what is answered when the authoritative server fails. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define PARTNERS \
	"  clear.test: { tls: not-supported, sasl: not-supported, dialback: true, " \
	"proxy-fqdn: \"$NET.2:5269\" }\n" \
	"  second.test: { tls: not-supported, sasl: not-supported, dialback: true, " \
	"proxy-fqdn: \"$NET.3:5269\" }\n" \
	"  sasl.test: { tls: required, sasl: optional, dialback: true, proxy-fqdn: " \
	"\"$NET.4:5269\" }\n" \
	"  tls.test: { tls: required, sasl: not-supported, dialback: true, " \
	"proxy-fqdn: \"$NET.5:5269\" }\n"

static struct daemon d;

/* fedgated asks the authoritative server about a key; the peer is up to the question. */
static void be_asked(struct peer *p, int listener, const char *from)
{
	peer_accept(p, &d, listener);
	peer_answer_open(p, from, "verify1", PEER_DIALBACK_FEATURES);
	peer_expect(p, "<db:verify ");
	peer_expect(p, "</db:verify>");
}

static void test_valid(void)
{
	int listener = peer_listen(&d, 2);
	struct peer in, out;

	peer_connect(&in, &d, 2, 5269);
	peer_open(&in, "clear.test", "us.test");
	peer_send(&in, "<db:result from='clear.test' to='us.test'>key</db:result>");
	be_asked(&out, listener, "clear.test");
	peer_send(&out, "<db:verify from='clear.test' to='us.test' id='%s' type='valid'/>", in.id);
	peer_expect(&in, "type='valid'");
	tap_ok(true, "a key that the authoritative server knows opens the stream");
	/* [XEP-0220 2.1.2] */
	peer_expect(&out, "</stream:stream>");
	tap_ok(true, "the connection for keys is closed at once");
	peer_close(&in);
	peer_close(&out);
	close(listener);
}

static void fails(const char *how, void (*script)(struct peer *out), const char *condition)
{
	int listener = peer_listen(&d, 2);
	struct peer in, out;

	peer_connect(&in, &d, 2, 5269);
	peer_open(&in, "clear.test", "us.test");
	peer_send(&in, "<db:result from='clear.test' to='us.test'>key</db:result>");
	peer_accept(&out, &d, listener);
	script(&out);
	tap_ok(peer_hears(&in, condition, 20000), "D16: %s: %s", how, condition);
	peer_close(&in);
	peer_close(&out);
	close(listener);
}

static void closes(struct peer *p)
{
	peer_answer_open(p, "clear.test", "v", PEER_DIALBACK_FEATURES);
	peer_expect(p, "</db:verify>");
	peer_close(p);
}

static void says_unknown(struct peer *p)
{
	peer_expect(p, "version='1.0'>");
	peer_send(p, PEER_HEADER "id='x' version='1.0'><stream:error><host-unknown "
				 "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
				 "</stream:stream>");
}

static void says_error(struct peer *p)
{
	peer_answer_open(p, "clear.test", "v", PEER_DIALBACK_FEATURES);
	peer_expect(p, "</db:verify>");
	peer_send(p,
		  "<db:verify from='clear.test' to='us.test' id='%s' type='error'><error "
		  "type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		  "</error></db:verify>",
		  p->id);
}

static void is_silent(struct peer *p)
{
	peer_answer_open(p, "clear.test", "v", PEER_DIALBACK_FEATURES);
	peer_expect(p, "</db:verify>");
}

static void test_refused(void)
{
	struct peer in;

	peer_connect(&in, &d, 3, 5269);
	peer_open(&in, "second.test", "us.test");
	peer_send(&in, "<db:result from='second.test' to='us.test'>key</db:result>");
	tap_ok(peer_hears(&in, "remote-connection-failed", 20000),
	       "D16: it refuses connections: remote-connection-failed");
	peer_close(&in);
}

static void test_D15_stranger(void)
{
	struct peer in;

	peer_connect(&in, &d, 2, 5269);
	peer_open(&in, "clear.test", "us.test");
	daemon_log_skip(&d);
	peer_send(&in, "<db:result from='victim.example' to='us.test'>key</db:result>");
	peer_expect(&in, "<policy-violation ");
	tap_ok(!daemon_logged(&d, "victim.example.*dir=out|dial-failed.*victim"),
	       "D15: a stranger's domain is neither looked up nor dialled");
	peer_close(&in);
}

/* Equal questions share one; different ones have a bound for each address that brings them. */
static void test_D15_D23_bounds(void)
{
	int listener = peer_listen(&d, 2), i, overload = 0, asked = 0;
	struct peer in[40], out;

	for (i = 0; i < 40; i++) {
		peer_connect(&in[i], &d, 2, 5269);
		peer_open(&in[i], "clear.test", "us.test");
		peer_send(&in[i], "<db:result from='clear.test' to='us.test'>key %d</db:result>",
			  i);
	}
	be_asked(&out, listener, "clear.test");
	for (asked = 1; peer_hears(&out, "</db:verify>", 500); asked++)
		;
	for (i = 0; i < 40; i++)
		overload += peer_hears(&in[i], "<resource-constraint ", 100);
	tap_ok(asked == 32 && overload == 8,
	       "D15, D23: of 40 keys of one address 32 are asked about, "
	       "8 refused (%d, %d)",
	       asked, overload);
	tap_ok(!peer_is_dialled(listener, 300), "D15: over one connection");
	peer_close(&out);
	for (i = 0; i < 40; i++)
		peer_close(&in[i]);
	close(listener);
}

/* A second domain on a stream that SASL opened: the first pair goes on meanwhile. */
static void test_D22(void)
{
	int listener = peer_listen(&d, 5);
	struct peer component, in, out;

	peer_component(&component, &d);
	peer_connect(&in, &d, 4, 5269);
	peer_external(&in, "sasl.test", "us.test");
	peer_send(&in, "<db:result from='tls.test' to='us.test'>key</db:result>");
	peer_accept(&out, &d, listener);
	peer_send(&in, "<message from='a@sasl.test' to='b@us.test' id='first'/>");
	peer_expect(&component, "id='first'");
	peer_answer_open(&out, "tls.test", "v", PEER_STARTTLS_FEATURES);
	peer_expect(&out, "<starttls ");
	peer_send(&out, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_tls(&out, true, "tls.test");
	peer_answer_open(&out, "tls.test", "v", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "</db:verify>");
	peer_send(&out, "<db:verify from='tls.test' to='us.test' id='%s' type='valid'/>", in.id);
	peer_expect(&in, "type='valid'");
	peer_send(&in, "<message from='a@tls.test' to='b@us.test' id='second'/>");
	peer_expect(&component, "id='second'");
	tap_ok(true, "D22: a second domain by dialback on a stream that SASL opened");
	peer_close(&in);
	peer_close(&out);
	peer_close(&component);
	close(listener);
}

int main(void)
{
	daemon_init(&d);
	pki_make(&d.pki, &(struct pki_wish){ .name = "sasl.test", .with_ca = true });
	pki_make(&d.pki, &(struct pki_wish){ .name = "tls.test", .with_ca = true });
	daemon_start(&d, "  stream-establishment-timeout: 4s\n", PARTNERS);
	test_valid();
	fails("it closes early", closes, "<remote-server-timeout ");
	fails("it does not know the domain", says_unknown, "<remote-server-not-found ");
	fails("it answers with an error", says_error, "<remote-server-not-found ");
	fails("it says nothing", is_silent, "<remote-server-timeout ");
	test_refused();
	test_D15_stranger();
	test_D15_D23_bounds();
	test_D22();
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
