/* What is asked of one partner in place of what is asked of all: anchors, revocation, usages, ciphers, another identity. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_policy.h"
#include "party.h"
#include "pki.h"

#define THEIRS "peer.example"
#define OURS "us.example"

static struct pki pki;
static struct parties *parties;

static int set_up(void **state)
{
	FILE *f;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	pki_init(&pki);
	parties = parties_new();
	pki_make(&pki, &(struct pki_wish){ .name = OURS });
	f = fopen(pki_path(&pki, "other", ".pem"), "w");
	assert_non_null(f);
	PEM_write_X509(f, pki.other_ca);
	fclose(f);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	parties_free(parties);
	pki_fini(&pki);
	return 0;
}

static struct tls *new_tls(const char *domain, const char *certificate)
{
	char error[TLS_ERROR_SIZE];
	struct tls *t = tls_new(pki_path(&pki, "anchors", ".pem"), TLS_VERSION_1_2, error);

	assert_non_null(t);
	assert_int_equal(tls_add_identity(t, domain, pki_path(&pki, certificate, ".crt"),
					  pki_path(&pki, certificate, ".key"), error),
			 0);
	return t;
}

/* Two worlds; ours has settings of its own for the partner, where WANTS is not NULL. */
struct scene {
	struct policy our_policy, their_policy;
	struct tls *ours, *theirs;
	struct partner *partner; /* of our_policy */
};

static void open_scene(struct scene *s, const struct tls_wants *wants)
{
	char error[TLS_ERROR_SIZE];

	memset(s, 0, sizeof(*s));
	make_local(&s->our_policy, OURS, true);
	s->partner = make_partner(&s->our_policy, THEIRS, 1, false);
	s->partner->verification = wants ? 1 : 0;
	s->partner->tls_floor = wants && (wants->ciphers || wants->min_version);
	make_local(&s->their_policy, THEIRS, true);
	make_partner(&s->their_policy, OURS, 7, false);
	policy_finish(&s->our_policy);
	policy_finish(&s->their_policy);
	s->ours = new_tls(OURS, OURS);
	s->theirs = new_tls(THEIRS, THEIRS);
	if (!wants)
		return;
	assert_int_equal(tls_add_wants(s->ours, 1, wants, error), 0);
	assert_string_equal(error, "");
}

static struct party_outcome meet(struct scene *s, bool we_dial, bool direct)
{
	struct party_side we = { OURS, &s->our_policy, s->ours };
	struct party_side they = { THEIRS, &s->their_policy, s->theirs };

	return parties_meet(parties, &we, &they, we_dial, direct);
}

static void close_scene(struct scene *s)
{
	policy_fini(&s->our_policy);
	policy_fini(&s->their_policy);
	tls_free(s->ours);
	tls_free(s->theirs);
}

/* What becomes of a certificate of the peer's, in both directions and ways. */
static void becomes(const struct pki_wish *wish, const struct tls_wants *wants, enum fail fail)
{
	struct scene s;
	int i;

	if (wish)
		pki_make(&pki, wish);
	open_scene(&s, wants);
	for (i = 0; i < 4; i++) {
		struct party_outcome o = meet(&s, i & 1, i & 2);
		assert_string_equal(fail_str(o.fail), fail_str(fail));
		assert_int_equal(o.method, fail ? METHOD_NONE : METHOD_SASL_TLS);
		assert_int_equal(*o.reason != '\0', fail != FAIL_NONE);
	}
	close_scene(&s);
}

#define PEER .name = THEIRS

static void test_usages(void **state)
{
	static const struct tls_wants client_only = { .client_only = true }, usual = { 0 };

	(void)state;
	becomes(&(struct pki_wish){ PEER, .usages = "clientAuth" }, &usual, FAIL_CERT_PURPOSE);
	becomes(NULL, &client_only, FAIL_NONE);
	becomes(&(struct pki_wish){ PEER, .usages = "serverAuth" }, &client_only, FAIL_NONE);
	/* and no more than that */
	becomes(&(struct pki_wish){ PEER, .usages = "anyExtendedKeyUsage" }, &client_only,
		FAIL_CERT_PURPOSE);
	becomes(&(struct pki_wish){ PEER, .usages = "codeSigning" }, &client_only,
		FAIL_CERT_PURPOSE);
	becomes(&(struct pki_wish){ PEER, .usages = "clientAuth", .from_days = -20, .to_days = -1 },
		&client_only, FAIL_CERT_EXPIRED);
}

static void test_anchors(void **state)
{
	char other[400], itself[400];
	struct tls_wants wants = { .anchors = other };

	(void)state;
	snprintf(other, sizeof(other), "%s", pki_path(&pki, "other", ".pem"));
	snprintf(itself, sizeof(itself), "%s", pki_path(&pki, THEIRS, ".crt"));
	becomes(&(struct pki_wish){ PEER, .unknown_ca = true }, NULL, FAIL_CERT_UNTRUSTED);
	becomes(NULL, &wants, FAIL_NONE);
	/* the common ones are not trusted beside them */
	becomes(&(struct pki_wish){ PEER }, &wants, FAIL_CERT_UNTRUSTED);
	becomes(&(struct pki_wish){ PEER, .self_signed = true }, &wants, FAIL_CERT_SELF_SIGNED);
	wants.anchors = itself;
	becomes(NULL, &wants, FAIL_NONE);
}

/* ---- revocation ---- */

/* By a list in either way. */
static void listed(const char *name, enum fail soft, enum fail hard)
{
	char path[400];
	const char *const paths[] = { path };
	struct tls_wants wants = { .crls = paths, .crl_count = 1 };

	snprintf(path, sizeof(path), "%s", pki_path(&pki, name, ".crl"));
	becomes(NULL, &wants, soft);
	wants.crl_hard = true;
	becomes(NULL, &wants, hard);
}

static void test_revocation(void **state)
{
	struct tls_wants none = { .crl_hard = true };
	FILE *f;

	(void)state;
	pki_make(&pki, &(struct pki_wish){ PEER });
	becomes(NULL, &none, FAIL_CERT_NO_CRL);
	pki_list(&pki, "empty", -60, 3600, 0);
	listed("empty", FAIL_NONE, FAIL_NONE);
	pki_list(&pki, "revoking", -60, 3600, pki.serial);
	listed("revoking", FAIL_CERT_REVOKED, FAIL_CERT_REVOKED);
	/* an old list still tells of what it revokes, and of nothing else */
	pki_list(&pki, "old", -7200, -3600, 0);
	listed("old", FAIL_NONE, FAIL_CERT_NO_CRL);
	pki_list(&pki, "old-revoking", -7200, -3600, pki.serial);
	listed("old-revoking", FAIL_CERT_REVOKED, FAIL_CERT_REVOKED);
	/* what is none is left out */
	f = fopen(pki_path(&pki, "broken", ".crl"), "w");
	assert_non_null(f);
	fputs("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", f);
	fclose(f);
	listed("broken", FAIL_NONE, FAIL_CERT_NO_CRL);
	listed("missing", FAIL_NONE, FAIL_CERT_NO_CRL);
}

/* ---- ciphers ---- */

static void test_ciphers(void **state)
{
	static const struct tls_wants wants = { .ciphers = "TLS_AES_128_GCM_SHA256" };
	struct party_outcome o;
	struct scene s;
	char error[TLS_ERROR_SIZE];
	int i;

	(void)state;
	pki_make(&pki, &(struct pki_wish){ PEER });
	open_scene(&s, &wants);
	for (i = 0; i < 4; i++) {
		o = meet(&s, i & 1, i & 2);
		/* who comes by direct TLS is not known before TLS is up, and its cipher is judged then */
		assert_string_equal(fail_str(o.fail), i == 2 ? "tls-weak" : "none");
		assert_string_equal(o.cipher,
				    i == 2 ? "TLS_AES_256_GCM_SHA384" : "TLS_AES_128_GCM_SHA256");
	}
	/* one that offers what is asked for is welcome */
	s.their_policy.partners[0].verification = 1;
	assert_int_equal(tls_add_wants(s.theirs, 1, &wants, error), 0);
	assert_int_equal(meet(&s, false, true).fail, FAIL_NONE);
	close_scene(&s);
}

static void test_cipher_names(void **state)
{
	char error[TLS_ERROR_SIZE] = "";

	(void)state;
	assert_true(tls_check_ciphers("ECDHE-RSA-AES128-GCM-SHA256", error));
	assert_true(tls_check_ciphers("TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256", error));
	assert_true(tls_check_ciphers("ECDHE+AESGCM:!SHA1", error));
	assert_string_equal(error, "");
	assert_false(tls_check_ciphers("TLS_AES_128", error));
	assert_non_null(strstr(error, "not known"));
	assert_false(tls_check_ciphers("NO-SUCH", error));
	assert_false(tls_check_ciphers(" : ", error));
}

/* ---- what we show ---- */

/* Seen from the one whom they dial, or who dials them. */
static void test_outbound(void **state)
{
	struct tls_wants usual = { 0 };
	char error[TLS_ERROR_SIZE], certificate[400];
	struct party_outcome o;
	struct scene s;

	(void)state;
	pki_make(&pki, &(struct pki_wish){ PEER, .usages = "serverAuth" });
	open_scene(&s, NULL);
	s.their_policy.partners[0].verification = 1;
	pki_make(&pki, &(struct pki_wish){ .name = "outbound.example",
					   .names = "DNS:" THEIRS,
					   .usages = "clientAuth" });
	assert_int_equal(tls_add_wants(s.theirs, 1, &usual, error), 0);
	snprintf(certificate, sizeof(certificate), "%s",
		 pki_path(&pki, "outbound.example", ".crt"));
	assert_int_equal(tls_add_outbound(s.theirs, 1, certificate,
					  pki_path(&pki, "outbound.example", ".key"), error),
			 0);
	assert_int_equal(meet(&s, true, false).fail, FAIL_NONE);
	o = meet(&s, false, false);
	assert_int_equal(o.fail, FAIL_CERT_PURPOSE);
	assert_non_null(strstr(o.reason, "CN=outbound.example"));
	close_scene(&s);
}

static void test_what_we_show(void **state)
{
	struct scene s;

	(void)state;
	pki_make(&pki, &(struct pki_wish){ PEER });
	open_scene(&s, NULL);
	assert_false(meet(&s, true, false).server_only);
	close_scene(&s);
	pki_make(&pki, &(struct pki_wish){ .name = OURS, .usages = "serverAuth" });
	open_scene(&s, NULL);
	assert_true(meet(&s, true, false).server_only);
	close_scene(&s);
	pki_make(&pki, &(struct pki_wish){ .name = OURS });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usages),	     cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_revocation),   cmocka_unit_test(test_ciphers),
		cmocka_unit_test(test_cipher_names), cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_what_we_show),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
