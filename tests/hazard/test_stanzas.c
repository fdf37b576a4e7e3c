/* Who may say what to whom: tries, domains and their subdomains, errors, payloads; the words of a partner that ends. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define CLEAR "{ tls: not-supported, sasl: not-supported, dialback: true"
#define PARTNERS \
	"  clear.test: " CLEAR ", proxy-fqdn: \"$NET.2:5269\" }\n" \
	"  down.test: " CLEAR ", proxy-fqdn: \"$NET.9:5269\" }\n" \
	"  wild.test: " CLEAR ", proxy-fqdn: \"$NET.3:5269\", " \
	"additional-domains: [\"*.wild.test\"] }\n" \
	"  moved.test: " CLEAR ", proxy-fqdn: \"$NET.4:5269\" }\n" \
	"  sasl.test: { tls: required, sasl: required, dialback: false }\n"

static struct daemon d;

static void test_S08(void)
{
	struct peer in;
	int i;

	peer_connect(&in, &d, 2, 5269);
	peer_open_tls(&in, "sasl.test", "us.test", "sasl.test");
	for (i = 0; i < 6; i++) {
		peer_send(&in, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
			       "AGEAYg==</auth>");
		peer_expect(&in, "<invalid-mechanism/>");
		peer_expect(&in, "</failure>");
	}
	peer_expect_end(&in, "<policy-violation ");
	daemon_log(&d, "ev=stream-failed .*fail=sasl-tries ");
	tap_ok(true, "S08: after five failures the sixth ends the stream");
	peer_close(&in);
}

/* What the component gets back for one message to TO. */
static bool is_bounced(struct peer *component, const char *to, const char *condition)
{
	static unsigned number;
	char id[40];
	const char *text;

	snprintf(id, sizeof(id), "id='b%u'", number++);
	peer_send(component, "<message from='b@us.test' to='%s' %s><body/></message>", to, id);
	text = peer_until(component, "</message>");
	if (strstr(text, id) && strstr(text, "type='error'") && strstr(text, condition))
		return true;
	tap_note("%s: %s", to, text);
	return false;
}

static void test_R07(struct peer *component, struct peer *in, struct peer *out)
{
	static const char *const final[] = { "<message type='error'", "<iq type='result'",
					     "<iq type='error'", "<presence type='error'" };
	size_t i;

	for (i = 0; i < 4; i++) {
		peer_send(component, "%s id='final' from='b@us.test' to='a@down.test'/>", final[i]);
		peer_send(component, "%s id='final' from='b@us.test' to='a@stranger.test'/>",
			  final[i]);
		peer_send(component, "%s id='final' from='b@us.test' to='a b@@'/>", final[i]);
		peer_send(in, "%s id='final' from='a@clear.test' to='bare.test'/>", final[i]);
		peer_send(in, "%s id='final' from='a@clear.test' to='x@bare.test'/>", final[i]);
	}
	tap_ok(is_bounced(component, "a@down.test", "<remote-server-timeout "),
	       "R07: errors and results from inside are not returned: the next message is");
	peer_send(in, "<iq type='get' from='a@clear.test' to='bare.test' id='last'><ping "
		      "xmlns='urn:xmpp:ping'/></iq>");
	tap_ok(!strstr(peer_until(out, "id='last'"), "final"),
	       "R07: nor those from outside: the next answer is that to the next request");
}

static void test_R08_R09(struct peer *component)
{
	static const char *const strangers[] = { "a@xclear.test",    "a@clear.test.evil",
						 "a@clear.tes",	     "a@lear.test",
						 "a@test",	     "a@clear-test",
						 "a@clear.test.net", "a@clear.testx" };
	static const char *const subdomains[] = { "a@chat.clear.test", "a@a.b.clear.test" };
	size_t i;
	bool all = true;

	for (i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		all &= is_bounced(component, strangers[i], "<forbidden ");
	tap_ok(all,
	       "R08: names that contain a partner's, or are contained in it, are no partner's");
	for (all = true, i = 0; i < 2; i++)
		all &= is_bounced(component, subdomains[i], "<forbidden ");
	tap_ok(all, "R09: a subdomain is not its domain");
	tap_ok(is_bounced(component, "a@xwild.test", "<forbidden "),
	       "R09: a pattern covers whole labels");
}

static void test_R09_pattern(struct peer *component)
{
	int listener = peer_listen(&d, 3);
	struct peer out;

	peer_send(component, "<message from='b@us.test' to='a@Chat.WILD.test' id='wild'/>");
	peer_dialback_out(&out, &d, listener, "chat.wild.test", "us.test");
	peer_expect(&out, "id='wild'");
	tap_ok(true, "R08, R09: what the pattern covers is reached, in whatever letters");
	peer_close(&out);
	close(listener);
}

static void ends_with(int listener, const char *stanza, const char *condition, const char *what)
{
	struct peer in;

	peer_dialback_in(&in, &d, 2, listener, "clear.test", "us.test");
	peer_send(&in, "%s", stanza);
	peer_expect_end(&in, condition);
	tap_ok(true, "%s", what);
	peer_close(&in);
}

static void test_addresses_in(int listener)
{
	ends_with(listener, "<message from='a@chat.clear.test' to='b@us.test'/>", "<invalid-from ",
		  "R09: from a subdomain of who is authenticated: invalid-from");
	ends_with(listener, "<message from='a@xclear.test' to='b@us.test'/>", "<invalid-from ",
		  "R08: from a name that ends alike: invalid-from");
	ends_with(listener, "<message from='a@clear.test' to='b@chat.us.test'/>", "<host-unknown ",
		  "R09: to a subdomain of ours: host-unknown");
	ends_with(listener, "<message from='a@clear.test' to='b@us.test.evil'/>", "<host-unknown ",
		  "R08: to a name that begins like ours: host-unknown");
	ends_with(listener, "<message from='a@clear.test' to='b@bare.test'/>", "<host-unknown ",
		  "R08: to another domain of ours than the authorised pair's: host-unknown");
}

static const char *const payloads[] = {
	"<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
	"<delay xmlns='urn:xmpp:delay' from='boss@us.test' stamp='2002-09-10T23:08:25Z'/>"
	"<message xmlns='jabber:client' from='boss@us.test' to='b@us.test' type='chat'>"
	"<body>pay &lt;now&gt; &amp; here</body></message></forwarded></received>",
	"<delay xmlns='urn:xmpp:delay' from='us.test' stamp='1969-07-21T02:56:15Z'/>",
	"<addresses xmlns='http://jabber.org/protocol/address'><address type='ofrom' "
	"jid='boss@us.test'/></addresses>",
	"<body xml:lang='de'>\xe2\x98\xa0 \xf0\x9f\x92\xa9 &#13;</body>",
	"<x xmlns='jabber:server'/>",
	"<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>"
	"xmpp:c@us.test</gone></error>",
};

/* The carbon holds a message itself. */
static bool passes(struct peer *from, struct peer *to, const char *addresses, size_t i)
{
	/* the stanza's own namespace needs no declaration */
	const char *wanted =
		strstr(payloads[i], "<x xmlns='jabber:server'/>") ? "<x/>" : payloads[i];
	bool carbon = strstr(payloads[i], "</received>") != NULL;
	size_t len = strlen(wanted) - (carbon ? strlen("</received>") : 0);
	const char *text;

	peer_send(from, "<message %s id='p%zu'>%s</message>", addresses, i, wanted);
	peer_expect(to, "<message ");
	peer_expect(to, ">");
	text = peer_until(to, carbon ? "</received></message>" : "</message>");
	if (strlen(text) == len && !memcmp(text, wanted, len))
		return true;
	tap_note("%s became %s", wanted, text);
	return false;
}

static void test_R10(struct peer *component, struct peer *in, struct peer *out)
{
	size_t i, passed = 0, back = 0, n = sizeof(payloads) / sizeof(payloads[0]);

	for (i = 0; i < n; i++) {
		passed += passes(in, component, "from='a@clear.test' to='b@us.test'", i);
		back += passes(component, out, "from='b@us.test' to='a@clear.test'", i);
	}
	tap_ok(passed == n, "R10: payloads pass unchanged, spoofed ones too (%zu of %zu in)",
	       passed, n);
	tap_ok(back == n, "R10: and the other way round (%zu of %zu)", back, n);
}

/* [RFC6120 4.9.3.19] Nobody is led elsewhere by who has not authenticated. */
static void test_F08(struct peer *component)
{
	int listener = peer_listen(&d, 4), other = peer_listen(&d, 5);
	struct peer out;

	peer_send(component,
		  "<message from='b@us.test' to='a@moved.test' id='m'><body/></message>");
	peer_accept(&out, &d, listener);
	peer_expect(&out, "version='1.0'>");
	peer_send(&out,
		  PEER_HEADER "from='moved.test' id='x' version='1.0'><stream:error>"
			      "<see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>"
			      "%s.5:5269</see-other-host></stream:error></stream:stream>",
		  d.net);
	peer_expect(component, "<remote-server-timeout ");
	peer_expect(component, "</message>");
	daemon_log(&d, "ev=stream-failed .*remote=moved.test .*peer-error=see-other-host");
	tap_ok(!peer_is_dialled(other, 300), "F08: see-other-host is a failure, and not followed");
	peer_close(&out);
	close(listener);
	close(other);
}

int main(void)
{
	struct peer component, in, out;
	int listener;

	daemon_init(&d);
	pki_make(&d.pki, &(struct pki_wish){ .name = "sasl.test", .with_ca = true });
	daemon_start(&d, "  stream-establishment-timeout: 4s\n", PARTNERS);
	listener = peer_listen(&d, 2);
	peer_component(&component, &d);
	test_S08();
	peer_dialback_in(&in, &d, 2, listener, "clear.test", "bare.test");
	peer_send(&in, "<iq type='get' from='a@clear.test' to='bare.test' id='first'><ping "
		       "xmlns='urn:xmpp:ping'/></iq>");
	peer_dialback_out(&out, &d, listener, "clear.test", "bare.test");
	peer_expect(&out, "id='first'");
	test_R07(&component, &in, &out);
	peer_close(&in);
	peer_close(&out);
	test_R08_R09(&component);
	test_R09_pattern(&component);
	test_addresses_in(listener);
	peer_dialback_in(&in, &d, 2, listener, "clear.test", "us.test");
	peer_send(&component, "<message from='b@us.test' to='a@clear.test' id='one'/>");
	peer_dialback_out(&out, &d, listener, "clear.test", "us.test");
	peer_expect(&out, "id='one'");
	test_R10(&component, &in, &out);
	test_F08(&component);
	peer_close(&in);
	peer_close(&out);
	peer_close(&component);
	close(listener);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
