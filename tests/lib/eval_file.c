#include "eval_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tap.h"

#define LINE_MAX_BYTES 16384
#define FIELDS_BYTES 65536 /* of one line, expanded */

struct reader {
	const char *in;
	char *out;
	char *end;
	const char *error;
};

static void put(struct reader *r, char c)
{
	if (r->out < r->end)
		*r->out++ = c;
	else
		r->error = "line too long";
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Behind the backslash. */
static void read_escape(struct reader *r)
{
	static const char names[] = "0nrts\\\"{#", bytes[] = "\0\n\r\t \\\"{#";
	const char *at = *r->in ? strchr(names, *r->in) : NULL;
	int high, low;

	if (at) {
		put(r, bytes[at - names]);
		r->in++;
		return;
	}
	high = *r->in == 'x' ? hex_value(r->in[1]) : -1;
	low = high >= 0 ? hex_value(r->in[2]) : -1;
	if (low < 0) {
		r->error = "unknown escape";
		return;
	}
	put(r, (char)(high << 4 | low));
	r->in += 3;
}

static void read_byte(struct reader *r)
{
	if (*r->in == '\\') {
		r->in++;
		read_escape(r);
	} else {
		put(r, *r->in++);
	}
}

/* Behind the '{': TEXT*N} */
static void read_repeat(struct reader *r)
{
	char *start = r->out, *end;
	size_t len;
	long n;

	while (*r->in && *r->in != '*' && !r->error)
		read_byte(r);
	len = (size_t)(r->out - start);
	if (*r->in != '*') {
		r->error = "{TEXT*N} expected";
		return;
	}
	n = strtol(r->in + 1, &end, 10);
	if (end == r->in + 1 || *end != '}' || n < 0) {
		r->error = "{TEXT*N} expected";
		return;
	}
	r->in = end + 1;
	if (len && (size_t)n > (size_t)(r->end - start) / len) {
		r->error = "line too long";
		return;
	}
	r->out = start;
	for (; n > 0; n--) {
		memmove(r->out, start, len);
		r->out += len;
	}
}

static void read_field(struct reader *r)
{
	bool quoted = false;

	while (*r->in && !r->error && (quoted || !strchr(" \t", *r->in))) {
		if (*r->in == '"') {
			quoted = !quoted;
			r->in++;
		} else if (*r->in == '{') {
			r->in++;
			read_repeat(r);
		} else {
			read_byte(r);
		}
	}
	if (quoted)
		r->error = "quote not closed";
}

/* [T11], [D20,R05] */
static bool is_tag(const struct eval_field *f)
{
	return f->len > 3 && f->text[0] == '[' && f->text[f->len - 1] == ']' && f->text[1] >= 'A' &&
	       f->text[1] <= 'Z' &&
	       strspn(f->text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,") == f->len - 2;
}

/* Splits LINE; the fields' text stands in STORE. Returns what is wrong with it, or NULL. */
static const char *split(const char *line, char *store, struct eval_case *c)
{
	struct reader r = { line, store, store + FIELDS_BYTES - 1, NULL };

	c->count = 0;
	for (;;) {
		struct eval_field *f = &c->fields[c->count];
		r.in += strspn(r.in, " \t");
		if (!*r.in || *r.in == '#')
			break;
		if (c->count == EVAL_FIELDS_MAX)
			return "too many fields";
		f->text = r.out;
		read_field(&r);
		if (r.error || r.out == r.end)
			return r.error ? r.error : "line too long";
		f->len = (size_t)(r.out - f->text);
		*r.out++ = '\0';
		c->count++;
	}
	if (c->count > 1 && is_tag(&c->fields[c->count - 1]))
		c->count--;
	return NULL;
}

/* The line as a test's name: one blank between words, and nothing in it that TAP understands. */
static void make_name(char *name, const char *line)
{
	const char *start = line;

	for (; *line; line++) {
		bool blank = line == start || strchr(" \t", line[-1]);
		if (*line == '#' && blank)
			break;
		if (*line == '#')
			*name++ = '\\';
		if (!strchr(" \t", *line))
			*name++ = *line;
		else if (line[1] && !strchr(" \t#", line[1]))
			*name++ = ' ';
	}
	*name = '\0';
}

static void report(const char *path, const struct eval_case *c, const char *name, bool ok)
{
	const char *slash = strrchr(path, '/');

	if (!tap_ok(ok, "%s:%d %s", slash ? slash + 1 : path, c->line, name))
		tap_note("%s:%d: %s", path, c->line, c->why[0] ? c->why : "does not hold");
}

/* The buffers of a run. */
struct work {
	char line[LINE_MAX_BYTES];
	char name[2 * LINE_MAX_BYTES];
	char store[FIELDS_BYTES];
};

static bool run_line(const char *path, struct work *w, const struct eval_kind *kind, void *ctx,
		     struct eval_case *c)
{
	const char *error = split(w->line, w->store, c);
	bool ok;

	c->why[0] = '\0';
	if (strlen(w->line) == LINE_MAX_BYTES - 1)
		error = "line too long";
	if (!error && !c->count)
		return false;
	ok = error ? eval_fail(c, "%s", error) : kind->run(c, ctx);
	if (ok && c->fields[0].text[0] == ':')
		return false;
	make_name(w->name, w->line);
	report(path, c, w->name, ok);
	return true;
}

void eval_file_run(const char *path, const struct eval_kind *kind, void *ctx)
{
	struct work *w = mem_new(sizeof(*w));
	FILE *file = fopen(path, "r");
	struct eval_case c = { 0 };
	int cases = 0;

	while (file && fgets(w->line, sizeof(w->line), file)) {
		c.line++;
		w->line[strcspn(w->line, "\n")] = '\0';
		cases += run_line(path, w, kind, ctx, &c);
	}
	c.why[0] = '\0';
	c.count = 0;
	if (!cases)
		report(path, &c, "has cases", eval_fail(&c, "no case was read"));
	else if (kind->finish)
		report(path, &c, "as a whole", kind->finish(&c, ctx));
	if (file)
		fclose(file);
	free(w);
}

const char *eval_text(const struct eval_case *c, int i)
{
	return i < c->count ? c->fields[i].text : "";
}

bool eval_fail(struct eval_case *c, const char *format, ...)
{
	va_list args;
	char *p;

	va_start(args, format);
	vsnprintf(c->why, sizeof(c->why), format, args);
	va_end(args);
	for (p = c->why; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = '?';
	return false;
}

bool eval_expect(struct eval_case *c, int i, const char *got)
{
	if (i < c->count && !strcmp(c->fields[i].text, got))
		return true;
	return eval_fail(c, "expected '%s', got '%s'", eval_text(c, i), got);
}

bool eval_expect_bool(struct eval_case *c, int i, bool got)
{
	return eval_expect(c, i, got ? "yes" : "no");
}

char *eval_next_item(char **list)
{
	char *item = *list, *comma;

	if (!item)
		return NULL;
	comma = strchr(item, ',');
	if (comma)
		*comma = '\0';
	*list = comma ? comma + 1 : NULL;
	return item;
}
