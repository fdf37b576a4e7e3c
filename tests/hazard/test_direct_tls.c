/* Direct TLS over real sockets, both ways: what it carries, and what comes of it where it fails. [XEP-0368] */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "names.h"
#include "peer.h"
#include "tap.h"

#define GOOD "{ tls: required, sasl: optional, dialback: true"
#define LOOSE "{ tls: optional, sasl: not-supported, dialback: true"
#define PARTNERS \
	"  direct.test: " GOOD " }\n" \
	"  proxied.test: " GOOD ", proxy-fqdn: \"tls://$NET.2:5271\" }\n" \
	"  prefers.test: " GOOD ", direct-tls: prefer }\n" \
	"  never.test: " GOOD ", direct-tls: never }\n" \
	"  only.test: " LOOSE " }\n" \
	"  plain.test: " LOOSE " }\n" \
	"  mixed.test: " LOOSE " }\n" \
	"  alpn.test: " LOOSE " }\n" \
	"  clear.test: { tls: not-supported, sasl: not-supported, dialback: true }\n"

#define XMPP "_xmpp-server._tcp."
#define XMPPS "_xmpps-server._tcp."
#define DIRECT 5271
/* clang-format off */
static const struct name_record names[] = {
	{ XMPPS "direct.test", NAME_SRV, "host.test", 1, 0, DIRECT },
	{ XMPP "direct.test", NAME_SRV, "other.test", 2, 0, 5269 },
	{ XMPPS "prefers.test", NAME_SRV, "host.test", 2, 0, DIRECT },
	{ XMPP "prefers.test", NAME_SRV, "other.test", 1, 0, 5269 },
	{ XMPPS "never.test", NAME_SRV, "host.test", 1, 0, DIRECT },
	{ XMPP "never.test", NAME_SRV, "other.test", 2, 0, 5269 },
	{ XMPPS "only.test", NAME_SRV, "host.test", 1, 0, DIRECT },
	{ XMPPS "plain.test", NAME_SRV, "third.test", 1, 0, DIRECT },
	{ XMPP "plain.test", NAME_SRV, "other.test", 2, 0, 5269 },
	{ XMPPS "mixed.test", NAME_SRV, "host.test", 1, 0, DIRECT },
	{ XMPP "mixed.test", NAME_SRV, "other.test", 2, 0, 5269 },
	{ XMPPS "alpn.test", NAME_SRV, "host.test", 1, 0, DIRECT },
	{ XMPPS "clear.test", NAME_SRV, "host.test", 1, 0, DIRECT },
	{ XMPP "clear.test", NAME_SRV, "other.test", 2, 0, 5269 },
	{ "host.test", NAME_A, "$NET.2", 0, 0, 0 },
	{ "other.test", NAME_A, "$NET.3", 0, 0, 0 },
	{ "third.test", NAME_A, "$NET.4", 0, 0, 0 },
};
/* clang-format on */

static struct daemon d;
static int direct, other,
	third; /* listeners: host.test, with direct TLS; other.test; third.test, with direct TLS */

#define ALPN_SERVER "\013xmpp-server"
#define ALPN_CLIENT "\013xmpp-client"

/* ---- in ---- */

/* The handshake at the direct port; false where it fails. */
static bool come(struct peer *in, const struct peer_tls *how)
{
	peer_connect(in, &d, 2, 5270);
	return peer_try_tls(in, how);
}

static void test_in(void)
{
	struct peer in;
	const char *features;
	bool up = come(&in, &(struct peer_tls){ .certificate = "direct.test",
						.protocol = ALPN_SERVER,
						.sni = "us.test" });
	const unsigned char *chosen = NULL;
	unsigned len = 0;

	SSL_get0_alpn_selected(in.ssl, &chosen, &len);
	tap_ok(up && len == 11 && !memcmp(chosen, "xmpp-server", len),
	       "T17: in, direct TLS: ALPN xmpp-server is chosen");
	peer_send(&in, PEER_HEADER "from='direct.test' to='us.test' version='1.0'>");
	features = peer_until(&in, "</stream:features>");
	tap_ok(strstr(features, "EXTERNAL") && !strstr(features, "<starttls"),
	       "T04: in, direct TLS: EXTERNAL is offered, STARTTLS is not");
	peer_send(&in, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
		       "mechanism='EXTERNAL'>=</auth>");
	peer_expect(&in, "<success ");
	peer_open(&in, "direct.test", "us.test");
	daemon_log(&d, "ev=stream-open .*dir=in .*remote=direct.test .*method=\"SASL over TLS\" "
		       ".*direct-tls=true");
	tap_ok(true, "in, direct TLS: it opens by SASL EXTERNAL");
	peer_close(&in);
}

static void test_in_starttls(void)
{
	struct peer in;

	come(&in, &(struct peer_tls){ .certificate = "direct.test", .sni = "us.test" });
	peer_open(&in, "direct.test", "us.test");
	peer_send(&in, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_expect_end(&in, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	daemon_log(&d, "ev=stream-failed .*remote=direct.test .*fail=tls-twice");
	tap_ok(true, "T04: in, direct TLS: STARTTLS inside is refused");
	peer_close(&in);
}

/* [HAZARDS T17] */
static void test_in_alpn(void)
{
	static const struct {
		const char *what, *protocol;
		bool good;
	} cases[] = {
		{ "no ALPN", NULL, true },
		{ "xmpp-server among others", "\002h2" ALPN_CLIENT ALPN_SERVER, true },
		{ "xmpp-client alone", ALPN_CLIENT, false },
		{ "another protocol", "\010http/1.1", false },
		{ "the beginning of ours", "\013xmpp-serve\010", false },
		{ "our name in a longer one", "\014xmpp-server2", false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer in;
		bool up = come(&in, &(struct peer_tls){ .certificate = "direct.test",
							.protocol = cases[i].protocol,
							.sni = "us.test" });
		tap_ok(up == cases[i].good, "T17: in, direct TLS, %s: the handshake %s",
		       cases[i].what, cases[i].good ? "holds" : "is refused");
		if (up)
			peer_open(&in, "direct.test", "us.test");
		peer_close(&in);
	}
	/* behind STARTTLS there is nothing to choose */
	{
		struct peer in;
		peer_connect(&in, &d, 2, 5269);
		peer_starttls(&in, "direct.test", "us.test");
		tap_ok(peer_try_tls(&in, &(struct peer_tls){ .certificate = "direct.test",
							     .protocol = ALPN_CLIENT }),
		       "T17: in, STARTTLS: ALPN is not heeded");
		peer_close(&in);
	}
}

/* [HAZARDS T17] */
static void test_in_sni(void)
{
	struct peer in;

	come(&in, &(struct peer_tls){ .certificate = "direct.test", .sni = "bare.test" });
	tap_ok(!strcmp(peer_shown(&in), "bare.test"),
	       "T17: in, direct TLS: the certificate is the one of the name asked for");
	peer_open(&in, "direct.test", "bare.test");
	peer_close(&in);
	tap_ok(come(&in, &(struct peer_tls){ .certificate = "direct.test", .sni = "no.test" }) &&
		       !strcmp(peer_shown(&in), "us.test"),
	       "T17: in, direct TLS, a name that is none of ours: the first one's is shown");
	peer_send(&in, PEER_HEADER "from='direct.test' to='no.test' version='1.0'>");
	peer_expect_end(&in, "<host-unknown ");
	tap_ok(true, "T17: and the stream is told that there is no such host");
	peer_close(&in);
	tap_ok(come(&in, &(struct peer_tls){ .certificate = "direct.test" }),
	       "in, direct TLS without any name: the same");
	peer_open(&in, "direct.test", "us.test");
	peer_close(&in);
}

/* [HAZARDS T16] */
static void test_in_resumed(int version, const char *what)
{
	struct peer_tls how = { .certificate = "direct.test",
				.sni = "us.test",
				.version = version };
	struct peer in;

	come(&in, &how);
	peer_open(&in, "direct.test", "us.test"); /* what else there is to come has come */
	how.session = SSL_get1_session(in.ssl);
	peer_close(&in);
	tap_ok(come(&in, &how) && !SSL_session_reused(in.ssl),
	       "T16: in, direct TLS, %s: a session is not resumed", what);
	tap_ok(!SSL_SESSION_get_max_early_data(how.session),
	       "T16: in, direct TLS, %s: nor is there early data", what);
	SSL_SESSION_free(how.session);
	peer_close(&in);
}

static void test_in_clear(void)
{
	struct peer in;

	peer_connect(&in, &d, 2, 5270);
	peer_send(&in, PEER_HEADER "from='direct.test' to='us.test' version='1.0'>");
	peer_expect_end(&in, NULL);
	tap_ok(!strstr(buf_str(&in.in), "stream"),
	       "T18: in, clear text where TLS begins with the connection: not a word of XMPP");
	daemon_log(&d, "ev=stream-failed .*dir=in .*fail=tls-handshake");
	peer_close(&in);
	come(&in, &(struct peer_tls){ .certificate = "direct.test", .sni = "us.test" });
	peer_send(&in, PEER_HEADER "from='clear.test' to='us.test' version='1.0'>");
	peer_expect_end(&in, "<policy-violation ");
	daemon_log(&d, "ev=stream-failed .*remote=clear.test .*fail=tls-not-supported "
		       ".*tls: not-supported");
	tap_ok(true, "T18: in, direct TLS of a partner without TLS: refused, and why");
	peer_close(&in);
}

/* ---- out ---- */

static void send_to(struct peer *component, const char *domain)
{
	peer_send(component, "<message from='b@us.test' to='a@%s' id='%s'><body/></message>",
		  domain, domain);
}

static bool is_offered(const struct peer *p)
{
	const unsigned char *list;
	unsigned len;

	/* what the client sent is in its first message alone; the library keeps what was chosen of it */
	SSL_get0_alpn_selected(p->ssl, &list, &len);
	return len == 11 && !memcmp(list, "xmpp-server", len);
}

/* Dialled: TLS at once, then EXTERNAL, and the message. */
static void answer_direct(struct peer *out, const char *domain)
{
	const char *sni;

	peer_accept(out, &d, direct);
	if (!peer_try_tls(out, &(struct peer_tls){ .server = true,
						   .certificate = domain,
						   .protocol = "xmpp-server" }))
		daemon_die("no handshake", domain);
	sni = SSL_get_servername(out->ssl, TLSEXT_NAMETYPE_host_name);
	tap_ok(sni && !strcmp(sni, domain) && is_offered(out),
	       "T17: out, %s: SNI is the domain, not the host; ALPN is xmpp-server", domain);
	peer_answer_open(out, domain, "one",
			 "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
			 "<mechanism>EXTERNAL</mechanism></mechanisms></stream:features>");
	peer_expect(out, "<auth ");
	peer_send(out, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	peer_answer_open(out, domain, "two", "<stream:features/>");
	peer_expect(out, domain);
	peer_expect(out, "</message>");
	tap_ok(true, "out, %s: a message leaves by direct TLS", domain);
	peer_close(out);
}

static void test_out(struct peer *component, const char *domain)
{
	struct peer out;

	send_to(component, domain);
	answer_direct(&out, domain);
	daemon_log(&d, "ev=stream-open .*dir=out .*method=\"SASL over TLS\" .*direct-tls=true");
}

/* Where it is not wanted, or must not be. */
static void test_out_never(struct peer *component, const char *domain, const char *why)
{
	struct peer out;

	send_to(component, domain);
	peer_accept(&out, &d, other);
	peer_expect(&out, "version='1.0'>");
	tap_ok(!peer_is_dialled(direct, 0), "out, %s: direct TLS is not tried: %s", domain, why);
	peer_send(&out, PEER_HEADER "from='%s' id='x' version='1.0'></stream:stream>", domain);
	peer_expect(component, "type='error'");
	peer_close(&out);
}

/* At that listener nobody speaks TLS. */
static void answer_in_clear(int listener)
{
	struct peer out;

	peer_accept(&out, &d, listener);
	peer_send(&out,
		  PEER_HEADER "from='plain.test' id='x' version='1.0'>" PEER_DIALBACK_FEATURES);
	peer_expect_end(&out, NULL);
	tap_ok(!strstr(buf_str(&out.in), "db:result") && !strstr(buf_str(&out.in), "<stream"),
	       "T18: out: who answers direct TLS in clear hears nothing of XMPP");
	peer_close(&out);
}

/* [HAZARDS T18] */
static void test_out_plain(struct peer *component)
{
	struct peer out;

	send_to(component, "only.test");
	answer_in_clear(direct);
	peer_expect(component, "<remote-server-timeout ");
	daemon_log(&d, "ev=stream-failed .*remote=only.test .*fail=tls-handshake");
	tap_ok(!peer_is_dialled(direct, 0) && !peer_is_dialled(other, 0),
	       "T18: out: it is not dialled again in clear");
	send_to(component, "plain.test");
	answer_in_clear(third);
	peer_accept(&out, &d, other);
	peer_answer_open(&out, "plain.test", "x", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "<starttls ");
	tap_ok(true, "T18: out: the next target must do STARTTLS, though the row would go without");
	peer_send(&out, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
	peer_expect_end(&out, NULL);
	tap_ok(!strstr(buf_str(&out.in), "db:result"), "T18: out: in clear there is no dialback");
	peer_expect(component, "<remote-server-timeout ");
	daemon_log(&d, "ev=stream-failed .*remote=plain.test .*fail=tls-not-offered "
		       ".*tls-demanded=direct-tls-failed");
	peer_close(&out);
}

/* Later its port is closed: what was seen there is not forgotten. */
static void test_out_later(struct peer *component)
{
	unsigned tries = 0;
	struct peer out;

	close(third);
	do {
		send_to(component, "plain.test");
		if (peer_is_dialled(other, 100))
			break;
		peer_expect(component, "type='error'"); /* not again so soon */
	} while (++tries < 100);
	peer_accept(&out, &d, other);
	peer_answer_open(&out, "plain.test", "x", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "<starttls ");
	tap_ok(true, "T18: out: nor is a later attempt made in clear");
	peer_close(&out);
	peer_expect(component, "type='error'");
}

/* The same, and the next target does STARTTLS. */
static void test_out_mixed(struct peer *component)
{
	struct peer out;

	send_to(component, "mixed.test");
	answer_in_clear(direct);
	peer_accept(&out, &d, other);
	peer_answer_starttls(&out, "mixed.test", "mixed.test");
	peer_answer_open(&out, "mixed.test", "tls", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "</db:result>");
	peer_send(&out, "<db:result from='mixed.test' to='us.test' type='valid'/>");
	peer_expect(&out, "id='mixed.test'");
	daemon_log(&d, "ev=stream-open .*remote=mixed.test .*method=\"TLS dialback\"");
	tap_ok(true, "T18: out: a target with STARTTLS takes over");
	peer_close(&out);
}

/* It chooses what was not offered. */
static void test_out_alpn(struct peer *component)
{
	struct peer out;

	send_to(component, "alpn.test");
	peer_accept(&out, &d, direct);
	peer_try_tls(&out, &(struct peer_tls){ .server = true,
					       .certificate = "alpn.test",
					       .protocol = "xmpp-client" });
	peer_expect(component, "<remote-server-timeout ");
	daemon_log(&d, "ev=stream-failed .*remote=alpn.test .*fail=tls-handshake");
	tap_ok(peer_is_ended(&out, 5000), "T17: out: who chooses another protocol is left alone");
	peer_close(&out);
}

int main(void)
{
	static const char *const certificates[] = { "direct.test", "proxied.test", "prefers.test",
						    "mixed.test", "alpn.test" };
	struct peer component;
	pid_t server;
	size_t i;

	daemon_init(&d);
	for (i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
		pki_make(&d.pki, &(struct pki_wish){ .name = certificates[i], .with_ca = true });
	server = names_serve(&d, names, sizeof(names) / sizeof(names[0]));
	daemon_start(&d,
		     "  listen-direct-tls: [\"$NET.1:5270\"]\n"
		     "  stream-establishment-timeout: 5s\n",
		     PARTNERS);
	direct = peer_listen_at(&d, 2, DIRECT);
	other = peer_listen(&d, 3);
	third = peer_listen_at(&d, 4, DIRECT);
	test_in();
	test_in_starttls();
	test_in_alpn();
	test_in_sni();
	test_in_resumed(TLS1_3_VERSION, "TLS 1.3");
	test_in_resumed(TLS1_2_VERSION, "TLS 1.2");
	test_in_clear();
	peer_component(&component, &d);
	test_out(&component, "direct.test");
	test_out(&component, "proxied.test");
	test_out(&component, "prefers.test");
	test_out_never(&component, "never.test", "the partner's direct-tls");
	test_out_never(&component, "clear.test", "T18: its row has no TLS");
	test_out_plain(&component);
	test_out_later(&component);
	test_out_mixed(&component);
	test_out_alpn(&component);
	peer_close(&component);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	names_end(server);
	return tap_done();
}
