/*
 * Cases of configurations, from tests/eval/config/: first what is to be said about one, then its files. A case begins with
 *
 *	@errors NAME	the lines below it are its errors, all of them and no others; warnings and notes are not looked at
 *	@all NAME	the same for errors, warnings and notes
 *	@values NAME	the lines below it are among its effective values, each as NAME: VALUE, and it has no errors
 *
 * and has files, the main one being fedgate.yml:
 *
 *	@file NAME [mode=OCTAL] [errno=NUMBER] [same=NAME]
 *	@escaped NAME	a file in which \xHH stands for a byte, and the newline at the end does not count
 *	@missing NAME	one of the files that are otherwise there is not
 *
 * A case without errors must yield a configuration all of whose partners' rows are valid.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "memory_files.h"
#include "tap.h"

enum wanted { WANT_ERRORS, WANT_ALL, WANT_VALUES };

struct scene {
	char name[200]; /* "" = none yet */
	enum wanted wanted;
	struct buf expected;
	struct memory_files files;
	char file[200]; /* being collected, "" = none: lines are expectations */
	bool escaped;
	unsigned mode;
	int error;
	char same[200];
	struct buf data;
};

static void unescape(struct buf *b)
{
	size_t from, to = 0;
	unsigned byte;

	if (b->len && b->data[b->len - 1] == '\n')
		b->len--;
	buf_str(b);
	for (from = 0; from < b->len; to++) {
		if (b->data[from] == '\\' && sscanf(b->data + from, "\\x%2x", &byte) == 1) {
			b->data[to] = (char)byte;
			from += 4;
		} else {
			b->data[to] = b->data[from++];
		}
	}
	b->len = to;
}

static void end_file(struct scene *s)
{
	struct memory_file *f;
	size_t i;

	if (!s->file[0])
		return;
	/* the empty lines before what comes next are not the file's */
	while (s->data.len && s->data.data[s->data.len - 1] == '\n' &&
	       (s->data.len == 1 || s->data.data[s->data.len - 2] == '\n'))
		s->data.len--;
	if (s->escaped)
		unescape(&s->data);
	f = memory_files_put(&s->files, s->file, s->data.len ? s->data.data : "", s->data.len);
	if (!f)
		abort();
	f->mode = s->mode;
	f->error = s->error;
	for (i = 0; i < s->files.count; i++)
		if (!strcmp(s->files.items[i].name, s->same))
			f->same = s->files.items[i].same;
	buf_clear(&s->data);
	s->file[0] = '\0';
}

static bool is_wanted(const struct scene *s, const struct diag *diag)
{
	return s->wanted == WANT_ALL || diag->severity == SEVERITY_ERROR;
}

struct values {
	const char *expected;
	struct buf *got; /* those whose name is expected, in the order of the schema */
};

static void on_value(void *context, const char *name, const char *value, const struct place *origin)
{
	const struct values *v = context;
	char line[300];
	const char *at;

	(void)origin;
	snprintf(line, sizeof(line), "%s:", name);
	at = strstr(v->expected, line);
	if (at && (at == v->expected || at[-1] == '\n'))
		buf_addf(v->got, "%s: %s\n", name, value);
}

static bool rows_are_valid(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->policy.partner_count; i++)
		if (!row_is_valid(c->policy.partners[i].row))
			return false;
	return true;
}

static void end_case(struct scene *s)
{
	struct diags diags;
	struct config *c;
	struct buf got;
	bool good;
	size_t i;
	int rc;

	end_file(s);
	if (!s->name[0])
		return;
	diags_init(&diags);
	buf_init(&got, BUF_MAX_DEFAULT);
	rc = config_load("fedgate.yml", &s->files.files, &c, &diags);
	for (i = 0; i < diags.count; i++) {
		if (!is_wanted(s, &diags.items[i]))
			continue;
		diag_print(&diags.items[i], &got);
		buf_addc(&got, '\n');
	}
	if (c && s->wanted == WANT_VALUES)
		config_each_value(c, on_value, &(struct values){ buf_str(&s->expected), &got });
	good = !strcmp(buf_str(&got), buf_str(&s->expected)) && (rc == 0) == (c != NULL) &&
	       (rc == 0) == (diags.totals[SEVERITY_ERROR] == 0) && (!c || rows_are_valid(c));
	if (!tap_ok(good, "%s", s->name))
		printf("# expected:\n%s# got (%d):\n%s", buf_str(&s->expected), rc, buf_str(&got));
	config_free(c);
	diags_fini(&diags);
	buf_fini(&got);
	memory_files_fini(&s->files);
	buf_clear(&s->expected);
	s->name[0] = '\0';
}

static void begin_case(struct scene *s, const char *name, enum wanted wanted)
{
	end_case(s);
	memory_files_init(&s->files);
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->wanted = wanted;
}

static void begin_file(struct scene *s, const char *line, bool escaped)
{
	const char *mode = strstr(line, " mode="), *error = strstr(line, " errno="),
		   *same = strstr(line, " same=");

	end_file(s);
	if (sscanf(line, "%199s", s->file) != 1)
		abort();
	s->escaped = escaped;
	s->mode = mode ? (unsigned)strtoul(mode + 6, NULL, 8) : 0600;
	s->error = error ? atoi(error + 7) : 0;
	s->same[0] = '\0';
	if (same && sscanf(same + 6, "%199s", s->same) != 1)
		abort();
}

static void on_line(struct scene *s, const char *line)
{
	if (!strncmp(line, "@errors ", 8)) {
		begin_case(s, line + 8, WANT_ERRORS);
	} else if (!strncmp(line, "@all ", 5)) {
		begin_case(s, line + 5, WANT_ALL);
	} else if (!strncmp(line, "@values ", 8)) {
		begin_case(s, line + 8, WANT_VALUES);
	} else if (!strncmp(line, "@file ", 6)) {
		begin_file(s, line + 6, false);
	} else if (!strncmp(line, "@escaped ", 9)) {
		begin_file(s, line + 9, true);
	} else if (!strncmp(line, "@missing ", 9)) {
		end_file(s);
		memory_files_remove(&s->files, line + 9);
	} else if (line[0] == '@') {
		tap_ok(false, "unknown directive %s", line);
	} else if (s->file[0]) {
		buf_addf(&s->data, "%s\n", line);
	} else if (s->name[0] && line[0] && line[0] != '#') {
		buf_addf(&s->expected, "%s\n", line);
	}
}

static void run_file(const char *path)
{
	struct scene s;
	struct buf text;
	char *line, *rest;

	memset(&s, 0, sizeof(s));
	buf_init(&text, BUF_MAX_DEFAULT);
	buf_init(&s.expected, BUF_MAX_DEFAULT);
	buf_init(&s.data, BUF_MAX_DEFAULT);
	if (!golden_read(path, &text))
		tap_ok(false, "%s cannot be read", path);
	buf_str(&text);
	rest = text.data;
	while ((line = strsep(&rest, "\n")))
		if (rest || line[0])
			on_line(&s, line);
	end_case(&s);
	buf_fini(&text);
	buf_fini(&s.expected);
	buf_fini(&s.data);
}

int main(void)
{
	char pattern[4096];
	glob_t found;
	size_t i;

	golden_path(pattern, sizeof(pattern), "tests/eval/config/*.eval");
	if (glob(pattern, 0, NULL, &found)) {
		tap_ok(false, "%s matches nothing", pattern);
		return tap_done();
	}
	for (i = 0; i < found.gl_pathc; i++)
		run_file(found.gl_pathv[i]);
	globfree(&found);
	return tap_done();
}
