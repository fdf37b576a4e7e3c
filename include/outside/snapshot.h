/*
 * snapshot: what streams need of the configuration: immutable, counted, shared by all threads.
 *
 * Built as a whole by the main thread (it reads files) or not at all. Whoever keeps it holds a reference.
 */
#ifndef OUTSIDE_SNAPSHOT_H
#define OUTSIDE_SNAPSHOT_H

#include <stdatomic.h>

#include "config/config.h"
#include "net/tls.h"
#include "xmpp/dialback_key.h"

struct snapshot {
	atomic_uint references;
	struct config *config;	     /* owned */
	const struct policy *policy; /* of config */
	struct tls *tls;	     /* owned */
	struct dialback_secret secret;
	struct dialback_secret previous; /* keys of it are ours too, while the secret is changed */
	bool has_previous;
	char **inside_secrets; /* owned: of each config->inside entry */
	size_t *numbers; /* owned: of each local domain, as the gateway counts them; set before it is shared; NULL = not yet */
};

struct snapshot_secrets {   /* all are borrowed */
	const void *secret; /* the dialback secret */
	size_t secret_len;
	const void *previous; /* the one before it; NULL = none */
	size_t previous_len;
	const char *const *inside; /* of each config->inside entry, NUL-terminated */
};

#define SNAPSHOT_ERROR_SIZE 400

/* Takes CONFIG on success. One reference; NULL with the reason. */
struct snapshot *snapshot_new(struct config *config, const struct snapshot_secrets *secrets,
			      char error[SNAPSHOT_ERROR_SIZE]);
struct snapshot *snapshot_get(struct snapshot *s); /* one more reference; returns S */
void snapshot_put(struct snapshot *s);		   /* NULL is allowed */

#endif
