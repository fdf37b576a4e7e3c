#include "outside/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

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

struct snapshot *snapshot_new(struct config *config, const void *secret, size_t secret_len,
			      char error[SNAPSHOT_ERROR_SIZE])
{
	enum tls_version version =
		config->tls.min_version == CONFIG_TLS_1_3 ? TLS_VERSION_1_3 : TLS_VERSION_1_2;
	struct snapshot *s = mem_new(sizeof(*s));
	char reason[TLS_ERROR_SIZE] = "";

	atomic_init(&s->references, 1);
	if (dialback_secret_init(&s->secret, secret, secret_len)) {
		snprintf(error, SNAPSHOT_ERROR_SIZE, "the dialback secret is shorter than %d bytes",
			 DIALBACK_SECRET_MIN);
		snapshot_put(s);
		return NULL;
	}
	s->tls = tls_new(config->tls.trust_anchors, version, reason);
	if (!s->tls || add_identities(s->tls, config, reason)) {
		snprintf(error, SNAPSHOT_ERROR_SIZE, "%s", reason);
		snapshot_put(s);
		return NULL;
	}
	s->config = config;
	s->policy = &config->policy;
	return s;
}

struct snapshot *snapshot_get(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
	return s;
}

void snapshot_put(struct snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
		return;
	tls_free(s->tls);
	config_free(s->config);
	free(s);
}
