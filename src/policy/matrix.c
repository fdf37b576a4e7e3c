#include "policy/matrix.h"

#include <stddef.h>
#include <string.h>

#define REQUIRED TRI_REQUIRED
#define OPTIONAL TRI_OPTIONAL
#define NEVER TRI_NOT_SUPPORTED

#define SASL METHOD_BIT(METHOD_SASL_TLS)
#define TLS_DB METHOD_BIT(METHOD_TLS_DIALBACK)
#define TCP_DB METHOD_BIT(METHOD_TCP_DIALBACK)

#define TEXT_NO_DIALBACK "Dialback will not operate if both SASL and TLS are required."
#define TEXT_SASL_TLS \
	"SASL requires TLS. Allowing TLS to be optional may result in failed session " \
	"negotiations."
#define TEXT_SASL_CANNOT \
	"Because SASL requires TLS, and TLS is not available, SASL/TLS cannot succeed. " \
	"TCP dialback is set to false, and cannot be used."
#define TEXT_NOTHING "SASL or dialback must be enabled."
#define TEXT_TLS_DIALBACK "Configuration allows for TLS dialback."
#define TEXT_EITHER \
	"Based on negotiation choices of the other end point, TCP or TLS dialback will be " \
	"accepted."
#define TEXT_TCP_ONLY "TCP dialback is the only negotiation method available."

static const struct row rows[MATRIX_ROWS] = {
	{ 1, REQUIRED, REQUIRED, true, SASL, ROW_WARNING, TEXT_NO_DIALBACK },
	{ 2, REQUIRED, REQUIRED, false, SASL, ROW_GOOD, "" },
	{ 3, OPTIONAL, REQUIRED, true, SASL | TLS_DB | TCP_DB, ROW_WARNING, TEXT_SASL_TLS },
	{ 4, OPTIONAL, REQUIRED, false, SASL, ROW_WARNING, TEXT_SASL_TLS },
	{ 5, NEVER, REQUIRED, true, TCP_DB, ROW_WARNING, TEXT_SASL_TLS },
	{ 6, NEVER, REQUIRED, false, 0, ROW_NOT_VALID, TEXT_SASL_CANNOT },
	{ 7, REQUIRED, OPTIONAL, true, SASL | TLS_DB, ROW_GOOD, "" },
	{ 8, REQUIRED, OPTIONAL, false, SASL, ROW_GOOD, "" },
	{ 9, OPTIONAL, OPTIONAL, true, SASL | TLS_DB | TCP_DB, ROW_WARNING, TEXT_SASL_TLS },
	{ 10, OPTIONAL, OPTIONAL, false, SASL, ROW_WARNING, TEXT_SASL_TLS },
	{ 11, NEVER, OPTIONAL, true, TCP_DB, ROW_WARNING, TEXT_SASL_TLS },
	{ 12, NEVER, OPTIONAL, false, 0, ROW_NOT_VALID, TEXT_SASL_TLS },
	{ 13, REQUIRED, NEVER, true, TLS_DB, ROW_NOTE, TEXT_TLS_DIALBACK },
	{ 14, REQUIRED, NEVER, false, 0, ROW_NOT_VALID, TEXT_NOTHING },
	{ 15, OPTIONAL, NEVER, true, TLS_DB | TCP_DB, ROW_NOTE, TEXT_EITHER },
	{ 16, OPTIONAL, NEVER, false, 0, ROW_NOT_VALID, TEXT_NOTHING },
	{ 17, NEVER, NEVER, true, TCP_DB, ROW_NOTE, TEXT_TCP_ONLY },
	{ 18, NEVER, NEVER, false, 0, ROW_NOT_VALID, TEXT_NOTHING },
};

const struct row *matrix_row(enum tri tls, enum tri sasl, bool dialback)
{
	/* the rows are sorted by SASL, then TLS, then dialback */
	return &rows[(int)sasl * 6 + (int)tls * 2 + (dialback ? 0 : 1)];
}

const struct row *matrix_row_number(int number)
{
	return number >= 1 && number <= MATRIX_ROWS ? &rows[number - 1] : NULL;
}

bool row_is_valid(const struct row *row)
{
	return row->methods != 0;
}

bool row_may(const struct row *row, enum method method)
{
	return method != METHOD_NONE && row->methods & METHOD_BIT(method);
}

bool row_needs_tls(const struct row *row)
{
	return row_is_valid(row) && !row_may(row, METHOD_TCP_DIALBACK);
}

enum method row_best(const struct row *row)
{
	int m;

	for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++)
		if (row_may(row, (enum method)m))
			return (enum method)m;
	return METHOD_NONE;
}

enum method row_floor(const struct row *row)
{
	int m;

	for (m = METHOD_COUNT - 1; m > METHOD_NONE; m--)
		if (row_may(row, (enum method)m))
			return (enum method)m;
	return METHOD_NONE;
}

static const char *const tri_names[] = {
	[TRI_REQUIRED] = "required",
	[TRI_OPTIONAL] = "optional",
	[TRI_NOT_SUPPORTED] = "not-supported",
};

const char *tri_str(enum tri tri)
{
	return tri_names[tri];
}

bool tri_parse(const char *text, enum tri *tri)
{
	int i;

	for (i = TRI_REQUIRED; i <= TRI_NOT_SUPPORTED; i++) {
		if (strcmp(text, tri_names[i]))
			continue;
		*tri = (enum tri)i;
		return true;
	}
	return false;
}

const char *method_str(enum method method)
{
	static const char *const names[] = {
		[METHOD_NONE] = "none",
		[METHOD_SASL_TLS] = "SASL over TLS",
		[METHOD_TLS_DIALBACK] = "TLS dialback",
		[METHOD_TCP_DIALBACK] = "TCP dialback",
		[METHOD_COUNT] = "none",
	};
	return names[method];
}

const char *row_class_str(enum row_class class)
{
	static const char *const names[] = {
		[ROW_GOOD] = "",
		[ROW_NOTE] = "note",
		[ROW_WARNING] = "warning",
		[ROW_NOT_VALID] = "not valid",
	};
	return names[class];
}
