/*
 * Every kind of certificate with every usage, in both directions, behind STARTTLS and direct TLS: what is said of it, and what
 * becomes of the stream. As committed text, tests/golden/certificates.txt. [T07] [T08] [T09] [T11] [T14] [T15]
 */
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

#include "golden.h"
#include "make_policy.h"
#include "party.h"
#include "pki.h"

#define THEIRS "peer.fed.example"
#define OURS "us.example"
#define ALWAYS "20190101000000Z", "20990101000000Z"

/* Of the peer. Dates are far away, so that the words stay the same. */
struct kind {
	const char *name;
	const char *names; /* subjectAltName; NULL = none */
	const char *from, *to;
	enum { BY_CA, BY_ITSELF, BY_A_STRANGER, BY_INTERMEDIATE } issuer;
	bool revoked;
};

static const struct kind kinds[] = {
	{ "good", "DNS:" THEIRS, ALWAYS, BY_CA, false },
	{ "expired", "DNS:" THEIRS, "20190101000000Z", "20200101000000Z", BY_CA, false },
	{ "not yet valid", "DNS:" THEIRS, "20980101000000Z", "20990101000000Z", BY_CA, false },
	{ "self-signed", "DNS:" THEIRS, ALWAYS, BY_ITSELF, false },
	{ "unknown CA", "DNS:" THEIRS, ALWAYS, BY_A_STRANGER, false },
	{ "wrong name", "DNS:other.fed.example", ALWAYS, BY_CA, false },
	{ "CN only", NULL, ALWAYS, BY_CA, false },
	{ "SRVName only", "otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-server." THEIRS, ALWAYS, BY_CA,
	  false },
	{ "XmppAddr only", "otherName:1.3.6.1.5.5.7.8.5;UTF8:" THEIRS, ALWAYS, BY_CA, false },
	{ "wildcard", "DNS:*.fed.example", ALWAYS, BY_CA, false },
	{ "revoked", "DNS:" THEIRS, ALWAYS, BY_CA, true },
	{ "missing intermediate", "DNS:" THEIRS, ALWAYS, BY_INTERMEDIATE, false },
};

static const struct usage {
	const char *name, *value;
} usages[] = {
	{ "server", "serverAuth" },	     { "client", "clientAuth" },
	{ "both", "serverAuth,clientAuth" }, { "none", NULL },
	{ "any", "anyExtendedKeyUsage" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct world {
	struct pki pki;
	struct parties *parties;
	EVP_PKEY *intermediate_key;
	X509 *ca, *stranger, *intermediate;
	X509_CRL *crl;
	long serial;
	struct tls *ours;
};

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static X509 *blank(struct world *w, const char *cn, const char *from, const char *to, EVP_PKEY *key)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++w->serial);
	assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notBefore(x), from), 1);
	assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notAfter(x), to), 1);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
				   (const unsigned char *)cn, -1, -1, 0);
	return x;
}

/* ISSUER NULL: itself */
static X509 *make_ca(struct world *w, const char *cn, EVP_PKEY *key, X509 *issuer)
{
	X509 *x = blank(w, cn, ALWAYS, key);

	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	extend(x, issuer ? issuer : x, NID_basic_constraints, "critical,CA:TRUE");
	extend(x, issuer ? issuer : x, NID_key_usage, "critical,keyCertSign,cRLSign");
	assert_true(X509_sign(x, w->pki.ca_key, EVP_sha256()) > 0);
	return x;
}

static void put_on_list(struct world *w, X509 *x)
{
	X509_REVOKED *entry = X509_REVOKED_new();

	X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(x));
	X509_REVOKED_set_revocationDate(entry, (ASN1_TIME *)X509_get0_notBefore(x));
	assert_int_equal(X509_CRL_add0_revoked(w->crl, entry), 1);
}

static FILE *create(struct world *w, const char *name)
{
	FILE *f = fopen(pki_path(&w->pki, name, ""), "w");

	assert_non_null(f);
	return f;
}

static X509 *issuer_of(struct world *w, const struct kind *k, X509 *x)
{
	switch (k->issuer) {
	case BY_CA:
		return w->ca;
	case BY_ITSELF:
		return x;
	case BY_A_STRANGER:
		return w->stranger;
	case BY_INTERMEDIATE:
		return w->intermediate;
	}
	return NULL;
}

/* The files of one: "K-U.crt"; the key is everybody's. */
static void make_certificate(struct world *w, size_t kind, size_t usage)
{
	const struct kind *k = &kinds[kind];
	X509 *x = blank(w, THEIRS, k->from, k->to, w->pki.key);
	X509 *issuer = issuer_of(w, k, x);
	EVP_PKEY *key = w->pki.ca_key;
	char name[40];
	FILE *f;

	if (k->issuer == BY_ITSELF)
		key = w->pki.key;
	else if (k->issuer == BY_INTERMEDIATE)
		key = w->intermediate_key;
	X509_set_issuer_name(x, X509_get_subject_name(issuer));
	if (k->names)
		extend(x, issuer, NID_subject_alt_name, k->names);
	if (usages[usage].value)
		extend(x, issuer, NID_ext_key_usage, usages[usage].value);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	if (k->revoked)
		put_on_list(w, x);
	snprintf(name, sizeof(name), "%zu-%zu.crt", kind, usage);
	f = create(w, name);
	PEM_write_X509(f, x);
	fclose(f);
	X509_free(x);
}

static void write_crl(struct world *w)
{
	FILE *f = create(w, "list.crl");

	assert_true(X509_CRL_sign(w->crl, w->pki.ca_key, EVP_sha256()) > 0);
	PEM_write_X509_CRL(f, w->crl);
	fclose(f);
}

static void begin_crl(struct world *w)
{
	ASN1_TIME *from = ASN1_TIME_new(), *to = ASN1_TIME_new();

	w->crl = X509_CRL_new();
	assert_int_equal(ASN1_TIME_set_string_X509(from, "20190101000000Z"), 1);
	assert_int_equal(ASN1_TIME_set_string_X509(to, "20990101000000Z"), 1);
	X509_CRL_set_version(w->crl, 1);
	X509_CRL_set_issuer_name(w->crl, X509_get_subject_name(w->ca));
	X509_CRL_set1_lastUpdate(w->crl, from);
	X509_CRL_set1_nextUpdate(w->crl, to);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

static struct tls *new_tls(struct world *w, const char *domain, const char *certificate)
{
	char error[TLS_ERROR_SIZE];
	struct tls *t = tls_new(pki_path(&w->pki, "ca.pem", ""), TLS_VERSION_1_2, error);

	assert_non_null(t);
	assert_int_equal(tls_add_identity(t, domain, pki_path(&w->pki, certificate, ".crt"),
					  pki_path(&w->pki, OURS, ".key"), error),
			 0);
	return t;
}

static void make_ours(struct world *w)
{
	char list[400], error[TLS_ERROR_SIZE];
	const char *const crls[] = { list };
	struct tls_wants wants = { .crls = crls, .crl_count = 1 };

	snprintf(list, sizeof(list), "%s", pki_path(&w->pki, "list.crl", ""));
	pki_make(&w->pki, &(struct pki_wish){ .name = OURS, .usages = "serverAuth" });
	w->ours = new_tls(w, OURS, OURS);
	assert_int_equal(tls_add_wants(w->ours, 1, &wants, error), 0);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t k, u;
	FILE *f;

	signal(SIGPIPE, SIG_IGN);
	pki_init(&w->pki);
	w->parties = parties_new();
	w->intermediate_key = EVP_EC_gen("P-256");
	w->ca = make_ca(w, "Root", w->pki.ca_key, NULL);
	w->stranger = make_ca(w, "Stranger", w->pki.ca_key, NULL);
	w->intermediate = make_ca(w, "Intermediate", w->intermediate_key, w->ca);
	f = create(w, "ca.pem");
	PEM_write_X509(f, w->ca);
	PEM_write_X509(f, w->pki.ca); /* of what pki_make makes */
	fclose(f);
	begin_crl(w);
	for (k = 0; k < COUNT(kinds); k++)
		for (u = 0; u < COUNT(usages); u++)
			make_certificate(w, k, u);
	write_crl(w);
	make_ours(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tls_free(w->ours);
	parties_free(w->parties);
	X509_free(w->ca);
	X509_free(w->stranger);
	X509_free(w->intermediate);
	X509_CRL_free(w->crl);
	EVP_PKEY_free(w->intermediate_key);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

/* ---- the table ---- */

static void make_policies(struct policy *ours, struct policy *theirs, int row)
{
	memset(ours, 0, sizeof(*ours));
	memset(theirs, 0, sizeof(*theirs));
	make_local(ours, OURS, true);
	make_partner(ours, THEIRS, row, false)->verification = 1;
	make_local(theirs, THEIRS, true);
	make_partner(theirs, OURS, 7, false);
	policy_finish(ours);
	policy_finish(theirs);
}

static struct party_outcome meet(struct world *w, const struct tls *theirs, int row, bool we_dial,
				 bool direct)
{
	struct policy our_policy, their_policy;
	struct party_side we = { OURS, &our_policy, w->ours };
	struct party_side they = { THEIRS, &their_policy, theirs };
	struct party_outcome outcome;

	make_policies(&our_policy, &their_policy, row);
	outcome = parties_meet(w->parties, &we, &they, we_dial, direct);
	policy_fini(&our_policy);
	policy_fini(&their_policy);
	return outcome;
}

static const char *outcome_str(const struct party_outcome *o)
{
	return o->fail ? fail_str(o->fail) : method_str(o->method);
}

static void print_line(struct world *w, const struct tls *theirs, size_t kind, size_t usage,
		       bool out, bool direct, struct buf *text)
{
	struct party_outcome required = meet(w, theirs, 1, out, direct);
	struct party_outcome optional = meet(w, theirs, 7, out, direct);

	assert_int_equal(required.verdict.fail, optional.verdict.fail);
	buf_addf(text, "%-20s  %-6s  %-3s  %-8s  %-5s %-8s  %-25s  %-25s  %s\n", kinds[kind].name,
		 usages[usage].name, out ? "out" : "in", direct ? "direct" : "starttls",
		 required.verdict.chain ? "yes" : "no", required.verdict.identity ? "yes" : "no",
		 required.verdict.fail ? fail_str(required.verdict.fail) : "valid",
		 outcome_str(&required), outcome_str(&optional));
}

static void print_table(struct world *w, struct buf *text)
{
	size_t k, u, i;
	char name[40];

	buf_addf(text, "%-20s  %-6s  %-3s  %-8s  %-5s %-8s  %-25s  %-25s  %s\n", "# certificate",
		 "usages", "dir", "TLS", "chain", "identity", "verdict", "row 1", "row 7");
	for (k = 0; k < COUNT(kinds); k++) {
		for (u = 0; u < COUNT(usages); u++) {
			struct tls *theirs;
			snprintf(name, sizeof(name), "%zu-%zu", k, u);
			theirs = new_tls(w, THEIRS, name);
			for (i = 0; i < 4; i++)
				print_line(w, theirs, k, u, i & 2, i & 1, text);
			tls_free(theirs);
		}
	}
}

static void print_reasons(struct world *w, struct buf *text)
{
	struct party_outcome o;
	struct tls *theirs;
	char name[40];
	size_t k, u;

	buf_adds(text,
		 "\n# What the operator is told. Usages: server for all of them; then what is "
		 "good but for its usages.\n");
	for (k = 0; k < COUNT(kinds) + COUNT(usages); k++) {
		u = k < COUNT(kinds) ? 0 : k - COUNT(kinds);
		snprintf(name, sizeof(name), "%zu-%zu", k < COUNT(kinds) ? k : 0, u);
		theirs = new_tls(w, THEIRS, name);
		o = meet(w, theirs, 1, false, false);
		tls_free(theirs);
		buf_addf(text, "%s: %s\n", k < COUNT(kinds) ? kinds[k].name : usages[u].name,
			 *o.reason ? o.reason : "-");
	}
}

static void test_table(void **state)
{
	struct world *w = *state;
	struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_adds(&text, "# A peer's certificate by kind and extended usages; dir: who dials, seen "
			"from us. Whatever the outcome,\n"
			"# chain and identity are judged apart. Row 1: SASL over TLS alone. Row 7: "
			"or TLS dialback.\n");
	print_table(w, &text);
	print_reasons(w, &text);
	assert_true(golden_matches("certificates.txt", buf_str(&text)));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
