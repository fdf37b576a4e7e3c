#include "config/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void diags_init(struct diags *d)
{
	memset(d, 0, sizeof(*d));
}

static void diag_fini(struct diag *diag)
{
	free(diag->file);
	free(diag->subject);
	free(diag->text);
}

void diags_fini(struct diags *d)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		diag_fini(&d->items[i]);
	free(d->items);
	diags_init(d);
}

bool diags_full(const struct diags *d)
{
	return d->count >= DIAGS_MAX;
}

static struct diag *next_item(struct diags *d)
{
	if (d->count == d->size) {
		d->size = d->size ? d->size * 2 : 16;
		d->items = mem_grow(d->items, d->size * sizeof(*d->items));
	}
	return memset(&d->items[d->count++], 0, sizeof(*d->items));
}

/* Room for one: an error pushes out the last warning or note, so that what refuses the file is always shown. */
static struct diag *room(struct diags *d, enum severity severity)
{
	size_t i;

	if (!diags_full(d))
		return next_item(d);
	if (severity != SEVERITY_ERROR)
		return NULL;
	for (i = d->count; i-- > 0;) {
		if (d->items[i].severity == SEVERITY_ERROR)
			continue;
		diag_fini(&d->items[i]);
		return memset(&d->items[i], 0, sizeof(d->items[i]));
	}
	return NULL;
}

/* Neither a terminal nor a log should see more than text in one line: names of files may be any bytes. */
static char *harmless(char *text)
{
	size_t left = strlen(text), size;
	char *p;

	for (p = text; left; p += size, left -= size) {
		size = str_text_char(p, left);
		if (size)
			continue;
		size = 1;
		*p = *p == '\n' || *p == '\t' ? ' ' : '?';
	}
	return text;
}

/* Cuts LINE, of which LEN bytes were to be written, visibly. */
static void cut(char *line, size_t size, size_t len)
{
	if (len < size)
		return;
	len = size - sizeof("…");
	while (len && ((unsigned char)line[len] & 0xc0) == 0x80)
		len--;
	snprintf(line + len, size - len, "…");
}

void diags_add(struct diags *d, enum severity severity, const struct place *at, const char *format,
	       ...)
{
	struct diag *item;
	va_list args;
	char line[2048];
	int len;
	size_t number =
		d->totals[SEVERITY_ERROR] + d->totals[SEVERITY_WARNING] + d->totals[SEVERITY_NOTE];

	d->totals[severity]++;
	/* once only errors are kept, looking for one to push out again and again would be slow */
	item = d->totals[SEVERITY_ERROR] > DIAGS_MAX ? NULL : room(d, severity);
	if (!item)
		return;
	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	cut(line, sizeof(line), len < 0 ? 0 : (size_t)len);
	item->severity = severity;
	item->file = harmless(mem_strdup(at->file));
	item->order = at->order;
	item->line = at->line;
	item->column = at->column;
	item->number = number;
	item->subject = d->subject ? mem_strdup(d->subject) : NULL;
	item->text = harmless(mem_strdup(line));
}

static int compare(const void *a, const void *b)
{
	const struct diag *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

void diags_sort(struct diags *d)
{
	size_t total =
		d->totals[SEVERITY_ERROR] + d->totals[SEVERITY_WARNING] + d->totals[SEVERITY_NOTE];
	struct diag *last;
	struct buf text;

	if (d->count)
		qsort(d->items, d->count, sizeof(*d->items), compare);
	if (total == d->count)
		return;
	buf_init(&text, 256);
	buf_addf(&text, "%zu more errors, warnings and notes are not shown", total - d->count);
	last = next_item(d);
	last->severity = SEVERITY_NOTE;
	last->file = mem_strdup(d->items[0].file);
	last->text = mem_strdup(buf_str(&text));
	buf_fini(&text);
}

void diag_print(const struct diag *diag, struct buf *out)
{
	buf_adds(out, diag->file);
	if (diag->line)
		buf_addf(out, ":%d:%d", diag->line, diag->column);
	buf_addf(out, ": %s: %s", severity_str(diag->severity), diag->text);
}

const char *severity_str(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};
	return names[severity];
}

const char *diag_quote(const char *text, char out[QUOTE_SIZE])
{
	size_t room = QUOTE_SIZE - 1 - strlen("``") - strlen("…");
	size_t len = strlen(text), i;
	bool cut = len > room;

	if (cut) {
		len = room;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	out[0] = '`';
	for (i = 0; i < len; i++)
		out[i + 1] = text[i];
	for (i = 1; i <= len; i++)
		if (out[i] == '\n' || out[i] == '\t')
			out[i] = ' ';
	snprintf(out + 1 + len, QUOTE_SIZE - 1 - len, "%s`", cut ? "…" : "");
	return out;
}
