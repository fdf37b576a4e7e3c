#include "admin/files.h"

#include <stdio.h>

#include "net/tls.h"
#include "net/x509.h"
#include "trust/cert_name.h"

static enum config_part part_of(enum x509_part part)
{
	switch (part) {
	case X509_PART_NONE:
		return CONFIG_PART_NONE;
	case X509_PART_CERTIFICATE:
		return CONFIG_PART_CERTIFICATE;
	case X509_PART_KEY:
		return CONFIG_PART_KEY;
	}
	return CONFIG_PART_CERTIFICATE;
}

static void identity(void *context, const struct config_file *certificate,
		     const struct config_file *key, const char *domain, struct config_identity *out)
{
	const struct admin_files *f = context;
	struct x509_identity found;

	x509_identity_read(&found, certificate->data, certificate->len, key->data, key->len,
			   f->now);
	out->wrong = part_of(found.wrong);
	snprintf(out->error, sizeof(out->error), "%s", found.error);
	snprintf(out->warning, sizeof(out->warning), "%s", found.warning);
	if (!domain && found.chain.ordered) /* it is only shown to those whom we dial */
		snprintf(out->warning, sizeof(out->warning), "%s",
			 found.chain.for_client ? ""
						: "the certificate may not identify a client, and "
						  "only a partner that wants that needs one");
	snprintf(out->kind, sizeof(out->kind), "%s", found.kind);
	out->expired = found.wrong == X509_PART_CERTIFICATE &&
		       found.chain.facts.chain == CERT_CHAIN_EXPIRED;
	out->names_domain = !domain || cert_name_matches(&found.chain.facts, domain);
	x509_identity_fini(&found);
}

static bool anchors(void *context, const struct config_file *file, char *error, size_t size)
{
	char text[X509_TEXT_SIZE];
	size_t count;

	(void)context;
	if (!x509_anchors_read(file->data, file->len, &count, text))
		return true;
	snprintf(error, size, "%s", text);
	return false;
}

static bool crl(void *context, const struct config_file *file, char *error, size_t size)
{
	const struct admin_files *f = context;
	char text[X509_TEXT_SIZE];

	if (x509_crl_read(file->data, file->len, f->now, text))
		return true;
	snprintf(error, size, "%s", text);
	return false;
}

static bool ciphers(void *context, const char *names, char *error, size_t size)
{
	char text[TLS_ERROR_SIZE];

	(void)context;
	if (tls_check_ciphers(names, text))
		return true;
	snprintf(error, size, "%s", text);
	return false;
}

void admin_files_init(struct admin_files *f, int64_t now)
{
	f->files = config_files_system();
	f->files.context = f;
	f->files.identity = identity;
	f->files.anchors = anchors;
	f->files.crl = crl;
	f->files.ciphers = ciphers;
	f->now = now;
}
