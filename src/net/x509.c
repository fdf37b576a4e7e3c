#include "net/x509.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "x509_int.h"

#define OID_SRV_NAME "1.3.6.1.5.5.7.8.7"  /* [RFC4985 2] */
#define OID_XMPP_ADDR "1.3.6.1.5.5.7.8.5" /* [RFC6120 13.7.1.4] */

static int fail(char error[X509_TEXT_SIZE], const char *text)
{
	snprintf(error, X509_TEXT_SIZE, "%s", text);
	ERR_clear_error();
	return -FAIL_INVALID_ARGUMENT;
}

/* No password is ever asked for: an encrypted key must not stop the daemon at a prompt. */
static int no_password(char *out, int size, int writing, void *asked)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return 0;
}

static bool at_end_of_pem(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

/* All certificates of a file, at most MAX; NULL with the reason. */
static STACK_OF(X509) *
	read_certificates(const char *pem, size_t len, int max, char error[X509_TEXT_SIZE])
{
	STACK_OF(X509) *certificates = sk_X509_new_null();
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	const char *wrong = NULL;
	X509 *x;

	if (!certificates || !bio)
		abort();
	ERR_clear_error();
	while (!wrong && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (sk_X509_num(certificates) == max) {
			X509_free(x);
			wrong = "it holds too many certificates";
		} else if (!sk_X509_push(certificates, x)) {
			abort();
		}
	}
	if (!wrong && !at_end_of_pem())
		wrong = "a certificate in it cannot be parsed";
	else if (!wrong && !sk_X509_num(certificates))
		wrong = "it holds no certificate in PEM";
	BIO_free(bio);
	ERR_clear_error();
	if (!wrong)
		return certificates;
	sk_X509_pop_free(certificates, X509_free);
	fail(error, wrong);
	return NULL;
}

/* ---- one certificate ---- */

int64_t x509_seconds(const ASN1_TIME *time)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm))
		return 0;
	return (int64_t)timegm(&tm);
}

static bool is_weak_key(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
	case EVP_PKEY_DSA:
		return bits < X509_RSA_MIN;
	default: /* OpenSSL's numbers, no enum of ours: curves, Ed25519, Ed448 */
		return bits < X509_EC_MIN;
	}
}

static bool is_weak_digest(const X509 *x)
{
	int digest = NID_undef;

	if (!X509_get_signature_info((X509 *)x, &digest, NULL, NULL, NULL))
		return false;
	return digest == NID_md5 || digest == NID_md4 || digest == NID_md2 || digest == NID_sha1 ||
	       digest == NID_md5_sha1;
}

static bool is_self_signed(X509 *x)
{
	return X509_get_extension_flags(x) & EXFLAG_SS;
}

static bool is_weak(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	if (!key || is_weak_key(key))
		return true;
	return !is_self_signed(x) && is_weak_digest(x);
}

/* Without the extension every usage is allowed [RFC5280 4.2.1.12]. */
static bool allows(X509 *x, uint32_t usage)
{
	uint32_t usages = X509_get_extended_key_usage(x);

	return usages & (usage | XKU_ANYEKU);
}

/* ---- names ---- */

/* The text of an otherName of one of the two types; NULL for any other. */
static const ASN1_STRING *other_name(const OTHERNAME *other, enum cert_name_type *type)
{
	char oid[64];

	if (OBJ_obj2txt(oid, sizeof(oid), other->type_id, 1) <= 0 || !other->value)
		return NULL;
	if (!strcmp(oid, OID_SRV_NAME) && other->value->type == V_ASN1_IA5STRING) {
		*type = CERT_NAME_SRV;
		return other->value->value.ia5string;
	}
	if (!strcmp(oid, OID_XMPP_ADDR) && other->value->type == V_ASN1_UTF8STRING) {
		*type = CERT_NAME_XMPP_ADDR;
		return other->value->value.utf8string;
	}
	return NULL;
}

/* NULL where the name is of no use. */
static const ASN1_STRING *useful_name(const GENERAL_NAME *general, enum cert_name_type *type)
{
	*type = CERT_NAME_DNS;
	if (general->type == GEN_DNS)
		return general->d.dNSName;
	return general->type == GEN_OTHERNAME ? other_name(general->d.otherName, type) : NULL;
}

/* The list, and behind it the texts, each with a NUL. */
static struct cert_name *copy_names(const GENERAL_NAMES *names, size_t *count)
{
	int n = sk_GENERAL_NAME_num(names), i;
	size_t size = (size_t)n * sizeof(struct cert_name);
	enum cert_name_type type;
	const ASN1_STRING *text;
	struct cert_name *list;
	char *to;

	for (i = 0; i < n; i++) {
		text = useful_name(sk_GENERAL_NAME_value(names, i), &type);
		size += text ? (size_t)ASN1_STRING_length(text) + 1 : 0;
	}
	list = calloc(1, size);
	if (!list)
		return NULL;
	to = (char *)(list + n);
	for (i = 0; i < n; i++) {
		text = useful_name(sk_GENERAL_NAME_value(names, i), &type);
		if (!text)
			continue;
		list[*count] = (struct cert_name){ type, to, (size_t)ASN1_STRING_length(text) };
		memcpy(to, ASN1_STRING_get0_data(text), list[*count].len);
		to += list[*count].len + 1;
		++*count;
	}
	return list;
}

struct cert_name *x509_names(const X509 *x, size_t *count)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int n = names ? sk_GENERAL_NAME_num(names) : 0;
	struct cert_name *list = NULL;

	*count = 0;
	if (n > 0 && n <= CERT_NAMES_MAX)
		list = copy_names(names, count);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return list;
}

/* ---- what is remembered ---- */

static unsigned usages_of(X509 *x)
{
	EXTENDED_KEY_USAGE *all = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	uint32_t found = X509_get_extended_key_usage(x);
	int bit, count = all ? sk_ASN1_OBJECT_num(all) : 0;
	unsigned usages = 0;

	EXTENDED_KEY_USAGE_free(all);
	ERR_clear_error();
	if (found == UINT32_MAX) /* no extension */
		return 0;
	if (found & XKU_SSL_SERVER)
		usages |= CERT_USAGE_SERVER;
	if (found & XKU_SSL_CLIENT)
		usages |= CERT_USAGE_CLIENT;
	if (found & XKU_ANYEKU)
		usages |= CERT_USAGE_ANY;
	for (bit = 0; usages >> bit; bit++) /* what is left are others */
		count -= usages >> bit & 1;
	return count || !usages ? usages | CERT_USAGE_OTHER : usages;
}

static void issuer_of(const X509 *x, char out[CERT_ISSUER_SIZE])
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (!bio)
		return;
	/* bytes outside ASCII are escaped, so that any place is one to end it */
	if (X509_NAME_print_ex(bio, X509_get_issuer_name(x), 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		if (len >= CERT_ISSUER_SIZE)
			snprintf(out, CERT_ISSUER_SIZE, "%.*s...", CERT_ISSUER_SIZE - 4, text);
		else if (len > 0)
			snprintf(out, CERT_ISSUER_SIZE, "%.*s", (int)len, text);
	}
	BIO_free(bio);
}

static void serial_of(X509 *x, char out[CERT_SERIAL_SIZE])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(x), NULL);
	char *text = number ? BN_bn2hex(number) : NULL;

	if (text && strlen(text) < CERT_SERIAL_SIZE)
		strcpy(out, text);
	OPENSSL_free(text);
	BN_free(number);
}

bool x509_leaf(X509 *x, struct cert_leaf *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool good;

	memset(out, 0, sizeof(*out));
	good = len > 0 && EVP_Digest(der, (size_t)len, out->key, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	issuer_of(x, out->issuer);
	serial_of(x, out->serial);
	out->usages = usages_of(x);
	out->not_before = x509_seconds(X509_get0_notBefore(x));
	out->not_after = x509_seconds(X509_get0_notAfter(x));
	ERR_clear_error();
	return good;
}

/* ---- chains ---- */

static enum cert_chain chain_state(const struct x509_chain *chain, X509 *first, int64_t now)
{
	if (is_weak(first))
		return CERT_CHAIN_WEAK;
	if (now > chain->not_after)
		return CERT_CHAIN_EXPIRED;
	if (now < chain->not_before)
		return CERT_CHAIN_NOT_YET_VALID;
	if (!chain->for_server && !chain->for_client)
		return CERT_CHAIN_PURPOSE;
	return is_self_signed(first) ? CERT_CHAIN_SELF_SIGNED : CERT_CHAIN_OK;
}

static void read_chain(struct x509_chain *chain, STACK_OF(X509) * certificates, int64_t now)
{
	X509 *first = sk_X509_value(certificates, 0);
	int count = sk_X509_num(certificates), i;

	memset(chain, 0, sizeof(*chain));
	chain->length = (size_t)count;
	chain->not_before = x509_seconds(X509_get0_notBefore(first));
	chain->not_after = x509_seconds(X509_get0_notAfter(first));
	chain->for_server = allows(first, XKU_SSL_SERVER);
	chain->for_client = allows(first, XKU_SSL_CLIENT);
	chain->facts.expires = chain->not_after;
	chain->ordered = true;
	for (i = 1; i < count; i++) {
		X509 *issuer = sk_X509_value(certificates, i);
		int64_t end = x509_seconds(X509_get0_notAfter(issuer));
		if (end < chain->facts.expires)
			chain->facts.expires = end;
		if (X509_check_issued(issuer, sk_X509_value(certificates, i - 1)) != X509_V_OK)
			chain->ordered = false;
	}
	chain->facts.chain = chain_state(chain, first, now);
	chain->names = x509_names(first, &chain->facts.name_count);
	chain->facts.names = chain->names;
	if (x509_leaf(first, &chain->leaf))
		chain->facts.leaf = &chain->leaf;
}

int x509_chain_read(struct x509_chain *chain, const char *pem, size_t len, int64_t now,
		    char error[X509_TEXT_SIZE])
{
	STACK_OF(X509) *certificates = read_certificates(pem, len, X509_CHAIN_MAX, error);

	memset(chain, 0, sizeof(*chain));
	if (!certificates)
		return -FAIL_INVALID_ARGUMENT;
	read_chain(chain, certificates, now);
	sk_X509_pop_free(certificates, X509_free);
	return 0;
}

void x509_chain_fini(struct x509_chain *chain)
{
	free(chain->names);
	memset(chain, 0, sizeof(*chain));
}

/* ---- our own identity ---- */

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

/* Is there anything that says it is a private key? Its reader tells that apart from a broken one no more. */
static bool holds_key(const char *pem, size_t len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	unsigned char *data;
	char *name, *header;
	bool found = false;
	long data_len;

	if (!bio)
		abort();
	while (!found && PEM_read_bio(bio, &name, &header, &data, &data_len)) {
		found = ends_in(name, "PRIVATE KEY");
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)data_len);
	}
	found = found || !at_end_of_pem();
	BIO_free(bio);
	ERR_clear_error();
	return found;
}

static EVP_PKEY *read_key(const char *pem, size_t len, char error[X509_TEXT_SIZE])
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	bool asked = false;
	EVP_PKEY *key;

	if (!bio)
		abort();
	key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
	if (!key && asked)
		fail(error, "the key is encrypted; it must be stored in clear, readable by the "
			    "daemon alone");
	else if (!key && !holds_key(pem, len))
		fail(error, "it holds no private key in PEM");
	else if (!key)
		fail(error, "the private key cannot be parsed");
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static void date(char out[16], int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
		snprintf(out, 16, "?");
}

/* Why the certificate cannot be used, if so. */
static bool is_unusable(const struct x509_chain *chain, char error[X509_TEXT_SIZE])
{
	char day[16];

	switch (chain->facts.chain) {
	case CERT_CHAIN_EXPIRED:
		date(day, chain->not_after);
		snprintf(error, X509_TEXT_SIZE, "the certificate expired on %s", day);
		return true;
	case CERT_CHAIN_NOT_YET_VALID:
		date(day, chain->not_before);
		snprintf(error, X509_TEXT_SIZE, "the certificate is not valid before %s", day);
		return true;
	case CERT_CHAIN_WEAK:
		fail(error, "the certificate's key or signature is too weak");
		return true;
	case CERT_CHAIN_PURPOSE:
		fail(error, "the certificate's usages allow it to identify neither a server nor a "
			    "client");
		return true;
	case CERT_CHAIN_MISSING:
	case CERT_CHAIN_OK:
	case CERT_CHAIN_SELF_SIGNED:
	case CERT_CHAIN_UNTRUSTED:
	case CERT_CHAIN_REVOKED:
	case CERT_CHAIN_NO_CRL:
	case CERT_CHAIN_BROKEN:
		break;
	}
	return false;
}

static void warn(struct x509_identity *identity)
{
	const struct x509_chain *chain = &identity->chain;
	const char *text = "";

	if (!chain->ordered)
		text = "its certificates do not each come from the next one: partners may be "
		       "unable to verify it";
	else if (chain->facts.expires < chain->not_after)
		text = "an intermediate certificate ends before the certificate itself";
	else if (!chain->for_server)
		text = "the certificate may not identify a server: partners that connect may "
		       "refuse it";
	else if (!chain->for_client)
		text = "the certificate may identify servers only: some partners refuse it when "
		       "we connect to them";
	snprintf(identity->warning, sizeof(identity->warning), "%s", text);
}

static void judge(struct x509_identity *identity, X509 *certificate, const char *key_pem,
		  size_t key_len)
{
	EVP_PKEY *key = read_key(key_pem, key_len, identity->error);

	if (key)
		snprintf(identity->kind, sizeof(identity->kind), "%s",
			 EVP_PKEY_get0_type_name(key));
	if (!key) {
		identity->wrong = X509_PART_KEY;
	} else if (!X509_check_private_key(certificate, key)) {
		identity->wrong = X509_PART_KEY;
		fail(identity->error, "the key does not belong to the certificate");
	} else if (is_unusable(&identity->chain, identity->error)) {
		identity->wrong = X509_PART_CERTIFICATE;
	} else {
		warn(identity);
	}
	EVP_PKEY_free(key);
}

void x509_identity_read(struct x509_identity *identity, const char *certificate,
			size_t certificate_len, const char *key, size_t key_len, int64_t now)
{
	STACK_OF(X509) * certificates;

	memset(identity, 0, sizeof(*identity));
	certificates =
		read_certificates(certificate, certificate_len, X509_CHAIN_MAX, identity->error);
	if (!certificates) {
		identity->wrong = X509_PART_CERTIFICATE;
		return;
	}
	read_chain(&identity->chain, certificates, now);
	judge(identity, sk_X509_value(certificates, 0), key, key_len);
	sk_X509_pop_free(certificates, X509_free);
}

void x509_identity_fini(struct x509_identity *identity)
{
	x509_chain_fini(&identity->chain);
}

int x509_anchors_read(const char *pem, size_t len, size_t *count, char error[X509_TEXT_SIZE])
{
	STACK_OF(X509) *certificates = read_certificates(pem, len, INT_MAX, error);

	*count = 0;
	if (!certificates)
		return -FAIL_INVALID_ARGUMENT;
	*count = (size_t)sk_X509_num(certificates);
	sk_X509_pop_free(certificates, X509_free);
	return 0;
}

/* ---- revocation lists ---- */

static bool is_in_force(const X509_CRL *crl, int64_t now, char error[X509_TEXT_SIZE])
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	char day[16];

	if (now < x509_seconds(X509_CRL_get0_lastUpdate(crl))) {
		date(day, x509_seconds(X509_CRL_get0_lastUpdate(crl)));
		snprintf(error, X509_TEXT_SIZE, "a list in it is not in force before %s", day);
		return false;
	}
	if (next && now > x509_seconds(next)) {
		date(day, x509_seconds(next));
		snprintf(error, X509_TEXT_SIZE,
			 "a list in it should have been replaced on %s: what was revoked since is "
			 "not known",
			 day);
		return false;
	}
	return true;
}

bool x509_crl_read(const char *pem, size_t len, int64_t now, char error[X509_TEXT_SIZE])
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	bool good = true;
	size_t count = 0;
	X509_CRL *crl;

	if (!bio)
		abort();
	ERR_clear_error();
	while (good && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
		good = is_in_force(crl, now, error);
		count++;
		X509_CRL_free(crl);
	}
	if (good && (!at_end_of_pem() || !count)) {
		snprintf(
			error, X509_TEXT_SIZE, "%s",
			count ? "a revocation list in it cannot be parsed; it and what follows are "
				"left out"
			      : "it holds no revocation list in PEM that can be parsed; it is left "
				"out");
		good = false;
	}
	BIO_free(bio);
	ERR_clear_error();
	return good;
}
