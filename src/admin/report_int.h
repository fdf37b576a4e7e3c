/* report_int: pieces that several commands print, as text and as JSON. */
#ifndef ADMIN_REPORT_INT_H
#define ADMIN_REPORT_INT_H

#include <jansson.h>

#include "admin/command.h"
#include "policy/matrix.h"

#define REPORT_MAX ((size_t)256 << 20)
#define REPORT_WIDTH 92

/* "SASL over TLS, TLS dialback"; "none" where the row permits nothing. */
void report_methods(const struct row *row, struct buf *out);
/* TEXT in lines of at most REPORT_WIDTH columns, those after the first one indented. COLUMN is where it begins. */
void report_wrapped(const char *text, size_t column, size_t indent, struct buf *out);
/* "1 error", "2 errors" */
void report_count(size_t n, const char *what, struct buf *out);

/* Never NULL: bytes that are not UTF-8 become question marks. */
json_t *report_json_string(const char *text);
json_t *report_json_row(const struct row *row); /* the fields of the matrix */
json_t *report_json_diag(const struct diag *diag);
/* Takes ROOT, writes it and a newline to standard output. */
int report_json_write(json_t *root);

#endif
