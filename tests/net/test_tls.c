/* tls: which certificates are taken for what, in both roles; whose we show. [T07] [T08] [T17] [T20] */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ends.h"
#include "pki.h"
#include "raw.h"

static struct pki pki;

static struct tls *new_tls(enum tls_version min_version)
{
	char error[TLS_ERROR_SIZE];
	struct tls *t = tls_new(pki_path(&pki, "anchors", ".pem"), min_version, error);

	assert_non_null(t);
	assert_string_equal(error, "");
	return t;
}

static void add_identity(struct tls *t, const char *domain, const char *file)
{
	char error[TLS_ERROR_SIZE];
	int failed = tls_add_identity(t, domain, pki_path(&pki, file, ".crt"),
				      pki_path(&pki, file, ".key"), error);

	assert_string_equal(error, "");
	assert_int_equal(failed, 0);
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	pki_init(&pki);
	pki_make(&pki, &(struct pki_wish){ .name = "we.example" });
	pki_make(&pki, &(struct pki_wish){ .name = "us.example" });
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pki_fini(&pki);
	return 0;
}

/* ---- the peer's certificate ---- */

static void wait_for_end(struct raw *r)
{
	r->good = raw_read(r, SIZE_MAX);
}

/* Joins a peer with a certificate, in either role; CHECK looks at our end. */
static void meet(struct tls *tls, bool we_accept, struct raw *r, void (*check)(struct end *e))
{
	struct connection_tls how = { .accept = we_accept, .local = "we.example", .tls = tls };
	struct net_address at;
	struct ends t;
	struct end *e;

	ends_init(&t);
	r->talk = wait_for_end;
	if (we_accept) {
		e = &t.b;
		r->fd = ends_dial_raw(&t);
		raw_start(r);
	} else {
		e = &t.a;
		raw_listen(r, &at);
		raw_start(r);
		t.a.c = connection_dial(t.loop, &at, &ends_events, &t.a);
		ENDS_UNTIL(&t, t.a.connected);
		how.server_name = "peer.example";
	}
	connection_start_tls(e->c, &how);
	ENDS_UNTIL(&t, e->tls_up || e->tls_failed);
	check(e);
	connection_abort(e->c);
	e->c = NULL;
	raw_join(r);
	ends_fini(&t);
}

static enum cert_chain expected;
static const char *expected_error;

static void check_chain(struct end *e)
{
	const struct cert_facts *facts = connection_certificate(e->c, 0);

	assert_string_equal(e->reason, "");
	assert_true(e->tls_up);
	assert_non_null(facts);
	assert_string_equal(cert_chain_str(facts->chain), cert_chain_str(expected));
	if (expected == CERT_CHAIN_OK)
		assert_null(facts->culprit.words);
	else
		assert_string_equal(facts->culprit.words, expected_error);
	assert_true(facts->name_count > 0);
	if (expected == CERT_CHAIN_OK)
		assert_true(facts->expires > time(NULL));
	else
		assert_int_equal(facts->expires, 0);
}

static void in_both_roles(const struct pki_wish *wish, enum cert_chain chain, const char *error)
{
	struct tls *tls = new_tls(TLS_VERSION_1_2);
	int i;

	add_identity(tls, "we.example", "we.example");
	pki_make(&pki, wish);
	expected = chain;
	expected_error = error;
	for (i = 0; i < 4; i++) { /* each role, each version */
		struct raw r;
		char certificate[200], key[200];
		snprintf(certificate, sizeof(certificate), "%s",
			 pki_path(&pki, wish->name, ".crt"));
		snprintf(key, sizeof(key), "%s", pki_path(&pki, wish->name, ".key"));
		raw_init(&r);
		r.chain = certificate;
		r.key = key;
		r.ciphers = wish->key ? "DEFAULT:@SECLEVEL=0" : NULL;
		r.max_version = i & 2 ? TLS1_2_VERSION : 0;
		meet(tls, i & 1, &r, check_chain);
		assert_true(r.up);
		assert_string_equal(r.shown, "we.example");
		if (i & 1)
			assert_int_equal(r.ca_names, 0);
		raw_fini(&r);
	}
	tls_free(tls);
}

#define PEER .name = "peer.example"

static void test_good(void **state)
{
	(void)state;
	in_both_roles(&(struct pki_wish){ PEER }, CERT_CHAIN_OK, "");
	in_both_roles(&(struct pki_wish){ PEER, .with_ca = true }, CERT_CHAIN_OK, "");
}

static void test_out_of_time(void **state)
{
	(void)state;
	in_both_roles(&(struct pki_wish){ PEER, .from_days = -20, .to_days = -1 },
		      CERT_CHAIN_EXPIRED, "certificate has expired");
	in_both_roles(&(struct pki_wish){ PEER, .from_days = 1, .to_days = 20 },
		      CERT_CHAIN_NOT_YET_VALID, "certificate is not yet valid");
}

static void test_untrusted(void **state)
{
	(void)state;
	in_both_roles(&(struct pki_wish){ PEER, .self_signed = true }, CERT_CHAIN_SELF_SIGNED,
		      "self-signed certificate");
	in_both_roles(&(struct pki_wish){ PEER, .unknown_ca = true }, CERT_CHAIN_UNTRUSTED,
		      "unable to get local issuer certificate");
	in_both_roles(&(struct pki_wish){ PEER, .unknown_ca = true, .with_ca = true },
		      CERT_CHAIN_UNTRUSTED, "self-signed certificate in certificate chain");
	/* the first thing that is wrong is told */
	in_both_roles(
		&(struct pki_wish){ PEER, .unknown_ca = true, .from_days = -9, .to_days = -1 },
		CERT_CHAIN_UNTRUSTED, "unable to get local issuer certificate");
}

static void test_usages(void **state)
{
	static const char wrong[] = "unsuitable certificate purpose";

	(void)state;
	in_both_roles(&(struct pki_wish){ PEER, .usages = "serverAuth" }, CERT_CHAIN_OK, "");
	in_both_roles(&(struct pki_wish){ PEER, .usages = "serverAuth,clientAuth" }, CERT_CHAIN_OK,
		      "");
	in_both_roles(&(struct pki_wish){ PEER, .usages = "clientAuth" }, CERT_CHAIN_PURPOSE,
		      wrong);
	in_both_roles(&(struct pki_wish){ PEER, .usages = "anyExtendedKeyUsage" },
		      CERT_CHAIN_PURPOSE, wrong);
	in_both_roles(&(struct pki_wish){ PEER, .usages = "anyExtendedKeyUsage,serverAuth" },
		      CERT_CHAIN_OK, "");
	in_both_roles(&(struct pki_wish){ PEER, .usages = "codeSigning" }, CERT_CHAIN_PURPOSE,
		      wrong);
}

static void test_weak(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(1024);

	(void)state;
	in_both_roles(&(struct pki_wish){ PEER, .key = key }, CERT_CHAIN_WEAK,
		      "EE certificate key too weak");
	EVP_PKEY_free(key);
}

static void check_names(struct end *e)
{
	static const struct cert_name names[] = {
		{ CERT_NAME_DNS, "peer.example", 12 },
		{ CERT_NAME_SRV, "_xmpp-server.peer.example", 25 },
		{ CERT_NAME_XMPP_ADDR, "xmpp.example", 12 },
		{ CERT_NAME_DNS, "*.peer.example", 14 },
	};
	const struct cert_facts *facts = connection_certificate(e->c, 0);
	size_t i;

	assert_non_null(facts);
	assert_int_equal(facts->name_count, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(facts->names[i].type, names[i].type);
		assert_int_equal(facts->names[i].len, names[i].len);
		assert_string_equal(facts->names[i].value, names[i].value);
	}
}

static void test_names(void **state)
{
	struct tls *tls = new_tls(TLS_VERSION_1_2);
	struct raw r;

	(void)state;
	add_identity(tls, "we.example", "we.example");
	pki_make(&pki,
		 &(struct pki_wish){
			 PEER, .names = "DNS:peer.example,IP:192.0.2.1,"
					"otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-server.peer.example,"
					"otherName:1.3.6.1.5.5.7.8.5;UTF8:xmpp.example,"
					"email:p@peer.example,DNS:*.peer.example" });
	raw_init(&r);
	r.certificate = pki_path(&pki, "peer.example", ".crt");
	r.key = pki_path(&pki, "peer.example", ".key");
	meet(tls, true, &r, check_names);
	raw_fini(&r);
	tls_free(tls);
}

/* The hash is what `openssl x509 -pubkey | openssl pkey -pubin -outform DER | sha256sum` says. */
static void is_pki_key(const struct cert_leaf *leaf)
{
	unsigned char *der = NULL, hash[CERT_KEY_SIZE];
	int len = i2d_PUBKEY(pki.key, &der);

	assert_true(len > 0);
	assert_true(EVP_Digest(der, (size_t)len, hash, NULL, EVP_sha256(), NULL));
	assert_memory_equal(leaf->key, hash, sizeof(hash));
	OPENSSL_free(der);
}

static void check_leaf(struct end *e)
{
	const struct cert_leaf *leaf = connection_certificate(e->c, 0)->leaf;

	assert_non_null(leaf);
	is_pki_key(leaf);
	assert_string_equal(leaf->issuer, "CN=Test authority");
	assert_int_equal(leaf->usages, CERT_USAGE_SERVER | CERT_USAGE_OTHER);
	assert_true(strlen(leaf->serial) >= 2 && !strcspn(leaf->serial, "0123456789ABCDEF"));
	assert_true(leaf->not_before < time(NULL));
	assert_int_equal(leaf->not_after - leaf->not_before, 3 * 86400);
}

/* What is remembered of a certificate: the peer's, and our own. */
static void test_leaf(void **state)
{
	char names[CERT_NAMES_TEXT];
	struct cert_leaf ours;
	struct tls *tls;
	struct raw r;

	(void)state;
	tls = new_tls(TLS_VERSION_1_2);
	add_identity(tls, "we.example", "we.example");
	pki_make(&pki, &(struct pki_wish){ PEER, .usages = "serverAuth,codeSigning",
					   .from_days = -1, .to_days = 2 });
	raw_init(&r);
	r.certificate = pki_path(&pki, "peer.example", ".crt");
	r.key = pki_path(&pki, "peer.example", ".key");
	meet(tls, true, &r, check_leaf);
	raw_fini(&r);
	assert_true(tls_identity(tls, "we.example", 0, &ours, names));
	is_pki_key(&ours);
	assert_string_equal(names, "we.example");
	assert_false(tls_identity(tls, "we.example", 1, &ours, names));
	assert_false(tls_identity(tls, "nobody.example", 0, &ours, names));
	tls_free(tls);
}

static void check_none(struct end *e)
{
	assert_true(e->tls_up);
	assert_null(connection_certificate(e->c, 0));
	assert_string_equal(connection_tls_version(e->c), "TLSv1.3");
}

static void test_peer_without_certificate(void **state)
{
	struct tls *tls = new_tls(TLS_VERSION_1_2);
	struct raw r;

	(void)state;
	add_identity(tls, "we.example", "we.example");
	raw_init(&r);
	meet(tls, true, &r, check_none);
	assert_int_equal(r.ca_names, 0); /* asked, and told no authorities */
	raw_fini(&r);
	tls_free(tls);
}

/* ---- ours ---- */

static void check_up(struct end *e)
{
	assert_true(e->tls_up);
}

static void check_failed(struct end *e)
{
	assert_true(e->tls_failed);
	assert_string_not_equal(e->reason, "");
	assert_null(connection_certificate(e->c, 0));
}

/* What a peer that asks for NAME is shown. */
static void assert_shown(struct tls *tls, const char *name, const char *shown)
{
	struct raw r;

	raw_init(&r);
	r.sni = name;
	meet(tls, true, &r, shown ? check_up : check_failed);
	assert_int_equal(r.up, shown != NULL);
	assert_string_equal(r.shown, shown ? shown : "");
	raw_fini(&r);
}

static void test_server_name_selects(void **state)
{
	struct tls *tls = new_tls(TLS_VERSION_1_2);

	(void)state;
	pki_make(&pki, &(struct pki_wish){ .name = "xn--bcher-kva.example" });
	add_identity(tls, "we.example", "we.example");
	add_identity(tls, "us.example", "us.example");
	add_identity(tls, "xn--bcher-kva.example", "xn--bcher-kva.example");
	assert_shown(tls, "us.example", "us.example");
	assert_shown(tls, "US.Example", "us.example");
	assert_shown(tls, "xn--bcher-kva.example", "xn--bcher-kva.example");
	assert_shown(tls, "we.example", "we.example");
	/* none of ours, nothing at all, no name: the default is shown, and the stream will be told */
	assert_shown(tls, "elsewhere.example", "we.example");
	assert_shown(tls, NULL, "we.example");
	assert_shown(tls, "not a name", "we.example");
	tls_free(tls);
}

static void test_no_identity(void **state)
{
	struct tls *tls = new_tls(TLS_VERSION_1_2);
	struct raw r;

	(void)state;
	assert_shown(tls, "we.example", NULL);
	add_identity(tls, "us.example", "us.example");
	assert_shown(tls, "we.example", NULL);
	assert_shown(tls, "us.example", "us.example"); /* though it is not the one of how.local */
	/* dialling it shows none */
	raw_init(&r);
	r.certificate = pki_path(&pki, "us.example", ".crt");
	r.key = pki_path(&pki, "us.example", ".key");
	meet(tls, false, &r, check_up);
	assert_true(r.up);
	assert_string_equal(r.shown, "");
	raw_fini(&r);
	tls_free(tls);
}

static void test_min_version(void **state)
{
	struct tls *tls = new_tls(TLS_VERSION_1_3);
	struct raw r;
	int i;

	(void)state;
	add_identity(tls, "we.example", "we.example");
	for (i = 0; i < 2; i++) {
		raw_init(&r);
		r.certificate = pki_path(&pki, "us.example", ".crt");
		r.key = pki_path(&pki, "us.example", ".key");
		r.max_version = TLS1_2_VERSION;
		meet(tls, i, &r, check_failed);
		assert_false(r.up);
		raw_fini(&r);
	}
	tls_free(tls);
	tls = new_tls(TLS_VERSION_1_2);
	add_identity(tls, "we.example", "we.example");
	for (i = 0; i < 2; i++) {
		raw_init(&r);
		r.certificate = pki_path(&pki, "us.example", ".crt");
		r.key = pki_path(&pki, "us.example", ".key");
		r.min_version = r.max_version = TLS1_1_VERSION;
		r.ciphers = "ALL:@SECLEVEL=0";
		meet(tls, i, &r, check_failed);
		assert_false(r.up);
		raw_fini(&r);
	}
	tls_free(tls);
}

/* ---- several certificates, and settings of one partner ---- */

static void shown_for(struct tls *tls, bool we_accept, const char *ciphers, int max_version,
		      const char *shown)
{
	struct raw r;

	raw_init(&r);
	r.certificate = pki_path(&pki, "us.example", ".crt");
	r.key = pki_path(&pki, "us.example", ".key");
	r.ciphers = ciphers;
	r.max_version = max_version;
	meet(tls, we_accept, &r, check_up);
	assert_string_equal(r.shown, shown);
	raw_fini(&r);
}

static void test_two_kinds_of_keys(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	char error[TLS_ERROR_SIZE];
	int order;

	(void)state;
	pki_make(&pki, &(struct pki_wish){ .name = "rsa.example", .key = rsa });
	for (order = 0; order < 2; order++) {
		struct tls *tls = new_tls(TLS_VERSION_1_2);
		add_identity(tls, "we.example", order ? "rsa.example" : "we.example");
		add_identity(tls, "we.example", order ? "we.example" : "rsa.example");
		/* a peer that comes is shown what its ciphers are for */
		shown_for(tls, true, "ECDHE-RSA-AES128-GCM-SHA256", TLS1_2_VERSION, "rsa.example");
		shown_for(tls, true, "ECDHE-ECDSA-AES128-GCM-SHA256", TLS1_2_VERSION, "we.example");
		shown_for(tls, true, NULL, 0, "we.example");
		/* a peer that is dialled: with TLS 1.2 what every peer knows */
		shown_for(tls, false, NULL, TLS1_2_VERSION, "rsa.example");
		assert_int_equal(tls_add_identity(tls, "we.example",
						  pki_path(&pki, "rsa.example", ".crt"),
						  pki_path(&pki, "rsa.example", ".key"), error),
				 -FAIL_CONFIG);
		tls_free(tls);
	}
	EVP_PKEY_free(rsa);
}

static void check_weak(struct end *e)
{
	assert_true(e->tls_up);
	assert_false(connection_is_weak(e->c, 0));
	assert_true(connection_is_weak(e->c, 1));
	assert_false(connection_is_weak(e->c, 2)); /* there is none of that number */
}

/* It may only be known after the handshake whose settings hold. */
static void test_weak_version(void **state)
{
	struct tls_wants wants = { .min_version = TLS_VERSION_1_3 };
	struct tls *tls = new_tls(TLS_VERSION_1_2);
	char error[TLS_ERROR_SIZE];
	struct raw r;

	(void)state;
	add_identity(tls, "we.example", "we.example");
	assert_int_equal(tls_add_wants(tls, 1, &wants, error), 0);
	raw_init(&r);
	r.max_version = TLS1_2_VERSION;
	meet(tls, true, &r, check_weak);
	assert_true(r.up);
	raw_fini(&r);
	tls_free(tls);
}

/* ---- files ---- */

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(pki_path(&pki, name, ""), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_no_tls(const char *name, const char *why)
{
	char error[TLS_ERROR_SIZE], expected_text[400];

	assert_null(tls_new(pki_path(&pki, name, ""), TLS_VERSION_1_2, error));
	snprintf(expected_text, sizeof(expected_text), "%s: %s", pki_path(&pki, name, ""), why);
	assert_string_equal(error, expected_text);
}

static void test_bad_anchors(void **state)
{
	(void)state;
	assert_no_tls("nowhere.pem", "No such file or directory");
	write_file("empty.pem", "");
	assert_no_tls("empty.pem", "no certificates in PEM, or one that cannot be parsed");
	write_file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_no_tls("broken.pem", "no certificates in PEM, or one that cannot be parsed");
	assert_no_tls("we.example.key", "no certificates in PEM, or one that cannot be parsed");
}

static void test_bad_identity(void **state)
{
	static const char encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
					"-----END ENCRYPTED PRIVATE KEY-----\n";
	struct tls *tls = new_tls(TLS_VERSION_1_2);
	char error[TLS_ERROR_SIZE];
	EVP_PKEY *other = EVP_EC_gen("P-256");

	(void)state;
	pki_make(&pki, &(struct pki_wish){ .name = "other.example", .key = other });
	write_file("encrypted.key", encrypted);
	assert_int_equal(tls_add_identity(tls, "we.example", pki_path(&pki, "no", ".crt"),
					  pki_path(&pki, "we.example", ".key"), error),
			 -FAIL_IO);
	assert_non_null(strstr(error, "/no.crt: No such file or directory"));
	assert_int_equal(tls_add_identity(tls, "we.example", pki_path(&pki, "we.example", ".crt"),
					  pki_path(&pki, "no", ".key"), error),
			 -FAIL_IO);
	assert_int_equal(tls_add_identity(tls, "we.example", pki_path(&pki, "we.example", ".crt"),
					  pki_path(&pki, "other.example", ".key"), error),
			 -FAIL_CONFIG);
	assert_non_null(strstr(error, "/other.example.key: key values mismatch"));
	assert_int_equal(tls_add_identity(tls, "we.example", pki_path(&pki, "we.example", ".key"),
					  pki_path(&pki, "we.example", ".key"), error),
			 -FAIL_CONFIG);
	assert_int_equal(tls_add_identity(tls, "we.example", pki_path(&pki, "we.example", ".crt"),
					  pki_path(&pki, "encrypted", ".key"), error),
			 -FAIL_CONFIG);
	add_identity(tls, "we.example", "we.example");
	assert_int_equal(tls_add_identity(tls, "we.example", pki_path(&pki, "we.example", ".crt"),
					  pki_path(&pki, "we.example", ".key"), error),
			 -FAIL_CONFIG);
	assert_string_equal(error, "we.example has a certificate with that kind of key already");
	assert_shown(tls, "we.example", "we.example"); /* what went wrong left no trace */
	tls_free(tls);
	tls_free(NULL);
	EVP_PKEY_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_out_of_time),
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_usages),
		cmocka_unit_test(test_weak),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_peer_without_certificate),
		cmocka_unit_test(test_server_name_selects),
		cmocka_unit_test(test_no_identity),
		cmocka_unit_test(test_min_version),
		cmocka_unit_test(test_two_kinds_of_keys),
		cmocka_unit_test(test_weak_version),
		cmocka_unit_test(test_bad_anchors),
		cmocka_unit_test(test_bad_identity),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
