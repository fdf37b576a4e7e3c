/* What the cases of tests/eval/config cannot say: sizes, counts, and what is left of a configuration in memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/document.h"
#include "memory_files.h"

struct fixture {
	struct memory_files files;
	struct diags diags;
	struct config *config;
	int rc;
};

static void load(struct fixture *f, const char *text, size_t len)
{
	memory_files_init(&f->files);
	memory_files_put(&f->files, "fedgate.yml", text, len);
	diags_init(&f->diags);
	f->rc = config_load("fedgate.yml", &f->files.files, &f->config, &f->diags);
}

static void fini(struct fixture *f)
{
	config_free(f->config);
	diags_fini(&f->diags);
	memory_files_fini(&f->files);
}

static const struct diag *only_error(const struct diags *d)
{
	size_t i = 0;

	assert_int_equal(d->totals[SEVERITY_ERROR], 1);
	while (d->items[i].severity != SEVERITY_ERROR)
		i++;
	return &d->items[i];
}

/* The one error of a load. */
static void refused(const struct fixture *f, int line, const char *text)
{
	assert_int_equal(f->rc, -FAIL_CONFIG);
	assert_null(f->config);
	assert_int_equal(only_error(&f->diags)->line, line);
	assert_string_equal(only_error(&f->diags)->text, text);
}

/* A comment of LEN bytes with the newline at its end. */
static char *comment(size_t len)
{
	char *text = mem_new(len + 1);

	memset(text, '#', len);
	text[len - 1] = '\n';
	return text;
}

static void test_size(void **state)
{
	char *text = comment(DOCUMENT_MAX + 1);
	struct fixture f;

	(void)state;
	load(&f, text + 1, DOCUMENT_MAX);
	assert_int_equal(f.rc, 0);
	fini(&f);
	load(&f, text, DOCUMENT_MAX + 1);
	refused(&f, 0, "the file cannot be read: it is larger than 1 MiB");
	fini(&f);
	free(text);
}

/* TEXT, COUNT times. */
static char *repeat(const char *text, size_t count)
{
	size_t len = strlen(text), i;
	char *all = mem_new(len * count + 1);

	for (i = 0; i < count; i++)
		memcpy(all + i * len, text, len);
	return all;
}

/* A file full of brackets neither fills the stack nor the memory. */
static void test_nesting(void **state)
{
	char *text = repeat("[", DOCUMENT_MAX);
	struct fixture f;

	(void)state;
	load(&f, text, DOCUMENT_MAX);
	refused(&f, 1, "lists and maps are nested too deeply");
	assert_int_equal(f.diags.items[0].column, DOCUMENT_DEPTH + 1);
	fini(&f);
	free(text);
}

/* Of very many errors the first thousand are kept, and how many there are more is told. */
static void test_many_errors(void **state)
{
	char *text = mem_new(DOCUMENT_MAX);
	struct fixture f;
	size_t len = 0, i;

	(void)state;
	for (i = 0; i < DIAGS_MAX + 234; i++)
		len += (size_t)sprintf(text + len, "zzzzzzz%zu: 1\n", i);
	load(&f, text, len);
	assert_int_equal(f.rc, -FAIL_CONFIG);
	assert_int_equal(f.diags.totals[SEVERITY_ERROR], DIAGS_MAX + 234);
	assert_int_equal(f.diags.count, DIAGS_MAX + 1);
	assert_string_equal(f.diags.items[0].text, "unknown section `zzzzzzz0`");
	assert_int_equal(f.diags.items[DIAGS_MAX].severity, SEVERITY_NOTE);
	/* the 1234 errors, and two warnings that nothing is configured */
	assert_string_equal(f.diags.items[DIAGS_MAX].text,
			    "236 more errors, warnings and notes are not shown");
	fini(&f);
	free(text);
}

/* An error pushes out a warning, so that what refuses the file is shown. */
static void test_errors_before_warnings(void **state)
{
	struct place at = { "fedgate.yml", 0, 1, 1 };
	struct diags d;
	int i;

	(void)state;
	diags_init(&d);
	for (i = 0; i < DIAGS_MAX; i++)
		diags_add(&d, i % 2 ? SEVERITY_WARNING : SEVERITY_ERROR, &at, "%d", i);
	diags_add(&d, SEVERITY_NOTE, &at, "a note has no room");
	diags_add(&d, SEVERITY_ERROR, &at, "an error has");
	assert_true(diags_full(&d));
	assert_int_equal(d.count, DIAGS_MAX);
	assert_string_equal(d.items[DIAGS_MAX - 1].text, "an error has");
	assert_int_equal(d.items[DIAGS_MAX - 1].severity, SEVERITY_ERROR);
	diags_fini(&d);
}

/* Very long keys, values and lists are cut in what is said of them. */
static void test_long_words(void **state)
{
	char *word = repeat("z", 100000), *text = mem_new(300000);
	struct fixture f;
	size_t i;

	(void)state;
	snprintf(text, 300000, "gateway:\n  ? \"%s\"\n  : 1\n  log-level: \"%s\"\n", word, word);
	load(&f, text, strlen(text));
	assert_int_equal(f.rc, -FAIL_CONFIG);
	assert_int_equal(f.diags.totals[SEVERITY_ERROR], 2);
	for (i = 0; i < f.diags.count; i++)
		assert_true(strlen(f.diags.items[i].text) < 300);
	fini(&f);
	free(word);
	free(text);
}

static void test_many_addresses(void **state)
{
	char *items = repeat("\"127.0.0.1:1\", ", 65), text[2000];
	struct fixture f;

	(void)state;
	snprintf(text, sizeof(text), "gateway:\n  listen: [%s]\n", items);
	load(&f, text, strlen(text));
	refused(&f, 2, "`listen` has more than 64 items");
	fini(&f);
	free(items);
}

/* ---- a directory with more files than may be included ---- */

#define MANY 1200

static int many_read(void *context, const char *path, size_t max, struct config_file *out)
{
	const char *text = strcmp(path, "fedgate.yml") ? "" : "include: \"*.yml\"\n";
	unsigned *reads = context;

	assert_true(max >= strlen(text));
	memset(out, 0, sizeof(*out));
	if (path[0] == '/')
		return ENOENT;
	out->data = mem_strdup(text);
	out->len = strlen(text);
	out->mode = 0600;
	out->inode = ++*reads;
	return 0;
}

static int many_list(void *context, const char *pattern, struct config_names *out)
{
	char name[20];

	(void)context;
	(void)pattern;
	memset(out, 0, sizeof(*out));
	out->items = mem_new(MANY * sizeof(*out->items));
	for (; out->count < MANY; out->count++) {
		snprintf(name, sizeof(name), "%04zu.yml", out->count);
		out->items[out->count] = mem_strdup(name);
	}
	return 0;
}

static void test_many_files(void **state)
{
	unsigned reads = 0;
	struct config_files files = { .context = &reads, .read = many_read, .list = many_list };
	struct config *c;
	struct diags d;

	(void)state;
	diags_init(&d);
	assert_int_equal(config_load("fedgate.yml", &files, &c, &d), -FAIL_CONFIG);
	assert_null(c);
	assert_string_equal(only_error(&d)->text, "more than 1000 files are included");
	assert_int_equal(reads, 1000);
	diags_fini(&d);
}

static void test_list_error(void **state)
{
	static const char text[] = "include: conf.d/*.yml\n";
	struct fixture f;

	(void)state;
	memory_files_init(&f.files);
	memory_files_puts(&f.files, "fedgate.yml", text);
	f.files.list_error = EACCES;
	diags_init(&f.diags);
	f.rc = config_load("fedgate.yml", &f.files.files, &f.config, &f.diags);
	refused(&f, 1, "`conf.d/*.yml` cannot be read: Permission denied");
	fini(&f);
}

/* ---- what is left ---- */

/* The partner's own limit, or the gateway's; where it was written; the files; the policy is ready. */
static void test_result(void **state)
{
	static const char text[] =
		"include: more.yml\n"
		"gateway: { partner-connection-limit: 7 }\n"
		"domains:\n"
		"  chat.example.com: { certificate: chat.pem, private-key: chat.key,"
		" inside: app }\n"
		"inside:\n"
		"  app: { type: component-listener, listen: \"127.0.0.1:5347\","
		" secret-file: app.secret }\n";
	static const char more[] = "partners:\n"
				   "  example.org: { sasl: optional, certificate-check: strict }\n"
				   "  example.net: { connection-limit: 3, dialback: false }\n";
	const struct partner *p;
	enum partner_match match;
	const char *pattern;
	struct fixture f;

	(void)state;
	memory_files_init(&f.files);
	memory_files_puts(&f.files, "fedgate.yml", text);
	memory_files_puts(&f.files, "more.yml", more);
	diags_init(&f.diags);
	f.rc = config_load("fedgate.yml", &f.files.files, &f.config, &f.diags);
	assert_int_equal(f.rc, 0);
	assert_int_equal(f.diags.count, 0);
	assert_int_equal(f.config->file_count, 2);
	assert_string_equal(f.config->files[1], "more.yml");
	p = policy_partner(&f.config->policy, "example.org", &match, &pattern);
	assert_non_null(p);
	assert_int_equal(p->row->number, 7);
	assert_true(p->strict);
	assert_int_equal(p->connection_limit, 7);
	assert_string_equal(p->file, "more.yml");
	assert_int_equal(p->line, 2);
	p = policy_partner(&f.config->policy, "example.net", &match, &pattern);
	assert_non_null(p);
	assert_int_equal(p->row->number, 2);
	assert_int_equal(p->connection_limit, 3);
	assert_null(policy_partner(&f.config->policy, "example.com", &match, &pattern));
	assert_ptr_equal(f.config->domains[0].inside, &f.config->inside[0]);
	fini(&f);
}

struct origins {
	unsigned written, built_in;
};

static void count_origin(void *context, const char *name, const char *value,
			 const struct place *origin)
{
	struct origins *o = context;

	(void)value;
	if (!origin->file) {
		o->built_in++;
		return;
	}
	o->written++;
	assert_string_equal(name, "gateway.workers");
	assert_int_equal(origin->line, 2);
	assert_int_equal(origin->column, 12);
}

static void test_origin(void **state)
{
	static const char text[] = "gateway:\n  workers: 4\n";
	struct origins o = { 0, 0 };
	struct fixture f;

	(void)state;
	load(&f, text, strlen(text));
	assert_int_equal(f.rc, 0);
	config_each_value(f.config, count_origin, &o);
	assert_int_equal(o.written, 1);
	assert_true(o.built_in > 10);
	fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),	    cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_many_errors), cmocka_unit_test(test_errors_before_warnings),
		cmocka_unit_test(test_long_words),  cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_many_files),  cmocka_unit_test(test_list_error),
		cmocka_unit_test(test_result),	    cmocka_unit_test(test_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
