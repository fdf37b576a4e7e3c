#include "report_int.h"

#include <string.h>

#define INDENT 5 /* of the lines under a row */

static int print_json(void)
{
	json_t *rows = json_array();
	int number;

	for (number = 1; number <= MATRIX_ROWS; number++)
		json_array_append_new(rows, report_json_row(matrix_row_number(number)));
	return report_json_write(rows);
}

static void print_row(const struct row *row, struct buf *out)
{
	const char *class = row_class_str(row->class);

	buf_addf(out, "%3d  %-13s  %-13s  %-8s  ", row->number, tri_str(row->tls),
		 tri_str(row->sasl), row->dialback ? "true" : "false");
	report_methods(row, out);
	buf_addc(out, '\n');
	if (!class[0])
		return;
	buf_addf(out, "%*s%s: ", INDENT, "", class);
	report_wrapped(row->text, INDENT + strlen(class) + 2, INDENT, out);
	buf_addc(out, '\n');
}

int command_matrix(const struct command_options *options)
{
	struct buf out;
	int number;

	if (options->json)
		return print_json();
	buf_init(&out, REPORT_MAX);
	buf_adds(&out, "ROW  TLS            SASL           DIALBACK  METHODS, BEST FIRST\n");
	for (number = 1; number <= MATRIX_ROWS; number++)
		print_row(matrix_row_number(number), &out);
	return command_write(&out);
}
