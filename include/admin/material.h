/*
 * material: all that the gateway is made of, read from the disk: the configuration and the secrets.
 *
 * Read whole or not at all, at the start and for every reload. Embedded in whoever reads it; fini in any case, after the gateway
 * took from it what it keeps. Blocks on the disk: for the main thread.
 */
#ifndef ADMIN_MATERIAL_H
#define ADMIN_MATERIAL_H

#include <stdbool.h>

#include "admin/secret.h"
#include "config/config.h"
#include "gateway/gateway.h"

struct material {
	struct config *config; /* NULL once somebody has taken it */
	struct diags diags;
	char error[SECRET_ERROR_SIZE]; /* what is wrong beside the configuration; "" */
	char made[SECRET_ERROR_SIZE];  /* the file of a secret that was made; "" */
	struct secret secret, previous;
	struct secret *inside; /* owned: of each entry */
	const char **texts;    /* owned */
	size_t inside_count;
};

/* -FAIL_CONFIG: diags or error say why. A state-dir and a dialback secret that are not there are made. */
int material_read(struct material *m, const char *path) must_check;
void material_fini(struct material *m);
/* Its part of OPTIONS; borrowed. */
void material_give(const struct material *m, struct gateway_options *options);

#endif
