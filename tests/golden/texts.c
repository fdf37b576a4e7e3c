/*
 * What the tables say, as committed text: the matrix, the failure list, and doc/states.md, which is printed from the legality
 * table. A change of policy, of a failure's consequences or of what is legal shows in review.
 */
#include <string.h>

#include "golden.h"
#include "negotiation/negotiation.h"
#include "tap.h"

static void print_matrix(struct buf *out)
{
	int i, m;

	for (i = 1; i <= MATRIX_ROWS; i++) {
		const struct row *row = matrix_row_number(i);
		const char *separator = "";
		buf_addf(out, "%d\t%s\t%s\t%s\t", row->number, tri_str(row->tls),
			 tri_str(row->sasl), row->dialback ? "true" : "false");
		for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++) {
			if (!row_may(row, (enum method)m))
				continue;
			buf_addf(out, "%s%s", separator, method_str((enum method)m));
			separator = ", ";
		}
		buf_addf(out, "\t%s\t%s\n", row_class_str(row->class), row->text);
	}
}

static void print_failures(struct buf *out)
{
	int i;

	for (i = FAIL_NONE + 1; i < FAIL_COUNT; i++) {
		const struct fail_info *f = fail_info((enum fail)i);
		buf_addf(out, "%s\tstream error: %s\tbounce: %s %s\tretry: %s\t%s\t%s\t%s\n",
			 f->slug, *f->stream_error ? f->stream_error : "-",
			 *f->bounce_type ? f->bounce_type : "-", f->bounce_condition,
			 fail_retry_str(f->retry), log_level_str(f->level),
			 f->visible ? "told" : "not told", f->text);
	}
}

/* The transitions of one role, as Mermaid draws them; the way into death is left out but for the text below it. */
static void print_diagram(struct buf *out, enum negotiation_role role)
{
	int from, to, event;

	buf_adds(out, "```mermaid\nstateDiagram-v2\n    [*] --> new\n");
	for (from = 0; from < NEGOTIATION_STATE_COUNT; from++) {
		for (to = 0; to < NEGOTIATION_DEAD; to++) {
			const char *separator = " : ";
			for (event = 0; event < EVENT_COUNT; event++) {
				unsigned next;
				const char *text =
					negotiation_event_str((enum negotiation_event_type)event);
				negotiation_table(role, (enum negotiation_state)from,
						  (enum negotiation_event_type)event, &next);
				if (from == to || !(next & (1u << to)))
					continue;
				if (*separator == ' ')
					buf_addf(
						out, "    %s --> %s",
						negotiation_state_str((enum negotiation_state)from),
						negotiation_state_str((enum negotiation_state)to));
				buf_adds(out, separator);
				for (; *text; text++) /* angle brackets are markup there */
					if (*text != '<' && *text != '>' && *text != '/')
						buf_addc(out, *text);
				separator = ", ";
			}
			if (*separator == ',')
				buf_addc(out, '\n');
		}
	}
	buf_adds(out, "    open --> dead\n    closing --> dead\n    dead --> [*]\n```\n\n");
}

static void print_table(struct buf *out, enum negotiation_role role)
{
	int state, event, to;

	buf_adds(out, "| state | event | handler | may enter |\n|---|---|---|---|\n");
	for (state = 0; state < NEGOTIATION_STATE_COUNT; state++) {
		for (event = 0; event < EVENT_COUNT; event++) {
			const char *separator = "";
			unsigned next;
			const char *name =
				negotiation_table(role, (enum negotiation_state)state,
						  (enum negotiation_event_type)event, &next);
			if (!name)
				continue;
			buf_addf(out, "| %s | `%s` | `%s` | ",
				 negotiation_state_str((enum negotiation_state)state),
				 negotiation_event_str((enum negotiation_event_type)event), name);
			for (to = 0; to < NEGOTIATION_STATE_COUNT; to++) {
				if (!(next & (1u << to)))
					continue;
				buf_addf(out, "%s%s", separator,
					 negotiation_state_str((enum negotiation_state)to));
				separator = ", ";
			}
			buf_adds(out, " |\n");
		}
	}
	buf_addc(out, '\n');
}

static void print_states(struct buf *out)
{
	int i;

	buf_adds(out, "# The states of a negotiation\n\n"
		      "Printed from the legality table in `src/negotiation/table.c`; `make check` "
		      "compares\n"
		      "(`UPDATE_GOLDEN=1 make check` writes it anew). An event that a state's "
		      "table does not\n"
		      "list is a protocol error where it is the peer's, and a defect of ours where "
		      "it is the\n"
		      "driver's. From every living state a lost connection, a shutdown, a timeout "
		      "before the\n"
		      "stream is open, broken XML or a protocol error leads to `dead`, which "
		      "absorbs everything;\n"
		      "the diagrams leave these ways out.\n\n"
		      "| state | meaning |\n|---|---|\n");
	for (i = 0; i < NEGOTIATION_STATE_COUNT; i++)
		buf_addf(out, "| %s | %s |\n", negotiation_state_str((enum negotiation_state)i),
			 negotiation_state_text((enum negotiation_state)i));
	for (i = 0; i < NEGOTIATION_ROLES; i++) {
		buf_addf(out, "\n## %s\n\n",
			 i == ROLE_INITIATING ? "The initiating role" : "The receiving role");
		print_diagram(out, (enum negotiation_role)i);
		print_table(out, (enum negotiation_role)i);
	}
	out->len--; /* one newline at the end is enough */
}

static void compare(const char *name, void (*print)(struct buf *out))
{
	struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	print(&text);
	tap_ok(golden_matches(name, buf_str(&text)), "%s is current", name);
	buf_fini(&text);
}

int main(void)
{
	compare("matrix.tsv", print_matrix);
	compare("failures.tsv", print_failures);
	compare("doc/states.md", print_states);
	return tap_done();
}
