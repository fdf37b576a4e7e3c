/* TLS over real sockets: bad certificates in both directions, renegotiation, our own certificate. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define ROW "{ tls: required, sasl: optional, dialback: true, proxy-fqdn: \"$NET.2:5269\""
#define PARTNERS \
	"  good.test: " ROW " }\n" \
	"  server-auth.test: " ROW " }\n" \
	"  optional.test: { tls: optional, sasl: not-supported, dialback: true }\n"

#define DIALBACK "<dialback "

static struct daemon d;

struct kind {
	const char
		*name; /* of the files, and of two partners: NAME.lenient.test, NAME.strict.test */
	struct pki_wish wish;
	const char *slug;
	bool other_name;
};

static struct kind kinds[] = {
	{ "expired", { .from_days = -20, .to_days = -10 }, "certificate-expired", false },
	{ "future", { .from_days = 10, .to_days = 20 }, "certificate-not-yet-valid", false },
	{ "selfsigned", { .self_signed = true }, "certificate-self-signed", false },
	{ "unknown", { .unknown_ca = true }, "certificate-untrusted", false },
	{ "wrongname", { .name = NULL }, "certificate-name", true },
	{ "clientonly", { .usages = "clientAuth" }, "certificate-purpose", false },
	{ "none", { .name = NULL }, "certificate-missing", false },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static char partners[8000];
static int listener;

static void make_certificates(void)
{
	static char names[KINDS][120];
	size_t i, len;

	strcpy(partners, PARTNERS);
	for (i = 0; i < KINDS; i++) {
		struct kind *k = &kinds[i];
		len = strlen(partners);
		snprintf(partners + len, sizeof(partners) - len,
			 "  %s.lenient.test: " ROW " }\n"
			 "  %s.strict.test: " ROW ", certificate-check: strict }\n",
			 k->name, k->name);
		snprintf(names[i], sizeof(names[i]), "DNS:%s.lenient.test,DNS:%s.strict.test",
			 k->name, k->name);
		k->wish.name = k->name;
		k->wish.with_ca = true;
		k->wish.names = k->other_name ? "DNS:lenient.test,DNS:x.strict.test" : names[i];
		pki_make(&d.pki, &k->wish);
	}
	pki_make(&d.pki, &(struct pki_wish){ .name = "good.test", .with_ca = true });
	pki_make(&d.pki, &(struct pki_wish){ .name = "server-auth.test",
					     .with_ca = true,
					     .usages = "serverAuth" });
}

static const char *file_of(const struct kind *k)
{
	return strcmp(k->name, "none") ? k->name : NULL;
}

/* In TLS, its header sent: the features that it is offered. */
static const char *features_in_tls(struct peer *in, const char *from, const struct kind *k)
{
	peer_connect(in, &d, 2, 5269);
	peer_starttls(in, from, "us.test");
	peer_tls(in, false, file_of(k));
	peer_send(in, PEER_HEADER "from='%s' to='us.test' version='1.0'>", from);
	return peer_until(in, "</stream:features>");
}

/* [RFC6120 13.7.2] [XEP-0178 3] */
static void test_T07_in_lenient(const struct kind *k)
{
	struct peer in, out;
	const char *features;
	char from[80];

	snprintf(from, sizeof(from), "%s.lenient.test", k->name);
	features = features_in_tls(&in, from, k);
	tap_ok(!strstr(features, "EXTERNAL") && strstr(features, DIALBACK),
	       "T07: in, %s, lenient: no EXTERNAL, but dialback", k->name);
	peer_send(&in, "<db:result from='%s' to='us.test'>key</db:result>", from);
	peer_accept(&out, &d, listener);
	/* who is asked must show a certificate: what kind is no matter */
	peer_answer_starttls(&out, from, k->name);
	peer_answer_open(&out, from, "v", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "</db:verify>");
	peer_send(&out, "<db:verify from='%s' to='us.test' id='%s' type='valid'/>", from, in.id);
	peer_expect(&in, "type='valid'");
	daemon_log(&d, "ev=stream-open .*method=\"TLS dialback\"");
	tap_ok(true, "T07: in, %s, lenient: dialback in TLS authenticates", k->name);
	peer_close(&in);
	peer_close(&out);
}

static void test_T07_in_strict(const struct kind *k)
{
	char from[80], regex[200];
	struct peer in;

	snprintf(from, sizeof(from), "%s.strict.test", k->name);
	peer_connect(&in, &d, 2, 5269);
	peer_starttls(&in, from, "us.test");
	peer_tls(&in, false, file_of(k));
	peer_send(&in, PEER_HEADER "from='%s' to='us.test' version='1.0'>", from);
	peer_expect_end(&in, "<not-authorized ");
	snprintf(regex, sizeof(regex), "ev=stream-failed .*dir=in .*remote=%s .*fail=%s ", from,
		 k->slug);
	daemon_log(&d, regex);
	tap_ok(true, "T07: in, %s, strict: refused as %s", k->name, k->slug);
	peer_close(&in);
}

/* What we dial. */
static void test_T07_out(const struct kind *k, struct peer *component, bool strict)
{
	char remote[80], regex[200];
	struct peer out;

	snprintf(remote, sizeof(remote), "%s.%s.test", k->name, strict ? "strict" : "lenient");
	peer_send(component, "<message from='b@us.test' to='a@%s' id='%s'><body/></message>",
		  remote, remote);
	peer_accept(&out, &d, listener);
	peer_answer_starttls(&out, remote, k->name);
	peer_answer_open(&out, remote, "tls",
			 "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
			 "<mechanism>EXTERNAL</mechanism></mechanisms>"
			 "<dialback xmlns='urn:xmpp:features:dialback'/></stream:features>");
	if (strict) {
		peer_expect(component, "<remote-server-timeout ");
		snprintf(regex, sizeof(regex), "ev=stream-failed .*dir=out .*remote=%s .*fail=%s ",
			 remote, k->slug);
		daemon_log(&d, regex);
		tap_ok(!peer_hears(&out, "<message ", 0), "T07: out, %s, strict: refused as %s",
		       k->name, k->slug);
	} else {
		const char *before = peer_until(&out, "</db:result>");
		tap_ok(!strstr(before, "<auth "), "T07: out, %s, lenient: dialback, no EXTERNAL",
		       k->name);
		peer_send(&out, "<db:result from='%s' to='us.test' type='valid'/>", remote);
		peer_expect(&out, "</message>");
	}
	peer_close(&out);
}

static void test_T08(void)
{
	struct peer in;

	peer_connect(&in, &d, 2, 5269);
	peer_external(&in, "server-auth.test", "us.test");
	daemon_log(&d, "ev=stream-open .*remote=server-auth.test .*method=\"SASL over TLS\"");
	tap_ok(true, "T08: a certificate for servers alone authenticates who initiates");
	peer_close(&in);
}

/* [CVE-2011-1473] */
static void test_T05(void)
{
	struct peer in;
	long cpu;
	int i;

	cpu = daemon_cpu_ms(&d);
	for (i = 0; i < 5; i++) {
		peer_connect(&in, &d, 2, 5269);
		peer_starttls(&in, "good.test", "us.test");
		peer_tls_12(&in, false, "good.test");
		peer_open(&in, "good.test", "us.test");
		SSL_renegotiate(in.ssl);
		SSL_do_handshake(in.ssl);
		peer_expect_end(&in, NULL);
		daemon_log(&d, "ev=stream-failed .*remote=good.test .*renegotiation");
		peer_close(&in);
	}
	cpu = daemon_cpu_ms(&d) - cpu;
	tap_ok(true, "T05: who asks for renegotiation is cut off (%ld ms for 5)", cpu);
}

static void test_T20_none(void)
{
	const char *features;
	struct peer in;

	peer_connect(&in, &d, 2, 5269);
	peer_send(&in, PEER_HEADER "from='optional.test' to='nocert.test' version='1.0'>");
	features = peer_until(&in, "</stream:features>");
	tap_ok(!strstr(features, "starttls") && strstr(features, DIALBACK),
	       "T20: a domain without a certificate offers no STARTTLS");
	peer_close(&in);
	peer_connect(&in, &d, 2, 5269);
	peer_send(&in, PEER_HEADER "from='good.test' to='nocert.test' version='1.0'>");
	peer_expect_end(&in, "<policy-violation ");
	daemon_log(
		&d,
		"ev=stream-failed .*local=nocert.test remote=good.test .*fail=tls-no-certificate");
	tap_ok(true, "T20: and a partner whose row demands TLS is refused there");
	peer_close(&in);
}

static void refuses(const char *how, const char *log)
{
	int status = daemon_refuses(&d, "", partners);

	tap_ok(status == 1 && daemon_logged(&d, log),
	       "T20: %s: it does not start, and says why (%d)", how, status);
}

static void copy(const char *from, const char *to)
{
	char text[8000];
	FILE *f = fopen(pki_path(&d.pki, from, ""), "r");
	size_t len = fread(text, 1, sizeof(text) - 1, f);

	fclose(f);
	text[len] = '\0';
	daemon_file(&d, to, text);
}

static void test_T20_start(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	pki_make(&d.pki, &(struct pki_wish){ .name = "odd", .key = key });
	EVP_PKEY_free(key);
	copy("us.test.crt", "good.crt");
	copy("us.test.key", "good.key");
	copy("odd.key", "us.test.key");
	refuses("a key that is not the certificate's", "us\\.test\\.(key|crt)");
	daemon_file(&d, "us.test.key", "no key\n");
	refuses("a key that is none", "us\\.test\\.key");
	copy("good.key", "us.test.key");
	daemon_file(&d, "us.test.crt", "no certificate\n");
	refuses("a certificate that is none", "us\\.test\\.crt");
	unlink(pki_path(&d.pki, "us.test.crt", ""));
	refuses("a certificate that is not there", "us\\.test\\.crt");
	copy("good.crt", "us.test.crt");
	unlink(pki_path(&d.pki, "us.test.key", ""));
	refuses("a key that is not there", "us\\.test\\.key");
	copy("good.key", "us.test.key");
}

int main(void)
{
	struct peer component;
	size_t i;

	daemon_init(&d);
	make_certificates();
	test_T20_start();
	daemon_start(&d, "  stream-establishment-timeout: 4s\n", partners);
	listener = peer_listen(&d, 2);
	peer_component(&component, &d);
	test_T20_none();
	test_T08();
	test_T05();
	for (i = 0; i < KINDS; i++) {
		test_T07_in_lenient(&kinds[i]);
		test_T07_in_strict(&kinds[i]);
		if (!file_of(&kinds[i])) /* a server without a certificate has no handshake */
			continue;
		test_T07_out(&kinds[i], &component, false);
		test_T07_out(&kinds[i], &component, true);
	}
	peer_close(&component);
	close(listener);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	return tap_done();
}
