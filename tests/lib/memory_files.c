#include "memory_files.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct memory_file *find(struct memory_files *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (!strcmp(m->items[i].name, name))
			return &m->items[i];
	return NULL;
}

static int read_file(void *context, const char *path, size_t max, struct config_file *out)
{
	const struct memory_file *f = find(context, path);

	memset(out, 0, sizeof(*out));
	if (!f)
		return ENOENT;
	if (f->error)
		return f->error;
	if (f->len > max)
		return EFBIG;
	out->data = mem_strndup(f->data, f->len);
	out->len = f->len;
	out->mode = f->mode;
	out->device = 1;
	out->inode = f->same;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_files(void *context, const char *pattern, struct config_names *out)
{
	struct memory_files *m = context;
	size_t i;

	memset(out, 0, sizeof(*out));
	if (m->list_error)
		return m->list_error;
	out->items = mem_new(m->count * sizeof(*out->items));
	for (i = 0; i < m->count; i++)
		if (!fnmatch(pattern, m->items[i].name, FNM_PATHNAME))
			out->items[out->count++] = mem_strdup(m->items[i].name);
	qsort(out->items, out->count, sizeof(*out->items), by_name);
	return 0;
}

/* The words of a file. */
static void words(const struct config_file *file, char out[256])
{
	size_t len = file->len < 255 ? file->len : 255;

	memcpy(out, file->data, len);
	out[len] = '\0';
}

static void identity(void *context, const struct config_file *certificate,
		     const struct config_file *key, const char *domain, struct config_identity *out)
{
	char text[256], key_text[256], naming[300];
	int number = 0, key_number = 0;

	(void)context;
	words(certificate, text);
	words(key, key_text);
	if (sscanf(text, "certificate %d", &number) != 1 || strstr(text, " broken")) {
		out->wrong = CONFIG_PART_CERTIFICATE;
		snprintf(out->error, sizeof(out->error), "the certificate is broken");
	} else if (sscanf(key_text, "key %d", &key_number) != 1 || strstr(key_text, " broken")) {
		out->wrong = CONFIG_PART_KEY;
		snprintf(out->error, sizeof(out->error), "the key is broken");
	} else if (number != key_number) {
		out->wrong = CONFIG_PART_KEY;
		snprintf(out->error, sizeof(out->error), "the key is another's");
	}
	if (strstr(text, " warning"))
		snprintf(out->warning, sizeof(out->warning), "the certificate is odd");
	if (strstr(text, " expired")) {
		out->wrong = CONFIG_PART_CERTIFICATE;
		out->expired = true;
		snprintf(out->error, sizeof(out->error), "the certificate expired");
	}
	snprintf(out->kind, sizeof(out->kind), "%s", strstr(text, " rsa") ? "RSA" : "EC");
	snprintf(naming, sizeof(naming), " for %s", domain ? domain : "");
	out->names_domain = !domain || strstr(text, naming) != NULL;
}

static bool crl(void *context, const struct config_file *file, char *error, size_t size)
{
	char text[256];

	(void)context;
	words(file, text);
	snprintf(error, size, "there is no list in it");
	return !strncmp(text, "crl", 3);
}

static bool ciphers(void *context, const char *names, char *error, size_t size)
{
	(void)context;
	snprintf(error, size, "there are no such ciphers");
	return !strstr(names, "NONE");
}

static bool anchors(void *context, const struct config_file *file, char *error, size_t size)
{
	char text[256];

	(void)context;
	words(file, text);
	snprintf(error, size, "there is no anchor in it");
	return !strncmp(text, "anchors", 7);
}

struct memory_file *memory_files_put(struct memory_files *m, const char *name, const char *data,
				     size_t len)
{
	struct memory_file *f = find(m, name);

	if (!f) {
		if (m->count == MEMORY_FILES_MAX)
			return NULL;
		f = &m->items[m->count];
		f->name = mem_strdup(name);
		f->same = m->count++;
	}
	free(f->data);
	f->data = mem_strndup(data, len);
	f->len = len;
	f->mode = 0600;
	f->error = 0;
	return f;
}

struct memory_file *memory_files_puts(struct memory_files *m, const char *name, const char *text)
{
	return memory_files_put(m, name, text, strlen(text));
}

void memory_files_remove(struct memory_files *m, const char *name)
{
	struct memory_file *f = find(m, name);

	if (f)
		f->error = ENOENT;
}

void memory_files_init(struct memory_files *m)
{
	memset(m, 0, sizeof(*m));
	m->files =
		(struct config_files){ m, read_file, list_files, identity, anchors, crl, ciphers };
	memory_files_puts(m, "chat.pem", "certificate 1 for chat.example.com");
	memory_files_puts(m, "chat.key", "key 1");
	memory_files_puts(m, "app.secret", "secret\n");
	memory_files_puts(m, "/etc/ssl/certs/ca-certificates.crt", "anchors");
}

void memory_files_fini(struct memory_files *m)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		free(m->items[i].name);
		free(m->items[i].data);
	}
	memset(m, 0, sizeof(*m));
}
