#include "outside/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int add_identities(struct tls *tls, const struct config *c, char error[TLS_ERROR_SIZE])
{
	size_t i, k;
	int rc = 0;

	for (i = 0; i < c->domain_count && !rc; i++) {
		const struct config_domain *d = &c->domains[i];
		for (k = 0; k < d->certificate.count && !rc; k++)
			rc = tls_add_identity(tls, d->base.name, d->certificate.items[k],
					      d->private_key.items[k], error);
	}
	return rc;
}

static enum tls_version version_of(const struct config *c, const struct config_partner *p)
{
	if (p && p->tls_min_version)
		return p->tls_min_version == CONFIG_PARTNER_TLS_1_3 ? TLS_VERSION_1_3
								    : TLS_VERSION_1_2;
	return c->tls.min_version == CONFIG_TLS_1_3 ? TLS_VERSION_1_3 : TLS_VERSION_1_2;
}

static int add_partner(struct tls *tls, const struct config *c, size_t partner,
		       char error[TLS_ERROR_SIZE])
{
	unsigned number = c->policy.partners[partner].verification;
	const struct config_partner *p = &c->partners[partner];
	struct tls_wants wants = {
		.anchors = p->trust_anchors,
		.min_version = version_of(c, p),
		.ciphers = p->ciphers,
		.crls = (const char *const *)p->crl_files.items,
		.crl_count = p->crl_files.count,
		.crl_hard = p->crl_check == CONFIG_CRL_HARD,
		.client_only = p->accept_client_only_eku,
	};
	size_t i;
	int rc;

	if (!number)
		return 0;
	rc = tls_add_wants(tls, number, &wants, error);
	for (i = 0; i < p->outbound_certificate.count && !rc; i++)
		rc = tls_add_outbound(tls, number, p->outbound_certificate.items[i],
				      p->outbound_private_key.items[i], error);
	return rc;
}

static int add_partners(struct tls *tls, const struct config *c, char error[TLS_ERROR_SIZE])
{
	size_t i;
	int rc = 0;

	for (i = 0; i < c->partner_count && !rc; i++)
		rc = add_partner(tls, c, i, error);
	return rc;
}

static int take_dialback(struct snapshot *s, const struct snapshot_secrets *secrets,
			 char error[SNAPSHOT_ERROR_SIZE])
{
	s->has_previous = secrets->previous != NULL;
	if (!dialback_secret_init(&s->secret, secrets->secret, secrets->secret_len) &&
	    (!secrets->previous ||
	     !dialback_secret_init(&s->previous, secrets->previous, secrets->previous_len)))
		return 0;
	snprintf(error, SNAPSHOT_ERROR_SIZE, "a dialback secret is shorter than %d bytes",
		 DIALBACK_SECRET_MIN);
	return -FAIL_CONFIG;
}

static void take_inside(struct snapshot *s, const struct config *config,
			const struct snapshot_secrets *secrets)
{
	size_t i;

	s->inside_secrets = mem_new((config->inside_count + 1) * sizeof(*s->inside_secrets));
	for (i = 0; i < config->inside_count; i++)
		s->inside_secrets[i] = mem_strdup(secrets->inside[i]);
}

struct snapshot *snapshot_new(struct config *config, const struct snapshot_secrets *secrets,
			      char error[SNAPSHOT_ERROR_SIZE])
{
	struct snapshot *s = mem_new(sizeof(*s));
	char reason[TLS_ERROR_SIZE] = "";

	atomic_init(&s->references, 1);
	if (take_dialback(s, secrets, error)) {
		snapshot_put(s);
		return NULL;
	}
	s->tls = tls_new(config->tls.trust_anchors, version_of(config, NULL), reason);
	if (!s->tls || add_identities(s->tls, config, reason) ||
	    add_partners(s->tls, config, reason)) {
		snprintf(error, SNAPSHOT_ERROR_SIZE, "%s", reason);
		snapshot_put(s);
		return NULL;
	}
	take_inside(s, config, secrets);
	s->config = config;
	s->policy = &config->policy;
	return s;
}

struct snapshot *snapshot_get(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
	return s;
}

static void free_inside(struct snapshot *s)
{
	char **secret;

	for (secret = s->inside_secrets; secret && *secret; secret++) {
		explicit_bzero(*secret, strlen(*secret));
		free(*secret);
	}
	free(s->inside_secrets);
}

void snapshot_put(struct snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
		return;
	free_inside(s);
	free(s->numbers);
	tls_free(s->tls);
	config_free(s->config);
	explicit_bzero(&s->secret, sizeof(s->secret));
	explicit_bzero(&s->previous, sizeof(s->previous));
	free(s);
}
