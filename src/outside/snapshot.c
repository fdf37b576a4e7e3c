#include "outside/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int add_identities(struct tls *tls, const struct config *c, char error[TLS_ERROR_SIZE])
{
	size_t i;

	for (i = 0; i < c->domain_count; i++) {
		const struct config_domain *d = &c->domains[i];
		int rc;
		if (!d->certificate)
			continue;
		rc = tls_add_identity(tls, d->base.name, d->certificate, d->private_key, error);
		if (rc)
			return rc;
	}
	return 0;
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
	enum tls_version version =
		config->tls.min_version == CONFIG_TLS_1_3 ? TLS_VERSION_1_3 : TLS_VERSION_1_2;
	struct snapshot *s = mem_new(sizeof(*s));
	char reason[TLS_ERROR_SIZE] = "";

	atomic_init(&s->references, 1);
	if (take_dialback(s, secrets, error)) {
		snapshot_put(s);
		return NULL;
	}
	s->tls = tls_new(config->tls.trust_anchors, version, reason);
	if (!s->tls || add_identities(s->tls, config, reason)) {
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
