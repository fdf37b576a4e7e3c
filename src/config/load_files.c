/* What the files hold that a configuration names: certificates, keys, secrets. */
#include <errno.h>
#include <string.h>

#include "config/value.h"
#include "load_int.h"

#define OTHERS 07 /* permission bits of everyone but owner and group */

static const char *error_text(int error)
{
	return error == EFBIG ? "it is too large" : strerror(error);
}

/* Reads what a key names; false where it cannot be, and DIAGS says why. */
static bool read_named(const struct load *l, const char *path, const struct place *at, size_t max,
		       struct config_file *file)
{
	int error = l->files->read(l->files->context, path, max, file);

	if (error)
		diags_add(l->diags, SEVERITY_ERROR, at, "`%s` cannot be read: %s", path,
			  error_text(error));
	return !error;
}

/* Not an error: whoever put it so may have had to, and federation would stand still. */
static void check_mode(const struct load *l, const char *path, const struct place *at,
		       const struct config_file *file, const char *what)
{
	if (file->mode & OTHERS)
		diags_add(l->diags, SEVERITY_WARNING, at,
			  "`%s` holds a %s and is open to every user (mode %04o)", path, what,
			  file->mode);
}

/* ---- certificates ---- */

/* False where they are of no use. */
static bool judge_identity(const struct load *l, const struct config_domain *domain,
			   const struct config_file *certificate, const struct config_file *key)
{
	struct place at_certificate =
		load_value_place(l, &domain->base, SECTION_DOMAINS, "certificate");
	struct place at_key = load_value_place(l, &domain->base, SECTION_DOMAINS, "private-key");
	struct config_identity identity;

	memset(&identity, 0, sizeof(identity));
	l->files->identity(l->files->context, certificate, key, domain->base.name, &identity);
	if (identity.wrong == CONFIG_PART_CERTIFICATE)
		diags_add(l->diags, SEVERITY_ERROR, &at_certificate, "`%s`: %s",
			  domain->certificate, identity.error);
	else if (identity.wrong == CONFIG_PART_KEY)
		diags_add(l->diags, SEVERITY_ERROR, &at_key, "`%s`: %s", domain->private_key,
			  identity.error);
	if (identity.wrong != CONFIG_PART_NONE)
		return false;
	if (identity.warning[0])
		diags_add(l->diags, SEVERITY_WARNING, &at_certificate, "`%s`: %s",
			  domain->certificate, identity.warning);
	if (!identity.names_domain && load_any_row_may(l, METHOD_SASL_TLS))
		diags_add(l->diags, SEVERITY_WARNING, &at_certificate,
			  "`%s` does not name `%s`: partners will refuse it for SASL",
			  domain->certificate, domain->base.name);
	return true;
}

static void check_identity(const struct load *l, const struct config_domain *domain)
{
	struct place at_certificate =
		load_value_place(l, &domain->base, SECTION_DOMAINS, "certificate");
	struct place at_key = load_value_place(l, &domain->base, SECTION_DOMAINS, "private-key");
	struct config_file certificate, key;
	bool have_certificate, have_key, good = true;

	have_certificate =
		domain->certificate &&
		read_named(l, domain->certificate, &at_certificate, CONFIG_PEM_MAX, &certificate);
	have_key = domain->private_key &&
		   read_named(l, domain->private_key, &at_key, CONFIG_PEM_MAX, &key);
	if (have_certificate && have_key && l->files->identity && domain->base.name)
		good = judge_identity(l, domain, &certificate, &key);
	if (have_key && good) /* what is no key may be open to everyone */
		check_mode(l, domain->private_key, &at_key, &key, "private key");
	if (have_certificate)
		config_file_fini(&certificate);
	if (have_key)
		config_file_fini(&key);
}

static void check_domain(const struct load *l, const struct config_domain *domain)
{
	const char *name = domain->base.name;
	bool good = name && load_key_good(&domain->base, SECTION_DOMAINS, "certificate") &&
		    load_key_good(&domain->base, SECTION_DOMAINS, "private-key");

	if (good && domain->certificate && !domain->private_key)
		diags_add(l->diags, SEVERITY_ERROR, &domain->base.at,
			  "`%s` has a `certificate`, but no `private-key`", name);
	if (good && !domain->certificate && domain->private_key)
		diags_add(l->diags, SEVERITY_ERROR, &domain->base.at,
			  "`%s` has a `private-key`, but no `certificate`", name);
	check_identity(l, domain);
}

static void check_anchors(const struct load *l)
{
	const struct config_tls *tls = &l->config->tls;
	struct place at = load_value_place(l, &tls->base, SECTION_TLS, "trust-anchors");
	bool chosen = tls->base.set[schema_index(schema_key(SECTION_TLS, "trust-anchors"))].file;
	struct config_file file;
	char error[200] = "";
	int rc;

	if (!tls->trust_anchors)
		return;
	rc = l->files->read(l->files->context, tls->trust_anchors, CONFIG_ANCHORS_MAX, &file);
	if (rc) {
		/* without the system's list one can still do dialback; a file that was named must be there */
		diags_add(l->diags, chosen ? SEVERITY_ERROR : SEVERITY_WARNING, &at,
			  "`%s` cannot be read: %s%s", tls->trust_anchors, error_text(rc),
			  chosen ? "" : "; no partner's certificate will be trusted");
		return;
	}
	if (l->files->anchors && !l->files->anchors(l->files->context, &file, error, sizeof(error)))
		diags_add(l->diags, SEVERITY_ERROR, &at, "`%s`: %s", tls->trust_anchors, error);
	config_file_fini(&file);
}

/* ---- secrets ---- */

/* The length of a secret: what stands before a newline at the end. */
static size_t secret_len(const struct config_file *file)
{
	size_t len = file->len;

	if (len && file->data[len - 1] == '\n')
		len--;
	if (len && file->data[len - 1] == '\r')
		len--;
	return len;
}

static void check_link_secret(const struct load *l, const struct config_inside *link)
{
	struct place at = load_value_place(l, &link->base, SECTION_INSIDE, "secret-file");
	struct config_file file;

	if (!link->secret_file || !read_named(l, link->secret_file, &at, CONFIG_SECRET_MAX, &file))
		return;
	if (!secret_len(&file))
		diags_add(l->diags, SEVERITY_ERROR, &at, "`%s` is empty", link->secret_file);
	check_mode(l, link->secret_file, &at, &file, "secret");
	config_file_fini(&file);
}

/* NAME is its setting; MADE: where it is missing it will be made. */
static void check_dialback_secret(const struct load *l, const char *name, const char *path,
				  bool made)
{
	const struct config_gateway *g = &l->config->gateway;
	struct place at = load_value_place(l, &g->base, SECTION_GATEWAY, name);
	struct config_file file;
	int error;

	if (!path)
		return;
	error = l->files->read(l->files->context, path, CONFIG_SECRET_MAX, &file);
	if (error == ENOENT && made)
		return;
	if (error) {
		diags_add(l->diags, SEVERITY_ERROR, &at, "`%s` cannot be read: %s", path,
			  error_text(error));
		return;
	}
	/* a short one can be guessed from the keys that go over the wire [XEP-0185] */
	if (secret_len(&file) < CONFIG_SECRET_MIN)
		diags_add(l->diags, SEVERITY_ERROR, &at,
			  "`%s` has %zu bytes: a dialback secret needs at least %d", path,
			  secret_len(&file), CONFIG_SECRET_MIN);
	check_mode(l, path, &at, &file, "secret");
	config_file_fini(&file);
}

void load_check_files(struct load *l)
{
	const struct config *c = l->config;
	size_t i;

	check_anchors(l);
	check_dialback_secret(l, "dialback-secret-file", c->gateway.dialback_secret_file, true);
	check_dialback_secret(l, "previous-dialback-secret-file",
			      c->gateway.previous_dialback_secret_file, false);
	for (i = 0; i < c->domain_count; i++)
		check_domain(l, &c->domains[i]);
	for (i = 0; i < c->inside_count; i++)
		check_link_secret(l, &c->inside[i]);
}
