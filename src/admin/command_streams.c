#include <string.h>

#include "base/mem.h"
#include "remote_int.h"

#define TABLE_WIDTH 100
#define CELL_SIZE 256 /* more than a domain */

enum column {
	COLUMN_ID,
	COLUMN_DIRECTION,
	COLUMN_REMOTE,
	COLUMN_LOCAL,
	COLUMN_ROW,
	COLUMN_METHOD,
	COLUMN_AGE,
	COLUMN_STANZAS,
	COLUMN_WAITING,
	COLUMN_TLS,
	COLUMN_COUNT
};

static const char *const heads[COLUMN_COUNT] = {
	[COLUMN_ID] = "ID",	  [COLUMN_DIRECTION] = "DIR",	[COLUMN_REMOTE] = "REMOTE",
	[COLUMN_LOCAL] = "LOCAL", [COLUMN_ROW] = "ROW",		[COLUMN_METHOD] = "METHOD",
	[COLUMN_AGE] = "AGE",	  [COLUMN_STANZAS] = "STANZAS", [COLUMN_WAITING] = "WAITING",
	[COLUMN_TLS] = "TLS"
};

struct line {
	char cell[COLUMN_COUNT][CELL_SIZE];
};

static bool is_number(int column)
{
	return column == COLUMN_ROW || column == COLUMN_AGE || column == COLUMN_STANZAS ||
	       column == COLUMN_WAITING;
}

static void set(struct line *l, enum column column, const char *text)
{
	remote_plain(*text ? text : "-", l->cell[column], CELL_SIZE);
}

static void set_number(struct line *l, enum column column, uint64_t value)
{
	snprintf(l->cell[column], CELL_SIZE, "%llu", (unsigned long long)value);
}

/* What it is open by, or how far it has come. */
static void set_method(struct line *l, const json_t *s)
{
	char text[64];

	if (remote_bool(s, "verify-only"))
		snprintf(text, sizeof(text), "(verifying)");
	else if (*remote_str(s, "method"))
		snprintf(text, sizeof(text), "%.40s", remote_str(s, "method"));
	else
		snprintf(text, sizeof(text), "(%.40s)", remote_str(s, "state"));
	set(l, COLUMN_METHOD, text);
}

static void set_line(struct line *l, const json_t *s)
{
	char text[96];

	set(l, COLUMN_ID, remote_str(s, "id"));
	set(l, COLUMN_DIRECTION, remote_str(s, "direction"));
	set(l, COLUMN_REMOTE, remote_str(s, "remote"));
	set(l, COLUMN_LOCAL, remote_str(s, "local"));
	if (remote_int(s, "row"))
		set_number(l, COLUMN_ROW, remote_int(s, "row"));
	else
		set(l, COLUMN_ROW, "");
	set_method(l, s);
	remote_tls(s, text);
	set(l, COLUMN_TLS, strncmp(text, "TLS ", 4) ? text : text + 4);
	remote_age(remote_int(s, "age-ms"), l->cell[COLUMN_AGE]);
	set_number(l, COLUMN_STANZAS, remote_int(s, "stanzas"));
	set_number(l, COLUMN_WAITING, remote_int(s, "waiting"));
}

/* Columns FROM to TO, two spaces between them, none behind the last. */
static void print_cells(const char *const cells[COLUMN_COUNT], const int widths[COLUMN_COUNT],
			int from, int to, struct buf *out)
{
	int i;

	for (i = from; i <= to; i++) {
		if (is_number(i))
			buf_addf(out, "%*s", widths[i], cells[i]);
		else
			buf_addf(out, "%-*s", i == to ? 0 : widths[i], cells[i]);
		buf_adds(out, i == to ? "\n" : "  ");
	}
}

static void print_line(const char *const cells[COLUMN_COUNT], const int widths[COLUMN_COUNT],
		       bool narrow, struct buf *out)
{
	if (!narrow) {
		print_cells(cells, widths, COLUMN_ID, COLUMN_TLS, out);
		return;
	}
	print_cells(cells, widths, COLUMN_ID, COLUMN_LOCAL, out);
	buf_addf(out, "%*s", widths[COLUMN_ID] + 2, "");
	print_cells(cells, widths, COLUMN_ROW, COLUMN_TLS, out);
}

static void print_table(const struct line *lines, size_t count, struct buf *out)
{
	const char *cells[COLUMN_COUNT];
	int widths[COLUMN_COUNT], total = 2 * (COLUMN_COUNT - 1), c;
	size_t i;

	for (c = 0; c < COLUMN_COUNT; c++) {
		widths[c] = (int)strlen(heads[c]);
		for (i = 0; i < count; i++)
			if ((int)strlen(lines[i].cell[c]) > widths[c])
				widths[c] = (int)strlen(lines[i].cell[c]);
		total += widths[c];
	}
	print_line(heads, widths, total > TABLE_WIDTH, out);
	for (i = 0; i < count; i++) {
		for (c = 0; c < COLUMN_COUNT; c++)
			cells[c] = lines[i].cell[c];
		print_line(cells, widths, total > TABLE_WIDTH, out);
	}
}

int command_streams(const struct command_options *options)
{
	json_t *list = remote_result(options, "streams", NULL);
	size_t count = json_array_size(list), i;
	struct line *lines;
	struct buf out;

	if (!list)
		return COMMAND_FAILED;
	if (options->json)
		return report_json_write(list);
	buf_init(&out, REPORT_MAX);
	lines = mem_new((count + 1) * sizeof(*lines));
	for (i = 0; i < count; i++)
		set_line(&lines[i], json_array_get(list, i));
	if (count)
		print_table(lines, count, &out);
	else
		buf_adds(&out, "There are no streams with the outside.\n");
	free(lines);
	json_decref(list);
	return command_write(&out);
}
