#include "report_int.h"

#include <stdlib.h>
#include <string.h>

#include "admin/files.h"
#include "base/clock.h"
#include "base/mem.h"

#ifndef FEDGATE_SYSCONFDIR
#define FEDGATE_SYSCONFDIR "/etc/fedgate"
#endif

const char *command_default_config(void)
{
	return FEDGATE_SYSCONFDIR "/fedgate.yml";
}

int command_load(const char *path, struct config **out, struct diags *diags)
{
	struct admin_files files;

	admin_files_init(&files, clock_wall());
	return config_load(path, &files.files, out, diags);
}

void command_print_diags(const struct diags *diags, FILE *file)
{
	struct buf line;
	size_t i;

	buf_init(&line, REPORT_MAX);
	for (i = 0; i < diags->count; i++) {
		buf_clear(&line);
		diag_print(&diags->items[i], &line);
		fprintf(file, "%s\n", buf_str(&line));
	}
	buf_fini(&line);
}

int command_write(struct buf *out)
{
	int status = COMMAND_OK;

	if (buf_failed(out) || (out->len && fwrite(out->data, out->len, 1, stdout) != 1) ||
	    fflush(stdout)) {
		fputs("fedgatectl: the output cannot be written\n", stderr);
		status = COMMAND_FAILED;
	}
	buf_fini(out);
	return status;
}

void report_methods(const struct row *row, struct buf *out)
{
	bool any = false;
	int m;

	for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++) {
		if (!row_may(row, (enum method)m))
			continue;
		buf_addf(out, "%s%s", any ? ", " : "", method_str((enum method)m));
		any = true;
	}
	if (!any)
		buf_adds(out, "none");
}

void report_wrapped(const char *text, size_t column, size_t indent, struct buf *out)
{
	size_t at = column;
	bool first = true;

	while (*text) {
		size_t len = strcspn(text, " ");
		if (!first && at + 1 + len > REPORT_WIDTH) {
			buf_addf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			buf_addc(out, ' ');
			at++;
		}
		buf_add(out, text, len);
		at += len;
		text += len;
		text += strspn(text, " ");
		first = false;
	}
}

void report_count(size_t n, const char *what, struct buf *out)
{
	buf_addf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

json_t *report_json_string(const char *text)
{
	json_t *value = json_string(text);
	char *copy, *p;

	if (value)
		return value;
	copy = mem_strdup(text);
	for (p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = json_string(copy);
	free(copy);
	if (!value)
		abort();
	return value;
}

static json_t *json_methods(const struct row *row)
{
	json_t *list = json_array();
	int m;

	for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++)
		if (row_may(row, (enum method)m))
			json_array_append_new(list, report_json_string(method_str((enum method)m)));
	return list;
}

json_t *report_json_row(const struct row *row)
{
	json_t *o = json_object();

	json_object_set_new(o, "row", json_integer(row->number));
	json_object_set_new(o, "tls", report_json_string(tri_str(row->tls)));
	json_object_set_new(o, "sasl", report_json_string(tri_str(row->sasl)));
	json_object_set_new(o, "dialback", json_boolean(row->dialback));
	json_object_set_new(o, "methods", json_methods(row));
	json_object_set_new(o, "class", report_json_string(row_class_str(row->class)));
	json_object_set_new(o, "text", report_json_string(row->text));
	return o;
}

json_t *report_json_diag(const struct diag *diag)
{
	json_t *o = json_object();

	json_object_set_new(o, "file", report_json_string(diag->file));
	json_object_set_new(o, "line", json_integer(diag->line));
	json_object_set_new(o, "column", json_integer(diag->column));
	json_object_set_new(o, "severity", report_json_string(severity_str(diag->severity)));
	if (diag->subject)
		json_object_set_new(o, "partner", report_json_string(diag->subject));
	json_object_set_new(o, "text", report_json_string(diag->text));
	return o;
}

int report_json_write(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	struct buf out;

	json_decref(root);
	buf_init(&out, REPORT_MAX);
	if (text)
		buf_adds(&out, text);
	else
		out.fail = FAIL_NO_MEMORY;
	buf_addc(&out, '\n');
	free(text);
	return command_write(&out);
}
