/* fedgate.yml(5), as the schema says, in mdoc(7). */
#include <string.h>

#include "config/config.h"
#include "config/value.h"
#include "policy/matrix.h"

#define LINE_MAX_LEN 78
#define MANUAL_DATE "November 24, 2026"

/* Running text: each sentence on a line of its own, and none of them taken for a macro. */
static void text(struct buf *out, const char *p)
{
	bool start = true;

	for (; *p; p++) {
		bool sentence = start;
		start = false;
		if (sentence && (*p == '.' || *p == '\''))
			buf_adds(out, "\\&");
		if (*p == '\\')
			buf_adds(out, "\\e");
		else if (*p == '.' && p[1] == ' ')
			start = true;
		else
			buf_addc(out, *p);
		if (start) {
			buf_adds(out, ".\n");
			p++;
		}
	}
	buf_addc(out, '\n');
}

/* An argument of a macro. */
static void argument(struct buf *out, const char *p)
{
	buf_addc(out, '"');
	for (; *p; p++) {
		if (*p == '"')
			buf_adds(out, "\\(dq");
		else if (*p == '\\')
			buf_adds(out, "\\e");
		else
			buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

static void literal(struct buf *out, const char *p)
{
	buf_adds(out, ".Ql ");
	argument(out, p);
}

static void words(const struct schema_key *key, struct buf *out)
{
	size_t i;

	buf_adds(out, key->max ? "Or the word\n" : "One of\n");
	for (i = 0; key->words[i]; i++) {
		literal(out, key->words[i]);
		buf_adds(out, key->words[i + 1] ? " ,\n" : " .\n");
	}
}

static void bounds(const struct schema_key *key, struct buf *out)
{
	struct buf range;

	if (!key->max)
		return;
	buf_init(&range, BUF_MAX_DEFAULT);
	value_print_bounds(key, &range);
	buf_addf(out, "%s %s.\n", key->type == SCHEMA_STRING ? "It has" : "From", buf_str(&range));
	buf_fini(&range);
}

static void print_default(const struct schema_key *key, struct buf *out)
{
	struct buf value;

	buf_init(&value, BUF_MAX_DEFAULT);
	value_print_default(key, key->value, &value);
	if (key->required) {
		buf_adds(out, "Required.\n");
	} else if (key->value) {
		buf_adds(out, "Default:\n");
		literal(out, buf_str(&value));
		buf_adds(out, " .\n");
	} else {
		buf_addf(out, "Without it: %s.\n", key->none);
	}
	buf_fini(&value);
}

static void print_key(const struct schema_key *key, struct buf *out)
{
	buf_addf(out, ".It Ic %s : Ar ", key->key);
	argument(out, schema_type_str(key->type));
	buf_addc(out, '\n');
	text(out, key->help);
	if (key->words)
		words(key, out);
	bounds(key, out);
	print_default(key, out);
	if (key->restart)
		buf_adds(out, "A change takes effect at the next start, not at a reload.\n");
	if (key->lync)
		buf_addf(out, "In Lync:\n.Va %s .\n", key->lync);
}

static void print_keys(enum section_id id, struct buf *out)
{
	const struct schema_key *keys;
	size_t count, i;

	keys = schema_keys(id, &count);
	buf_adds(out, ".Bl -tag -width Ds\n");
	for (i = 0; i < count; i++)
		print_key(&keys[i], out);
	buf_adds(out, ".El\n");
}

static void print_section(enum section_id id, struct buf *out)
{
	const struct schema_section *s = schema_section(id);

	buf_addf(out, ".Ss %s\n", s->name);
	text(out, s->help);
	if (s->names != NAMES_NONE)
		buf_adds(out, "Each entry has these settings:\n");
	print_keys(id, out);
}

static void print_row(const struct row *row, struct buf *out)
{
	bool any = false;
	int m;

	buf_addf(out, ".It %d Ta %s Ta %s Ta %s Ta ", row->number, tri_str(row->tls),
		 tri_str(row->sasl), row->dialback ? "true" : "false");
	for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++) {
		if (!row_may(row, (enum method)m))
			continue;
		buf_addf(out, "%s%s", any ? ", " : "", method_str((enum method)m));
		any = true;
	}
	buf_addf(out, "%s\n", any ? "" : "not valid");
}

static void print_matrix(struct buf *out)
{
	int number;

	buf_adds(out,
		 ".Sh THE MATRIX\n"
		 "The settings\n.Ic tls , sasl\nand\n.Ic dialback\n"
		 "of a partner select one of 18 rows.\n"
		 "A row permits certain methods of authentication, here with the best one first.\n"
		 "The partner may choose among them, and whoever sits on the network can force the "
		 "last one.\n"
		 "With\n.Ic tls : Ar required\nnothing is ever accepted or sent in clear.\n"
		 ".Bl -column \"Row\" \"not-supported\" \"not-supported\" \"dialback\" "
		 "\"SASL over TLS\"\n"
		 ".It Row Ta tls Ta sasl Ta dialback Ta methods\n");
	for (number = 1; number <= MATRIX_ROWS; number++)
		print_row(matrix_row_number(number), out);
	buf_adds(out, ".El\n.Pp\n"
		      "A row that is not valid refuses the configuration.\n"
		      "Some others come with a warning or a note, which are logged and shown by\n"
		      ".Ql fedgatectl check-config ;\n"
		      ".Ql fedgatectl matrix\n"
		      "prints them all.\n");
}

static const char head[] =
	".\\\" Made from the table of settings by \"fedgatectl reference man\": do not edit.\n"
	".Dd " MANUAL_DATE "\n"
	".Dt FEDGATE.YML 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm fedgate.yml\n"
	".Nd configuration of the XMPP federation gateway\n"
	".Sh DESCRIPTION\n"
	"The file is YAML in UTF-8, at most 1 MiB.\n"
	"It holds sections; a section holds settings, or entries by name with settings of their "
	"own.\n"
	"What a value means is decided by its setting alone: quotes are needed only where YAML\n"
	"needs them.\n"
	"Anchors, aliases, merge keys, tags and further documents are refused, and so are\n"
	"settings that are not known or occur twice.\n"
	"All errors are reported in one run, each with file, line and column;\n"
	"with any of them the daemon does not start, and a reload changes nothing.\n"
	".Pp\n"
	"A\n"
	".Em duration\n"
	"is a number of seconds, or a number and one of s, m, h, d.\n"
	"A\n"
	".Em size\n"
	"is a number of bytes, or a number and k (1024) or M.\n"
	"A\n"
	".Em path\n"
	"that is relative is seen from the directory of the file in which it stands.\n"
	"An\n"
	".Em address and port\n"
	"is written like\n"
	".Ql 192.0.2.1:5269\n"
	"or\n"
	".Ql \"[2001:db8::1]:5269\" ,\n"
	"which YAML wants in quotes.\n"
	"A\n"
	".Em domain\n"
	"may be written with upper case and with letters outside ASCII: all forms of one domain "
	"are the same.\n";

static const char tail[] =
	".Sh CHECKS\n"
	"These are errors: a domain that is both local and a partner's; a link that is named but "
	"not there;\n"
	"files that cannot be read; a certificate that has expired, is not valid yet, is too "
	"weak,\n"
	"or does not belong to its key; two with the same kind of key; a dialback secret shorter "
	"than 16 bytes.\n"
	".Pp\n"
	"These are warnings: the rows that have one; keys and secrets that every user can read;\n"
	"a certificate that does not name its domain; one that has expired beside others that have "
	"not;\n"
	"a revocation list that cannot be used; a\n"
	".Ic keepalive-interval\n"
	"that is not below\n"
	".Ic stream-inactivity-timeout ;\n"
	"an entry\n"
	".Ql \"*\"\n"
	"that lets anyone in by TCP dialback; limits that can never be reached;\n"
	"links that no domain uses; an empty list of partners, with which everyone is refused.\n"
	".Sh EXAMPLES\n"
	"A gateway for one domain with one partner, which must authenticate by its certificate or "
	"by dialback\n"
	"inside TLS:\n"
	".Bd -literal -offset indent\n"
	"domains:\n"
	"  chat.example.com:\n"
	"    certificate: chat.pem\n"
	"    private-key: chat.key\n"
	"    inside: app\n"
	"inside:\n"
	"  app:\n"
	"    type: component-listener\n"
	"    listen: \"127.0.0.1:5347\"\n"
	"    secret-file: app.secret\n"
	"partners:\n"
	"  example.org: { tls: required, sasl: optional, dialback: true }\n"
	".Ed\n"
	".Sh SEE ALSO\n"
	".Xr fedgatectl 8 ,\n"
	".Xr fedgated 8\n";

/* Breaks long lines of text at spaces; macros and displays stay as they are. */
static void wrap_line(const char *line, size_t len, struct buf *out)
{
	while (len > LINE_MAX_LEN) {
		size_t cut = LINE_MAX_LEN;
		while (cut && line[cut] != ' ')
			cut--;
		if (!cut)
			break;
		buf_add(out, line, cut);
		buf_addc(out, '\n');
		line += cut + 1;
		len -= cut + 1;
	}
	buf_add(out, line, len);
	buf_addc(out, '\n');
}

static void wrap(const char *page, struct buf *out)
{
	bool display = false;

	while (*page) {
		size_t len = strcspn(page, "\n");
		if (!strncmp(page, ".Bd", 3) || !strncmp(page, ".Ed", 3))
			display = page[1] == 'B';
		if (display || *page == '.')
			buf_addf(out, "%.*s\n", (int)len, page);
		else
			wrap_line(page, len, out);
		page += len + 1;
	}
}

static void print_manual(struct buf *out)
{
	int id;

	buf_adds(out, head);
	buf_adds(out, ".Sh SETTINGS\n.Ss Top level\n");
	print_keys(SECTION_TOP, out);
	for (id = SECTION_TOP + 1; id < SECTION_COUNT; id++)
		print_section((enum section_id)id, out);
	print_matrix(out);
	buf_adds(out, tail);
}

void schema_manual(struct buf *out)
{
	struct buf page;

	buf_init(&page, BUF_MAX_DEFAULT);
	print_manual(&page);
	wrap(buf_str(&page), out);
	buf_fini(&page);
}
