#include "report_int.h"

#include <string.h>

#define METHODS_WIDTH 41 /* of the three of them */
#define NAME_MAX_WIDTH 32

/* ---- JSON ---- */

static json_t *json_partner(const struct partner *p)
{
	json_t *o = json_object(), *more = json_array();
	size_t i;

	for (i = 0; i < p->additional_count; i++)
		json_array_append_new(more, report_json_string(p->additional_domains[i]));
	json_object_set_new(o, "domain", report_json_string(p->domain));
	json_object_set_new(o, "additional-domains", more);
	json_object_update_new(o, report_json_row(p->row));
	json_object_set_new(o, "floor", report_json_string(method_str(row_floor(p->row))));
	json_object_set_new(o, "certificate-check",
			    report_json_string(p->strict ? "strict" : "lenient"));
	json_object_set_new(o, "file", report_json_string(p->file));
	json_object_set_new(o, "line", json_integer(p->line));
	json_object_set_new(o, "column", json_integer(p->column));
	return o;
}

static int print_json(const char *path, const struct config *c, const struct diags *diags)
{
	json_t *o = json_object(), *list = json_array(), *partners = json_array();
	size_t i;

	for (i = 0; i < diags->count; i++)
		json_array_append_new(list, report_json_diag(&diags->items[i]));
	for (i = 0; c && i < c->policy.partner_count; i++)
		json_array_append_new(partners, json_partner(&c->policy.partners[i]));
	json_object_set_new(o, "file", report_json_string(path));
	json_object_set_new(o, "valid", json_boolean(c != NULL));
	json_object_set_new(o, "errors", json_integer((json_int_t)diags->totals[SEVERITY_ERROR]));
	json_object_set_new(o, "warnings",
			    json_integer((json_int_t)diags->totals[SEVERITY_WARNING]));
	json_object_set_new(o, "notes", json_integer((json_int_t)diags->totals[SEVERITY_NOTE]));
	json_object_set_new(o, "diagnostics", list);
	json_object_set_new(o, "partners", partners);
	return report_json_write(o);
}

/* ---- text ---- */

static void print_partner(const char *name, int width, const struct row *row, struct buf *out)
{
	struct buf methods;

	buf_init(&methods, REPORT_MAX);
	if (row)
		report_methods(row, &methods);
	else
		buf_adds(&methods, "refused");
	/* a long name has a line of its own, so that the columns stay */
	if ((int)strlen(name) > width)
		buf_addf(out, "%s\n%*s", name, width, "");
	else
		buf_addf(out, "%-*s", width, name);
	if (row)
		buf_addf(out, "  %3d  %-*s  %s\n", row->number, METHODS_WIDTH, buf_str(&methods),
			 method_str(row_floor(row)));
	else
		buf_addf(out, "    -  %s\n", buf_str(&methods));
	buf_fini(&methods);
}

static void print_partners(const struct policy *p, struct buf *out)
{
	const char *last = "everyone else";
	size_t width = strlen(last), i;

	for (i = 0; i < p->partner_count; i++)
		if (strlen(p->partners[i].domain) > width)
			width = strlen(p->partners[i].domain);
	if (width > NAME_MAX_WIDTH)
		width = NAME_MAX_WIDTH;
	buf_addf(out, "\n%-*s  ROW  %-*s  WEAKEST AN ATTACKER\n", (int)width, "PARTNER",
		 METHODS_WIDTH, "METHODS, BEST FIRST");
	buf_addf(out, "%-*s       %-*s  COULD FORCE\n", (int)width, "", METHODS_WIDTH, "");
	for (i = 0; i < p->partner_count; i++)
		if (&p->partners[i] != policy_everyone(p))
			print_partner(p->partners[i].domain, (int)width, p->partners[i].row, out);
	print_partner(last, (int)width, policy_everyone(p) ? policy_everyone(p)->row : NULL, out);
}

static void print_summary(const char *path, const struct diags *diags, struct buf *out)
{
	buf_addf(out, "%s: ", path);
	report_count(diags->totals[SEVERITY_ERROR], "error", out);
	buf_adds(out, ", ");
	report_count(diags->totals[SEVERITY_WARNING], "warning", out);
	buf_adds(out, ", ");
	report_count(diags->totals[SEVERITY_NOTE], "note", out);
	buf_addc(out, '\n');
}

static int print_text(const char *path, const struct config *c, const struct diags *diags)
{
	struct buf out;
	size_t i;

	buf_init(&out, REPORT_MAX);
	for (i = 0; i < diags->count; i++) {
		diag_print(&diags->items[i], &out);
		buf_addc(&out, '\n');
	}
	print_summary(path, diags, &out);
	if (c)
		print_partners(&c->policy, &out);
	return command_write(&out);
}

int command_check_config(const struct command_options *options)
{
	const char *path = options->count ? options->arguments[0] : options->config;
	struct diags diags;
	struct config *c;
	int status, written;

	if (options->count && options->config_given) {
		fprintf(stderr, "fedgatectl: which of them is to be checked, `%s` or `%s`?\n",
			options->config, path);
		return COMMAND_USAGE;
	}
	diags_init(&diags);
	status = command_load(path, &c, &diags) ? COMMAND_FAILED : COMMAND_OK;
	written = options->json ? print_json(path, c, &diags) : print_text(path, c, &diags);
	config_free(c);
	diags_fini(&diags);
	return written == COMMAND_OK ? status : written;
}
