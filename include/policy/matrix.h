/*
 * matrix: the 18 rows {TLS} x {SASL} x {dialback}, what each permits and what its operator should know.
 *
 * Const; any thread. The rows and their texts are Lync Server 2013's [New-CsXmppAllowedPartner], completed: TLS required
 * is a floor.
 */
#ifndef POLICY_MATRIX_H
#define POLICY_MATRIX_H

#include <stdbool.h>

enum tri { TRI_REQUIRED, TRI_OPTIONAL, TRI_NOT_SUPPORTED };

enum method {
	METHOD_NONE,
	METHOD_SASL_TLS,
	METHOD_TLS_DIALBACK,
	METHOD_TCP_DIALBACK,
	METHOD_COUNT
};
#define METHOD_BIT(m) (1u << (m))

enum row_class { ROW_GOOD, ROW_NOTE, ROW_WARNING, ROW_NOT_VALID };

struct row {
	int number; /* 1 to 18 */
	enum tri tls;
	enum tri sasl;
	bool dialback;
	unsigned methods; /* METHOD_BITs; 0 exactly where the row is not valid */
	enum row_class class;
	const char *text; /* "" where there is nothing to say */
};

#define MATRIX_ROWS 18

const struct row *matrix_row(enum tri tls, enum tri sasl, bool dialback); /* never NULL */
const struct row *matrix_row_number(int number);			  /* NULL outside 1 to 18 */

bool row_is_valid(const struct row *row);
bool row_may(const struct row *row, enum method method);
/* Is TLS needed by every method of the row? */
bool row_needs_tls(const struct row *row);
/* The strongest and the weakest method that the row permits; METHOD_NONE where there is none. The weakest is what an
 * active attacker on the path could force. */
enum method row_best(const struct row *row);
enum method row_floor(const struct row *row);

const char *tri_str(enum tri tri);
bool tri_parse(const char *text, enum tri *tri);
const char *method_str(enum method method);
const char *row_class_str(enum row_class class); /* "", "note", "warning", "not valid" */

#endif
