#include "admin/material.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/command.h"
#include "base/mem.h"

/* Whoever starts it by hand has no service manager to make it. */
static int make_state_dir(struct material *m)
{
	const char *path = m->config->gateway.state_dir;

	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	snprintf(m->error, sizeof(m->error), "state-dir %.150s: cannot be made: %s", path,
		 strerror(errno));
	return -FAIL_IO;
}

static int read_dialback(struct material *m)
{
	const struct config_gateway *g = &m->config->gateway;
	bool made;
	int rc = secret_ensure(g->dialback_secret_file, &made, m->error);

	if (rc)
		return rc;
	if (made)
		snprintf(m->made, sizeof(m->made), "%.250s", g->dialback_secret_file);
	rc = secret_load(g->dialback_secret_file, CONFIG_SECRET_MIN, &m->secret, m->error);
	if (!rc && g->previous_dialback_secret_file)
		rc = secret_load(g->previous_dialback_secret_file, CONFIG_SECRET_MIN, &m->previous,
				 m->error);
	return rc;
}

static int read_inside(struct material *m)
{
	size_t i;

	m->inside_count = m->config->inside_count;
	m->inside = mem_new((m->inside_count + 1) * sizeof(*m->inside));
	m->texts = mem_new((m->inside_count + 1) * sizeof(*m->texts));
	for (i = 0; i < m->inside_count; i++) {
		const char *path = m->config->inside[i].secret_file;
		if (secret_load(path, 1, &m->inside[i], m->error))
			return -FAIL_CONFIG;
		if (strlen(m->inside[i].data) != m->inside[i].len) {
			snprintf(m->error, sizeof(m->error), "%.180s: it has a byte 0", path);
			return -FAIL_CONFIG;
		}
		m->texts[i] = m->inside[i].data;
	}
	return 0;
}

int material_read(struct material *m, const char *path)
{
	memset(m, 0, sizeof(*m));
	diags_init(&m->diags);
	if (command_load(path, &m->config, &m->diags) || make_state_dir(m) || read_dialback(m) ||
	    read_inside(m))
		return -FAIL_CONFIG;
	return 0;
}

void material_fini(struct material *m)
{
	size_t i;

	secret_free(&m->secret);
	secret_free(&m->previous);
	for (i = 0; m->inside && i < m->inside_count; i++)
		secret_free(&m->inside[i]);
	free(m->inside);
	free(m->texts);
	config_free(m->config);
	diags_fini(&m->diags);
	memset(m, 0, sizeof(*m));
}

void material_give(const struct material *m, struct gateway_options *options)
{
	options->config = m->config;
	options->secret = m->secret.data;
	options->secret_len = m->secret.len;
	options->previous = m->previous.data;
	options->previous_len = m->previous.len;
	options->inside_secrets = m->texts;
}
